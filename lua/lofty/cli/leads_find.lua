-- SPDX-License-Identifier: MIT

--- `lofty leads find TEXT`: leads by name, e-mail address, phone number or id.
-- @module lofty.cli.leads_find

local exit_codes = require "lofty.cli.exit_codes"
local output = require "lofty.cli.output"

local leads_find = {}

function leads_find.define(parser)
  local command = parser:command("find", "find leads by name, e-mail address, phone number or id")
  command:argument("text", "a name, an e-mail address, a phone number or an id")
  output.define(command)
end

-- Ids have at least as many digits; shorter numbers are phone numbers.
local ID_DIGITS = 14

-- The filter for an e-mail address, a phone number, or else a name.
local function filter_of(text)
  if text:find("@", 1, true) then return { email = text, preciseSearchFlag = true } end
  if text:find "^%+?[%d%s%(%)%.%-]+$" and #text:gsub("%D", "") >= 7 then
    return { phone = text:gsub("[^%d+]", ""), preciseSearchFlag = true }
  end
  return { key = text }
end

-- The leads found and how many there are in all; nil, err.
local function look_up(crm, text)
  if text:find "^%d+$" and #text >= ID_DIGITS then
    local lead, err = require("lofty.api.expect").lead(text, crm.leads:get(text))
    if lead then return { lead }, 1 end
    if err.kind == "not_found" then return {}, 0 end
    return nil, err
  end
  local op = require("lofty.api.operations.index").verbs("leads").list
  local items, total = require("lofty.api.pages").expect("leads.list", op.page, crm.leads:list(filter_of(text)))
  return items, total
end

local function find(args, context)
  -- The server would list all leads.
  local problem = not args.text:find "%S" and "the text is empty" or output.problem(context)
  if problem then return context:fail("leads find: " .. problem, exit_codes.usage) end
  local crm, who = context:client()
  if not crm then return context:fail(who) end
  local leads, total = look_up(crm, args.text)
  if not leads then return context:fail(total) end
  context.id_name = "leadId"
  local writer = output.writer(context)
  writer:add(leads)
  writer:finish()
  if total and total > #leads then
    local name = filter_of(args.text)
    name = name.email and "email" or name.phone and "phone" or "key"
    context:say(("%d of %d leads; lofty leads list %s=TEXT --all fetches them all"):format(#leads, total, name))
  end
  return #leads > 0 and exit_codes.ok or exit_codes.not_found
end

leads_find.actions = { find = find }

return leads_find
