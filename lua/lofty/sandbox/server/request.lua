-- SPDX-License-Identifier: MIT

--- Reads the current request.
-- @module lofty.sandbox.server.request

local json = require "lofty.sandbox.server.json"

local request = {}

local gsub, match, gmatch, char = string.gsub, string.match, string.gmatch, string.char

local function hex(digits) return char(tonumber(digits, 16)) end

--- Percent-decoding; nil where a % is not followed by two hexadecimal digits.
function request.unescape(text)
  if match(gsub(text, "%%%x%x", ""), "%%") then return nil end
  return (gsub(text, "%%(%x%x)", hex))
end

--- A query or a form as name -> first value; nil and the reason when it can't be read.
-- @treturn table values by name
-- @treturn table name -> true for those that came more than once
function request.form(text)
  local values, repeated = {}, {}
  for pair in gmatch(text or "", "[^&]+") do
    local name, value = match(pair, "^([^=]*)=?(.*)$")
    name, value = request.unescape((gsub(name, "%+", " "))), request.unescape((gsub(value, "%+", " ")))
    if not name or not value then return nil, "a percent sign without two hexadecimal digits" end
    if values[name] ~= nil then repeated[name] = true else values[name] = value end
  end
  return values, repeated
end

local function body()
  ngx.req.read_body()
  local text = ngx.req.get_body_data()
  local path = not text and ngx.req.get_body_file()
  if path then
    local file = assert(io.open(path, "rb"))
    text = file:read("*a")
    file:close()
  end
  return text or ""
end

--- Reads the current request with its body.
function request.read()
  local uri = ngx.var.request_uri
  local path, query = match(uri, "^([^?]*)%??(.*)$")
  return {
    method = ngx.req.get_method(), path = path, query = query, headers = ngx.req.get_headers(200),
    body = body(), connection = tonumber(ngx.var.connection), args = request.form(query),
  }
end

--- The body as JSON, read once; a text that is not JSON is nil.
function request.json(req)
  if req.decoded == nil then
    local value = json.decode(req.body)
    req.decoded = value == nil and false or { value }
  end
  return req.decoded and req.decoded[1] or nil
end

--- True when Content-Type is this media type, with or without parameters.
function request.is_type(req, media)
  local declared = req.headers["content-type"]
  if type(declared) ~= "string" then return false end
  return match(declared:lower(), "^%s*([^;%s]+)") == media
end

return request
