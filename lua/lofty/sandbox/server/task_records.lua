-- SPDX-License-Identifier: MIT

--- Tasks and appointments, which share their ids, in the four forms in which Lofty returns them.
-- @module lofty.sandbox.server.task_records

local accounts = require "lofty.sandbox.server.accounts"
local errors = require "lofty.sandbox.server.errors"
local events = require "lofty.sandbox.server.events"
local given = require "lofty.sandbox.server.given"
local json = require "lofty.sandbox.server.json"
local leads = require "lofty.sandbox.server.lead_records"
local seed = require "lofty.sandbox.server.seed"
local settings = require "lofty.sandbox.server.settings"
local state = require "lofty.sandbox.server.state"
local times = require "lofty.sandbox.server.times"

local records = {}

local WAYS = { "Call", "Email", "Text", "Other" }

-- The leads that have tasks: the first has a sixth of all.
local function lead_number(n, count) return n % 6 == 0 and 0 or n % (math.min(20, count) - 1) + 1 end

local DAY = 86400

-- A task or an appointment that the launcher gave.
local function from_given(fields)
  local created = fields.createTime or given.start()
  local ends = fields.endAt or fields.startAt or given.start() + DAY
  local appointment = fields.type == "Appointment"
  return {
    id = fields.id, appointment = appointment, leadId = fields.leadId, content = fields.content,
    way = appointment and "Other" or fields.type or "Other", starts = fields.startAt or ends, ends = ends,
    zone = fields.timeZoneCode or "America/Chicago", finished = fields.finishFlag == true, created = created,
    updated = fields.lastUpdate or created, smart_plan = false, role = fields.assignedRole or "Agent",
    address = fields.address,
  }
end

--- The tasks and appointments of an account, 240 to begin with, newest first.
function records.of(account)
  local person = accounts.find(account)
  return state.collection(account .. "/tasks", "id", function()
    local list, all = {}, leads.of(account):list()
    for i, fields in ipairs(given.list(account, "tasks") or {}) do list[i] = from_given(fields) end
    for n = 0, (person.leads > 0 and 240 or 0) - 1 do
      local lead, starts = all[lead_number(n, person.leads) + 1], seed.time(n) + 86400
      list[#list + 1] = {
        id = seed.id(person, "task", n), appointment = n % 5 == 3, leadId = lead.leadId,
        content = ("Follow up no. %d with %s"):format(n + 1, lead.firstName), way = WAYS[n % 4 + 1],
        starts = starts, ends = starts + 1800, zone = "America/Chicago", finished = n % 3 == 0,
        created = starts - 86400, updated = starts - 3600, smart_plan = n % 24 == 7, role = "Agent",
        address = n % 5 == 3 and "1 Congress Avenue, Austin, TX" or nil,
      }
    end
    return list
  end)
end

--- The record with this id, or the error `name`.
function records.need(account, id, name)
  return errors.need(records.of(account):find(id), name or "TASK_NOT_EXIST")
end

-- Fires the webhooks of a record.
local function fire(account, what, record)
  local list = record.appointment and "Appointment" or "Task"
  events.fire(account, list, what, { leadId = record.leadId, [list:lower() .. "Id"] = record.id })
  return record
end

--- Writes a new record.
function records.add(account, fields)
  local now = math.floor(settings.now())
  fields.id = seed.new_id(accounts.find(account), "task", state.sequence("task"))
  fields.created, fields.updated, fields.finished = now, now, fields.finished == true
  fields.role, fields.zone = fields.role or "Agent", fields.zone or "America/Chicago"
  return fire(account, "created", records.of(account):put(fields))
end

--- Changes some fields of a record.
function records.update(account, record, fields)
  fields.updated = math.floor(settings.now())
  fire(account, "updated", records.of(account):change(record, fields))
end

--- Marks a record as finished, or not.
function records.finish(account, record, finished)
  local changed = records.of(account):change(record, { finished = finished, updated = math.floor(settings.now()) })
  fire(account, finished and "finished" or "updated", changed)
end

