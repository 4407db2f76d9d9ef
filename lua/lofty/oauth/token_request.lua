-- SPDX-License-Identifier: MIT

--- Token requests: one POST to the token endpoint, its response read into a token or an err.
-- @module lofty.oauth.token_request

local core = require "lofty.core"
local decode_json = require "lofty.internal.decode_json"
local errors = require "lofty.errors"
local misuse = require "lofty.internal.misuse"
local rate_headers = require "lofty.http.rate_headers"
local redact = require "lofty.internal.redact"
local explain = require("lofty.http.failure").explain
local token_response = require "lofty.oauth.token_response"

local type, pairs = type, pairs
local match = string.match

local token_request = {}

-- The errors of RFC 6749 section 5.2, with the text for the err's message.
local REFUSALS = {
  invalid_request = "the token request is malformed",
  invalid_client = "client_id or client_secret is wrong",
  invalid_grant = "the grant was refused",
  unauthorized_client = "this application may not use this grant",
  unsupported_grant_type = "this OAuth server does not support the grant",
  invalid_scope = "the scope is not granted to this application",
}
local INVALID_GRANT = {
  authorization_code = "the authorization code was used before, has expired, or was made for another redirect_uri",
  refresh_token = "the refresh token was revoked or has expired: the user has to authorize again",
  client_credentials = "the customer_key is not accepted",
}
-- Errors of RFC 6749 section 4.1.2.1 that some servers send here, too.
local OUTAGES = { server_error = true, temporarily_unavailable = true }

-- Lofty wraps some responses in an envelope.
local function token_fields(value)
  if value.access_token == nil and type(value.data) == "table" then return value.data end
  return value
end

local function error_name(value)
  local name = type(value) == "table" and value.error
  return type(name) == "string" and name ~= "" and name or nil
end

-- The authorization server refused the grant or the client.
local function refusal(value, res, grant_type)
  local code = value.error
  local message = code == "invalid_grant" and INVALID_GRANT[grant_type] or REFUSALS[code]
  local description = value.error_description
  if type(description) == "string" and description ~= "" then message = message .. " (" .. description .. ")" end
  return { kind = "oauth", code = code, status = res.status, message = message }
end

local function kind_of(status, name)
  if status == 429 then return "rate_limit" end
  if OUTAGES[name] or status >= 500 or status == 404 or status == 408 or status < 400 then return "server" end
  return status == 401 and "auth" or status == 403 and "forbidden" or "invalid"
end

-- The address without its query, which may hold secrets.
local function redirect_target(res)
  local location = res.headers and res.headers.location
  return location and match(location, "^[^?#]*") or "an address that it does not name"
end

-- Neither a token nor a refusal: an outage, or a URL that is not a token endpoint.
local function failure(value, res)
  local status = res.status
  local code, message = explain(value)
  local kind = kind_of(status, error_name(value))
  local text = "the token endpoint responded with status " .. status
    .. (message and ": " .. message or " without a reason")
  if status >= 300 and status < 400 then
    text = "the token endpoint redirects to " .. redirect_target(res) .. ", and a token request is never redirected: "
      .. "set token_url to the right address"
  elseif status == 404 then
    text = text .. " (is token_url right?)"
  end
  return {
    kind = kind, status = status, code = code, message = text,
    retryable = kind == "rate_limit" or kind == "server",
  }
end

-- A response of status 2xx without a token.
local function no_token(value, why, res)
  if type(value) ~= "table" then
    return {
      kind = "decode", status = res.status,
      message = "the token response is not a JSON object" .. (why and ": " .. why or ""),
    }
  end
  local code, message = explain(value)
  if not code and not message then
    return { kind = "decode", status = res.status, message = "the token response has no access_token" }
  end
  return {
    kind = OUTAGES[error_name(value)] and "server" or "invalid", code = code, status = res.status,
    retryable = OUTAGES[error_name(value)],
    message = "the token response has no access_token: " .. (message or "code " .. code),
  }
end

-- Returns a token, or nil and the fields of an err.
local function read(res, fields, now)
  local status = res.status
  local is_success = status >= 200 and status < 300
  local value, why = decode_json(res.body)
  local unusable
  if is_success and type(value) == "table" then
    local granted = token_fields(value)
    if granted.access_token ~= nil then
      -- A token is used even if the response also names an error: it may be the only valid one.
      local new, err = token_response.read(granted, now, fields.previous)
      if new then return new end
      unusable = { kind = err.kind, status = status, message = err.message }
    end
  end
  local name = error_name(value)
  if name and REFUSALS[name] and (is_success or status == 400 or status == 401) then
    return nil, refusal(value, res, fields.grant_type)
  end
  if not is_success then return nil, failure(value, res) end
  if unusable then return nil, unusable end
  return nil, no_token(value, why, res)
