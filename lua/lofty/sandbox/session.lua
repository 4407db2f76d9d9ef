-- SPDX-License-Identifier: MIT

--- Runs the emulator for as long as a command, a person's input or a parent process lasts.
-- @module lofty.sandbox.session

local nginx = require "lofty.sandbox.nginx"
local suggest = require "lofty.internal.suggest"

local quote = nginx.quote

local session = {}

-- The beginning of a file of exports.
local FIRST_WORDS = "export LOFTY_"

-- The exit status of a command. os.execute returns it in two forms.
local function execute(command)
  local ok, _, status = os.execute(command)
  if type(ok) == "number" then return ok > 255 and math.floor(ok / 256) or ok end
  return ok and 0 or status
end

-- Writes a file that its owner alone can read: it holds credentials, though only the emulator's. It is removed at the
-- end, so nothing else may be there, but for the file of a session that was killed.
local function write_private(path, text)
  local file = io.open(path, "rb")
  if file then
    local head = file:read(#FIRST_WORDS)
    file:close()
    if head ~= FIRST_WORDS then
      error(path .. " exists and was not written by `lofty sandbox`: name another file", 0)
    end
  end
  if execute("umask 077 && { : > " .. quote(path) .. "; } 2>/dev/null") ~= 0 then error("cannot write " .. path, 0) end
  nginx.write(path, text)
end

-- Waits for the end of the process that started this one.
local WAIT_FOR_PARENT =
  [[parent=$(cut -d ' ' -f 4 /proc/$PPID/stat); while kill -0 "$parent" 2>/dev/null; do sleep 0.2; done]]

local function wait(opt, exports_file)
  if opt.command then
    local words = {}
    for i, word in ipairs(opt.command) do words[i] = quote(word) end
    -- Sourced from a file, because everybody on the machine can read the arguments of a process.
    return execute(". " .. quote(exports_file) .. " && exec " .. table.concat(words, " "))
  end
  if opt.parent then return execute(WAIT_FOR_PARENT) end
  opt.input:read "*a"
  return 0
end

-- What --set takes: the settings of README.md, and these options of start.
local SETTINGS = { app_name = true, redirect_uri = true, workers = true }
for name in pairs(require("lofty.sandbox.server.settings").names) do SETTINGS[name] = true end

--- Reads "NAME=VALUE" of the option --set.
-- @tparam string text
-- @treturn[1] string name
-- @return[1] a boolean, a number or a text
-- @treturn[2] nil
-- @treturn[2] string what is wrong with it
function session.setting(text)
  local name, value = text:match "^([%w_]+)=(.*)$"
  if not name then return nil, "--set takes NAME=VALUE, got " .. text end
  if not SETTINGS[name] then
    local meant = suggest(name, SETTINGS)
    return nil, ("--set: unknown setting %s%s"):format(name, meant and ", did you mean " .. meant .. "?" or "")
  end
  if value == "true" or value == "false" then return name, value == "true" end
  return name, tonumber(value) or value
end

--- Starts an emulator, waits and stops it.
-- @tparam table opt
--   `settings`: options of `sandbox.start`;
--   `command`: words of a command to run with the exports set; without it the session lasts until `input` ends, or,
--   with `parent` true, until the process ends that started this one;
--   `write`: a file to write the exports to; it is removed at the end;
--   `input`, `out`: streams
-- @treturn number the command's exit status, 0 without a command, 130 when it was interrupted
function session.run(opt)
  local box = require("lofty.sandbox").start(opt.settings)
  local has_written
  local ok, status = pcall(function()
    local text = nginx.exports(box:exports())
    local exports_file = box.folder .. "/exports"
    if opt.command then nginx.write(exports_file, text) end -- in a folder that is closed to others
    if opt.write then
      write_private(opt.write, text)
      has_written = true
    end
    if not opt.command then
      opt.out:write("The sandbox listens at ", box.url, "\n\n", text, "\nTo try the consent page, open\n  ",
        box.authorize_url, "?clientId=", box.client_id, "\nCtrl-C ends it.\n")
      opt.out:flush()
    end
    return wait(opt, exports_file)
  end)
  box:stop()
  if has_written then os.remove(opt.write) end
  if ok then return status end
  if type(status) == "string" and status:find("interrupted!", 1, true) then return 130 end
  error(status, 0)
end

return session
