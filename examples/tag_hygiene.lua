-- SPDX-License-Identifier: MIT

-- Removes one tag from every lead of a stage. Prints the plan; changes leads only with --apply.
-- Credentials come from the environment (LOFTY_API_KEY).
--
--     lua5.4 examples/tag_hygiene.lua "New Lead" portal
--     lua5.4 examples/tag_hygiene.lua "New Lead" portal --apply

local lofty = require "lofty"

local stage, tag, apply = arg[1], arg[2], arg[3] == "--apply"
if not tag or tag == "" or arg[3] and not apply then
  io.stderr:write("usage: tag_hygiene.lua STAGE TAG [--apply]\n")
  os.exit(2)
end

-- Record fields may hold anything, so they are printed through lofty.sanitize.
local function show(...)
  local line = {}
  for i, value in ipairs { ... } do line[i] = lofty.sanitize(tostring(value)) end
  print(table.concat(line, " "))
end

local function text_of(value) return type(value) == "string" and value or "" end

local function tag_names(lead)
  local names = {}
  -- A field may be null.
  for _, each in ipairs(type(lead.tags) == "table" and lead.tags or {}) do
    local name = type(each) == "table" and each.tagName or each
    if type(name) == "string" then names[#names + 1] = name end
  end
  return names
end

local function has_tag(lead)
  for _, name in ipairs(tag_names(lead)) do
    if name == tag then return true end
  end
  return false
end

local crm = lofty.client()
-- All pages first: changing leads while the list is read would move others to a page that was read already.
local plan = {}
for _, lead in ipairs(lofty.assert(crm.leads:all { stage = stage, allTags = tag })) do
  if has_tag(lead) then
    plan[#plan + 1] = lead
    show(lead.leadId, text_of(lead.firstName), text_of(lead.lastName), "has", table.concat(tag_names(lead), ", "))
  end
end
if not apply then
  show(#plan .. " leads would lose the tag", tag .. "; add --apply to remove it")
  return
end

local done = 0
for _, lead in ipairs(plan) do
  -- tagsRemove leaves the other tags alone; tags = {...} would replace them all.
  local ok, err = crm.leads:update(lead.leadId, { tagsRemove = { tag } })
  if ok then
    done = done + 1
  elseif err.kind == "not_found" then
    show(lead.leadId, "was deleted meanwhile")
  else
    io.stderr:write(done, " of ", #plan, " leads changed, then: ", tostring(err), "\n")
    os.exit(1)
  end
end
show(done .. " of " .. #plan .. " leads lost the tag", tag)
