-- SPDX-License-Identifier: MIT

--- A vendor's application: makes URLs of Lofty's consent page, exchanges authorization codes for tokens, refreshes
-- tokens, and makes clients.
-- @module lofty.app

local accounts = require "lofty.app.accounts"
local ascii = require "lofty.internal.ascii"
local authorization = require "lofty.oauth.authorization"
local client = require "lofty.client"
local contract = require "lofty.store.contract"
local core = require "lofty.core"
local crypto = require "lofty.crypto"
local errors = require "lofty.errors"
local limiter = require "lofty.pacing.limiter"
local misuse = require "lofty.internal.misuse"
local source = require "lofty.oauth.source"
local times = require "lofty.oauth.times"
local token = require "lofty.token"
local token_cache = require "lofty.oauth.token_cache"
local token_request = require "lofty.oauth.token_request"

local getmetatable, pairs, setmetatable, tostring, type = getmetatable, pairs, setmetatable, tostring, type
local format = string.format
local concat, sort = table.concat, table.sort

local CONSENT_URL = "https://lofty.com/page/vendor-auth.html"
-- The two OAuth servers as Lofty documents them: help.lofty.com 47801571926811 and
-- developer.lofty.com/authentication/oauth2.
local OAUTH_SERVERS = {
  vendor = { token_url = "https://crm.lofty.com/api/user-web/oauth/token", authentication = "basic" },
  developer = { token_url = "https://api.lofty.com/oauth/token", authentication = "body" },
}

local App = { __name = "lofty.app" }
App.__index = App

--- The application's client_id; no secret.
function App:__tostring()
  return "lofty.app: " .. self.client_id
end

local app = {}

local function type_or_empty(value)
  return value == "" and "an empty string" or type(value)
end

local function check_argument(value, where, name)
  if type(value) ~= "string" or value == "" then
    misuse(format("%s: %s must be a non-empty string, got %s", where, name, type_or_empty(value)))
  end
end

local function check_optional(value, where, name)
  if value ~= nil then check_argument(value, where, name) end
end

