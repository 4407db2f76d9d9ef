-- SPDX-License-Identifier: MIT

--- The gateway's locations: they run the code that a spec sends, in the phase that the spec names. Runs inside nginx.
-- @module spec.support.nginx.gateway

local ngx = ngx -- luacheck: globals ngx
local cjson = require "cjson"
local errors = require "lofty.errors"
local runtime = require "lofty.runtime.nginx"
local cases = require "spec.contracts.runtime"

local gateway = {}

local dict = ngx.shared.notes

-- An err as a table that JSON can hold, with its one line as `text`.
local function plain(value)
  if not errors.is(value) then return value == nil and cjson.null or value end
  local copy = { text = tostring(value), class = "lofty.error" }
  for name, field in pairs(value) do copy[name] = field end
  return copy
end

local function pack(ok, ...)
  local results = { n = select("#", ...) }
  for i = 1, results.n do results[tostring(i)] = plain((select(i, ...))) end
  if not ok then results = { n = 0, raised = tostring((...)) } end
  return cjson.encode(results)
end

local function compile(text)
  local given = cjson.decode(text)
  local environment = setmetatable({
    runtime = runtime, dict = dict, upstream = given.upstream, tls = given.tls, self_signed = given.self_signed, tls12 = given.tls12,
    untried = given.untried, handshake = given.handshake, arg = given.arg,
    get = function(path, fields)
      local req = {
        method = "GET", url = given.upstream .. path, headers = {}, timeout = { connect = 60, total = 60 }, max_head = 65536,
        max_body = 1048576,
      }
      for name, value in pairs(fields or {}) do req[name] = value end
      return runtime:request(req)
    end,
  }, { __index = _G })
  return setfenv(assert(loadstring(given.code, "=spec")), environment)
end

--- Runs the request's body as Lua and answers what it returns.
function gateway.run()
  ngx.req.read_body()
  local answer = pack(pcall(compile(ngx.req.get_body_data())))
  ngx.header["Content-Length"] = #answer
  ngx.print(answer)
  ngx.exit(200)
end

-- What each call returns in a phase that can't wait, as JSON.
local function try_all()
  local request = { method = "GET", url = "http://127.0.0.1:1/", headers = {}, timeout = { connect = 1, total = 1 } }
  local said = {}
  local function add(name, value, err)
    said[name] = { value = value, err = plain(err) }
  end
  add("request", runtime:request(request))
  add("sleep", runtime:sleep(0.001))
  add("detach", runtime:detach(1, function() return true end))
  local _, failures = runtime:map({ 1, 2 }, function() return runtime:request(request) end)
  add("map", nil, failures and failures[2])
  return cjson.encode(said)
end

--- Keeps under the phase's name what the calls return there.
function gateway.keep()
  local phase = ngx.get_phase()
  if not dict:get(phase) then dict:set(phase, try_all()) end
end

function gateway.init() gateway.keep() end

function gateway.init_worker()
  gateway.keep()
  ngx.timer.at(0, function() dict:set("timer", pack(pcall(function() return runtime:sleep(0.001), ngx.get_phase() end))) end)
end

--- Calls `url` while a client's TLS handshake waits, and notes what each call that waits returned.
function gateway.in_handshake(url)
  local res, err = runtime:request { method = "GET", url = url, headers = {}, timeout = { connect = 60, total = 60 } }
  dict:set("in_handshake", cjson.encode {
    res and res.body or tostring(err), runtime:sleep(0.001), runtime:detach(5, function() return true end),
    runtime:map({ 1, 2 }, function(n) runtime:sleep(0) return n end), ngx.get_phase(),
  })
end

--- Runs one case of the contract of runtimes, in this request or in detached work.
function gateway.contract()
  local arg = ngx.req.get_uri_args()
  local case = cases[tonumber(arg.case)]
  local fixture = { runtime = runtime, hello = arg.upstream .. "/hello", cut = arg.upstream .. "/raw", refused = "http://127.0.0.1:1/" }
  local ok, why
  if arg.detached then
    ok, why = pcall(runtime.detach, runtime, 60, case.run, fixture)
  else
    ok, why = pcall(case.run, fixture)
  end
  ngx.say(ok and "passed" or tostring(why))
end

function gateway.ping() ngx.say("pong") end

--- Answers a note, once there is one.
function gateway.note()
  local name = ngx.var.arg_name
  for _ = 1, 2500 do
    local text = dict:get(name)
    if text then return ngx.print(tostring(text)) end
    ngx.sleep(0.002)
  end
  ngx.exit(404)
end

-- Makes a call and notes its end.
local function call(name, url)
  local res = runtime:request { method = "GET", url = url, headers = {}, timeout = { connect = 60, total = 60 } }
  dict:set("ended:" .. name, res and res.body or "failed")
  return res
end

--- Makes a call, detached or not, whose client goes away meanwhile.
function gateway.abandoned()
  local args = ngx.req.get_uri_args()
  if args.detached then runtime:detach(10, call, args.name, args.url) else call(args.name, args.url) end
  ngx.say("ended")
end

gateway.hook = runtime:handler(function(request)
  if request.method ~= "POST" then return 405, "only POST", { allow = "POST" } end
  local body = request.body()
  local taken = request.later(function(name, value) ngx.sleep(0) dict:set(name, value) end, "hooked", ngx.get_phase())
  return 200, cjson.encode {
    path = request.path, query = request.query, type = request.headers["content-type"], size = #body, taken = taken,
  }
end)

return gateway
