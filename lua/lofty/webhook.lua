-- SPDX-License-Identifier: MIT

--- Webhooks: reads Lofty's deliveries, and makes handlers that receive them.
--
-- A delivery does not name its events. It gives the number of one of 12 lists and, in arrays such as `updatedLead`
-- ("buckets"), the records that changed. `parse` turns it into a flat array of named events. Fields and buckets that
-- are not known are kept under their own names.
-- @module lofty.webhook

local ascii = require "lofty.internal.ascii"
local core = require "lofty.core"
local decode_json = require "lofty.internal.decode_json"
local errors = require "lofty.errors"
local exact_text = require "lofty.internal.exact_text"
local misuse = require "lofty.internal.misuse"
local recent_keys = require "lofty.webhook.recent_keys"

local getmetatable, ipairs, next, pairs, pcall, setmetatable, tonumber, tostring, type =
  getmetatable, ipairs, next, pairs, pcall, setmetatable, tonumber, tostring, type
local byte, find, match, sub = string.byte, string.find, string.match, string.sub
local sort, concat = table.sort, table.concat
local format = string.format
local null, array_mt, limits = core.null, core.array_mt, core.limits

local webhook = {}

--- The lists that can be subscribed to, see `lofty.api.webhook_lists`.
webhook.lists = require "lofty.api.webhook_lists"

-- Lofty documents the names of only some buckets, so every likely verb is accepted, at either end of the name.
local ACTIONS = {
  new = "created", create = "created", created = "created", add = "created", added = "created", insert = "created",
  inserted = "created", update = "updated", updated = "updated", edit = "updated", edited = "updated",
  change = "updated", changed = "updated", modify = "updated", modified = "updated", delete = "deleted",
  deleted = "deleted", remove = "deleted", removed = "deleted", trash = "deleted", trashed = "deleted",
  finish = "finished", finished = "finished", complete = "finished", completed = "finished",
  unfinish = "unfinished", unfinished = "unfinished",
}
-- The order of a delivery's buckets: as the changes of one record can have happened.
local ORDER = { created = 1, updated = 2, changed = 2, unfinished = 3, finished = 4, deleted = 5 }

-- A longer name is not examined: it comes from outside.
local MAX_BUCKET_NAME = 64

-- "updatedLead" -> "updated", "Lead"; "leadTrashed" -> "deleted", "lead"; "things" -> nil, "things"
local function split(bucket)
  if #bucket > MAX_BUCKET_NAME then return nil, bucket end
  local word, rest = match(bucket, "^(%l+)(.*)$")
  if ACTIONS[word] and not find(rest, "^%l") then return ACTIONS[word], rest end
  rest, word = match(bucket, "^(.*)(%u%l+)$")
  local action = word and ACTIONS[ascii.lower(word)]
  if action then return action, rest end
  return nil, bucket
end

-- "ListingAlert" -> "listing_alert"
local function snake(name)
  return ascii.lower((name:gsub("([a-z])([A-Z])", "%1_%2")))
end

local function is_array(value)
  return type(value) == "table" and (value[1] ~= nil or getmetatable(value) == array_mt)
end

-- The items of a top-level member that is a bucket; nil for any other member. An array of objects is a bucket whatever
-- its name; an array of scalars, or one object, only when its name says what happened.
local function items_of(name, value)
  if type(value) ~= "table" then return nil end
  if not is_array(value) then return split(name) and { value } or nil end
  if type(value[1]) == "table" or split(name) then return value end
  return nil
end

-- null counts as absent in the fields of an event.
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

