-- SPDX-License-Identifier: MIT

--- Shapes that operations of several resources share; `lofty.api.operations` describes what a shape has.
-- @module lofty.api.operations.shapes

local str, bool, num = { type = "string" }, { type = "boolean" }, { type = "number" }
local int, i32, i64 = { type = "integer" }, { type = "integer", format = "int32" }, { type = "integer", format = "int64" }
local id = { type = "integer", format = "int64", min = 1 }
local time, moment = { type = "string", as = "time" }, { type = "string", as = "time", format = "date-time" }
local given = { type = "integer", format = "int64", readonly = true }
local strs, i32s, i64s = { type = "array", items = str }, { type = "array", items = i32 }, { type = "array", items = i64 }
local i32_from_0, i32_from_1 = { type = "integer", format = "int32", min = 0 }, { type = "integer", format = "int32", min = 1 }
local i32_to_100 = { type = "integer", format = "int32", min = 1, max = 100 }
local i32_to_1000 = { type = "integer", format = "int32", min = 1, max = 1000 }
local int_to_100, int_to_1000 = { type = "integer", min = 1, max = 100 }, { type = "integer", min = 1, max = 1000 }
local bool_text, id_text = { type = "string", as = "boolean" }, { type = "string", as = "integer", format = "int64" }
local from_0_text = { type = "string", as = "integer", min = 0 }
local channel = { type = "string", enum = { "CALL", "TEXT", "EMAIL", "ALL" } }
local deal_type = { type = "string", enum = { "Purchase", "Listing", "Lease", "Other" } }
local payee = { type = "string", enum = { "TEAM", "AGENT", "VENDOR_PARTNER", "LEAD", "OTHER", "BROKERAGE", "UPLINE" } }
local note_text = { type = "string", max_length = 2000 }
local deal_name = { type = "string", without = "<>" }
local agent_role = { type = "string", known = { "Agent", "Assistant" } }
local of_lead = { required = { "leadId" }, fields = { leadId = id } }
local attribute_fields = { attributeName = str, attributeType = str, value = str, params = str }
local commission = {
  fields = {
    id = i64, splitPayType = payee, splitPayTo = i64, splitPayToName = str, payType = payee, payTo = i64,
    payToName = str, value = i64, calculateType = { type = "string", enum = { "PERCENT", "AMOUNT" } }, desc = str,
  },
}
local commissions = { type = "array", items = commission }
local deal_fields = {
  created = given, updated = given, transactionId = given, transactionName = deal_name, leadName = str, assignedAgent = i64,
  transactionType = deal_type, homePrice = num, transactionStatus = str, expectedCloseDate = i64, closeDate = i64,
  commissionRate = num, gci = num, teamRevenue = num, agentRevenue = num, appointmentDate = i64,
  agreementSignedDate = i64, offerDate = i64, contractDate = i64, appraisalDate = i64, homeInspectionDate = i64,
  escrowDate = i64, expiration = i64,
  customFields = { type = "array", items = { fields = { id = i64, value = str } } },
  commissions = { fields = { preSplit = commissions, split = commissions, postSplit = commissions } },
}
local new_deal, deal = { required = { "transactionName" }, fields = deal_fields }, { fields = deal_fields }
local agent_sms = { required = { "content" }, fields = { content = str } }
local whole = { style = "all" }
local look_for_lead = "crm.leads:list{ email = ..., preciseSearchFlag = true }"

return {
  str = str, bool = bool, num = num, int = int, i32 = i32, i64 = i64, id = id, time = time, moment = moment,
  strs = strs, i32s = i32s, i64s = i64s, i32_from_0 = i32_from_0, i32_from_1 = i32_from_1, i32_to_100 = i32_to_100,
  i32_to_1000 = i32_to_1000, int_to_100 = int_to_100, int_to_1000 = int_to_1000, bool_text = bool_text,
  id_text = id_text, from_0_text = from_0_text, channel = channel, deal_type = deal_type, note_text = note_text,
  agent_role = agent_role, of_lead = of_lead, attribute_fields = attribute_fields, new_deal = new_deal, deal = deal,
  agent_sms = agent_sms, whole = whole, look_for_lead = look_for_lead,
}
