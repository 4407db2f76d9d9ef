-- SPDX-License-Identifier: MIT

--- Starts the sandbox for a spec, and talks to it with curl rather than with the library under test.
--
--     local box = require("lofty.sandbox").start{ refresh_rotation = true }
--     box.url, box.token_url, box.client_id, ...
--     local location = box:consent(authorize_url, { account = "113209" })
--     box:control("clock", { advance = 3600 })
--     box:stop()
-- @module lofty.sandbox

local ascii = require "lofty.internal.ascii"
local conf = require "lofty.sandbox.server.conf"
local json = require "lofty.sandbox.server.json"
local nginx = require "lofty.sandbox.nginx"

local sandbox = {}

local Box = {}
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
  local text = file:read(bytes):gsub(".", function(c) return ("%02x"):format(c:byte()) end)
  file:close()
  return text
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

-- What start takes for itself; the rest are the sandbox's settings.
local OWN = { workers = true, redirect_uri = true, redirect_uris = true, app_name = true, tls = true }

-- Checked here, where the mistake is, and not in a server that answers 500.
local function settings_of(opt, secret, url)
  local all = { app_name = opt.app_name or "Sandbox Demo",
                redirect_uris = json.array(opt.redirect_uris or { opt.redirect_uri or url .. "/callback" }) }
  for name, value in pairs(secret) do all[name] = value end
  for name, value in pairs(opt) do
    if not OWN[name] then all[name] = value end
  end
  return all
end

--- Starts a sandbox on ports of its own.
-- @tparam[opt] table opt settings of lua/lofty/sandbox/README.md, and workers, redirect_uri, redirect_uris,
-- app_name; tls = {certificate =, certificate_key =} listens on a second port with TLS too
function sandbox.start(opt)
  opt = opt or {}
  local folder, secret, given = module_folder(), credentials(), nil
  local server = nginx.start {
    ports = opt.tls and 2 or 1,
    conf = function(ports)
      given = settings_of(opt, secret, "http://127.0.0.1:" .. ports[1])
      return conf { root = folder, port = ports[1], settings = json.encode(given), workers = opt.workers,
                    tls_port = opt.tls and ports[2], certificate = opt.tls and opt.tls.certificate,
                    certificate_key = opt.tls and opt.tls.certificate_key }
    end,
  }
  local url = "http://127.0.0.1:" .. server.ports[1]
  return setmetatable({
    server = server, pid = server.pid, folder = server.folder, url = url,
    tls_url = opt.tls and "https://127.0.0.1:" .. server.ports[2] or nil,
    token_url = url .. "/api/user-web/oauth/token", developer_token_url = url .. "/oauth/token",
    authorize_url = url .. "/page/vendor-auth.html", client_id = secret.client_id, client_secret = secret.client_secret,
    public_client_id = secret.public_client_id, redirect_uri = given.redirect_uris[1], account = "113209",
    api_key = secret.api_keys["113209"], customer_key = secret.api_keys["113209"], api_keys = secret.api_keys,
  }, Box)
end

--- Talks to a sandbox that runs already, as `make sandbox` and the demo have it.
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
  for name, value in pairs(opt.headers or {}) do add("header", name .. ": " .. value) end
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

--- A control of lua/lofty/sandbox/README.md; a refused one is an error.
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
  return value
end

local ENTITIES = { amp = "&", lt = "<", gt = ">", quot = '"', ["#39"] = "'" }

local function form_word(text)
  return (text:gsub("[^%w%-._~]", function(c) return ("%%%02X"):format(c:byte()) end))
end

--- What a person does in a browser: opens the page, chooses an account, presses Allow (or Deny).
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

--- Tokens of an account without the flow.
-- @tparam[opt] string account default the first
-- @treturn table as a token answer has them
function Box:issue(account)
  return self:control("issue", { account = account or self.account })
end

--- The requests seen so far, oldest first: {method, path, query, headers, body, connection}.
-- @tparam[opt] boolean reset empties the journal
function Box:journal(reset)
  return self:control("journal", { reset = reset == true }).requests
end

--- What its error log complains of: empty unless the sandbox itself is at fault.
function Box:complaints()
  local out = {}
  for line in self.server:log():gmatch("[^\n]+") do
    if line:find("%[error%]") or line:find("%[crit%]") or line:find("%[alert%]") or line:find("%[emerg%]") then
      out[#out + 1] = line
    end
  end
  return table.concat(out, "\n")
end

--- Stops it and takes its folder away. May be called twice.
function Box:stop() self.server:stop() end

--- Stops it, and raises what its error log complains of: the end of a spec that watches the sandbox itself.
function Box:finish()
  local complaints = self:complaints()
  self:stop()
  if complaints ~= "" then error(complaints, 2) end
end

return sandbox
