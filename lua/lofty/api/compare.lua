-- SPDX-License-Identifier: MIT

--- `crm.leads:compare(state)`: finds the leads that were created, changed or deleted since the last walk.
--
-- The API has no filter by time of update for leads and reports no deletions in a list. So this walks all leads and
-- compares each with the digest that an earlier walk left in the caller's table.
-- @module lofty.api.compare

local ascii = require "lofty.internal.ascii"
local core = require "lofty.core"
local expect = require "lofty.api.expect"
local misuse = require "lofty.internal.misuse"
local sha256 = require("lofty.crypto").sha256

local error, pairs, select, type = error, pairs, select, type
local sub = string.sub
local sort = table.sort
local json_decode, json_encode = core.json_decode, core.json_encode

local compare = {}

-- Bytes of a digest: two states of one lead have the same one with a probability of 2^-96.
local DIGEST_SIZE = 12
-- Parameters that do not exclude a lead from the list.
local HARMLESS = { returnFields = true, limit = true, sort = true, desc = true }

local function digest_of(lead)
  return ascii.hex(sub(sha256((json_encode(lead))), 1, DIGEST_SIZE))
end

-- The ids of the state that the walk has not seen, in order.
local function absent_ids(state, seen)
  local ids = {}
  for id in pairs(state) do
    if not seen[id] then ids[#ids + 1] = id end
  end
  sort(ids)
  return ids
end

local function excludes_leads(filter)
  for name in pairs(filter or {}) do
    if not HARMLESS[name] then return true end
  end
  return false
end

-- Whether a lead that the list lacks was deleted: records that move during a walk may be skipped, so it is asked for.
local function is_gone(leads, id)
  local lead, err = leads:get(id)
  if lead ~= nil then return false end
  if err.kind ~= "not_found" then error(err, 0) end
  return true
end

--- Walks all leads and gives those that differ from a state, then those that were deleted.
--     for kind, lead in crm.leads:compare(state) do ... end
-- A lead is entered into the state (or removed from it) when the loop asks for the next one: if the loop's body raises,
-- the state is as if the lead had not been seen.
-- @tparam table leads `crm.leads`
-- @tparam table state text of a lead's id -> text of a digest; empty for the first walk. It is modified.
-- @tparam[opt] table filter as for `crm.leads:list`. With one that excludes leads, "deleted" means that the lead is no
--   longer in the list; else each lead that the list lacks is asked for, in one call, before it counts as deleted
-- @treturn function iterator of kind ("created", "changed", "deleted") and lead; a deleted one has its leadId alone.
--   It raises the err of a call that fails.
function compare.walk(leads, state, filter)
  if type(state) ~= "table" then
    misuse("crm.leads.compare: a table expected as state, {} for the first walk, got " .. type(state))
  end
  local next_lead, is_partial = leads:each(filter), excludes_leads(filter)
  local seen, pending, digest = {}, nil, nil
  local absent, index = nil, 0
  local function commit()
    if pending then state[pending] = digest end
    pending, digest = nil, nil
  end
  return function()
    commit()
    while not absent do
      local lead = next_lead()
      if lead == nil then
        absent = absent_ids(state, seen)
        break
      end
      local id = expect.id(lead.leadId)
      if not id and filter and filter.returnFields and lead.leadId == nil then
        misuse("crm.leads.compare: returnFields must name leadId")
      elseif not id then
        error(select(2, expect.failure("leads.list", nil, "a lead of the list has no leadId")), 0)
      end
      -- A lead that moves during the walk may be listed twice.
      if not seen[id] then
        seen[id] = true
        local now, before = digest_of(lead), state[id]
        if now ~= before then
          pending, digest = id, now
          return before and "changed" or "created", lead
        end
      end
    end
    while index < #absent do
      index = index + 1
      local id = absent[index]
      if is_partial or is_gone(leads, id) then
        pending = id
        return "deleted", { leadId = json_decode(id) }
      end
    end
    return nil
  end
end

return compare
