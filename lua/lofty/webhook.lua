--- Webhooks: what a delivery says, and a handler that receives deliveries.
--
-- A delivery of Lofty's names no event. It says which of the 12 lists it belongs to and holds arrays ("buckets",
-- such as `updatedLead`) of what changed, many in one. `parse` makes of that a flat array of events with names, in
-- which nothing is lost: what it does not know is there under its own name.
-- @module lofty.webhook

local core = require "lofty.core"
local errors = require "lofty.errors"
local recall = require "lofty.webhook.recent_keys"

local error, getmetatable, ipairs, pairs, pcall, tonumber, tostring, type =
  error, getmetatable, ipairs, pairs, pcall, tonumber, tostring, type
local sort, concat = table.sort, table.concat
local format = string.format
local null, array_mt = core.null, core.array_mt

local webhook = {}

--- The lists that can be subscribed to, see `lofty.api.webhook_lists`.
webhook.lists = require "lofty.api.webhook_lists"

-- Lofty names only some of its buckets in public, so every likely word is understood, at either end of the name.
local ACTIONS = {
  new = "created", create = "created", created = "created", add = "created", added = "created", insert = "created",
  inserted = "created", update = "updated", updated = "updated", edit = "updated", edited = "updated",
  change = "updated", changed = "updated", modify = "updated", modified = "updated", delete = "deleted",
  deleted = "deleted", remove = "deleted", removed = "deleted", trash = "deleted", trashed = "deleted",
  finish = "finished", finished = "finished", complete = "finished", completed = "finished",
  unfinish = "unfinished", unfinished = "unfinished",
}
-- Within a delivery, in the order in which things can have happened to one and the same.
local ORDER = { created = 1, updated = 2, changed = 2, unfinished = 3, finished = 4, deleted = 5 }

-- "updatedLead" -> "updated", "Lead"; "leadTrashed" -> "deleted", "lead"; "things" -> nil, "things"
local function split(bucket)
  local word, rest = bucket:match("^(%l+)(.*)$")
  if ACTIONS[word] and not rest:find("^%l") then return ACTIONS[word], rest end
  rest, word = bucket:match("^(.-)(%u%l+)$")
  local action = word and ACTIONS[word:lower()]
  if action then return action, rest end
  return nil, bucket
end

-- "ListingAlert" -> "listing_alert"
local function snake(name)
  return (name:gsub("(%l)(%u)", "%1_%2"):lower())
end

local function is_array(value)
  return type(value) == "table" and (value[1] ~= nil or getmetatable(value) == array_mt)
end

-- The items of a top-level member that is a bucket; nil for any other member. An array of objects is one whatever
-- its name; scalars, or one object alone, only under a name that says what happened to them.
local function items_of(name, value)
  if type(value) ~= "table" then return nil end
  if not is_array(value) then return split(name) and { value } or nil end
  if type(value[1]) == "table" or split(name) then return value end
  return nil
end

-- null reads as absent where a field is only handed on.
local function present(value)
  if value == null then return nil end
  return value
end

local function make_event(delivery, bucket, item)
  local list_id = present(delivery.listId)
  local list = webhook.lists[tonumber(list_id) or 0]
  local action, rest
  if bucket then action, rest = split(bucket) end
  if list then action = action == "updated" and list.updated or action or list.default end
  action = action or "changed"
  local object = list and list.object or rest and rest ~= "" and snake(rest) or "unknown"
  local event = {
    name = object .. "." .. action, action = action, bucket = bucket, data = item, delivery = delivery,
    list_id = list_id, list = list and list.name, team_id = present(delivery.teamId),
    leadId = present(delivery.leadId), updateTime = present(delivery.updateTime),
  }
  if type(item) == "table" then
    local own = present(item.leadId)
    if own == nil and object == "lead" then own = present(item.id) end
    if own ~= nil then event.leadId = own end
    if present(item.updateTime) ~= nil then event.updateTime = item.updateTime end
  elseif object == "lead" then
    event.leadId = present(item)
  end
  return event
end

