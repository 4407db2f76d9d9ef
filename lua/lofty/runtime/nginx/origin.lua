--- A URL's origin: where to connect, and what must be the same for a connection to be shared.
-- @module lofty.runtime.nginx.origin

local setmetatable, tonumber = setmetatable, tonumber
local find, lower, match, sub = string.find, string.lower, string.match, string.sub

local origin = {}

-- Connections kept idle for an origin by each worker; beyond that the least recently used one is closed.
local POOL_SIZE = 128
-- Origins remembered by their text; one more and all are forgotten, so that odd URLs can't fill memory.
local MAX_KNOWN = 256

local known, count = {}, 0

-- 127.0.0.0/8 whole, so that nothing but four plain numbers counts.
local function loopback(host)
  return host == "localhost" or host == "::1" or find(host, "^127%.%d%d?%d?%.%d%d?%d?%.%d%d?%d?$") ~= nil
end

local Origin = { __name = "lofty.origin" }
Origin.__index = Origin

local function parse(scheme, authority)
  local tls = lower(scheme) == "https"
  if not tls and lower(scheme) ~= "http" then return nil, "the URL has to begin with https://" end
  if find(authority, "@", 1, true) then return nil, "a URL with credentials in it is not accepted" end
  local host, port = match(authority, "^%[([%x:.]+)%]:?(%d*)$")
  local literal = host ~= nil
  if not literal then host, port = match(authority, "^([%w.-]+):?(%d*)$") end
  if not host or (sub(authority, -1) == ":") then return nil, "the URL's host can't be read" end
  host = lower(host)
  port = port == "" and (tls and 443 or 80) or tonumber(port)
  if port < 1 or port > 65535 then return nil, "the URL's port is out of range" end
  if not tls and not loopback(host) then
    return nil, "plain http is allowed to loopback only: use https for " .. host
  end
  local bracketed = literal and "[" .. host .. "]" or host
  local shown = port == (tls and 443 or 80) and bracketed or bracketed .. ":" .. port
  -- The name of the pool is ours, so that no connection that other code made, unverified, gets into it.
  local pool = (tls and "lofty:https://" or "lofty:http://") .. bracketed .. ":" .. port
  return setmetatable({
    tls = tls,
    name = host, -- for SNI and the certificate's check
    address = host == "localhost" and "127.0.0.1" or bracketed, -- nginx's resolver reads no /etc/hosts
    port = port,
    shown = shown, -- for messages
    head = " HTTP/1.1\r\nHost: " .. shown .. "\r\nAccept-Encoding: gzip\r\n",
    connect = { pool = pool, pool_size = POOL_SIZE },
    session = nil, -- the last TLS session, for an abbreviated handshake
  }, Origin)
end

-- The slow way: a URL whose origin is new, or has no path.
local function look_up(url)
  local _, stop = find(url, "^%a+://[^/?#]+")
  if not stop then return nil, "an absolute URL is needed" end
  local text, target = sub(url, 1, stop), sub(url, stop + 1)
  local found = known[text]
  if not found then
    local why
    found, why = parse(match(text, "^(%a+)://(.+)$"))
    if not found then return nil, why end
    if count == MAX_KNOWN then known, count = {}, 0 end
    known[text], count = found, count + 1
  end
  if sub(target, 1, 1) ~= "/" then target = "/" .. target end
  return found, target
end

-- White space of any kind may end the target for a lenient server. Plain searches: they are compiled.
local function breaks(target)
  return find(target, " ", 1, true) or find(target, "\r", 1, true) or find(target, "\n", 1, true)
    or find(target, "\0", 1, true) or find(target, "\t", 1, true) or find(target, "\v", 1, true)
    or find(target, "\f", 1, true)
end

--- Takes a URL apart.
-- @tparam string url
-- @treturn[1] table the origin; the same one for the same text before the path
-- @treturn[1] string the request target: path and query
-- @treturn[2] nil
-- @treturn[2] string what is wrong with the URL, without its path or query
function origin.of(url)
  local slash = find(url, "/", #"https://" + 1, true)
  local found = slash and known[sub(url, 1, slash - 1)]
  local target
  if found then
    target = sub(url, slash)
  else
    found, target = look_up(url)
    if not found then return nil, target end
  end
  if breaks(target) then return nil, "the URL holds white space or a NUL: it has to be percent-encoded" end
  local fragment = find(target, "#", 1, true)
  if fragment then target = sub(target, 1, fragment - 1) end
  return found, target
end

return origin
