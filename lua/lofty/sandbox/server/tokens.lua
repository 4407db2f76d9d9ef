--- Grants: codes, access tokens and refresh tokens, and what becomes of them.
--
-- Everything stands in the shared dict. A grant belongs to a family (what came of one consent);
-- a family, or all of an account's families up to now, can be ended at a stroke.
-- @module lofty.sandbox.server.tokens

local json = require "lofty.sandbox.server.json"
local settings = require "lofty.sandbox.server.settings"
local state = require "lofty.sandbox.server.state"

local tokens = {}

local random = assert(io.open("/dev/urandom", "rb"))

-- A secret word with the characters that make careless encoding fail.
local function word(length)
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

-- True when the control endpoint has ended this kind of grant for its account, or its family is dead.
local function ended(kind, record)
  local dict = ngx.shared.sandbox
  if dict:get("dead:" .. record.family) then return true end
  local mark = record.client .. ":" .. record.account
  local upto = math.max(dict:get("ended:all:" .. mark) or 0, dict:get("ended:" .. kind .. ":" .. mark) or 0)
  return record.sequence <= upto or record.expires <= settings.now()
end

-- A new secret of a kind for whom `from` names; `more` is remembered with it.
local function grant(kind, length, from, ttl, more)
  local record = more or {}
  record.client, record.account, record.family = from.client, from.account, from.family
  record.expires = settings.now() + ttl
  return put(kind, word(length), record)
end

local function access(from) return grant("access", 30, from, settings.get().access_ttl) end
local function refreshable(from) return grant("refresh", 33, from, settings.get().refresh_ttl) end

--- A code for an account that has just said yes.
-- @tparam table consent {client, account, redirect_uri, challenge}
function tokens.code(consent)
  local from = { client = consent.client, account = consent.account, family = tostring(state.sequence("family")) }
  return grant("code", 24, from, settings.get().code_ttl,
               { redirect_uri = consent.redirect_uri, challenge = consent.challenge })
end

--- What a code stands for; nil when it is unknown or over.
function tokens.read_code(code)
  local record = get("code", code)
  if not record or ended("code", record) then return nil end
  return record
end

--- Takes a code for its one use. A second use ends what came of the first (RFC 6749 section 4.1.2).
function tokens.spend_code(code, record)
  if ngx.shared.sandbox:add("spent:" .. code, true) then return true end
  ngx.shared.sandbox:set("dead:" .. record.family, true)
  return false
end

--- The tokens for a grant: `record` names client, account and family.
-- @treturn string access token
-- @treturn string|nil refresh token
function tokens.issue(record, with_refresh)
  record.family = record.family or tostring(state.sequence("family"))
  return access(record), with_refresh and refreshable(record) or nil
end

--- What an access token stands for; nil when it is unknown or over.
function tokens.read_access(token)
  local record = get("access", token)
  if not record or ended("access", record) then return nil end
  return record
end

--- Ends everything that an account has given to a client.
function tokens.revoke(client, account)
  ngx.shared.sandbox:set("ended:all:" .. client .. ":" .. account, state.sequence("grant"))
end

--- Ends one kind of an account's grants: "access", "refresh" or "code".
function tokens.expire(kind, client, account)
  ngx.shared.sandbox:set("ended:" .. kind .. ":" .. client .. ":" .. account, state.sequence("grant"))
end

-- A rotated token that comes again: within the grace the successor's answer, else the account is lost.
local function again(token, record)
  local set = settings.get()
  local rotated = json.decode(ngx.shared.sandbox:get("rotated:" .. token) or "null")
  if rotated ~= json.null and settings.now() <= rotated.at + set.refresh_grace then
    return rotated.access, rotated.refresh
  end
  tokens.revoke(record.client, record.account)
  return nil
end

--- Refreshes.
-- @treturn[1] string access token
-- @treturn[1] string|nil refresh token
-- @treturn[1] table the grant's record
-- @treturn[2] nil when the refresh token is unknown, over, another client's, or was used before
function tokens.refresh(token, client)
  local record = get("refresh", token)
  if not record or record.client ~= client or ended("refresh", record) then return nil end
  local set = settings.get()
  if not set.refresh_rotation then
    return access(record), set.refresh_answer == "same" and token or nil, record
  end
  if not ngx.shared.sandbox:add("spent:" .. token, true) then
    local fresh, successor = again(token, record)
    return fresh, successor, record
  end
  local fresh, successor = access(record), refreshable(record)
  ngx.shared.sandbox:set("rotated:" .. token, json.encode { at = settings.now(), access = fresh, refresh = successor })
  return fresh, successor, record
end

return tokens
