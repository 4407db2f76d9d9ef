-- SPDX-License-Identifier: MIT

-- Calls every function of the C modules, and every method of their handles, with values that no caller should give:
-- wrong types, huge numbers, closed handles, tables whose metamethods raise, deep and self-referencing tables. Meanwhile
-- finalizers close handles and change tables that are in use.
--
--     spec/fuzz/run_lua_api [LUA...]      CALLS=n SEED=n; the sanitized build with BUILD=build/sanitize
--
-- That is how it is run: this script wants an empty folder of its own as the current one, writes the number of the call
-- that runs into the file "call" there, and leaves every module as it is. A call may return or raise; it must not crash,
-- hang, or leave the Lua state damaged. `SEED=n` repeats the calls of a seed.

local seed = tonumber(os.getenv "SEED" or 1)
local calls = tonumber(os.getenv "CALLS" or 3000)
local root = assert(os.getenv "ROOT", "run it by spec/fuzz/run_lua_api")
package.path = root .. "/?.lua;" .. package.path

local core, crypto, curl, file = require "lofty.core", require "lofty.crypto", require "lofty.curl", require "lofty.file"
local terminal = require "lofty.terminal"
local has_redis, redis = pcall(require, "lofty.redis")
local nginx = require "lofty.sandbox.nginx"
local redis_server = has_redis and require("spec.support.redis").start()

local unpack = table.unpack or unpack -- luacheck: std max
local format, rep = string.format, string.rep
local new_userdata = rawget(_G, "newproxy")

local random = require "spec.support.random"(seed)

local server = nginx.start {
  conf = function(ports)
    return format("events {}\nhttp { server { listen 127.0.0.1:%d; location / { return 200 '{}'; } } }", ports[1])
  end,
}
local URL = format("http://127.0.0.1:%d/", server.ports[1])

-- Values that calls get. Each function makes one.
local handles = {}
local tables = {} -- those in use, which finalizers change

