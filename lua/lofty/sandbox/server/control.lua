-- SPDX-License-Identifier: MIT

--- The control endpoint: POST /_sandbox/NAME with a JSON object; the response is a JSON object. README.md lists the
-- names.
-- @module lofty.sandbox.server.control

local accounts = require "lofty.sandbox.server.accounts"
local delivery = require "lofty.sandbox.server.delivery"
local events = require "lofty.sandbox.server.events"
local faults = require "lofty.sandbox.server.faults"
local given = require "lofty.sandbox.server.given"
local journal = require "lofty.sandbox.server.journal"
local json = require "lofty.sandbox.server.json"
local request = require "lofty.sandbox.server.request"
local settings = require "lofty.sandbox.server.settings"
local state = require "lofty.sandbox.server.state"
local tokens = require "lofty.sandbox.server.tokens"

local control = {}

local function refuse(why) error({ status = 400, body = { error = why } }, 0) end

local function account_of(opt)
  local first = settings.get().seeds and given.account or accounts.people[1].id
  local account = opt.account == nil and first or tostring(json.digits(opt.account) or opt.account)
  if not accounts.find(account) then refuse("unknown account " .. account) end
  return account
end

local CONTROLS = {}

--- Changes settings; returns all of them without the credentials.
function CONTROLS.settings(opt)
  local ok, why = settings.set(opt)
  if not ok then refuse(why) end
  local shown = {}
  for name, value in pairs(settings.get()) do shown[name] = value end
  for _, hidden in ipairs { "client_secret", "api_keys", "seeds" } do shown[hidden] = nil end
  return shown
end

--- Moves the clock: {advance = seconds}; returns {now, offset}.
function CONTROLS.clock(opt)
  local offset = settings.move(opt.advance or 0)
  return { now = settings.now(), offset = offset }
end

--- Sets a fault; returns {fault = number}.
function CONTROLS.fault(opt)
  local n, why = faults.set(opt)
  if not n then refuse(why) end
  return { fault = n }
end

--- Removes all faults.
function CONTROLS.clear_faults() faults.clear() return { ok = true } end

--- Returns the counters; {reset = true} sets them to zero afterwards.
function CONTROLS.counters(opt)
  local counters = journal.counters()
  if opt.reset then journal.clear_counters() end
  return counters
end

--- Returns the journal; {reset = true} empties it afterwards.
function CONTROLS.journal(opt)
  local requests, dropped = journal.all()
  if opt.reset then journal.clear() end
  return { requests = requests, dropped = dropped }
end

--- Issues tokens without the consent page: {account, refresh, client_id}.
function CONTROLS.issue(opt)
  local client = opt.client_id or settings.get().client_id
  local account = account_of(opt)
  local access, refresh = tokens.issue({ client = client, account = account }, opt.refresh ~= false)
  return { access_token = access, refresh_token = refresh, account = account, token_type = "Bearer",
           expires_in = settings.get().access_ttl, scope = "openApi" }
end

--- Ends an account's grants now: {account, what = "access" | "refresh" | "code"}.
function CONTROLS.expire(opt)
  local what = opt.what or "access"
  if not ({ access = true, refresh = true, code = true })[what] then refuse("what must be access, refresh or code") end
  tokens.expire(what, opt.client_id or settings.get().client_id, account_of(opt))
  return { ok = true }
end

--- Revokes every grant of an account, as pressing Disconnect in Lofty does: {account}.
function CONTROLS.revoke(opt)
  tokens.revoke(opt.client_id or settings.get().client_id, account_of(opt))
  return { ok = true }
end

--- Sends a webhook delivery, see delivery.lua.
function CONTROLS.deliver(opt) return delivery.send(opt, account_of(opt), refuse) end

--- Returns the deliveries of subscribed webhooks; {reset = true} forgets them afterwards.
function CONTROLS.deliveries(opt) return { deliveries = events.made(opt.reset == true) } end

--- Restores the state at the start.
function CONTROLS.reset()
  events.clear()
  state.reset()
  return { ok = true }
end

--- Answers a control request.
function control.answer(req)
  local name = req.path:match("^/_sandbox/([%w_]+)$")
  local handler = name and CONTROLS[name]
  if not handler then return { status = 404, body = { error = "unknown control " .. tostring(name) } } end
  if req.method ~= "POST" then return { status = 405, body = { error = "the method must be POST" } } end
  local opt = {}
  if req.body ~= "" then opt = request.json(req) end
  if type(opt) ~= "table" or json.is_array(opt) then
    return { status = 400, body = { error = "the body must be a JSON object" } }
  end
  local ok, answer = pcall(handler, opt)
  if ok then return { status = 200, body = answer } end
  if type(answer) ~= "table" then error(answer, 0) end
  return answer
end

return control
