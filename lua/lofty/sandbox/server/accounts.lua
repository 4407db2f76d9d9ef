-- SPDX-License-Identifier: MIT

--- The accounts of the emulator: three people with data of their own, and one for any other number.
-- @module lofty.sandbox.server.accounts

local settings = require "lofty.sandbox.server.settings"

local accounts = {}

--- The people on the consent page. An account is the digits of its /v1.0/me id. The ids of its records begin with
-- `block` and have 15 digits, or 19 and are larger than 2^53.
accounts.people = {
  { id = "113209", first = "Ada", last = "Whitfield", email = "ada@whitfield.example", leads = 1250,
    block = "6510959", kinds = 60, about = "1,250 leads" },
  { id = "9007199254740993", first = "Bruno", last = "Kessler", email = "bruno@kessler.example", leads = 40,
    block = "17382345668", kinds = 14, about = "40 leads whose ids are larger than 2^53" },
  { id = "113377", first = "Chidi", last = "Okafor", email = "chidi@okafor.example", leads = 0,
    block = "6777770", kinds = 10, about = "no leads yet" },
}

local by_id = {}
for _, person in ipairs(accounts.people) do by_id[person.id] = person end

--- The person of an account. A number that is not in the table gets a person with 30 leads.
-- @treturn[1] table
-- @treturn[2] nil when the text is not the number of an account
function accounts.find(id)
  if by_id[id] then return by_id[id] end
  if not id:match("^[1-9]%d*$") or #id > 18 then return nil end
  local person = {
    id = id, first = "Agent", last = id, email = "agent-" .. id .. "@agents.example", leads = 30,
    block = "66" .. ("%05d"):format(tonumber(id:sub(-5))), kinds = 10,
  }
  by_id[id] = person
  return person
end

--- The account of a personal API key, or nil.
function accounts.by_key(key)
  for account, known in pairs(settings.get().api_keys) do
    if known == key then return account end
  end
  return nil
end

return accounts
