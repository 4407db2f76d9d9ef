-- Adds a note to many leads, sixteen calls at a time, within the application's limit.
-- Credentials from the environment (LOFTY_API_KEY).
--
--     lua5.4 examples/bulk_notes.lua "Invited to the open house" [how many]

local lofty = require "lofty"

local content, most = arg[1] or "Seen", tonumber(arg[2] or 20)
local crm = lofty.client()

local leads = {}
for lead in crm.leads:each { returnFields = "leadId,firstName" } do
  leads[#leads + 1] = lead
  if #leads >= most then break end
end

local results, errors = lofty.map(leads, function(lead)
  -- Inside map a call waits without stopping the others.
  return lofty.assert(crm.notes:create { leadId = lead.leadId, content = content, isPin = false })
end, {
  concurrency = 16,
  on_progress = function(done, total) io.stderr:write("\r", done, "/", total) end,
})
io.stderr:write("\n")

local made = 0
for i in ipairs(leads) do
  if results[i] then made = made + 1 end
  if errors and errors[i] then
    -- A note whose fate is unknown may have been made: the message names the read that tells.
    print(tostring(leads[i].leadId) .. ": " .. tostring(errors[i]))
  end
end
local stats = crm:stats()
print(made .. " notes made; " .. stats.requests .. " requests, " .. stats.retries .. " repeated")
