--- Webhook subscriptions as records.
-- @module spec.sandbox.webhook_records

local state = require "spec.sandbox.state"

local records = {}

--- The subscriptions of an account.
function records.of(account) return state.collection(account .. "/webhooks", "subscribeId") end

return records
