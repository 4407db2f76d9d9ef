--- What the gateway of the specs does: it runs the code that a spec sends, in the phase the spec names.
-- @module spec.support.nginx.inside

local ngx = ngx -- luacheck: globals ngx
local cjson = require "cjson"
local errors = require "lofty.errors"
local runtime = require "lofty.runtime.nginx"
local cases = require "spec.contracts.runtime"

local inside = {}

local dict = ngx.shared.notes

-- An err keeps what JSON can hold, and how it prints.
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
    runtime = runtime, dict = dict, far = given.far, tls = given.tls, alone = given.alone, tls12 = given.tls12,
    unused = given.unused, handshake = given.handshake, arg = given.arg,
    get = function(path, fields)
      local req = {
        method = "GET", url = given.far .. path, headers = {}, timeout = { connect = 2, total = 5 }, max_head = 65536,
        max_body = 1048576,
      }
      for name, value in pairs(fields or {}) do req[name] = value end
      return runtime:request(req)
    end,
  }, { __index = _G })
  return setfenv(assert(loadstring(given.code, "=spec")), environment)
end

--- Runs the request's body as Lua and answers what it returns.
function inside.run()
  ngx.req.read_body()
  local answer = pack(pcall(compile(ngx.req.get_body_data())))
  ngx.header["Content-Length"] = #answer
  ngx.print(answer)
  ngx.exit(200)
end

-- What each call says in a phase that can't wait.
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

--- Keeps under the phase's name what the calls say there.
function inside.keep()
  local phase = ngx.get_phase()
  if not dict:get(phase) then dict:set(phase, try_all()) end
end

function inside.init() inside.keep() end

function inside.init_worker()
  inside.keep()
  ngx.timer.at(0, function() dict:set("timer", pack(pcall(function() return runtime:sleep(0.001), ngx.get_phase() end))) end)
end

--- Calls `url` while a client's TLS handshake waits, and notes what came of each call that waits.
function inside.in_handshake(url)
  local res, err = runtime:request { method = "GET", url = url, headers = {}, timeout = { connect = 2, total = 5 } }
  dict:set("in_handshake", cjson.encode {
    res and res.body or tostring(err), runtime:sleep(0.001), runtime:detach(5, function() return true end),
    runtime:map({ 1, 2 }, function(n) runtime:sleep(0) return n end), ngx.get_phase(),
  })
end

--- Runs one case of the contract of runtimes, in this request or in detached work.
function inside.contract()
  local arg = ngx.req.get_uri_args()
  local case = cases[tonumber(arg.case)]
  local world = { runtime = runtime, hello = arg.far .. "/hello", cut = arg.far .. "/raw", refused = "http://127.0.0.1:1/" }
  local ok, why
  if arg.detached then
    ok, why = pcall(runtime.detach, runtime, 60, case.run, world)
  else
    ok, why = pcall(case.run, world)
  end
  ngx.say(ok and "passed" or tostring(why))
end

function inside.ping() ngx.say("pong") end

--- Waits for a note, for a while.
function inside.note()
  local name = ngx.var.arg_name
  for _ = 1, 2500 do
    local text = dict:get(name)
    if text then return ngx.print(tostring(text)) end
    ngx.sleep(0.002)
  end
  ngx.exit(404)
end

-- A call that is still under way when its client goes away; notes its end.
local function call(name, url)
  local res = runtime:request { method = "GET", url = url, headers = {}, timeout = { connect = 2, total = 10 } }
  dict:set("ended:" .. name, res and res.body or "failed")
  return res
end

--- Makes such a call, detached or not.
function inside.abandoned()
  local args = ngx.req.get_uri_args()
  if args.detached then runtime:detach(10, call, args.name, args.url) else call(args.name, args.url) end
  ngx.say("ended")
end

inside.hook = runtime:handler(function(request)
  if request.method ~= "POST" then return 405, "only POST", { allow = "POST" } end
  local body = request.body()
  local taken = request.later(function(name, value) ngx.sleep(0) dict:set(name, value) end, "hooked", ngx.get_phase())
  return 200, cjson.encode {
    path = request.path, query = request.query, type = request.headers["content-type"], size = #body, taken = taken,
  }
end)

return inside
