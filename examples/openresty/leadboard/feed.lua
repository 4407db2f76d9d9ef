-- SPDX-License-Identifier: MIT

--- The last events of each account, in memory that all workers share. They are numbered, so that a reader can ask for
-- those after the last one that it knows.

local lofty = require "lofty"

local KEEP, LIFETIME, REPEAT_WINDOW = 50, 24 * 3600, 600
local MAX_DATA = 500 -- bytes of a record that are shown
local dict = ngx.shared.events

local feed = {}

-- "leadId 651095960136641, updateTime 1795500498001"
local function describe(data)
  if type(data) ~= "table" then return lofty.sanitize(tostring(data), MAX_DATA) end
  local out = {}
  for name, value in pairs(data) do
    out[#out + 1] = name .. " " .. (type(value) == "table" and lofty.json.encode(value) or tostring(value))
  end
  table.sort(out)
  return lofty.sanitize(table.concat(out, ", "), MAX_DATA)
end

local function key_of(account, name) return account .. ":" .. name end

--- The number of an account's last event.
function feed.last(account) return dict:get(key_of(account, "last")) or 0 end

--- Adds an event of lofty.webhook's.
-- @treturn[1] boolean true
-- @treturn[2] nil
-- @treturn[2] string what is wrong
function feed.add(account, event)
  local number, why = dict:incr(key_of(account, "last"), 1, 0)
  if not number then return nil, why end
  local text = lofty.json.encode {
    number = number, at = ngx.time(), title = lofty.sanitize((event.list or "Event") .. ": " .. event.action),
    lead = event.leadId and lofty.sanitize(tostring(event.leadId), 40) or "", data = describe(event.data),
  }
  local ok, full = dict:set(key_of(account, number), text, LIFETIME)
  return ok or nil, full
end

--- The events after the one of a number, oldest first, as JSON texts; and the number of the last one.
function feed.since(account, number)
  local out, last = {}, feed.last(account)
  for n = math.max(number, last - KEEP) + 1, last do
    out[#out + 1] = dict:get(key_of(account, n)) -- nil when nginx needed its memory
  end
  return out, last
end

--- Tells whether this key was asked about in the last ten minutes, and remembers it.
function feed.seen(account, key)
  local _, err = dict:safe_add(key_of(account, key), true, REPEAT_WINDOW)
  return err == "exists"
end

--- Makes `seen` forget the key of an event that could not be added.
function feed.forget(account, key) dict:delete(key_of(account, key)) end

return feed
