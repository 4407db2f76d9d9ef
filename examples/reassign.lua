-- SPDX-License-Identifier: MIT

-- Assigns all leads of one agent to another. Prints the plan; assigns only with --apply.
-- Credentials come from the environment (LOFTY_API_KEY).
--
--     lua5.4 examples/reassign.lua 844510972070138 ann@example.com
--     lua5.4 examples/reassign.lua 844510972070138 ann@example.com --apply

local lofty = require "lofty"

local user_id, email, apply = arg[1], arg[2], arg[3] == "--apply"
if not email or not user_id:find("^%d+$") or arg[3] and not apply then
  io.stderr:write("usage: reassign.lua USER_ID E-MAIL [--apply]\n")
  os.exit(2)
end

local crm = lofty.client()
local found = false
for member in crm.members:each() do found = found or member.email == email end
if not found then
  io.stderr:write("no member of the team has the e-mail ", email, "\n")
  os.exit(1)
end

-- All pages first: an assigned lead leaves the list, and those behind it would move to a page that was read already.
local leads = lofty.assert(crm.leads:all { assignedUserId = user_id })
-- A field may be null.
local function text_of(value) return type(value) == "string" and value or "" end
for _, lead in ipairs(leads) do
  print(lofty.sanitize(tostring(lead.leadId) .. " " .. text_of(lead.firstName) .. " " .. text_of(lead.lastName)))
end
if not apply then
  print(#leads .. " leads would be assigned to " .. email .. "; add --apply to assign them")
  return
end

local results, errors = lofty.map(leads, function(lead)
  return lofty.assert(crm.leads:assign(lead.leadId, { { role = "Agent", assignee = email } }))
end, { concurrency = 8 })
local done = 0
for i, lead in ipairs(leads) do
  if results[i] then done = done + 1 end
  -- An err with outcome_unknown may have taken effect; running this again does no harm, as it lists the leads anew.
  if errors and errors[i] then print(tostring(lead.leadId) .. ": " .. tostring(errors[i])) end
end
print(done .. " of " .. #leads .. " leads assigned to " .. email)
if done < #leads then os.exit(1) end
