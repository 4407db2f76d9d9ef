--- Lists that come in pages: one walker over every style of paging the API has.
--
-- A walker is a function: each call gives the next page's items, the page, and the cursor it came with; nil
-- when there is no more; or nil and an err, after which it may be called again for the same page. A cursor
-- is a plain string that names its style:
--
--     a:                  the one page of a list that has no more
--     o:OFFSET            limit and offset
--     s:OFFSET:SCROLLID   a scroll; a resume goes by the offset, since the id may be gone by then
--     c:CURSOR            a cursor of the server's
--     i:ID                currentId, the id of the last item before
--     p:NUMBER:SIZE       the number of a page and how many items were asked for
--     k:LIST:KEY          the key of the next page of one of the lists in an answer
--
-- The end is an empty page, a missing cursor, a total that is reached or a "has more" that says no; never a
-- page that is merely short, since a server may give fewer items than asked.
-- @module lofty.api.pages

local circle = require "lofty.api.cycle"
local core = require "lofty.core"
local errors = require "lofty.errors"

local error, next, tonumber, tostring, type = error, next, tonumber, tostring, type
local find, gmatch, match = string.find, string.gmatch, string.match
local remove = table.remove
local array, integer, null, number_text = core.array, core.integer, core.null, core.number_text

local pages = {}

-- Where an answer may say how much there is.
local PLACES = { "_metadata", "get_metadata", "metadata", "_listingMetadata", "get_listingMetadata", "data" }

local function is_there(value)
  return value ~= nil and value ~= null and value ~= ""
end

-- A fact about a page, wherever the server put it.
local function fact(body, name)
  if type(body) ~= "table" then return nil end
  for i = 1, #PLACES do
    local place = body[PLACES[i]]
    if type(place) == "table" and is_there(place[name]) then return place[name] end
  end
  if is_there(body[name]) then return body[name] end
  return nil
end

-- True when the answer itself says that the items up to `reached` were all.
local function is_last(body, reached)
  local more = fact(body, "hasMore")
  if more == false or more == 0 then return true end
  if more == true or more == 1 then return false end
  local total = fact(body, "total") or fact(body, "totalCount")
  return type(total) == "number" and total > 0 and reached >= total
end

local function has_total(body)
  local total = fact(body, "total") or fact(body, "totalCount")
  return type(total) == "number" and total > 0
end

-- The text of an id, whatever Lua made of it.
local function id_text(id)
  if type(id) == "string" then return id end
  if type(id) == "number" then return (number_text(id)) end
  return nil
end

local function as_number(value)
  return value ~= nil and tonumber(tostring(value)) or nil
end

-- Every style: `start` (from the caller's own arguments), `resume` (from what a cursor holds; nil if it is
-- none), `apply` (to the arguments of the next request), `cursor`, `advance` (false at the end).
local styles = {}

styles.all = {
  letter = "a",
  start = function() end,
  resume = function(_, text) return text == "" end,
  apply = function() end,
  cursor = function() return "" end,
  advance = function() return false end,
}

styles.offset = {
  letter = "o", limit = "limit",
  start = function(state, args) state.offset = as_number(args.offset) or 0 end,
  resume = function(state, text)
    state.offset = find(text, "^%d+$") and tonumber(text)
    return state.offset
  end,
  apply = function(state, args) args.offset = state.offset > 0 and state.offset or nil end,
  cursor = function(state) return tostring(number_text(state.offset)) end,
  advance = function(state, body, items)
    if #items == 0 then return false end
    state.offset = state.offset + #items
    return not is_last(body, state.offset)
  end,
}

styles.scroll = {
  letter = "s", limit = "limit",
  start = function(state, args)
    state.id = args.scrollId
    state.offset = as_number(args.offset) or not state.id and 0 or nil
  end,
  resume = function(state, text)
    local offset, id = match(text, "^(%d*):(.*)$")
    state.offset = tonumber(offset)
    if offset == "" and id ~= "" then state.id = id end
    return state.offset or state.id
  end,
  apply = function(state, args)
    args.scrollId = state.id
    args.offset = not state.id and state.offset > 0 and state.offset or nil
  end,
  cursor = function(state)
    return (state.offset and tostring(number_text(state.offset)) or "") .. ":" .. (state.id or "")
  end,
  advance = function(state, body, items)
    if #items == 0 then return false end
    local id = fact(body, "scrollId")
    state.id = id ~= nil and tostring(id) or nil
    if not state.offset then return state.id ~= nil end
    state.offset = state.offset + #items
    return not is_last(body, state.offset)
  end,
}

