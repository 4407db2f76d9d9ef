-- SPDX-License-Identifier: MIT

--- /v2.0/tasks, /v1.0/tasks and /v1.0/appts.
-- @module lofty.sandbox.server.api.tasks

local errors = require "lofty.sandbox.server.errors"
local json = require "lofty.sandbox.server.json"
local leads = require "lofty.sandbox.server.lead_records"
local pages = require "lofty.sandbox.server.pages"
local records = require "lofty.sandbox.server.task_records"

local tasks = {}

local DONE = { message = "success" }

local function of_lead(call, wanted)
  local id = json.digits(leads.need(call.account, call.query.leadId).leadId)
  return pages.filter(records.of(call.account):list(), function(record)
    return json.digits(record.leadId) == id and (wanted == nil or record.appointment == wanted)
  end)
end

tasks["GET /v2.0/tasks"] = function(call) return { tasks = pages.shown(call.account, of_lead(call), records.v2) } end

tasks["POST /v2.0/tasks"] = function(call)
  local body = call.body
  for _, name in ipairs { "content", "assignedRole", "endAt" } do
    if not (body[name] or ""):find("%S") then errors.raise("INVALID_PARAMETER") end
  end
  local lead = leads.need(call.account, json.digits(body.leadId), "PERMISSION_DENIED")
  local ends = records.moment(body.endAt)
  local appointment = body.type:lower() == "appointment"
  return { taskId = records.add(call.account, {
    leadId = lead.leadId, content = body.content, appointment = appointment, way = appointment and "Other" or body.type,
    role = body.assignedRole, starts = records.moment(body.startAt) or ends, ends = ends, zone = body.timeZoneCode,
    address = body.address,
  }).id }
end

tasks["GET /v2.0/tasks/my-tasks"] = function(call)
  local limit = pages.limit(call.query, 10, 100)
  local current = call.query.currentId
  if current and tonumber(current) < 0 then errors.raise("INVALID_PARAMETER") end
  local list = pages.filter(records.of(call.account):list(), function() return true end)
  table.sort(list, function(a, b)
    if a.starts ~= b.starts then return a.starts > b.starts end
    return tostring(a.id) < tostring(b.id)
  end)
  local offset, page = pages.after(list, "id", current), {}
  for i = offset + 1, math.min(#list, offset + limit) do page[#page + 1] = list[i] end
  return { tasks = pages.shown(call.account, page, records.v2) }
end

tasks["GET /v2.0/tasks/{taskId}"] = function(call)
  return { task = records.v2(call.account, records.need(call.account, call.params.taskId)) }
end

tasks["PUT /v2.0/tasks/{taskId}"] = function(call)
  local record, body = records.need(call.account, call.params.taskId), call.body
  if not (body.content or body.startAt or body.endAt or body.address) then errors.raise("MISSING_PARAMETER") end
  records.update(call.account, record, {
    content = body.content, starts = records.moment(body.startAt), ends = records.moment(body.endAt),
    address = body.address, zone = body.timeZoneCode,
  })
  return DONE
end

local function remove(call)
  records.remove(call.account, records.need(call.account, call.params.taskId))
end

tasks["DELETE /v2.0/tasks/{taskId}"] = function(call) remove(call) return DONE end

local function finish(finished)
  return function(call)
    local record = records.need(call.account, call.params.taskId)
    if finished and record.smart_plan then errors.raise("TASK_IS_SMARTPLAN") end
    records.finish(call.account, record, finished)
    return DONE
  end
end
tasks["POST /v2.0/tasks/{taskId}/finish"] = finish(true)
tasks["POST /v2.0/tasks/{taskId}/unfinish"] = finish(false)

tasks["GET /v1.0/tasks"] = function(call) return { taskList = pages.shown(call.account, of_lead(call, false), records.v1) } end

tasks["GET /v1.0/appts"] = function(call) return pages.shown(call.account, of_lead(call, true), records.appointment) end

tasks["POST /v1.0/tasks"] = function(call)
  local body = call.body
  if not body.content:find("%S") then errors.raise("INVALID_PARAMETER") end
  local lead = leads.need(call.account, json.digits(body.leadId), "PERMISSION_DENIED")
  local ends = records.moment(nil, body.deadline)
  return { taskId = records.add(call.account, {
    leadId = lead.leadId, content = body.content, appointment = false, way = body.type, role = body.assignedRole,
    starts = ends, ends = ends, finished = body.finishFlag == true,
  }).id }
end

local function task_v1(call)
  local record = records.need(call.account, call.params.taskId)
  if record.appointment then errors.raise("TASK_NOT_EXIST") end
  return record
end

tasks["GET /v1.0/tasks/{taskId}"] = function(call) return { task = records.v1(call.account, task_v1(call)) } end

tasks["PUT /v1.0/tasks/{taskId}"] = function(call)
  local record, body = task_v1(call), call.body
  if next(body) == nil then errors.raise("MISSING_PARAMETER") end
  if body.leadId and json.digits(body.leadId) ~= json.digits(record.leadId) then
    errors.raise("INVALID_UPDATE_OPERATION_LEADID")
  end
  if body.finishFlag then -- with it the other fields are ignored
    if record.smart_plan then errors.raise("TASK_IS_SMARTPLAN") end
    records.finish(call.account, record, true)
    return nil
  end
  local ends = records.moment(nil, body.deadline)
  records.update(call.account, record, {
    content = body.content, way = body.type, role = body.assignedRole, ends = ends,
  })
  return nil
end

tasks["DELETE /v1.0/tasks/{taskId}"] = function(call)
  task_v1(call)
  return remove(call)
end

return tasks
