-- Takes the tags off every lead of a stage. Credentials from the environment (LOFTY_API_KEY).
--
--     lua5.4 examples/tag_hygiene.lua "New Lead" portal

local lofty = require "lofty"

local stage, tag = arg[1] or "New Lead", arg[2]
local crm = lofty.client()

-- All of them first: who changes what he filters by while paging skips some.
local leads = lofty.assert(crm.leads:all { stage = stage, allTags = tag })
local done = 0
for _, lead in ipairs(leads) do
  local ok, err = crm.leads:update(lead.leadId, { tags = {} }) -- goes out as [], from the operation's types
  if ok then
    done = done + 1
  elseif err.kind == "not_found" then
    print("gone meanwhile: " .. lead.leadId)
  else
    lofty.assert(nil, err)
  end
end
print(done .. " of " .. #leads .. " leads in stage " .. stage .. " have no tags now")
