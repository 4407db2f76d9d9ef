-- SPDX-License-Identifier: MIT

--- Reads an HTTP response: its body into a value, its failure into an err with all that the server said.
--
-- `response.decode` and `response.explain` serve the API and the token endpoint alike; `response.read` evaluates an
-- API call's response with them.
-- @module lofty.http.response

local core = require "lofty.core"
local decode_json = require "lofty.internal.decode_json"
local errors = require "lofty.errors"
local ascii = require "lofty.internal.ascii"

local ipairs, pairs, tonumber, tostring, type = ipairs, pairs, tonumber, tostring, type
local concat = table.concat
local find, match, sub = string.find, string.match, string.sub
local lower, upper = ascii.lower, ascii.upper
local json_decode, limits, null = core.json_decode, core.limits, core.null

-- The media type of most responses; other spellings are compared in lower case.
local JSON = "application/json"
-- How many of a list of reasons go into a message.
local MAX_REASONS = 3

local response = {}

-- Lofty's numeric codes, by what they mean (API reference, error codes).
local KIND_OF_CODE = {
  [20001] = "invalid", [20003] = "not_found", [20004] = "auth", [20005] = "server", [20006] = "not_found",
  [20007] = "not_found", [20012] = "invalid", [20017] = "forbidden", [20042] = "invalid", [20043] = "invalid",
  [200057] = "invalid", [200058] = "auth", [200060] = "not_found", [200062] = "invalid", [200100] = "forbidden",
  [200104] = "invalid", [200108] = "not_found", [200125] = "invalid", [310111] = "invalid", [990105] = "invalid",
  [990106] = "invalid", [990107] = "invalid", [990112] = "invalid", [990113] = "invalid", [1900012] = "forbidden",
}
-- Codes that decide the kind whatever the HTTP status.
local DECISIVE = { [200058] = true, [20017] = true, [200100] = true }
-- The same codes as words; further words are recognized by their ending.
local KIND_OF_WORD = {
  BAD_CREDENTIALS = "auth", PERMISSION_DENIED = "forbidden", NO_ACCESS_WEBSITE = "forbidden",
  VENDOR_HAS_NO_PERMISSION = "forbidden", WEBHOOK_DELETE_NO_AUTHORITY = "forbidden",
}