end

-- True if it is unknown whether the server has handled the request.
local function is_lost(res, err)
  if err then return err.kind == "network" or err.kind == "timeout" end
  return res.status == 502 or res.status == 503 or res.status == 504
end

-- The secrets that no err of this request may show.
local function secrets_of(opt, fields, built)
  local secrets = {}
  local function add(value) secrets[#secrets + 1] = value end
  add(opt.client_secret)
  add(fields.code)
  add(fields.code_verifier)
  add(fields.refresh_token)
  add(fields.customer_key or opt.customer_key)
  add(built.authorization and match(built.authorization, "^Basic (.+)$"))
  redact.add_token(secrets, fields.previous)
  redact.add_userinfo(secrets, opt.proxy and opt.proxy())
  redact.add_userinfo(secrets, opt.token_url)
  return secrets
end

-- The err's fields for a request that got no response.
local function transport_failure(err)
  local fields = {}
  for name, value in pairs(err) do fields[name] = value end
  fields.message = (err.kind == "invalid" and "token_url: " or "the token endpoint: ") .. err.message
  fields.retryable = err.kind == "network" or err.kind == "timeout"
  fields.outcome_unknown = err.sent or nil
  return fields
end

--- Makes the function that requests tokens. Client id and secret stay inside it.
-- @tparam table opt `token_url`, `authentication`, `basic`, `client_id`, `client_secret`, `customer_key`, `runtime`,
--   `timeout`, `ca`, `proxy` (a function), `user_agent`
-- @treturn function `(fields) -> token | nil, err`; fields: `grant_type` and what goes with it, `previous` (the token
--   that the new one follows). An err is of kind "oauth" only when the server refused with an error of RFC 6749
--   section 5.2; an outage of the token endpoint is "server", "rate_limit", "network" or "timeout", and retryable.
function token_request.requester(opt)
  local runtime = opt.runtime
  if opt.authentication == "basic" then
    local ok, why = core.basic(opt.client_id, opt.client_secret, opt.basic)
    if not ok then misuse("lofty.app: " .. why) end
  end

  return function(fields)
    local is_client_credentials = fields.grant_type == "client_credentials"
    local built, why = core.token_request {
      grant_type = fields.grant_type, authentication = opt.authentication, basic = opt.basic,
      client_id = opt.client_id, client_secret = opt.client_secret,
      code = fields.code, redirect_uri = fields.redirect_uri, code_verifier = fields.code_verifier,
      refresh_token = fields.refresh_token,
      customer_key = is_client_credentials and (fields.customer_key or opt.customer_key) or nil,
    }
    if not built then return nil, errors.new { kind = "invalid", sent = false, message = why } end
    local request = {
      method = "POST", url = opt.token_url, body = built.body, once = true,
      max_body = core.limits.token_response,
      timeout = opt.timeout, ca = opt.ca, proxy = opt.proxy and opt.proxy(),
      headers = {
        ["Content-Type"] = "application/x-www-form-urlencoded", ["Accept"] = "application/json",
        ["User-Agent"] = opt.user_agent, ["Authorization"] = built.authorization,
      },
    }
    local res, err = runtime:request(request)
    local is_repeated = is_lost(res, err)
    if is_repeated then res, err = runtime:request(request) end

    local problem, refused_with
    if res then
      local now = runtime:now()
      local new
      new, problem = read(res, fields, now)
      if new then return new end
      problem.sent, refused_with = true, problem.code
      if problem.retryable then
        local _, retry_after = rate_headers.read(res.headers, now, res.status)
        problem.retry_after = retry_after
      end
    else
      problem = transport_failure(err)
    end
    if is_repeated and problem.kind == "oauth" then
      problem.message = problem.message
        .. "; an earlier request for the same grant got no response, and may have used it up"
    end
    local failed = redact.err(errors.new(problem), secrets_of(opt, fields, built))
    -- One of REFUSALS is not a secret, even where a client_secret begins with the same letters.
    if failed.kind == "oauth" then failed.code = refused_with end
    return nil, failed
  end
end

return token_request