-- The names of a delivery's buckets in the order of their events, and how many items they have; each bucket and each
-- delivery counts as one at least. nil when there are more than `max`.
local function buckets_of(delivery, max)
  local buckets, count = {}, 0
  for name, value in pairs(delivery) do
    local items = items_of(name, value)
    if items then
      buckets[#buckets + 1] = name
      count = count + (#items > 0 and #items or 1)
      if count > max then return nil end
    end
  end
  sort(buckets, function(a, b)
    local x, y = ORDER[split(a)] or 2, ORDER[split(b)] or 2
    if x ~= y then return x < y end
    return a < b
  end)
  return buckets, count > 0 and count or 1
end

local function add_events(delivery, buckets, events)
  for _, bucket in ipairs(buckets) do
    for _, item in ipairs(items_of(bucket, delivery[bucket])) do
      if item ~= null then events[#events + 1] = make_event(delivery, bucket, item) end
    end
  end
  -- A delivery of list 3 has no bucket: it is an event itself.
  if #buckets == 0 and next(delivery) ~= nil then events[#events + 1] = make_event(delivery, nil, delivery) end
end

local function bad(message, code)
  return nil, errors.new { kind = "decode", code = code, message = "webhook: " .. message }
end

local TOO_MANY = "too_many_events"

local PARSE_OPTIONS = { max_events = true, json = true }

local function check_json(where, value)
  if value ~= nil and value ~= "strict" and value ~= "repair" then
    misuse(where .. ': json must be "strict" or "repair"')
  end
end

local function is_count(value) return type(value) == "number" and value >= 1 end

--- Reads a delivery.
--
-- An event is a table:
--
-- * `name`: the object and what happened to it: `lead.created`, `lead.updated`, `lead.deleted`, `agent.*`,
--   `lead_activity.created`, `listing_alert.changed`, `transaction.*`, `call.*`, `email.*`, `text.*`, `note.*`,
--   `task.*` and `appointment.*` (also `finished`), `pipeline.changed`. For an unknown list the bucket's name gives the
--   object; where nothing says what happened it is `changed`.
-- * `action`: the name's last part; `list_id` and `list`: 2 and "Lead Info"; `team_id`
-- * `leadId` and `updateTime` (epoch milliseconds), if the delivery has them
-- * `data`: the item as it came; `bucket`: the name of its array, nil if the delivery itself is the item
-- * `delivery`: the whole delivery as it came, shared by its events
--
-- Ids are exact on every Lua: a number, or a string of digits where this Lua's numbers cannot hold the id.
-- @tparam string body
-- @tparam[opt] table opt `max_events` (5000, the most that Lofty puts into one delivery); `json = "repair"`: a
--   character that no JSON string may hold is replaced instead of an error, see `lofty.json`
-- @treturn[1] table array of events; empty if all buckets are empty
-- @treturn[2] nil
-- @treturn[2] table err, kind "decode"; its code is "too_many_events" if there are more than `max_events`
function webhook.parse(body, opt)
  if type(body) ~= "string" then misuse("webhook.parse: a string expected, got " .. type(body)) end
  opt = errors.options("webhook.parse", opt, PARSE_OPTIONS)
  local max = opt.max_events or limits.webhook_events
  check_json("webhook.parse", opt.json)
  if not is_count(max) then misuse("webhook.parse: max_events must be a number, 1 or more") end
  local value, why = decode_json(body, opt.json == "repair")
  if value == nil then return bad(why) end
  if type(value) ~= "table" then return bad("a delivery is a JSON object") end
  local deliveries = is_array(value) and value or { value }
  -- Counted before the first event is made: a megabyte of JSON may hold half a million items.
  local left, buckets = max, {}
  for i, delivery in ipairs(deliveries) do
    if type(delivery) ~= "table" or is_array(delivery) then return bad("a delivery is a JSON object") end
    local count
    buckets[i], count = buckets_of(delivery, left)
    if not count or count > left then return bad("more than " .. max .. " events in one delivery", TOO_MANY) end
    left = left - count
  end
  local events = {}
  for i, delivery in ipairs(deliveries) do add_events(delivery, buckets[i], events) end
  return events
end

-- Adds a text that is the same for the same content, in whatever order a table is traversed.
local function canonical(value, out)
  local kind = type(value)
  if kind ~= "table" then
    local text = kind == "number" and exact_text(value) or tostring(value)
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

--- A digest of an event's content. The same event delivered twice has the same key, however it was batched.
-- @tparam table event
-- @treturn string 64 hexadecimal digits
function webhook.key(event)
  local out = {}
  canonical(event.list_id, out)
  canonical(event.team_id, out)
  canonical(event.bucket, out)
  canonical(event.data, out)
  return ascii.hex(require("lofty.crypto").sha256(concat(out)))
end

-- Two changes may have the same content. They are distinguished by their time; and a record is created and deleted
-- once.
local function is_unique(event)
  return event.updateTime ~= nil or event.bucket ~= nil and (event.action == "created" or event.action == "deleted")
end

local OPTIONS = {
  secret = true, on_event = true, seen = true, forget = true, later = true, max_body = true, max_events = true,
  on_error = true, spool = true, attempts = true, json = true,
}
local REMEMBERED = 1000 -- keys, when the caller has no `seen`

local function secrets_of(secret)
  local list = type(secret) == "table" and secret or { secret }
  if #list == 0 then misuse("webhook.handler: secret is required") end
  local copy = {}
  for i = 1, #list do
    if type(list[i]) ~= "string" or list[i] == "" or find(list[i], "[/?#]") then
      misuse("webhook.handler: secret must be a string that can be one segment of a path")
    end
    copy[i] = list[i]
  end
  return copy
end

-- The last segment of a path, without slashes that follow it. No pattern: the path comes from outside, and a pattern
-- that is not anchored takes time quadratic in its length.
local function last_segment(path)
  local ends = (find(path, "[?#]") or #path + 1) - 1
  while ends > 0 and byte(path, ends) == 0x2F do ends = ends - 1 end
  local first = ends
  while first > 0 and byte(path, first) ~= 0x2F do first = first - 1 end
  return sub(path, first + 1, ends)
end

-- Compares with every secret, in a time that does not depend on how many bytes match.
local function knows_secret(secrets, path)
  if type(path) ~= "string" or #path > limits.uri then return false end
  local segment = last_segment(path)
  local plain = core.percent_decode(segment) or segment
  local found = false
  for i = 1, #secrets do
    if core.equal(plain, secrets[i]) then found = true end
  end
  return found
end

local function write_error(err)
  io.stderr:write("lofty.webhook: ", errors.sanitize(tostring(err), limits.message), "\n")
end

-- The function that reports failures: `on_error`, whose own errors must not stop the handling of events.
local function reporter(on_error)
  if not on_error then return write_error end
  return function(err, event)
    local ok, problem = pcall(on_error, err, event)
    if not ok then write_error("on_error raised: " .. tostring(problem)) end
  end
end

local function respond_with(status, text, headers)
  headers = headers or {}
  headers["content-type"] = "text/plain"
  return status, text .. "\n", headers
end

-- The deliveries of this Lua state that are read and not handled yet: their events -> bytes. A delivery whose handling
-- was dropped leaves with its events.
local queued = setmetatable({}, { __mode = "k" })

local function has_room(size)
  local bytes = 0
  for _, each in pairs(queued) do bytes = bytes + each end
  return bytes == 0 or bytes + size <= limits.webhook_queue
end

-- The results of a delivery, and the response for each.
local DONE, FAILED, BUSY = "done", "failed", "busy"
local RESPONSES = { [DONE] = { 200, "ok" }, [FAILED] = { 500, "failed" }, [BUSY] = { 503, "busy" } }

local function tell(outcome)
  local reply = RESPONSES[outcome]
  return respond_with(reply[1], reply[2], outcome == BUSY and { ["retry-after"] = "60" } or nil)
end

-- Whether a failure was one of a call that may have taken effect: to handle the event again might do it twice.
local function is_outcome_unknown(err) return errors.is(err) and err.outcome_unknown == true end

-- Calls on_event: true, or false and the err with which it failed.
local function call_handler(on_event, event)
  local ok, value, err = pcall(on_event, event)
  if ok and (value or err == nil) then return true end
  if not ok then err = value end
  return false, err
end

-- Returns a function that handles one event and returns DONE, FAILED or BUSY.
local function event_handler(opt)
  local on_event, seen, forget, on_error = opt.on_event, opt.seen, opt.forget, reporter(opt.on_error)
  local recent = not seen and recent_keys(REMEMBERED)
  local running = {} -- keys of events that are being handled

  local function is_repeat(key, event)
    if recent then return is_unique(event) and recent:seen(key) end
    local ok, before = pcall(seen, key, event)
    if not ok then
      on_error(before, event) -- rather handle an event twice than not at all
      return false
    end
    return before and true or false
  end

  local function forget_key(key, event)
    if recent then recent:forget(key) end
    if not forget then return end
    local ok, err = pcall(forget, key, event)
    if not ok then on_error(err, event) end
  end

  return function(event)
    local key = webhook.key(event)
    -- Delivered again before the first attempt has ended: do not respond 200 yet.
    if running[key] then return BUSY end
    if is_repeat(key, event) then return DONE end
    running[key] = true
    local ok, err = call_handler(on_event, event)
    running[key] = nil
    if ok then return DONE end
    on_error(err, event)
    if is_outcome_unknown(err) then return DONE end
    forget_key(key, event)
    return FAILED
  end
end

-- Returns a function that handles one event of a spool: true, or nil and an err. A spool tries again by itself, and one
-- process handles its events; so a key is remembered only after its event was handled.
local function spooled_event_handler(opt)
  local on_event, on_error, recent = opt.on_event, reporter(opt.on_error), recent_keys(REMEMBERED)
  return function(event)
    local key = is_unique(event) and webhook.key(event)
    if key and recent:knows(key) then return true end
    local ok, err = call_handler(on_event, event)
    if ok then
      if key then recent:seen(key) end
      return true
    end
    on_error(err, event)
    return nil, err
  end
end

local function check_spool_options(opt)
  if type(opt.spool) ~= "table" then misuse("webhook.handler: spool must be made by lofty.spool.file") end
  for _, name in ipairs { "seen", "forget", "later" } do
    if opt[name] ~= nil then misuse("webhook.handler: " .. name .. " has no use beside a spool: leave it out") end
  end
  if opt.max_body and opt.max_body > limits.stored then
    misuse(format("webhook.handler: max_body beside a spool can be %d at most", limits.stored))
  end
end

local function check_handler_options(opt)
  errors.options("webhook.handler", opt, OPTIONS)
  if type(opt.on_event) ~= "function" then misuse("webhook.handler: on_event must be a function") end
  for _, name in ipairs { "seen", "forget", "on_error" } do
    if opt[name] ~= nil and type(opt[name]) ~= "function" then
      misuse("webhook.handler: " .. name .. " must be a function")
    end
  end
  if opt.later ~= nil and opt.later ~= true and type(opt.later) ~= "function" then
    misuse("webhook.handler: later must be true or a function")
  end
  check_json("webhook.handler", opt.json)
  if opt.spool ~= nil then check_spool_options(opt) end
  for _, name in ipairs { "max_body", "max_events", "attempts" } do
    if opt[name] ~= nil and not is_count(opt[name]) then
      misuse("webhook.handler: " .. name .. " must be a number, 1 or more")
    end
  end
end

--- Makes a function that receives deliveries. Make it once, not for each request.
--     local respond = webhook.handler{
--       secret = "…",            -- the last segment of the callback URL's path; long and random. An array of secrets
--                                -- accepts each of them, while one replaces the other
--       on_event = function(event) end,  -- fails if it raises an error or returns nil, err
--       seen = function(key, event) end,   -- true if it was called with this key before; remembers the key
--       forget = function(key, event) end, -- makes `seen` forget a key whose event could not be handled
--       later = nil,             -- true (in nginx) or a function(fn, ...): respond first, then handle the events
--       max_body = 1048576,      -- bytes
--       max_events = 5000,       -- of one delivery
--       json = "strict",         -- or "repair": one bad character in a record does not make the delivery unreadable
--       spool = nil,             -- see `lofty.spool`: respond 200 once the delivery is on disk, then handle its events
--       attempts = 6,            -- with a spool: of an event, before it has failed for good
--       on_error = function(err, event) end, -- on_event, seen or forget failed, or a delivery could not be read (no
--                                -- event); default: writes a line to stderr
--     }
--     local status, body, headers = respond{ method =, path =, body =, headers = }
--
-- `body` is a string, or a function that returns one. The function is called only after the secret was found correct,
-- with the number of bytes after which it may stop reading. Lofty does not sign its deliveries; only the secret in the
-- path distinguishes them from forged ones.
--
-- | status | |
-- |---|---|
-- | 200 | every event was handled, or was a repeat; also for GET and HEAD, so that the address can be checked in a
-- browser |
-- | 400 | not a delivery |
-- | 404 | not the secret |
-- | 405 | neither POST, GET nor HEAD |
-- | 413 | more than `max_body` bytes or `max_events` events |
-- | 500 | on_event failed for an event: delivered again, that event counts as new |
-- | 503 | 4 MiB of deliveries wait in this process, or the same event is being handled right now |
--
-- A failure stops no other event. An err whose `outcome_unknown` is set does not lead to a 500: to handle the event
-- again might do the same thing twice. With `later` the status is 200 before any event is handled, so a failure is
-- known to `on_error` alone; `later(fn, ...)` calls fn(...) soon and returns false if it cannot, which gives 503.
--
-- With a spool the status is 200 once the delivery is on disk, and 503 when it can't be written. Events are handled at
-- least once: a crash repeats those whose handling was not noted, so `on_event` should first look whether its effect is
-- there already.
--
-- Repeats are dropped. Without `seen` the last 1,000 events of this Lua state are remembered, of those that can be
-- distinguished from a second change (they have an updateTime, or their bucket says created or deleted). `seen` is
-- called for all events, so it should forget after some minutes. Several processes share the memory:
--     seen = function(key) local _, err = dict:safe_add("seen:" .. key, true, 600); return err == "exists" end,
--     forget = function(key) dict:delete("seen:" .. key) end,
-- @tparam table opt as above
-- @treturn function (request) -> status, body, headers
function webhook.handler(opt)
  opt = opt or {}
  check_handler_options(opt)
  local secrets, spool = secrets_of(opt.secret), opt.spool
  local handle = not spool and event_handler(opt)
  if spool then spool:attach(spooled_event_handler(opt), opt.attempts) end
  local later, on_error = opt.later, reporter(opt.on_error)
  local max_body, parse_options = opt.max_body or limits.webhook, { max_events = opt.max_events, json = opt.json }

  -- Does not use the request, which may have ended.
  local function run(events, pause)
    local outcome = DONE
    for i = 1, #events do
      if pause and i > 1 then pause() end
      local result = handle(events[i])
      if result == FAILED or outcome == DONE then outcome = result end
    end
    queued[events] = nil
    return outcome
  end

  local function read(request)
    local length = request.headers and tonumber(request.headers["content-length"])
    if length and length > max_body then return nil, 413, "too large" end
    local body = request.body
    if type(body) == "function" then body = body(max_body + 1) end
    if type(body) ~= "string" then return nil, 400, "no body" end
    if #body > max_body then return nil, 413, "too large" end
    if not has_room(#body) then return nil, 503, "busy" end
    local events, err = webhook.parse(body, parse_options)
    if not events then
      on_error(err)
      if err.code == TOO_MANY then return nil, 413, "too many events" end
      return nil, 400, "not a delivery"
    end
    if spool then
      local id, why = spool:put(body)
      if id then return events end
      on_error(why)
      return nil, 503, "busy"
    end
    queued[events] = #body
    return events
  end

  return function(request)
    if type(request) ~= "table" then misuse("webhook handler: a request expected, got " .. type(request)) end
    if not knows_secret(secrets, request.path) then return respond_with(404, "not found") end
    local method = request.method
    if method == "GET" then return tell(DONE) end
    if method == "HEAD" then return 200, "", { ["content-type"] = "text/plain" } end
    if method ~= "POST" then return respond_with(405, "only POST", { allow = "GET, HEAD, POST" }) end
    local events, status, text = read(request)
    if not events then
      if status == 503 then return tell(BUSY) end
      return respond_with(status, text)
    end
    if spool then
      if request.later then request.later(spool.run, spool) end
      return tell(DONE)
    end
    local defer = later == true and request.later or later ~= true and later
    -- Arguments and no closure: the locals of an aborted nginx request read as nil.
    if defer then return tell(defer(run, events, request.pause) == false and BUSY or DONE) end
    if not request.wait then return tell(run(events)) end
    local outcome, err = request.wait(run, events, request.pause)
    if err then on_error(err) end
    return tell(outcome or BUSY)
  end
end

return webhook
