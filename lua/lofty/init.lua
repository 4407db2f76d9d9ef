-- SPDX-License-Identifier: MIT

--- A client library for the Lofty CRM.
--
--     local lofty = require "lofty"
--     local crm = lofty.client { api_key = "..." }
--     local page = lofty.assert(crm:get("/v1.0/leads", { limit = 5 }))
--
-- `require` only defines functions and tables: it does no I/O and reads no environment variable.
-- @module lofty

local core = require "lofty.core"
local lazy = require "lofty.internal.lazy"
local misuse = require "lofty.internal.misuse"
local version = require "lofty.internal.version"

local app = lazy "lofty.app"
local client = lazy "lofty.client"
local config = lazy "lofty.internal.config"
local errors = lazy "lofty.errors"
local limiter = lazy "lofty.pacing.limiter"
local token = lazy "lofty.token"
local trace = lazy "lofty.internal.trace"

local error, ipairs, pairs, rawget, require, select, setmetatable, type =
  error, ipairs, pairs, rawget, require, select, setmetatable, type

local lofty = {
  --- The version of this library.
  _VERSION = version,
  --- JSON's null; the same value as lua-cjson's.
  null = core.null,
  --- Marks a table as an array, so that an empty one is `[]`.
  array = core.array,
  --- Makes a value that is encoded as a JSON integer from a string of digits, for ids that this Lua's numbers cannot
  -- hold.
  integer = core.integer,
}

--- Makes a token, with its methods, from a plain table of its fields that was stored.
-- @tparam table fields with at least `access_token`
-- @treturn[1] table the token, a copy
-- @treturn[2] nil
-- @treturn[2] table err of kind "invalid"
function lofty.token(fields)
  if type(fields) ~= "table" then
    misuse("lofty.token: a table of a token's fields expected, got " .. type(fields))
  end
  local held, err = token.wrap(fields)
  return held, err
end

-- Cosockets inside nginx, libcurl elsewhere. libcurl's waits would block one of nginx's worker processes.
local function default_runtime()
  local ngx = rawget(_G, "ngx")
  if type(ngx) ~= "table" or not ngx.config then return require "lofty.runtime.curl" end
  if ngx.config.subsystem ~= "http" then
    misuse("lofty runs in nginx's http block, not in its " .. ngx.config.subsystem .. " block, where its calls would "
      .. "block the worker process: call it in the http block, or give a runtime of your own as the option runtime")
  end
  return require "lofty.runtime.nginx"
end

-- Options that may come from the environment, as LOFTY_BASE_URL and so on.
local FROM_ENVIRONMENT = {
  "base_url", "oauth_server", "token_url", "authorize_url", "redirect_uri", "client_id", "client_secret",
  "customer_key",
}

-- The caller's options, with what they leave out from the environment; a copy.
local function complete(opt)
  local full = {}
  for name, value in pairs(opt) do full[name] = value end
  for _, name in ipairs(FROM_ENVIRONMENT) do
    if full[name] == nil then full[name] = config.get(name) end
  end
  if full.runtime == nil then full.runtime = default_runtime() end
  if full.dry_run == nil and config.get("dry_run") == "1" then full.dry_run = true end
  local debug_form = config.get("debug")
  if debug_form == "1" or debug_form == "json" then full = trace.attach(full, debug_form) end
  return full
end

--- An application of a vendor's; see `lofty.app` for its options. `client_id`, `client_secret`, `customer_key`,
-- `redirect_uri`, `oauth_server`, `token_url`, `authorize_url` and `base_url` may come from LOFTY_CLIENT_ID,
-- LOFTY_CLIENT_SECRET, LOFTY_CUSTOMER_KEY, LOFTY_REDIRECT_URI, LOFTY_OAUTH_SERVER, LOFTY_OAUTH_TOKEN_URL,
-- LOFTY_AUTHORIZE_URL and LOFTY_BASE_URL.
-- @tparam[opt] table opt
-- @treturn table the application
function lofty.app(opt)
  opt = require "lofty.internal.options"("lofty.app", opt, client.app_options)
  -- No tail call: errors name the caller's line.
  local made = app.new(complete(opt))
  return made
