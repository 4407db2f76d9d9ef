-- A nightly copy of all leads into a file of lines, which goes on where the last one stopped.
-- Credentials from the environment (LOFTY_API_KEY).
--
--     lua5.4 examples/sync.lua leads.tsv

local lofty = require "lofty"

local path = arg[1] or "leads.tsv"
local cursor_path = path .. ".cursor"

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

local function copy()
  local resume = load_cursor()
  local out = assert(io.open(path, resume and "a" or "w"))
  local crm = lofty.client()
  local count, last = 0, resume
  for lead, at in crm.leads:each({ returnFields = "leadId,firstName,lastName,stage" }, { resume = resume }) do
    local line = { tostring(lead.leadId), lead.firstName or "", lead.lastName or "", lead.stage or "" }
    assert(out:write(table.concat(line, "\t"), "\n"))
    count = count + 1
    -- The page that the item came with: going on from there repeats one page at most.
    if at ~= last then
      last = at
      assert(out:flush())
      save_cursor(at)
    end
  end
  assert(out:close())
  os.remove(cursor_path) -- to the end: the next night starts anew
  return count
end

-- lua5.1 shows no error that is a table.
local ok, result = pcall(copy)
if not ok then
  io.stderr:write(tostring(result), "\n")
  os.exit(1)
end
print(result .. " leads in " .. path)
