-- SPDX-License-Identifier: MIT

--- Writes an export as CSV or JSON lines to standard output, page by page.
-- @module lofty.cli.export.text

local cells = require "lofty.cli.export.cells"
local csv = require "lofty.cli.csv"
local cursor_file = require "lofty.cli.export.cursor_file"
local terminal_text = require "lofty.cli.terminal_text"

local concat = table.concat

local text = {}

-- The cursor in the cursor file until the first page has come.
local START = "start"

local function csv_line(streams, record, columns, writer)
  local fields = {}
  for i, name in ipairs(columns) do fields[i] = terminal_text.cell(streams, cells.text(record, name) or "") end
  return writer:line(fields)
end

local function json_line(streams, record)
  return terminal_text.json(streams, record) .. "\n"
end

-- Locks the output of an export that can be resumed, if it is a file: a second one at the same time would cut off what
-- the first has written. True; nil, what is wrong.
local function lock(streams)
  if not (streams.lock_out and streams.out_size()) then return true end
  local locked, why = streams.lock_out()
  if locked == false then why = "the output is in use: another export writes to it" end
  return locked or nil, why
end

-- Prepares the output of a resumed export; nil, what is wrong.
local function continue(streams, state, of)
  if state.of ~= of then
    return nil, "the cursor file belongs to another export: lofty export " .. state.of
  end
  if not state.size then return true end
  local size = streams.out_size()
  if not size or size < state.size then
    return nil, ("the output has %.0f bytes, but %.0f were written before: append with >> FILE, not > FILE")
      :format(size or 0, state.size)
  end
  return streams.cut_out(state.size)
end

--- Writes all pages.
-- @tparam table context
-- @tparam table job `form` ("csv", "excel" or "jsonl"), `columns`, `resume` (path of the cursor file, optional), `of`
--   (what is exported, as text), `walk(cursor)` (gives an iterator over items and the cursor of their page)
-- @treturn[1] number how many records were written
-- @treturn[2] nil
-- @treturn[2] string why the export could not start
function text.write(context, job)
  local streams = context.streams
  local writer = job.form ~= "jsonl" and csv.new(job.form == "excel")
  local line_of = writer and csv_line or json_line
  local state
  if job.resume then
    local ok, why = lock(streams)
    if ok then
      state, why = cursor_file.read(job.resume)
      ok = not why
    end
    if state then ok, why = continue(streams, state, job.of) end
    if not ok then return nil, why end
  end
  local function keep(cursor)
    if not job.resume then return end
    streams.out:flush()
    local ok, why = cursor_file.write(job.resume,
      { of = job.of, cursor = cursor, size = streams.out_size and streams.out_size() })
    if not ok then error({ failed = "cannot write the cursor file: " .. why }, 0) end
  end
  local count = 0
  local cursor = state and state.cursor ~= START and state.cursor or nil
  -- The first line is written after the first response, so that a rejected filter writes nothing.
  local needs_head = not cursor and writer
  if not cursor then keep(START) end
  local function write_head()
    if needs_head then streams.out:write(writer:head(job.columns)) end
    needs_head = false
  end
  for items, at, total in job.walk(cursor) do
    write_head()
    keep(at)
    local lines = {}
    for i, record in ipairs(items) do lines[i] = line_of(streams, record, job.columns, writer) end
    streams.out:write(concat(lines))
    count = count + #items
    job.progress:show(count, total)
  end
  write_head()
  streams.out:flush()
  if job.resume then os.remove(job.resume) end
  local warning = writer and writer:warning()
  if warning then context:say(warning) end
  return count
end

return text
