--- A vendor's application: sends people to Lofty's consent page, turns what comes back into tokens,
-- refreshes them, and makes the clients that use them.
-- @module lofty.app

local accounts = require "lofty.app.accounts"
local authorization = require "lofty.oauth.authorization"
local client = require "lofty.client"
local contract = require "lofty.store.contract"
local errors = require "lofty.errors"
local grant = require "lofty.oauth.token_request"
local kept = require "lofty.oauth.token_cache"
local limiter = require "lofty.pacing.limiter"
local redact = require "lofty.internal.redact"
local source = require "lofty.oauth.source"
local token = require "lofty.token"

local error, getmetatable, ipairs, pairs, setmetatable, tostring, type =
  error, getmetatable, ipairs, pairs, setmetatable, tostring, type
local concat = table.concat
local format = string.format

local CONSENT_URL = "https://lofty.com/page/vendor-auth.html"
-- The two OAuth servers as Lofty documents them: help.lofty.com 47801571926811 and
-- developer.lofty.com/authentication/oauth2.
local OAUTH_SERVERS = {
  vendor = { token_url = "https://crm.lofty.com/api/user-web/oauth/token", authentication = "basic" },
  developer = { token_url = "https://api.lofty.com/oauth/token", authentication = "body" },
}

local OPTIONS = {
  client_id = true, client_secret = true, redirect_uri = true, customer_key = true, oauth_server = true,
  token_url = true, authorize_url = true, authentication = true, basic = true, require_state = true, store = true,
  encryption_key = true, limit = true,
}
for name in pairs(client.options) do OPTIONS[name] = true end

local App = { __name = "lofty.app" }
App.__index = App

--- Without any secret.
function App:__tostring()
  return "lofty.app: " .. self.client_id
end

local app = { options = OPTIONS }

local function one_of(name, value, allowed, level)
  for _, known in ipairs(allowed) do
    if value == known then return end
  end
  error(format("lofty.app: %s must be one of %s, got %s", name, concat(allowed, ", "), tostring(value)), level + 1)
end

-- A method that was called with a dot has no application.
local function check_self(self, name)
  if getmetatable(self) ~= App then error(name .. ": call it with a colon, on an application", 3) end
end

local function check_text(opt, name, required, level)
  local value = opt[name]
  if value == nil and not required then return end
  if type(value) ~= "string" or value == "" then
    local got = value == "" and "an empty one" or type(value)
    error(format("lofty.app: %s must be a string, got %s", name, got), level + 1)
  end
end

