--- A store in Redis, for many machines.
--
-- One primary server. Outside nginx the connection is hiredis's and blocks, for at most `timeout`; inside nginx it is a
-- cosocket of resty.redis (Debian: nginx.redis) from nginx's own pool. Either is a "wire": `run(command, again)` ->
-- reply | false, what the server says against it | nil, why the connection is gone, whether it was a kept one.
-- @module lofty.store.redis

local core = require "lofty.core"
local errors = require "lofty.errors"
local contract = require "lofty.store.contract"

local error, ipairs, pcall, rawget, setmetatable, tonumber, tostring, type =
  error, ipairs, pcall, rawget, setmetatable, tonumber, tostring, type
local concat, sort, unpack = table.concat, table.sort, rawget(table, "unpack") or rawget(_G, "unpack")
local format, gsub, lower = string.format, string.gsub, string.lower
local ceil = math.ceil

local TOKEN, LOCK, BUDGET = "token:", "lock:", "budget:"
local SCAN_COUNT = "500"

-- Deletes a lock that is still its owner's.
local UNLOCK = [[
if redis.call("GET", KEYS[1]) == ARGV[1] then return redis.call("DEL", KEYS[1]) end
return 0
]]

-- Counts a call if fewer than ARGV[1] were counted in the last ARGV[2] microseconds; else the microseconds to wait.
-- The list holds the times of the last calls, newest first, so no window of that length, wherever it begins, sees
-- more than the limit. A time far ahead of the clock means that the clock was set back: then the list is worth nothing.
-- (replicate_commands: before Redis 5 a script that asked the time could not write.)
local SPEND = [[
if redis.replicate_commands then redis.replicate_commands() end
local time = redis.call("TIME")
local now, limit, window = time[1] * 1000000 + time[2], tonumber(ARGV[1]), tonumber(ARGV[2])
local newest = redis.call("LINDEX", KEYS[1], 0)
if newest and newest - now > window then
  redis.call("DEL", KEYS[1])
else
  local oldest = redis.call("LINDEX", KEYS[1], limit - 1)
  if oldest and oldest + window > now then return oldest + window - now end
end
redis.call("LPUSH", KEYS[1], string.format("%.0f", now))
redis.call("LTRIM", KEYS[1], 0, limit - 1)
redis.call("PEXPIRE", KEYS[1], string.format("%.0f", math.ceil(window / 1000)))
return 0
]]

-- Refusals that pass by themselves, and what to do about others.
local PASSING = { LOADING = true, BUSY = true, TRYAGAIN = true, MASTERDOWN = true, CLUSTERDOWN = true }
local ADVICE = {
  NOAUTH = "; put the password into the url",
  WRONGPASS = "; look at the user and the password in the url",
  READONLY = "; the url must lead to the primary server",
  MOVED = "; a cluster is not supported, take a single primary server",
}

-- --- wires -------------------------------------------------------------------------------------------------------

