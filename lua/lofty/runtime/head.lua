-- SPDX-License-Identifier: MIT

--- Checks a request and writes its head, for the runtimes that speak HTTP/1.1 themselves.
-- @module lofty.runtime.head

local url_policy = require "lofty.http.url_policy"

local pairs, setmetatable, type = pairs, setmetatable, type
local concat, sub = table.concat, string.sub
local field_problem = url_policy.field_problem

local head = {}

local METHODS = { GET = true, POST = true, PUT = true, DELETE = true, PATCH = true, HEAD = true, OPTIONS = true }
-- Methods whose requests carry a Content-Length even when the body is empty (RFC 9110, section 8.6).
local HAS_BODY = { POST = true, PUT = true, PATCH = true }

-- For each table of headers its fields as a copy, their number and their text. A client sends the same table many
-- times; it is checked again only if a field has changed.
local written = setmetatable({}, { __mode = "k" })
local NONE = {}

local function is_unchanged(headers, before)
  local copy, n = before.copy, 0
  for name, value in pairs(headers) do
    if copy[name] ~= value then return false end
    n = n + 1
  end
  return n == before.count
end

local function fields(headers)
  local before = written[headers]
  if before and is_unchanged(headers, before) then return before.text end
  local copy, parts, n, count = {}, {}, 0, 0
  for name, value in pairs(headers) do
    if type(name) ~= "string" then return nil, "a header's name is not a string" end
    if type(value) ~= "string" then return nil, 'header "' .. name .. '": the value is not a string' end
    local problem = field_problem(name, value)
    if problem then return nil, 'header "' .. name .. '": ' .. problem end
    parts[n + 1], parts[n + 2], parts[n + 3], parts[n + 4] = name, ": ", value, "\r\n"
    copy[name] = value
    n, count = n + 4, count + 1
  end
  local text = concat(parts, "", 1, n)
  written[headers] = { copy = copy, count = count, text = text }
  return text
end

--- The parts of heads and messages that are the same for all requests to one origin.
-- @tparam table url as `lofty.http.url_policy` parses it
-- @treturn string the host in a URL's form: an IPv6 address in brackets
-- @treturn string host and port for messages and the Host field; without the scheme's default port
-- @treturn string what follows the request target: version, Host and Accept-Encoding
function head.of_origin(url)
  local host = url.literal and "[" .. url.host .. "]" or url.host
  local shown = url.port == (url.secure and 443 or 80) and host or host .. ":" .. url.port
  return host, shown, " HTTP/1.1\r\nHost: " .. shown .. "\r\nAccept-Encoding: gzip\r\n"
end

--- Makes the head of a request.
-- @tparam table req as the runtime's request takes it: `method`, `headers` and `body` are used
-- @tparam string origin_fields the third result of `of_origin`
-- @tparam string target path and query of the URL; the path may be empty
-- @treturn[1] string
-- @treturn[2] nil
-- @treturn[2] string what is wrong, without any value
function head.write(req, origin_fields, target)
  local method, body = req.method, req.body
  if body ~= nil and type(body) ~= "string" then return nil, "the body is not a string" end
  if not METHODS[method] then return nil, "the method is not one of HTTP's" end
  local text, why = fields(req.headers or NONE)
  if not text then return nil, why end
  local length = body and #body or (HAS_BODY[method] and 0) or nil
  if length then text = text .. "Content-Length: " .. length .. "\r\n" end
  if sub(target, 1, 1) ~= "/" then target = "/" .. target end
  return method .. " " .. target .. origin_fields .. text .. "\r\n"
end

return head
