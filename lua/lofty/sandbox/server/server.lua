-- SPDX-License-Identifier: MIT

--- Handles one request.
-- @module lofty.sandbox.server.server

local consent = require "lofty.sandbox.server.consent"
local contract = require "lofty.sandbox.server.contract"
local control = require "lofty.sandbox.server.control"
local errors = require "lofty.sandbox.server.errors"
local faults = require "lofty.sandbox.server.faults"
local generic = require "lofty.sandbox.server.generic"
local journal = require "lofty.sandbox.server.journal"
local json = require "lofty.sandbox.server.json"
local limits = require "lofty.sandbox.server.limits"
local oauth = require "lofty.sandbox.server.oauth"
local request = require "lofty.sandbox.server.request"
local router = require "lofty.sandbox.server.router"
local settings = require "lofty.sandbox.server.settings"

local server = {}

-- Lofty requires a Content-Type on POST, PUT and DELETE and, as seen live, on two reads.
local WANTS_TYPE = { POST = true, PUT = true, DELETE = true }
local READS_WANT_TYPE = {
  ["GET /v1.0/team-features/lead-ponds"] = true, ["GET /v1.0/teamFeatures/listCustomField"] = true,
}

local function check_head(req, operation)
  if WANTS_TYPE[req.method] and not request.is_type(req, "application/json") then errors.raise("CONTENT_TYPE") end
  if READS_WANT_TYPE[operation.name] and not req.headers["content-type"] then
    errors.respond(415, { message = "Content type '' not supported" })
  end
  if operation.gives == "xml" and not (req.headers.accept or ""):find("application/xml", 1, true) then
    errors.respond(406, { message = "Could not find acceptable representation" })
  end
end

local function check_arguments(call, route)
  local operation = route.operation
  for _, field in ipairs(operation.params) do
    if not contract.text_fits(field.kind, call.params[field.name]) then errors.raise("INVALID_PARAMETER") end
  end
  if not call.query then errors.raise("INVALID_PARAMETER") end
  for _, field in ipairs(operation.query) do
    local text = call.query[field.name]
    if text == nil then
      if field.kind.required and not (route.handler and field.name == "leadId") then
        errors.raise("INVALID_PARAMETER")
      end
    elseif not contract.text_fits(field.kind, text) then
      errors.raise("INVALID_PARAMETER")
    end
  end
  if operation.body then
    call.body = request.json(call.req)
    if call.body == nil or not contract.fits(operation.body, call.body, operation.optional) then errors.raise("INVALID_PARAMETER") end
  end
end

-- Handlers see a null in the body as a field that was not given; `call.nulls` is the body with its nulls.
local function without_nulls(body)
  if type(body) ~= "table" or json.is_array(body) or json.digits(body) then return body end
  local copy = {}
  for name, value in pairs(body) do
    if value ~= json.null then copy[name] = value end
  end
  return copy
end

local function api(req)
  local route, params = router.find(req.method, req.path)
  if not route then
    if req.path:find("^/v1/") then return { status = 403, body = { message = "Forbidden" } } end
    if params then
      return { status = 405, headers = { Allow = params }, body = { message = "Request method not supported" } }
    end
    return { status = 404, body = { message = "The endpoint " .. req.path .. " does not exist" } }
  end
  local operation = route.operation
  journal.count("operations", operation.name)
  local account, budget = oauth.authorize(req)
  if not account then errors.raise("BAD_CREDENTIALS") end
  journal.count("accounts", account)
  local headers, over = limits.count(budget, operation.name)
  if over then return { status = 429, headers = headers, body = { message = "Too Many Requests" } } end
  local call = { req = req, account = account, params = params, query = req.args, operation = operation }
  local ok, answer = pcall(function()
    check_head(req, operation)
    check_arguments(call, route)
    call.nulls, call.body = call.body, without_nulls(call.body)
    local body, status, more = (route.handler or generic.answer)(call)
    return { status = status or 200, body = body, headers = more }
  end)
  if not ok then
    if type(answer) ~= "table" or not answer.status then error(answer, 0) end
  end
  for name, value in pairs(answer.headers or {}) do headers[name] = value end
  answer.headers = headers
  return answer
end

local PLACES = {
  ["/api/user-web/oauth/token"] = function(req) return oauth.token(req, "vendor") end,
  ["/oauth/token"] = function(req) return oauth.token(req, "developer") end,
  ["/page/vendor-auth.html"] = consent.page,
  ["/callback"] = consent.landing,
}

-- Encodes the body of a response.
local function finish(answer)
  local body = answer.body
  if body == nil then
    answer.body = ""
  elseif type(body) ~= "string" or not (answer.headers and answer.headers["Content-Type"]) then
    answer.body = json.encode(body)
    answer.headers = answer.headers or {}
    answer.headers["Content-Type"] = "application/json"
  end
  return answer
end

local function real(req)
  local ok, answer = pcall(PLACES[req.path] or api, req)
  if not ok and (type(answer) ~= "table" or not answer.status) then
    ngx.log(ngx.ERR, "internal error of the emulator: ", tostring(answer))
    answer = { status = 500, body = { message = "Internal error of the emulator, see its error log" } }
  end
  return finish(answer)
end

local function send(answer)
  ngx.status = answer.status
  for name, value in pairs(answer.headers or {}) do ngx.header[name] = value end
  if answer.status ~= 204 and answer.status ~= 304 then ngx.header["Content-Length"] = #answer.body end
  ngx.print(answer.body)
end

--- Handles the current request.
function server.handle()
  local req = request.read()
  settings.follow(tonumber(req.headers["x-sandbox-clock"]))
  if req.path:find("^/_sandbox/") then return send(finish(control.answer(req))) end
  journal.add(req)
  journal.count("requests", req.method .. " " .. req.path)
  local fault, number = faults.find(req)
  if not fault then return send(real(req)) end
  journal.count("faults", req.method .. " " .. req.path)
  if number then journal.count("fault_numbers", tostring(number)) end
  local answer = faults.apply(fault, function() return real(req) end)
  if answer then send(finish(answer)) end
end

return server
