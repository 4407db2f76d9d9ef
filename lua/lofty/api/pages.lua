-- SPDX-License-Identifier: MIT

--- Walks a list page by page, whatever the operation's way of paging.
--
-- A walker is a function. Each call returns the items of the next page that has any, the page's body and the cursor of
-- that page; nil at the end; or nil and an err. After an err of `client:send` it may be called again and asks for the
-- same page once more.
--
-- A cursor is a string that identifies a page. Its first letter names the way of paging:
--
--     a:                  the only page of a list that is not paged
--     o:OFFSET            limit and offset
--     s:OFFSET:SCROLLID   scrollId; a resumed walk uses the offset, because a scrollId expires
--     c:CURSOR            an opaque cursor of the server's
--     i:ID                currentId, the id of the last item before
--     p:NUMBER:SIZE       page number and the page size that was asked for
--     k:LIST:KEY          the key of the next page of one of the lists in a response
--
-- A walk goes on while new items come and either the server gives a cursor or says hasMore, or the style counts
-- (offset, page number) and the stated total is not reached. A page that is merely short does not end a walk, because
-- a server may cap the page size. A walk that ends with fewer items than the last stated total, without the server
-- saying that there is no more, is an err; with `strict = false` it is a normal end.
-- @module lofty.api.pages

local core = require "lofty.core"
local cycle = require "lofty.api.cycle"
local errors = require "lofty.errors"

local error, getmetatable, next, tonumber, tostring, type = error, getmetatable, next, tonumber, tostring, type
local find, format, gmatch, match = string.find, string.format, string.gmatch, string.match
local remove = table.remove
local array, array_mt, integer, null, number_text = core.array, core.array_mt, core.integer, core.null, core.number_text
local MAX_CURSOR = core.limits.cursor
local NO_LIST = "the response has no list of items"

local pages = {}

-- The objects of a response that may hold its paging fields.
local PLACES = { "_metadata", "get_metadata", "metadata", "_listingMetadata", "get_listingMetadata", "data" }

-- Paging fields that also an empty page may have.
local PAGE_FIELDS = { "total", "totalCount", "hasMore", "scrollId", "offset", "limit", "pageSize" }

local function is_there(value)
  return value ~= nil and value ~= null and value ~= ""
end

-- A paging field, from whichever object of the response has it.
local function field_of(body, name)
  if type(body) ~= "table" then return nil end
  for i = 1, #PLACES do
    local place = body[PLACES[i]]
    if type(place) == "table" and is_there(place[name]) then return place[name] end
  end
  if is_there(body[name]) then return body[name] end
  return nil
end

-- The text of a number or a string, with all digits of an id.
local function text_of(value)
  if type(value) == "string" then return value end
  if type(value) == "number" then return (number_text(value)) end
  return nil
end

-- Numbers may come as text: Lofty types some parameters so, and Lua 5.1 reads integers of 16 digits as strings.
local function as_number(value)
  local text = text_of(value)
  return text and find(text, "^%-?%d[%d.eE+-]*$") and tonumber(text) or nil
end

-- Whether the server says that there is more: true, false, or nil when it says neither.
local function has_more(body)
  local more = field_of(body, "hasMore")
  if more == true or more == 1 then return true end
  if more == false or more == 0 then return false end
  return nil
end

-- How many items the whole list has as the response states it, or nil. -1 stands for "not set" in Lofty's numbers.
local function total_of(body, page, list)
  local total
  if page.totals then
    total = field_of(body, page.totals[list])
  else
    total = field_of(body, "total") or field_of(body, "totalCount")
  end
  total = as_number(total)
  if not total or total < 0 then return nil end
  return total
end

