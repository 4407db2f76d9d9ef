-- SPDX-License-Identifier: MIT

--- The test kit: starts an emulator of Lofty for a spec, makes clients of it, lets calls fail, tells what was sent.
--
--     local box = require("lofty.sandbox").start { leads = { { firstName = "Ann", createTime = "-3d" } } }
--     box:fail("POST /v1.0/notes", "cut-after")
--     my_script.run(box:client())
--     assert(#box:sent("POST", "/v1.0/notes", { leadId = box.ids.leads[1] }) == 1)
--     box:stop()
--
-- The emulator is nginx with its Lua module on loopback; the box talks to it with curl rather than with the library
-- under test. lua/lofty/sandbox/README.md lists its settings, controls and faults.
-- @module lofty.sandbox

local ascii = require "lofty.internal.ascii"
local clock = require "lofty.sandbox.clock"
local conf = require "lofty.sandbox.server.conf"
local faults = require "lofty.sandbox.server.faults"
local given = require "lofty.sandbox.server.given"
local json = require "lofty.sandbox.server.json"
local misuse = require "lofty.internal.misuse"
local nginx = require "lofty.sandbox.nginx"
local options = require "lofty.internal.options"
local seeds = require "lofty.sandbox.seeds"
local settings = require "lofty.sandbox.server.settings"
local suggest = require "lofty.internal.suggest"

local sandbox = {}

local Box = {
  offset = 0, -- seconds between the sandbox's clock and the real one
  passed = 0, -- seconds that clients waited for without real time
}
Box.__index = Box

local quote = nginx.quote

-- The absolute path of the folder that holds lofty/, for nginx's lua_package_path.
local function module_folder()
  local folder = debug.getinfo(1, "S").source:match("^@(.*)/lofty/sandbox%.lua$") or "."
  return nginx.shell("cd " .. quote(folder) .. " && pwd")
end

local function random_hex(bytes)
  local file = assert(io.open("/dev/urandom", "rb"))
  file:setvbuf("no")
  local text = file:read(bytes)
  file:close()
  return ascii.hex(text)
end

-- What curl printed; its own failure is an error of the spec.
local function curl(arguments)
  return nginx.shell("curl -sS --noproxy '*' --max-time 30 " .. arguments)
end

-- Credentials are new at each start. The secret has characters that careless encoding ruins.
local function credentials()
  local function key() return "eyJhbGciOiJIUzUxMiJ9." .. random_hex(24) .. "." .. random_hex(16) end
  return {
    client_id = "sandbox-" .. random_hex(6), client_secret = "s+/=%&" .. random_hex(16),
    public_client_id = "sandbox-public-" .. random_hex(6),
    api_keys = { ["113209"] = key(), ["9007199254740993"] = key(), ["113377"] = key() },
  }
end

-- The options of start besides the emulator's settings and the records.
local OWN = { workers = true, redirect_uri = true, redirect_uris = true, app_name = true, tls = true }
local OPTIONS = {}
for _, names in ipairs { OWN, settings.names, seeds.resources } do
  for name in pairs(names) do OPTIONS[name] = true end
end

-- Checks the options before the server is started, so that the error names the caller's line. Returns the records.
local function check_options(opt)
  options("lofty.sandbox.start", opt, OPTIONS)
  for name, value in pairs(opt) do
    local problem = settings.names[name] and settings.problem(name, value)
    if problem then misuse("lofty.sandbox.start: " .. problem) end
  end
  local records, problem = seeds.read(opt, os.time())
  if problem then misuse("lofty.sandbox.start: " .. problem) end
  return records
end

local function settings_of(opt, secret, records, url)
  local all = { app_name = opt.app_name or "Sandbox Demo", seeds = records,
                redirect_uris = json.array(opt.redirect_uris or { opt.redirect_uri or url .. "/callback" }) }
  for name, value in pairs(secret) do all[name] = value end
  for name, value in pairs(opt) do
    if settings.names[name] then all[name] = value end
  end
  return all
end

--- Starts a sandbox on ports of its own.
--
--     sandbox.start {
--       leads = { { firstName = "Ann", createTime = "-3d", notes = { { content = "called" } } } },
--       rate_limit = 100,
--     }
--
-- With `leads`, `members`, `notes`, `tasks`, `calls`, `texts` or `emails` (arrays of records) the box's account has
-- these records and no generated ones. The same records get the same ids at each start: `box.ids.leads[1]` is that of
-- the first lead. A time is "-3d" (s, m, h, d or w before or after the start), epoch seconds, or ISO 8601 with an
-- offset. A note, task, call, text or e-mail names its lead by `leadId`; all but e-mails may stand in the lead instead.
-- @tparam[opt] table opt records; settings of lua/lofty/sandbox/README.md; `workers` (processes, default 1);
-- `redirect_uri`, `redirect_uris`, `app_name`; `tls` = {certificate =, certificate_key =} listens on a second port with
-- TLS too
-- @treturn table the box: `url`, `tls_url`, `token_url`, `developer_token_url`, `authorize_url`, `client_id`,
-- `client_secret`, `public_client_id`, `redirect_uri`, `account`, `api_key`, `customer_key`, `api_keys` (by account),
-- `ids` (by resource), `pid`, `folder`. Raises for a wrong option or record, which it names, and where nginx or its Lua
-- module is not installed.
function sandbox.start(opt)
  opt = opt or {}
  local records = check_options(opt)
  if nginx.shell "command -v curl" == "" then misuse "the sandbox needs curl: install the package curl" end
  local folder, secret, fixed = module_folder(), credentials(), nil
  local server = nginx.start {
    ports = opt.tls and 2 or 1,
    conf = function(ports, place)
      fixed = settings_of(opt, secret, records, "http://127.0.0.1:" .. ports[1])
      nginx.write(place .. "/settings.json", json.encode(fixed))
      return conf { root = folder, port = ports[1], settings = place .. "/settings.json", workers = opt.workers,
                    tls_port = opt.tls and ports[2], certificate = opt.tls and opt.tls.certificate,
                    certificate_key = opt.tls and opt.tls.certificate_key }
    end,
  }
  local url = "http://127.0.0.1:" .. server.ports[1]
  local account = records and given.account or "113209"
  return setmetatable({
    server = server, pid = server.pid, folder = server.folder, url = url,
    tls_url = opt.tls and "https://127.0.0.1:" .. server.ports[2] or nil,
    token_url = url .. "/api/user-web/oauth/token", developer_token_url = url .. "/oauth/token",
    authorize_url = url .. "/page/vendor-auth.html", client_id = secret.client_id, client_secret = secret.client_secret,
    public_client_id = secret.public_client_id, redirect_uri = fixed.redirect_uris[1], account = account,
    api_key = secret.api_keys[account], customer_key = secret.api_keys[account], api_keys = secret.api_keys,
    ids = records and seeds.ids(records) or nil,
  }, Box)
end

--- Makes a box of a sandbox that runs already, such as that of `make sandbox` or of the demo.
-- @tparam string url its address
-- @tparam string folder for curl's files
function sandbox.attach(url, folder)
  return setmetatable({ url = url, folder = folder, account = "113209" }, Box)
end

local ESCAPES = { ["\\"] = "\\\\", ['"'] = '\\"', ["\n"] = "\\n", ["\r"] = "\\r", ["\t"] = "\\t", ["\v"] = "\\v" }

-- A value in a file of curl's options.
local function config_word(text)
  return '"' .. text:gsub('[\\"\n\r\t\v]', ESCAPES) .. '"'
end

--- One HTTP request by curl.
-- @tparam string method
-- @tparam string url an address, or a path of the sandbox
-- @tparam[opt] table opt headers (name -> value), body
-- @treturn number status, 0 when the connection ended before a head
-- @treturn string body
-- @treturn table headers by lower-case name
function Box:request(method, url, opt)
  opt = opt or {}
  if url:sub(1, 1) == "/" then url = self.url .. url end
  self.requests = (self.requests or 0) + 1
  local base = ("%s/curl-%d"):format(self.folder, self.requests)
  -- A file in a folder that is closed to others: everybody on the machine can read a command line.
  local lines = {}
  local function add(option, value) lines[#lines + 1] = option .. " = " .. config_word(value) end
  add("url", url)
  add("request", method)
  add("output", base .. ".body")
  add("dump-header", base .. ".head")
  add("write-out", "%{http_code}")
  for name, value in pairs(clock.headers(self, opt.headers)) do add("header", name .. ": " .. value) end
  if opt.body then
    nginx.write(base .. ".sent", opt.body)
    add("data-binary", "@" .. base .. ".sent")
    if not opt.headers or not opt.headers["Content-Type"] then add("header", "Content-Type:") end
  end
  nginx.write(base .. ".curl", table.concat(lines, "\n") .. "\n")
  local said = curl("-g -K " .. quote(base .. ".curl") .. " 2>/dev/null")
  local headers = {}
  for name, value in nginx.contents(base .. ".head"):gmatch("([^\r\n:]+): ?([^\r\n]*)") do
    headers[ascii.lower(name)] = value
  end
  local body = nginx.contents(base .. ".body")
  for _, ending in ipairs { ".body", ".head", ".sent", ".curl" } do os.remove(base .. ending) end
  return tonumber(said:match("%d+$")) or 0, body, headers
end

--- A control of lua/lofty/sandbox/README.md; a refused one is an error. "clock" moves the clocks of the box's clients,
-- too.
-- @tparam string name
-- @tparam[opt] table opt
-- @treturn table
function Box:control(name, opt)
  local status, body = self:request("POST", "/_sandbox/" .. name, {
    headers = { ["Content-Type"] = "application/json" }, body = json.encode(opt or {}),
  })
  local value, why = json.decode(body)
  assert(value ~= nil, why)
  if status ~= 200 then error("the sandbox's control " .. name .. ": " .. tostring(value.error), 2) end
  if name == "clock" then
    self.passed, self.offset = self.passed + math.max(0, value.offset - self.offset), value.offset
  elseif name == "reset" then
    self.offset = 0
  end
  return value
end

--- Restores the state at the start: records, settings, faults, clock; empties the journal and the deliveries.
function Box:reset() self:control("reset") end

-- The options that a client and an application of this box have in common, with the caller's above them.
local function options_of(self, opt, own)
  self.runtime = self.runtime or clock.runtime(self, require "lofty.runtime.curl")
  own.base_url, own.runtime = self.url, self.runtime
  if type(opt) == "table" then
    for name, value in pairs(opt) do own[name] = value end
  elseif opt ~= nil then
    misuse("a table of options expected, got " .. type(opt))
  end
  return own
end

-- What an application at this box's vendor OAuth server needs.
local function oauth_options(self)
  return { client_id = self.client_id, client_secret = self.client_secret, redirect_uri = self.redirect_uri,
           oauth_server = "vendor", token_url = self.token_url, authorize_url = self.authorize_url }
end

--- A client of the box's account. Its waits (for the rate limit, before a retry) cost no real time: they move the
-- box's clock and the client's. Requests are real.
-- @tparam[opt] table opt options of `lofty.client`: other credentials, hooks, ...; `api_key` is the box's unless
-- `token` or `access_token` is given
-- @treturn table
function Box:client(opt)
  local has_token = type(opt) == "table" and opt.token ~= nil
  local full = options_of(self, opt, has_token and oauth_options(self) or {})
  if not has_token and full.access_token == nil and full.api_key == nil then full.api_key = self.api_key end
  local made = require("lofty").client(full)
  return made
end

--- An application of the box's vendor OAuth server. The waits of its clients cost no real time, as those of `client`.
-- @tparam[opt] table opt options of `lofty.app`: a store, hooks, ...
-- @treturn table
function Box:app(opt)
  local made = require("lofty").app(options_of(self, opt, oauth_options(self)))
  return made
end

local FAIL_OPTIONS = { times = true, skip = true }

--- Makes the next matching call fail.
--     box:fail("POST /v1.0/notes", "cut-after")
--     box:fail("GET /v1.0/leads/{leadId}", "unavailable", { times = 3, skip = 1 })
-- @tparam string call method and path; {name} stands for any segment of the path, * at its end for anything. Raises
-- when the API has no such call.
-- @tparam string fault the name of a fault, see `sandbox.faults` and lua/lofty/sandbox/README.md
-- @tparam[opt] table opt `times` (how many calls fail, default 1; 0: until `box:reset()`), `skip` (after how many)
function Box:fail(call, fault, opt)
  opt = opt or {}
  options("box:fail", opt, FAIL_OPTIONS)
  local method, path = require("lofty.sandbox.calls").split("box:fail", call)
  if not faults.presets[fault] then
    local _, hint = suggest(fault, faults.presets)
    misuse(("box:fail: unknown fault %q%s (one of %s)"):format(tostring(fault), hint,
      table.concat(sandbox.faults, ", ")))
  end
  self:control("fault", { method = method, path = path, preset = fault, times = opt.times, skip = opt.skip })
end

--- The calls that the box has received, oldest first; also those that it answered with a failure.
--     box:sent("POST", "/v1.0/notes", { leadId = id, content = "called" })
-- @tparam string method
-- @tparam string path as in `fail`
-- @tparam[opt] table fields that a call must have, in its body, its query or its path; others may be there too. Ids may
-- be numbers or strings. Raises for a field that the call does not have. An array: the items of the body.
-- (The journal holds the last 5000 requests, see the setting journal_size.)
-- @treturn table of calls: `method`, `path`, `query` (name -> string), `body` (decoded), `headers`
function Box:sent(method, path, fields)
  local requests, dropped = self:journal()
  if dropped > 0 then
    misuse(("box:sent: the journal has dropped %d requests: start the sandbox with a larger journal_size, or empty it "
      .. "with box:journal(true)"):format(dropped))
  end
  local found = require("lofty.sandbox.calls").find("box:sent", requests, method, path, fields)
  return found
end

--- The deliveries of the subscribed webhooks, oldest first, as requests for a handler of `lofty.webhook`. Waits for
-- those of earlier writes.
--     for _, request in ipairs(box:deliveries()) do hook(request) end
-- @tparam[opt] boolean reset forgets them
-- @treturn table of requests: `method`, `path`, `headers`, `body`; `url`; `status` of the response when it was posted
-- to 127.0.0.1, or `problem` when that failed
function Box:deliveries(reset)
  local list = self:control("deliveries", { reset = reset == true }).deliveries
  for _, one in ipairs(list) do
    one.method, one.headers = "POST", { ["content-type"] = "application/json" }
    one.path = one.url:match "^%a+://[^/]*(/.*)$" or "/"
  end
  return list
end

local ENTITIES = { amp = "&", lt = "<", gt = ">", quot = '"', ["#39"] = "'" }

local function form_word(text)
  return (text:gsub("[^%w%-._~]", function(c) return ("%%%02X"):format(c:byte()) end))
end

--- Does what a user does in a browser: opens the page, chooses an account, presses Allow (or Deny).
-- @tparam string authorize_url
-- @tparam[opt] table opt account (default the first), deny
-- @treturn string the address that the browser would be sent to
function Box:consent(authorize_url, opt)
  opt = opt or {}
  local status, page = self:request("GET", authorize_url)
  assert(status == 200, "the consent page answered " .. status .. ": " .. (page:match("<p>(.-)</p>") or ""))
  local decision = opt.deny and "deny" or "allow"
  local fields = { "account=" .. form_word(opt.account or self.account), "decision=" .. decision }
  for name, value in page:gmatch('<input type="hidden" name="([^"]*)" value="([^"]*)">') do
    value = value:gsub("&(#?%w+);", ENTITIES)
    fields[#fields + 1] = form_word(name) .. "=" .. form_word(value)
  end
  local code, _, headers = self:request("POST", "/page/vendor-auth.html", {
    headers = { ["Content-Type"] = "application/x-www-form-urlencoded" }, body = table.concat(fields, "&"),
  })
  assert(code == 302, "the consent page answered " .. code)
  return headers.location
end

--- Issues tokens of an account without the consent page.
-- @tparam[opt] string account default the first
-- @treturn table the fields of a token response
function Box:issue(account)
  return self:control("issue", { account = account or self.account })
end

--- The requests received so far, oldest first.
-- @tparam[opt] boolean reset empties the journal
-- @treturn table of requests: `method`, `path`, `query`, `headers`, `body` (texts), `connection` (a number)
-- @treturn number how many earlier ones were dropped because the journal was full
function Box:journal(reset)
  local journal = self:control("journal", { reset = reset == true })
  return journal.requests, journal.dropped
end

--- The lines of its error log that report errors: empty unless the sandbox itself has failed.
-- @treturn string
function Box:complaints()
  local out = {}
  for line in self.server:log():gmatch("[^\n]+") do
    if line:find("%[error%]") or line:find("%[crit%]") or line:find("%[alert%]") or line:find("%[emerg%]") then
      out[#out + 1] = line
    end
  end
  return table.concat(out, "\n")
end

--- The variables that point a script, or a person with curl, at this box, in the order in which they are read.
-- @treturn table of pairs: name, value
function Box:exports()
  return {
    { "LOFTY_BASE_URL", self.url }, { "LOFTY_OAUTH_SERVER", "vendor" }, { "LOFTY_OAUTH_TOKEN_URL", self.token_url },
    { "LOFTY_DEVELOPER_TOKEN_URL", self.developer_token_url }, { "LOFTY_AUTHORIZE_URL", self.authorize_url },
    { "LOFTY_CLIENT_ID", self.client_id }, { "LOFTY_CLIENT_SECRET", self.client_secret },
    { "LOFTY_REDIRECT_URI", self.redirect_uri }, { "LOFTY_API_KEY", self.api_key },
    { "LOFTY_CUSTOMER_KEY", self.customer_key },
  }
end

--- Runs a command of the shell with the variables of `exports` set. Its waits take real time.
--     local printed, status = box:execute "lua my_script.lua --apply"
-- @tparam string command
-- @treturn string what it printed, stderr included, without the last line end
-- @treturn number its exit status
function Box:execute(command)
  -- A file in a folder that is closed to others: everybody on the machine can read a command line.
  local file = self.folder .. "/exports"
  nginx.write(file, nginx.exports(self:exports()))
  local said = nginx.shell(". " .. quote(file) .. "; (" .. command .. "\n) 2>&1; printf '\\n%d' $?")
  local printed, status = said:match "^(.*)\n(%d+)$"
  return (printed:gsub("\n$", "")), tonumber(status)
end

--- Stops it and removes its folder. May be called twice.
function Box:stop() self.server:stop() end

--- Stops it, and raises the errors in its log: for specs of the sandbox itself.
function Box:finish()
  local complaints = self:complaints()
  self:stop()
  if complaints ~= "" then error(complaints, 2) end
end

--- The names of the faults that `box:fail` takes, in alphabetical order.
sandbox.faults = {}
for name in pairs(faults.presets) do sandbox.faults[#sandbox.faults + 1] = name end
table.sort(sandbox.faults)

return sandbox
