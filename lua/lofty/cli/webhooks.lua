-- SPDX-License-Identifier: MIT

--- What `lofty webhooks` has beside the API's operations create, list and delete: the subscriptions of an address,
-- failed events of a spool, and deliveries of the emulator.
-- @module lofty.cli.webhooks

local ascii = require "lofty.internal.ascii"
local exit_codes = require "lofty.cli.exit_codes"
local misuse = require "lofty.cli.misuse"
local terminal_text = require "lofty.cli.terminal_text"

local webhooks = {}

function webhooks.define(parser)
  local ensure = parser:command("ensure",
    "subscribe an address to exactly these lists: create what is missing, delete the rest")
  ensure:argument("url", "the callback address with its secret; - reads it from standard input")
  ensure:argument("lists", "numbers or names: agent, lead, lead_activity, listing_alert, transaction, call, email, "
    .. "text, note, task, appointment, pipeline"):args "+"
  ensure:option("--prefix", "the beginning of your own addresses: other subscriptions with it are deleted")
    :argname "URL"
  ensure:flag("--dry-run", "show the changes and do not make them")
  ensure:flag("--yes", "do not ask for confirmation before deleting")
  local failed = parser:command("failed", "list the events of a spool that have used up all attempts")
  failed:argument("path", "the spool's directory")
  failed:flag("--json", "print JSON, with the whole events")
  local retry = parser:command("retry", "let the spool's next run handle failed events again")
  retry:argument("path", "the spool's directory")
  retry:argument("ids", "ids of `lofty webhooks failed`, or all"):args "+"
  local trigger = parser:command("trigger", "let the emulator send a delivery")
  trigger:argument("event", "such as lead.updated or note.created")
  trigger:argument("url", "http://127.0.0.1:PORT/PATH of the receiver")
  trigger:option("--count", "how many events the delivery has"):argname "N":default "1"
end

local function sanitize(text) return require("lofty.errors").sanitize(tostring(text)) end

local function list_name(number)
  local list = require("lofty.api.webhook_lists")[tonumber(tostring(number)) or 0]
  return list and list.object or tostring(number)
end

