--- Writes a request's head, and refuses what would let a caller's value end it early.
-- @module lofty.runtime.nginx.head

local pairs, type = pairs, type
local find, lower = string.find, string.lower
local concat = table.concat

local head = {}

-- What the runtime itself says about the connection and the body's length.
local OURS = {
  ["host"] = true, ["connection"] = true, ["content-length"] = true, ["transfer-encoding"] = true,
  ["accept-encoding"] = true, ["te"] = true, ["trailer"] = true, ["upgrade"] = true, ["expect"] = true,
  ["keep-alive"] = true, ["proxy-connection"] = true,
}

local methods = { GET = true, POST = true, PUT = true, DELETE = true, PATCH = true, HEAD = true, OPTIONS = true }

-- Names found good before, a token of RFC 9110 section 5.6.2 each. Bounded: names may come from data.
local MAX_GOOD = 200
local good, count = {}, 0

local function check_name(name)
  if type(name) ~= "string" or not find(name, "^[%w!#$%%&'*+.^_`|~-]+$") then
    return nil, "a header's name may hold letters, digits and dashes only"
  end
  if OURS[lower(name)] then return nil, "the header " .. name .. " is written by lofty itself" end
  if count == MAX_GOOD then good, count = {}, 0 end
  good[name], count = true, count + 1
  return true
end

-- Three plain searches are much faster than one pattern.
local function breaks(value)
  return find(value, "\r", 1, true) or find(value, "\n", 1, true) or find(value, "\0", 1, true)
end

-- Filled and joined without a yield in between, so that one serves every light thread.
local parts = {}

-- The fields of a table of headers as text. A client sends the same table again and again: what was checked
-- once is taken again while each of its values is still the same. `last` is that table's copy.
local last, last_count, last_text = {}, 0, ""
local NONE = {}

local function is_last(headers)
  local n = 0
  for name, value in pairs(headers) do
    if last[name] ~= value then return false end
    n = n + 1
  end
  return n == last_count
end

local function fields(headers)
  if is_last(headers) then return last_text end
  local copy, n, size = {}, 0, 0
  for name, value in pairs(headers) do
    if not good[name] then
      local ok, why = check_name(name)
      if not ok then return nil, why end
    end
    if type(value) ~= "string" then return nil, "the header " .. name .. " has to be a string" end
    if breaks(value) then return nil, "the header " .. name .. " holds a line end or a NUL" end
    parts[n + 1], parts[n + 2], parts[n + 3], parts[n + 4] = name, ": ", value, "\r\n"
    copy[name] = value
    n, size = n + 4, size + 1
  end
  last, last_count, last_text = copy, size, concat(parts, "", 1, n)
  return last_text
end

--- Makes the head of a request.
-- @tparam string method
-- @tparam table origin see `lofty.runtime.nginx.origin`
-- @tparam string target path and query
-- @tparam[opt] table headers name -> value
-- @tparam[opt] number length of the body; nil when there is none
-- @treturn[1] string
-- @treturn[2] nil
-- @treturn[2] string what is wrong, without any value
function head.write(method, origin, target, headers, length)
  if not methods[method] then return nil, "the method is none of those of HTTP" end
  local text, why = fields(headers or NONE)
  if not text then return nil, why end
  if length then return method .. " " .. target .. origin.head .. text .. "Content-Length: " .. length .. "\r\n\r\n" end
  return method .. " " .. target .. origin.head .. text .. "\r\n"
end

return head
