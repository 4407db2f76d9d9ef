--- One account's calls: authorize, send, retry, decode, tell what went wrong.
-- @module lofty.client

local answer = require "lofty.http.response"
local core = require "lofty.core"
local errors = require "lofty.errors"
local rate = require "lofty.http.rate_headers"
local redact = require "lofty.internal.redact"
local retry = require "lofty.pacing.retry"
local url_policy = require "lofty.http.url_policy"
local version = require "lofty.internal.version"

local error, pairs, type, tostring, setmetatable, require = error, pairs, type, tostring, setmetatable, require
local getmetatable, rawget, rawset, next = getmetatable, rawget, rawset, next
local find, format, lower, sub = string.find, string.format, string.lower, string.sub
local floor = math.floor
local json_encode, path_expand, query_encode = core.json_encode, core.path_expand, core.query_encode
local read_answer, read_rate, decide, is_safe = answer.read, rate.read, retry.decide, retry.safe

local API_URL = "https://api.lofty.com"
local USER_AGENT = "lofty-lua/" .. version

local client = {}

--- The names of the options that every client takes.
client.options = {
  base_url = true, runtime = true, timeout = true, ca = true, proxy = true, user_agent = true, validate = true,
  retry = true, max_body = true, on_request = true, on_response = true, on_retry = true, on_refresh = true,
  on_error = true, on_wait = true,
}
local HOOKS = { "on_request", "on_response", "on_retry", "on_refresh", "on_error", "on_wait" }
local TYPES = {
  base_url = "string", ca = "string", proxy = "string", user_agent = "string", validate = "boolean", runtime = "table",
  max_body = "number",
}
for i = 1, #HOOKS do TYPES[HOOKS[i]] = "function" end
local TIMEOUTS = { connect = true, total = true }

-- What is wrong with an option's type shows here, on the caller's line, and not deep in a transport.
local function check_types(opt, level)
  for name, expected in pairs(TYPES) do
    local value = opt[name]
    if value ~= nil and type(value) ~= expected then
      error(format("%s must be a %s, got %s", name, expected, type(value)), level + 1)
    end
  end
  if opt.user_agent and find(opt.user_agent, "%c") then
    error("user_agent must be one line, without control characters", level + 1)
  end
  if opt.max_body and not (opt.max_body >= 1 and opt.max_body < 2 ^ 53) then
    error("max_body must be a number of bytes, 1 or more and less than 2^53", level + 1)
  end
  local limit = opt.limit
  if limit ~= nil and (type(limit) ~= "number" or limit < 1 or limit ~= floor(limit)) then
    error("limit must be a whole number of calls a minute, 1 or more", level + 1)
  end
end

local function timeouts(value, level)
  local connect, total = core.limits.connect_timeout, core.limits.total_timeout
  if type(value) == "number" then
    total = value
  elseif type(value) == "table" then
    errors.options("timeout", value, TIMEOUTS, level + 1)
    connect, total = value.connect or connect, value.total or total
  elseif value ~= nil then
    error("timeout must be seconds, or { connect = seconds, total = seconds }", level + 1)
  end
  if type(connect) ~= "number" or type(total) ~= "number" or not (connect > 0 and total > 0 and total < 86400) then
    error("timeout must be more than 0 and less than 86400 seconds", level + 1)
  end
  return { connect = connect < total and connect or total, total = total }
end

