-- SPDX-License-Identifier: MIT

--- The two OAuth servers.
--
-- The vendor server (POST /api/user-web/oauth/token) takes HTTP Basic and has the grants authorization_code and
-- refresh_token. The developer server (POST /oauth/token) takes the secret in the form, has PKCE and client_credentials,
-- too, and returns the application's rate limit.
-- @module lofty.sandbox.server.oauth

local accounts = require "lofty.sandbox.server.accounts"
local digest = require "lofty.sandbox.server.digest"
local journal = require "lofty.sandbox.server.journal"
local json = require "lofty.sandbox.server.json"
local request = require "lofty.sandbox.server.request"
local settings = require "lofty.sandbox.server.settings"
local tokens = require "lofty.sandbox.server.tokens"

local oauth = {}

local HEADERS = { ["Content-Type"] = "application/json", ["Cache-Control"] = "no-store", Pragma = "no-cache" }

-- RFC 6749 section 5.2
local function refuse(code, description, status)
  local headers = {}
  for name, value in pairs(HEADERS) do headers[name] = value end
  if status == 401 then headers["WWW-Authenticate"] = 'Basic realm="lofty"' end
  error({ status = status or 400, headers = headers, body = { error = code, error_description = description } }, 0)
end

local function invalid_client() refuse("invalid_client", "The client is unknown or its secret is wrong", 401) end
local function invalid_grant(why) refuse("invalid_grant", why) end

-- The form's fields, each at most once (RFC 6749 section 3.2).
local function fields(req, server)
  local text = req.body
  if server == "vendor" and text == "" and settings.get().query_grants then text = req.query
  elseif req.query ~= "" then refuse("invalid_request", "The fields belong in the body, since a query is logged") end
  if server == "developer" and request.is_type(req, "application/json") then
    local body = request.json(req)
    if type(body) ~= "table" then refuse("invalid_request", "The body is not JSON") end
    if body.grant_type ~= "client_credentials" then refuse("invalid_request", "This grant takes a form") end
    return body
  end
  if not request.is_type(req, "application/x-www-form-urlencoded") then
    refuse("invalid_request", "Content-Type must be application/x-www-form-urlencoded")
  end
  local form, repeated = request.form(text)
  if not form then refuse("invalid_request", repeated) end
  local twice = next(repeated)
  if twice then refuse("invalid_request", "The parameter " .. twice .. " comes more than once") end
  return form
end

local function require_parameter(form, name)
  local value = form[name]
  if type(value) ~= "string" or value == "" then refuse("invalid_request", "The parameter " .. name .. " is missing") end
  return value
end

-- Authenticates by HTTP Basic: the pair is plain, as Lofty documents it, or form-encoded first (setting `basic`).
local function by_basic(req)
  local set = settings.get()
  local text = ngx.decode_base64((req.headers.authorization or ""):match("^[Bb][Aa][Ss][Ii][Cc] (%S+)$") or "")
  local id, secret = (text or ""):match("^([^:]*):(.*)$")
  if id and set.basic == "form" then
    id, secret = request.unescape((id:gsub("%+", " "))), request.unescape((secret:gsub("%+", " ")))
  end
  if id ~= set.client_id or secret ~= set.client_secret then invalid_client() end
  return id
end

-- Authenticates by the form: a secret, or PKCE in its place. The second result is true for a public client.
local function by_form(req, form)
  local set = settings.get()
  if req.headers.authorization then invalid_client() end
  local id = require_parameter(form, "client_id")
  if id == set.public_client_id and not form.client_secret then return id, true end
  if id ~= set.client_id then invalid_client() end
  if not form.client_secret and form.grant_type == "authorization_code" and form.code_verifier then return id end
  if form.client_secret ~= set.client_secret then invalid_client() end
  return id
end

