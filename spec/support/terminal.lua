-- SPDX-License-Identifier: MIT

--- A pseudo-terminal with a program in it, by tmux.
local nginx = require "lofty.sandbox.nginx"

local quote = nginx.quote

local terminal = {}

local Terminal = {}
Terminal.__index = Terminal

local started = 0

--- Starts a program in a terminal of its own.
-- @tparam string line of the shell
-- @tparam[opt] number columns
-- @treturn table with `keys(...)`, `screen(pattern)`, `close()`
function terminal.start(line, columns)
  started = started + 1
  -- A tmux server that is ending would take the next session with it, so each has a server of its own.
  local tmux = ("tmux -L lofty-%s-%d -f /dev/null "):format(nginx.shell "mktemp -u XXXXXXXX", started)
  nginx.shell(("%snew-session -d -x %d -y 20 %s"):format(tmux, columns or 70, quote(line)))
  return setmetatable({ tmux = tmux }, Terminal)
end

--- Presses keys, named as in tmux's send-keys.
function Terminal:keys(...)
  nginx.shell(self.tmux .. "send-keys " .. table.concat({ ... }, " "))
end

--- The text of the screen, as soon as it matches a pattern of Lua.
function Terminal:screen(pattern)
  local text
  for _ = 1, 600 do
    text = nginx.shell(self.tmux .. "capture-pane -p")
    if text:find(pattern) then return text end
    nginx.shell "sleep 0.05"
  end
  error("the screen does not show " .. pattern .. ":\n" .. text)
end

function Terminal:close()
  nginx.shell(self.tmux .. "kill-server 2>/dev/null || true")
end

return terminal