-- What is wrong with a base URL, or nil.
local function base_url_problem(url)
  local parsed, problem = url_policy.parse(url)
  if parsed and (parsed.target ~= sub(url, #parsed.origin + 1) or find(url, "?", 1, true)) then
    problem = "the URL has a query or a fragment, which has no meaning in a base URL"
  end
  return problem
end

--- Checks the options that every client takes, and fills in what they leave out.
-- @tparam table opt
-- @tparam number level for `error`
-- @tparam[opt] table from settings to take what opt leaves out from
-- @treturn table settings
function client.settings(opt, level, from)
  from = from or {}
  check_types(opt, level + 1)
  if from.trace then opt = from.trace(opt) end
  local function pick(name)
    if opt[name] ~= nil then return opt[name] end
    return from[name]
  end
  local url = (pick("base_url") or API_URL):gsub("/+$", "")
  local problem = base_url_problem(url)
  if problem then error("base_url: " .. problem, level + 1) end
  local proxy = opt.proxy
  local settings = {
    base_url = url, runtime = pick("runtime"), ca = pick("ca"), max_body = pick("max_body"),
    user_agent = pick("user_agent") or USER_AGENT, validate = pick("validate") ~= false,
    retry = opt.retry == nil and from.retry or retry.policy(opt.retry, level + 2),
    timeout = opt.timeout == nil and from.timeout or timeouts(opt.timeout, level + 1), trace = pick("trace"),
    -- In a function, since it may hold a password, and a dump of the client shows its fields.
    proxy = proxy and function() return proxy end or from.proxy,
  }
  for i = 1, #HOOKS do settings[HOOKS[i]] = pick(HOOKS[i]) end
  return settings
end

--- Counters as `stats` gives them.
-- @treturn table
function client.new_counts()
  return { calls = 0, requests = 0, retries = 0, refreshes = 0, waits = 0, waited = 0 }
end

local methods = {}
local Client = { __name = "lofty.client" }

--- Methods first, then resources; what was found is kept in the client: `crm.leads` is made at its first use.
function Client:__index(name)
  local found = methods[name]
  if found == nil and type(name) == "string" then found = require("lofty.api.resources").bind(self, name) end
  if found ~= nil then rawset(self, name, found) end
  return found
end

--- Without any secret.
function Client:__tostring()
  local account = rawget(self, "account")
  return "lofty.client: " .. self.settings.base_url .. (account and ", account " .. account or "")
end

--- Makes a client.
-- @tparam table parts `source` (see `lofty.oauth.source`), `settings` (of `client.settings`), `limiter`, `counts`,
--   `account` (string, for messages; may be nil), `add_secrets(list)` (adds what no err of this client may show)
-- @treturn table
function client.new(parts)
  local settings = parts.settings
  local user_agent, proxy, add_secrets = settings.user_agent, settings.proxy, parts.add_secrets
  -- The last credential's headers, kept so that a transport sees the same table again. In a function, not
  -- in a field that a dump of the client would show.
  local held, plain, headers
  local function headers_for(token, accept)
    if token ~= held or accept ~= plain then
      held, plain = token, accept
      headers = {
        ["Authorization"] = token:authorization(), ["Content-Type"] = "application/json",
        ["Accept"] = accept or "application/json", ["User-Agent"] = user_agent,
      }
    end
    return headers
  end
  -- What no err of this client may show: the credential that was sent last, and what goes with it.
  local function secrets()
    local list = {}
    redact.add_token(list, held)
    redact.add_userinfo(list, proxy and proxy())
    if add_secrets then add_secrets(list) end
    return list
  end
  return setmetatable({
    source = parts.source, headers_for = headers_for, secrets = secrets, settings = settings,
    counts = parts.counts or client.new_counts(), limiter = parts.limiter, account = parts.account or false,
    validate = settings.validate,
  }, Client)
end

-- `doubt`: an earlier try of a write got no answer, so that its fate is unknown whatever stopped the call in the end.
local function annotate(err, call, self, doubt)
  err.operation = call.operation
  if doubt and not err.outcome_unknown then
    err.sent, err.outcome_unknown = true, true
    err.message = err.message .. answer.look(call)
  end
  if self.account then err.account = err.account or self.account end
  return err
end

-- Removes from an err the client's secrets and those of one call: it is about to be handed out.
-- `token` is the one that the call was sent with, `refused` an access token that it was sent with before.
local function without_secrets(err, self, call, token, refused)
  local secrets = self.secrets()
  redact.add_token(secrets, token)
  secrets[#secrets + 1] = refused
  redact.add_callback_url(secrets, type(call.body) == "table" and call.body.callbackUrl)
  return redact.err(err, secrets)
end

-- A write that was sent and got no answer: nobody knows what became of it.
local function lost(err, call)
  if err.sent and call.class ~= "read" then
    err.outcome_unknown = true
    err.message = err.message .. answer.look(call)
  end
  return err
end

local function no_credential(call)
  return errors.new {
    kind = "auth", operation = call.operation, sent = false,
    message = "the access token was refused and there is nothing to renew it with: give client_id and "
      .. "client_secret beside a token that has a refresh_token",
  }
end

-- Where the call goes and its body as it goes out, or nil, err before anything is sent.
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

--- Sends one call: what resources and the call by path are made of.
-- @tparam table call `operation` (its name in errors), `method`, `path` (template), `params` (for the
--   template), `query`, `body`, `class` ("read", "idempotent", "create" or "notify": how safe it is to repeat, see
--   `lofty.pacing.retry`), `unwrap`, `accept`, `find` (what would tell the fate of a lost write)
-- @return[1] the value
-- @treturn[1] table response: `status`, `headers`, `rate`, `attempts`, `url`, `elapsed`
-- @treturn[2] nil
-- @treturn[2] table err
function methods:send(call)
  local settings, counts, limiter = self.settings, self.counts, self.limiter
  local runtime, operation, class = settings.runtime, call.operation, call.class
  local url, body = prepare(self, call)
  if not url then return nil, body end
  counts.calls = counts.calls + 1

  local token, err = self.source()
  if not token then
    return nil, err and annotate(without_secrets(err, self, call), call, self) or no_credential(call)
  end
  local request = {
    method = call.method, url = url, body = body,
    once = class == "create" or class == "notify" or settings.retry.attempts == 1 or nil,
    timeout = settings.timeout, max_body = settings.max_body, ca = settings.ca,
    proxy = settings.proxy and settings.proxy(),
  }
  local on_request, on_response = settings.on_request, settings.on_response
  local started, attempt, refused, doubt = runtime:monotonic(), 0, nil, nil

  while true do
    attempt = attempt + 1
    local waited = limiter:acquire(operation)
    if waited > 0 then counts.waits, counts.waited = counts.waits + 1, counts.waited + waited end
    request.headers = self.headers_for(token, call.accept)
    if on_request then
      on_request { operation = operation, method = call.method, path = call.path, attempt = attempt }
    end
    counts.requests = counts.requests + 1
    -- The transport's table, without the body, becomes what the caller is given.
    local response, fault = runtime:request(request)

    local value, retry_after, took
    if response then
      local headers, status, now = response.headers, response.status, runtime:now()
      local limits
      limits, retry_after = read_rate(headers, now, status)
      limiter:observe(operation, limits, status, retry_after)
      took, response.elapsed = response.elapsed, runtime:monotonic() - started
      value, fault = read_answer(response, call, token)
      response.rate, response.attempts, response.url = limits, attempt, url
      response.body = nil
    end
    if fault then
      fault.response = response
      without_secrets(fault, self, call, token, refused)
    end
    if on_response then
      on_response {
        operation = operation, method = call.method, path = call.path, attempt = attempt,
        status = response and response.status, elapsed = took, err = fault or nil,
      }
    end
    if value ~= nil then return value, response end
    fault = annotate(response and fault or lost(fault, call), call, self, doubt)
    doubt = fault.outcome_unknown
    fault.retry_after = retry_after

    if fault.kind == "auth" and not refused then
      refused = token.access_token
      local renewed, why = self.source(refused)
      if not renewed then
        return nil, why and annotate(without_secrets(why, self, call, token), call, self, doubt) or fault
      end
      token = renewed
    else
      local wait, reason = decide {
        class = class, err = fault, attempt = attempt, elapsed = runtime:monotonic() - started,
        policy = settings.retry,
      }
      if not wait then
        -- Whether the caller may try again, later.
        fault.retryable = (is_safe(class, fault))
        return nil, fault
      end
      counts.retries = counts.retries + 1
      if settings.on_retry then
        settings.on_retry {
          operation = operation, method = call.method, path = call.path, attempt = attempt, wait = wait,
          reason = reason, err = fault,
        }
      end
      if wait > 0 then runtime:sleep(wait) end
      -- A wait may outlast the token.
      local last = token
      token, err = self.source(refused)
      if not token then
        return nil, err and annotate(without_secrets(err, self, call, last, refused), call, self, doubt) or fault
      end
    end
  end
end

-- The names of a template belong to the path, the rest to `rest`; `query` and `body` say it explicitly.
local function split(method, template, params)
  if type(params) ~= "table" then error(method .. ": a table of parameters expected, got " .. type(params), 3) end
  local query, body = params.query, params.body
  if query ~= nil and type(query) ~= "table" then error(method .. ": query must be a table", 3) end
  local rest
  for name, value in pairs(params) do
    if name ~= "query" and name ~= "body" and not find(template, "{" .. tostring(name) .. "}", 1, true) then
      rest = rest or {}
      rest[name] = value
    end
  end
  if rest then
    local to_body = (method == "POST" or method == "PUT") and body == nil
    if to_body then
      body = rest
    elseif query == nil then
      query = rest
    else
      error(format("%s: %q stands neither in the path nor in query or body", method, tostring(next(rest))), 3)
    end
  end
  return query, body
end

local send = methods.send

-- A client's method that was called with a dot has no client.
local function no_client(name)
  error("crm." .. name .. ": call it with a colon", 3)
end

-- The function that calls one method by path.
local function call_by_path(method)
  local class = retry.class_of(method)
  return function(self, template, params)
    if getmetatable(self) ~= Client then no_client(lower(method)) end
    if type(template) ~= "string" then error(method .. ": a path template expected, got " .. type(template), 2) end
    local call = { operation = method .. " " .. template, method = method, path = template, class = class }
    if params ~= nil then
      call.params = params
      call.query, call.body = split(method, template, params)
    end
    local value, response = send(self, call)
    return value, response
  end
end

--- GET by path: names in the template are taken from params, the rest goes to the query.
--     crm:get("/v1.0/leads/{leadId}", { leadId = id })
-- @function methods:get
-- @tparam string template
-- @tparam[opt] table params `query = {...}` says the query explicitly
-- @return[1] the value: a table, a string, true for an empty answer
-- @treturn[1] table response
-- @treturn[2] nil
-- @treturn[2] table err
methods.get = call_by_path "GET"

--- POST by path: the rest goes to the JSON body; `body =` gives a body as it is (an array, say), and
-- `query =` a query. With neither there is no body.
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

--- Who this client acts for: GET /v1.0/me.
-- @return as `get`
function methods:me()
  if getmetatable(self) ~= Client then no_client "me" end
  local value, response = send(self, { operation = "me", method = "GET", path = "/v1.0/me", class = "read" })
  return value, response
end

--- What this client has done: `calls`, `requests` (with retries), `retries`, `refreshes`, `waits` and
-- `waited` (seconds) for the rate limit.
-- @treturn table a copy
function methods:stats()
  if getmetatable(self) ~= Client then no_client "stats" end
  local copy = {}
  for name, value in pairs(self.counts) do copy[name] = value end
  return copy
end

return client
