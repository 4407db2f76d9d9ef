-- SPDX-License-Identifier: MIT

--- Reads the url of a Redis server.
-- @module lofty.store.redis.url

local core = require "lofty.core"

local tonumber = tonumber
local format, gsub, match = string.format, string.gsub, string.match

local SCHEMES = "it must begin with redis://, rediss:// or unix://"
local DEFAULT_PORT = 6379

local function read_socket(target, place)
  local path, query = match(place, "^(/[^%?]*)%??(.*)$")
  if not path then return nil, "unix:// must be followed by the absolute path of a socket" end
  target.host = core.percent_decode(path)
  if not target.host then return nil, "its path has a % that is not followed by two hexadecimal digits" end
  target.name = "unix:" .. path
  return match(query, "^db=(%d+)$") or query
end

local function read_address(target, place)
  local address, path = match(place, "^([^/]*)/?(.*)$")
  local host, port = match(address, "^%[(.*)%](.*)$")
  if not host then host, port = match(address, "^([^:]*)(.*)$") end
  if not port:find("^:?%d*$") then return nil, "its host and port must be written host:port" end
  target.host = host ~= "" and host or "127.0.0.1"
  target.port = tonumber(port:sub(2)) or DEFAULT_PORT
  if target.port < 1 or target.port > 65535 then return nil, "its port must be a number from 1 to 65535" end
  target.name = format("%s:%d", target.host, target.port)
  return path
end

local function read_login(text)
  local user, password = match(text, "^([^:]*):(.*)$")
  if not user then return nil, "a password must follow a colon: redis://:password@host" end
  user, password = core.percent_decode(user), core.percent_decode(password)
  if not user or not password then return nil, "a % in a user or password must be written %25" end
  if user ~= "" and password == "" then return nil, "it has a user and no password" end
  return { user = user ~= "" and user or nil, password = password ~= "" and password or nil }
end

--- Reads a url: `redis://[user:password@]host[:port][/db]`, the same with `rediss` for TLS, or
-- `unix://[user:password@]/path[?db=n]`.
-- @tparam string text
-- @treturn[1] table target: `host` and `port`, or the socket's path as `host` and no port; `db` (number), `tls`
--   (boolean), `name` (without the login, for messages)
-- @treturn[1] table login: `user`, `password`, each nil when absent
-- @treturn[2] nil
-- @treturn[2] string why, without any part of the login
return function(text)
  local scheme, rest = match(gsub(text, "^unix:/([^/])", "unix:///%1"), "^(%a+)://(.*)$")
  if scheme ~= "redis" and scheme ~= "rediss" and scheme ~= "unix" then return nil, SCHEMES end
  local login, place = match(rest, "^([^/]*)@(.*)$")
  place = place or rest
  if place:find("@", 1, true) then return nil, 'a "/" or "@" in a user or password must be written %2F or %40' end
  local target = { tls = scheme == "rediss" }
  local db, why = (scheme == "unix" and read_socket or read_address)(target, place)
  if not db then return nil, why end
  if not db:find("^%d*$") then return nil, "its database must be a number" end
  target.db = tonumber(db) or 0
  if not login then return target, {} end
  login, why = read_login(login)
  if not login then return nil, why end
  return target, login
end
