-- SPDX-License-Identifier: MIT

--- LOFTY_DEBUG: a line to stderr for each step, through the hooks that any caller can use.
--
-- `LOFTY_DEBUG=1` writes text, `LOFTY_DEBUG=json` one JSON object a line. A line has the id of its call, the method,
-- the path template, the status and times; never a query, a body or a header field, so it cannot hold a secret.
-- @module lofty.internal.trace

local json_encode = require("lofty.core").json_encode

local stderr, time = io.stderr, os.time
local format, pairs, tostring, type = string.format, pairs, tostring, type

local trace = {}

-- The fields of each event's line; `text` is the line as text.
local EVENTS = {
  on_request = function(event)
    return { id = event.id, event = "request", method = event.method, path = event.path, attempt = event.attempt },
      format("#%d %s %s, attempt %d", event.id, event.method, event.path, event.attempt)
  end,
  on_response = function(event)
    local err = event.err and tostring(event.err)
    local milliseconds = (event.elapsed or 0) * 1000
    return {
        id = event.id, event = "response", method = event.method, path = event.path, attempt = event.attempt,
        status = event.status, err = err, ms = milliseconds,
      },
      format("#%d %s %s: %s, %.0f ms", event.id, event.method, event.path, err or "HTTP " .. tostring(event.status),
        milliseconds)
  end,
  on_retry = function(event)
    return {
        id = event.id, event = "retry", method = event.method, path = event.path, attempt = event.attempt,
        wait = event.wait, reason = event.reason,
      },
      format("#%d %s %s: again in %.2f s: %s", event.id, event.method, event.path, event.wait, tostring(event.reason))
  end,
  on_refresh = function(token, err)
    return { event = "refresh", token = tostring(token), err = err and tostring(err) or nil },
      format("refreshed: %s%s", tostring(token), err and ", not saved: " .. tostring(err) or "")
  end,
  on_error = function(err)
    return { event = "error", err = tostring(err) }, tostring(err)
  end,
  on_wait = function(event)
    return {
        event = "wait", seconds = event.seconds, ends_at = event.ends_at, reason = event.reason,
        operation = event.operation,
      },
      format("waits %.2f s for the rate limit (%s)", event.seconds, event.reason)
  end,
}

local function write_text(_, text)
  stderr:write("lofty: ", text, "\n")
end

local function write_json(fields)
  fields.time = time()
  stderr:write(json_encode(fields) or "{}", "\n")
end

--- Traces the hooks that options have, and those that they lack.
-- @tparam table opt options of `lofty.client` or `lofty.app`
-- @tparam string form "json", else text
-- @treturn table a copy; its `trace` gives the hooks of options that come later the same
function trace.attach(opt, form)
  local write = form == "json" and write_json or write_text
  -- A copy of options whose hooks write a line before they do their own.
  local function over(options)
    local copy = {}
    for name, value in pairs(options) do
      local describe = type(value) == "function" and EVENTS[name]
      copy[name] = describe and function(...)
        write(describe(...))
        value(...)
      end or value
    end
    return copy
  end
  local traced = over(opt)
  for name, describe in pairs(EVENTS) do
    if traced[name] == nil then
      traced[name] = function(...) write(describe(...)) end
    end
  end
  traced.trace = over
  return traced
end

return trace
