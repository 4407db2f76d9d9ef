-- SPDX-License-Identifier: MIT

--- /v1.0/notes: list, get, create, update, delete.
-- @module lofty.sandbox.server.api.notes

local accounts = require "lofty.sandbox.server.accounts"
local errors = require "lofty.sandbox.server.errors"
local events = require "lofty.sandbox.server.events"
local json = require "lofty.sandbox.server.json"
local leads = require "lofty.sandbox.server.lead_records"
local pages = require "lofty.sandbox.server.pages"
local records = require "lofty.sandbox.server.note_records"
local seed = require "lofty.sandbox.server.seed"
local settings = require "lofty.sandbox.server.settings"
local state = require "lofty.sandbox.server.state"

local notes = {}

local function need(call)
  return errors.need(records.of(call.account):find(call.params.noteId), "RESOURCE_NOT_EXIST")
end

local function check_content(body)
  if not body.content:find("%S") then errors.raise("INVALID_PARAMETER") end
end

notes["GET /v1.0/notes"] = function(call)
  local lead = leads.need(call.account, call.query.leadId)
  local id, system = json.digits(lead.leadId), call.query.includeSystemNote == "true"
  return { notes = pages.all(pages.filter(records.of(call.account):list(), function(note)
    return json.digits(note.leadId) == id and (system or not note.systemNote)
  end)) }
end

notes["POST /v1.0/notes"] = function(call)
  check_content(call.body)
  local lead = leads.need(call.account, json.digits(call.body.leadId))
  local note = records.add(call.account, lead.leadId, call.body.content, call.body.isPin == true)
  events.fire(call.account, "Note", "created", { leadId = lead.leadId, noteId = note.noteId })
  return { noteId = note.noteId }
end

notes["GET /v1.0/notes/{noteId}"] = function(call)
  if leads.unsettled(call.params.noteId) then errors.raise("RESOURCE_NOT_EXIST") end
  return { note = state.text(need(call)) }
end

notes["PUT /v1.0/notes/{noteId}"] = function(call)
  if leads.unsettled(call.params.noteId) then errors.raise("RESOURCE_NOT_EXIST") end
  local note, body = need(call), call.body
  check_content(body)
  if call.nulls.isPin == json.null then errors.raise("INVALID_PARAMETER") end
  if body.leadId and json.digits(body.leadId) ~= json.digits(note.leadId) then
    errors.raise("INVALID_UPDATE_OPERATION_LEADID")
  end
  local person = accounts.find(call.account)
  records.of(call.account):change(note, {
    content = leads.cut(body.content, 2000), isPin = body.isPin == true, lastUpdate = seed.utc(math.floor(settings.now())),
    lastEditorId = seed.user(person), lastEditorName = person.first .. " " .. person.last,
  })
  events.fire(call.account, "Note", "updated", { leadId = note.leadId, noteId = note.noteId })
  return nil
end

notes["DELETE /v1.0/notes/{noteId}"] = function(call)
  local note = need(call)
  records.of(call.account):remove(call.params.noteId)
  events.fire(call.account, "Note", "deleted", { leadId = note.leadId, noteId = note.noteId })
  return nil
end

return notes
