-- SPDX-License-Identifier: MIT

--- Webhook subscriptions. events.lua makes the deliveries.
--
-- Lofty takes https addresses alone. The emulator takes http to 127.0.0.1 too, because it delivers to no other address.
-- @module lofty.sandbox.server.api.webhooks

local delivery = require "lofty.sandbox.server.delivery"
local errors = require "lofty.sandbox.server.errors"
local json = require "lofty.sandbox.server.json"
local pages = require "lofty.sandbox.server.pages"
local records = require "lofty.sandbox.server.webhook_records"
local seed = require "lofty.sandbox.server.seed"
local state = require "lofty.sandbox.server.state"

local webhooks = {}

local QUOTA = 20

webhooks["GET /v1.0/webhooks"] = function(call) return pages.all(records.of(call.account):list()) end

webhooks["POST /v1.0/webhook"] = function(call)
  local body = call.body
  if body.listId < 1 or body.listId > 12 then errors.raise("WEBHOOK_TYPE_ERROR") end
  if not body.callbackUrl:find("^https://[%w%.%-]+") and not delivery.is_loopback(body.callbackUrl) then
    errors.raise("WEBHOOK_CALLBACK_URL_INVALID")
  end
  local limit, mode = body.limit or 100, body.permissionMode or 0
  if limit < 1 or limit > 5000 or mode < 0 or mode > 1 then errors.raise("INVALID_PARAMETER") end
  local all = records.of(call.account)
  if #all:list() >= QUOTA then errors.raise("WEBHOOK_EXCEED_LIMIT") end
  return all:put {
    subscribeId = json.int(("400919269%06d"):format(state.sequence("webhook"))), teamId = seed.team, listId = body.listId,
    vendorId = 0, callbackUrl = body.callbackUrl, limit = limit, permissionMode = mode,
  }
end

webhooks["DELETE /v1.0/webhook/{subscribeId}"] = function(call)
  local all = records.of(call.account)
  errors.need(all:find(call.params.subscribeId), "WEBHOOK_DELETE_NOT_EXIST")
  all:remove(call.params.subscribeId)
  return nil
end

return webhooks