-- Values of `code` that mean success.
local SUCCESS = { [0] = true, OK = true, SUCCESS = true, SUCCEEDED = true, SUCCESSFUL = true }
-- Members of an envelope: what a server adds round the value that was asked for. A record with other members that
-- happens to have a `code` (a text message with its carrier's error code) is a value.
local ENVELOPE = {
  code = true, errorCode = true, errorMsg = true, message = true, msg = true, Message = true, detail = true,
  title = true, error = true, errors = true, error_description = true, status = true, success = true, data = true,
  timestamp = true, path = true, traceId = true, requestId = true,
}

local function kind_of_code(code)
  if type(code) == "number" then return KIND_OF_CODE[code] end
  if type(code) ~= "string" then return nil end
  if KIND_OF_WORD[code] then return KIND_OF_WORD[code] end
  if find(code, "_NOT_EXIST$") or find(code, "_NOT_FOUND$") then return "not_found" end
  return nil
end

local function kind_of(status, code)
  if status == 401 then return "auth" end
  if status == 429 then return "rate_limit" end
  if status >= 500 or status >= 300 and status < 400 then return "server" end
  if DECISIVE[code] or status < 300 then return kind_of_code(code) or "invalid" end
  if status == 403 then return "forbidden" end
  if status == 404 then return "not_found" end
  return "invalid"
end

local function text_or_nil(value)
  if type(value) == "string" and value ~= "" then return value end
  return nil
end

-- Lofty's number may arrive as digits in a string. Always in decimal: tonumber would take "0x10" and, by the locale,
-- "1,5".
local function code_or_nil(value)
  if type(value) == "number" then return value end
  if type(value) ~= "string" or value == "" then return nil end
  return match(value, "^%-?%d+$") and #value <= 15 and tonumber(value) or value
end

local reason_of

-- The reasons in a list, the first few of them.
local function reasons_of(list, depth)
  local texts = {}
  for _, item in ipairs(list) do
    local text = reason_of(item, depth)
    if text then
      local field = type(item) == "table" and text_or_nil(item.field)
      texts[#texts + 1] = field and field .. ": " .. text or text
    end
    if #texts == MAX_REASONS then break end
  end
  return #texts > 0 and concat(texts, "; ") or nil
end

-- Members that hold the reason, the most specific first; `error` may be the HTTP status in words.
local REASONS = {
  "message", "errorMsg", "msg", "detail", "error_description", "Message", "defaultMessage", "errors", "error", "title",
}

-- The reason in a value: a text, a list of reasons, an object with one of the members above, or a text per language.
function reason_of(value, depth)
  if type(value) ~= "table" then return text_or_nil(value) end
  depth = (depth or 0) + 1
  if depth > 3 then return nil end
  if value[1] ~= nil then return reasons_of(value, depth) end
  for _, name in ipairs(REASONS) do
    local text = value[name] ~= nil and reason_of(value[name], depth)
    if text then return text end
  end
  if depth == 1 then return nil end
  local first -- the language whose name comes first
  for name, text in pairs(value) do
    if type(name) == "string" and text_or_nil(text) and (not first or name < first) then first = name end
  end
  return first and value[first]
end

--- Finds code and reason in every shape that error bodies are known to have: `code`, `errorCode` or `status.code`;
-- `message`, `errorMsg`, `msg`, `detail`, `error_description`, `Message`, `errors[]`, `error` or `error.message`,
-- `title` or `status.msg`; a bare JSON string.
-- @param body a decoded JSON value
-- @treturn string|number|nil code
-- @treturn string|nil reason, as the server wrote it
function response.explain(body)
  if type(body) ~= "table" then return nil, text_or_nil(body) end
  local status = type(body.status) == "table" and body.status or nil
  local inner = type(body.error) == "table" and body.error or nil
  local code = code_or_nil(body.code) or code_or_nil(body.errorCode) or status and code_or_nil(status.code)
    or inner and code_or_nil(inner.code)
  local message = reason_of(body) or status and reason_of(status)
  if message then
    -- "BaseApplicationException:errorCode=20006,errorMsg=..." holds both inside the text.
    local number, words = match(message, "errorCode=(%-?%d+),%s*errorMsg=(.*)")
    number = number or match(message, "errorCode=(%-?%d+)")
    if not code then code = number and code_or_nil(number) end
    message = text_or_nil(words) or message
  end
  return code, message
end

local ADVICE = {
  auth = "check the credential: an API key is sent with the scheme token, an access token with Bearer",
  forbidden = "the credential has no permission for this",
  rate_limit = "wait and try again",
}

-- A page of HTML is not quoted in a message.
local function is_html(content_type, body)
  return content_type and find(content_type, "html", 1, true) ~= nil
    or find(body, "^%s*<!?[%a]") ~= nil and find(lower(sub(body, 1, 500)), "<html", 1, true) ~= nil
end

--- Tells how to find out whether a write whose outcome is unknown was done.
-- @tparam table call
-- @treturn string to append to a message
function response.recovery_hint(call)
  return "; it may have been done: check with " .. (call.find or "GET " .. call.path)
    .. " before sending it again"
end

-- The server's message is shortened, so that the advice after it is not cut off.
local function failed(fields, call, res, advice)
  fields.operation = call.operation
  fields.status = res.status
  fields.sent = true
  if call.class ~= "read" and (fields.kind == "server" and res.status >= 500 or fields.kind == "decode") then
    fields.outcome_unknown = true
    advice = (advice or "") .. response.recovery_hint(call)
  end
  if advice then fields.message = errors.sanitize(fields.message, limits.server_message) .. advice end
  return nil, errors.new(fields)
end

local function failed_status(call, res, token, content_type)
  local status, body = res.status, res.body
  local code, message
  if body ~= "" then
    local value = json_decode(body)
    if value ~= nil then
      code, message = response.explain(value)
    elseif not is_html(content_type, body) then
      message = body
    end
  end
  local kind = kind_of(status, code)
  if not message then
    if status >= 300 and status < 400 then
      message = "the server sent a redirect, which API calls do not follow"
    elseif body ~= "" and is_html(content_type, body) then
      message = "the server sent an HTML page, as a gateway does"
    else
      message = "the server gave no reason"
    end
  end
  local advice = ADVICE[kind]
  if kind == "auth" then
    advice = "sent with the scheme " .. (token.token_type == "token" and "token" or "Bearer") .. "; " .. advice
  end
  return failed({ kind = kind, code = code, message = message }, call, res, advice and " (" .. advice .. ")")
end

local function is_success(code)
  if type(code) == "number" then return code == 0 or code >= 200 and code < 300 end
  return SUCCESS[upper(code)] == true
end

local function is_envelope(value)
  for name in pairs(value) do
    if not ENVELOPE[name] then return false end
  end
  return true
end

-- Whether a code is one of Lofty's: a number that is documented, or a word that is written like LEAD_NOT_EXIST.
local function is_known(code)
  if type(code) == "number" then return KIND_OF_CODE[code] ~= nil end
  return find(code, "^[A-Z]+_[A-Z_]+$") ~= nil or KIND_OF_WORD[code] ~= nil
end

-- Whether a decoded 2xx says in its envelope that it failed, and the code with which it says so. Documented are
-- errorCode with errorMsg, status with code and msg, and code with message.
local function failure_of(value)
  local status = type(value.status) == "table" and value.status or nil
  local code = code_or_nil(value.errorCode) or status and code_or_nil(status.code)
  local is_certain = code and (value.errorMsg ~= nil or status ~= nil)
  if code == nil and (value.message ~= nil or value.msg ~= nil) then code = code_or_nil(value.code) end
  if code == nil then return value.success == false and is_envelope(value) end
  if is_success(code) or not (is_certain or is_known(code) or is_envelope(value)) then return false end
  -- Some back ends use code 1 for success, with a message that says so.
  local message = value.message
  if code == 1 and type(message) == "string" and SUCCESS[upper(message)] then return false end
  return true, code
end

-- Evaluates a decoded 2xx body: its envelope, then the wrapped value. Never nil or false without an err.
local function evaluate(value, res, call)
  if value == false then
    return failed({ kind = "invalid", message = "the response is false" }, call, res)
  end
  if type(value) ~= "table" then return value end
  local has_failed, code = failure_of(value)
  if has_failed then
    local _, message = response.explain(value)
    return failed({
      kind = kind_of_code(code) or "invalid", code = code,
      message = message or "the server says that it failed, without a reason",
    }, call, res)
  end
  local unwrap = call.unwrap
  local inner = unwrap and value[unwrap]
  if inner and inner ~= null then return inner end
  return value
end

--- Decodes a JSON body; its media type does not matter.
-- @function response.decode
-- @tparam string body
-- @tparam[opt] boolean repair replace what no JSON string may hold, see `lofty.json`
-- @return[1] the value
-- @treturn[2] nil
-- @treturn[2] string what is wrong with it
response.decode = decode_json

--- Reads an API call's response.
-- An empty 2xx is true; a JSON null is `lofty.null`; text that is not JSON is returned as it is if its
-- media type is not JSON either; a 200 whose envelope reports a failure is an error.
-- @tparam table res `status`, `headers`, `body`, as a runtime gives it
-- @tparam table call `operation`, `path`, `class`, `find` (the call that shows whether a write was done), `unwrap`
-- @tparam table token the one that was sent, whose type a message names; the caller removes its secrets from the err
-- @tparam[opt] boolean repair as for `response.decode`
-- @return[1] the value, never nil or false
-- @treturn[2] nil
-- @treturn[2] table err
function response.read(res, call, token, repair)
  local status, body = res.status, res.body
  local content_type = res.headers["content-type"]
  if content_type and content_type ~= JSON then content_type = lower(content_type) end
  if status < 200 or status >= 300 then return failed_status(call, res, token, content_type) end
  if body == "" then return true end

  if content_type and content_type ~= JSON and not find(content_type, "json", 1, true) then
    -- An object or an array counts as JSON with any Content-Type. Other text is returned as text, unless it is
    -- text/plain and a JSON value: the reference documents some JSON responses as text/plain.
    local is_plain = find(content_type, "text/plain", 1, true)
    if is_plain or find(body, "^[\239\187\191]*%s*[{[]") then
      local value = decode_json(body, repair)
      if value ~= nil then return evaluate(value, res, call) end
    end
    if is_html(content_type, body) then
      return failed({ kind = "decode", message = "the server sent HTML instead of JSON" }, call, res)
    end
    return body
  end

  local value, why = decode_json(body, repair)
  if value == nil then
    -- Three operations respond with a bare word; whether it is in quotes is not documented.
    if body == "ok" or body == "success" then return body end
    return failed({ kind = "decode", message = "the response is not JSON: " .. tostring(why) }, call, res)
  end
  return evaluate(value, res, call)
end

return response