--- Makes an application.
--
--     lofty.app {
--       client_id = "...", client_secret = "...",  -- from Lofty's developer portal
--       redirect_uri = "https://example.com/lofty/callback",
--       oauth_server = "vendor",  -- or "developer": which of Lofty's two OAuth servers grants tokens; "developer" is
--                                 -- the default with a customer_key or without a client_secret
--       store = store,            -- where accounts' tokens are kept, for connect, accounts and client(account)
--       encryption_key = "...",   -- 32 bytes: seals tokens in the store (AES-256-GCM), see below
--       require_state = true,     -- false: accept a callback that carries no state
--       token_url = , authorize_url = , base_url = ,  -- other addresses than Lofty's
--       authentication = "basic", -- or "body", "none": how the client authenticates to token_url
--       basic = "plain",          -- or "form": form-encode id and secret first (RFC 6749 section 2.3.1)
--       customer_key = "...",     -- for the client_credentials grant
--       limit = 500,              -- calls a minute that Lofty grants the app
--       -- and every option of lofty.client but the credentials
--     }
--
-- With an `encryption_key` only what was sealed with it, for the same application and account, is read back; all else
-- is an err of kind "store" and stays in the store as it was. That holds for tokens that stand there plain, too: who
-- may write to the store could put his own token in a customer's place. To begin with a key where there are plain
-- tokens, stop the processes that use the store and seal each once:
--
--     local crypto = require "lofty.crypto"
--     for _, key in ipairs(store:keys()) do
--       local text = store:get(key, true)
--       if lofty.json.decode(text) then store:put(key, crypto.seal(encryption_key, text, key)) end
--     end
--
-- @tparam table opt
-- @tparam number level for `error`
-- @treturn table the application
function app.new(opt, level)
  level = (level or 1) + 1
  check_text(opt, "client_id", true, level)
  for _, name in ipairs { "client_secret", "redirect_uri", "token_url", "authorize_url", "customer_key" } do
    check_text(opt, name, false, level)
  end
  -- Lofty documents the customer_key grant and PKCE without a secret for the developer server alone.
  local developer = opt.customer_key ~= nil or opt.client_secret == nil
  local oauth_server = opt.oauth_server or (developer and "developer" or "vendor")
  one_of("oauth_server", oauth_server, { "vendor", "developer" }, level)
  local authentication = opt.authentication
    or opt.client_secret and OAUTH_SERVERS[oauth_server].authentication or "none"
  one_of("authentication", authentication, { "basic", "body", "none" }, level)
  local basic = opt.basic or "plain"
  one_of("basic", basic, { "plain", "form" }, level)
  if authentication ~= "none" and not opt.client_secret then
    error(format("lofty.app: authentication = %q needs a client_secret", authentication), level)
  end
  if opt.encryption_key ~= nil and not (type(opt.encryption_key) == "string" and #opt.encryption_key == 32) then
    error("lofty.app: encryption_key must be a string of 32 bytes", level)
  end

  if opt.require_state ~= nil and type(opt.require_state) ~= "boolean" then
    error("lofty.app: require_state must be a boolean, got " .. type(opt.require_state), level)
  end

  if opt.store ~= nil then contract.check_store(opt.store, "lofty.app: store") end

  local settings = client.settings(opt, level)
  local key = opt.encryption_key
  local self = setmetatable({
    client_id = opt.client_id, redirect_uri = opt.redirect_uri, store = opt.store,
    authorize_address = opt.authorize_url or CONSENT_URL, require_state = opt.require_state ~= false,
    public = authentication == "none", runtime = settings.runtime, settings = settings,
  }, App)
  -- Secrets live in functions, not in fields that a dump of the table would show.
  self.grant = grant.requester {
    token_url = opt.token_url or OAUTH_SERVERS[oauth_server].token_url, authentication = authentication, basic = basic,
    client_id = opt.client_id, client_secret = opt.client_secret, customer_key = opt.customer_key,
    runtime = settings.runtime, timeout = settings.timeout, ca = settings.ca,
    proxy = settings.proxy and settings.proxy(),
    user_agent = settings.user_agent, level = level + 1,
  }
  self.kept_for = function(account)
    return kept.stored(opt.store, opt.client_id .. "/" .. account, account, key)
  end
  self.limiter = limiter.new {
    key = opt.client_id, limit = opt.limit, store = opt.store, runtime = settings.runtime, on_wait = settings.on_wait,
  }
  return self
end

local function checked(value, where, name, level)
  if type(value) ~= "string" or value == "" then
    local got = value == "" and "an empty one" or type(value)
    error(format("%s: %s must be a string, got %s", where, name, got), level + 1)
  end
  return value
end

--- The address of the consent page, and the state that has to come back with the person.
-- A public client (no secret), or `{ pkce = true }`, adds a PKCE challenge (RFC 7636, S256) and gets its
-- verifier, which `exchange` and `connect` take as `code_verifier`.
-- @tparam[opt] table opt `state` (one of your own; 128 random bits unless given), `pkce` (boolean)
-- @treturn string url
-- @treturn string state keep it in the person's session
-- @treturn ?string code_verifier keep it there too
function App:authorize_url(opt)
  check_self(self, "authorize_url")
  opt = errors.options("authorize_url", opt, { state = true, pkce = true })
  if opt.state ~= nil then checked(opt.state, "authorize_url", "state", 2) end
  return authorization.url {
    address = self.authorize_address, client_id = self.client_id, redirect_uri = self.redirect_uri,
    state = opt.state, pkce = opt.pkce or self.public,
  }
end

local function check_arguments(where, args)
  if type(args) ~= "table" and type(args) ~= "string" then
    error(where .. ": the query's arguments or the address expected, got " .. type(args), 3)
  end
end

--- Reads what came to the redirect address.
-- @tparam table|string args the query's arguments, or the whole address, or its query
-- @tparam table opt `state`: what `authorize_url` gave
-- @treturn[1] string the authorization code
-- @treturn[2] nil
-- @treturn[2] table err of kind "oauth": the provider's refusal (its `code` is the provider's word), a state
--   that differs or is missing, no code
function App:callback(args, opt)
  check_self(self, "callback")
  opt = errors.options("callback", opt, { state = true })
  check_arguments("callback", args)
  return authorization.callback(args, opt.state, self.require_state)
