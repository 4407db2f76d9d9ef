-- SPDX-License-Identifier: MIT

--- Authorization codes, access tokens and refresh tokens, and how they end.
--
-- All of them are in the shared dict. Each belongs to a family, which began with one consent. A family can be ended, and
-- all of an account's codes and tokens that were issued up to now.
-- @module lofty.sandbox.server.tokens

local json = require "lofty.sandbox.server.json"
local settings = require "lofty.sandbox.server.settings"
local state = require "lofty.sandbox.server.state"

local tokens = {}

local random = assert(io.open("/dev/urandom", "rb"))

-- A random string that ends with characters which must be encoded in forms and URLs.
local function random_string(length)
  return ngx.encode_base64(random:read(length)) .. "/+"
end

local function put(kind, secret, record)
  record.sequence = state.sequence("grant")
  assert(ngx.shared.sandbox:safe_set(kind .. ":" .. secret, json.encode(record)), "the sandbox's memory is full")
  return secret
end

local function get(kind, secret)
  local text = ngx.shared.sandbox:get(kind .. ":" .. secret)
  return text and json.decode(text) or nil
end

-- True when it has expired, its family has ended, or the control endpoint has ended its kind for the account.
local function ended(kind, record)
  local dict = ngx.shared.sandbox
  if dict:get("dead:" .. record.family) then return true end
  local mark = record.client .. ":" .. record.account
  local upto = math.max(dict:get("ended:all:" .. mark) or 0, dict:get("ended:" .. kind .. ":" .. mark) or 0)
  return record.sequence <= upto or record.expires <= settings.now()
end

-- Issues a code or token for the client, account and family of `from`; `more` is stored with it.
local function grant(kind, length, from, ttl, more)
  local record = more or {}
  record.client, record.account, record.family = from.client, from.account, from.family
  record.expires = settings.now() + ttl
  return put(kind, random_string(length), record)
end

local function access(from) return grant("access", 30, from, settings.get().access_ttl) end
local function refreshable(from) return grant("refresh", 33, from, settings.get().refresh_ttl) end

--- Issues an authorization code for an account that has consented.
-- @tparam table consent {client, account, redirect_uri, challenge}
function tokens.code(consent)
  local from = { client = consent.client, account = consent.account, family = tostring(state.sequence("family")) }
  return grant("code", 24, from, settings.get().code_ttl,
               { redirect_uri = consent.redirect_uri, challenge = consent.challenge })
end

--- The record of a code; nil when it is unknown or has ended.
function tokens.read_code(code)
  local record = get("code", code)
  if not record or ended("code", record) then return nil end
  return record
end

--- Marks a code as used. A second use ends the family of the first (RFC 6749 section 4.1.2).
-- @treturn boolean false when it was used before
function tokens.spend_code(code, record)
  if ngx.shared.sandbox:add("spent:" .. code, true) then return true end
  ngx.shared.sandbox:set("dead:" .. record.family, true)
  return false
end

--- Issues tokens; `record` has client, account and family.
-- @treturn string access token
-- @treturn string|nil refresh token
function tokens.issue(record, with_refresh)
  record.family = record.family or tostring(state.sequence("family"))
  return access(record), with_refresh and refreshable(record) or nil
end

--- The record of an access token; nil when it is unknown or has ended.
function tokens.read_access(token)
  local record = get("access", token)
  if not record or ended("access", record) then return nil end
  return record
end

--- Ends all codes and tokens of an account for a client.
function tokens.revoke(client, account)
  ngx.shared.sandbox:set("ended:all:" .. client .. ":" .. account, state.sequence("grant"))
end

--- Ends an account's tokens of one kind for a client.
-- @tparam string kind "access", "refresh" or "code"
function tokens.expire(kind, client, account)
  ngx.shared.sandbox:set("ended:" .. kind .. ":" .. client .. ":" .. account, state.sequence("grant"))
end

-- A refresh token that was used before: within the grace time its successors again, later all of the account's tokens
-- are revoked.
local function reuse(token, record)
  local set = settings.get()
  local rotated = json.decode(ngx.shared.sandbox:get("rotated:" .. token) or "null")
  if rotated ~= json.null and settings.now() <= rotated.at + set.refresh_grace then
    return rotated.access, rotated.refresh
  end
  tokens.revoke(record.client, record.account)
  return nil
end

--- Issues an access token for a refresh token, and with rotation a new refresh token.
-- @treturn[1] string access token
-- @treturn[1] string|nil refresh token
-- @treturn[1] table the grant's record
-- @treturn[2] nil when the refresh token is unknown, has ended, is another client's, or was used before
function tokens.refresh(token, client)
  local record = get("refresh", token)
  if not record or record.client ~= client or ended("refresh", record) then return nil end
  local set = settings.get()
  if not set.refresh_rotation then
    return access(record), set.refresh_answer == "same" and token or nil, record
  end
  if not ngx.shared.sandbox:add("spent:" .. token, true) then
    local fresh, successor = reuse(token, record)
    return fresh, successor, record
  end
  local fresh, successor = access(record), refreshable(record)
  ngx.shared.sandbox:set("rotated:" .. token, json.encode { at = settings.now(), access = fresh, refresh = successor })
  return fresh, successor, record
end

return tokens
