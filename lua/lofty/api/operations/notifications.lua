-- SPDX-License-Identifier: MIT

--- The operations of `crm.notifications`; `lofty.api.operations` describes the fields.
-- @module lofty.api.operations.notifications

local shapes = require "lofty.api.operations.shapes"

local str, i64, agent_sms = shapes.str, shapes.i64, shapes.agent_sms

return {
  send_opportunity_alert = {
    method = "POST", path = "/v1.0/agent/send-notification", class = "notify", returns = "AlertSent",
    about = "notify a lead's agents of an opportunity by push, for some types also by SMS and e-mail",
    find = "the agent's notifications in Lofty",
    body = {
      required = { "leadId", "notificationType" },
      fields = {
        leadId = i64, description = str, link = str, message = str,
        notificationType = {
          type = "integer", format = "int32",
          enum = {
            9, 10, 11, 27, 46, 47, 48, 50, 52, 65, 66, 89, 136, 137, 138, 139, 140, 141, 162, 164, 165, 166, 167, 168,
          },
        },
      },
    },
  },
  send_email_to_agent = {
    method = "POST", path = "/v2.0/sales-agent/message/email/send-to-agent", class = "notify", returns = "Message",
    about = "send an e-mail to the agent whose credential is used", find = "the agent's mailbox",
    body = { required = { "subject", "content" }, fields = { subject = str, content = str } },
  },
  send_sms_to_agent = {
    method = "POST", path = "/v2.0/sales-agent/message/sms/send-to-agent", class = "notify", returns = "Message",
    about = "send a text message to the agent whose credential is used", find = "the agent's phone", body = agent_sms,
  },
  send_task_reminder = {
    method = "POST", path = "/v2.0/sales-agent/notification/app-push/send-task-reminder", class = "notify",
    about = "send a push reminder to the agent of a task", find = "the agent's phone", returns = "Message",
    body = {
      required = { "taskId", "type" },
      fields = { taskId = i64, type = { type = "string", enum = { "TASK", "APPOINTMENT" } } },
    },
  },
}