local function add_events(delivery, events)
  local buckets = {}
  for name, value in pairs(delivery) do
    if items_of(name, value) then buckets[#buckets + 1] = name end
  end
  sort(buckets, function(a, b)
    local x, y = ORDER[split(a)] or 2, ORDER[split(b)] or 2
    if x ~= y then return x < y end
    return a < b
  end)
  for _, bucket in ipairs(buckets) do
    for _, item in ipairs(items_of(bucket, delivery[bucket])) do
      events[#events + 1] = make_event(delivery, bucket, item)
    end
  end
  -- A list of pings (list 3) carries its one event at the top.
  if #buckets == 0 then events[#events + 1] = make_event(delivery, nil, delivery) end
end

local function bad(message)
  return nil, errors.new { kind = "decode", message = "webhook: " .. message }
end

--- Reads a delivery.
--
-- An event is a table:
--
-- * `name`: what, and what happened to it: `lead.created`, `lead.updated`, `lead.deleted`, `agent.*`,
--   `lead_activity.created`, `listing_alert.changed`, `transaction.*`, `call.*`, `email.*`, `text.*`, `note.*`,
--   `task.*` and `appointment.*` (also `finished`), `pipeline.changed`. Of a list that is not known the bucket
--   names the thing; `changed` stands where nothing says what happened.
-- * `action`: the name's last part; `list_id` and `list`: 2 and "Lead Info"; `team_id`
-- * `leadId` and `updateTime` (epoch milliseconds), where told
-- * `data`: the item as it came; `bucket`: the name of the array it stood in, nil if the delivery itself is the item
-- * `delivery`: the whole delivery as it came, shared by its events
--
-- Ids are exact on every Lua: a number, or a string of digits where the Lua cannot hold the number.
-- @tparam string body
-- @treturn[1] table array of events; those of a delivery with empty buckets are none
-- @treturn[2] nil
-- @treturn[2] table err, kind "decode"
function webhook.parse(body)
  if type(body) ~= "string" then error("webhook.parse: a string expected, got " .. type(body), 2) end
  local value, why, offset = core.json_decode(body)
  if value == nil then return bad(format("%s (at byte %s)", why, tostring(offset))) end
  if type(value) ~= "table" then return bad("a delivery is a JSON object") end
  local events = {}
  if not is_array(value) then
    add_events(value, events)
    return events
  end
  for _, delivery in ipairs(value) do
    if type(delivery) ~= "table" or is_array(delivery) then return bad("a delivery is a JSON object") end
    add_events(delivery, events)
  end
  return events
end

-- A text that is the same for the same content, whatever order a table is walked in.
local function canonical(value, out)
  local kind = type(value)
  if kind ~= "table" then
    local text = tostring(value)
    out[#out + 1] = format("%s%d:%s", kind:sub(1, 1), #text, text)
  elseif is_array(value) then
    out[#out + 1] = "["
    for i = 1, #value do canonical(value[i], out) end
    out[#out + 1] = "]"
  else
    local names = {}
    for name in pairs(value) do names[#names + 1] = name end
    sort(names)
    out[#out + 1] = "{"
    for _, name in ipairs(names) do
      canonical(name, out)
      canonical(value[name], out)
    end
    out[#out + 1] = "}"
  end
end

--- What tells an event from all others: a digest of its content. The same event delivered twice has the same key,
-- however it was batched.
-- @tparam table event
-- @treturn string 64 hexadecimal digits
function webhook.key(event)
  local out = {}
  canonical(event.list_id, out)
  canonical(event.team_id, out)
  canonical(event.bucket, out)
  canonical(event.data, out)
  local digest = require("lofty.crypto").sha256(concat(out))
  return (digest:gsub(".", function(c) return format("%02x", c:byte()) end))
end

-- Content alone can't tell a second change from a repeat of the first, unless it carries a time or can happen once.
local function happens_once(event)
  return event.updateTime ~= nil or event.action == "created" or event.action == "deleted"
end

local OPTIONS = {
  secret = true, on_event = true, seen = true, later = true, max_body = true, on_error = true,
}

local function secrets_of(secret, level)
  local list = type(secret) == "table" and secret or { secret }
  for i = 1, #list do
    if type(list[i]) ~= "string" or list[i] == "" or list[i]:find("[/?#]") then
      error("webhook.handler: secret must be a string that fits in one segment of a path", level + 1)
    end
  end
  if #list == 0 then error("webhook.handler: secret is required", level + 1) end
  local copy = {}
  for i = 1, #list do copy[i] = list[i] end
  return copy
end

-- Every secret is compared, and each in a time that tells nothing of how much was right.
local function knows_secret(secrets, path)
  local segment = (path or ""):match("^[^?#]*"):match("([^/]*)/*$")
  local plain = core.percent_decode(segment) or segment
  local found = false
  for i = 1, #secrets do
    if core.equal(plain, secrets[i]) then found = true end
  end
  return found
end

local function write_error(err)
  io.stderr:write("lofty.webhook: ", errors.sanitize(tostring(err)), "\n")
end

local PLAIN = "text/plain"

local function say(status, text)
  return status, text .. "\n", { ["content-type"] = PLAIN }
end

--- Makes a function that receives deliveries. Make it once, not once a request.
--     local respond = webhook.handler{
--       secret = "…",            -- the last segment of the callback URL's path; long and random. An array of
--                                -- secrets accepts each, for the time of a change
--       on_event = function(event) end,
--       seen = function(key, event) end, -- true if it was asked about this key before; remembers it
--       later = function(fn, ...) end,   -- calls fn(...) once the answer is out; false: no room, Lofty is told 503
--       max_body = 1048576,      -- bytes
--       on_error = function(err, event) end, -- on_event or seen raised err, or a delivery could not be read;
--                                -- written to stderr if absent
--     }
--     local status, body, headers = respond{ method =, path =, body =, headers = }
--
-- `body` is a string, or a function that returns one and is called only once the secret has proved right. Lofty
-- signs nothing, so the secret in the path is all that tells its deliveries from others: it answers 404 without it.
-- 405, 413 and 400 say what else is wrong, 200 that the events are taken. Without `opt.later` (or `request.later`,
-- which the nginx runtime gives) on_event is called before the function returns; an error that it raises stops no
-- other event.
--
-- Repeats are dropped. Without `seen` the last 1,000 events of this Lua state are remembered, and only such as
-- cannot happen twice (they carry an updateTime, or create, or delete); `seen` is asked about all, so let it
-- forget after some minutes. In several processes it belongs in what they share:
--     seen = function(key) local _, err = dict:safe_add("seen:" .. key, true, 600); return err == "exists" end
-- @tparam table opt as above
-- @treturn function (request) -> status, body, headers
function webhook.handler(opt, level)
  level = (level or 1) + 1
  opt = errors.options("webhook.handler", opt, OPTIONS, level)
  local secrets = secrets_of(opt.secret, level)
  local on_event, seen, later = opt.on_event, opt.seen, opt.later
  local on_error, max_body = opt.on_error or write_error, opt.max_body or core.limits.webhook
  if type(on_event) ~= "function" then error("webhook.handler: on_event must be a function", level) end
  for _, name in ipairs { "seen", "later", "on_error" } do
    if opt[name] ~= nil and type(opt[name]) ~= "function" then
      error("webhook.handler: " .. name .. " must be a function", level)
    end
  end
  if type(max_body) ~= "number" or max_body < 1 then
    error("webhook.handler: max_body must be a number of bytes", level)
  end
  local remembers = not seen and recall(1000)

  local function is_repeat(event)
    if remembers then return happens_once(event) and remembers(webhook.key(event)) end
    local ok, before = pcall(seen, webhook.key(event), event)
    if ok then return before and true or false end
    on_error(before, event) -- better twice than never
    return false
  end

  local function run(events)
    for i = 1, #events do
      local event = events[i]
      if not is_repeat(event) then
        local ok, err = pcall(on_event, event)
        if not ok then on_error(err, event) end
      end
    end
  end

  return function(request)
    if type(request) ~= "table" then error("webhook handler: a request expected, got " .. type(request), level) end
    if not knows_secret(secrets, request.path) then return say(404, "not found") end
    if request.method ~= "POST" then
      local status, text, headers = say(405, "only POST")
      headers.allow = "POST"
      return status, text, headers
    end
    local length = request.headers and tonumber(request.headers["content-length"])
    if length and length > max_body then return say(413, "too large") end
    local body = request.body
    if type(body) == "function" then body = body() end
    if type(body) ~= "string" then return say(400, "no body") end
    if #body > max_body then return say(413, "too large") end
    local events, err = webhook.parse(body)
    if not events then
      on_error(err)
      return say(400, "not a delivery")
    end
    local defer = later or request.later
    -- Arguments and no closure: an aborted nginx request's locals read as nil.
    if not defer then run(events)
    elseif defer(run, events) == false then return say(503, "too busy") end
    return say(200, "ok")
  end
end

return webhook
