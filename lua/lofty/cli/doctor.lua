-- SPDX-License-Identifier: MIT

--- `lofty doctor`: checks the installation, the connection to Lofty and the credential, and says how to fix what is
-- wrong.
-- @module lofty.cli.doctor

local accounts = require "lofty.cli.accounts"
local exit_codes = require "lofty.cli.exit_codes"
local misuse = require "lofty.cli.misuse"

local doctor = {}

-- Seconds by which the clocks may differ.
local MAX_SKEW = 60
-- Below this part of the rate limit, too few calls are left.
local LOW_BUDGET = 0.1

function doctor.define(parser)
  parser:option("--nginx", "also check an nginx.conf: env lines, resolver, trusted certificates"):argname "FILE"
  parser:flag("--offline", "leave out the checks that need the network")
  parser:flag("--json", "print the findings as JSON")
end

-- The findings: `level` ("ok", "warning", "failure"), `subject`, `text`, `fix`.
local function new_findings()
  local list = {}
  local function add(level)
    return function(subject, text, fix)
      list[#list + 1] = { level = level, subject = subject, text = text, fix = fix }
    end
  end
  return { list = list, ok = add "ok", warning = add "warning", failure = add "failure" }
end

-- Returns whether every module that the command needs can be loaded.
local function check_lua(found)
  local lua = type(rawget(_G, "jit")) == "table" and rawget(_G, "jit").version or _VERSION
  found.ok("lua", ("%s, lofty %s"):format(lua, require "lofty.internal.version"))
  local failures, place = require("lofty.cli.modules").check()
  local is_complete = true
  for _, each in ipairs(failures) do
    if each.is_optional then
      found.warning("modules", each.text .. ": stores in Redis cannot be used", each.fix)
    else
      found.failure("modules", each.text, each.fix)
      is_complete = false
    end
  end
  if not is_complete then return false end
  found.ok("modules", "the C modules load" .. (place and ", from " .. place or ""))
  found.ok("libcurl", require("lofty.curl").version())
  return true
end

local function check_trust(found)
  local trust = require("lofty.internal.config").trust()
  for _, path in pairs(trust) do
    local file = io.open(path, "r")
    if not file then
      found.failure("certificates", "cannot read " .. path .. ", which the environment names as trusted",
        "correct CURL_CA_BUNDLE, SSL_CERT_FILE or SSL_CERT_DIR, or unset it to use the system's certificates")
      return
    end
    file:close()
    found.ok("certificates", path)
  end
  if next(trust) == nil then found.ok("certificates", "the system's trusted certificates") end
end

local function check_files(found, context)
  local folder, why = accounts.folder(context.streams)
  if not folder then
    found.warning("credentials", why, "export HOME=...")
    return
  end
  local directory = io.open(folder, "r")
  if not directory then
    found.ok("credentials", "none are stored in " .. folder)
    return
  end
  directory:close()
  local quoted = "'" .. folder:gsub("'", "'\\''") .. "'"
  local pipe = io.popen("find " .. quoted .. " \\( -perm -040 -o -perm -020 -o -perm -010 -o -perm -004 -o -perm -002 "
    .. "-o -perm -001 \\) 2>/dev/null")
  local open = {}
  for path in pipe:lines() do open[#open + 1] = path end
  pipe:close()
  if #open == 0 then
    found.ok("credentials", "only you can read " .. folder)
  else
    found.failure("credentials", ("other users have access to %d files in %s, such as %s")
      :format(#open, folder, open[1]),
      "chmod -R go= " .. quoted)
  end
end

local CONNECTION_FIXES = {
  tls = "install the system's certificates (ca-certificates), check the clock, and check that no proxy in between "
    .. "replaces certificates; to trust an authority of your own, name its file in SSL_CERT_FILE",
  timeout = "check the firewall and the proxy (https_proxy): no response came in time",
  network = "check the network, the firewall and the proxy (https_proxy)",
  invalid = "correct LOFTY_BASE_URL",
}

local function check_clock(found, context, headers)
  local there = headers.date and require("lofty.http.date").parse(headers.date)
  if not there then
    found.warning("clock", "the server's response has no Date", nil)
    return
  end
  local skew = context.streams.now() - there
  if math.abs(skew) > MAX_SKEW then
    found.failure("clock", ("this machine's clock is %d s %s"):format(math.abs(skew), skew > 0 and "fast" or "slow"),
      "set the clock (timedatectl set-ntp true), or tokens are refreshed too early or too late")
  else
    found.ok("clock", ("within %d s of the server's"):format(MAX_SKEW))
  end
end

-- Checks DNS, connection, TLS and clock with one request without a credential. Returns whether the server was reached.
local function check_connection(found, context, base_url)
  local host = base_url:match "^%a+://([^/:]+)" or base_url
  local res, err = require("lofty.runtime.curl"):request {
    method = "GET", url = base_url .. "/", timeout = { connect = 10, total = 20 },
  }
  if res then
    found.ok("dns", host .. " has an address")
    found.ok("connection", ("%s responded in %.2f s, with status %d"):format(base_url, res.elapsed, res.status))
    if base_url:find "^https:" then found.ok("tls", "the certificate is trusted") end
    check_clock(found, context, res.headers)
    return true
  end
  if err.message:find("name is not known", 1, true) then
    found.failure("dns", err.message,
      "check /etc/resolv.conf and LOFTY_BASE_URL: `getent hosts " .. host .. "` must print an address")
  else
    found.failure(err.kind == "tls" and "tls" or "connection", err.message, CONNECTION_FIXES[err.kind]
      or CONNECTION_FIXES.network)
  end
  return false
end

-- Tells whether a variable holds the other kind of credential: whether the server accepts it when sent as such. Returns
-- the finding and its fix; nil otherwise.
local function misplaced(streams, base_url)
  local lofty = require "lofty"
  local key, token = streams.variable "LOFTY_API_KEY", streams.variable "LOFTY_ACCESS_TOKEN"
  local function is_accepted(opt)
    opt.base_url = base_url
    return require("lofty.api.expect").account(lofty.client(opt):me()) ~= nil
  end
  if key and is_accepted { access_token = key } then
    return "LOFTY_API_KEY holds an access token", "set LOFTY_ACCESS_TOKEN instead"
  elseif not key and token and is_accepted { api_key = token } then
    return "LOFTY_ACCESS_TOKEN holds an API key, which Lofty does not accept as Bearer (400, code 200058)",
      "set LOFTY_API_KEY instead"
  end
end

local function check_credential(found, context, crm, who, base_url)
  local account, me, response = require("lofty.api.expect").account(crm:me())
  if account then
    local email = type(me.email) == "string" and me.email or "no e-mail"
    found.ok("credential", ("%s: account %s, %s"):format(who, account, email))
    local rate = response.rate
    if rate and rate.limit and rate.remaining then
      local text = ("%d of %d calls are left in this minute"):format(rate.remaining, rate.limit)
      if rate.remaining < rate.limit * LOW_BUDGET then
        found.warning("rate limit", text, "wait, or share one budget among processes with a Redis store")
      else
        found.ok("rate limit", text)
      end
    end
    return true
  end
  local err, text, fix = me, nil, nil
  if err.kind == "auth" then text, fix = misplaced(context.streams, base_url) end
  found.failure("credential", text or tostring(err), fix or require "lofty.cli.hint"(err))
  return false
end

-- Reads that need different permissions, one call each.
local PROBES = {
  { "leads", "list", { limit = 1 } }, { "members", "list", { limit = 1 } }, { "tasks", "mine", { limit = 1 } },
  { "transactions", "list", { pageSize = 1 } }, { "webhooks", "list" },
}

local function check_scope(found, crm)
  local allowed = {}
  for _, probe in ipairs(PROBES) do
    local resource = crm[probe[1]]
    local op = require("lofty.api.operations.index").verbs(probe[1])[probe[2]]
    local items, err = require("lofty.api.pages").expect(probe[1] .. "." .. probe[2], op.page,
      resource[probe[2]](resource, probe[3]))
    local name = probe[1] .. " " .. probe[2]
    if items then
      allowed[#allowed + 1] = name
    elseif err.kind == "forbidden" then
      found.warning("scope", name .. " is not allowed: " .. err.message,
        "ask for the scope in Lofty's developer portal, or use the credential of the account's owner")
    else
      found.failure("scope", name .. ": " .. tostring(err), require "lofty.cli.hint"(err))
    end
  end
  if #allowed > 0 then found.ok("scope", "allowed: " .. table.concat(allowed, ", ")) end
end

local function check_redis(found, context)
  local url = context.streams.variable "LOFTY_REDIS_URL"
  if not url then return end
  local store, problem = misuse.call(require("lofty").store.redis, { url = url })
  if not store then
    found.failure("redis", problem.message, "correct LOFTY_REDIS_URL: redis://USER:PASSWORD@HOST:PORT/DB")
    return
  end
  local works, err = store:check()
  if works then
    found.ok("redis", "this user may run every command that a store needs")
  else
    found.failure("redis", tostring(err), "start Redis, or grant the user the commands that the message names")
  end
end

local function check_online(found, context)
  local crm, who = context:client()
  if not crm and require("lofty.errors").is(who) and who.kind == "invalid" then
    found.failure("settings", who.message, require "lofty.cli.hint"(who))
    return
  end
  local base_url = crm and crm.settings.base_url or context.streams.variable "LOFTY_BASE_URL" or "https://api.lofty.com"
  if not check_connection(found, context, base_url) then return end
  if not crm then
    found.failure("credential", tostring(who),
      "run `lofty auth login`, or set LOFTY_API_KEY")
  elseif check_credential(found, context, crm, who, base_url) then
    check_scope(found, crm)
  end
end

local function print_findings(list, out)
  local sanitize = require "lofty.internal.sanitize"
  for _, finding in ipairs(list) do
    out:write(("%-8s %-15s %s\n"):format(finding.level, finding.subject, sanitize(finding.text)))
    if finding.fix then out:write((" "):rep(9), "fix: ", sanitize(finding.fix), "\n") end
  end
end

function doctor.run(args, context)
  local found = new_findings()
  local is_complete = check_lua(found)
  check_trust(found)
  check_files(found, context)
  if is_complete and not args.offline then
    check_online(found, context)
    check_redis(found, context)
  end
  if args.nginx then require("lofty.cli.doctor_nginx")(found, args.nginx, context.streams) end
  local out = context.streams.out
  if args.json and not is_complete then
    return context:fail(("%s (without the C modules, --json cannot be used)"):format(found.list[2].text))
  elseif args.json then
    local lofty = require "lofty"
    out:write(require("lofty.cli.terminal_text").json(context.streams, lofty.array(found.list)), "\n")
  else
    print_findings(found.list, out)
  end
  for _, finding in ipairs(found.list) do
    if finding.level == "failure" then return exit_codes.failed end
  end
  return exit_codes.ok
end

return doctor
