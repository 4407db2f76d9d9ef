-- SPDX-License-Identifier: MIT

--- Reads a response that reports a failure into an err with all that the server said.
--
-- `failure.explain` serves the API and the token endpoint alike; `lofty.http.response` makes the errs of API calls with
-- the rest. Loaded at the first failure.
-- @module lofty.http.failure

local core = require "lofty.core"
local errors = require "lofty.errors"
local ascii = require "lofty.internal.ascii"
local sanitize = require "lofty.internal.sanitize"

local ipairs, pairs, tonumber, type = ipairs, pairs, tonumber, type
local concat = table.concat
local find, match, sub = string.find, string.match, string.sub
local lower, upper = ascii.lower, ascii.upper
local json_decode, limits = core.json_decode, core.limits

-- How many of a list of reasons go into a message.
local MAX_REASONS = 3

local failure = {}

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
function failure.explain(body)
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

--- Whether a body is a page of HTML, which is not quoted in a message.
-- @tparam ?string content_type in lower case
-- @tparam string body
-- @treturn boolean
function failure.is_html(content_type, body)
  return content_type and find(content_type, "html", 1, true) ~= nil
    or find(body, "^%s*<!?[%a]") ~= nil and find(lower(sub(body, 1, 500)), "<html", 1, true) ~= nil
end

--- Tells how to find out whether a write whose outcome is unknown was done.
-- @tparam table call
-- @treturn string to append to a message
function failure.recovery_hint(call)
  return "; it may have been done: check with " .. (call.find or "GET " .. call.path)
    .. " before sending it again"
end

--- The err of an API call.
-- @tparam table fields `kind`, `message` and `code` of the err; the message is shortened, so that the advice after it
--   is not cut off
-- @tparam table call
-- @tparam table res
-- @tparam[opt] string advice to append
-- @treturn table err
function failure.new(fields, call, res, advice)
  fields.operation = call.operation
  fields.status = res.status
  fields.sent = true
  if call.class ~= "read" and (fields.kind == "server" and res.status >= 500 or fields.kind == "decode") then
    fields.outcome_unknown = true
    advice = (advice or "") .. failure.recovery_hint(call)
  end
  if advice then fields.message = sanitize(fields.message, limits.server_message) .. advice end
  return errors.new(fields)
end

--- The err of a response whose status is not 2xx.
-- @tparam table call
-- @tparam table res
-- @tparam table token the one that was sent, whose type the message names
-- @tparam ?string content_type in lower case
-- @treturn table err
function failure.of_status(call, res, token, content_type)
  local status, body = res.status, res.body
  local code, message
  if body ~= "" then
    local value = json_decode(body)
    if value ~= nil then
      code, message = failure.explain(value)
    elseif not failure.is_html(content_type, body) then
      message = body
    end
  end
  local kind = kind_of(status, code)
  if not message then
    if status >= 300 and status < 400 then
      message = "the server sent a redirect, which API calls do not follow"
    elseif body ~= "" and failure.is_html(content_type, body) then
      message = "the server sent an HTML page, as a gateway does"
    else
      message = "the server gave no reason"
    end
  end
  local advice = ADVICE[kind]
  if kind == "auth" then
    advice = "sent with the scheme " .. (token.token_type == "token" and "token" or "Bearer") .. "; " .. advice
  end
  if advice then advice = " (" .. advice .. ")" end
  return failure.new({ kind = kind, code = code, message = message }, call, res, advice)
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

--- The err that the envelope of a decoded 2xx reports.
-- @tparam table value
-- @tparam table call
-- @tparam table res
-- @treturn ?table nil when it reports none
function failure.of_envelope(value, call, res)
  local has_failed, code = failure_of(value)
  if not has_failed then return nil end
  local _, message = failure.explain(value)
  return failure.new({
    kind = kind_of_code(code) or "invalid", code = code,
    message = message or "the server says that it failed, without a reason",
  }, call, res)
end

return failure