--- Removes a record.
function records.remove(account, record)
  records.of(account):remove(tostring(record.id))
  fire(account, "deleted", record)
end

--- Epoch seconds from an ISO text or else milliseconds; nil when neither is given.
function records.moment(text, millis)
  if text then return errors.need(times.iso(text), "INVALID_PARAMETER") end
  return millis and math.floor(tonumber(json.digits(millis) or millis) / 1000) or nil
end

local function lead_of(account, record)
  return leads.of(account):find(json.digits(record.leadId)) or { firstName = "", lastName = "" }
end

local function names(lead, out)
  out.leadFirstName, out.leadLastName = lead.firstName, lead.lastName
  out.leadName = leads.name(lead)
  out.leadEmail, out.leadPhone = lead.emails and lead.emails[1], lead.phones and lead.phones[1]
  out.leadUserId = lead.leadUserId
  return out
end

local function overdue(record) return not record.finished and record.ends < settings.now() end

--- As /v2.0/tasks shows it.
function records.v2(account, record)
  local person = accounts.find(account)
  return names(lead_of(account, record), {
    id = record.id, leadId = record.leadId, creatorId = seed.user(person), content = record.content,
    type = record.appointment and "Appointment" or record.way, startAt = seed.gmt(record.starts),
    endAt = seed.gmt(record.ends), timeZoneCode = record.zone, allDay = false, finishFlag = record.finished,
    overdueFlag = overdue(record), finishTime = record.finished and seed.gmt(record.updated) or "",
    createTime = seed.gmt(record.created), lastUpdate = seed.gmt(record.updated), reminderType = 0,
    assignedRole = record.role, assignedUser = person.first .. " " .. person.last, teamId = seed.team, subject = "",
    body = "", assignedUserId = seed.user(person), pipelineId = json.int("12345"), queryId = -1,
    queryInfo = record.smart_plan and "smart plan" or "", address = record.address,
  })
end

--- As /v1.0/tasks shows it.
function records.v1(account, record)
  local person = accounts.find(account)
  return names(lead_of(account, record), {
    id = record.id, leadId = record.leadId, creatorId = seed.user(person), content = record.content, type = record.way,
    deadline = seed.utc(record.ends), finishTime = record.finished and seed.utc(record.updated) or "",
    createTime = seed.utc(record.created), lastUpdate = seed.utc(record.updated), deleteFlag = false,
    finishFlag = record.finished, overdueFlag = overdue(record), reminderType = 0, assignedRole = record.role,
    assignedUser = person.first .. " " .. person.last, teamId = seed.team, subject = "", body = "",
    assignedUserId = seed.user(person), pipelineId = json.int("12345"), queryInfo = "", queryId = -1,
  })
end

--- As /v1.0/appts shows it.
function records.appointment(account, record)
  local person = accounts.find(account)
  return {
    id = record.id, descr = record.content, address = record.address or "", createTime = seed.zulu(record.created),
    lastUpdate = seed.zulu(record.updated), deadline = seed.millis(record.starts), endTime = seed.millis(record.ends),
    allDay = false, finishFlag = record.finished, deleteFlag = false, overdue = overdue(record),
    finishTime = record.finished and seed.millis(record.updated) or 0, leadId = record.leadId,
    assignToUid = seed.user(person), assignRoleType = 1, creatorId = seed.user(person),
  }
end

--- As /v2.0/calendar shows it: its id is the number with "-task" or "-appointment".
function records.calendar(account, record)
  local lead, kind = lead_of(account, record), record.appointment and "appointment" or "task"
  return {
    id = tostring(record.id) .. "-" .. kind, type = kind:upper(), taskId = record.id, sourceType = 1,
    content = record.content, title = leads.name(lead) .. " - " .. kind,
    finished = record.finished, startAt = seed.iso(record.starts), endAt = seed.iso(record.ends),
    startAtMs = seed.millis(record.starts), endAtMs = seed.millis(record.ends), timeZoneCode = record.zone,
    leadId = record.leadId,
  }
end

return records
