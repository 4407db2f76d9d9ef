--- Webhook subscriptions as they should be: what is missing is made, what is too much is removed.
--
-- Lofty keeps one subscription a list and address and has no call to change one; so one that differs is
-- removed and made again. Subscriptions with other addresses belong to somebody else and stay.
-- @module lofty.api.subscriptions

local check = require "lofty.api.validate"
local errors = require "lofty.errors"
local operations = require "lofty.api.operations"
local lists = require "lofty.api.webhook_lists"

local error, pairs, tonumber, tostring, type = error, pairs, tonumber, tostring, type
local find, format, sub = string.find, string.format, string.sub
local sort = table.sort

local subscriptions = {}

local OPTIONS = { callbackUrl = true, lists = true, limit = true, permissionMode = true, prefix = true }

-- The number of a list, given by its number or by what its events begin with ("lead", "note", ...).
local function number_of(list, level)
  if lists[list] then return list end
  for number = 1, #lists do
    if lists[number].object == list then return number end
  end
  error(format("crm.webhooks.ensure: there is no list %s", type(list) == "string" and format("%q", list)
    or tostring(list)), level + 1)
end

local function options_of(wanted, level)
  errors.options("crm.webhooks.ensure", wanted, OPTIONS, level + 1)
  if type(wanted) ~= "table" or type(wanted.callbackUrl) ~= "string" then
    error("crm.webhooks.ensure: callbackUrl must be an address", level + 1)
  end
  if type(wanted.lists) ~= "table" then
    error("crm.webhooks.ensure: lists must be an array of list numbers or names", level + 1)
  end
  if wanted.prefix ~= nil and (type(wanted.prefix) ~= "string" or wanted.prefix == "") then
    error("crm.webhooks.ensure: prefix must be how one's own addresses begin", level + 1)
  end
  local missing = {}
  for i = 1, #wanted.lists do missing[number_of(wanted.lists[i], level + 1)] = true end
  return missing
end

-- Only what the caller asked for and the server tells can differ. The caller may have written the number as text.
local function differs(wanted, found)
  return type(found) == "number" and wanted ~= nil and found ~= tonumber(tostring(wanted))
end

local function shape_of(wanted, number)
  return {
    listId = number, callbackUrl = wanted.callbackUrl, limit = wanted.limit, permissionMode = wanted.permissionMode,
  }
end

local function is_own(wanted, url)
  if url == wanted.callbackUrl then return true end
  local prefix = wanted.prefix
  return prefix ~= nil and type(url) == "string" and sub(url, 1, #prefix) == prefix
end

-- Somebody else removed it meanwhile: Lofty says so with a 400.
local function is_gone(err)
  return err.kind == "not_found" or find(err.message, "WEBHOOK_DELETE_NOT_EXIST", 1, true) ~= nil
end

--- Makes the subscriptions of one address what the caller says, and no more.
--     crm.webhooks:ensure{ callbackUrl = "https://example.com/hook/" .. secret, lists = { "lead", "note" } }
-- A failure leaves what was done done; the same call again finishes it.
-- @tparam table webhooks `crm.webhooks`
-- @tparam table wanted `callbackUrl`; `lists`, an array of numbers (1 to 12) or names ("lead", "note", ...);
--   `limit` and `permissionMode`, as of `create`; `prefix`, how one's own addresses begin: what lies below it
--   but is not callbackUrl is removed too (an address with an old secret, say)
-- @tparam[opt=1] number level as for `error`, of the caller
-- @treturn[1] table the subscriptions of this address, by list
-- @treturn[1] table changes `created`, `deleted`, `kept`: arrays of subscriptions
-- @treturn[2] nil
-- @treturn[2] table err
function subscriptions.ensure(webhooks, wanted, level)
  local missing = options_of(wanted, (level or 1) + 1)
  -- Nothing is removed for what could then not be made.
  local _, problem = check.fields(operations.webhooks.create.body, shape_of(wanted, 1), "field")
  if problem then
    return nil, errors.new { kind = "invalid", operation = "webhooks.ensure", sent = false, message = problem }
  end
  local found, err = webhooks:list()
  if not found then return nil, err end
  if type(found) ~= "table" then
    return nil, errors.new {
      kind = "decode", operation = "webhooks.ensure", sent = true, message = "the answer has no list",
    }
  end
  local kept, extra, changes = {}, {}, { created = {}, deleted = {}, kept = {} }
  for i = 1, #found do
    local one = found[i]
    if is_own(wanted, one.callbackUrl) then
      local fits = one.callbackUrl == wanted.callbackUrl and missing[one.listId]
        and not differs(wanted.limit, one.limit) and not differs(wanted.permissionMode, one.permissionMode)
      if fits then
        missing[one.listId] = nil
        kept[#kept + 1] = one
        changes.kept[#changes.kept + 1] = one
      else
        extra[#extra + 1] = one
      end
    end
  end

  -- First what is too much: its place counts against the account's quota, and may be asked for again.
  for i = 1, #extra do
    local done, why = webhooks:delete(extra[i].subscribeId)
    if not done and not is_gone(why) then return nil, why end
    changes.deleted[i] = extra[i]
  end
  local numbers = {}
  for number in pairs(missing) do numbers[#numbers + 1] = number end
  sort(numbers)
  for i = 1, #numbers do
    local shape = shape_of(wanted, numbers[i])
    local made, why = webhooks:create(shape)
    if not made then return nil, why end
    if type(made) ~= "table" then made = shape end -- an empty answer says only that it is done
    changes.created[i] = made
    kept[#kept + 1] = made
  end
  sort(kept, function(a, b) return (a.listId or 0) < (b.listId or 0) end)
  return kept, changes
end

return subscriptions
