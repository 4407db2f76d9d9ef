-- SPDX-License-Identifier: MIT

--- Makes the calls of one account: gets a token, waits for the rate limit, sends, retries, decodes.
-- @module lofty.client

local ascii = require "lofty.internal.ascii"
local check_options = require "lofty.internal.options"
local core = require "lofty.core"
local lazy = require "lofty.internal.lazy"
local rate = require "lofty.http.rate_headers"
local misuse = require "lofty.internal.misuse"
local response_reader = require "lofty.http.response"
local retry_policy = require "lofty.pacing.retry_policy"
local settings_reader = require "lofty.client.settings"

local dry_run = lazy "lofty.client.dry_run"
local errors = lazy "lofty.errors"
local failure = lazy "lofty.client.failure"
local redact = lazy "lofty.internal.redact"

local pairs, type, setmetatable, require = pairs, type, setmetatable, require
local getmetatable, rawget, rawset, next = getmetatable, rawget, rawset, next
local sub = string.sub
local min = math.min
local limits = core.limits
local json_encode, path_expand, query_encode = core.json_encode, core.path_expand, core.query_encode
local read_response, read_rate = response_reader.read, rate.read

local client = {
  --- The names of the options that every client takes, see `lofty.client.settings`.
  options = settings_reader.options,
  --- The names of the options of `lofty.app`.
  app_options = settings_reader.app_options,
  --- The names of the options of `lofty.client`.
  account_options = settings_reader.account_options,
}

--- Reads the options that every client takes, see `lofty.client.settings`.
-- @function settings
client.settings = settings_reader.read

--- Counters as `stats` gives them.
-- @treturn table
function client.new_counts()
  return { calls = 0, requests = 0, retries = 0, refreshes = 0, waits = 0, waited = 0 }
end

local methods = {}
local Client = { __name = "lofty.client" }

--- Looks up methods, then resources. The result is stored in the client: `crm.leads` is made at its first use.
function Client:__index(name)
  local found = methods[name]
  if found == nil and type(name) == "string" then found = require("lofty.api.resources").bind(self, name) end
  if found ~= nil then rawset(self, name, found) end
  return found
end

--- A text without secrets: base URL and account.
function Client:__tostring()
  local account = rawget(self, "account")
  return "lofty.client: " .. self.settings.base_url .. (account and ", account " .. account or "")
end

-- Makes a client with these settings. It shares all its other fields with the clients that are made from it.
local function view(shared, settings)
  return setmetatable({
    source = shared.source, headers_for = shared.headers_for, secrets = shared.secrets, counts = shared.counts,
    limiter = shared.limiter, account = shared.account, settings = settings, validate = settings.validate,
    placeholder = settings.dry_run and dry_run.placeholder,
  }, Client)
end

--- Makes a client.
-- @tparam table parts `source` (see `lofty.oauth.source`), `settings` (of `client.settings`), `limiter`, `counts`,
--   `account` (string, for messages; may be nil), `add_secrets(list)` (adds secrets that this client's errors must not
--   show)
-- @treturn table
function client.new(parts)
  local settings = parts.settings
  local user_agent, proxy, add_secrets = settings.user_agent, settings.proxy, parts.add_secrets
  -- The headers of the last token, so that consecutive requests use the same table. Upvalues: a dump of the client
  -- shows its fields.
  local last_token, last_accept, headers
  local function headers_for(token, accept)
    if token ~= last_token or accept ~= last_accept then
      last_token, last_accept = token, accept
      headers = {
        ["Authorization"] = token:authorization(), ["Content-Type"] = "application/json",
        ["Accept"] = accept or "application/json", ["User-Agent"] = user_agent,
      }
    end
    return headers
  end
  -- The secrets that no err of this client may show: those of the last token, of the proxy and of the application.
  local function secrets()
    local list = {}
    redact.add_token(list, last_token)
    redact.add_userinfo(list, proxy and proxy())
    if add_secrets then add_secrets(list) end
    return list
  end
  return view({
    source = parts.source, headers_for = headers_for, secrets = secrets,
    counts = parts.counts or client.new_counts(), limiter = parts.limiter, account = parts.account or false,
  }, settings)
end

-- The URL of the call and its encoded body, or nil, err if they can't be made.
local function prepare(self, call)
  local path, why = path_expand(call.path, call.params)
  local query, body = call.query, call.body
  if path and query and next(query) ~= nil then
    local text
    text, why = query_encode(query)
    path = text and path .. "?" .. text
  end
  if path and body ~= nil then
    body, why = json_encode(body)
    if not body then path = nil end
  end
  if not path then
    return nil, errors.new { kind = "invalid", sent = false, operation = call.operation, message = why }
  end
  return self.settings.base_url .. path, body
