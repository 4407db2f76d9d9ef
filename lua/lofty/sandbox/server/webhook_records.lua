-- SPDX-License-Identifier: MIT

--- Webhook subscriptions as records.
-- @module lofty.sandbox.server.webhook_records

local state = require "lofty.sandbox.server.state"

local records = {}

--- The subscriptions of an account.
function records.of(account) return state.collection(account .. "/webhooks", "subscribeId") end

return records
