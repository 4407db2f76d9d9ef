-- SPDX-License-Identifier: MIT

--- The operations of `crm.sales_agents`; `lofty.api.operations` describes the fields.
-- @module lofty.api.operations.sales_agents

local shapes = require "lofty.api.operations.shapes"

local str, bool, i64, id, i32s, i64s, bool_text, from_0_text, agent_sms, whole =
  shapes.str, shapes.bool, shapes.i64, shapes.id, shapes.i32s, shapes.i64s, shapes.bool_text, shapes.from_0_text,
  shapes.agent_sms, shapes.whole

local hundred_ids = { type = "array", items = i64, max_items = 100 }
local of_any_lead = { required = { "leadId" }, fields = { leadId = i64 } }
local leads_to_do = { required = { "leadIds" }, fields = { leadIds = hundred_ids } }

return {
  get_current = {
    method = "GET", path = "/v2.0/sales-agents/current", class = "read", returns = "SalesAgent",
    about = "the caller's AI assistant",
  },
  get_by_lead = {
    method = "GET", path = "/v2.0/sales-agents/by-lead", class = "read", returns = "SalesAgent",
    about = "the AI assistant of a lead", query = of_any_lead,
  },
  get_quota = {
    method = "GET", path = "/v2.0/sales-agents/quota", class = "read", returns = "SalesAgentQuota",
    about = "how many leads the AI assistant may still take",
  },
  get_settings = {
    method = "GET", path = "/v2.0/sales-agent/settings", class = "read", returns = "SalesAgentSettings",
    about = "the settings of the caller's AI assistant",
  },
  update_settings = {
    method = "PUT", path = "/v2.0/sales-agent/settings", class = "idempotent", returns = "Message",
    about = "change the settings of the caller's AI assistant",
    body = {
      required = { "id" },
      fields = {
        id = id, assistantName = str, virtualNumber = str, virtualNumberCountry = str,
        callTransferType = { type = "string", known = { "Disabled", "ToAssignedAgent" } }, fixedNumber = str,
        agentExperience = str, rentalBusiness = bool, websiteChannel = bool, textChannel = bool, emailChannel = bool,
        startActiveHour = { type = "integer", format = "int32", min = 0, max = 23 },
        endActiveHour = { type = "integer", format = "int32", min = 0, max = 23 },
        activeDays = { type = "array", items = { type = "integer", format = "int32", min = 0, max = 6 } },
        leadTypes = i32s, leadSources = i64s, leadPipelines = i64s, agentIds = i64s, officeIds = i64s,
        leadPondIds = i64s, newLeadEnable = bool, visitorsEnable = bool,
        followUpRole = { type = "string", known = { "AI", "Agent" } },
      },
    },
  },
  working_leads = {
    method = "GET", path = "/v2.0/working-leads", class = "read", returns = "WorkingLeadPage",
    about = "the leads that the AI assistant works on",
    page = { style = "offset", items = "workingLeads", size = 100 },
    query = {
      instead = { page = "offset", pageSize = "limit" },
      fields = {
        aiStage = { type = "string", known = { "HIGH_PRIORITY", "AI_PROSPECTING", "AI_MONITORING" } },
        limit = { type = "string", as = "integer", min = 1, max = 100 }, offset = from_0_text,
        sort = { type = "string", known = { "Default", "CreateTime", "UpdateTime" } }, desc = bool_text,
      },
    },
  },
  get_working_lead = {
    method = "GET", path = "/v2.0/sales-agents/working-lead/{leadId}", class = "read", returns = "WorkingLead",
    about = "whether the AI assistant works on a lead", params = { leadId = i64 },
  },
  add_working_leads = {
    method = "POST", path = "/v2.0/working-leads/add", class = "create", returns = "Message",
    about = "add up to 100 leads to those that the AI assistant works on", find = "crm.sales_agents:working_leads{}",
    body = { required = { "leadIds" }, fields = { leadIds = hundred_ids, createPlanTask = bool } },
  },
  mute_lead = {
    method = "PUT", path = "/v2.0/sales-agents/working-lead/{leadId}/mute", class = "idempotent", returns = "Message",
    about = "mute the AI assistant for a lead", params = { leadId = i64 },
    find = "crm.sales_agents:get_mute_status{ leadId = ... }",
  },
  get_mute_status = {
    method = "GET", path = "/v2.0/sales-agent/lead/mute-status", class = "read", returns = "MuteStatus", unwrap = "data",
    about = "whether the AI assistant is muted for a lead", query = of_any_lead,
  },
  plan_tasks = {
    method = "GET", path = "/v2.0/plan-tasks/lead/{leadId}", class = "read", returns = "PlanTask[]",
    about = "the tasks that the AI assistant plans for a lead", page = whole, params = { leadId = i64 },
  },
  create_plan_tasks = {
    method = "POST", path = "/v2.0/plan-tasks/create", class = "create", returns = "Outcome", body = leads_to_do,
    about = "have the AI assistant plan tasks for up to 100 leads", find = "crm.sales_agents:plan_tasks(leadId)",
  },
  send_sms_to_agent = {
    method = "POST", path = "/v2.0/sales-agent/ai-number/send-sms-to-agent", class = "notify", returns = "Message",
    about = "send a text message from the AI assistant's number to the agent whose credential is used",
    find = "the agent's phone", body = agent_sms,
  },
}
