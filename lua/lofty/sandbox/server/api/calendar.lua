-- SPDX-License-Identifier: MIT

--- /v2.0/calendar: tasks and appointments with composite ids.
-- @module lofty.sandbox.server.api.calendar

local errors = require "lofty.sandbox.server.errors"
local json = require "lofty.sandbox.server.json"
local leads = require "lofty.sandbox.server.lead_records"
local pages = require "lofty.sandbox.server.pages"
local records = require "lofty.sandbox.server.task_records"
local seed = require "lofty.sandbox.server.seed"
local settings = require "lofty.sandbox.server.settings"

local calendar = {}

local DONE = { message = "success" }

local function millis(call, name)
  local text = call.query[name]
  return text and errors.need(text:match("^%d+$"), "INVALID_PARAMETER") or nil
end

-- The ISO form is used when both are given.
local function range(call)
  return records.moment(call.query.startTime, millis(call, "startTimeMs")),
    records.moment(call.query.endTime, millis(call, "endTimeMs"))
end

calendar["GET /v2.0/calendar"] = function(call)
  local from, to = range(call)
  if not from and not to then errors.raise("INVALID_PARAMETER") end
  local page, size = pages.whole(call.query, "page", 0), pages.whole(call.query, "pageSize", 20)
  if size < 1 or size > 500 then errors.raise("INVALID_PARAMETER") end
  local list = pages.filter(records.of(call.account):list(), function(record)
    return (not from or record.starts >= from) and (not to or record.starts <= to)
      and (call.query.includeFinished == "true" or not record.finished)
      and (not call.query.leadId or json.digits(record.leadId) == call.query.leadId)
  end)
  table.sort(list, function(a, b)
    if a.starts ~= b.starts then return a.starts > b.starts end
    return tostring(a.id) < tostring(b.id)
  end)
  if call.query.desc == "false" then list = pages.reverse(list) end
  local items = json.array {}
  for i = page * size + 1, math.min(#list, (page + 1) * size) do
    items[#items + 1] = records.calendar(call.account, list[i])
  end
  return { data = { total = #list, page = page, pageSize = size, items = items } }
end

local function later_than_now(moment)
  if moment and moment <= settings.now() then errors.raise("INVALID_PARAMETER") end
  return moment
end

calendar["POST /v2.0/calendar"] = function(call)
  local body = call.body
  local kind = body.type:lower()
  if kind ~= "task" and kind ~= "appointment" then errors.raise("INVALID_PARAMETER") end
  if not body.content:find("%S") or (kind == "task" and not body.taskWay) then errors.raise("INVALID_PARAMETER") end
  local starts = errors.need(records.moment(body.startAt, body.startAtMs), "INVALID_PARAMETER")
  local ends = errors.need(records.moment(body.endAt, body.endAtMs), "INVALID_PARAMETER")
  later_than_now(starts)
  later_than_now(ends)
  local lead = leads.need(call.account, json.digits(body.leadId), "PERMISSION_DENIED")
  local record = records.add(call.account, {
    leadId = lead.leadId, content = body.content, appointment = kind == "appointment", way = body.taskWay or "Other",
    role = body.assignedRole, starts = starts, ends = ends, zone = body.timeZoneCode, address = body.address,
  })
  return { data = { id = tostring(record.id) .. "-" .. kind, type = kind:upper(), message = "success" } }
end

-- The record of a composite id; number and word must both fit.
local function need(call)
  local digits, kind = call.params.calendarId:match("^(%d+)%-(%a+)$")
  if kind ~= "task" and kind ~= "appointment" then errors.raise("INVALID_PARAMETER") end
  local record = records.need(call.account, digits, "INVALID_PARAMETER")
  if record.appointment ~= (kind == "appointment") then errors.raise("INVALID_PARAMETER") end
  return record
end

calendar["PUT /v2.0/calendar/{calendarId}"] = function(call)
  local record, body = need(call), call.body
  records.update(call.account, record, {
    content = body.content ~= "" and body.content or nil, address = body.address, zone = body.timeZoneCode,
    starts = later_than_now(records.moment(body.startAt, body.startAtMs)),
    ends = later_than_now(records.moment(body.endAt, body.endAtMs)),
  })
  return DONE
end

calendar["DELETE /v2.0/calendar/{calendarId}"] = function(call)
  records.remove(call.account, need(call))
  return DONE
end

calendar["POST /v2.0/calendar/{calendarId}/finish"] = function(call)
  records.finish(call.account, need(call), true)
  return DONE
end

calendar["POST /v2.0/calendar/{calendarId}/unfinish"] = function(call)
  records.finish(call.account, need(call), false)
  return DONE
end

calendar["GET /v2.0/calendar/meetings/available"] = function(call)
  local from, to = range(call)
  if not from or not to or from <= settings.now() or to <= from or to - from > 90 * 86400 then
    errors.raise("INVALID_PARAMETER")
  end
  local limit = pages.number(call.query, "limit", 10)
  if limit < 1 then errors.raise("INVALID_PARAMETER") end
  local slots, total = json.array {}, 0
  for at = math.ceil(from / 3600) * 3600, to - 1800, 3600 do
    total = total + 1
    if total <= limit then
      slots[total] = { startTime = seed.iso(at), endTime = seed.iso(at + 1800), startTimeMs = seed.millis(at),
                       endTimeMs = seed.millis(at + 1800) }
    end
  end
  return { data = { total = total, slots = slots } }
end

return calendar
