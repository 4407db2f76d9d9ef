-- SPDX-License-Identifier: MIT

-- Adds a note to many leads, sixteen calls at a time, within the application's rate limit. Prints the plan; adds notes
-- only with --apply. Credentials come from the environment (LOFTY_API_KEY).
--
--     lua5.4 examples/bulk_notes.lua "Invited to the open house" 20
--     lua5.4 examples/bulk_notes.lua "Invited to the open house" 20 --apply

local lofty = require "lofty"

local content, most, apply = arg[1], tonumber(arg[2] or ""), arg[3] == "--apply"
if not content or content == "" or not most or arg[3] and not apply then
  io.stderr:write("usage: bulk_notes.lua NOTE COUNT [--apply]\n")
  os.exit(2)
end

local crm = lofty.client()
local leads = {}
for lead in crm.leads:each { returnFields = "leadId,firstName" } do
  leads[#leads + 1] = lead
  if #leads >= most then break end
end
if not apply then
  for _, lead in ipairs(leads) do
    local name = type(lead.firstName) == "string" and lead.firstName or "" -- a field may be null
    print(lofty.sanitize(tostring(lead.leadId) .. " " .. name))
  end
  print(#leads .. " leads would get a note; add --apply to write it")
  return
end

local results, errors = lofty.map(leads, function(lead)
  -- Inside lofty.map a call waits without stopping the others.
  return lofty.assert(crm.notes:create { leadId = lead.leadId, content = content, isPin = false })
end, {
  concurrency = 16,
  on_progress = function(done, total) io.stderr:write("\r", done, "/", total) end,
})
io.stderr:write("\n")

local made = 0
for i, lead in ipairs(leads) do
  if results[i] then made = made + 1 end
  -- An err with outcome_unknown means that the note may exist: its message names the call that shows it.
  if errors and errors[i] then print(tostring(lead.leadId) .. ": " .. tostring(errors[i])) end
end
local stats = crm:stats()
print(made .. " notes made; " .. stats.requests .. " requests, " .. stats.retries .. " repeated")
