-- SPDX-License-Identifier: MIT

--- What a command reads and writes: the process's streams, or those of a spec.
--
-- A table of streams has these fields:
--
-- - `out`, `err`: objects with `write(self, ...)` and `flush(self)`. Results go to `out`, all else to `err`.
-- - `input`: an object with `read(self, format)` and `lines(self)`.
-- - `out_is_terminal`, `err_is_terminal`, `input_is_terminal`: booleans.
-- - `columns`, `rows`: the size of the window of `out`, 80 and 24 when unknown.
-- - `read_line(echo)`: the next line of `input`, nil at its end. With `echo` false the terminal does not show what is
--   typed.
-- - `page(text)`: shows text in the pager that PAGER names and returns true; false when there is none.
-- - `out_size()`: how many bytes the file of `out` has, nil if it is not a file; `cut_out(size)` cuts it to `size`
--   bytes and continues at its end: true, or nil and why; `lock_out()` locks it until the process ends: true, false if
--   another process has locked it, or nil and why. All three may be absent.
-- - `working_directory()`: its absolute path, nil when it has none.
-- - `variable(name)`: an environment variable, nil when unset or empty.
-- - `now()`: epoch seconds; `runtime` (optional): another runtime than that of libcurl, for the specs.
-- - `reserved`: files that must stay open as long as the process.
-- @module lofty.cli.streams

local streams = {}

local EPIPE = 32

-- Standard output whose failures are raised: { closed = true } when the reader is gone, else { failed = why }.
local function checked(file)
  local out = {}
  local function check(ok, why, code)
    if ok then return out end
    error(code == EPIPE and { closed = true } or { failed = "cannot write to standard output: " .. why }, 0)
  end
  function out.write(_, ...) return check(file:write(...)) end
  function out.flush() return check(file:flush()) end
  return out
end

-- Through the shell, since PAGER may contain options. With LESS=FRX, as git sets it, less shows colours and ends at
-- once if the text fits the window. Where the pager cannot be started, cat shows the text: 126 and 127 are then the
-- shell's exit statuses (POSIX, "Exit Status for Commands").
local function page(config)
  local pager = config.variable "PAGER"
  if not pager or pager == "cat" then return function() return false end end
  return function(text)
    io.stdout:flush()
    local pipe = io.popen("LESS=${LESS-FRX} " .. pager .. "\ncase $? in 126|127) exec cat;; esac", "w")
    if not pipe then return false end
    pipe:write(text) -- fails when the person leaves the pager before the end
    pipe:close()
    return true
  end
end

-- The width that COLUMNS names; nil when it names none.
local function columns_of(text)
  return text and text:find "^[1-9]%d?%d?%d?$" and tonumber(text)
end

-- In place of the C module, so that `lofty doctor` can report that it is missing.
local NO_TERMINAL = { is_terminal = function() return false end }

-- A parent process may have closed descriptors 0, 1 or 2. A connection would get the lowest free one, and the output
-- would be written to it. These files take all that are free; they are read-only, so that writing to them fails.
local function reserve_descriptors()
  return { io.open("/dev/null", "r"), io.open("/dev/null", "r"), io.open("/dev/null", "r") }
end

--- The streams of this process.
-- @treturn table
function streams.standard()
  local reserved = reserve_descriptors()
  local found, terminal = pcall(require, "lofty.terminal")
  if not found then terminal = NO_TERMINAL end
  local config = require "lofty.internal.config"
  local out_is_terminal, input_is_terminal = terminal.is_terminal(1), terminal.is_terminal(0)
  local columns, rows
  if out_is_terminal then columns, rows = terminal.size(1) end
  return {
    out = checked(io.stdout), err = io.stderr, input = io.stdin,
    out_is_terminal = out_is_terminal, err_is_terminal = terminal.is_terminal(2), input_is_terminal = input_is_terminal,
    columns = columns or columns_of(config.variable "COLUMNS") or 80, rows = rows or 24,
    read_line = function(echo)
      if input_is_terminal then return terminal.read_line(echo) end
      return io.stdin:read "*l"
    end,
    page = out_is_terminal and page(config) or nil,
    out_size = function() return require("lofty.file").size_of_output() end,
    cut_out = function(size) return require("lofty.file").cut_output(size) end,
    lock_out = function() return require("lofty.file").lock_output() end,
    working_directory = function() return require("lofty.file").working_directory(config.variable "PWD") end,
    variable = config.variable, now = os.time, reserved = reserved,
  }
end

return streams