-- The address without its path and query, since they hold a secret.
local function shown_url(url)
  url = type(url) == "string" and url or "?"
  local origin = url:match "^%a[%w+.-]*://[^/?#]*"
  return sanitize(origin and #origin < #url and origin:gsub("//[^@/]*@", "//") .. "/..." or url)
end

local actions = {}

-- The subscriptions on a terminal: what each receives, and the address without its secret.
local function show_list(context, found)
  for _, one in ipairs(found) do
    context.streams.out:write(("%-20s %-14s %s\n"):format(sanitize(one.subscribeId), list_name(one.listId),
      shown_url(one.callbackUrl)))
  end
  if #found == 0 then context:say("There is no subscription. To create some: lofty webhooks ensure URL lead note") end
end

-- The lists that the words name, by number or by name.
local function lists_of(words)
  local lists = {}
  for _, word in ipairs(words) do
    for each in word:gmatch "[^,]+" do lists[#lists + 1] = tonumber(each) or each end
  end
  return lists
end

-- Tells what `ensure` would do: runs it with an object that lists the real subscriptions and changes nothing.
-- Returns how many subscriptions it would delete; nil, err.
local function plan(context, crm, wanted)
  local recorder = { list = function() return crm.webhooks:list() end }
  function recorder.create() return true, {} end
  function recorder.delete() return true, {} end
  local kept, changes = require("lofty.api.subscriptions").ensure(recorder, wanted)
  if not kept then return nil, changes end
  for _, kind in ipairs { "deleted", "created", "kept" } do
    for _, one in ipairs(changes[kind]) do
      context:say(("%-8s %-14s %s"):format(kind, list_name(one.listId), shown_url(one.callbackUrl)))
    end
  end
  return #changes.deleted
end

function actions.ensure(args, context)
  local crm, who = context:client()
  if not crm then return context:fail(who) end
  local url = args.url
  if url == "-" then url = ascii.trim(context.streams.input:read "*l" or "") end
  local wanted = { callbackUrl = url, lists = lists_of(args.lists), prefix = args.prefix }
  local ok, deletes, err = pcall(plan, context, crm, wanted)
  if not ok then return context:fail(misuse.text(deletes), exit_codes.usage) end
  if not deletes then return context:fail(err) end
  if args.dry_run then
    context:say("Nothing was changed (--dry-run).")
    return exit_codes.ok
  end
  if deletes > 0 then
    local confirmed, code = context:confirm(("Delete %s of %s"):format(
      require "lofty.cli.count"(deletes, "subscription"), who))
    if not confirmed then return code end
  end
  local kept, changes = crm.webhooks:ensure(wanted)
  if not kept then return context:fail(changes) end
  context.streams.out:write(terminal_text.json(context.streams, require("lofty").array(kept)), "\n")
  return exit_codes.ok
end

local function spool_at(context, path)
  local directory = io.open(path, "r")
  if not directory then return nil, context:fail("there is no spool directory " .. path, exit_codes.not_found) end
  directory:close()
  return require("lofty").spool.file { path = path }
end

function actions.failed(args, context)
  local spool, code = spool_at(context, args.path)
  if not spool then return code end
  local list, err = spool:failed()
  if not list then return context:fail(err) end
  local out, lofty = context.streams.out, require "lofty"
  if args.json or not context.streams.out_is_terminal then
    out:write(terminal_text.json(context.streams, lofty.array(list)), "\n")
    return exit_codes.ok
  end
  for _, one in ipairs(list) do
    out:write(("%s  %-16s lead %-20s %d attempts: %s\n"):format(one.id, sanitize(one.event.name),
      sanitize(one.event.leadId or "-"), one.attempts, sanitize(one.error)))
  end
  if #list == 0 then context:say("No event has failed.") end
  return exit_codes.ok
end

function actions.retry(args, context)
  local spool, code = spool_at(context, args.path)
  if not spool then return code end
  local ids = args.ids
  if #ids == 1 and ids[1] == "all" then
    local list, err = spool:failed()
    if not list then return context:fail(err) end
    ids = {}
    for i, one in ipairs(list) do ids[i] = one.id end
  end
  local failures = 0
  for _, id in ipairs(ids) do
    local ok, err = spool:retry(id)
    if not ok then
      failures = failures + 1
      code = context:fail(err)
    end
  end
  if failures > 0 then return failures < #ids and exit_codes.partial or code end
  context:say(require "lofty.cli.count"(#ids, "event"), " to be handled by the program that runs the spool, at its ",
    "next spool:run()")
  return exit_codes.ok
end

-- The most events of a delivery that the emulator is asked for.
local MAX_EVENTS = 1000

-- "lead.updated" -> 2, "updated"; nil, problem.
local function event_of(name)
  local object, action = name:match "^([%a_]+)%.(%a+)$"
  local objects = {}
  for number, list in ipairs(require "lofty.api.webhook_lists") do
    if list.object == object then return number, action end
    objects[#objects + 1] = list.object
  end
  return nil, ("the event must be OBJECT.ACTION, such as lead.updated; objects: %s"):format(table.concat(objects, ", "))
end

function actions.trigger(args, context)
  local list, action = event_of(args.event)
  if not list then return context:fail(action, exit_codes.usage) end
  local count = tonumber(args.count)
  if not count or count % 1 ~= 0 or count < 1 or count > MAX_EVENTS then
    return context:fail(("--count must be a whole number from 1 to %d"):format(MAX_EVENTS), exit_codes.usage)
  end
  local base_url = context.streams.variable "LOFTY_BASE_URL"
  if not (base_url and base_url:find "^http://127%.0%.0%.1:%d+$") then
    return context:fail("only the emulator can send a delivery: run this in `lofty sandbox -- ...`, which sets "
      .. "LOFTY_BASE_URL", exit_codes.usage)
  end
  local json = require("lofty").json
  local res, err = require("lofty.runtime.curl"):request {
    method = "POST", url = base_url .. "/_sandbox/deliver", headers = { ["Content-Type"] = "application/json" },
    body = json.encode { url = args.url, list = list, what = action, events = math.floor(count) },
  }
  if not res then return context:fail(err) end
  local said = json.decode(res.body)
  if res.status ~= 200 or type(said) ~= "table" then
    local why = type(said) == "table" and said.error or res.body
    return context:fail("the emulator: " .. sanitize(why), exit_codes.usage)
  end
  context.streams.out:write(terminal_text.cell(context.streams, said.body), "\n")
  local status = said.statuses[1]
  if type(status) == "number" then
    context:say("The receiver responded with ", tostring(status))
  else
    context:say("The delivery failed: ", tostring(status))
  end
  return type(status) == "number" and status < 300 and exit_codes.ok or exit_codes.failed
end

webhooks.actions = actions
webhooks.show = { list = show_list }

return webhooks
