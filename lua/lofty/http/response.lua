-- SPDX-License-Identifier: MIT

--- Reads an API call's response: its body into a value. What reports a failure becomes an err, in `lofty.http.failure`.
-- @module lofty.http.response

local decode_json = require "lofty.internal.decode_json"
local lazy = require "lofty.internal.lazy"
local lower = require("lofty.internal.ascii").lower
local null = require("lofty.core").null

local failure = lazy "lofty.http.failure"

local tostring, type = tostring, type
local find = string.find

-- The media type of most responses; other spellings are compared in lower case.
local JSON = "application/json"

local response = {}

-- Evaluates a decoded 2xx body: its envelope, then the wrapped value. Never nil or false without an err.
local function evaluate(value, res, call)
  if value == false then
    return nil, failure.new({ kind = "invalid", message = "the response is false" }, call, res)
  end
  if type(value) ~= "table" then return value end
  -- The members with which an envelope can report a failure.
  if value.code ~= nil or value.errorCode ~= nil or value.success == false or type(value.status) == "table" then
    local err = failure.of_envelope(value, call, res)
    if err then return nil, err end
  end
  local unwrap = call.unwrap
  local inner = unwrap and value[unwrap]
  if inner and inner ~= null then return inner end
  return value
end

--- Reads an API call's response.
-- An empty 2xx is true; a JSON null is `lofty.null`; text that is not JSON is returned as it is if its
-- media type is not JSON either; a 200 whose envelope reports a failure is an error.
-- @tparam table res `status`, `headers`, `body`, as a runtime gives it
-- @tparam table call `operation`, `path`, `class`, `find` (the call that shows whether a write was done), `unwrap`
-- @tparam table token the one that was sent, whose type a message names; the caller removes its secrets from the err
-- @tparam[opt] boolean repair replace what no JSON string may hold, see `lofty.json`
-- @return[1] the value, never nil or false
-- @treturn[2] nil
-- @treturn[2] table err
function response.read(res, call, token, repair)
  local status, body = res.status, res.body
  local content_type = res.headers["content-type"]
  if content_type and content_type ~= JSON then content_type = lower(content_type) end
  if status < 200 or status >= 300 then return nil, failure.of_status(call, res, token, content_type) end
  if body == "" then return true end

  if content_type and content_type ~= JSON and not find(content_type, "json", 1, true) then
    -- An object or an array counts as JSON with any Content-Type. Other text is returned as text, unless it is
    -- text/plain and a JSON value: the reference documents some JSON responses as text/plain.
    local is_plain = find(content_type, "text/plain", 1, true)
    if is_plain or find(body, "^[\239\187\191]*%s*[{[]") then
      local value = decode_json(body, repair)
      if value ~= nil then return evaluate(value, res, call) end
    end
    if failure.is_html(content_type, body) then
      return nil, failure.new({ kind = "decode", message = "the server sent HTML instead of JSON" }, call, res)
    end
    return body
  end

  local value, why = decode_json(body, repair)
  if value == nil then
    -- Three operations respond with a bare word; whether it is in quotes is not documented.
    if body == "ok" or body == "success" then return body end
    return nil, failure.new({ kind = "decode", message = "the response is not JSON: " .. tostring(why) }, call, res)
  end
  return evaluate(value, res, call)
end

return response
