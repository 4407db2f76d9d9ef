-- SPDX-License-Identifier: MIT

--- The operations of `crm.calendar`; `lofty.api.operations` describes the fields.
-- @module lofty.api.operations.calendar

local shapes = require "lofty.api.operations.shapes"

local str, i64, time, i32_from_1, bool_text, id_text, from_0_text, agent_role =
  shapes.str, shapes.i64, shapes.time, shapes.i32_from_1, shapes.bool_text, shapes.id_text, shapes.from_0_text,
  shapes.agent_role

return {
  list = {
    method = "GET", path = "/v2.0/calendar", class = "read", returns = "CalendarPage",
    about = "calendar entries between two times",
    page = { style = "page", items = "data.items", number = "page", count = "pageSize", base = 0, size = 100 },
    query = {
      one_of = { { "startTime", "endTime", "startTimeMs", "endTimeMs" } }, instead = { offset = "page", limit = "pageSize" },
      fields = {
        leadId = id_text, startTime = time, endTime = time, startTimeMs = id_text, endTimeMs = id_text,
        timeZoneCode = str, includeFinished = bool_text, page = from_0_text,
        pageSize = { type = "string", as = "integer", min = 1, max = 500 }, sort = str, desc = bool_text,
        sourceType = { type = "string", as = "integer", many = true },
      },
    },
  },
  available_meetings = {
    method = "GET", path = "/v2.0/calendar/meetings/available", class = "read", returns = "MeetingSlots",
    about = "free slots within 90 days",
    page = { style = "all", items = "data.slots", size = 100 },
    query = {
      one_of = { { "startTime", "startTimeMs" }, { "endTime", "endTimeMs" } },
      fields = {
        startTime = time, endTime = time, startTimeMs = i64, endTimeMs = i64, timeZoneCode = str, limit = i32_from_1,
      },
    },
  },
  create = {
    method = "POST", path = "/v2.0/calendar", class = "create", returns = "CalendarId", unwrap = "data",
    about = "create a task or an appointment; its id is a string", find = "crm.calendar:list{ leadId = ..., startTime = ... }",
    body = {
      required = { "type", "content", "leadId" },
      when = { { "type", "TASK", "taskWay" }, { "type", "task", "taskWay" } },
      one_of = { { "startAt", "startAtMs" }, { "endAt", "endAtMs" } },
      fields = {
        type = { type = "string", known = { "TASK", "APPOINTMENT" } }, content = str, leadId = i64, startAt = time,
        endAt = time, startAtMs = i64, endAtMs = i64, timeZoneCode = str,
        taskWay = { type = "string", known = { "Call", "Email", "Text", "Other" } }, assignedRole = agent_role,
        address = str,
      },
    },
  },
  update = {
    method = "PUT", path = "/v2.0/calendar/{calendarId}", class = "idempotent", returns = "Message",
    about = "change some fields of a calendar entry", find = "crm.calendar:list{ startTime = ... }",
    params = { calendarId = str },
    body = {
      fields = {
        content = str, startAt = time, endAt = time, startAtMs = i64, endAtMs = i64, timeZoneCode = str,
        reminderType = str, reminderTime = str, leadId = i64, address = str,
      },
    },
  },
  delete = {
    method = "DELETE", path = "/v2.0/calendar/{calendarId}", class = "idempotent", returns = "Message",
    about = "remove a calendar entry", params = { calendarId = str }, find = "crm.calendar:list{ startTime = ... }",
  },
  finish = {
    method = "POST", path = "/v2.0/calendar/{calendarId}/finish", class = "idempotent", returns = "Message",
    about = "mark as done", params = { calendarId = str }, find = "crm.calendar:list{ startTime = ... }",
  },
  unfinish = {
    method = "POST", path = "/v2.0/calendar/{calendarId}/unfinish", class = "idempotent", returns = "Message",
    about = "mark as not done", params = { calendarId = str }, find = "crm.calendar:list{ startTime = ... }",
  },
}
