-- SPDX-License-Identifier: MIT

--- The tools of `lofty mcp`.
--
-- A tool has `name`, `title`, `about`, `input` (a JSON schema), `annotations` and `call(arguments)`, which returns the
-- result as JSON text, or nil and an error, or raises one.
-- @module lofty.cli.mcp_tools

local ascii = require "lofty.internal.ascii"
local catalog = require "lofty.cli.operation_catalog"
local expect = require "lofty.api.expect"
local lofty = require "lofty"
local misuse = require "lofty.cli.misuse"
local operations = require "lofty.cli.operations"
local trim = require "lofty.cli.mcp_trim"

local array = lofty.array
local unpack = rawget(_G, "unpack") or table.unpack -- luacheck: ignore 143

-- Items of a list: the default and the maximum.
local DEFAULT_ITEMS, MAX_ITEMS = 20, 100
-- Items of each list in lead_picture.
local PICTURE_ITEMS = 20
-- Activities that are read to find the latest ones: one page. Lofty returns the oldest first.
local MAX_HISTORY = 1000

local LEAD_FIELDS = {
  "leadId", "firstName", "lastName", "emails", "phones", "stage", "source", "assignedUser", "assignedUserId", "score",
  "tags", "createTime", "lastTouch", "lastUpdateTime",
}

local function text(about) return { type = "string", description = about } end

local ID = { type = "string", pattern = "^[0-9]+$", description = "an id, as decimal digits" }
local LIMIT = {
  type = "integer", minimum = 1, maximum = MAX_ITEMS,
  description = "maximum number of items, by default " .. DEFAULT_ITEMS,
}
local CURSOR = text "the cursor of an earlier result, to continue after it"
local FIELDS = {
  type = "array", items = { type = "string" }, description = "names of the fields to return; [\"*\"] for all",
}

-- Reads "SKIP@CURSOR". The library's cursor names a page; SKIP says how many of its items were returned already.
local function read_cursor(cursor)
  if cursor == nil then return 0, nil end
  local skip, at = cursor:match "^(%d+)@(.*)$"
  if not skip then error("cursor must be that of an earlier result", 0) end
  return tonumber(skip), at
end