end

-- The token to send the call with; nil, err when there is none.
local function authorize(self, call, state)
  local token, err = self.source(state.rejected, state.deadline)
  if not token then return nil, failure.no_token(self, call, state, err) end
  state.token = token
  return token
end

-- The transport's timeouts, shortened to the time left until the deadline; nil when no time is left.
local function timeout_within(timeout, state, now)
  local left = state.deadline - now
  if left <= 0 then return nil end
  return { connect = min(timeout.connect, left), total = min(timeout.total, left) }
end

-- Waits for the rate limit, then sends the request once. Returns the transport's response, or nil, err; and true as a
-- third result if nothing was sent because the wait would be too long.
local function attempt(self, call, state, request)
  local settings, counts = self.settings, self.counts
  local runtime, on_request = settings.runtime, settings.on_request
  local waited, missing = self.limiter:acquire(call.operation, state)
  if not waited then return nil, failure.not_sent(self, call, state, missing), true end
  if waited > 0 then counts.waits = counts.waits + 1 end
  if state.deadline then
    request.timeout = timeout_within(settings.timeout, state, runtime:monotonic())
    if not request.timeout then return nil, failure.not_sent(self, call, state), true end
  end
  state.number = state.number + 1
  request.headers = self.headers_for(state.token, call.accept)
  if on_request then
    on_request {
      id = state.id, operation = call.operation, method = call.method, path = call.path, attempt = state.number,
    }
  end
  counts.requests = counts.requests + 1
  local response, err = runtime:request(request)
  return response, err
end

-- Evaluates the result of an attempt, and passes it to the limiter and the hooks.
-- Returns the value and the response, or nil, err.
local function observe(self, call, state, response, err)
  local settings = self.settings
  local value, retry_after, elapsed
  if response then
    local runtime = settings.runtime
    local budget
    budget, retry_after = read_rate(response.headers, runtime:now(), response.status)
    self.limiter:observe(call.operation, budget, response.status, retry_after)
    value, err = read_response(response, call, state.token, settings.json == "repair")
    -- The transport's table, without the body, becomes the response that the caller gets.
    elapsed, response.elapsed = response.elapsed, runtime:monotonic() - state.started
    response.rate, response.attempts, response.url = budget, state.number, state.url
    -- A body that could not be decoded stays readable for the caller.
    response.body = err and err.kind == "decode" and sub(response.body, 1, limits.raw_body) or nil
  end
  if err then failure.of_attempt(self, call, state, err, response, retry_after) end
  if settings.on_response then
    settings.on_response {
      id = state.id, operation = call.operation, method = call.method, path = call.path, attempt = state.number,
      status = response and response.status, elapsed = elapsed, err = err or nil,
    }
  end
  if value ~= nil then return value, response end
  failure.annotate(self, call, state, err)
  state.outcome_unknown = err.outcome_unknown
  return nil, err
end

local last_id = 0

-- Loads at the second call the modules for failures, waits, parameters and unusual rate limits: a process with many
-- connections may later have no file descriptor left to load them with.
local function load_for_many()
  require "lofty.client.failure"
  require "lofty.client.split_parameters"
  require "lofty.http.rate_forms"
  require "lofty.pacing.operation_budgets"
  require "lofty.pacing.waits"
end

-- No function from here to the runtime makes a tail call: Lua 5.1 could not yield across it.

--- Sends one call. Operations and calls by path use it.
-- @tparam table call `operation` (its name in errors), `method`, `path` (template), `params` (for the
--   template), `query`, `body`, `class` ("read", "idempotent", "create" or "notify": how safe it is to repeat, see
--   `lofty.pacing.retry`), `unwrap`, `accept`, `find` (a write's recovery hint), `deadline` (monotonic seconds: the end
--   of a walk that this call belongs to, see `client:walk_deadline`)
-- @return[1] the value
-- @treturn[1] table response: `status`, `headers`, `rate`, `attempts`, `url`, `elapsed`
-- @treturn[2] nil
-- @treturn[2] table err
function methods:send(call)
  local settings, counts = self.settings, self.counts
  local shown = settings.dry_run and dry_run.shown(call)
  if shown then
    local url, body = prepare(self, shown)
    if not url then return nil, body end
    local value, response = dry_run.show(self, call, shown, url, body)
    return value, response
  end
  local class, started = call.class, settings.runtime:monotonic()
  local url, body = prepare(self, call)
  if not url then return nil, body end
  local deadline = call.deadline or settings.deadline and started + settings.deadline
  counts.calls, last_id = counts.calls + 1, last_id + 1
  if last_id == 2 then load_for_many() end
  local state = {
    id = last_id, url = url, number = 0, started = started, deadline = deadline,
    ends_at = deadline or started + limits.max_wait, counts = counts,
  }
  local token, err = authorize(self, call, state)
  if not token then return nil, err end
  local request = {
    method = call.method, url = url, body = body,
    once = class == "create" or class == "notify" or settings.retry.attempts == 1 or nil,
    timeout = settings.timeout, max_body = settings.max_body, headers = nil, -- see attempt
  }
  if settings.ca then request.ca = settings.ca end
  if settings.proxy then request.proxy = settings.proxy() end
  while true do
    local response, fault, gave_up = attempt(self, call, state, request)
    if gave_up then return nil, fault end
    local value, result = observe(self, call, state, response, fault)
    if value ~= nil then return value, result end
    local again
    again, err = failure.wait_for_retry(self, call, state, result)
    -- The token may have expired during the wait.
    if again then again, err = authorize(self, call, state) end
    if not again then return nil, err end
  end
