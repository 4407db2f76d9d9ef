-- SPDX-License-Identifier: MIT

--- Faults on demand, such as a network or a gateway causes them.
--
-- A fault is a table, see README.md. It is set by the control endpoint and applies to the next requests that match it,
-- or it comes with one request in the header X-Sandbox-Fault.
-- @module lofty.sandbox.server.faults

local json = require "lofty.sandbox.server.json"

local faults = {}

local HTML = "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n<center><h1>502 Bad Gateway</h1>"
  .. "</center>\r\n<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n"

--- Faults that have a name.
faults.presets = {
  ["html-502"] = { status = 502, body = HTML, headers = { ["Content-Type"] = "text/html" } },
  ["html-200"] = { status = 200, body = HTML, headers = { ["Content-Type"] = "text/html" } },
  ["empty-200"] = { status = 200, body = "" },
  ["not-json"] = { status = 200, body = '{"leads": [' },
  ["bare-string"] = { status = 400, body = '"Something is wrong with this request"' },
  ["coded-text"] = { status = 404, body = '{"message":"BaseApplicationException:errorCode=20006,errorMsg=LEAD_NOT_EXIST"}' },
  ["error-in-200"] = { status = 200, body = '{"error":"invalid_grant","error_description":"said with a 200"}' },
  ["no-access-token"] = { status = 200, body = '{"token_type":"Bearer","expires_in":3600,"scope":"openApi"}' },
  ["status-in-200"] = { status = 200, body = '{"status":{"code":20012,"msg":"INVALID_PARAMETER"},"data":null}' },
  ["code-in-200"] = { status = 200, body = '{"code":20012,"message":"INVALID_PARAMETER","data":null}' },
  ["redirect"] = { status = 302, body = "", headers = { Location = "http://127.0.0.1:9/elsewhere" } },
  ["unavailable"] = { status = 503, body = '{"message":"Service Unavailable"}' },
  ["too-many"] = { status = 429, body = '{"message":"Too Many Requests"}' },
  ["server-error"] = { status = 500, body = '{"message":"BaseApplicationException:errorCode=20005,errorMsg=INTERNAL"}' },
  ["scope-not-granted"] = { status = 403, body = '{"code":200100,"message":"The scope for this endpoint was not granted"}' },
  ["forbidden"] = { status = 403, body = '{"code":20017,"message":"PERMISSION_DENIED"}' },
  ["cut-before"] = { cut = "before" }, ["cut-head"] = { cut = "head" }, ["cut-body"] = { cut = "body" },
  ["cut-after"] = { cut = "before", process = true },
  ["list-empty"] = { list = "empty" }, ["list-null"] = { list = "null" }, ["list-missing"] = { list = "missing" },
  ["long-length"] = { content_length = "100000" }, ["short-length"] = { content_length = "1" },
}
local PRESETS = faults.presets

local FIELDS = {
  preset = "string", method = "string", path = "string", times = "number", skip = "number", delay = "number",
  process = "boolean", status = "number", body = "string", json = "table", headers = "table", cut = "string",
  truncate = "number", content_length = "string", raw = "string", pause = "number", list = "string", total = "number",
}

local LIST_FAULTS = { empty = true, null = true, missing = true }
local TOTALS = { "total", "totalCount", "activeTotal", "soldTotal" }