end

local function exchange(self, operation, fields)
  local fresh, err = self.grant(fields)
  if err then err.operation = operation end
  return fresh, err
end

--- Turns an authorization code into a token (RFC 6749 section 4.1.3). A code serves once.
-- @tparam string code
-- @tparam[opt] table opt `code_verifier` (with PKCE), `redirect_uri` (other than the application's)
-- @treturn[1] table the token
-- @treturn[2] nil
-- @treturn[2] table err of kind "oauth" when the server refuses, else what went wrong on the way
function App:exchange(code, opt)
  check_self(self, "exchange")
  opt = errors.options("exchange", opt, { code_verifier = true, redirect_uri = true })
  checked(code, "exchange", "code", 2)
  if opt.code_verifier ~= nil then checked(opt.code_verifier, "exchange", "code_verifier", 2) end
  local redirect_uri = opt.redirect_uri
  if redirect_uri == nil then redirect_uri = self.redirect_uri end
  if redirect_uri == nil then error("exchange: give lofty.app the redirect_uri that Lofty knows", 2) end
  checked(redirect_uri, "exchange", "redirect_uri", 2)
  local fresh, err = self.runtime:detach(source.patience(self.settings.timeout.total), exchange, self, "exchange", {
    grant_type = "authorization_code", code = code, redirect_uri = redirect_uri, code_verifier = opt.code_verifier,
  })
  return fresh, err
end

-- What a caller hands over as a token: ours, or the plain table it was stored as.
local function as_token(value, where, level)
  if type(value) ~= "table" then
    error(format("%s: a token expected, got %s", where, type(value)), level + 1)
  end
  local held, err = token.wrap(value)
  if not held then error(where .. ": " .. err.message, level + 1) end
  return held
end

--- Refreshes a token (RFC 6749 section 6). The old one is not changed.
-- @tparam table old
-- @treturn[1] table the new token
-- @treturn[2] nil
-- @treturn[2] table err of kind "oauth" when the server refuses
function App:refresh(old)
  check_self(self, "refresh")
  old = as_token(old, "refresh", 2)
  if not old.refresh_token then
    return nil, errors.new {
      kind = "oauth", code = "invalid_grant", sent = false, message = "the token has no refresh_token",
    }
  end
  local fresh, err = self.runtime:detach(source.patience(self.settings.timeout.total), exchange, self, "refresh",
    { grant_type = "refresh_token", refresh_token = old.refresh_token, previous = old })
  return fresh, err
end

--- Asks for a token of the client_credentials grant: the application acting for the user whose API key
-- is `customer_key`.
-- @tparam[opt] string customer_key that of `lofty.app` unless given
-- @treturn[1] table the token
-- @treturn[2] nil
-- @treturn[2] table err
function App:client_credentials(customer_key)
  check_self(self, "client_credentials")
  if customer_key ~= nil then checked(customer_key, "client_credentials", "customer_key", 2) end
  local patience = source.patience(self.settings.timeout.total)
  local fresh, err = self.runtime:detach(patience, exchange, self, "client_credentials",
    { grant_type = "client_credentials", customer_key = customer_key })
  return fresh, err
end

-- The source inside the lock: a grant out of the refresh token that is held.
local function refresher(self)
  return function(_, held)
    if not held.refresh_token then return nil end
    local fresh, err = self.grant { grant_type = "refresh_token", refresh_token = held.refresh_token, previous = held }
    return fresh, err
  end
end

local function make_client(self, inner, where, opt)
  local settings = self.settings
  if opt then settings = client.settings(opt, 3, settings) end
  local counts = client.new_counts()
  -- The tokens of the last refresh, old and new: an err of the store's may repeat either.
  local previous, latest
  local function add_secrets(list)
    redact.add_token(list, previous)
    redact.add_token(list, latest)
  end
  local function granted(refused, held)
    local fresh, err = inner(refused, held)
    previous, latest = held, fresh
    return fresh, err
  end
  -- The application makes the grant, so its runtime and its time limit count, whatever the client's are.
  local made = source.locked(granted, where.kept, {
    runtime = self.runtime, grant_timeout = self.settings.timeout.total, account = where.account, first = where.first,
    on_refresh = function(fresh, err)
      if not settings.on_refresh then return end
      if err then
        local secrets = {}
        redact.add_token(secrets, fresh)
        add_secrets(secrets)
        redact.err(err, secrets)
      end
      settings.on_refresh(fresh, err)
    end,
    refreshed = function() counts.refreshes = counts.refreshes + 1 end,
  })
  return client.new {
    source = made, settings = settings, counts = counts, limiter = self.limiter, account = where.account,
    add_secrets = add_secrets,
  }
end

--- A client for one account.
-- @tparam table|string|nil who a token (the client keeps it, and hands each new one to `on_refresh`); or an
--   account, whose token is in the store; or nothing, for the client_credentials grant of `customer_key`
-- @tparam[opt] table opt any option of `lofty.client` but the credentials, above all `on_refresh(token, err)`
-- @treturn table the client
function App:client(who, opt)
  check_self(self, "client")
  if opt ~= nil then opt = errors.options("client", opt, client.options) end
  local inner, where = refresher(self), nil
  if type(who) == "table" then
    local held = as_token(who, "client", 2)
    where = { kept = kept.memory(self.runtime, held), account = held.account }
  elseif type(who) == "string" and who ~= "" then
    -- Who hands over a token's text instead of a token must not see it in an error.
    if not self.store then
      error("client: a string is an account, and lofty.app has no store to take its token from", 2)
    end
    where = { kept = self.kept_for(who), account = who }
  elseif who == nil then
    inner = function()
      local fresh, err = self.grant { grant_type = "client_credentials" }
      return fresh, err
    end
    where = { kept = kept.memory(self.runtime), first = true }
  else
    local got = who == "" and "an empty string" or type(who)
    error("client: a token (a table) or an account (a string) expected, got " .. got, 2)
  end
  -- No tail call: errors name the caller's line.
  local made = make_client(self, inner, where, opt)
  return made
end

local function need_store(self, where)
  if not self.store then error(where .. ": lofty.app has no store to keep accounts' tokens in", 3) end
end

--- What a callback handler does: reads the callback, exchanges the code, asks /v1.0/me who it was, and keeps
-- the token under that account, in place of an older one.
--
-- The code is spent by then. A token that was granted and yet could not be kept, because /v1.0/me or the store did not
-- answer, goes to `on_refresh(token, err)`, the only place where it can still be saved.
-- @tparam table|string args as for `callback`
-- @tparam table opt `state`, and with PKCE `code_verifier`
-- @treturn[1] string account
-- @treturn[1] table token
-- @treturn[2] nil
-- @treturn[2] table err
function App:connect(args, opt)
  check_self(self, "connect")
  need_store(self, "connect")
  opt = errors.options("connect", opt, { state = true, code_verifier = true })
  check_arguments("connect", args)
  if opt.code_verifier ~= nil then checked(opt.code_verifier, "connect", "code_verifier", 2) end
  if not self.redirect_uri then error("connect: give lofty.app the redirect_uri that Lofty knows", 2) end
  local code, err = self:callback(args, { state = opt.state })
  if not code then return nil, err end
  local account, fresh = self.runtime:detach(2 * source.patience(self.settings.timeout.total), accounts.connect, self, {
    grant_type = "authorization_code", code = code, redirect_uri = self.redirect_uri,
    code_verifier = opt.code_verifier,
  })
  return account, fresh
end

--- Forgets an account's token. Lofty has no way to revoke one by API: the person presses Disconnect there.
-- Processes that hold its access token may use it to its end.
-- @tparam string account
-- @treturn[1] boolean true, also when there was none
-- @treturn[2] nil
-- @treturn[2] table err of kind "store"
function App:disconnect(account)
  check_self(self, "disconnect")
  need_store(self, "disconnect")
  checked(account, "disconnect", "account", 2)
  local patience = source.patience(self.settings.timeout.total)
  local ok, err = self.runtime:detach(patience, accounts.forget, self, account)
  return ok, err
end

--- The accounts whose tokens are in the store, those included that have been revoked.
-- @treturn[1] {string,...} sorted
-- @treturn[2] nil
-- @treturn[2] table err of kind "store"
function App:accounts()
  check_self(self, "accounts")
  need_store(self, "accounts")
  local list, err = accounts.list(self)
  return list, err
end

return app
