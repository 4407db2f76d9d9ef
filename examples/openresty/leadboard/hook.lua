--- Where Lofty posts its events. It signs nothing, so the secret in the address is what tells its deliveries from
-- others'; each account has one of its own, with which nobody can feign the events of another's.

local lofty = require "lofty"
local app = require "leadboard.app"
local feed = require "leadboard.feed"
local note = require "leadboard.note"
local settings = require "leadboard.settings"
local signed = require "leadboard.signed"

local LISTS = { "lead", "note", "task", "appointment", "transaction", "pipeline" }

local hook = {}

local function path_of(account) return "/hook/" .. account .. "/" .. signed.mark("hook", account) end

--- The address for an account's events.
function hook.address(account) return settings.url .. path_of(account) end

-- Handlers by account, for as long as they are in use: anybody may knock with any number.
local handlers = setmetatable({}, { __mode = "v" })

local function make(account)
  return lofty.webhook.handler {
    secret = signed.mark("hook", account),
    seen = function(key) return feed.seen(account, key) end,
    forget = function(key) feed.forget(account, key) end,
    on_event = function(event) return feed.add(account, event) end,
    on_error = note,
  }
end

--- Serves a delivery.
function hook.receive(account)
  local respond = handlers[account]
  if not respond then
    respond = make(account)
    handlers[account] = respond
  end
  return respond()
end

-- Lofty posts to https alone. A page without events is no reason to fail, so trouble goes to the log.
local function ensure(account, lists)
  if not settings.https then return end
  local ok, err = app:client(account).webhooks:ensure {
    callbackUrl = hook.address(account), prefix = settings.url .. "/hook/", lists = lists,
  }
  if not ok then note(err) end
end

--- Asks Lofty for an account's events.
function hook.subscribe(account) return ensure(account, LISTS) end

--- Asks it to stop.
function hook.unsubscribe(account) return ensure(account, {}) end

return hook
