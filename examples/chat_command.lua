-- SPDX-License-Identifier: MIT

-- Answers a chat command such as "/lead alvarez" with the five best matches, within the three seconds that chat
-- platforms allow. Reads only. Credentials come from the environment (LOFTY_API_KEY).
--
--     lua5.4 examples/chat_command.lua alvarez

local lofty = require "lofty"

local LIMIT, SECONDS = 5, 2.5

-- A field may be null.
local function text_of(value) return type(value) == "string" and value or "" end

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
  -- A server in maintenance may respond with 200 and something else.
  local leads = type(page) == "table" and page.leads
  if leads ~= lofty.null and type(leads) ~= "table" then return "Lofty sent no list of leads, please try again." end
  if leads == lofty.null or #leads == 0 then return "No lead matches " .. lofty.sanitize(query, 100) .. "." end
  local lines = {}
  for i, lead in ipairs(leads) do
    if type(lead) ~= "table" then lead = {} end
    local name = text_of(lead.firstName) .. " " .. text_of(lead.lastName)
    local phone = type(lead.phones) == "table" and lead.phones[1] or "no phone"
    lines[i] = lofty.sanitize(name .. ", " .. text_of(lead.stage) .. ", " .. tostring(phone), 200)
  end
  return table.concat(lines, "\n")
end

local query = table.concat(arg, " ")
if query == "" then
  io.stderr:write("usage: chat_command.lua NAME, E-MAIL OR PHONE\n")
  os.exit(2)
end
print(reply(query))
