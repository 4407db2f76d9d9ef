-- SPDX-License-Identifier: MIT

--- A store in Redis, for many machines: one primary server, plain or with TLS.
--
-- Outside nginx a connection blocks, for at most `timeout` (`lofty.store.redis.blocking`); inside nginx it is a
-- cosocket of nginx's pool (`lofty.store.redis.cosocket`).
-- @module lofty.store.redis

local contract = require "lofty.store.contract"
local core = require "lofty.core"
local crypto = require "lofty.crypto"
local errors = require "lofty.errors"
local misuse = require "lofty.internal.misuse"
local read_url = require "lofty.store.redis.url"

local ipairs, pairs, rawget, require, setmetatable, tostring, type =
  ipairs, pairs, rawget, require, setmetatable, tostring, type
local find, format, gsub, match, sub =
  string.find, string.format, string.gsub, string.match, string.sub
local sort = table.sort
local ceil = math.ceil

local TOKEN, LOCK, BUDGET = "token:", "lock:", "budget:"
local SCAN_COUNT = "500"
-- The permissions that a Redis user needs: the store's own commands, and those of its scripts.
local COMMANDS = "+get +set +del +scan +eval +evalsha +script|load +time +lindex +lpush +ltrim +pexpire"

-- Deletes a lock that is still its owner's.
local UNLOCK = [[
if redis.call("GET", KEYS[1]) == ARGV[1] then return redis.call("DEL", KEYS[1]) end
return 0
]]

