-- SPDX-License-Identifier: MIT

--- `crm.webhooks:ensure`: creates the webhook subscriptions that are missing and deletes those that are not wanted.
--
-- Lofty has one subscription for each pair of list and address, and no call to change one, so a subscription that
-- differs is deleted and created anew. Subscriptions with other addresses belong to others and are left alone.
-- @module lofty.api.subscriptions

local check = require "lofty.api.validate"
local errors = require "lofty.errors"
local expect = require "lofty.api.expect"
local lists = require "lofty.api.webhook_lists"
local misuse = require "lofty.internal.misuse"
local operations = require "lofty.api.operations.webhooks"
local pages = require "lofty.api.pages"
local suggest = require "lofty.internal.suggest"

local pairs, tonumber, tostring, type = pairs, tonumber, tostring, type
local find, format, sub = string.find, string.format, string.sub
local sort = table.sort

local subscriptions = {}

local OPTIONS = { callbackUrl = true, lists = true, limit = true, permissionMode = true, prefix = true }

-- The number of a list that is given by its number or by its object ("lead", "note", ...).
local function number_of(list)
  if lists[list] then return list end
  local names = {}
  for number = 1, #lists do
    if lists[number].object == list then return number end
    names[lists[number].object] = true
  end
  local _, hint = suggest(list, names)
  misuse(format("crm.webhooks.ensure: there is no list %s%s", type(list) == "string" and format("%q", list)
    or tostring(list), hint))
end

-- Checks the options and returns the wanted lists as a set of numbers.
local function wanted_lists(wanted)
  errors.options("crm.webhooks.ensure", wanted, OPTIONS)
  if type(wanted) ~= "table" or type(wanted.callbackUrl) ~= "string" then
    misuse("crm.webhooks.ensure: callbackUrl must be a URL")
  end
  if type(wanted.lists) ~= "table" then
    misuse("crm.webhooks.ensure: lists must be an array of list numbers or names")
  end
  if wanted.prefix ~= nil and (type(wanted.prefix) ~= "string" or wanted.prefix == "") then
    misuse("crm.webhooks.ensure: prefix must be the beginning of your own URLs")
  end
  local missing = {}
  for i = 1, #wanted.lists do missing[number_of(wanted.lists[i])] = true end
  return missing
end

-- Whether a setting that the caller named has another value on the server.
local function differs(wanted, found)
  return type(found) == "number" and wanted ~= nil and found ~= tonumber(tostring(wanted))
end

local function fields_for(wanted, number)
  return {
    listId = number, callbackUrl = wanted.callbackUrl, limit = wanted.limit, permissionMode = wanted.permissionMode,
  }
end

local function is_own(wanted, url)
  if url == wanted.callbackUrl then return true end
  local prefix = wanted.prefix
  return prefix ~= nil and sub(url, 1, #prefix) == prefix
end

-- The list number of a subscription, which the server may send as a string; nil if there is none.
local function list_number(one)
  local id = expect.id(one.listId)
  return id and tonumber(id)
end

local function no_field(index, name)
  return expect.failure("webhooks.ensure", nil,
    format("item %d of the list of subscriptions has no %s, so nothing was changed", index, name))
end

-- The subscriptions, each with the fields that `ensure` compares; nil, err.
local function list(webhooks, wanted)
  local found, err = pages.expect_for_write("webhooks.ensure", operations.list.page, webhooks:list())
  if not found then return nil, err end
  for i = 1, #found do
    local one = found[i]
    if type(one.callbackUrl) ~= "string" then return no_field(i, "callbackUrl") end
    if is_own(wanted, one.callbackUrl) and not list_number(one) then return no_field(i, "listId") end
  end
  return found
end

-- Whether another client has deleted the subscription meanwhile, which Lofty reports with 400.
local function is_gone(err)
  return err.kind == "not_found" or find(err.message, "WEBHOOK_DELETE_NOT_EXIST", 1, true) ~= nil
end

--- Sets the subscriptions of one address to the wanted lists.
--     crm.webhooks:ensure{ callbackUrl = "https://example.com/hook/" .. secret, lists = { "lead", "note" } }
-- After a failure, repeat the same call to complete the work.
-- @tparam table webhooks `crm.webhooks`
-- @tparam table wanted `callbackUrl`; `lists`, an array of numbers (1 to 12) or names ("lead", "note", ...); `limit`
--   and `permissionMode` as in `create`; `prefix`, the beginning of your own URLs: subscriptions whose URL begins with
--   it but is not callbackUrl (with an old secret, for instance) are deleted too
-- @treturn[1] table the subscriptions of this address, in the order of their lists
-- @treturn[1] table changes: `created`, `deleted`, `kept`, arrays of subscriptions
-- @treturn[2] nil
-- @treturn[2] table err
function subscriptions.ensure(webhooks, wanted)
  local missing = wanted_lists(wanted)
  -- Check the values before anything is deleted, so that nothing is deleted that could not be created again.
  local _, problem = check.fields(operations.create.body, fields_for(wanted, 1), "field")
  if problem then
    return nil, errors.new { kind = "invalid", operation = "webhooks.ensure", sent = false, message = problem }
  end
  local found, err = list(webhooks, wanted)
  if not found then return nil, err end
  local kept, extra, changes = {}, {}, { created = {}, deleted = {}, kept = {} }
  for i = 1, #found do
    local one = found[i]
    if is_own(wanted, one.callbackUrl) then
      local number = list_number(one)
      local fits = one.callbackUrl == wanted.callbackUrl and missing[number]
        and not differs(wanted.limit, one.limit) and not differs(wanted.permissionMode, one.permissionMode)
      if fits then
        missing[number] = nil
        kept[#kept + 1] = one
        changes.kept[#changes.kept + 1] = one
      else
        if not expect.id(one.subscribeId) then return no_field(i, "subscribeId") end
        extra[#extra + 1] = one
      end
    end
  end

  -- Delete first: each subscription counts against the account's quota, and its list may be subscribed to anew.
  for i = 1, #extra do
    local done, why = expect.done("webhooks.delete", "subscribeId", webhooks:delete(extra[i].subscribeId))
    if done == nil and not is_gone(why) then return nil, why end
    changes.deleted[i] = extra[i]
  end
  local numbers = {}
  for number in pairs(missing) do numbers[#numbers + 1] = number end
  sort(numbers)
  for i = 1, #numbers do
    local fields = fields_for(wanted, numbers[i])
    local created, response = webhooks:create(fields)
    if created == true then
      created = fields -- an empty response says only that it was done
    else
      created, err = expect.created("webhooks.create", "subscribeId", created, response)
      if not created then return nil, err end
    end
    changes.created[i] = created
    kept[#kept + 1] = created
  end
  sort(kept, function(a, b) return (list_number(a) or 0) < (list_number(b) or 0) end)
  return kept, changes
end

return subscriptions