end

local send = methods.send

-- A method was called with a dot instead of a colon.
local function no_client(name)
  misuse("crm." .. name .. ": call it with a colon")
end

-- The function that calls one method by path.
local function call_by_path(method)
  local class = retry_policy.class_of(method)
  return function(self, template, params)
    if getmetatable(self) ~= Client then no_client(ascii.lower(method)) end
    if type(template) ~= "string" then misuse(method .. ": a path template expected, got " .. type(template)) end
    local call = { operation = method .. " " .. template, method = method, path = template, class = class }
    if params ~= nil then
      call.params = params
      call.query, call.body = require "lofty.client.split_parameters"(method, template, params)
    end
    local value, response = send(self, call)
    return value, response
  end
end

--- GET by path: names in the template are taken from params, the rest goes to the query.
--     crm:get("/v1.0/leads/{leadId}", { leadId = id })
-- @function methods:get
-- @tparam string template
-- @tparam[opt] table params `query = {...}` gives the query explicitly
-- @return[1] the value: a table, a string, true for an empty body
-- @treturn[1] table response
-- @treturn[2] nil
-- @treturn[2] table err
methods.get = call_by_path "GET"

--- POST by path: names in the template are taken from params, the rest is the JSON body. `body =` gives the body
-- explicitly (an array, say), and `query =` the query. A call without other params and without `body` has no body.
-- @function methods:post
-- @tparam string template
-- @tparam[opt] table params
-- @return as `get`
methods.post = call_by_path "POST"

--- PUT by path: as `post`.
-- @function methods:put
-- @tparam string template
-- @tparam[opt] table params
-- @return as `get`
methods.put = call_by_path "PUT"

--- DELETE by path: as `get`.
-- @function methods:delete
-- @tparam string template
-- @tparam[opt] table params
-- @return as `get`
methods.delete = call_by_path "DELETE"

--- The user whose credential this client has: GET /v1.0/me.
-- @return as `get`
function methods:me()
  if getmetatable(self) ~= Client then no_client "me" end
  local value, response = send(self, { operation = "me", method = "GET", path = "/v1.0/me", class = "read" })
  return value, response
end

--- The counters of this client: `calls`, `requests` (with retries), `retries`, `refreshes`, `waits` (calls that waited
-- for the rate limit) and `waited` (seconds during which at least one call waited for it).
-- @treturn table a copy
function methods:stats()
  if getmetatable(self) ~= Client then no_client "stats" end
  local copy = {}
  for name in pairs(client.new_counts()) do copy[name] = self.counts[name] end
  return copy
end

local VIEW_OPTIONS = {
  timeout = true, deadline = true, retry = true, validate = true, json = true, dry_run = true, on_dry_run = true,
}

--- A view of this client with other options: it shares the credential, the rate limit and the counters. Making one
-- costs a few microseconds.
--     local quick = crm:with{ deadline = 2.5 }
--     local page, err = quick.leads:list{ limit = 5 }
-- @tparam table opt
--   `timeout`, `retry`, `validate`, `json` as for `lofty.client`;
--   `deadline` seconds from each call's start (a walk's: from its first page) that bound all its waits: the rate limit,
--   retries, a token refresh, sending; when it ends, err.kind is "timeout" and the message says what was waited for;
--   `dry_run` true: writes are checked and shown on stderr, or given to `on_dry_run(call)`, and not sent
-- @treturn table a client
function methods:with(opt)
  if getmetatable(self) ~= Client then no_client "with" end
  check_options("with", opt, VIEW_OPTIONS)
  return view(self, client.settings(opt, self.settings))
end

--- The end of a walk over several calls that begins now.
-- @treturn ?number monotonic seconds, for `call.deadline`; nil without a deadline
function methods:walk_deadline()
  local settings = self.settings
  return settings.deadline and settings.runtime:monotonic() + settings.deadline
end

return client
