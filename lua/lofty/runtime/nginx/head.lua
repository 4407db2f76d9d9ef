-- SPDX-License-Identifier: MIT

--- Writes a request's head, and refuses fields that would break it.
-- @module lofty.runtime.nginx.head

local url_policy = require "lofty.http.url_policy"

local pairs, type = pairs, type
local concat = table.concat
local field_problem = url_policy.field_problem

local head = {}

local METHODS = { GET = true, POST = true, PUT = true, DELETE = true, PATCH = true, HEAD = true, OPTIONS = true }

-- The fields of the last table of headers, as a copy and as text. A client sends the same table many times; it is
-- checked again only if a value has changed.
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
  local copy, parts, n, size = {}, {}, 0, 0
  for name, value in pairs(headers) do
    if type(name) ~= "string" then return nil, "a header's name is not a string" end
    if type(value) ~= "string" then return nil, 'header "' .. name .. '": the value is not a string' end
    local problem = field_problem(name, value)
    if problem then return nil, 'header "' .. name .. '": ' .. problem end
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
-- @tparam[opt] number length of the body in bytes; nil when there is none
-- @treturn[1] string
-- @treturn[2] nil
-- @treturn[2] string what is wrong, without any value
function head.write(method, origin, target, headers, length)
  if not METHODS[method] then return nil, "the method is not one of HTTP's" end
  local text, why = fields(headers or NONE)
  if not text then return nil, why end
  if length then return method .. " " .. target .. origin.head .. text .. "Content-Length: " .. length .. "\r\n\r\n" end
  return method .. " " .. target .. origin.head .. text .. "\r\n"
end

return head