-- The body of a list's response with its arrays emptied, set to null or left out, or with another total.
local function spoil_list(text, fault)
  local body = json.decode(text)
  if type(body) ~= "table" or json.is_array(body) then return fault.list and "[]" or text end
  local places = { body }
  for _, name in ipairs { "_metadata", "_listingMetadata", "metadata", "data" } do
    if type(body[name]) == "table" and not json.is_array(body[name]) then places[#places + 1] = body[name] end
  end
  for _, place in ipairs(places) do
    for name, value in pairs(place) do
      if fault.list and json.is_array(value) then
        place[name] = fault.list == "empty" and json.array {} or fault.list == "null" and json.null or nil
      end
    end
    for _, name in ipairs(TOTALS) do
      if fault.total and place[name] ~= nil then place[name] = fault.total end
    end
  end
  return json.encode(body)
end

-- The fault with its preset's fields filled in, or nil and what is wrong with it.
local function complete(fault)
  local whole = {}
  for name, value in pairs(fault.preset and PRESETS[fault.preset] or {}) do whole[name] = value end
  if fault.preset and not PRESETS[fault.preset] then return nil, "unknown preset " .. tostring(fault.preset) end
  for name, value in pairs(fault) do
    if not FIELDS[name] then return nil, "unknown field " .. tostring(name) end
    if name ~= "json" and type(value) ~= FIELDS[name] then return nil, name .. " must be a " .. FIELDS[name] end
    whole[name] = value
  end
  if whole.list and not LIST_FAULTS[whole.list] then return nil, "list must be empty, null or missing" end
  if whole.json ~= nil then whole.body = json.encode(whole.json) end
  return whole
end

--- Sets a fault for requests to come.
-- @treturn[1] number its number
-- @treturn[2] nil
-- @treturn[2] string why not
function faults.set(fault)
  local whole, why = complete(fault)
  if not whole then return nil, why end
  local dict = ngx.shared.sandbox
  local n = dict:incr("faults:n", 1, 0)
  dict:set("faults:left:" .. n, (whole.skip or 0) + (whole.times or 1))
  dict:set("faults:" .. n, json.encode(whole))
  return n
end

--- Removes all faults.
function faults.clear()
  local dict = ngx.shared.sandbox
  dict:set("faults:first", (dict:get("faults:n") or 0) + 1)
end

--- A pattern for the paths that a path can be: {name} stands for any segment, * at its end for anything.
-- @tparam string path
-- @treturn string with a capture for each {name}
-- @treturn table the names, in this order
function faults.pattern(path)
  local names = {}
  local pattern = path:gsub("[%^%$%(%)%%%.%[%]%+%-%?]", "%%%0"):gsub("%*$", ".*")
  pattern = pattern:gsub("{([^}]*)}", function(name)
    names[#names + 1] = name
    return "([^/]+)"
  end)
  return "^" .. pattern .. "$", names
end

local function matches(fault, req)
  if fault.method and fault.method ~= req.method then return false end
  if not fault.path then return true end
  return req.path:find((faults.pattern(fault.path))) ~= nil
end

-- Counts a request against a fault; true when the fault applies to it.
local function applies(fault, n)
  if fault.times == 0 and not fault.skip then return true end
  local left = ngx.shared.sandbox:incr("faults:left:" .. n, -1)
  if fault.times == 0 then return left < 0 end
  return left >= 0 and left < (fault.times or 1)
end

--- The fault that applies to this request, or nil.
-- @tparam table req
-- @treturn ?table
-- @treturn ?number its number, unless it came with the request
function faults.find(req)
  local asked = req.headers["x-sandbox-fault"]
  if asked then
    local fault = asked:sub(1, 1) == "{" and json.decode(asked) or { preset = asked }
    local whole, why = complete(fault)
    return whole or { status = 400, body = json.encode { message = "X-Sandbox-Fault: " .. why } }
  end
  local dict = ngx.shared.sandbox
  for n = dict:get("faults:first") or 1, dict:get("faults:n") or 0 do
    local text = dict:get("faults:" .. n)
    local fault = text and json.decode(text)
    if fault and matches(fault, req) and applies(fault, n) then return fault, n end
  end
  return nil
end

-- The response as head and body, for faults that change bytes.
local function bytes(answer, fault)
  local body = answer.body or ""
  local lines = { "HTTP/1.1 " .. answer.status .. " Sandbox" }
  for name, value in pairs(answer.headers or {}) do lines[#lines + 1] = name .. ": " .. value end
  lines[#lines + 1] = "Content-Length: " .. (fault.content_length or #body)
  lines[#lines + 1] = "Connection: close"
  return table.concat(lines, "\r\n") .. "\r\n\r\n", body
end

-- The bytes of head and body that are sent before the connection is closed.
local function cut(head, body, fault)
  local whole = head .. body
  if fault.cut == "head" then return whole:sub(1, math.floor(#head / 2)) end
  if fault.cut == "body" then return head .. body:sub(1, math.floor(#body / 2)) end
  if fault.truncate then return head .. body:sub(1, fault.truncate) end
  return whole
end

--- Responds as the fault says.
-- @tparam table fault
-- @tparam function real makes the normal response {status, headers, body}
function faults.apply(fault, real)
  if fault.delay then ngx.sleep(fault.delay) end
  local needs_real = fault.process or not (fault.status or fault.raw or fault.cut == "before")
  local answer = needs_real and real() or {}
  if fault.cut == "before" then return ngx.exit(444) end
  if (fault.list or fault.total) and answer.body then answer.body = spoil_list(answer.body, fault) end
  local odd = fault.cut or fault.truncate or fault.content_length or fault.raw
  local headers = {}
  for name, value in pairs(fault.body and { ["Content-Type"] = "application/json" } or answer.headers or {}) do
    headers[name] = value
  end
  for name, value in pairs(fault.headers or {}) do headers[name] = value end
  local response = { status = fault.status or answer.status, headers = headers, body = fault.body or answer.body }
  if not odd then return response end
  if ngx.req.http_version() ~= 1.1 then
    return { status = 500, headers = {}, body = { message = "This fault changes bytes of HTTP/1.1 and needs a request over it" } }
  end
  local socket = assert(ngx.req.socket(true))
  if fault.raw then
    assert(socket:send(fault.raw))
  else
    local head, body = bytes(response, fault)
    assert(socket:send(cut(head, body, fault)))
  end
  if fault.pause then ngx.sleep(fault.pause) end
  return ngx.exit(444)
end

return faults
