-- SPDX-License-Identifier: MIT

--- The system logs of leads: changes of their stage.
-- @module lofty.sandbox.server.system_log_records

local accounts = require "lofty.sandbox.server.accounts"
local json = require "lofty.sandbox.server.json"
local seed = require "lofty.sandbox.server.seed"
local settings = require "lofty.sandbox.server.settings"
local state = require "lofty.sandbox.server.state"

local records = {}

local function log(person, lead, id, at, from, to)
  local time = os.date("!%Y-%m-%dT%H:%M:%S", at) .. ".165+00:00"
  return {
    id = id, leadId = lead.leadId, agentId = seed.user(person), timelineType = 38,
    timelineTypeDesc = "TeamStageChange", timelineTime = time, createTime = time, updateTime = time,
    fromId = seed.user(person), fromType = 1, toId = lead.leadId, toType = 2, fromFirstName = person.first,
    fromLastName = person.last, toFirstName = lead.firstName, toLastName = lead.lastName, refId = 0, sticky = false,
    canSticky = false, content = { fromStageName = from, toStageName = to },
  }
end

local function written(account) return state.collection(account .. "/system_logs", "number") end

--- Writes the log of a change of stage.
function records.add(account, lead, from, to)
  local number, at = state.sequence("system_log"), math.floor(settings.now())
  local id = ("1224565260756%06d"):format(number)
  written(account):put { number = number, at = at, log = log(accounts.find(account), lead, id, at, from, to) }
end

--- The logs of a lead, newest first, as {at = epoch seconds, log}. Of the generated ones the account's first lead has
-- 260, every other a few; there are none where no leads are generated. Their ids are strings.
function records.of_lead(account, lead, is_first)
  local person, list, new = accounts.find(account), {}, written(account):list()
  for i = #new, 1, -1 do
    if json.digits(new[i].log.leadId) == json.digits(lead.leadId) then list[#list + 1] = new[i] end
  end
  for n = 0, (person.leads == 0 and 0 or is_first and 260 or 4) - 1 do
    local id, at = ("1224565260755%06d"):format(697664 - n), seed.time(n)
    list[#list + 1] = { at = at, log = log(person, lead, id, at, "New", "Active") }
  end
  return list
end

return records
