--- Runs the command in this process, with streams of the spec.
local command = {}

local function writer()
  local parts = {}
  return {
    write = function(self, ...)
      for i = 1, select("#", ...) do parts[#parts + 1] = tostring((select(i, ...))) end
      return self
    end,
    flush = function() end,
  }, function() return table.concat(parts) end
end

--- Runs a command line.
-- @tparam {string,...} arguments
-- @tparam[opt] table opt `input` (text), `terminal` (boolean for all three streams), `columns`, `rows`,
--   `variables` (name -> value), `now`, `page` (the pager), `runtime`
-- @treturn number exit code
-- @treturn string what it wrote to stdout
-- @treturn string what it wrote to stderr
function command.run(arguments, opt)
  opt = opt or {}
  local out, out_text = writer()
  local err, err_text = writer()
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
    out = out, err = err, input = input, out_is_terminal = terminal, err_is_terminal = terminal,
    input_is_terminal = terminal, columns = opt.columns or 80,
    variable = function(name)
      local value = opt.variables and opt.variables[name]
      return value ~= "" and value or nil
    end,
    read_line = function() return input:read "*l" end, now = function() return opt.now or os.time() end,
    page = opt.page, rows = opt.rows, runtime = opt.runtime,
  })
  return code, out_text(), err_text()
end

return command
