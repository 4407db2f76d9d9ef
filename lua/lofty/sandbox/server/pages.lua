-- SPDX-License-Identifier: MIT

--- Lofty's ways of paging.
-- @module lofty.sandbox.server.pages

local errors = require "lofty.sandbox.server.errors"
local json = require "lofty.sandbox.server.json"
local settings = require "lofty.sandbox.server.settings"
local state = require "lofty.sandbox.server.state"

local pages = {}

--- A whole number from the query or the body, or its default.
function pages.number(source, name, default)
  local value = source[name]
  if value == nil or value == json.null then return default end
  return tonumber(json.digits(value) or value)
end

--- A whole number in a parameter that the document types as a string, or its default.
function pages.whole(query, name, default)
  local text = query[name]
  if text == nil then return default end
  return tonumber(errors.need(text:match("^%d+$"), "INVALID_PARAMETER"))
end

--- A page size between 1 and `max`; the error `name` when it is outside.
function pages.limit(source, default, max, name, field)
  local limit = pages.number(source, field or "limit", default)
  if limit < 1 or limit > max then errors.raise(name or "LIMIT_NOT_VALID") end
  return limit
end

--- The items offset+1 to offset+limit, as JSON texts that are encoded once.
function pages.slice(list, offset, limit)
  local out = json.array {}
  for i = offset + 1, math.min(#list, offset + limit) do out[#out + 1] = state.text(list[i]) end
  return out
end

--- All items.
function pages.all(list) return pages.slice(list, 0, #list) end

--- The offset of the page that follows the item `current`: at that item or after it, by the setting current_id. 0 means
-- the start; an unknown id the end.
function pages.after(list, key, current)
  if not current or tonumber(current) <= 0 then return 0 end
  for i, item in ipairs(list) do
    if json.digits(item[key]) == current then
      return settings.get().current_id == "inclusive" and i - 1 or i
    end
  end
  return #list
end

--- A page by limit with currentId or offset, as the communication lists have it.
-- @tparam table call
-- @tparam table list
-- @tparam string key the field that holds the id
-- @treturn table the items
function pages.current(call, list, key)
  local limit = pages.limit(call.query, 10, 1000)
  local offset = math.max(0, pages.number(call.query, "offset", 0))
  local current = call.query.currentId
  if current and tonumber(current) > 0 then offset = pages.after(list, key, current) end
  return pages.slice(list, offset, limit)
end

--- The items for which `test` returns true.
function pages.filter(list, test)
  local out = {}
  for _, item in ipairs(list) do
    if test(item) then out[#out + 1] = item end
  end
  return out
end

--- The items with only the fields that are named.
function pages.only(list, names)
  local out = {}
  for i, item in ipairs(list) do
    out[i] = {}
    for _, name in ipairs(names) do out[i][name] = item[name] end
  end
  return out
end

--- The items, each as `show(account, item)` makes it.
function pages.shown(account, list, show)
  local out = json.array {}
  for i, item in ipairs(list) do out[i] = show(account, item) end
  return out
end

--- The list in reverse order.
function pages.reverse(list)
  local out = {}
  for i = #list, 1, -1 do out[#out + 1] = list[i] end
  return out
end

--- Makes an opaque cursor for a place in a list; it expires after `ttl` seconds.
function pages.keep(kind, place, ttl)
  local word = ngx.encode_base64(kind .. state.sequence("cursor") .. ":" .. ngx.now()):gsub("=", "")
  ngx.shared.sandbox:set("cursor:" .. word, json.encode(place), ttl)
  return word
end

--- Sets a new place for a cursor.
function pages.move(word, place, ttl) ngx.shared.sandbox:set("cursor:" .. word, json.encode(place), ttl) end

--- The place of a cursor, or nil when it is unknown or has expired.
function pages.place(word)
  local text = ngx.shared.sandbox:get("cursor:" .. word)
  return text and json.decode(text) or nil
end

--- A page size, or less where the setting page_cap says so.
function pages.capped(limit)
  local cap = settings.get().page_cap
  return cap > 0 and math.min(limit, cap) or limit
end

--- The scrollId to give with a page.
-- @tparam ?string word the scrollId that the request had
-- @tparam table place where the next page begins
-- @tparam boolean at_end whether this page is the last
-- @treturn ?string
function pages.scroll_id(word, place, at_end)
  local set = settings.get()
  if at_end and set.scroll_end == "missing" then return nil end
  if word and set.scroll == "same" then
    pages.move(word, place, set.scroll_ttl)
    return word
  end
  return pages.keep("scroll", place, set.scroll_ttl)
end

--- A page of members or calls: by offset as in the document, or by scrollId alone as seen live.
-- @tparam table call
-- @tparam string name of the list
-- @tparam table list
-- @tparam number limit
-- @treturn table the answer
function pages.counted(call, name, list, limit)
  limit = pages.capped(limit)
  local offset, cursor = math.max(0, pages.number(call.query, "offset", 0)), ""
  if settings.get().member_paging == "scroll" then
    local word = call.query.scrollId ~= "" and call.query.scrollId or nil
    offset = 0
    if word then
      local place = errors.need(pages.place(word), "INVALID_PARAMETER")
      if place.account ~= call.account or place.name ~= name then errors.raise("INVALID_PARAMETER") end
      offset = place.offset
    end
    local after = math.min(#list, offset + limit)
    cursor = pages.scroll_id(word, { account = call.account, name = name, offset = after }, after >= #list)
  end
  return { _metadata = pages.metadata(name, limit, offset, #list, cursor), [name] = pages.slice(list, offset, limit) }
end

--- The paging object: `_metadata` in live responses, `get_metadata` in the document.
function pages.metadata(collection, limit, offset, total, scroll)
  return { collection = collection, limit = limit, offset = offset, total = total, scrollId = scroll }
end

return pages
