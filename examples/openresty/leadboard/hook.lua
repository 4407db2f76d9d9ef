-- SPDX-License-Identifier: MIT

--- The addresses to which Lofty posts events. Lofty does not sign its deliveries, so each account has an address with a
-- secret of its own: whoever knows one can make up events of that account alone.

local lofty = require "lofty"
local app = require "leadboard.app"
local feed = require "leadboard.feed"
local log = require "leadboard.log"
local settings = require "leadboard.settings"
local signed = require "leadboard.signed"

local LISTS = { "lead", "note", "task", "appointment", "transaction", "pipeline" }
-- The feed keeps 50 events, so a delivery of more would push each other out.
local MAX_EVENTS = 500

local hook = {}

local function path_of(account) return "/hook/" .. account .. "/" .. signed.mark("hook", account) end

--- The address for an account's events.
function hook.address(account) return settings.url .. path_of(account) end

-- Account -> handler, while it is in use: a request may name any number as its account.
local handlers = setmetatable({}, { __mode = "v" })

local function make(account)
  return lofty.webhook.handler {
    secret = signed.mark("hook", account), max_events = MAX_EVENTS,
    seen = function(key) return feed.seen(account, key) end,
    forget = function(key) feed.forget(account, key) end,
    on_event = function(event) return feed.add(account, event) end,
    on_error = log,
  }
end

--- Handles a delivery.
function hook.receive(account)
  local respond = handlers[account]
  if not respond then
    respond = make(account)
    handlers[account] = respond
  end
  return respond()
end

-- Lofty posts to https alone. Connecting works without events too, so a failure is only logged.
local function ensure(account, lists)
  if not settings.https then return end
  local ok, err = app:client(account).webhooks:ensure {
    callbackUrl = hook.address(account), prefix = settings.url .. "/hook/", lists = lists,
  }
  if not ok then log(err) end
end

--- Subscribes to an account's events.
function hook.subscribe(account) return ensure(account, LISTS) end

--- Ends the subscriptions.
function hook.unsubscribe(account) return ensure(account, {}) end

return hook
