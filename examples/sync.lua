-- SPDX-License-Identifier: MIT

-- Copies all leads into a file of tab-separated lines. After an error the next run continues where this one stopped.
-- Credentials come from the environment (LOFTY_API_KEY).
--
--     lua5.4 examples/sync.lua leads.tsv

local lofty = require "lofty"

local path = arg[1] or "leads.tsv"
-- The last complete copy stays in place until the new one is complete.
local part_path, cursor_path = path .. ".part", path .. ".cursor"

local function load_cursor()
  local file = io.open(cursor_path)
  if not file then return nil end
  local cursor = file:read("*l")
  file:close()
  return cursor
end

local function save_cursor(cursor)
  local file = assert(io.open(cursor_path, "w"))
  assert(file:write(cursor, "\n"))
  assert(file:close())
end

-- One line, without a tab or line end in a field.
local function line_of(lead)
  local fields = { tostring(lead.leadId), lead.firstName, lead.lastName, lead.stage }
  for i = 1, 4 do fields[i] = type(fields[i]) == "string" and lofty.sanitize(fields[i]) or "" end -- a field may be null
  return table.concat(fields, "\t") .. "\n"
end

local function copy()
  local resume = load_cursor()
  local out = assert(io.open(part_path, resume and "a" or "w"))
  local crm = lofty.client()
  local count, last = 0, resume
  for lead, at in crm.leads:each({ returnFields = "leadId,firstName,lastName,stage" }, { resume = resume }) do
    assert(out:write(line_of(lead)))
    count = count + 1
    -- `at` is the cursor of the page that the lead came with: resuming there repeats at most one page.
    if at ~= last then
      last = at
      assert(out:flush())
      save_cursor(at)
    end
  end
  assert(out:close())
  local earlier = count == 0 and io.open(path)
  if earlier then
    earlier:close()
    error("the list of leads is empty: " .. path .. " stays as it is", 0)
  end
  assert(os.rename(part_path, path))
  os.remove(cursor_path)
  return count
end

-- lua5.1 prints no error that is a table.
local ok, result = pcall(copy)
if not ok then
  io.stderr:write(tostring(result), "\n")
  os.exit(1)
end
print(result .. " leads in " .. path)
