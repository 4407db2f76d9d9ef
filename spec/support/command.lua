-- SPDX-License-Identifier: MIT

--- Runs the command in this process, with streams of the spec, and sets up the specs of the command.
local nginx = require "lofty.sandbox.nginx"
local sandbox = require "lofty.sandbox"

local command = {}

-- An object with `write` and `flush`, and a function that returns what was written. Each write calls `seen` with all of
-- it.
local function writer(seen)
  local parts = {}
  local function text() return table.concat(parts) end
  return {
    write = function(self, ...)
      for i = 1, select("#", ...) do parts[#parts + 1] = tostring((select(i, ...))) end
      if seen then seen(text()) end
      return self
    end,
    flush = function() end,
  }, text
end

--- Runs a command line.
-- @tparam {string,...} arguments
-- @tparam[opt] table opt `input` (text), `terminal` (boolean for all three streams), `columns`, `rows`,
--   `variables` (name -> value), `now`, `page` (the pager), `runtime`, `on_err` (called with all of stderr so far),
--   `read_line` (of the terminal), `out`, `out_size`, `cut_out` (see `lofty.cli.streams`), `directory` (in which it runs)
-- @treturn number exit code
-- @treturn string what it wrote to stdout
-- @treturn string what it wrote to stderr
function command.run(arguments, opt)
  opt = opt or {}
  local out, out_text = writer()
  local err, err_text = writer(opt.on_err)
  local left = opt.input or ""
  local input = {}
  function input.read(_, format)
    if format == "*a" or format == "a" then
      local all = left
      left = ""
      return all
    end
    if left == "" then return nil end
    local line, rest = left:match "^([^\n]*)\n(.*)$"
    if not line then line, rest = left, "" end
    left = rest
    return line
  end
  function input.lines(self)
    return function() return self:read "*l" end
  end
  local terminal = opt.terminal == true
  local code = require("lofty.cli.main").run(arguments, {
    out = opt.out or out, err = err, input = input, out_size = opt.out_size, cut_out = opt.cut_out,
    out_is_terminal = terminal, err_is_terminal = terminal,
    input_is_terminal = terminal, columns = opt.columns or 80, rows = opt.rows, page = opt.page, runtime = opt.runtime,
    variable = function(name)
      local value = opt.variables and opt.variables[name]
      return value ~= "" and value or nil
    end,
    working_directory = function() return opt.directory end,
    read_line = opt.read_line or function() return input:read "*l" end, now = function() return opt.now or os.time() end,
  })
  return code, out_text(), err_text()
end

local User = {}
User.__index = User

--- A user of the command with an own home directory and an emulator.
-- @tparam table box of lofty.sandbox
-- @treturn table with `home`, `run(arguments, opt)`, `log_in(key)`, `close()`
function command.user(box)
  return setmetatable({ box = box, home = nginx.shell "mktemp -d" }, User)
end

--- Runs a command line as this user; see `command.run`.
function User:run(arguments, opt)
  opt = opt or {}
  opt.variables = opt.variables or {}
  opt.variables.HOME = self.home
  opt.variables.LOFTY_BASE_URL = opt.variables.LOFTY_BASE_URL or self.box.url
  return command.run(arguments, opt)
end

--- Logs in with an API key, by default the emulator's first one.
-- @treturn string what was written to stderr
function User:log_in(key)
  local code, _, err = self:run({ "auth", "login", "--with-key" }, { input = (key or self.box.api_key) .. "\n" })
  assert(code == 0, err)
  return err
end

--- The path of a file in the home directory; with `text`, the file is written.
function User:file(name, text)
  local path = self.home .. "/" .. name
  if text then nginx.write(path, text) end
  return path
end

--- The shell command that runs the command as a process of this user.
-- @tparam string words of the command line, quoted for the shell
-- @tparam[opt] string assignments such as `PAGER=less`
function User:shell_words(words, assignments)
  return ("env -u LOFTY_API_KEY -u LOFTY_ACCESS_TOKEN -u PAGER -u NO_COLOR HOME=%s LOFTY_BASE_URL=%s LC_ALL=C.UTF-8 %s "
    .. "%s/bin/lofty %s"):format(nginx.quote(self.home), self.box.url, assignments or "",
    nginx.quote(nginx.shell "pwd"), words)
end

function User:close()
  nginx.shell("rm -rf " .. nginx.quote(self.home))
end

--- A block of specs of the command, which needs lua-argparse.
-- @tparam string title
-- @tparam function body
function command.describe(title, body)
  local busted = require "busted"
  busted.describe(title .. " #once #command", function()
    if not pcall(require, "argparse") then
      busted.pending "needs lua-argparse"
      return
    end
    body()
  end)
end

--- For the specs of a block: an emulator, and before each spec a new user of it.
-- @tparam[opt] table opt of `lofty.sandbox.start`; `login`: the user is logged in
-- @treturn table `box`, `user`, `run(arguments, opt)`
function command.set_up(opt)
  opt = opt or {}
  local login = opt.login
  opt.login = nil
  local self = {}
  local busted = require "busted"
  busted.setup(function() self.box = sandbox.start(opt) end)
  busted.teardown(function() self.box:stop() end)
  busted.before_each(function()
    self.box:control "reset"
    self.user = command.user(self.box)
    if login then self.user:log_in() end
  end)
  busted.after_each(function() self.user:close() end)
  function self.run(arguments, run_opt) return self.user:run(arguments, run_opt) end
  return self
end

--- Whether a program can be run.
function command.has(program)
  return nginx.shell("command -v " .. program .. " || true") ~= ""
end

return command
