-- SPDX-License-Identifier: MIT

--- The operations of `crm.v1.tasks`; `lofty.api.operations` describes the fields.
-- @module lofty.api.operations.v1.tasks

local shapes = require "lofty.api.operations.shapes"

local str, bool, i64, id, of_lead = shapes.str, shapes.bool, shapes.i64, shapes.id, shapes.of_lead

local task_v1_fields = {
  content = str, leadId = i64, deadline = i64, type = { type = "string", enum = { "Other", "Call", "Email", "Text" } },
  assignedRole = { type = "string", enum = { "Agent", "Assistant" } }, finishFlag = bool,
}

return {
  list = {
    method = "GET", path = "/v1.0/tasks", class = "read", returns = "TaskV1Page", about = "the tasks of a lead",
    page = { style = "all", items = "taskList" }, query = of_lead,
  },
  create = {
    method = "POST", path = "/v1.0/tasks", class = "create", returns = "TaskId", about = "create a task; deadline in ms",
    body = { required = { "content", "leadId", "deadline", "type", "assignedRole" }, fields = task_v1_fields },
    find = "crm.v1.tasks:list{ leadId = ... }",
  },
  get = {
    method = "GET", path = "/v1.0/tasks/{taskId}", class = "read", returns = "TaskV1", about = "one task",
    params = { taskId = id }, unwrap = "task",
  },
  update = {
    method = "PUT", path = "/v1.0/tasks/{taskId}", class = "idempotent", params = { taskId = id },
    about = "change some fields of a task; with finishFlag = true it is finished and the other fields are ignored",
    body = {
      one_of = { { "content", "leadId", "deadline", "type", "assignedRole", "finishFlag" } }, fields = task_v1_fields,
    },
  },
  delete = {
    method = "DELETE", path = "/v1.0/tasks/{taskId}", class = "idempotent", about = "remove a task", params = { taskId = id },
  },
}