-- RFC 7636 section 4.6; S256 alone.
local function check_pkce(record, form)
  if not record.challenge then
    if form.code_verifier then invalid_grant("The code was requested without a code_challenge") end
    return
  end
  local verifier = form.code_verifier or ""
  if not verifier:match("^[%w%-._~]+$") or #verifier < 43 or #verifier > 128 then
    invalid_grant("The code_verifier is missing or malformed")
  end
  if digest.challenge(verifier) ~= record.challenge then invalid_grant("The code_verifier does not match") end
end

local GRANTS = {}

function GRANTS.authorization_code(form, client, server, public)
  local code, redirect_uri = require_parameter(form, "code"), require_parameter(form, "redirect_uri")
  if server == "vendor" and require_parameter(form, "client_id") ~= client then invalid_client() end
  local record = tokens.read_code(code)
  if not record or record.client ~= client then invalid_grant("The code is unknown or has expired") end
  if not tokens.spend_code(code, record) then invalid_grant("The code has been used before") end
  if record.redirect_uri ~= redirect_uri then invalid_grant("The redirect_uri is not the one of the consent") end
  if not record.challenge and (public or (server == "developer" and not form.client_secret)) then
    invalid_grant("A client without a secret must use PKCE")
  end
  check_pkce(record, form)
  local access, refresh = tokens.issue(record, true)
  return access, refresh, record.account
end

function GRANTS.refresh_token(form, client)
  local access, refresh, record = tokens.refresh(require_parameter(form, "refresh_token"), client)
  if not access then invalid_grant("The refresh token is unknown, expired or revoked") end
  return access, refresh, record.account
end

function GRANTS.client_credentials(form, client, server, public)
  if server == "vendor" then refuse("unsupported_grant_type", "client_credentials") end
  if public then refuse("unauthorized_client", "A public client has no credentials") end
  local account = accounts.by_key(require_parameter(form, "customer_key"))
  if not account then invalid_grant("The customer_key is unknown") end
  local access = tokens.issue({ client = client, account = account }, false)
  return access, nil, account
end

-- expires_in in the form of the setting of that name; "missing" leaves it out.
local function lifetime(set)
  local ttl = set.access_ttl
  local forms = { number = ttl, string = tostring(ttl), zero = 0, word = "soon" }
  return forms[set.expires_in]
end

local function answer(access, refresh, server)
  local set = settings.get()
  local body = { access_token = access, refresh_token = refresh, token_type = "Bearer", scope = "openApi",
                 expires_in = lifetime(set) }
  if server == "developer" then body.app_info = { rate_limit_per_minute = set.rate_limit } end
  return { status = 200, headers = HEADERS, body = body }
end

--- Responds to a token request.
-- @tparam table req
-- @tparam string server "vendor" or "developer"
function oauth.token(req, server)
  if req.method ~= "POST" then
    return { status = 405, headers = { Allow = "POST" }, body = { message = "Method Not Allowed" } }
  end
  local form = fields(req, server)
  local kind = require_parameter(form, "grant_type")
  local client, public
  if server == "vendor" then
    if form.client_secret then invalid_client() end
    client = by_basic(req)
  else
    client, public = by_form(req, form)
  end
  if not GRANTS[kind] then refuse("unsupported_grant_type", kind) end
  local access, refresh, account = GRANTS[kind](form, client, server, public)
  journal.count("grants", kind)
  journal.count("grants", "total")
  journal.count("account_grants", account)
  return answer(access, refresh, server)
end

--- The account of an Authorization header; raises Lofty's response to a key with the wrong scheme.
-- @treturn ?string account
-- @treturn ?string what the rate limit counts the call for: the application, or the API key
function oauth.authorize(req)
  local scheme, secret = (req.headers.authorization or ""):match("^(%S+) (%S+)$")
  if scheme == "Bearer" then
    local record = tokens.read_access(secret)
    if record then return record.account, record.client end
    if accounts.by_key(secret) then -- the real server's response to a key with the scheme Bearer
      error({ status = 400, body = json.raw('{"code":200058,"message":"User in token does not exist."}') }, 0)
    end
  elseif scheme == "token" then
    local account = accounts.by_key(secret)
    if account then return account, "key:" .. account end
  end
  return nil
end

return oauth
