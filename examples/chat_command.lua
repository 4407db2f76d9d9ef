-- SPDX-License-Identifier: MIT

-- Answers a chat command such as "/lead alvarez" with the five best matches, within the three seconds that chat
-- platforms allow. Reads only. Credentials come from the environment (LOFTY_API_KEY).
--
--     lua5.4 examples/chat_command.lua alvarez

local lofty = require "lofty"

local LIMIT, SECONDS = 5, 2.5

-- The reply, always a text: a chat command has no other way to report an error.
local function reply(query)
  -- One try: a retry would come too late.
  local crm = lofty.client { timeout = { connect = 1, total = SECONDS }, retry = false }
  local page, err = crm.leads:list { key = query, limit = LIMIT }
  if not page then
    if err.kind == "timeout" then return "Lofty is slow at the moment, please try again." end
    if err.kind == "rate_limit" then return "Too many calls at the moment, please try again in a minute." end
    return tostring(err)
  end
  if #page.leads == 0 then return "No lead matches " .. lofty.sanitize(query, 100) .. "." end
  local lines = {}
  for i, lead in ipairs(page.leads) do
    local name = (lead.firstName or "") .. " " .. (lead.lastName or "")
    local phone = type(lead.phones) == "table" and lead.phones[1] or "no phone"
    lines[i] = lofty.sanitize(name .. ", " .. tostring(lead.stage) .. ", " .. tostring(phone), 200)
  end
  return table.concat(lines, "\n")
end

local query = table.concat(arg, " ")
if query == "" then
  io.stderr:write("usage: chat_command.lua NAME, E-MAIL OR PHONE\n")
  os.exit(2)
end
print(reply(query))
