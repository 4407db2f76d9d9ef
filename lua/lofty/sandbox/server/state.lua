-- SPDX-License-Identifier: MIT

--- Collections of records: generated ones, which each worker computes, and written ones, which are in the shared dict.
--
-- A write stores the record and then appends its id to the collection's log. A worker reads the entries of the log that
-- are new to it. Records are never modified, only replaced.
-- @module lofty.sandbox.server.state

local json = require "lofty.sandbox.server.json"

local state = {}

local caches, generation = {}, nil
local texts = setmetatable({}, { __mode = "k" })

local Collection = {}
Collection.__index = Collection

-- Reads the entries of the log that are new to this worker.
local function catch_up(self)
  local dict = ngx.shared.sandbox
  local version = dict:get(self.prefix .. "n") or 0
  while self.version < version do
    local id = dict:get(self.prefix .. "#" .. self.version + 1)
    if not id then break end -- another worker is writing it
    self.version = self.version + 1
    local text = dict:get(self.prefix .. id)
    if not self.known[id] then
      self.known[id] = true
      self.order[#self.order + 1] = id
    end
    self.by_id[id] = text and text ~= "" and json.decode(text) or nil
    self.live = nil
  end
end

--- The records in the order of their creation. Not to be modified.
function Collection:list()
  catch_up(self)
  if not self.live then
    local live = {}
    for _, id in ipairs(self.order) do live[#live + 1] = self.by_id[id] end
    self.live = live
  end
  return self.live
end

--- A record by the digits of its id (or its composite id), or nil.
function Collection:find(id)
  catch_up(self)
  return self.by_id[id]
end

local function append(self, id, text)
  local dict = ngx.shared.sandbox
  assert(dict:safe_set(self.prefix .. id, text), "the emulator's shared dict is full")
  local n = assert(dict:incr(self.prefix .. "n", 1, 0))
  assert(dict:safe_set(self.prefix .. "#" .. n, id), "the emulator's shared dict is full")
end

--- Writes a record.
function Collection:put(record)
  append(self, tostring(record[self.key]), json.encode(record))
  return record
end

--- Writes a record with some fields changed.
function Collection:change(record, fields)
  local copy = {}
  for name, value in pairs(record) do copy[name] = value end
  for name, value in pairs(fields) do copy[name] = value end
  return self:put(copy)
end

--- Removes a record.
function Collection:remove(id)
  append(self, id, "")
end

--- The collection with this name.
-- @tparam string name account and kind, for instance "113209/leads"
-- @tparam string key the field that holds the id
-- @tparam[opt] function seed returns the generated records
function state.collection(name, key, seed)
  local now = ngx.shared.sandbox:get("generation") or 0
  if now ~= generation then caches, generation = {}, now end
  local self = caches[name]
  if not self then
    self = setmetatable({ prefix = "c:" .. name .. ":", key = key, version = 0, order = {}, by_id = {}, known = {} },
                        Collection)
    for i, record in ipairs(seed and seed() or {}) do
      local id = tostring(record[key])
      self.order[i], self.by_id[id], self.known[id] = id, record, true
    end
    caches[name] = self
  end
  return self
end

--- The next number of a sequence, from 1.
function state.sequence(name)
  return assert(ngx.shared.sandbox:incr("sequence:" .. name, 1, 0))
end

--- A record as JSON text, encoded once.
function state.text(record)
  local raw = texts[record]
  if not raw then
    raw = json.raw(json.encode(record))
    texts[record] = raw
  end
  return raw
end

--- Restores the state at the start.
function state.reset()
  local dict = ngx.shared.sandbox
  local before = (dict:get("generation") or 0) + 1
  local version = (dict:get("settings:version") or 0) + 1
  dict:flush_all()
  dict:set("generation", before)
  dict:set("settings:version", version)
  ngx.shared.sandbox_counters:flush_all()
  ngx.shared.sandbox_journal:flush_all()
end

return state
