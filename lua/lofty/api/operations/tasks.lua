-- SPDX-License-Identifier: MIT

--- The operations of `crm.tasks`; `lofty.api.operations` describes the fields.
-- @module lofty.api.operations.tasks

local shapes = require "lofty.api.operations.shapes"

local str, i64, id, time, int_to_100, agent_role, of_lead =
  shapes.str, shapes.i64, shapes.id, shapes.time, shapes.int_to_100, shapes.agent_role, shapes.of_lead

return {
  list = {
    method = "GET", path = "/v2.0/tasks", class = "read", returns = "TaskPage",
    about = "all tasks and appointments of a lead",
    page = { style = "all", items = "tasks" }, query = of_lead,
  },
  mine = {
    method = "GET", path = "/v2.0/tasks/my-tasks", class = "read", returns = "TaskPage",
    about = "the tasks of a user, by default of the caller",
    page = { style = "current", items = "tasks", size = 100 },
    query = {
      fields = {
        userId = i64, currentId = { type = "integer", format = "int64", min = 0 }, limit = int_to_100,
        timeZoneCode = str,
      },
    },
  },
  create = {
    method = "POST", path = "/v2.0/tasks", class = "create", returns = "TaskId", about = "create a task or an appointment",
    find = "crm.tasks:list{ leadId = ... }",
    body = {
      required = { "type", "content", "leadId", "assignedRole", "endAt" },
      fields = {
        type = { type = "string", known = { "Other", "Call", "Email", "Text", "Appointment" } }, content = str,
        leadId = i64, assignedRole = agent_role, startAt = time, endAt = time, timeZoneCode = str, address = str,
      },
    },
  },
  get = {
    method = "GET", path = "/v2.0/tasks/{taskId}", class = "read", returns = "Task", about = "one task or appointment",
    params = { taskId = id }, unwrap = "task",
  },
  update = {
    method = "PUT", path = "/v2.0/tasks/{taskId}", class = "idempotent", returns = "Message",
    about = "change some fields of a task or an appointment",
    params = { taskId = id },
    body = {
      one_of = { { "content", "startAt", "endAt", "address" } },
      fields = { content = str, startAt = time, endAt = time, timeZoneCode = str, address = str },
    },
  },
  delete = {
    method = "DELETE", path = "/v2.0/tasks/{taskId}", class = "idempotent", returns = "Message",
    about = "remove a task or an appointment", params = { taskId = id },
  },
  finish = {
    method = "POST", path = "/v2.0/tasks/{taskId}/finish", class = "idempotent", returns = "Message",
    about = "mark as done", params = { taskId = id }, find = "crm.tasks:get(taskId)",
  },
  unfinish = {
    method = "POST", path = "/v2.0/tasks/{taskId}/unfinish", class = "idempotent", returns = "Message",
    about = "mark as not done", params = { taskId = id }, find = "crm.tasks:get(taskId)",
  },
}