-- Returns a function that returns what a new connection says first. The password is in there alone, and not in a field
-- that a dump of the store would show.
local function greetings(target)
  local list = {}
  if target.user then
    list[1] = { "AUTH", target.user, target.password }
  elseif target.password then
    list[1] = { "AUTH", target.password }
  end
  if target.db ~= 0 then list[#list + 1] = { "SELECT", tostring(target.db) } end
  target.password = nil
  return function() return list end
end

local Blocking = {}
Blocking.__index = Blocking

function Blocking:run(command)
  local connection, kept = self.connection, true
  if not connection then
    local why
    kept, connection, why = false, self.redis.connect(self.target.host, self.target.port, self.timeout)
    if not connection then return nil, "cannot connect: " .. why end
    for _, greeting in ipairs(self.greetings()) do
      local welcome, objection = connection:command(unpack(greeting))
      if not welcome then
        connection:close()
        return welcome, objection
      end
    end
    self.connection = connection
  end
  local reply, why = connection:command(unpack(command))
  if reply == nil then
    connection:close()
    self.connection = nil
    return nil, why, kept
  end
  return reply, why
end

local Cosocket = {}
Cosocket.__index = Cosocket

function Cosocket:run(command, again)
  local made, client, why = pcall(self.redis.new, self.redis)
  if not made or not client then return nil, "no cosocket here: " .. tostring(made and why or client) end
  client:set_timeout(self.timeout * 1000)
  local target = self.target
  -- A second attempt takes a new connection: its pool is one where none is ever kept.
  local options = {
    pool = again and self.pool .. "#new" or self.pool,
    ssl = target.tls, ssl_verify = target.tls, server_name = target.tls and target.host,
  }
  local ok
  if target.port then
    local host = target.host:find(":", 1, true) and "[" .. target.host .. "]" or target.host
    ok, why = client:connect(host, target.port, options)
  else
    ok, why = client:connect("unix:" .. target.host, options)
  end
  if not ok then return nil, "cannot connect: " .. tostring(why) end
  local kept = client:get_reused_times() ~= 0
  if not kept then
    for _, greeting in ipairs(self.greetings()) do
      local welcome, objection = client[lower(greeting[1])](client, unpack(greeting, 2))
      if not welcome then
        client:close()
        return welcome, objection
      end
    end
  end
  local reply
  reply, why = client[lower(command[1])](client, unpack(command, 2))
  if reply == nil or again then
    client:close()
  else
    client:set_keepalive(self.idle * 1000, self.connections)
  end
  return reply, why, kept
end

-- --- the store ---------------------------------------------------------------------------------------------------

local Store = { __name = "lofty.store.redis" }
Store.__index = Store

local function failed(self, why, retryable)
  return nil, errors.new {
    kind = "store", retryable = retryable, message = format("Redis at %s: %s", self.target.name, why),
  }
end

-- Runs one command. All of ours may be repeated: reads and whole writes by nature, a lock because its owner is found
-- in it, a budget because one call counted twice harms nobody. So a kept connection that turns out dead, as all do
-- when the server restarts, costs a second attempt on a new one. Third result: whether there was one.
local function run(self, ...)
  local command, again = { ... }, false
  local reply, why, kept = self.wire:run(command)
  if reply == nil and kept then
    again = true
    reply, why = self.wire:run(command, true)
  end
  if reply then return reply, nil, again end
  if reply == nil then return failed(self, tostring(why) .. " (is it running, and is the url right?)", true) end
  -- A server that does not know a command recites its arguments.
  why = gsub(tostring(why), ",? with args beginning with:.*", "")
  local word = why:match("^(%u+) ") or ""
  return failed(self, "it refused: " .. why .. (ADVICE[word] or ""), PASSING[word])
end

-- Runs a script by its digest; a server that has restarted needs to be told it again.
local function script(self, source, key, ...)
  local digest = self.digests[source]
  local reply, err
  if not digest then
    digest, err = run(self, "SCRIPT", "LOAD", source)
    if not digest then return nil, err end
    self.digests[source] = digest
  end
  reply, err = run(self, "EVALSHA", digest, "1", key, ...)
  if not reply and err.message:find("NOSCRIPT", 1, true) then reply, err = run(self, "EVAL", source, "1", key, ...) end
  return reply, err
end

--- Reads what stands under a key.
-- @tparam string key
-- @treturn[1] string nil alone when nothing does
-- @treturn[2] nil
-- @treturn[2] table err of kind "store"
function Store:get(key)
  contract.check_key(key)
  local reply, err = run(self, "GET", self.prefix .. TOKEN .. key)
  if not reply then return nil, err end
  if reply == core.null then return nil end
  return reply
end

--- Writes, in place of what stood there.
-- @tparam string key
-- @tparam string value any bytes
-- @treturn[1] boolean true
-- @treturn[2] nil
-- @treturn[2] table err of kind "store"
function Store:put(key, value)
  contract.check_key(key)
  contract.check_value(value)
  local reply, err = run(self, "SET", self.prefix .. TOKEN .. key, value)
  if not reply then return nil, err end
  return true
end

--- Forgets a key; one that is absent is no error.
-- @tparam string key
-- @treturn[1] boolean true
-- @treturn[2] nil
-- @treturn[2] table err of kind "store"
function Store:delete(key)
  contract.check_key(key)
  local reply, err = run(self, "DEL", self.prefix .. TOKEN .. key)
  if not reply then return nil, err end
  return true
end

--- Lists the keys under which something stands, in order. Other clients of the server are served meanwhile (SCAN).
-- @treturn[1] {string,...}
-- @treturn[2] nil
-- @treturn[2] table err of kind "store"
function Store:keys()
  local start = self.prefix .. TOKEN
  local pattern = gsub(start, "[%*%?%[%]\\]", "\\%0") .. "*"
  local list, seen, cursor = {}, {}, "0"
  repeat
    local reply, err = run(self, "SCAN", cursor, "MATCH", pattern, "COUNT", SCAN_COUNT)
    if not reply then return nil, err end
    cursor = reply[1]
    for _, name in ipairs(reply[2]) do
      if not seen[name] then -- SCAN may tell a key twice
        seen[name] = true
        list[#list + 1] = name:sub(#start + 1)
      end
    end
  until cursor == "0"
  sort(list)
  return list
end

--- Takes a key's lock, if nobody has it; never waits for its holder.
-- @tparam string key
-- @tparam string owner a name that no other attempt has
-- @tparam number ttl seconds after which the lock frees itself, on the server's clock
-- @treturn[1] boolean
-- @treturn[2] nil
-- @treturn[2] table err of kind "store"
function Store:try_lock(key, owner, ttl)
  contract.check_key(key)
  local name = self.prefix .. LOCK .. key
  local reply, err, again = run(self, "SET", name, owner, "NX", "PX", format("%.0f", ceil(ttl * 1000)))
  if reply == core.null and again then
    -- The first attempt may have taken it before the connection broke.
    reply, err = run(self, "GET", name)
    if reply then return reply == owner end
  end
  if not reply then return nil, err end
  return reply ~= core.null
end

--- Gives a lock back.
-- @tparam string key
-- @tparam string owner as at try_lock; another's lock stays
-- @treturn[1] boolean whether the lock was the owner's
-- @treturn[2] nil
-- @treturn[2] table err of kind "store"
function Store:unlock(key, owner)
  contract.check_key(key)
  local reply, err = script(self, UNLOCK, self.prefix .. LOCK .. key, owner)
  if not reply then return nil, err end
  return reply == 1
end

--- Counts one call of a budget, or says how long to wait; in a sliding window, on the server's clock.
-- @tparam string key whose budget
-- @tparam number limit calls in a window
-- @tparam number window seconds
-- @treturn[1] number 0: counted; more: not, ask again after so many seconds
-- @treturn[2] nil
-- @treturn[2] table err of kind "store"
function Store:take(key, limit, window)
  contract.check_key(key)
  local reply, err = script(self, SPEND, self.prefix .. BUDGET .. key, format("%.0f", limit),
    format("%.0f", window * 1e6))
  if not reply then return nil, err end
  return reply / 1e6
end

-- --- settings ----------------------------------------------------------------------------------------------------

-- Where a url leads; nil and why. No word of it holds what stands before the "@".
local function parse(url)
  local scheme, rest = gsub(url, "^unix:/([^/])", "unix:///%1"):match("^(%a+)://(.*)$")
  if not scheme then return nil, "it must begin with redis://, rediss:// or unix://" end
  local login, place = rest:match("^([^/]*)@(.*)$") -- "@" in a password is written %40
  place = place or rest
  if place:find("@", 1, true) then return nil, 'a "/" or "@" in a user or password is written %2F or %40' end
  local target = { db = 0 }
  local db
  if scheme == "redis" or scheme == "rediss" then
    target.tls = scheme == "rediss" or nil
    local address, path = place:match("^([^/]*)/?(.*)$")
    local host, port = address:match("^%[(.*)%](.*)$")
    if not host then host, port = address:match("^([^:]*)(.*)$") end
    if not port:find("^:?%d*$") then return nil, "it names no host and port" end
    target.host = host ~= "" and host or "127.0.0.1"
    target.port = tonumber(port:sub(2)) or 6379
    if target.port < 1 or target.port > 65535 then return nil, "it names no port that can be" end
    target.name, db = format("%s:%d", target.host, target.port), path
  elseif scheme == "unix" then
    local path, query = place:match("^(/[^%?]*)%??(.*)$")
    if not path then return nil, "unix:// is followed by the whole path of a socket" end
    target.host = core.percent_decode(path)
    target.name, db = "unix:" .. path, query:match("^db=(%d+)$") or query
    if not target.host then return nil, "its path has a % that stands for nothing" end
  else
    return nil, "it must begin with redis://, rediss:// or unix://"
  end
  if not db:find("^%d*$") then return nil, "the database is a number" end
  target.db = tonumber(db) or 0
  if login then
    local user, password = login:match("^([^:]*):(.*)$")
    if not user then return nil, "a password stands behind a colon: redis://:password@host" end
    user, password = core.percent_decode(user), core.percent_decode(password)
    if not user or not password then return nil, "a % in a user or password is written %25" end
    target.user, target.password = user ~= "" and user or nil, password ~= "" and password or nil
    if target.user and not target.password then return nil, "it names a user and no password" end
  end
  return target
end

-- The client of nginx's world, and whether it can do TLS: without that its option is ignored and all goes in clear.
local function nginx_client()
  for _, name in ipairs { "resty.redis", "nginx.redis" } do
    local found, client = pcall(require, name)
    if found and type(client) == "table" then return client, (tonumber(client._VERSION) or 0) >= 0.28 end
  end
end

local OPTIONS = { url = true, prefix = true, timeout = true, connections = true, idle = true }

--- Makes a store. Nothing is sent before it is first used.
--     redis{
--       url = "redis://user:password@host:6379/0",  -- required; or unix:///path/to.sock?db=0;
--                                                   -- in nginx also rediss://, for TLS
--       prefix = "lofty:",   -- what its keys begin with
--       timeout = 2,         -- seconds, for connecting and for each answer
--       connections = 32,    -- in nginx: how many idle ones a worker keeps,
--       idle = 60,           -- and for how many seconds
--     }
-- @tparam table opt as above
-- @treturn table the store
return function(opt)
  opt = errors.options("lofty.store.redis", opt, OPTIONS)
  local prefix, timeout = opt.prefix or "lofty:", opt.timeout or 2
  if type(opt.url) ~= "string" then error("lofty.store.redis: url must be a string", 2) end
  if type(prefix) ~= "string" then error("lofty.store.redis: prefix must be a string", 2) end
  if type(timeout) ~= "number" or timeout <= 0 or timeout > 3600 then
    error("lofty.store.redis: timeout must be a number of seconds", 2)
  end
  local target, why = parse(opt.url)
  if not target then error("lofty.store.redis: url: " .. why, 2) end
  local wire = { target = target, timeout = timeout, greetings = greetings(target) }
  local ngx = rawget(_G, "ngx")
  if type(ngx) == "table" and ngx.socket then
    local client, tls = nginx_client()
    if not client then
      error("lofty.store.redis: no resty.redis and no nginx.redis here (Debian: lua-nginx-redis)", 2)
    end
    if target.tls and not tls then
      error("lofty.store.redis: rediss:// needs lua-resty-redis 0.28 or newer; this one would send all in clear", 2)
    end
    -- A connection has logged in and selected: it must not serve another url.
    wire.pool = concat({ "lofty", target.name, target.db, target.user or "", target.tls and "tls" or "" }, "|")
    wire.redis, wire.connections, wire.idle = client, opt.connections or 32, opt.idle or 60
    setmetatable(wire, Cosocket)
  else
    if target.tls then
      error("lofty.store.redis: rediss:// works inside nginx alone; a script takes a tunnel or a unix socket", 2)
    end
    local built, client = pcall(require, "lofty.redis")
    if not built then
      error("lofty.store.redis: the module lofty.redis is not built: install hiredis (Debian: libhiredis-dev)"
        .. " and run make again", 2)
    end
    wire.redis = client
    setmetatable(wire, Blocking)
  end
  return setmetatable({ target = target, prefix = prefix, wire = wire, digests = {} }, Store)
end
