-- SPDX-License-Identifier: MIT

--- Shows the progress of long work on one line of the terminal: items, rate and time left.
-- @module lofty.cli.progress

local progress = {}

local Progress = {}
Progress.__index = Progress

--- A duration as text, such as "3 min 20 s".
-- @tparam number seconds
-- @treturn string
function progress.duration(seconds)
  seconds = math.floor(seconds + 0.5)
  if seconds < 60 then return seconds .. " s" end
  if seconds < 3600 then return ("%d min %d s"):format(math.floor(seconds / 60), seconds % 60) end
  return ("%d h %d min"):format(math.floor(seconds / 3600), math.floor(seconds % 3600 / 60))
end

--- Starts now. Nothing is shown unless standard output and standard error are both terminals.
-- @tparam table context
-- @treturn table
function progress.new(context)
  local streams = context.streams
  return setmetatable({
    streams = streams, began = context:monotonic(), context = context,
    is_shown = streams.out_is_terminal and streams.err_is_terminal,
  }, Progress)
end

--- Shows the state of the work.
-- @tparam number done items
-- @tparam ?number total
function Progress:show(done, total)
  if not self.is_shown then return end
  local elapsed = self.context:monotonic() - self.began
  local text = total and ("%d of %d"):format(done, total) or tostring(done)
  if elapsed >= 1 and done > 0 then
    local rate = done / elapsed
    text = text .. (", %.0f a second"):format(rate)
    if total and total > done then text = text .. ", " .. progress.duration((total - done) / rate) .. " left" end
  end
  self.streams.err:write("\r\27[K", text)
  self.streams.err:flush()
  self.is_dirty = true
end

--- Removes the line.
function Progress:clear()
  if not self.is_dirty then return end
  self.streams.err:write "\r\27[K"
  self.streams.err:flush()
  self.is_dirty = false
end

return progress