styles.cursor = {
  letter = "c", limit = "limit",
  start = function(state, args) state.cursor = args.cursor end,
  resume = function(state, text)
    state.cursor = text ~= "" and text or nil
    return true
  end,
  apply = function(state, args) args.cursor = state.cursor end,
  cursor = function(state) return state.cursor or "" end,
  advance = function(state, body, _, page)
    local following = body[page.cursor]
    if not is_there(following) then return false end
    state.cursor = tostring(following)
    return true
  end,
  identity = function(state) return state.cursor end,
}

styles.current = {
  letter = "i", limit = "limit",
  start = function(state, args) state.id = id_text(args.currentId) or args.currentId and tostring(args.currentId) end,
  resume = function(state, text)
    if not find(text, "^%-?%d+$") then return false end
    state.id = text ~= "0" and text or nil
    return true
  end,
  apply = function(state, args)
    -- Of a caller who turned the checks off it may be anything.
    args.currentId = state.id and find(state.id, "^%-?%d+$") and integer(state.id) or state.id
    if state.moved then args.offset = nil end
  end,
  cursor = function(state) return state.id or "0" end,
  -- Whether the list starts at this id or behind it is not written anywhere.
  trim = function(state, items)
    if state.id and items[1] ~= nil and type(items[1]) == "table" and id_text(items[1].id) == state.id then
      remove(items, 1)
    end
  end,
  advance = function(state, body, items)
    if #items == 0 then return false end
    local last = items[#items]
    local id = type(last) == "table" and id_text(last.id)
    if not id then return nil, "an item has no id, and the next page is asked for by it" end
    state.id, state.moved = id, true
    return fact(body, "hasMore") ~= false
  end,
}

styles.page = {
  letter = "p",
  start = function(state, args, page)
    state.number = as_number(args[page.number]) or page.base
    state.size = page.count and as_number(args[page.count])
  end,
  resume = function(state, text)
    local number, size = match(text, "^(%d+):(%d*)$")
    if not number then return false end
    size = tonumber(size)
    -- With another size the same number is another page.
    if size and state.size and size ~= state.size then return false end
    state.number, state.size = tonumber(number), size or state.size
    return true
  end,
  apply = function(state, args, page)
    args[page.number] = state.number
    if page.count then args[page.count] = state.size end
  end,
  cursor = function(state)
    return tostring(number_text(state.number)) .. ":" .. (state.size and tostring(number_text(state.size)) or "")
  end,
  advance = function(state, body, items, page)
    if #items == 0 then return false end
    -- What lies before the first page that was read is counted in pages of the size that came back.
    state.reached = (state.reached or (state.number - page.base) * #items) + #items
    state.number = state.number + 1
    return not is_last(body, state.reached)
  end,
}

styles.key = {
  letter = "k", limit = "limit",
  start = function(state, args, page) state.key = args[page.keys[state.list]] end,
  resume = function(state, text, page)
    local list, key = match(text, "^(%a+):(.*)$")
    if not list or not page.keys[list] or state.named and list ~= state.list then return false end
    state.list, state.key = list, key ~= "" and key or nil
    return true
  end,
  apply = function(state, args, page)
    for list, name in next, page.keys do
      args[name] = list == state.list and state.key or nil
    end
  end,
  cursor = function(state) return state.list .. ":" .. (state.key or "") end,
  advance = function(state, body, items, page)
    local key = fact(body, page.keys[state.list])
    state.key = key ~= nil and tostring(key) or nil
    return #items > 0 and state.key ~= nil
  end,
  identity = function(state) return state.key end,
}

-- The one array inside a table whose names are not documented.
local function array_within(value)
  local best
  for name, inner in next, value do
    if type(inner) == "table" and inner[1] ~= nil and (not best or tostring(name) < best) then best = tostring(name) end
  end
  return best and value[best] or {}
end

-- The items of a page, or nil when the answer has no such list.
local function items_of(body, page, list)
  if type(body) ~= "table" then return nil end
  local value = body
  for name in gmatch(list or page.items or "", "[^.]+") do
    if type(value) ~= "table" then return nil end
    value = value[name]
    if not is_there(value) then return {} end
  end
  if type(value) ~= "table" then return nil end
  if value[1] ~= nil or next(value) == nil then return value end
  if page.loose then return (array_within(value)) end
  -- An object where an array is due: one item.
  if page.items then return { value } end
  return nil
end

--- Makes a walker.
-- @tparam table client anything with `send`
-- @tparam table op the operation, of `lofty.api.operations`
-- @tparam table call what `client:send` takes; its query or body belongs to the walker
-- @tparam table opt `resume` (a cursor), `list` (which list of an answer that has several)
-- @treturn[1] function walker
-- @treturn[2] nil
-- @treturn[2] table err the cursor is not one of this list
function pages.walk(client, op, call, opt)
  local page = op.page
  local style = styles[page.style]
  local args = op.body and call.body or call.query or {}
  if op.body then call.body = args else call.query = args end
  if style.limit and page.size and args[style.limit] == nil then args[style.limit] = page.size end
  if page.count and page.size and args[page.count] == nil and not opt.resume then args[page.count] = page.size end

  local state = { list = opt.list or page.items, named = opt.list ~= nil }
  style.start(state, args, page)
  if opt.resume ~= nil then
    local letter, text = match(opt.resume, "^(%a):(.*)$")
    if letter ~= style.letter or not style.resume(state, text, page) then
      return nil, errors.new {
        kind = "invalid", operation = call.operation, sent = false,
        message = "the cursor to resume from is not one of this list",
      }
    end
  end

  local seen, is_done = circle.new(), false
  -- A list that cannot go on, however often it is asked.
  local function stuck(at, response, message)
    is_done = true
    return errors.new {
      kind = "server", operation = call.operation, sent = true, cursor = at, response = response, message = message,
    }
  end

  return function()
    if is_done then return nil end
    style.apply(state, args, page)
    local at = style.letter .. ":" .. style.cursor(state)
    local body, response = client:send(call)
    if body == nil then
      response.cursor = at
      return nil, response
    end
    local items = items_of(body, page, page.keys and state.list)
    if not items then return nil, stuck(at, response, "the answer has no list") end
    if style.trim then style.trim(state, items) end
    local identity = style.identity and style.identity(state)
    if (#items > 0 or identity) and seen(identity or "", items, not identity and has_total(body)) then
      return nil, stuck(at, response, "the server goes round in circles: it gave these items before")
    end
    local more, problem = style.advance(state, body, items, page)
    if problem then return nil, stuck(at, response, problem) end
    is_done = not more
    if #items == 0 and not more then return nil end
    return items, body, at
  end
end

--- An iterator over items; raises the err when a page fails.
-- @tparam function walker
-- @treturn function gives an item and the cursor of the page it came with
function pages.each(walker)
  local items, at, index, count = nil, nil, 0, 0
  return function()
    while index >= count do
      local got, page, cursor = walker()
      if got == nil then
        if page then error(page, 0) end
        return nil
      end
      items, at, index, count = got, cursor, 0, #got
    end
    index = index + 1
    return items[index], at
  end
end

--- An iterator over pages that have items; raises the err when one fails.
-- @tparam function walker
-- @treturn function gives a page as the server sent it, and its cursor
function pages.pages(walker)
  return function()
    while true do
      local got, page, cursor = walker()
      if got == nil then
        if page then error(page, 0) end
        return nil
      end
      if #got > 0 then return page, cursor end
    end
  end
end

--- All items in one array.
-- @tparam function walker
-- @treturn[1] table
-- @treturn[2] nil
-- @treturn[2] table err, its `cursor` tells where to go on
function pages.all(walker)
  local all, count = {}, 0
  while true do
    local items, page = walker()
    if items == nil then
      if page then return nil, page end
      return array(all)
    end
    for i = 1, #items do all[count + i] = items[i] end
    count = count + #items
  end
end

return pages
