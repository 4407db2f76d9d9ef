-- SPDX-License-Identifier: MIT

--- The options that every client takes: checked, and completed with their defaults.
-- @module lofty.client.settings

local check_options = require "lofty.internal.options"
local core = require "lofty.core"
local misuse = require "lofty.internal.misuse"
local retry_policy = require "lofty.pacing.retry_policy"
local runtime_contract = require "lofty.runtime.contract"
local url_policy = require "lofty.http.url_policy"
local version = require "lofty.internal.version"

local pairs, type = pairs, type
local find, format, sub = string.find, string.format, string.sub
local floor = math.floor
local limits = core.limits

local FORMER_HOST = "api.chime.me" -- Lofty's former name was Chime
local API_URL = "https://api.lofty.com"
local USER_AGENT = "lofty-lua/" .. version

local settings = {}

--- The names of the options that every client takes.
settings.options = {
  base_url = true, runtime = true, timeout = true, ca = true, proxy = true, user_agent = true, validate = true,
  json = true, retry = true, max_body = true, on_request = true, on_response = true, on_retry = true, on_refresh = true,
  on_error = true, on_wait = true, deadline = true, dry_run = true, on_dry_run = true,
}
--- The names of the options of `lofty.app`.
settings.app_options = {
  client_id = true, client_secret = true, redirect_uri = true, customer_key = true, oauth_server = true,
  token_url = true, authorize_url = true, authentication = true, basic = true, require_state = true, store = true,
  encryption_key = true, limit = true,
}
for name in pairs(settings.options) do settings.app_options[name] = true end
--- The names of the options of `lofty.client`.
settings.account_options = { api_key = true, token = true, access_token = true }
for name in pairs(settings.app_options) do settings.account_options[name] = true end

local HOOKS = { "on_request", "on_response", "on_retry", "on_refresh", "on_error", "on_wait", "on_dry_run" }
local TYPES = {
  base_url = "string", ca = "string", proxy = "string", user_agent = "string", validate = "boolean", runtime = "table",
  max_body = "number", json = "string", dry_run = "boolean",
}
for i = 1, #HOOKS do TYPES[HOOKS[i]] = "function" end
local TIMEOUTS = { connect = true, total = true }

-- Checked here, so that the error names the caller's line.
local function check_types(opt)
  for name, expected in pairs(TYPES) do
    local value = opt[name]
    if value ~= nil and type(value) ~= expected then
      misuse(format("%s must be a %s, got %s", name, expected, type(value)))
    end
  end
  if opt.runtime then runtime_contract.check_runtime(opt.runtime, "runtime") end
  if opt.user_agent and find(opt.user_agent, "%c") then
    misuse("user_agent must be one line, without control characters")
  end
  if opt.max_body and not (opt.max_body >= 1 and opt.max_body < 2 ^ 53) then
    misuse("max_body must be a number of bytes, 1 or more and less than 2^53")
  end
  if opt.json ~= nil and opt.json ~= "strict" and opt.json ~= "repair" then
    misuse('json must be "strict" or "repair"')
  end
  local deadline = opt.deadline
  if deadline ~= nil and (type(deadline) ~= "number" or not (deadline > 0 and deadline < 86400)) then
    misuse("deadline must be more than 0 and less than 86400 seconds")
  end
  local limit = opt.limit
  if limit ~= nil and (type(limit) ~= "number" or limit < 1 or limit ~= floor(limit)) then
    misuse("limit must be a whole number of calls a minute, 1 or more")
  end
end

local function timeouts(value)
  local connect, total = limits.connect_timeout, limits.total_timeout
  if type(value) == "number" then
    total = value
  elseif type(value) == "table" then
    check_options("timeout", value, TIMEOUTS)
    connect, total = value.connect or connect, value.total or total
  elseif value ~= nil then
    misuse("timeout must be seconds, or { connect = seconds, total = seconds }")
  end
  if type(connect) ~= "number" or type(total) ~= "number" or not (connect > 0 and total > 0 and total < 86400) then
    misuse("timeout must be more than 0 and less than 86400 seconds")
  end
  return { connect = connect < total and connect or total, total = total }
end

-- Returns a message if a base URL can't be used, else nil.
local function base_url_problem(url)
  local parsed, problem = url_policy.parse(url)
  if parsed and (parsed.target ~= sub(url, #parsed.origin + 1) or find(url, "?", 1, true)) then
    problem = "the URL has a query or a fragment, which a base URL must not have"
  elseif parsed and parsed.host == FORMER_HOST then
    problem = FORMER_HOST .. " is the API's former address: write " .. API_URL
  elseif parsed and find(parsed.target, "/v%d%.%d$") then
    problem = "leave out the version at its end: the path of each operation begins with it"
  end
  return problem
end

--- Checks the options that every client takes, and fills in what they leave out.
-- @tparam table opt
-- @tparam[opt] table from settings that give the defaults for what opt leaves out
-- @treturn table settings
function settings.read(opt, from)
  from = from or {}
  check_types(opt)
  if from.trace then opt = from.trace(opt) end
  local function pick(name)
    if opt[name] ~= nil then return opt[name] end
    return from[name]
  end
  local url = (pick("base_url") or API_URL):gsub("/+$", "")
  local problem = base_url_problem(url)
  if problem then misuse("base_url: " .. problem) end
  local proxy = opt.proxy
  local read = {
    base_url = url, runtime = pick("runtime"), ca = pick("ca"), max_body = pick("max_body"), json = pick("json"),
    user_agent = pick("user_agent") or USER_AGENT, validate = pick("validate") ~= false,
    retry = opt.retry == nil and from.retry or retry_policy.read(opt.retry),
    timeout = opt.timeout == nil and from.timeout or timeouts(opt.timeout), trace = pick("trace"),
    deadline = pick("deadline"), dry_run = pick("dry_run") or false,
    -- In a function, since it may hold a password, and a dump of the client shows its fields.
    proxy = proxy and function() return proxy end or from.proxy,
  }
  for i = 1, #HOOKS do read[HOOKS[i]] = pick(HOOKS[i]) end
  return read
end

return settings
