--- LOFTY_DEBUG=1: one line a step to stderr, through the hooks that anybody can use. Method, path template,
-- status and times; never a query, a body or a header, so that no secret can be in it.
-- @module lofty.trace

local stderr = io.stderr
local format, pairs, tostring, type = string.format, pairs, tostring, type

local trace = {}

local function line(...)
  stderr:write("lofty: ", format(...), "\n")
end

local LINES = {
  on_request = function(event)
    line("%s %s, attempt %d", event.method, event.path, event.attempt)
  end,
  on_response = function(event)
    local what = event.err and tostring(event.err) or "HTTP " .. tostring(event.status)
    line("%s %s: %s, %.0f ms", event.method, event.path, what, (event.elapsed or 0) * 1000)
  end,
  on_retry = function(event)
    line("%s %s: again in %.2f s: %s", event.method, event.path, event.wait, tostring(event.reason))
  end,
  on_refresh = function(token, err)
    line("refreshed: %s%s", tostring(token), err and ", not saved: " .. tostring(err) or "")
  end,
  on_wait = function(event)
    line("waits %.2f s for the rate limit", event.seconds)
  end,
}

-- A hook that shows, and then calls the caller's own if there is one.
local function in_front(show, own)
  return function(...)
    show(...)
    if own then own(...) end
  end
end

-- A copy of options whose hooks take the place of traced ones, traced too.
local function over(opt)
  local copy = {}
  for name, value in pairs(opt) do
    local show = type(value) == "function" and LINES[name]
    copy[name] = show and in_front(show, value) or value
  end
  return copy
end

--- Puts the tracing hooks in front of a caller's own; and `trace`, which gives options that come later the same.
-- @tparam table opt options of `lofty.client` or `lofty.app`; changed
function trace.attach(opt)
  for name, show in pairs(LINES) do
    local own = opt[name]
    if own == nil or type(own) == "function" then opt[name] = in_front(show, own) end
  end
  opt.trace = over
end

return trace