-- Items of a list from a cursor on: the items, and the cursor to continue with, nil at the end.
local function take(list, arguments, limit, cursor)
  local skip, at = read_cursor(cursor)
  local count = #arguments
  arguments[count + 1] = { resume = at, strict = false }
  local items, page, index = array {}, nil, 0
  for item, item_page in list:each(unpack(arguments, 1, count + 1)) do
    if item_page ~= page then
      if page then skip = 0 end
      page, index = item_page, 0
    end
    index = index + 1
    if index > skip then
      if #items == limit then return items, ("%d@%s"):format(index - 1, page) end
      items[#items + 1] = { item = item, cursor = ("%d@%s"):format(index - 1, page) }
    end
  end
  return items
end

-- As many items as fit into `max` bytes of JSON, and the cursor of the first one left out.
local function shortened(found, more, fields, max)
  local items, used, cursor = array {}, 0, more
  for _, entry in ipairs(found) do
    local item, json = trim.record(trim.pick(entry.item, fields))
    if used + #json > max and #items > 0 then
      cursor = entry.cursor
      break
    end
    used = used + #json
    items[#items + 1] = item
  end
  return { items = items, count = #items, cursor = cursor }
end

local function list_result(found, more, fields)
  return assert(lofty.json.encode(shortened(found, more, fields, trim.MAX_RESULT)))
end

local function record_result(value)
  local _, json = trim.record(value, trim.MAX_RESULT)
  return json
end

local function limit_of(arguments)
  local limit = tonumber(arguments.limit or DEFAULT_ITEMS)
  if not limit or limit < 1 or limit % 1 ~= 0 then error("limit must be a whole number from 1", 0) end
  return math.min(limit, MAX_ITEMS)
end

local function fields_of(fields, default)
  fields = fields or default
  if fields and fields[1] == "*" then return nil end
  return fields
end

-- Why an operation is not allowed, or nil.
local function refusal(op, name, fields, permitted)
  if op.class ~= "read" and not permitted.write then
    return name .. " writes, but this server is read-only: to allow it, its owner starts it with --write"
  elseif operations.reaches(op, fields) and not permitted.send then
    return name .. " sends a message to people: to allow it, the server's owner starts it with --write --allow send"
  elseif op.method == "DELETE" and not permitted.delete then
    return name .. " deletes: to allow it, the server's owner starts it with --write --allow delete"
  end
end

-- Calls any operation.
local function call_operation(crm, permitted, arguments)
  local name = arguments.operation
  local op, problem = catalog.find(name)
  if not op then return nil, problem end
  local fields = arguments.fields or {}
  local refused = refusal(op, name, fields, permitted)
  if refused then return nil, refused end
  local list, names = {}, operations.path_names(op)
  local path = arguments.path or {}
  for i, each in ipairs(names) do
    list[i] = path[each]
    if type(list[i]) == "number" then list[i] = require("lofty.core").number_text(list[i]) end
    if list[i] == nil or type(list[i]) == "table" then return nil, ("path needs %s"):format(each) end
  end
  for each in pairs(path) do
    if not op.params or not op.params[each] then
      return nil, ("the path of %s has no %s"):format(name, tostring(each))
    end
  end
  list[#names + 1] = fields
  local verb = operations.at(crm, name)
  if op.page then
    local items, more = take(verb, list, limit_of(arguments), arguments.cursor)
    return list_result(items, more, fields_of(arguments.select))
  end
  -- An assistant may write an empty object as [], which the library would refuse.
  if next(fields) == nil and not op.body then list[#names + 1] = nil end
  local owner = operations.at(crm, name:match "^(.*)%.")
  local value, err = verb(owner, unpack(list, 1, #names + 1))
  if value == nil then return nil, err end
  return record_result(trim.pick(value, fields_of(arguments.select)))
end

local function object(properties, required)
  return {
    type = "object", properties = properties, required = required and array(required) or nil,
    additionalProperties = false,
  }
end

local READS = { readOnlyHint = true, openWorldHint = true }

-- A tool that lists; `known` names the operation's fields that it offers.
local function list_tool(crm, name, title, operation, about, known, default_fields)
  local op = assert(catalog.find(operation))
  local properties, required = { limit = LIMIT, cursor = CURSOR, fields = FIELDS }, {}
  for _, each in ipairs(operations.path_names(op)) do
    properties[each] = ID
    required[#required + 1] = each
  end
  local shape = op.query or op.body
  for _, each in ipairs(known) do properties[each] = catalog.schema(shape.fields[each]) end
  for _, each in ipairs(shape and shape.required or {}) do required[#required + 1] = each end
  return {
    name = name, title = title, about = about, annotations = READS,
    input = object(properties, #required > 0 and required or nil),
    call = function(arguments)
      local list, filter = {}, {}
      for i, each in ipairs(operations.path_names(op)) do list[i] = arguments[each] end
      for _, each in ipairs(known) do filter[each] = arguments[each] end
      list[#list + 1] = filter
      local items, more = take(operations.at(crm, operation), list, limit_of(arguments), arguments.cursor)
      return list_result(items, more, fields_of(arguments.fields, default_fields))
    end,
  }
end

-- The filter for an e-mail address, a phone number or a name.
local function lead_filter(query)
  if query:find("@", 1, true) then return { email = query, preciseSearchFlag = true } end
  local digits = query:gsub("[%s%-+().]", "")
  if digits:find "^%d%d%d%d%d%d%d+$" then return { phone = digits } end
  return { key = query }
end

local function find_lead(crm, arguments)
  local query = ascii.trim(arguments.query:sub(1, 1000))
  if query == "" then return nil, "query is empty" end
  local items, more = take(crm.leads, { lead_filter(query) }, limit_of(arguments), arguments.cursor)
  return list_result(items, more, fields_of(arguments.fields, LEAD_FIELDS))
end

-- A lead with its notes, tasks and latest activities. A part that fails contains its error instead.
local function lead_picture(crm, arguments)
  local id = arguments.leadId
  local lead, err = expect.lead(id, crm.leads:get(id))
  if not lead then return nil, err end
  local picture = { lead = trim.record(lead) }
  local function part(name, list, list_arguments, tool, is_oldest_first)
    local ok, items, more = pcall(take, list, list_arguments, is_oldest_first and MAX_HISTORY or PICTURE_ITEMS)
    if not ok then
      picture[name] = { error = type(items) == "string" and misuse.text(items) or tostring(items) }
      return
    end
    local shown = items
    if is_oldest_first then
      shown = {}
      for i = #items, math.max(1, #items - PICTURE_ITEMS + 1), -1 do shown[#shown + 1] = items[i] end
    end
    local result = shortened(shown, nil, nil, trim.MAX_RESULT / 3)
    result.cursor = nil
    if more or result.count < #items then result.more = "call " .. tool .. " for the rest" end
    picture[name] = result
  end
  part("notes", crm.notes, { { leadId = id } }, "list_notes")
  part("tasks", crm.tasks, { { leadId = id } }, "list_tasks")
  part("activities", crm.leads.activities, { id, { limit = MAX_HISTORY } }, "list_activities", true)
  return lofty.json.encode(picture)
end

local function describe(arguments)
  if arguments.operation == nil then return lofty.json.encode(catalog.all()) end
  local described, problem = catalog.describe(arguments.operation)
  if not described then return nil, problem end
  return lofty.json.encode(described)
end

--- Makes the tools.
-- @tparam table crm a client
-- @tparam table permitted booleans `write`, `send`, `delete`
-- @treturn table `list`, in the order in which they are shown, and `named`
return function(crm, permitted)
  local tools = {
    {
      name = "whoami", title = "Who am I", about = "The account that these tools act for.", annotations = READS,
      input = object {},
      call = function()
        local account, me = expect.account(crm:me())
        if not account then return nil, me end
        return record_result(me)
      end,
    },
    {
      name = "find_lead", title = "Find a lead", annotations = READS,
      about = "Find leads by name, e-mail address or phone number.",
      input = object({ query = text "name, e-mail address or phone number", limit = LIMIT, cursor = CURSOR,
                       fields = FIELDS }, { "query" }),
      call = function(arguments) return find_lead(crm, arguments) end,
    },
    {
      name = "lead_picture", title = "A lead's whole picture", annotations = READS,
      about = "One lead with its notes, tasks and activities.", input = object({ leadId = ID }, { "leadId" }),
      call = function(arguments) return lead_picture(crm, arguments) end,
    },
    list_tool(crm, "list_leads", "Leads", "leads.list", "Leads by stage, source, agent or tags.",
      { "stage", "source", "assignedUserId", "contacted", "allTags", "anyTags", "sort", "desc" }, LEAD_FIELDS),
    list_tool(crm, "list_notes", "Notes", "notes.list", "The notes of a lead.", { "leadId" }),
    list_tool(crm, "list_tasks", "Tasks of a lead", "tasks.list", "The tasks and appointments of a lead.",
      { "leadId" }),
    list_tool(crm, "list_my_tasks", "My tasks", "tasks.mine", "The tasks of a user, by default of this account.",
      { "userId" }),
    list_tool(crm, "list_activities", "Activities", "leads.activities",
      "Calls, texts, e-mails and other activities of a lead, oldest first.", {}),
    list_tool(crm, "list_members", "Members", "members.list", "The members of the team.", {}),
    list_tool(crm, "list_transactions", "Transactions", "transactions.list", "The transactions.", {}),
    list_tool(crm, "list_pipelines", "Pipelines", "team_features.pipelines",
      "The lead pipelines and their stages.", {}),
    {
      name = "describe_operation", title = "Describe an operation", annotations = { readOnlyHint = true },
      about = "List all operations of the API, or describe one: its path, its fields and what it does.",
      input = object { operation = text "such as notes.create; without it, all are listed" }, call = describe,
    },
    {
      name = "call_operation", title = "Call an operation",
      annotations = {
        readOnlyHint = not permitted.write, destructiveHint = permitted.send == true or permitted.delete == true,
        openWorldHint = true,
      },
      about = "Call any operation of the API that describe_operation lists. "
        .. (permitted.write and "Writes are allowed." or "Only reads are allowed.")
        .. (permitted.send and " Messages to people are allowed." or "")
        .. (permitted.delete and " Deleting is allowed." or ""),
      input = object({
        operation = text "such as leads.get", path = { type = "object", description = "the ids in the path, such as "
          .. "{\"leadId\": \"651095960136641\"}" },
        fields = { type = "object", description = "the operation's fields" },
        select = FIELDS, limit = LIMIT, cursor = CURSOR,
      }, { "operation" }),
      call = function(arguments) return call_operation(crm, permitted, arguments) end,
    },
  }
  local named = {}
  for _, tool in ipairs(tools) do named[tool.name] = tool end
  return { list = tools, named = named }
end
