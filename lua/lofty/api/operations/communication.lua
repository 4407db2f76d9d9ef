-- SPDX-License-Identifier: MIT

--- The operations of `crm.communication`; `lofty.api.operations` describes the fields.
-- @module lofty.api.operations.communication

local shapes = require "lofty.api.operations.shapes"

local str, bool, i64, id, i32_from_0, i32_to_1000, channel =
  shapes.str, shapes.bool, shapes.i64, shapes.id, shapes.i32_from_0, shapes.i32_to_1000, shapes.channel

local history = {
  required = { "leadId" },
  fields = { leadId = id, offset = i32_from_0, limit = i32_to_1000, currentId = i64 },
}

return {
  texts = {
    method = "GET", path = "/v1.0/communication/text", class = "read", returns = "TextPage", about = "texts with a lead",
    page = { style = "current", items = "texts", size = 100 }, query = history,
  },
  emails = {
    method = "GET", path = "/v1.0/communication/email", class = "read", returns = "EmailPage",
    about = "e-mails with a lead", page = { style = "current", items = "emails", size = 100 }, query = history,
  },
  calls = {
    method = "GET", path = "/v1.0/communication/call", class = "read", returns = "CallHistoryPage",
    about = "calls with a lead", page = { style = "current", items = "calls", size = 100 }, query = history,
  },
  calls_v2 = {
    method = "GET", path = "/v1.0/communication/call/v2", class = "read", returns = "CallV2Page",
    about = "calls with a lead: more kinds of calls, fewer fields",
    page = { style = "current", items = "calls", size = 100 }, query = history,
  },
  by_agent = {
    method = "GET", path = "/v2.0/communication/agent", class = "read", returns = "CommunicationPage",
    about = "communications within at most 90 days",
    page = { style = "cursor", items = "data", cursor = "nextCursor" },
    query = {
      required = { "startTime", "endTime" },
      fields = {
        type = channel, startTime = i64, endTime = i64, limit = i32_to_1000, cursor = str, teamView = bool,
      },
    },
  },
  get_text = {
    method = "GET", path = "/v2.0/communication/text/{communicationId}", class = "read", returns = "Text",
    about = "one text, by its timelineId", params = { communicationId = id },
  },
  get_email = {
    method = "GET", path = "/v2.0/communication/email/{communicationId}", class = "read", returns = "Email",
    about = "one e-mail, by its timelineId", params = { communicationId = id },
  },
  get_call = {
    method = "GET", path = "/v2.0/communication/call/{communicationId}", class = "read", returns = "Call",
    about = "one call, by its timelineId", params = { communicationId = id },
  },
  send_sms = {
    method = "POST", path = "/v1.0/message/sms/send", class = "notify", returns = "SentSms",
    about = "send a text message to a lead", find = "crm.communication:texts{ leadId = ... }",
    body = {
      required = { "leadId", "content" },
      instead = { body = "content", message = "content", text = "content", to = "phoneNumber" },
      fields = { leadId = i64, content = str, phoneNumber = str, phoneCode = str },
    },
  },
  send_email = {
    method = "POST", path = "/v1.0/message/email/send", class = "notify", returns = "SentEmail",
    about = "send an e-mail to a lead", find = "crm.communication:emails{ leadId = ... }",
    body = {
      required = { "leadId", "subject", "content" }, instead = { body = "content", message = "content", to = "toEmail" },
      fields = { leadId = i64, subject = str, content = str, toEmail = str },
    },
  },
}
