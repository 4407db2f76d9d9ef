-- SPDX-License-Identifier: MIT

--- Notes as records.
-- @module lofty.sandbox.server.note_records

local accounts = require "lofty.sandbox.server.accounts"
local given = require "lofty.sandbox.server.given"
local json = require "lofty.sandbox.server.json"
local leads = require "lofty.sandbox.server.lead_records"
local seed = require "lofty.sandbox.server.seed"
local settings = require "lofty.sandbox.server.settings"
local state = require "lofty.sandbox.server.state"

local records = {}

local SAYINGS = { "Left a voice message.", "Wants three bedrooms and a garden.", "Pre-approved up to 450,000.",
                  "Prefers calls after six.", "Sent two listings, liked the second.", "Moving for a new job in March." }

local function note(person, id, lead_id, content, pinned, when)
  return {
    id = json.int(tostring(id):sub(1, -7) .. "9" .. tostring(id):sub(-5)), noteId = id, leadId = lead_id,
    creatorId = seed.user(person), creatorName = person.first .. " " .. person.last, createTime = seed.utc(when),
    lastUpdate = seed.utc(when), lastEditorId = seed.user(person), lastEditorName = person.first .. " " .. person.last,
    deleteFlag = false, content = content, isPin = pinned, systemNote = false,
  }
end

--- The notes of an account. The first 20 leads have some, the first one has twelve.
function records.of(account)
  local person = accounts.find(account)
  return state.collection(account .. "/notes", "noteId", function()
    local list, n = {}, 0
    for i, fields in ipairs(given.list(account, "notes") or {}) do
      local made = note(person, fields.noteId, fields.leadId, leads.cut(fields.content, 2000), fields.isPin == true,
                        fields.createTime or given.start())
      made.systemNote = fields.systemNote == true
      if fields.lastUpdate then made.lastUpdate = seed.utc(fields.lastUpdate) end
      list[i] = made
    end
    for i = 1, math.min(20, person.leads) do
      for k = 1, i == 1 and 12 or i % 4 do
        local lead_id = seed.id(person, "lead", i - 1)
        if person.block == "17382345668" and i == 2 then lead_id = json.int("9007199254740993") end
        local made = note(person, seed.id(person, "note", n), lead_id, SAYINGS[n % #SAYINGS + 1], k == 1, seed.time(n))
        made.systemNote = i == 1 and k == 12
        list[#list + 1], n = made, n + 1
      end
    end
    return list
  end)
end

--- Writes a note on a lead, and returns it.
function records.add(account, lead_id, content, pinned)
  local person = accounts.find(account)
  local made = note(person, seed.new_id(person, "note", state.sequence("note")), lead_id, leads.cut(content, 2000), pinned,
                    math.floor(settings.now()))
  records.of(account):put(made)
  leads.settle(made.noteId)
  return made
end

return records
