--- What a command reads and writes: the process's streams, or those of a spec.
--
-- A table of streams has these fields:
--
-- - `out`, `err`: objects with `write(self, ...)` and `flush(self)`. Results go to `out`, all else to `err`.
-- - `input`: an object with `read(self, format)` and `lines(self)`.
-- - `out_is_terminal`, `err_is_terminal`, `input_is_terminal`: booleans.
-- - `columns`: the width of the window of `out`, 80 when unknown.
-- - `variable(name)`: an environment variable, nil when unset or empty.
-- - `echo(on)`: whether the terminal shows what is typed.
-- - `now()`: epoch seconds; `sleep(seconds)` waits.
-- @module lofty.cli.streams

local streams = {}

--- The streams of this process.
-- @treturn table
function streams.standard()
  local terminal = require "lofty.terminal"
  local config = require "lofty.internal.config"
  return {
    out = io.stdout, err = io.stderr, input = io.stdin,
    out_is_terminal = terminal.is_terminal(1), err_is_terminal = terminal.is_terminal(2),
    input_is_terminal = terminal.is_terminal(0),
    columns = tonumber(config.variable "COLUMNS") or terminal.columns(1) or 80,
    variable = config.variable, echo = terminal.echo, now = os.time,
    sleep = function(seconds) require("lofty.runtime.curl"):sleep(seconds) end,
  }
end

return streams
