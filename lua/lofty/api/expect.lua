-- SPDX-License-Identifier: MIT

--- Checks that a response of status 2xx contains what was asked for, before the caller writes anything based on it.
--
-- A gateway or a server in maintenance may respond with 200 and something else. That is an err of kind "server"; for a
-- write it has `outcome_unknown`. The functions take the results of a call as their last arguments, and return the
-- call's own err unchanged: `expect.lead(id, crm.leads:get(id))`.
-- @module lofty.api.expect

local core = require "lofty.core"
local errors = require "lofty.errors"
local index = require "lofty.api.operations.index"
local integers = require "lofty.api.integers"
local pages = require "lofty.api.pages"
local recovery_hint = require("lofty.http.failure").recovery_hint

local find, format, match = string.find, string.format, string.match
local next, type = next, type
local null, number_text = core.null, core.number_text

local expect = {}

local POSITIVE = { type = "integer", format = "int64", min = 1 }
-- The most bytes of an account's id that is a text.
local MAX_ACCOUNT = 200

--- The err of a response that does not contain what was asked for.
-- @tparam string operation
-- @tparam ?table response
-- @tparam string message
-- @treturn nil
-- @treturn table err of kind "server"
function expect.failure(operation, response, message)
  return nil, errors.new {
    kind = "server", operation = operation, sent = true, status = response and response.status, response = response,
    message = message,
  }
end
local failure = expect.failure

--- The text of an id.
-- @param value a value of a decoded response
-- @treturn ?string decimal digits; nil when the value is not an integer from 1 to 2^63 - 1
function expect.id(value)
  if value == nil or value == null or type(value) == "table" then return nil end
  local id = integers.check(POSITIVE, value)
  return id and (number_text(id))
end

--- The account that a response of `crm:me` names.
-- @param me what `crm:me` returned
-- @tparam table response the call's second result
-- @treturn[1] string account
-- @treturn[1] table me
-- @treturn[1] table response
-- @treturn[2] nil
-- @treturn[2] table err, of kind "decode" when no account is named
function expect.account(me, response)
  if me == nil then return nil, response end
  local id = type(me) == "table" and me.id
  if type(id) == "string" then
    if id ~= "" and #id <= MAX_ACCOUNT and not find(id, "%c") then return id, me, response end
  else
    local account = id and expect.id(id)
    if account then return account, me, response end
  end
  local _, err = failure("me", response, "the response of GET /v1.0/me has no id")
  err.kind = "decode"
  return nil, err
end

--- Checks that a response is the lead with a given id.
-- @param id the id that was requested
-- @param lead what `crm.leads:get` returned
-- @tparam table response the call's second result
-- @treturn[1] table lead
-- @treturn[2] nil
-- @treturn[2] table err
function expect.lead(id, lead, response)
  if lead == nil then return nil, response end
  local wanted = expect.id(id)
  if type(lead) == "table" and wanted and expect.id(lead.leadId) == wanted then return lead end
  return failure("leads.get", response,
    format("the response to the request for lead %s does not contain this lead", wanted or "?"))
end

--- The leads of a page that have a given e-mail address or phone number. If none has it and the page is not the whole
-- list, that is an err, since the lead may be on another page.
-- @tparam string name "emails" or "phones"
-- @tparam function fits (text) -> boolean: whether it is the given address or number
-- @param page what `crm.leads:list` returned
-- @tparam table response the call's second result
-- @treturn[1] {table,...} leads, each once and with an id; empty when there is none
-- @treturn[2] nil
-- @treturn[2] table err
function expect.matching(name, fits, page, response)
  local items, total = pages.expect_for_write("leads.list", index.verbs("leads").list.page, page, response)
  if not items then return nil, total end
  local found, seen = {}, {}
  for i = 1, #items do
    local lead = items[i]
    local id, values = expect.id(lead.leadId), lead[name]
    if not id then return failure("leads.list", response, format("item %d of the list has no leadId", i)) end
    if values == nil or values == null then values = {} end
    if type(values) ~= "table" then
      return failure("leads.list", response, format("%s of item %d of the list is a %s, an array expected", name, i,
        type(values)))
    end
    for j = 1, #values do
      if not seen[id] and type(values[j]) == "string" and fits(values[j]) then
        seen[id], found[#found + 1] = true, lead
      end
    end
  end
  if #found == 0 and total and total > #items then
    return failure("leads.list", response, format("the response has %d of %.0f leads, none of them with this address "
      .. "or number", #items, total))
  end
  return found
end

-- The err of a write whose response does not confirm it.
local function unconfirmed(name, response, message)
  local resource, verb = match(name, "^(%a+)%.(%a+)$")
  local _, err = failure(name, response, message .. recovery_hint(index.verbs(resource)[verb]))
  err.outcome_unknown = true
  return nil, err
end

--- Checks that the response to a create has the id of the new record.
-- @tparam string name of the operation, such as "leads.create"
-- @tparam string id_name the name of the field with the id
-- @param record what the operation returned
-- @tparam table response the call's second result
-- @treturn[1] table record
-- @treturn[1] table response
-- @treturn[2] nil
-- @treturn[2] table err, with `outcome_unknown` when the id is missing
function expect.created(name, id_name, record, response)
  if record == nil then return nil, response end
  if response.dry_run or type(record) == "table" and expect.id(record[id_name]) then return record, response end
  return unconfirmed(name, response, "the response has no " .. id_name)
end

-- Members of an envelope that report success; `lofty.http.response` has made errs of those that report a failure.
local SUCCESS = { "code", "errorCode", "success", "status", "data" }
local WORDS = { ok = true, success = true }

--- Checks that a response confirms a change or a deletion: it is empty, null, `"ok"` or `"success"`, or an object with
-- the record's id or with a member of a successful envelope. `{"message":"maintenance"}` does not confirm it.
-- @tparam string name of the operation, such as "leads.update"
-- @tparam string id_name the name of the field with the record's id
-- @param value what the operation returned
-- @tparam table response the call's second result
-- @return[1] value
-- @treturn[2] nil
-- @treturn[2] table err, with `outcome_unknown` when the write is not confirmed
function expect.done(name, id_name, value, response)
  if value == nil then return nil, response end
  if response.dry_run or value == true or value == null or WORDS[value] then return value end
  if type(value) == "table" then
    if next(value) == nil or expect.id(value[id_name]) then return value end
    for i = 1, #SUCCESS do
      if value[SUCCESS[i]] ~= nil then return value end
    end
  end
  return unconfirmed(name, response, "the response does not confirm the write")
end

return expect