-- The server's cursor as text; nil where the field is absent; nil and the reason where it cannot be sent back.
local function cursor_of(value, name)
  if not is_there(value) then return nil end
  local text = text_of(value)
  if not text then return nil, format("%s in the response is a %s, a string expected", name, type(value)) end
  if #text > MAX_CURSOR then
    return nil, format("%s in the response has %d bytes, the limit is %d", name, #text, MAX_CURSOR)
  end
  if find(text, "%c") then return nil, format("%s in the response has a control character", name) end
  return text
end

-- Digits of a count that every Lua holds exactly.
local function count_from(text)
  return #text <= 15 and find(text, "^%d+$") and tonumber(text) or nil
end

local function digits(number)
  return tostring((number_text(number)))
end

-- Each style has: `letter` of its cursors; `limit`, the name of its page size parameter, if it has one; `counts`, true
-- if the next page can be asked for without a cursor of the server's; `advice` for a list that ended early, where it is
-- not the usual one; and the functions
--   start(state, args, page)        from the caller's arguments
--   resume(state, text, page)       from a cursor; false or nil if it is not one of this style
--   apply(state, args, page)        to the arguments of the next request
--   cursor(state)                   the cursor of the next request, without its letter
--   advance(state, body, items, page)  moves on after a page; returns true if the server gave a cursor for more, false
--     if it said by null that there is no more, nil if it said neither; or nil and what is wrong with the page.
-- `state.count` is the number of items up to here from the start of the list, nil where that is not known.
local styles = {}

styles.all = {
  letter = "a", advice = "pass a larger limit",
  -- A limit that the caller has set is not an early end.
  start = function(state, args, page)
    if args.limit == nil then state.count, args.limit = 0, page.size end
  end,
  resume = function(_, text) return text == "" end,
  apply = function() end,
  cursor = function() return "" end,
  advance = function(state, _, items)
    state.count = state.count and state.count + #items
    return nil
  end,
}

styles.offset = {
  letter = "o", limit = "limit", counts = true,
  start = function(state, args) state.count = as_number(args.offset) or 0 end,
  resume = function(state, text)
    state.count = count_from(text)
    return state.count
  end,
  apply = function(state, args) args.offset = state.count > 0 and state.count or nil end,
  cursor = function(state) return digits(state.count) end,
  advance = function(state, _, items)
    state.count = state.count + #items
    return nil
  end,
}

styles.scroll = {
  letter = "s", limit = "limit", counts = true,
  start = function(state, args)
    state.id = args.scrollId
    state.count = as_number(args.offset) or not state.id and 0 or nil
  end,
  resume = function(state, text, page)
    local offset, id = match(text, "^(%d*):(.*)$")
    if not offset then return false end
    state.count = count_from(offset)
    -- Where the server may know the offset alone or the scrollId alone, both are sent.
    if id ~= "" and (offset == "" or page.sends_both) then state.id = id end
    return state.count or offset == "" and state.id
  end,
  apply = function(state, args, page)
    args.scrollId = state.id
    local by_offset = not state.id or page.sends_both
    args.offset = by_offset and state.count and state.count > 0 and state.count or nil
  end,
  cursor = function(state)
    return (state.count and digits(state.count) or "") .. ":" .. (state.id or "")
  end,
  advance = function(state, body, items)
    local id, problem = cursor_of(field_of(body, "scrollId"), "scrollId")
    if problem then return nil, problem end
    state.id = id
    state.count = state.count and state.count + #items
    return id and true or nil
  end,
}

styles.cursor = {
  letter = "c", limit = "limit",
  start = function(state, args)
    state.cursor = args.cursor
    state.count = not state.cursor and 0 or nil
  end,
  resume = function(state, text)
    state.cursor = text ~= "" and text or nil
    state.count = not state.cursor and 0 or nil
    return true
  end,
  apply = function(state, args) args.cursor = state.cursor end,
  cursor = function(state) return state.cursor or "" end,
  advance = function(state, body, items, page)
    state.count = state.count and state.count + #items
    local following = body[page.cursor]
    if following == null then return false end
    local text, problem = cursor_of(following, page.cursor)
    if problem then return nil, problem end
    state.cursor = text
    return text and true or nil
  end,
  identity = function(state) return state.cursor end,
}

styles.current = {
  letter = "i", limit = "limit", counts = true,
  start = function(state, args) state.id = text_of(args.currentId) or args.currentId and tostring(args.currentId) end,
  resume = function(state, text)
    if #text > 20 or not find(text, "^%-?%d+$") then return false end
    state.id = text ~= "0" and text or nil
    return true
  end,
  apply = function(state, args)
    -- With validate = false the caller may have given anything.
    args.currentId = state.id and find(state.id, "^%-?%d+$") and integer(state.id) or state.id
    if state.moved then args.offset = nil end
  end,
  cursor = function(state) return state.id or "0" end,
  -- Whether a page starts at the item that currentId names or after it is not documented.
  trim = function(state, items)
    if state.id and type(items[1]) == "table" and text_of(items[1].id) == state.id then remove(items, 1) end
  end,
  advance = function(state, _, items)
    if #items == 0 then return nil end
    local last = items[#items]
    local id = type(last) == "table" and text_of(last.id)
    if not id or #id > MAX_CURSOR then return nil, "an item has no id, which the request for the next page needs" end
    state.id, state.moved = id, true
    return nil
  end,
}

styles.page = {
  letter = "p", counts = true,
  start = function(state, args, page)
    state.number = as_number(args[page.number]) or page.base
    state.size = page.count and as_number(args[page.count])
    state.count = state.number == page.base and 0 or nil
  end,
  resume = function(state, text, page)
    local number, size = match(text, "^(%d+):(%d*)$")
    number = number and count_from(number)
    if not number then return false end
    size = count_from(size)
    -- With another size the same number is another page.
    if size and state.size and size ~= state.size then return false end
    state.number, state.size = number, size or state.size
    state.count = number == page.base and 0 or nil
    return true
  end,
  apply = function(state, args, page)
    args[page.number] = state.number
    if page.count then args[page.count] = state.size end
  end,
  cursor = function(state)
    return digits(state.number) .. ":" .. (state.size and digits(state.size) or "")
  end,
  advance = function(state, body, items, page)
    if not state.count and not state.moved then
      -- A walk that starts at a later page: if this page is full, so were those before it.
      local size = as_number(field_of(body, "pageSize")) or as_number(field_of(body, "limit")) or state.size
      if size == #items then state.count = (state.number - page.base) * size end
    end
    state.count = state.count and state.count + #items
    state.number, state.moved = state.number + 1, true
    return nil
  end,
}

styles.key = {
  letter = "k", limit = "limit",
  start = function(state, args, page)
    state.key = args[page.keys[state.list]]
    state.count = not state.key and 0 or nil
  end,
  resume = function(state, text, page)
    local list, key = match(text, "^(%a+):(.*)$")
    if not list or not page.keys[list] or state.named and list ~= state.list then return false end
    state.list, state.key = list, key ~= "" and key or nil
    state.count = not state.key and 0 or nil
    return true
  end,
  apply = function(state, args, page)
    for list, name in next, page.keys do
      args[name] = list == state.list and state.key or nil
    end
  end,
  cursor = function(state) return state.list .. ":" .. (state.key or "") end,
  advance = function(state, body, items, page)
    local name = page.keys[state.list]
    local key, problem = cursor_of(field_of(body, name), name)
    if problem then return nil, problem end
    state.key = key
    state.count = state.count and state.count + #items
    return key and true or nil
  end,
  identity = function(state) return state.key end,
}

-- The arrays in an object whose field names are not documented: the first by name that has items (an empty table if
-- none has), and how many arrays there are.
local function array_within(value)
  local best, count = nil, 0
  for name, inner in next, value do
    if type(inner) == "table" and inner[1] ~= nil then
      count = count + 1
      if not best or tostring(name) < best then best = tostring(name) end
    elseif type(inner) == "table" and (next(inner) == nil or getmetatable(inner) == array_mt) then
      count = count + 1
    end
  end
  return best and value[best] or {}, count
end

-- Whether a response in which the list is absent may be an empty page: it has nothing else, or a field of a page.
-- `{"message":"maintenance"}` is none.
local function may_be_page(body, holder, page)
  if next(holder) == nil then return true end
  for i = 1, #PAGE_FIELDS do
    if field_of(body, PAGE_FIELDS[i]) ~= nil then return true end
  end
  if page.cursor and body[page.cursor] ~= nil then return true end
  for list, key in next, page.keys or {} do
    if body[list] ~= nil or field_of(body, key) ~= nil then return true end
  end
  return false
end

-- The items of a page, or nil when the response has no list. A list that is null counts as empty, and so does one that
-- is absent from a page.
local function items_of(body, page, list)
  if type(body) ~= "table" then return nil end
  local value, names = body, list or page.items
  -- Some lists were seen both as a bare array and inside an object.
  if names and body[1] ~= nil then return body end
  for name in gmatch(names or "", "[^.]+") do
    if type(value) ~= "table" then return nil end
    local holder = value
    value = holder[name]
    if value == nil and not may_be_page(body, holder, page) then return nil end
    if not is_there(value) then return {} end
  end
  if type(value) ~= "table" then return nil end
  if value[1] ~= nil or next(value) == nil then return value end
  local only, arrays = array_within(value)
  if page.loose then return only end
  -- One object where the reference promises an array is a list of one item.
  if names then return { value } end
  if arrays == 1 then return only end
  return nil
end

--- The items of one page.
-- @tparam table body the page
-- @tparam table page `page` of the operation
-- @tparam[opt] string list which list of a response that has several
-- @treturn ?table nil when the response has no list
-- @treturn ?number how many items the whole list has, when the response states it
function pages.items(body, page, list)
  list = page.keys and (list or page.items) or nil
  local items = items_of(body, page, list)
  return items, items and total_of(body, page, list) or nil
end

local function page_error(operation, at, response, message)
  return errors.new {
    kind = "server", operation = operation, sent = true, cursor = at, response = response, message = message,
  }
end

-- What is wrong with the items of a page, or nil. Items must be objects, except in the list that is not documented
-- (`loose`).
local function problem_of(items, page)
  for i = 1, page.loose and 0 or #items do
    local item = items[i]
    if type(item) ~= "table" then
      return format("item %d of the list is %s, an object expected", i, item == null and "null" or "a " .. type(item))
    end
  end
  return nil
end

--- The items of the page that a list operation returned. A response without a list is an err, and so is an item that
-- is not an object: the caller may act on a record that is missing.
-- @tparam string operation its name, for the err
-- @tparam table page `page` of the operation
-- @param body what the operation returned; an err of its own is returned as it is
-- @tparam table response the call's second result
-- @treturn[1] table
-- @treturn[1] ?number how many items the whole list has, when the response states it
-- @treturn[2] nil
-- @treturn[2] table err
function pages.expect(operation, page, body, response)
  if body == nil then return nil, response end
  local items, total = pages.items(body, page)
  local problem = not items and NO_LIST or problem_of(items, page)
  if problem then return nil, page_error(operation, nil, response, problem) end
  return items, total
end

--- As `expect`, for a list that decides about a write: an empty object, which a walk takes for an empty list, is an
-- err, and so is any object where the reference has an array.
-- @tparam string operation
-- @tparam table page
-- @param body
-- @tparam table response
-- @return as `expect`
function pages.expect_for_write(operation, page, body, response)
  local is_object = type(body) == "table" and body[1] == nil and getmetatable(body) ~= array_mt
  if is_object and (next(body) == nil or not page.items) then
    return nil, page_error(operation, nil, response, NO_LIST)
  end
  return pages.expect(operation, page, body, response)
end

-- Why a walk that has ended is not complete, or nil if it is.
local function why_incomplete(style, state, total, more, cursor)
  if total and state.count and state.count >= total then return nil end
  if more == false or cursor == false then return nil end
  if total and state.count then
    return format("the list ended after %s of %s items, and the server did not report the end; %s",
      digits(state.count), digits(total), style.advice
        or "if records may be deleted meanwhile, { strict = false } accepts the shorter list")
  end
  if more or cursor and not style.counts then
    return "the server reports more items, but sends none"
  end
  return nil
end

--- Makes a walker.
-- @tparam table client anything with `send`
-- @tparam table op the operation, of `lofty.api.operations`
-- @tparam table call what `client:send` takes; its query or body is modified by the walker
-- @tparam table opt `resume` (a cursor of this list), `list` (which list of a response that has several), `strict`
--   (false: a walk that ends before the stated total is a normal end)
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
    if letter ~= style.letter or #text > MAX_CURSOR + 64 or not style.resume(state, text, page) then
      return nil, errors.new {
        kind = "invalid", operation = call.operation, sent = false,
        message = "the cursor in `resume` does not belong to this list",
      }
    end
  end

  local seen, is_done, pending = cycle.new(), false, nil
  local total, given = nil, 0
  local function failure(at, response, message)
    is_done = true
    return page_error(call.operation, at, response, message)
  end

  return function()
    if pending then
      local err = pending
      pending = nil
      return nil, err
    end
    if is_done then return nil end
    style.apply(state, args, page)
    local at = style.letter .. ":" .. style.cursor(state)
    -- A deadline bounds the whole walk, from its first page.
    if call.deadline == nil and client.walk_deadline then call.deadline = client:walk_deadline() or false end
    local body, response = client:send(call)
    if body == nil then
      response.cursor = at
      return nil, response
    end
    if response.dry_run then -- a call with the placeholder: shown, not sent
      is_done = true
      return nil
    end
    local items = items_of(body, page, page.keys and state.list)
    local fault = not items and NO_LIST or problem_of(items, page)
    if fault then return nil, failure(at, response, fault) end
    if style.trim then style.trim(state, items) end
    local count = #items

    local stated = total_of(body, page, state.list)
    -- A total of 0 in a page with items, or after a page with a larger total, is ignored.
    if stated and (stated > 0 or not total and count == 0) then total = stated end
    local identity = style.identity and style.identity(state)
    local may_look_alike = not identity and total and given + count <= total
    if count > 0 and seen(identity or "", items, may_look_alike) then
      if total and state.count and state.count >= total then
        is_done = true
        return nil
      end
      return nil, failure(at, response, "the server repeats itself: it sent these items before")
    end

    local cursor, problem = style.advance(state, body, items, page)
    if problem then return nil, failure(at, response, problem) end
    given = given + count
    local more = has_more(body)
    local is_reached = total and state.count and state.count >= total
    if count == 0 or not (cursor or style.counts and (more or more == nil and not is_reached)) then
      is_done = true
      local reason = opt.strict ~= false and why_incomplete(style, state, total, more, cursor)
      if reason then pending = failure(style.letter .. ":" .. style.cursor(state), response, reason) end
    end
    if count > 0 then return items, body, at end
    local err = pending
    pending = nil
    return nil, err
  end
end

--- An iterator over items; raises the err when a page fails or the list is not complete.
-- Records that are changed or deleted in the loop's body may move out of the list, and the walk then skips others; to
-- change the records of a list, fetch it completely with `all` first.
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

--- An iterator over pages that have items; raises the err when one fails or the list is not complete.
-- @tparam function walker
-- @treturn function gives a page as the server sent it, and its cursor
function pages.pages(walker)
  return function()
    local items, page, cursor = walker()
    if items ~= nil then return page, cursor end
    if page then error(page, 0) end
    return nil
  end
end

--- All items in one array.
-- @tparam function walker
-- @treturn[1] table
-- @treturn[2] nil
-- @treturn[2] table err: its `items` are those of the pages before, its `cursor` says where to go on
function pages.all(walker)
  local all, count = {}, 0
  while true do
    local items, err = walker()
    if items == nil then
      if not err then return array(all) end
      err.items = array(all)
      return nil, err
    end
    for i = 1, #items do all[count + i] = items[i] end
    count = count + #items
  end
end

return pages
