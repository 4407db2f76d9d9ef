-- SPDX-License-Identifier: MIT

--- The operations of `crm.logs`; `lofty.api.operations` describes the fields.
-- @module lofty.api.operations.logs

local shapes = require "lofty.api.operations.shapes"

local str, bool, i64, id, i32_from_0, i32_to_1000 =
  shapes.str, shapes.bool, shapes.i64, shapes.id, shapes.i32_from_0, shapes.i32_to_1000

local log_type = { type = "string", enum = { "logCall", "logEmail", "logText" } }

return {
  list = {
    method = "GET", path = "/v1.0/logType", class = "read", returns = "ManualLogPage",
    about = "calls, e-mails or texts that were logged by hand",
    page = { style = "offset", items = "logType", size = 100 },
    query = {
      required = { "leadId", "logType" },
      fields = {
        leadId = id, logType = log_type, offset = i32_from_0, limit = i32_to_1000, currentId = i64,
        sort = { type = "string", enum = { "createTime", "id" } }, order = { type = "string", enum = { "asc", "desc" } },
      },
    },
  },
  create = {
    method = "POST", path = "/v1.0/logType", class = "create", returns = "ManualLog", unwrap = "logType",
    about = "log a call, an e-mail or a text by hand", find = "crm.logs:list{ leadId = ..., logType = ... }",
    body = {
      required = { "leadId", "logType", "content" }, when = { { "logType", "logCall", "leadPhoneNumber" } },
      fields = {
        leadId = i64, logType = log_type, leadPhoneNumber = { type = "string", max_length = 20 },
        callingOutcome = {
          type = "string", max_length = 20,
          enum = { "Talked", "VoiceMessage", "NoAnswer", "BadNumber", "DNCNumber", "DNCContact" },
        },
        content = { type = "string", max_length = 5000 },
        outboundOrInbound = { type = "string", enum = { "outbound", "inbound" } }, isPin = bool, emailSubject = str,
        toEmail = str, fromEmail = str,
      },
    },
  },
  get = {
    method = "GET", path = "/v1.0/logType/{logTypeId}", class = "read", returns = "ManualLog", about = "one logged entry",
    params = { logTypeId = id }, unwrap = "logType", wait = true,
  },
  delete = {
    method = "DELETE", path = "/v1.0/logType/{logTypeId}", class = "idempotent", about = "remove a logged entry",
    params = { logTypeId = id },
  },
  system = {
    method = "GET", path = "/v1.0/systemLogs", class = "read", returns = "SystemLogPage",
    about = "what changed on a lead, newest first",
    page = { style = "page", items = "timeLines", number = "pageNumber", count = "pageSize", base = 0, size = 100 },
    query = {
      required = { "leadId" },
      fields = { leadId = id, startTime = i64, endTime = i64, pageNumber = i32_from_0, pageSize = i32_to_1000 },
    },
  },
}
