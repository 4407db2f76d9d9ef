-- SPDX-License-Identifier: MIT

--- A journal of the requests received, and counters.
-- @module lofty.sandbox.server.journal

local json = require "lofty.sandbox.server.json"
local settings = require "lofty.sandbox.server.settings"

local journal = {}

-- JSON holds UTF-8 only, so a body with other bytes is kept in Base64.
local function printable(text)
  return json.is_utf8(text) and text or (text:gsub("[\128-\255]", "?"))
end

local function headers_of(req)
  local headers = {}
  for name, value in pairs(req.headers) do
    headers[name] = printable(type(value) == "table" and table.concat(value, ", ") or tostring(value))
  end
  headers["x-sandbox-clock"] = nil -- of the test kit, not of the client
  return headers
end

--- Adds a request; the oldest is removed when the journal is full.
function journal.add(req)
  local set = settings.get()
  if not set.journal then return end
  local dict = ngx.shared.sandbox_journal
  local n = dict:incr("n", 1, 0)
  local whole = json.is_utf8(req.body)
  dict:set("#" .. n, json.encode {
    method = req.method, path = printable(req.path), query = printable(req.query), headers = headers_of(req),
    body = whole and req.body or nil, body64 = not whole and ngx.encode_base64(req.body) or nil,
    connection = req.connection,
  })
  if n > set.journal_size then dict:delete("#" .. n - set.journal_size) end
end

--- The requests in the journal, oldest first, as one JSON text; and how many were dropped because it was full.
function journal.all()
  local dict = ngx.shared.sandbox_journal
  local n, out = dict:get("n") or 0, {}
  for i = math.max(1, n - settings.get().journal_size + 1), n do
    out[#out + 1] = dict:get("#" .. i)
  end
  return json.raw("[" .. table.concat(out, ",") .. "]"), n - #out
end

--- Empties the journal.
function journal.clear() ngx.shared.sandbox_journal:flush_all() end

--- Counts one event of a group, for instance "grants", "refresh_token".
function journal.count(group, name)
  ngx.shared.sandbox_counters:incr(group .. "\0" .. name, 1, 0)
end

--- Every counter, by group and name.
function journal.counters()
  local dict, out = ngx.shared.sandbox_counters, { requests = {}, grants = {}, accounts = {}, account_grants = {} }
  for _, key in ipairs(dict:get_keys(0)) do
    local group, name = key:match("^(%Z+)%z(.*)$")
    out[group] = out[group] or {}
    out[group][name] = dict:get(key)
  end
  return out
end

--- Sets all counters to zero.
function journal.clear_counters() ngx.shared.sandbox_counters:flush_all() end

return journal
