--- The last events of each account, in memory that all workers share. They are numbered, so that a reader can ask
-- for what is new.

local json = require("lofty").json

local KEEP, LIFE = 50, 24 * 3600
local dict = ngx.shared.events

local feed = {}

-- "leadId 651095960136641, updateTime 1795500498001"
local function describe(data)
  if type(data) ~= "table" then return tostring(data) end
  local out = {}
  for name, value in pairs(data) do
    out[#out + 1] = name .. " " .. (type(value) == "table" and json.encode(value) or tostring(value))
  end
  table.sort(out)
  return table.concat(out, ", ")
end

local function at(account, number) return account .. ":" .. number end

--- The number of an account's last event.
function feed.last(account) return dict:get(at(account, "last")) or 0 end

--- Adds an event of lofty.webhook's.
function feed.add(account, event)
  local number, why = dict:incr(at(account, "last"), 1, 0)
  if not number then return nil, why end
  local lead = event.leadId
  return dict:set(at(account, number), json.encode {
    number = number, at = ngx.time(), title = (event.list or "Event") .. ": " .. event.action,
    lead = lead and tostring(lead) or "", data = describe(event.data),
  }, LIFE)
end

--- What came after an event's number, oldest first: JSON texts.
function feed.since(account, number)
  local out, last = {}, feed.last(account)
  for n = math.max(number, last - KEEP) + 1, last do
    out[#out + 1] = dict:get(at(account, n)) -- a gap when nginx has needed its room
  end
  return out, last
end

--- Tells whether this was asked before in the last ten minutes.
function feed.seen(account, key)
  local _, err = dict:safe_add(at(account, key), true, 600)
  return err == "exists"
end

--- Makes `seen` forget an event that could not be added.
function feed.forget(account, key) dict:delete(at(account, key)) end

return feed
