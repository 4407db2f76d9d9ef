--- Reads an HTTP answer of Lofty's API: into a value, or into an error with all that the server said.
-- @module lofty.http.response

local core = require "lofty.core"
local errors = require "lofty.errors"

local type, tonumber, tostring = type, tonumber, tostring
local find, match, lower = string.find, string.match, string.lower
local json_decode, null = core.json_decode, core.null

-- What most answers say; the longer looks are for the others.
local JSON = "application/json"

local answer = {}

-- Lofty's own codes that say more than the status (api reference, error codes).
local KIND_OF_CODE = {
  [200058] = "auth",
  [20017] = "forbidden", [200100] = "forbidden",
  [20003] = "not_found", [20006] = "not_found", [20007] = "not_found", [200060] = "not_found",
  [200108] = "not_found",
}
-- These decide even beside another status.
local STRONG = { [200058] = true, [20017] = true, [200100] = true }

local function kind_of(status, code)
  if status == 401 then return "auth" end
  if status == 429 then return "rate_limit" end
  if status >= 500 or status >= 300 and status < 400 then return "server" end
  if STRONG[code] or status < 300 then return KIND_OF_CODE[code] or "invalid" end
  if status == 403 then return "forbidden" end
  if status == 404 then return "not_found" end
  return "invalid"
end

local function text_or_nil(value)
  if type(value) == "string" and value ~= "" then return value end
  return nil
end

-- Lofty's number may arrive as digits in a string.
local function code_or_nil(value)
  if type(value) == "number" then return value end
  if type(value) == "string" and value ~= "" then return tonumber(value) or value end
  return nil
end

--- Finds code and message in every shape that Lofty's errors are known to have.
-- @param body a decoded JSON value
-- @treturn string|number|nil code
-- @treturn string|nil message
function answer.explain(body)
  if type(body) == "string" then return nil, text_or_nil(body) end
  if type(body) ~= "table" then return nil, nil end
  local status = type(body.status) == "table" and body.status or nil
  local code = code_or_nil(body.code) or code_or_nil(body.errorCode) or status and code_or_nil(status.code)
  local message = text_or_nil(body.message) or text_or_nil(body.errorMsg) or status and text_or_nil(status.msg)
    or text_or_nil(body.error_description) or text_or_nil(body.error)
  if message then
    -- "BaseApplicationException:errorCode=20006,errorMsg=..." holds both inside the text.
    local number, words = match(message, "errorCode=(%-?%d+),%s*errorMsg=(.*)")
    number = number or match(message, "errorCode=(%-?%d+)")
    if not code then code = tonumber(number) end
    message = text_or_nil(words) or message
  end
  return code, message
end

local ADVICE = {
  auth = "check the credential: an API key goes out with the word token, an access token with Bearer",
  forbidden = "this credential may not do that",
  rate_limit = "wait and try again",
}

-- What a page of HTML says is for eyes, not for a message.
local function is_html(content_type, body)
  return content_type and find(content_type, "html", 1, true) ~= nil
    or find(body, "^%s*<!?[%a]") ~= nil and find(lower(body:sub(1, 500)), "<html", 1, true) ~= nil
end

--- What to tell about a write of which nothing says what became of it.
-- @tparam table call
-- @treturn string
function answer.look(call)
  return "; it may have been done all the same: look with " .. (call.find or "GET " .. call.path)
    .. " before sending it again"
end

-- The server's message is cut short, so that what to do about it is not cut off.
local function failed(fields, call, res, advice)
  fields.operation = call.operation
  fields.status = res.status
  fields.sent = true
  if call.class ~= "read" and (fields.kind == "server" and res.status >= 500 or fields.kind == "decode") then
    fields.outcome_unknown = true
    advice = (advice or "") .. answer.look(call)
  end
  if advice then fields.message = errors.sanitize(fields.message, core.limits.server_message) .. advice end
  return nil, errors.new(fields)
end

local function failed_status(call, res, token, content_type)
  local status, body = res.status, res.body
  local code, message
  if body ~= "" then
    local value = json_decode(body)
    if value ~= nil then
      code, message = answer.explain(value)
    elseif not is_html(content_type, body) then
      message = body
    end
  end
  local kind = kind_of(status, code)
  if not message then
    if status >= 300 and status < 400 then
      message = "the server sends elsewhere, which an API call never follows"
    elseif body ~= "" and is_html(content_type, body) then
      message = "the server answered a page of HTML, as a gateway does"
    else
      message = "the server gave no reason"
    end
  end
  local advice = ADVICE[kind]
  if kind == "auth" then
    advice = "sent with the word " .. (token.token_type == "token" and "token" or "Bearer") .. "; " .. advice
  end
  return failed({ kind = kind, code = code, message = message }, call, res, advice and " (" .. advice .. ")")
end

-- The code of a 200 that says in its envelope that it failed; nil when it did not.
local function failure_of(value)
  local code, status = value.errorCode, value.status
  if code == nil and value.message ~= nil then code = value.code end
  if code == nil and type(status) == "table" then
    code = status.code
    if code == 200 or code == "200" then return nil end
  end
  if code == nil then return nil end
  if type(code) == "string" then code = tonumber(code) end
  if type(code) ~= "number" or code == 0 then return nil end
  return code
end

-- Judges a decoded 2xx: its envelope, then what is wrapped in it. Never nil or false without an err.
local function judge(value, res, call)
  if value == false then
    return failed({ kind = "invalid", message = "the answer is false" }, call, res)
  end
  if type(value) ~= "table" then return value end
  local code = failure_of(value)
  if code then
    local _, message = answer.explain(value)
    return failed({
      kind = KIND_OF_CODE[code] or "invalid", code = code,
      message = message or "the server says that it failed, without a reason",
    }, call, res)
  end
  local unwrap = call.unwrap
  local inner = unwrap and value[unwrap]
  if inner and inner ~= null then return inner end
  return value
end

--- Reads an answer.
-- An empty 2xx is true; a JSON null is `lofty.null`; text that is not JSON comes as it is when the server
-- says that it is no JSON; a 200 whose envelope says failure is an error.
-- @tparam table res `status`, `headers`, `body`, as a runtime gives it
-- @tparam table call `operation`, `path`, `class`, `find` (how to see what became of a write), `unwrap`
-- @tparam table token the one that was sent, whose type a message names; the caller removes its secrets from the err
-- @return[1] the value, never nil or false
-- @treturn[2] nil
-- @treturn[2] table err
function answer.read(res, call, token)
  local status, body = res.status, res.body
  local content_type = res.headers["content-type"]
  if content_type and content_type ~= JSON then content_type = lower(content_type) end
  if status < 200 or status >= 300 then return failed_status(call, res, token, content_type) end
  if body == "" then return true end

  if content_type and content_type ~= JSON and not find(content_type, "json", 1, true) then
    if is_html(content_type, body) then
      return failed({ kind = "decode", message = "the server answered HTML where JSON belongs" }, call, res)
    end
    -- A text that is JSON all the same is what the reference calls it; XML and the like stay text.
    if not find(content_type, "text/plain", 1, true) then return body end
    local value = json_decode(body)
    if value == nil then return body end
    return judge(value, res, call)
  end

  local value, why = json_decode(body)
  if value == nil then
    -- Three operations answer a bare word, and nobody knows whether in quotes.
    if body == "ok" or body == "success" then return body end
    return failed({ kind = "decode", message = "the answer is not JSON: " .. tostring(why) }, call, res)
  end
  return judge(value, res, call)
end

return answer
