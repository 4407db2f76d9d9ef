-- SPDX-License-Identifier: MIT

--- The journal of an import: which rows are done, and which was being sent.
--
-- A private directory FILE.import beside the file holds it. Its first line names the contents of the file and the
-- options; each further line is about the row that begins on a line of the file:
--
--     LINE begin create TIME      written to disk before the request is sent
--     LINE done created|updated|found|skipped|failed|bad|unknown [ID]
--     LINE retry                  the request was not done, the row is to be sent again
--
-- Rows are done in the order of the file, so that one row at most has begun and is not done.
-- @module lofty.cli.import.journal

local journal = {}

local Journal = {}
Journal.__index = Journal

local VERSION = "lofty import 1 "

-- Reads what an earlier run wrote. nil, why.
local function read(self, path, identity)
  local file = io.open(path, "rb")
  if not file then return true end
  local is_first, is_whole = true, true
  for text in file:lines() do
    if is_first then
      if text ~= VERSION .. identity then
        file:close()
        -- A first line that a kill cut off: no request had been sent.
        if (VERSION .. identity):sub(1, #text) == text then return true, true end
        return nil, path .. " is of other contents of the file, or of other options: to begin anew, move it away"
      end
      is_first = false
    else
      local line, word, rest = text:match "^(%d+) (%a+) ?(.*)$"
      line = tonumber(line)
      if word == "begin" then
        local action, time = rest:match "^(%a+) (%d+)$"
        if action then self.begun = { line = line, action = action, time = tonumber(time) } end
      elseif word == "done" and rest:find "^%a" then
        self.finished, self.begun = line, nil
        local outcome = rest:match "^%a+"
        self.counts[outcome] = (self.counts[outcome] or 0) + 1
        if outcome == "unknown" then self.unknown[#self.unknown + 1] = line end
      elseif word == "retry" then
        self.begun = nil
      end
    end
  end
  local size = file:seek "end"
  if size > 0 then
    file:seek("set", size - 1)
    is_whole = file:read(1) == "\n"
  end
  file:close()
  return true, is_first and size > 0, is_whole
end

--- Opens the journal of a file, and locks it.
-- @tparam string path of the imported file
-- @tparam string identity the digest of its contents and the options
-- @treturn[1] table
-- @treturn[2] nil
-- @treturn[2] string why
function journal.open(path, identity)
  local lofty_file = require "lofty.file"
  local folder = path .. ".import"
  local directory, why = lofty_file.directory(folder, true)
  if not directory then return nil, folder .. ": " .. why end
  local handle
  handle, why = directory:open("journal", "create")
  if not handle then return nil, folder .. "/journal: " .. why end
  local locked
  locked, why = handle:lock()
  if not locked then return nil, why or folder .. " is in use: another import of this file is running" end
  local self = setmetatable({
    handle = handle, path = folder .. "/journal", finished = 0, unknown = {}, counts = {},
  }, Journal)
  local ok, is_torn, is_whole = read(self, self.path, identity)
  if not ok then return nil, is_torn end
  if is_torn then assert(handle:write "") end
  if is_torn or io.open(self.path, "rb"):seek "end" == 0 then
    self:append(VERSION .. identity)
    self:sync()
    ok, why = directory:sync()
    if not ok then return nil, why end
  elseif is_whole == false then
    -- A line that a kill cut off is ended; it does not count.
    self:append " (cut off)"
  end
  directory:close()
  return self
end

local function check(ok, why)
  if not ok then error({ failed = "the journal " .. why }, 0) end
end

function Journal:append(text)
  check(self.handle:append(text .. "\n"))
end

function Journal:sync()
  check(self.handle:sync())
end

--- Says that a row is about to be sent: returns when that is on disk.
function Journal:begin(line, action, now)
  self:append(("%d begin %s %.0f"):format(line, action, now))
  self:sync()
end

--- Says what became of a row. With `durable`, returns when that is on disk.
function Journal:done(line, outcome, id, durable)
  self:append(("%d done %s%s"):format(line, outcome, id and " " .. id or ""))
  if durable then self:sync() end
end

--- Says that a row was not sent after all.
function Journal:retry(line)
  self:append(("%d retry"):format(line))
  self:sync()
end

function Journal:close()
  self.handle:close()
end

return journal