-- Counts a call if fewer than ARGV[1] were counted in the last ARGV[2] microseconds; else returns the microseconds to
-- wait. The list has the times of the last calls, newest first, so that no window of that length sees more calls than
-- the limit. A time far ahead of the clock means that the clock was set back; then the list is dropped.
-- (replicate_commands: before Redis 5 a script that called TIME could not write.)
local TAKE = [[
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

-- The server's errors, by their first word, as Redis documents them. `retryable`: another try may succeed. `reconnect`:
-- this connection can't be used any more, but a new one may work (a new primary, a new login).
local REFUSALS = {
  LOADING = { retryable = true, reconnect = true },
  MASTERDOWN = { retryable = true, reconnect = true },
  READONLY = { retryable = true, reconnect = true, hint = "the url must lead to the primary server" },
  NOAUTH = { reconnect = true, hint = "put the password into the url" },
  BUSY = { retryable = true }, TRYAGAIN = { retryable = true }, NOREPLICAS = { retryable = true },
  CLUSTERDOWN = { retryable = true },
  WRONGPASS = { hint = "check the user and the password in the url" },
  MOVED = { hint = "a cluster is not supported: use a single primary server" },
  CROSSSLOT = { hint = "a cluster is not supported: use a single primary server" },
}
local TOO_MANY_CLIENTS = { retryable = true, reconnect = true }
local OTHER = {}

local function refusal(message)
  if find(message, "max number of clients", 1, true) then return TOO_MANY_CLIENTS end
  return REFUSALS[match(message, "^(%u+) ") or ""] or OTHER
end

local Store = { __name = "lofty.store.redis" }
Store.__index = Store

-- nil, err
local function failed(self, why, retryable)
  return nil, errors.new {
    kind = "store", retryable = retryable, message = format("Redis at %s: %s", self.name, why),
  }
end

-- The command that gives the user of the url the permissions that it needs.
local function acl_line(self)
  local user = self.user
  return format("ACL SETUSER %s ~%s* %s%s", user and match(user, "^[%w_.-]+$") or "USER",
    match(self.prefix, "^[%w_.:-]+$") or "PREFIX", COMMANDS, self.db ~= 0 and " +select" or "")
end

-- Runs one command on the kept connection or, if there is none or `anew` says so, on a new one that logs in first.
-- Returns as `connection:command`, and whether the connection was used before.
local function attempt(self, words, anew)
  local connection, kept = self.connections:connect(anew)
  if not connection then return nil, "cannot connect: " .. kept end
  local reply, why
  if not kept then
    for _, greeting in ipairs(self.greetings()) do
      reply, why = connection:command(greeting)
      if not reply then
        connection:close()
        return reply, why, false
      end
    end
  end
  reply, why = connection:command(words)
  if reply == nil or reply == false and refusal(why).reconnect then
    connection:close()
  else
    connection:keep()
  end
  return reply, why, kept
end

-- Runs one command. All commands of this store may be run twice: reads and whole writes in any case, a lock because its
-- owner is found in it, a budget because one call counted twice does no harm. So when a kept connection is closed or
-- can't be used, as after a restart or a failover, the command is sent once more on a new one. Third result: whether it
-- was sent again.
local function run(self, ...)
  local words, again = { ... }, false
  local reply, why, kept = attempt(self, words)
  if kept and (reply == nil or reply == false and refusal(why).reconnect) then
    again = true
    reply, why = attempt(self, words, true)
  end
  if reply then return reply, nil, again end
  why = tostring(why)
  if reply == nil then
    if find(why, "TLS: ", 1, true) then return failed(self, why, false) end
    return failed(self, why .. " (is it running, and is the url right?)", true)
  end
  local kind = refusal(why)
  -- A server that does not know a command quotes its arguments, which may be tokens.
  local message = "it refused: " .. gsub(why, ",? with args beginning with:.*", "")
  -- Inside a script Redis 7 and Redis 8 (and Valkey) use other messages.
  if find(why, "NOPERM", 1, true) or find(why, "user executing the script", 1, true)
    or find(why, "ACL failure in script", 1, true) then
    message = message .. "; allow it: " .. acl_line(self)
  elseif kind.hint then
    message = message .. "; " .. kind.hint
  end
  return failed(self, message, kind.retryable)
end

-- nil, err: a reply of a form that the command does not have.
local function unexpected(self, command)
  return failed(self, "its reply to " .. command .. " has an unexpected form (is it a Redis server?)", false)
end

-- Runs a script by its digest. A server that was restarted does not know it any more.
local function script(self, source, key, ...)
  local digest = self.digests[source]
  local reply, err
  if not digest then
    digest, err = run(self, "SCRIPT", "LOAD", source)
    if not digest then return nil, err end
    if type(digest) ~= "string" then return unexpected(self, "SCRIPT LOAD") end
    self.digests[source] = digest
  end
  reply, err = run(self, "EVALSHA", digest, "1", key, ...)
  if not reply and find(err.message, "NOSCRIPT", 1, true) then
    reply, err = run(self, "EVAL", source, "1", key, ...)
  end
  if reply and type(reply) ~= "number" then return unexpected(self, "EVALSHA") end
  return reply, err
end

--- Reads the value of a key.
-- @tparam string key
-- @treturn[1] string nil alone when the key is absent
-- @treturn[2] nil
-- @treturn[2] table err of kind "store"
function Store:get(key)
  contract.check_key(key)
  local reply, err = run(self, "GET", self.prefix .. TOKEN .. key)
  if not reply then return nil, err end
  if reply == core.null then return nil end
  if type(reply) ~= "string" then return unexpected(self, "GET") end
  return reply
end

--- Replaces the value of a key.
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

--- Deletes a key; an absent one is not an error.
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

-- The pattern, for SCAN, of the keys that have a value.
local function token_pattern(self)
  return gsub(self.prefix .. TOKEN, "[%*%?%[%]\\]", "\\%0") .. "*"
end

-- A node of a cluster returns only its own keys for SCAN. It refuses two keys of different slots (CROSSSLOT), and a
-- key of another node (MOVED). With a prefix such as "{lofty}:" all keys have one slot, and SCAN finds them all.
local function check_whole(self)
  local ok, err = run(self, "EVAL", "return 1", "2", self.prefix .. TOKEN .. "a", self.prefix .. TOKEN .. "b")
  return ok and true, err
end

--- Lists the keys that have a value, sorted. The server serves other clients meanwhile (SCAN).
-- @treturn[1] {string,...}
-- @treturn[2] nil
-- @treturn[2] table err of kind "store", also when the server is a node of a cluster: it has only a part of the keys
function Store:keys()
  local whole, err = check_whole(self)
  if not whole then return nil, err end
  local start, pattern = #self.prefix + #TOKEN + 1, token_pattern(self)
  local list, seen, cursor = {}, {}, "0"
  repeat
    local reply
    reply, err = run(self, "SCAN", cursor, "MATCH", pattern, "COUNT", SCAN_COUNT)
    if not reply then return nil, err end
    local names = type(reply) == "table" and reply[2]
    if type(names) ~= "table" or type(reply[1]) ~= "string" then return unexpected(self, "SCAN") end
    cursor = reply[1]
    for _, name in ipairs(names) do
      if type(name) ~= "string" then return unexpected(self, "SCAN") end
      if not seen[name] then -- SCAN may return a key twice
        seen[name] = true
        list[#list + 1] = sub(name, start)
      end
    end
  until cursor == "0"
  sort(list)
  return list
end

--- Takes a key's lock, unless it is locked; never waits for its holder.
-- @tparam string key
-- @tparam string owner a name that no other attempt has
-- @tparam number ttl seconds after which the lock ends, on the server's clock
-- @treturn[1] boolean
-- @treturn[2] nil
-- @treturn[2] table err of kind "store"
function Store:try_lock(key, owner, ttl)
  contract.check_key(key)
  contract.check_seconds(ttl, "ttl")
  local name = self.prefix .. LOCK .. key
  local reply, err, again = run(self, "SET", name, owner, "NX", "PX", format("%.0f", ceil(ttl * 1000)))
  if reply == core.null and again then
    -- The first attempt may have taken the lock before its connection broke.
    reply, err = run(self, "GET", name)
    if reply then return reply == owner end
  end
  if not reply then return nil, err end
  return reply ~= core.null
end

--- Frees a lock.
-- @tparam string key
-- @tparam string owner as given to try_lock; another owner's lock stays
-- @treturn[1] boolean whether the lock was the owner's
-- @treturn[2] nil
-- @treturn[2] table err of kind "store"
function Store:unlock(key, owner)
  contract.check_key(key)
  local reply, err = script(self, UNLOCK, self.prefix .. LOCK .. key, owner)
  if not reply then return nil, err end
  return reply == 1
end

--- Counts one call of a budget in a sliding window, on the server's clock.
-- @tparam string key the budget's name
-- @tparam number limit calls in a window
-- @tparam number window seconds
-- @treturn[1] number 0: counted; more: not counted, ask again after so many seconds
-- @treturn[2] nil
-- @treturn[2] table err of kind "store"
function Store:take(key, limit, window)
  contract.check_key(key)
  contract.check_seconds(window, "window")
  local reply, err = script(self, TAKE, self.prefix .. BUDGET .. key, format("%.0f", limit),
    format("%.0f", window * 1e6))
  if not reply then return nil, err end
  return reply / 1e6
end

-- Runs each command that the store uses, under a name that no account has.
local function try_all(self)
  local key, owner = "check:" .. core.base64_encode(crypto.random(12)), "check"
  local ok, err = self:get(key)
  if not err then ok, err = self:delete(key) end
  if ok then ok, err = self:try_lock(key, owner, 1) end
  if ok then ok, err = self:unlock(key, owner) end
  if ok then ok, err = self:take(key, 1, 1) end
  if ok then ok, err = check_whole(self) end
  if ok then ok, err = run(self, "SCAN", "0", "MATCH", token_pattern(self), "COUNT", "1") end
  return ok and true or nil, err
end

--- Checks that the server lets this store do all that it needs: that it runs, accepts the login and writes, and that
-- the user's ACL has every command.
-- @treturn[1] boolean true
-- @treturn[2] nil
-- @treturn[2] table err of kind "store"; for a missing permission it has the ACL line that gives it
function Store:check()
  local ok, err = try_all(self)
  return ok, err
end

local OPTIONS = {
  url = "string", prefix = "string", timeout = "number", connections = "number", idle = "number", ca = "string",
  certificate = "string", key = "string", server_name = "string",
}
local TLS_OPTIONS = { "ca", "certificate", "key", "server_name" }

-- What a new connection sends first. The password is in this closure alone, where no dump of the store shows it.
local function greeter(login, db)
  local user, password = login.user, login.password
  return function()
    local list = {}
    if user then
      list[1] = { "AUTH", user, password }
    elseif password then
      list[1] = { "AUTH", password }
    end
    if db ~= 0 then list[#list + 1] = { "SELECT", tostring(db) } end
    return list
  end
end

local function check_options(opt)
  for name, kind in pairs(OPTIONS) do
    if opt[name] ~= nil and type(opt[name]) ~= kind then
      misuse(format("lofty.store.redis: %s must be a %s, got %s", name, kind, type(opt[name])))
    end
  end
  if opt.url == nil then misuse("lofty.store.redis: url is required, e.g. redis://127.0.0.1:6379") end
  if opt.timeout and not (opt.timeout > 0 and opt.timeout <= 3600) then
    misuse("lofty.store.redis: timeout must be a number of seconds up to 3600")
  end
end

--- Makes a store. Nothing is sent before it is first used.
--     redis{
--       url = "redis://user:password@host:6379/0",  -- required; rediss:// for TLS; or unix:///path/to.sock?db=0
--       prefix = "lofty:",   -- what its keys begin with
--       timeout = 2,         -- seconds, the limit for connecting and for each whole reply
--       server_name = ,      -- with TLS: the name in the server's certificate, if not the url's host
--       ca = ,               -- with TLS, outside nginx: a PEM file of authorities, if not the system's
--       certificate = , key = ,  -- with TLS, outside nginx: PEM files of this client's certificate and key
--       connections = 32,    -- in nginx: how many idle connections a worker keeps,
--       idle = 60,           -- and for how many seconds
--     }
-- A Redis user (ACL) needs: `~PREFIX* +get +set +del +scan +eval +evalsha +script|load +time +lindex +lpush +ltrim
-- +pexpire`, and `+select` for a database other than 0. `store:check()`, which `app:connect` calls, tells what is
-- missing.
-- @tparam table opt as above
-- @treturn table the store
return function(opt)
  opt = errors.options("lofty.store.redis", opt, OPTIONS)
  check_options(opt)
  local target, login = read_url(opt.url)
  if not target then misuse("lofty.store.redis: url: " .. login) end
  for _, name in ipairs(TLS_OPTIONS) do
    if opt[name] and not target.tls then misuse("lofty.store.redis: " .. name .. " needs a rediss:// url") end
  end
  if opt.key and not opt.certificate then misuse("lofty.store.redis: key needs certificate") end
  local ngx = rawget(_G, "ngx")
  local kind = type(ngx) == "table" and ngx.socket and "cosocket" or "blocking"
  return setmetatable({
    name = target.name, db = target.db, user = login.user, prefix = opt.prefix or "lofty:", digests = {},
    greetings = greeter(login, target.db),
    connections = require("lofty.store.redis." .. kind)(target, {
      timeout = opt.timeout or 2, connections = opt.connections or 32, idle = opt.idle or 60, ca = opt.ca,
      certificate = opt.certificate, key = opt.key, server_name = opt.server_name, user = login.user,
      password = login.password,
    }),
  }, Store)
end
