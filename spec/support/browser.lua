-- SPDX-License-Identifier: MIT

--- A headless Chromium for specs, controlled by the visible names of elements.
--
--     local browser = require("spec.support.browser").start()
--     browser:go("http://127.0.0.1:1234/")  browser:click("button", "Search")  browser:text()  browser:stop()
--
-- The commands are those of spec/support/browser/driver.js. A command that fails raises.
-- @module spec.support.browser

local json = require "lofty.sandbox.server.json"
local nginx = require "lofty.sandbox.nginx"

local browser = {}

local quote, shell = nginx.quote, nginx.shell

-- The driver is the child of a shell whose standard input is a pipe from this process, so it ends with it.
local DRIVE = "unset LD_PRELOAD; node spec/support/browser/driver.js %s %s >%s 2>%s; rm -rf %s"

--- Checks that the browser and node are installed, and installs the driver's npm packages.
-- @treturn[1] table `modules`, `chromium`
-- @treturn[2] nil
-- @treturn[2] string what is missing
function browser.find()
  local chromium = shell("command -v chromium || true")
  if chromium == "" then return nil, "no browser: install Debian's package chromium" end
  if shell("command -v node || true") == "" then return nil, "no node: install Debian's packages nodejs and npm" end
  local said = shell("spec/support/browser/install 2>&1 && echo installed")
  if not said:find("installed$") then return nil, "spec/support/browser/install failed: " .. said end
  return { modules = shell("pwd") .. "/build/browser/node_modules", chromium = chromium }
end

local Browser = {}

-- Every other name is a command.
function Browser.__index(_, name)
  local own = rawget(Browser, name)
  if own then return own end
  return function(self, ...) return self:send(name, ...) end
end

--- Sends a command and waits for its result.
function Browser:send(name, ...)
  self.commands:write(json.encode(json.array { name, ... }), "\n")
  self.commands:flush()
  local answer = self:read()
  if answer.error then error("browser: " .. answer.error, 3) end
  if answer.value == json.null then return nil end
  return answer.value
end

function Browser:read()
  local line = self.answers:read("*l")
  if not line then error("the browser is gone: " .. nginx.contents(self.folder .. "/output"), 3) end
  return (assert(json.decode(line)))
end

--- Ends the browser. May be called twice.
function Browser:stop()
  if not self.commands then return end
  self.commands:close()
  self.answers:close()
  self.commands = false
end

--- Starts a browser.
-- @tparam table found the result of `find`
function browser.start(found)
  local folder = shell('d=$(mktemp -d "${TMPDIR:-/tmp}/lofty-browser.XXXXXX") && mkfifo "$d/answers" && echo "$d"')
  local commands = assert(io.popen(DRIVE:format(quote(found.modules), quote(found.chromium), quote(folder .. "/answers"),
    quote(folder .. "/output"), quote(folder)), "w"))
  local answers = assert(io.open(folder .. "/answers"))
  local self = setmetatable({ commands = commands, answers = answers, folder = folder }, Browser)
  local ready = self:read()
  if ready.error then error("browser: " .. ready.error, 2) end
  return self
end

return browser
