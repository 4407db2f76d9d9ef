--- Runs the sandbox for a person or for a program.
--
--     lua lua/lofty/sandbox/run.lua                       until Ctrl-C, or the end of its input
--     lua lua/lofty/sandbox/run.lua --write FILE          writes the exports to FILE too, to be sourced by a shell
--     lua lua/lofty/sandbox/run.lua --parent              until the process ends that started it
--     lua lua/lofty/sandbox/run.lua -- COMMAND ARGUMENT…  for as long as COMMAND runs, with the exports set for it
--     any of them with --set NAME=VALUE              a setting of README.md, e.g. --set rate_limit=100
--
-- Nothing is left running: the server ends with this process, however that ends.

local folder = arg[0]:match("^(.*)/lofty/sandbox/[^/]*$") or "lua"
package.path = folder .. "/?.lua;" .. package.path

local nginx = require "lofty.sandbox.nginx"
local quote = nginx.quote

local function fail(text)
  io.stderr:write("sandbox: ", text, "\n")
  os.exit(2)
end

local function setting(text)
  local name, value = text:match("^([%w_]+)=(.*)$")
  if not name then fail("--set wants NAME=VALUE") end
  if value == "true" or value == "false" then return name, value == "true" end
  return name, tonumber(value) or value
end

-- What was asked for on the command line. The limit is that of an application in production.
local function parse(words)
  local asked = { settings = { rate_limit = 500 } }
  local i = 1
  while words[i] do
    local word = words[i]
    if word == "--" then
      asked.command = {}
      for k = i + 1, #words do asked.command[#asked.command + 1] = quote(words[k]) end
      return asked
    elseif word == "--parent" then asked.parent = true
    elseif word == "--write" then
      i = i + 1
      asked.write = words[i] or fail("--write wants a file name")
    elseif word == "--set" then
      i = i + 1
      local name, value = setting(words[i] or "")
      asked.settings[name] = value
    else
      fail("unknown option " .. word)
    end
    i = i + 1
  end
  return asked
end

-- What a script of the library, or a person with curl, needs to know, in the order in which it is read.
local function exports(box)
  return {
    { "LOFTY_BASE_URL", box.url }, { "LOFTY_OAUTH_SERVER", "vendor" }, { "LOFTY_OAUTH_TOKEN_URL", box.token_url },
    { "LOFTY_DEVELOPER_TOKEN_URL", box.developer_token_url }, { "LOFTY_AUTHORIZE_URL", box.authorize_url },
    { "LOFTY_CLIENT_ID", box.client_id }, { "LOFTY_CLIENT_SECRET", box.client_secret },
    { "LOFTY_REDIRECT_URI", box.redirect_uri }, { "LOFTY_API_KEY", box.api_key },
    { "LOFTY_CUSTOMER_KEY", box.customer_key },
  }
end

local function lines(list, before)
  local out = {}
  for i, pair in ipairs(list) do out[i] = before .. pair[1] .. "=" .. quote(pair[2]) end
  return out
end

-- os.execute says how it went in two ways.
local function run(command)
  local ok, _, status = os.execute(command)
  if type(ok) == "number" then return ok > 255 and math.floor(ok / 256) or ok end
  return ok and 0 or status
end

-- The file holds credentials, if only the sandbox's: its owner alone can read it.
local function write(path, text)
  if run("umask 077 && : > " .. quote(path)) ~= 0 then fail("cannot write " .. path) end
  nginx.write(path, text)
end

-- A shell waits, since Lua can't: for the process that started this one.
local PARENT = [[parent=$(cut -d ' ' -f 4 /proc/$PPID/stat); while kill -0 "$parent" 2>/dev/null; do sleep 0.2; done]]

local function wait(asked, exports_file)
  if asked.command then
    -- Sourced from a file: everybody on the machine can read the arguments of a process.
    return run(". " .. quote(exports_file) .. " && exec " .. table.concat(asked.command, " "))
  end
  if asked.parent then return run(PARENT) end
  io.read("*a")
  return 0
end

local asked = parse(arg)
local box = require("lofty.sandbox").start(asked.settings)
local list = exports(box)
local text = table.concat(lines(list, "export "), "\n") .. "\n"
local exports_file = box.folder .. "/exports"
write(exports_file, text)
if asked.write then write(asked.write, text) end
if not asked.command then
  io.write("The sandbox listens at ", box.url, "\n\n", text, "\nTo try the consent page, open\n  ", box.authorize_url,
           "?clientId=", box.client_id, "\nCtrl-C ends it.\n")
  io.flush()
end
local ok, status = pcall(wait, asked, exports_file)
box:stop()
if asked.write then os.remove(asked.write) end
os.exit(ok and status or 130)
