-- SPDX-License-Identifier: MIT

--- The journal of an import: which rows are finished, and which one was being sent.
--
-- It is the file `journal` in the private directory FILE.import beside the imported file. Its first line identifies the
-- contents of the file and the options. Each further line is about the row that begins on line LINE of the file:
--
--     LINE begin create|update TIME   written to disk before the request is sent
--     LINE done created|updated|skipped|failed|bad|unknown [ID]
--     LINE retry                      the request was not carried out, so the row is sent again
--
-- Rows are applied in the order of the file, so that at most one row has begun and is not done.
-- @module lofty.cli.import.journal

local journal = {}

local Journal = {}
Journal.__index = Journal

local VERSION = "lofty import 1 "

-- Reads what an earlier run wrote. Returns true, whether the first line is missing or cut off, and whether the last
-- line is whole; or nil, why.
local function read(self, path, identity)
  local file, why = io.open(path, "rb")
  if not file then return nil, why end
  local head = VERSION .. identity .. "\n"
  local first
  first, why = file:read(#head)
  if why then
    file:close()
    return nil, path .. ": " .. why
  end
  first = first or "" -- the file is empty
  if first ~= head then
    file:close()
    -- The first line was cut off by a kill, so no request had been sent.
    if head:sub(1, #first) == first then return true, true end
    return nil, path .. " belongs to other contents of the file or to other options: move it away to start over (rows "
      .. "without a key for --match that were created are then created again)"
  end
  for text in file:lines() do
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
  file:seek("end", -1)
  local is_whole = file:read(1) == "\n"
  file:close()
  return true, false, is_whole
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
  local ok, is_new, is_whole = read(self, self.path, identity)
  if not ok then
    handle:close()
    directory:close()
    return nil, is_new
  end
  if is_new then
    assert(handle:write "")
    self:append(VERSION .. identity)
    self:sync()
    ok, why = directory:sync()
    if not ok then return nil, why end
  elseif not is_whole then
    -- Ends a line that was cut off by a kill, so that it is ignored.
    self:append " (cut off)"
  end
  directory:close()
  return self
end

local function check(self, ok, why)
  if not ok then
    error({ failed = ("the journal %s %s; run the same command again to continue"):format(self.path, why) }, 0)
  end
end

function Journal:append(text)
  check(self, self.handle:append(text .. "\n"))
end

function Journal:sync()
  check(self, self.handle:sync())
end

--- Records that a row is about to be sent. Returns when the record is on disk.
function Journal:begin(line, action, now)
  self:append(("%d begin %s %.0f"):format(line, action, now))
  self:sync()
end

--- Records the outcome of a row. With `durable`, returns when the record is on disk.
function Journal:done(line, outcome, id, durable)
  self:append(("%d done %s%s"):format(line, outcome, id and " " .. id or ""))
  if durable then self:sync() end
end

--- Records that the request of a row was not carried out.
function Journal:retry(line)
  self:append(("%d retry"):format(line))
  self:sync()
end

function Journal:close()
  self.handle:close()
end

return journal
