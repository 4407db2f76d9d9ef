-- SPDX-License-Identifier: MIT

--- Runs the command in this process, with streams of the spec.
local nginx = require "lofty.sandbox.nginx"

local command = {}

-- An object with `write` and `flush`, and a function that returns what was written. `seen` is told all of it.
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
--   `read_line` (of the terminal), `out`, `out_size`, `cut_out` (see `lofty.cli.streams`)
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
    read_line = opt.read_line or function() return input:read "*l" end, now = function() return opt.now or os.time() end,
  })
  return code, out_text(), err_text()
end

local User = {}
User.__index = User

--- A person with a home directory of their own, who works with an emulator.
-- @tparam table box of lofty.sandbox
-- @treturn table with `home`, `run(arguments, opt)`, `log_in()`, `close()`
function command.user(box)
  return setmetatable({ box = box, home = nginx.shell "mktemp -d" }, User)
end

--- Runs a command line as this person; see `command.run`.
function User:run(arguments, opt)
  opt = opt or {}
  opt.variables = opt.variables or {}
  opt.variables.HOME, opt.variables.LOFTY_BASE_URL = self.home, self.box.url
  return command.run(arguments, opt)
end

--- Logs in with the emulator's first API key.
-- @treturn string what was written to stderr
function User:log_in(key)
  local code, _, err = self:run({ "auth", "login", "--with-key" }, { input = (key or self.box.api_key) .. "\n" })
  assert(code == 0, err)
  return err
end

function User:close()
  nginx.shell("rm -rf " .. nginx.quote(self.home))
end

--- Whether a program can be run.
function command.has(program)
  return nginx.shell("command -v " .. program .. " || true") ~= ""
end

return command