local function pick(list) return list[random(#list)] end

local STRINGS = {
  "", "a", "b", "\0", "a\0b", "1", "-1", "1e400", "0x10", "nan", "9223372036854775807", "123456789012345678901234567890",
  "GET", "HEAD", "POST", "read", "create", "plain", "form", "basic", "body", "none", "refresh_token", ".", "..", "/",
  "a/b", "/v1.0/leads/{leadId}", "/{a}/{b}", "{", "%", "%4", "%41", "a=b&c=d", "a=b&a=b", "=&=", "dGVzdA==", "dGVzdA", "====",
  "\255\254", "\239\187\191{}", '{"a":[1,2,{"b":null}]}', '{"a":1,"a":2}', "[1e5,-0,0.1]", '"\\ud800"', "[[[[", "{",
  '{"a":12345678901234567890}', "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
  "2\r\nhi\r\n0\r\n\r\n", "HTTP/1.1 100 Continue\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n", "\31\139\8\0\0\0\0\0",
  "Content-Type", "X-A: b", "line\nbreak", "tab\there", "https://127.0.0.1:1/", "http://127.0.0.1:1/", "http://[::1]:1/",
  "http://127.0.0.1", "http://", "PING", "PONG", "GET", "SET", "k", "LRANGE", "EVAL",
  rep("a", 32), rep("k", 31), rep("[", 200), rep("x", 70000), rep("\255", 5000), rep("a=b&", 3000), rep("%41", 3000),
  URL, URL .. "a?b=c",
}

local NUMBERS = {
  0, 1, -1, 2, 3, 0.5, -0.5, 16, 32, 255, 256, 4096, 4097, 65536, 1e6, 2 ^ 31, 2 ^ 31 - 1, -2 ^ 31, 2 ^ 32, 2 ^ 53, 2 ^ 53 + 1,
  -2 ^ 53, 2 ^ 63, -2 ^ 63, 2 ^ 64, 1e308, -1e308, 1 / 0, -1 / 0, 0 / 0, math.maxinteger or 2 ^ 62, math.mininteger or -2 ^ 62, -- luacheck: std max
}

local function raises() error({ "a metamethod raised" }, 0) end
local RAISING = {
  __index = raises, __newindex = raises, __len = raises, __tostring = raises, __eq = raises, __lt = raises, __le = raises,
  __concat = raises, __call = raises, __unm = raises, __pairs = raises, __close = raises, __name = {}, __metatable = false,
}
local ODD = {
  __index = function(_, name) return name end, __len = function() return 2 ^ 53 end, __tostring = function() return nil end,
  __name = "\0", __mode = "kv",
}

local value -- below: makes any value

local function deep(depth)
  local outer = {}
  local inner = outer
  for _ = 1, depth do
    local next_one = {}
    inner[random(2) == 1 and 1 or "a"] = next_one
    inner = next_one
  end
  return outer
end

local FIELDS = {
  "a", "b", "leadId", "grant_type", "authentication", "basic", "client_id", "client_secret", "code", "refresh_token",
  "X-A", "Content-Type", "Host", "",
}

-- A table of a few members of any kind.
local function mixed(depth)
  local made = {}
  for _ = 1, random(5) - 1 do
    local key = random(3) == 1 and random(6) or random(8) == 1 and pick { true, 0.5, 2 ^ 53, -1 } or pick(FIELDS)
    made[key] = value(depth + 1)
  end
  tables[random(16)] = made
  return made
end

local function own_metatable(depth)
  local made = mixed(depth)
  return setmetatable(made, random(2) == 1 and RAISING or ODD)
end

local function self_referencing()
  local made = { 1 }
  made[2], made.a = made, { made }
  return random(2) == 1 and made or { made, made }
end

local MAKERS = {
  function() return nil end,
  function() return random(2) == 1 end,
  function() return pick(NUMBERS) end,
  function() return pick(NUMBERS) end,
  function() return pick(STRINGS) end,
  function() return pick(STRINGS) end,
  function() return pick(STRINGS) .. pick(STRINGS) end,
  function(depth) return depth < 4 and mixed(depth) or {} end,
  function(depth) return depth < 4 and own_metatable(depth) or {} end,
  self_referencing,
  function() return deep(pick { 1, 10, 127, 128, 129, 300 }) end,
  function() return handles[random(32)] end,
  function() return handles[random(32)] end,
  function() return pick { print, raises, coroutine.create(raises), io.stdout, core.null, core.array_mt } end,
  function() return pick { core.integer "12345678901234567890", core.integer "-1", core.array {} } end,
  function() return { [2 ^ 40] = 1, [1] = 1 } end,
  function() return new_userdata and new_userdata(true) or {} end,
}

function value(depth)
  if random(2000) == 1 then return rep("x", 17 * 1024 * 1024) end
  return MAKERS[random(#MAKERS)](depth or 0)
end

-- The functions. A name is that of a module's function or "type:method"; `arguments` are makers for the first ones where
-- any value would make the call wait for long, or reach what the fuzzer must leave alone.
local functions = {}
local function add(name, fn, kind, arguments)
  functions[#functions + 1] = { name = name, fn = fn, kind = kind, arguments = arguments }
end

local function sorted(names)
  local list = {}
  for name in pairs(names) do list[#list + 1] = name end
  table.sort(list)
  return list
end

local function short_time() return pick { 0, 0.001, -1, 0 / 0, "0.001", true, {} } end
local SPECIAL = {
  ["curl.wait"] = { short_time },
  ["redis.connect"] = {
    function() return pick { "127.0.0.1", "127.0.0.1", "/nowhere", "", "\0", 5, {} } end,
    function() return pick { redis_server and redis_server.port or 1, server.ports[1], 1, 0, 65536, -1, 0.5, "x", {} } end,
    function() return pick { 0.05, 0.05, 0.05, 0, -1, 0 / 0, 2 ^ 53, {} } end,
  },
}
-- cut_output would cut a log that is standard output.
local LEFT_OUT = { cut_output = file.size_of_output() ~= nil }

local MODULES = { { "core", core }, { "crypto", crypto }, { "curl", curl }, { "file", file }, { "terminal", terminal } }
if has_redis then MODULES[#MODULES + 1] = { "redis", redis } end
for _, entry in ipairs(MODULES) do
  for _, name in ipairs(sorted(entry[2])) do
    if type(entry[2][name]) == "function" and not LEFT_OUT[name] then
      add(entry[1] .. "." .. name, entry[2][name], nil, SPECIAL[entry[1] .. "." .. name])
    end
  end
end

-- A handle of each type, anew.
local folder = assert(file.directory(".", false))
local MAKE_HANDLE = {
  reader = function() return core.http_reader("GET", 65536, 1048576) end,
  multi = function() return curl.multi() end,
  transfer = function()
    while true do
      for i = 1, 32 do
        local handle = handles[i]
        local ok, made = pcall(function() return handle:transfer() end)
        if ok then return made end
      end
      -- Kept: a multi handle that is collected closes its transfers. A finalizer may close it before the next round.
      handles[1] = curl.multi()
    end
  end,
  directory = function() return file.directory(".", false) end,
  file = function() return (folder:create()) end,
  integer = function() return core.integer "99999999999999999999" end,
  redis = redis_server and function() return redis.connect("127.0.0.1", redis_server.port, 0.2) end,
}
local KINDS = sorted(MAKE_HANDLE)
for _, kind in ipairs(KINDS) do
  local metatable = debug.getmetatable((assert(MAKE_HANDLE[kind]())))
  local methods = type(metatable.__index) == "table" and metatable.__index or {}
  for _, name in ipairs(sorted(methods)) do
    add(kind .. ":" .. name, methods[name], kind, kind == "multi" and name == "wait" and SPECIAL["curl.wait"] or nil)
  end
  for _, name in ipairs(sorted(metatable)) do
    if type(metatable[name]) == "function" then add(kind .. ":" .. name, metatable[name], kind) end
  end
end

local function new_handle(kind)
  local made = MAKE_HANDLE[kind]()
  handles[random(32)] = made
  return made
end

-- Finalizers that use what a call is using at that moment: the collector runs them in the middle of C functions.
local function interfere()
  local what = random(6)
  local handle = handles[random(32)]
  if what == 1 and handle ~= nil then
    pcall(function() handle:close() end)
  elseif what == 2 then
    local changed = tables[random(16)]
    if changed then
      for _ = 1, random(8) do pcall(rawset, changed, pick(FIELDS), random(2) == 1 and {} or nil) end
    end
  elseif what == 3 then
    local called = functions[random(#functions)]
    -- (__gc in the middle of a method is the collector's alone.)
    if not called.arguments and not called.name:find("__gc", 1, true) then
      pcall(called.fn, handle, pick(STRINGS), pick(NUMBERS))
    end
  elseif what == 4 then
    pcall(new_handle, pick(KINDS))
  elseif what == 5 then
    handles[random(32)] = nil
  end
  -- Lua 5.4 warns of an error in a finalizer, the others raise it or ignore it.
end

local plant
if new_userdata then
  plant = function() debug.getmetatable(new_userdata(true)).__gc = interfere end
else
  local FINALIZED = { __gc = interfere }
  plant = function() setmetatable({}, FINALIZED) end
end

-- For a handle's method, mostly a handle of its type first.
local function arguments_of(called)
  local list, n = {}, random(5) - 1
  if random(12) == 1 then n = n + random(14) end
  if called.kind then
    n = n + 1
    local handle = random(3) == 1 and handles[random(32)] or nil
    list[1] = random(20) == 1 and value() or handle or new_handle(called.kind)
  end
  local first = called.kind and 1 or 0
  for i = first + 1, n do
    local make = called.arguments and called.arguments[i - first]
    if make then list[i] = make() else list[i] = value() end
  end
  if called.arguments and n < first + #called.arguments then
    for i = n + 1, first + #called.arguments do list[i] = called.arguments[i - first]() end
    n = first + #called.arguments
  end
  -- Now and then the arguments that the transport expects, so that requests run.
  if called.name == "transfer:start" and random(3) > 1 then
    local headers = random(2) == 1 and { ["X-A"] = "b" } or value()
    local right = { list[1], random(9), "GET", URL, headers, nil, true, 0.2, 0.2, 65536, 1000, nil, nil, nil, nil, true }
    for i = 2, 16 do
      if random(10) > 1 or i == 4 and random(2) == 1 then list[i] = right[i] end
    end
    n = 16
  end
  return list, n
end

require("spec.support.finalizers").tune_collector(50, 1000)
local progress = assert(io.open("call", "wb"))
progress:setvbuf "no"
local returned, raised = 0, 0

for number = 1, calls do
  local called = functions[random(#functions)]
  local list, n = arguments_of(called)
  for _ = 1, random(4) do plant() end
  progress:seek("set", 0)
  progress:write(format("SEED=%d, call %d: %s%s\n", seed, number, called.name, rep(" ", 20)))
  if pcall(called.fn, unpack(list, 1, n)) then returned = returned + 1 else raised = raised + 1 end
  if random(50) == 1 then
    pcall(function() handles[random(32)]:close() end)
    if #KINDS > 0 then new_handle(pick(KINDS)) end
  end
  -- Names that calls have made in the folder.
  if number % 1000 == 0 then
    for _, name in ipairs(folder:list() or {}) do if name ~= "call" then folder:unlink(name) end end
  end
end

-- The state is whole: a collection of everything, and the modules still work.
handles, tables = {}, {}
collectgarbage()
collectgarbage()
assert(core.json_encode(assert(core.json_decode '{"a":[1,2]}')) == '{"a":[1,2]}')
assert(#crypto.random(16) == 16)
local multi = curl.multi()
local transfer = multi:transfer()
assert(transfer:start(1, "GET", URL, {}, nil, true, 5, 5, 65536, 1000))
local status
repeat status = transfer:result() until status ~= false
assert(status == 200)
multi:close()
progress:close()
server:stop()
if redis_server then redis_server:stop() end
io.stderr:write(format("%d functions, %d calls, %d returned, %d raised\n", #functions, calls, returned, raised))
