-- SPDX-License-Identifier: MIT

--- The records that the launcher was given for one account, instead of generated ones. lofty.sandbox.seeds has checked
-- and completed them: every record has its id, times are epoch seconds.
-- @module lofty.sandbox.server.given

local settings = require "lofty.sandbox.server.settings"

local given = {}

--- The account that they belong to: it has no generated leads.
given.account = "113377"

--- The given records of a kind, as tables of fields; nil where an account has generated ones.
-- @tparam string account
-- @tparam string resource "leads", "members", "notes", "tasks", "calls", "texts" or "emails"
function given.list(account, resource)
  local seeds = settings.get().seeds
  return seeds and account == given.account and seeds[resource] or nil
end

--- Epoch seconds of the start, for records without a time.
function given.start() return settings.get().seeds.now end

return given
