-- SPDX-License-Identifier: MIT

--- The lists that a webhook can be subscribed to.
-- @module lofty.api.webhook_lists

--- Number -> `{ name =, object =, default =, updated = }`. `object` begins the names of the list's events; `default`
-- ends them when the delivery does not say what happened; `updated` replaces the ending "updated".
return {
  { name = "Agent Info", object = "agent" },
  { name = "Lead Info", object = "lead" },
  { name = "Lead Activity", object = "lead_activity", default = "created" },
  { name = "Listing Alert", object = "listing_alert", updated = "changed" },
  { name = "Transaction", object = "transaction" },
  { name = "Call", object = "call" },
  { name = "Email", object = "email" },
  { name = "Text", object = "text" },
  { name = "Note", object = "note" },
  { name = "Task", object = "task" },
  { name = "Appointment", object = "appointment" },
  { name = "Pipeline Change", object = "pipeline", updated = "changed" },
}