local function check_choice(name, value, allowed)
  if not allowed[value] then
    local names = {}
    for choice in pairs(allowed) do names[#names + 1] = format("%q", choice) end
    sort(names)
    misuse(format("lofty.app: %s must be %s, got %s", name, concat(names, " or "), tostring(value)))
  end
end

local AUTHENTICATIONS = { basic = true, body = true, none = true }
local BASIC_FORMS = { plain = true, form = true }

--- Makes an application.
--
--     lofty.app {
--       client_id = "...", client_secret = "...",  -- from Lofty's developer portal
--       redirect_uri = "https://example.com/lofty/callback",
--       oauth_server = "vendor",  -- or "developer": which of Lofty's two OAuth servers grants tokens; "developer" is
--                                 -- the default with a customer_key or without a client_secret
--       store = store,            -- keeps accounts' tokens, for connect, accounts and client(account)
--       encryption_key = "...",   -- 32 bytes: seals tokens in the store (AES-256-GCM), see below
--       require_state = true,     -- false: accept a callback without a state
--       token_url = , authorize_url = , base_url = ,  -- other addresses than Lofty's
--       authentication = "basic", -- or "body", "none": how the client authenticates to token_url
--       basic = "plain",          -- or "form": form-encode id and secret first (RFC 6749 section 2.3.1)
--       customer_key = "...",     -- for the client_credentials grant
--       limit = 500,              -- calls a minute that Lofty grants the application
--       -- and every option of lofty.client but the credentials
--     }
--
-- With an `encryption_key` only tokens that were sealed with it, for the same application and account, are read; any
-- other is an err of kind "store" and stays in the store as it was. That includes tokens in plain text: anybody who may
-- write to the store could put another token there. To introduce a key, stop the processes that use the store
-- and seal each token once:
--
--     local crypto = require "lofty.crypto"
--     for _, key in ipairs(store:keys()) do
--       local text = store:get(key, true)
--       if lofty.json.decode(text) then store:put(key, crypto.seal(encryption_key, text, key)) end
--     end
--
-- @tparam table opt
-- @treturn table the application
function app.new(opt)
  check_argument(opt.client_id, "lofty.app", "client_id")
  for _, name in pairs { "client_secret", "redirect_uri", "token_url", "authorize_url", "customer_key" } do
    check_optional(opt[name], "lofty.app", name)
  end
  -- Lofty documents the customer_key grant and PKCE without a secret for the developer server alone.
  local is_developer = opt.customer_key ~= nil or opt.client_secret == nil
  local oauth_server = opt.oauth_server or (is_developer and "developer" or "vendor")
  check_choice("oauth_server", oauth_server, OAUTH_SERVERS)
  local authentication = opt.authentication
    or opt.client_secret and OAUTH_SERVERS[oauth_server].authentication or "none"
  check_choice("authentication", authentication, AUTHENTICATIONS)
  local basic = opt.basic or "plain"
  check_choice("basic", basic, BASIC_FORMS)
  if authentication ~= "none" and not opt.client_secret then
    misuse(format("lofty.app: authentication = %q needs a client_secret", authentication))
  end
  local seal_key = opt.encryption_key
  if seal_key ~= nil and not (type(seal_key) == "string" and #seal_key == 32) then
    misuse "lofty.app: encryption_key must be a string of 32 bytes"
  end
  if opt.require_state ~= nil and type(opt.require_state) ~= "boolean" then
    misuse("lofty.app: require_state must be a boolean, got " .. type(opt.require_state))
  end
  if opt.store ~= nil then contract.check_store(opt.store, "lofty.app: store") end

  local settings = client.settings(opt)
  local runtime, store, client_id = settings.runtime, opt.store, opt.client_id
  local self = setmetatable({
    client_id = client_id, redirect_uri = opt.redirect_uri, store = store,
    authorize_address = opt.authorize_url or CONSENT_URL, require_state = opt.require_state ~= false,
    is_public = authentication == "none", has_customer_key = opt.customer_key ~= nil, runtime = runtime,
    settings = settings,
    detach_timeout = times.of(settings.timeout.total).detach_timeout,
  }, App)
  -- Secrets are in functions, not in fields that a dump of the table would show.
  self.grant = token_request.requester {
    token_url = opt.token_url or OAUTH_SERVERS[oauth_server].token_url, authentication = authentication, basic = basic,
    client_id = client_id, client_secret = opt.client_secret, customer_key = opt.customer_key,
    runtime = runtime, timeout = settings.timeout, ca = settings.ca, proxy = settings.proxy,
    user_agent = settings.user_agent,
  }
  local get_seal_key = seal_key and function() return seal_key end
  self.new_cache = function(key, account, initial)
    local cache = token_cache.new {
      runtime = runtime, store = store, key = key, account = account, seal_key = get_seal_key, token = initial,
    }
    return cache
  end
  self.limiter = limiter.new {
    key = client_id, limit = opt.limit, store = store, runtime = runtime,
    on_wait = settings.on_wait, on_error = settings.on_error,
  }
  return self
end

-- A method that was called with a dot has no application.
local function check_self(self, name)
  if getmetatable(self) ~= App then misuse(name .. ": call it with a colon, on an application") end
end

--- The address of the consent page, and the state that has to come back with the callback.
-- A public client (one without a secret), or `{ pkce = true }`, adds a PKCE challenge (RFC 7636, S256) and gets its
-- verifier, which `exchange` and `connect` take as `code_verifier`.
-- @tparam[opt] table opt `state` (one of your own; 128 random bits unless given), `pkce` (boolean)
-- @treturn string url
-- @treturn string state keep it in the user's session
-- @treturn ?string code_verifier keep it there, too
function App:authorize_url(opt)
  check_self(self, "authorize_url")
  opt = errors.options("authorize_url", opt, { state = true, pkce = true })
  check_optional(opt.state, "authorize_url", "state")
  return authorization.url {
    address = self.authorize_address, client_id = self.client_id, redirect_uri = self.redirect_uri,
    state = opt.state, pkce = opt.pkce or self.is_public,
  }
end

local function check_callback(where, args, opt)
  if type(args) ~= "table" and type(args) ~= "string" then
    misuse(format("%s: the query's arguments (a table) or the callback's address (a string) expected, got %s", where,
      type(args)))
  end
  if opt.state ~= nil and (type(opt.state) ~= "string" or opt.state == "") then
    misuse(format("%s: the expected state must be the non-empty string that authorize_url gave, got %s "
      .. "(is it missing in the user's session?)", where, type_or_empty(opt.state)))
  end
end

--- Reads the request to the redirect address.
-- @tparam table|string args the query's arguments, or the whole address, or its query
-- @tparam table opt `state`: what `authorize_url` gave; nil when the user's session has none
-- @treturn[1] string the authorization code
-- @treturn[2] nil
-- @treturn[2] table err of kind "oauth". `state_verified` is true when the callback carried the expected state: only
--   then does it belong to a request of this application. `code` "access_denied" is reported without a state, too,
--   since Lofty documents it so; do not end a session because of an unverified one. Any other error is `state_missing`
--   without a state, `state_mismatch` with a wrong one; `code_missing` and `invalid_request` are malformed callbacks.
function App:callback(args, opt)
  check_self(self, "callback")
  opt = errors.options("callback", opt, { state = true })
  check_callback("callback", args, opt)
  return authorization.callback(args, opt.state, self.require_state)
end

local function request_token(self, operation, fields)
  local new, err = self.grant(fields)
  if err then err.operation = operation end
  return new, err
end

--- Exchanges an authorization code for a token (RFC 6749 section 4.1.3). A code can be exchanged once.
-- @tparam string code
-- @tparam[opt] table opt `code_verifier` (with PKCE), `redirect_uri` (other than the application's)
-- @treturn[1] table the token
-- @treturn[2] nil
-- @treturn[2] table err of kind "oauth" when the server refuses the code or the client
function App:exchange(code, opt)
  check_self(self, "exchange")
  opt = errors.options("exchange", opt, { code_verifier = true, redirect_uri = true })
  check_argument(code, "exchange", "code")
  check_optional(opt.code_verifier, "exchange", "code_verifier")
  local redirect_uri = opt.redirect_uri
  if redirect_uri == nil then redirect_uri = self.redirect_uri end
  if redirect_uri == nil then misuse "exchange: give lofty.app the redirect_uri that is registered with Lofty" end
  check_argument(redirect_uri, "exchange", "redirect_uri")
  local new, err = self.runtime:detach(self.detach_timeout, request_token, self, "exchange", {
    grant_type = "authorization_code", code = code, redirect_uri = redirect_uri, code_verifier = opt.code_verifier,
  })
  return new, err
end

-- A token, made from the plain table that it was stored as if necessary.
local function as_token(value, where)
  if type(value) ~= "table" then misuse(format("%s: a token (a table) expected, got %s", where, type(value))) end
  local wrapped, err = token.wrap(value)
  if not wrapped then misuse(where .. ": " .. err.message) end
  return wrapped
end

--- Refreshes a token (RFC 6749 section 6). The old one is not changed.
-- @tparam table old
-- @treturn[1] table the new token
-- @treturn[2] nil
-- @treturn[2] table err of kind "oauth" when the server refuses the refresh token or the client
function App:refresh(old)
  check_self(self, "refresh")
  old = as_token(old, "refresh")
  if not old.refresh_token then
    return nil, errors.new {
      kind = "oauth", code = "invalid_grant", sent = false, operation = "refresh",
      message = "the token has no refresh_token: the user has to authorize again",
    }
  end
  local new, err = self.runtime:detach(self.detach_timeout, request_token, self, "refresh",
    { grant_type = "refresh_token", refresh_token = old.refresh_token, previous = old })
  return new, err
end

--- Requests a token of the client_credentials grant: the application acts for the user whose API key is
-- `customer_key`.
-- @tparam[opt] string customer_key that of `lofty.app` unless given
-- @treturn[1] table the token
-- @treturn[2] nil
-- @treturn[2] table err
function App:client_credentials(customer_key)
  check_self(self, "client_credentials")
  check_optional(customer_key, "client_credentials", "customer_key")
  local new, err = self.runtime:detach(self.detach_timeout, request_token, self, "client_credentials",
    { grant_type = "client_credentials", customer_key = customer_key })
  return new, err
end

-- The cache of an account's token in the store. For `lofty.app.accounts`, too.
function App:cache_for(account)
  local cache = self.new_cache(token_cache.key(self.client_id, account), account)
  return cache
end

local function make_client(self, grant, cache, needs_token, opt)
  local settings = self.settings
  if opt then settings = client.settings(opt, settings) end
  local counts = client.new_counts()
  -- The application requests the token, so its runtime and its time limit count, whatever the client's are.
  local cached = source.cached(grant, cache, {
    runtime = self.runtime, grant_timeout = self.settings.timeout.total, account = cache.account,
    needs_token = needs_token,
    on_refresh = function(new, err)
      if settings.on_refresh then settings.on_refresh(new, err) end
    end,
    on_error = function(err)
      if settings.on_error then settings.on_error(err) end
    end,
    count = function() counts.refreshes = counts.refreshes + 1 end,
  })
  return client.new {
    source = cached, settings = settings, counts = counts, limiter = self.limiter, account = cache.account,
    add_secrets = function(list) cache:add_secrets(list) end,
  }
end

-- Requests a new token with the cached one.
local function refresh_grant(self)
  return function(cached)
    local new, err = self.grant {
      grant_type = "refresh_token", refresh_token = cached.refresh_token, previous = cached,
    }
    return new, err
  end
end

--- A client for one account.
-- @tparam table|string|nil who a token (the client keeps it, and gives each new one to `on_refresh`); or an account,
--   whose token is in the store; or nil, for the client_credentials grant of the application's `customer_key`
-- @tparam[opt] table opt any option of `lofty.client` but the credentials, above all `on_refresh(token, err)`
-- @treturn table the client
function App:client(who, opt)
  check_self(self, "client")
  if opt ~= nil then opt = errors.options("client", opt, client.options) end
  local grant, cache = refresh_grant(self), nil
  if type(who) == "table" then
    local initial = as_token(who, "client")
    cache = token_cache.new { runtime = self.runtime, account = initial.account, token = initial }
  elseif type(who) == "string" and who ~= "" then
    -- The message does not repeat the string: it may be a token's text.
    if not self.store then misuse "client: a string is an account, and lofty.app has no store with its token" end
    cache = self:cache_for(who)
  elseif who == nil then
    if not self.has_customer_key then
      misuse("client: a token (a table) or an account (a string) expected, got nil; "
        .. "lofty.app has no customer_key to use instead")
    end
    grant = function()
      local new, err = self.grant { grant_type = "client_credentials" }
      return new, err
    end
    cache = token_cache.new { runtime = self.runtime }
  else
    misuse("client: a token (a table) or an account (a string) expected, got " .. type_or_empty(who))
  end
  local made = make_client(self, grant, cache, who ~= nil, opt)
  return made
end

--- A client that begins with a refresh token, for `lofty.client` and LOFTY_REFRESH_TOKEN.
-- Where refresh tokens rotate, the one in the variable ends at its first refresh: the store keeps the next token, under
-- a key derived from the variable's value.
-- @tparam table self the application
-- @tparam string refresh_token
-- @tparam ?string access_token the one to begin with
-- @treturn table the client
function app.client_of_refresh_token(self, refresh_token, access_token)
  local initial
  if access_token then
    initial = as_token({ access_token = access_token, refresh_token = refresh_token }, "lofty.client")
  end
  -- No account's key has a second slash.
  local key = core.percent_encode(self.client_id) .. "//" .. ascii.hex(crypto.sha256(refresh_token))
  local cache = self.new_cache(key, nil, initial)
  local made = make_client(self, function(cached)
    local new, err = self.grant {
      grant_type = "refresh_token", previous = cached,
      refresh_token = cached and cached.refresh_token or refresh_token,
    }
    return new, err
  end, cache, false)
  return made
end

local function check_has_store(self, where)
  if not self.store then misuse(where .. ": lofty.app has no store to keep accounts' tokens in") end
end

--- Handles a callback: checks it, exchanges the code, asks GET /v1.0/me whose token it
-- is, and writes it to the store under that account, in place of an older one.
--
-- When the token was granted but could not be stored, because /v1.0/me or the store failed, `on_refresh(token, err)`
-- gets it: the code can't be exchanged again.
-- @tparam table|string args as for `callback`
-- @tparam table opt `state`, and with PKCE `code_verifier`
-- @treturn[1] string account
-- @treturn[1] table token
-- @treturn[2] nil
-- @treturn[2] table err; see also `callback`
function App:connect(args, opt)
  check_self(self, "connect")
  check_has_store(self, "connect")
  opt = errors.options("connect", opt, { state = true, code_verifier = true })
  check_callback("connect", args, opt)
  check_optional(opt.code_verifier, "connect", "code_verifier")
  if not self.redirect_uri then misuse "connect: give lofty.app the redirect_uri that is registered with Lofty" end
  local code, err = authorization.callback(args, opt.state, self.require_state)
  if not code then return nil, err end
  local account, new = self.runtime:detach(2 * self.detach_timeout, accounts.connect, self, {
    grant_type = "authorization_code", code = code, redirect_uri = self.redirect_uri,
    code_verifier = opt.code_verifier,
  })
  return account, new
end

--- Deletes an account's token from the store. Lofty has no API to revoke one: the user presses Disconnect there.
-- Processes that have its access token cached may use it until it expires.
-- @tparam string account
-- @treturn[1] boolean true, also when there was none
-- @treturn[2] nil
-- @treturn[2] table err of kind "store"
function App:disconnect(account)
  check_self(self, "disconnect")
  check_has_store(self, "disconnect")
  check_argument(account, "disconnect", "account")
  local ok, err = self.runtime:detach(self.detach_timeout, accounts.forget, self, account)
  return ok, err
end

--- The accounts whose tokens are in the store, also those that have been revoked.
-- @tparam[opt] table opt `details = true`: a table for each account instead of a string; this reads each token.
--   `account`; `connected_at`: when `connect` stored it; `refreshed_at`: when its present token was granted;
--   `refresh_expires_at`: when a refresh is no longer possible, 180 days after the grant of its refresh token;
--   `revoked_at`: when a refresh was refused for good (all in seconds since 1970); `err`: its token can't be read
-- @treturn[1] {string|table,...} sorted by account
-- @treturn[2] nil
-- @treturn[2] table err of kind "store"
function App:accounts(opt)
  check_self(self, "accounts")
  check_has_store(self, "accounts")
  opt = errors.options("accounts", opt, { details = true })
  local read = opt.details and accounts.details or accounts.list
  local list, err = read(self)
  return list, err
end

--- The accounts whose refresh token expires within some days, or has expired, soonest first: after that the user has
-- to connect again. Revoked ones are left out, and tokens that can't be read (see `accounts`).
-- @tparam number days
-- @treturn[1] {table,...} as `accounts{ details = true }` gives them
-- @treturn[2] nil
-- @treturn[2] table err of kind "store"
function App:expiring(days)
  check_self(self, "expiring")
  check_has_store(self, "expiring")
  if type(days) ~= "number" or days ~= days or days < 0 then
    misuse("expiring: a number of days expected, got " .. tostring(days))
  end
  local list, err = accounts.expiring(self, days)
  return list, err
end

return app
