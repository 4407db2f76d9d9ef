--- LOFTY_DEBUG=1: one line a step to stderr, through the hooks that anybody can use. Method, path template,
-- status and times; never a query, a body or a header, so that no secret can be in it.
-- @module lofty.internal.trace

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
  on_error = function(err)
    line("%s", tostring(err))
  end,
  on_wait = function(event)
    line("waits %.2f s for the rate limit", event.seconds)
  end,
}

-- A copy of options whose hooks show before they do their own.
local function over(opt)
  local copy = {}
  for name, value in pairs(opt) do
    local show = type(value) == "function" and LINES[name]
    copy[name] = show and function(...)
      show(...)
      value(...)
    end or value
  end
  return copy
end

--- Traces the hooks that options have, and those that they lack.
-- @tparam table opt options of `lofty.client` or `lofty.app`
-- @treturn table a copy; its `trace` gives the hooks of options that come later the same
function trace.attach(opt)
  local traced = over(opt)
  for name, show in pairs(LINES) do
    if traced[name] == nil then traced[name] = show end
  end
  traced.trace = over
  return traced
end

return trace
