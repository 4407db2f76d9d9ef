-- SPDX-License-Identifier: MIT

--- The operations of `crm.ai`; `lofty.api.operations` describes the fields.
-- @module lofty.api.operations.ai

local shapes = require "lofty.api.operations.shapes"

local i64, i32_from_1 = shapes.i64, shapes.i32_from_1

return {
  generate_call_script = {
    method = "POST", path = "/v2.0/ai/call-script", class = "create", returns = "CallScript",
    about = "generate a script for a call",
    body = { required = { "leadId", "taskId" }, fields = { leadId = i64, taskId = i64 } },
  },
  generate_call_summary = {
    method = "POST", path = "/v2.0/ai/call-summary/generate", class = "create", returns = "Message",
    about = "generate a summary of a call", find = "crm.ai:get_call_summary{ callRecordId = ... }",
    body = { required = { "callRecordId", "leadId" }, fields = { callRecordId = i64, leadId = i64 } },
  },
  get_call_summary = {
    method = "GET", path = "/v2.0/ai/call-summary", class = "read", returns = "CallSummary", unwrap = "data",
    about = "the summary of a call", query = { required = { "callRecordId" }, fields = { callRecordId = i64 } },
  },
  lead_analyses = {
    method = "GET", path = "/v2.0/ai/lead-analysis", class = "read", returns = "Outcome",
    about = "the caller's analyses of the last three months",
    page = { style = "page", items = "data", number = "pageNum", count = "pageSize", base = 1, loose = true },
    query = { fields = { pageNum = i32_from_1, pageSize = i32_from_1 } },
  },
  analyze_leads = {
    method = "POST", path = "/v2.0/ai/lead-analysis", class = "create", returns = "Outcome",
    about = "start an analysis of leads",
    find = "crm.ai:lead_analyses{}",
    body = { required = { "leadIds" }, fields = { leadIds = { type = "array", items = i64, min_items = 1 } } },
  },
  prepare_insight = {
    method = "POST", path = "/v2.0/ai/prepare-insight", class = "create", returns = "Outcome",
    about = "generate notes for an appointment",
    body = { required = { "leadId", "appointmentId" }, fields = { leadId = i64, appointmentId = i64 } },
  },
}