end

local CREDENTIALS = { "api_key", "token", "access_token" }

-- The name and the value of the one credential: the caller's, or else the environment's.
local function credential_of(opt)
  local given
  for _, name in ipairs(CREDENTIALS) do
    if opt[name] ~= nil then
      if given then misuse("lofty.client: give " .. given .. " or " .. name .. ", not both") end
      given = name
    end
  end
  if given then return given, opt[given] end
  if opt.customer_key ~= nil then return nil end
  for _, name in ipairs { "api_key", "refresh_token", "access_token" } do
    local value = config.get(name)
    if value then return name, value end
  end
end

-- For `lofty.client` only: raises on its caller's line.
local function checked_token(fields)
  local held, err = token.wrap(fields)
  if not held then misuse("lofty.client: " .. err.message) end
  return held
end

--- A client of one account.
--
--     lofty.client { api_key = "..." }                       -- a personal API key
--     lofty.client { access_token = "..." }                  -- a token that is not refreshed
--     lofty.client { token = t, on_refresh = save, client_id = "...", client_secret = "..." }
--     lofty.client { client_id = , client_secret = , customer_key = }  -- the client_credentials grant
--     lofty.client()      -- from the environment
--
-- From the environment comes what is set first of LOFTY_API_KEY, LOFTY_REFRESH_TOKEN, LOFTY_ACCESS_TOKEN and
-- LOFTY_CUSTOMER_KEY, with LOFTY_CLIENT_ID and LOFTY_CLIENT_SECRET where a token is granted. The server may end
-- LOFTY_REFRESH_TOKEN at the first refresh, so a `store` or `on_refresh` is required that saves the next token; if
-- LOFTY_ACCESS_TOKEN is set, too, it is used until it has to be refreshed.
--
-- Further options, all with defaults: `base_url`; `timeout` (seconds, or `{connect = 10, total = 60}`); `ca`
-- (a file of certificates to trust instead of the system's); `proxy`; `user_agent`; `max_body` (bytes);
-- `validate` (false: send fields that are not known); `retry` (false, or a policy); `limit` (calls a minute);
-- `on_request`, `on_response`, `on_retry`, `on_refresh`, `on_error`, `on_wait` (functions); `runtime`; and those of
-- `lofty.app` that a refresh needs. `on_error(err)` gets failures that no call returns: a lock that could
-- not be released, a refresh that failed while the old token is still accepted, a rate limit that the store could not
-- count.
-- @tparam[opt] table opt
-- @treturn table the client
function lofty.client(opt)
  opt = require "lofty.internal.options"("lofty.client", opt, client.account_options)
  local given, credential = credential_of(opt)
  if given == "token" and type(credential) ~= "table" then
    misuse("lofty.client: token must be a table, got " .. type(credential) .. "; text goes into access_token")
  end
  local full = complete(opt)
  for _, name in ipairs(CREDENTIALS) do full[name] = nil end

  if given == "refresh_token" then
    if opt.store == nil and opt.on_refresh == nil then
      misuse("lofty.client: LOFTY_REFRESH_TOKEN needs a store or on_refresh that keeps the token that follows it")
    end
    if full.client_id == nil then misuse("lofty.client: LOFTY_REFRESH_TOKEN needs client_id, or LOFTY_CLIENT_ID") end
    local made = app.client_of_refresh_token(app.new(full), credential, config.get("access_token"))
    return made
  end

  if given == "token" or not given then
    local can_grant = full.client_id and (given or full.client_secret and full.customer_key)
    if can_grant then
      local held_by = app.new(full)
      if given then credential = checked_token(credential) end
      local made = held_by:client(credential)
      return made
    end
    if not given then
      misuse("lofty.client: no credential: give api_key, token or access_token, or set LOFTY_API_KEY")
    end
  end

  local store = full.store
  if store ~= nil and type(store) ~= "table" and type(store) ~= "userdata" then
    misuse("lofty.client: store must be a store, got " .. type(store))
  end

  local held
  if given == "token" then
    held = checked_token(credential)
  else
    held = token.fixed(credential, given == "api_key" and "token" or "Bearer")
    if not held then misuse("lofty.client: " .. given .. " must be a string of printable ASCII, not empty") end
  end
  local settings = client.settings(full)
  return client.new {
    source = require "lofty.oauth.static_source"(held), settings = settings, account = held.account,
    limiter = limiter.new {
      key = full.client_id, limit = full.limit, store = store, runtime = settings.runtime,
      on_wait = settings.on_wait, on_error = settings.on_error,
    },
  }
end

--- Calls `fn(item, index)` for every item, many at the same time in one thread. Inside it any call of a
-- client waits without stopping the others.
-- @tparam table list
-- @tparam function fn its first result is the item's; `nil, err` or a raised error is the item's failure
-- @tparam[opt] table opt `concurrency` (16), `on_progress(done, total)`. When on_progress raises, no further item is
-- started, and `map` raises an err with the `results` and `errors` so far and what was raised as `cause`
-- @treturn table results, by index
-- @treturn ?table errors, by index; nil when there are none
function lofty.map(list, fn, opt)
  local results, failures = default_runtime():map(list, fn, opt)
  return results, failures
end

--- Returns its arguments, or raises the error that a failed call returned, as it is.
-- (The `assert` of Lua 5.1 and 5.2 accepts only strings as messages.)
-- @param ... the results of a call
-- @return the same values; if the first is nil or false, the second is raised instead
function lofty.assert(...)
  if select("#", ...) > 0 and not (...) then
    local err = select(2, ...)
    error(err == nil and "assertion failed!" or err, 0)
  end
  return ...
end

-- Stores, each loaded at first use.
lofty.store = setmetatable({}, {
  __index = function(self, name)
    local known = { memory = true, file = true, shdict = true, redis = true }
    if not known[name] then return nil end
    local make = require("lofty.store." .. name)
    self[name] = make
    return make
  end,
})

-- Inside nginx a handler reads the request and writes the response itself, as a handler for `content_by_lua`.
local function load_webhook()
  local webhook = require "lofty.webhook"
  local runtime = default_runtime()
  if not runtime.handler then return webhook end
  local wrapped = {}
  for name, value in pairs(webhook) do wrapped[name] = value end
  function wrapped.handler(opt)
    local respond = webhook.handler(opt)
    local handle = runtime:handler(respond)
    return handle
  end
  return wrapped
end

local function load_spool()
  local make, webhook = require("lofty.spool").file, require "lofty.webhook"
  -- The handler has already checked the size of a delivery before it is spooled.
  local function parse(body) return webhook.parse(body, { max_events = math.huge, json = "repair" }) end
  return { file = function(opt) return make(opt, default_runtime(), parse) end }
end

-- Loaded at first use.
local LATER = {
  --- JSON with exact numbers: `decode` and `encode`.
  json = function() return require "lofty.json" end,
  --- Replaces the unknown ids in the results of a dry run; a call that contains it is shown and not sent.
  placeholder = function() return require("lofty.client.dry_run").placeholder end,
  --- Makes text from outside safe to print in a terminal or a log; see `lofty.errors`.
  sanitize = function() return errors.sanitize end,
  runtime = function() return require "lofty.runtime.loop" end,
  spool = load_spool,
  webhook = load_webhook,
  time = function() return require "lofty.time" end,
  inspect = function() return require "lofty.inspect" end,
}

setmetatable(lofty, {
  __index = function(self, name)
    local load = LATER[name]
    if not load then return nil end
    local value = load()
    self[name] = value
    return value
  end,
})

return lofty
