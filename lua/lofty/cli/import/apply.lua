-- SPDX-License-Identifier: MIT

--- Sends the rows of an import, and finds out whether a row was created that an earlier run was sending when it ended.
-- @module lofty.cli.import.apply

local decision = require "lofty.cli.import.decision"
local expect = require "lofty.api.expect"

local apply = {}

-- Seconds between look-ups of a lead that was sent.
local PAUSE = 1

-- Errors that concern one row; any other error stops the import.
local OF_ROW = { invalid = true, not_found = true, server = true, decode = true }

-- Looks a row up until it is found, or until `settle` seconds have passed since it was sent.
local function find_sent(self, row, began)
  local streams, runtime = self.context.streams, self.context:runtime()
  local ends = self.settle > 0 and began + 1 + self.settle or 0 -- `began` is a whole second
  while true do
    local lead, problem, err = decision.find(self.crm, row.keys)
    if lead or problem or err or streams.now() >= ends then return lead, problem, err end
    runtime:sleep(PAUSE)
  end
end

local function bad(self, row, reason)
  self:report(row, "bad", reason)
  self.journal:done(row.line, "bad")
  return true
end

-- Reports a row that was sent and has no key to look it up by; it is not sent again.
local function give_up(self, row)
  self:report(row, "unknown", "it may have been created, but has no key to look it up by: look for it in Lofty")
  self.journal:done(row.line, "unknown", nil, true)
  self.unknown[#self.unknown + 1] = row.line
  return true
end

-- Creates or updates a lead; the id of the lead, or nil, err.
local function call(leads, lead, fields)
  if lead then
    local done, err = expect.done("leads.update", "leadId", leads:update(lead.leadId, fields))
    if done == nil then return nil, err end
    return expect.id(lead.leadId)
  end
  local created, err = expect.created("leads.create", "leadId", leads:create(fields))
  if not created then return nil, err end
  return expect.id(created.leadId)
end

-- Sends a create or an update. false, err: stop.
local function send(self, row, action, lead, fields)
  self.journal:begin(row.line, action, self.context.streams.now())
  local id, err = call(self.crm.leads, lead, fields)
  if id then
    self.journal:done(row.line, action .. "d", id, true)
    self:report(row, action .. "d", id)
    return true
  end
  if err.outcome_unknown then
    -- The next run looks an update up and compares again.
    if action == "create" then return apply.resolve(self, row, self.context.streams.now(), err) end
    return false, err
  end
  if OF_ROW[err.kind] then
    self.journal:done(row.line, "failed", nil, true)
    self:report(row, "failed", tostring(err))
    return true
  end
  self.journal:retry(row.line)
  return false, err
end

-- Creates or updates the lead of a row. `was_sent`: an earlier request of this row has created the lead.
local function act(self, row, lead, was_sent)
  if not lead then
    local problem = self:problem_of(row)
    if problem then return bad(self, row, problem) end
    return send(self, row, "create", nil, row.fields)
  end
  local update, shown = decision.differences(lead, row.fields)
  if not update then
    local outcome = was_sent and "created" or "skipped"
    self.journal:done(row.line, outcome)
    self:report(row, outcome, was_sent and expect.id(lead.leadId) or "nothing differs")
    return true
  end
  local problem = self:problem_of(row, lead, update)
  if problem then return bad(self, row, problem) end
  row.shown = shown
  return send(self, row, "update", lead, update)
end

--- Finishes a row whose create was sent, but whose response did not come.
-- @tparam table self see `lofty.cli.import`
-- @tparam table row
-- @tparam number began epoch seconds when it was sent
-- @tparam[opt] table err of the request, when this run sent it
-- @treturn boolean true; false: stop
-- @treturn ?table err
function apply.resolve(self, row, began, err)
  if #row.keys == 0 then return give_up(self, row) end
  local lead, problem, failure = find_sent(self, row, began)
  if failure then return false, failure end
  if problem then return bad(self, row, problem) end
  if lead then return act(self, row, lead, true) end
  -- The lead was not created. One run sends a row at most twice.
  if err and row.is_resent then return false, err end
  row.is_resent = true
  return act(self, row, nil)
end

--- Applies one row.
-- @treturn boolean true; false: stop
-- @treturn ?table err
function apply.row(self, row)
  local begun = self.journal.begun
  if begun and begun.line == row.line then
    self.journal.begun = nil
    if begun.action == "create" then return apply.resolve(self, row, begun.time) end
  end
  if row.problem then return bad(self, row, row.problem) end
  local lead, problem, err = decision.find(self.crm, row.keys)
  if err then return false, err end
  if problem then return bad(self, row, problem) end
  return act(self, row, lead)
end

return apply
