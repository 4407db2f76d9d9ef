--- Token requests: one POST to the token endpoint, its answer read into a token or a plain error.
-- @module lofty.oauth.token_request

local answer = require "lofty.http.response"
local core = require "lofty.core"
local errors = require "lofty.errors"
local redact = require "lofty.internal.redact"
local token = require "lofty.token"

local error, type, pairs = error, type, pairs

local match = string.match


local grant = {}

local MEANING = {
  invalid_client = "client_id or client_secret is wrong",
  unauthorized_client = "this application may not use this grant",
  unsupported_grant_type = "this token endpoint does not know the grant",
  invalid_scope = "the scope is not granted to this application",
}
local INVALID_GRANT = {
  authorization_code = "the authorization code was used before, has expired, or was made for another redirect_uri",
  refresh_token = "the refresh token was revoked or has expired: the person has to authorize again",
  client_credentials = "the customer_key is not accepted",
}

-- An OAuth error (RFC 6749 section 5.2), whatever the status.
local function refused(value, res, fields)
  local code = value.error
  if type(code) ~= "string" then code = "invalid_request" end
  local message = code == "invalid_grant" and INVALID_GRANT[fields.grant_type] or MEANING[code]
    or "the token endpoint refused: " .. code
  local description = value.error_description
  if type(description) == "string" and description ~= "" then message = message .. " (" .. description .. ")" end
  return { kind = "oauth", code = code, status = res.status, message = message }
end

local function failed(res, value)
  local status = res.status
  local code, message = answer.explain(value)
  local kind = status == 401 and "auth" or status == 429 and "rate_limit"
    or (status >= 500 or status >= 300 and status < 400) and "server" or "invalid"
  return {
    kind = kind, status = status, code = code, retryable = kind == "rate_limit" or kind == "server",
    message = "the token endpoint answered " .. status .. (message and ": " .. message or " without a reason"),
  }
end

local function read(res, fields, now)
  local value, why = core.json_decode(res.body)
  if type(value) == "table" and value.error ~= nil and value.error ~= core.null then
    return nil, refused(value, res, fields)
  end
  if res.status < 200 or res.status >= 300 then return nil, failed(res, value) end
  if type(value) ~= "table" then
    return nil, {
      kind = "decode", status = res.status,
      message = "the token answer is not a JSON object" .. (why and ": " .. why or ""),
    }
  end
  if value.access_token == nil then
    local code, message = answer.explain(value)
    if code or message then
      return nil, {
        kind = "oauth", code = code, status = res.status,
        message = "the token endpoint answered no token: " .. (message or "code " .. code),
      }
    end
  end
  local fresh, err = token.read(value, now, fields.previous, core.null)
  if not fresh then return nil, { kind = err.kind, status = res.status, message = err.message } end
  return fresh
end

-- Nothing says whether the server has done it.
local function lost(res, err)
  if err then return err.kind == "network" or err.kind == "timeout" end
  return res.status == 502 or res.status == 503 or res.status == 504
end

--- Makes the function that asks for tokens. Client id and secret stay inside it.
-- @tparam table opt `token_url`, `authentication`, `basic`, `client_id`, `client_secret`, `customer_key`,
--   `runtime`, `timeout`, `ca`, `proxy`, `user_agent`, `level` (for `error`: a client id that can't be sent)
-- @treturn function `(fields) -> token | nil, err`; fields: `grant_type` and what goes with it, `previous`
--   (the token that is followed)
function grant.requester(opt)
  local runtime = opt.runtime
  if opt.authentication == "basic" then
    local ok, why = core.basic(opt.client_id, opt.client_secret, opt.basic)
    if not ok then error("lofty.app: " .. why, opt.level) end
  end

  return function(fields)
    local customer_key = fields.customer_key or opt.customer_key
    local built, why = core.token_request {
      grant_type = fields.grant_type, authentication = opt.authentication, basic = opt.basic,
      client_id = opt.client_id, client_secret = opt.client_secret,
      code = fields.code, redirect_uri = fields.redirect_uri, code_verifier = fields.code_verifier,
      refresh_token = fields.refresh_token,
      customer_key = fields.grant_type == "client_credentials" and customer_key or nil,
    }
    if not built then return nil, errors.new { kind = "invalid", sent = false, message = why } end
    local request = {
      method = "POST", url = opt.token_url, body = built.body, once = true, max_body = core.limits.token_response,
      timeout = opt.timeout, ca = opt.ca, proxy = opt.proxy,
      headers = {
        ["Content-Type"] = "application/x-www-form-urlencoded", ["Accept"] = "application/json",
        ["User-Agent"] = opt.user_agent, ["Authorization"] = built.authorization,
      },
    }
    local res, err = runtime:request(request)
    local again = lost(res, err)
    if again then res, err = runtime:request(request) end

    local previous = fields.previous
    local failure
    if res then
      local fresh
      fresh, failure = read(res, fields, runtime:now())
      if fresh then return fresh end
      failure.sent = true
    else
      failure = {}
      for name, value in pairs(err) do failure[name] = value end
      if err.kind == "invalid" then failure.message = "token_url: " .. err.message end
      failure.retryable = err.kind == "network" or err.kind == "timeout"
      failure.outcome_unknown = err.sent or nil
    end
    if again and failure.kind == "oauth" then
      failure.message = failure.message .. "; an earlier try of the same grant got no answer, and may have used it up"
    end
    local secrets = {}
    local function add(value) secrets[#secrets + 1] = value end
    add(opt.client_secret)
    add(fields.code)
    add(fields.code_verifier)
    add(fields.refresh_token)
    add(customer_key)
    add(built.authorization and match(built.authorization, "^Basic (.+)$"))
    redact.add_token(secrets, previous)
    redact.add_userinfo(secrets, opt.proxy)
    redact.add_userinfo(secrets, opt.token_url)
    return nil, redact.err(errors.new(failure), secrets)
  end
end

return grant
