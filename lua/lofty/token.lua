-- SPDX-License-Identifier: MIT

--- A token: a plain table of fields that can be stored as it is, with methods by metatable.
--
-- Fields: `access_token`, `refresh_token`, `token_type`, `scope` (strings), `expires_in` (seconds), `obtained_at`,
-- `expires_at`, `refresh_expires_at`, `revoked_at`, `connected_at` (seconds since 1970; the last one is set by
-- `app:connect`), `account` (string), and whatever else the
-- server sent. `expires_at` is nil when the server named no lifetime; then it expires when a call gets 401.
-- @module lofty.token

local core = require "lofty.core"
local lazy = require "lofty.internal.lazy"

local errors = lazy "lofty.errors"

local setmetatable, type, tonumber, pairs, ipairs = setmetatable, type, tonumber, pairs, ipairs
local floor, min = math.floor, math.min
local find, format, match = string.find, string.format, string.match
local date = os.date
local null, number_text = core.null, core.number_text
local MAX_CREDENTIAL = core.limits.credential

-- Seconds before its expiry from which a token is due for refresh; a tenth of its lifetime where that is less.
local LEEWAY = 60
-- The end of the year 9999, the last that os.date and other programs can show.
local MAX_TIME = 253402300799

-- Fields that this module checks; all others are copied unchanged.
local TEXTS = { "access_token", "refresh_token" }
local TIMES = { "connected_at", "expires_at", "obtained_at", "refresh_expires_at", "revoked_at" }

local methods = {}
local Token = { __name = "lofty.token", __index = methods }

local token = {}

local function show_time(seconds)
  return date("!%Y-%m-%d %H:%M:%SZ", floor(seconds))
end

--- One line without any secret: when the token expires, and whether it can be refreshed.
function Token:__tostring()
  local line
  if self.revoked_at then
    line = "revoked " .. show_time(self.revoked_at)
  elseif self.expires_at then
    line = "expires " .. show_time(self.expires_at)
  else
    line = "without a known expiry"
  end
  return "lofty.token: " .. line .. (self.refresh_token and ", refreshable" or ", not refreshable")
end

--- The state of the token.
-- @tparam number now seconds since 1970
-- @treturn string "fresh": use it; "stale": the server still accepts it, but it is due for refresh (it expires within
--   60 s, or within a tenth of its lifetime where that is less); "invalid": expired or revoked
function methods:state(now)
  if self.revoked_at then return "invalid" end
  local expires_at = self.expires_at
  if not expires_at then return "fresh" end
  if now >= expires_at then return "invalid" end
  local leeway = self.expires_in and min(LEEWAY, self.expires_in / 10) or LEEWAY
  return now >= expires_at - leeway and "stale" or "fresh"
end

--- The value of the Authorization header (RFC 6750 section 2.1; an API key takes Lofty's scheme `token`).
-- @treturn string
function methods:authorization()
  return (self.token_type == "token" and "token " or "Bearer ") .. self.access_token
end

--- Whether a value can be an access token or a refresh token: printable ASCII (RFC 6749 appendix A.12 and A.17), as a
-- header allows no other bytes, and not too long.
-- @param value
-- @treturn boolean
function token.is_credential(value)
  return type(value) == "string" and value ~= "" and #value <= MAX_CREDENTIAL and not find(value, "[^\32-\126]")
end
local is_credential = token.is_credential

local MAX_NUMBER = 40 -- bytes of a number that came as text

--- Reads a number, or a string of decimal digits, as a number.
-- @param value
-- @treturn ?number nil for anything else
function token.number_of(value)
  if type(value) == "string" then
    value = #value <= MAX_NUMBER and tonumber(match(value, "^%s*(%d+)%.?%d*%s*$"))
  end
  if type(value) == "number" and value == value then return value end
  return nil
end
local number_of = token.number_of

--- Makes a token of fields that have been checked.
-- @tparam table fields becomes the token; a field with a method's name, which would hide the method, is removed
-- @treturn table the token
function token.of(fields)
  for name in pairs(methods) do fields[name] = nil end
  return setmetatable(fields, Token)
end

local function invalid(message)
  return nil, errors.new { kind = "invalid", sent = false, message = message }
end

-- Returns a message if a field of a stored token that this module uses is invalid, else nil.
local function problem_of(fields)
  for _, name in ipairs(TEXTS) do
    local value = fields[name]
    if value ~= nil and not is_credential(value) then
      return format("token.%s must be a string of printable ASCII characters, 1 to %d of them", name, MAX_CREDENTIAL)
    end
  end
  local access_token = fields.access_token
  if not access_token then return "token.access_token is missing" end
  if find(access_token, "^[Bb]earer ") then
    return "token.access_token must be the token alone, without the word Bearer before it"
  end
  for _, name in ipairs(TIMES) do
    local value = fields[name]
    if value ~= nil and not (type(value) == "number" and value >= 0 and value <= MAX_TIME) then
      return "token." .. name .. " must be a number of seconds since 1970"
    end
  end
  local expires_in, account = fields.expires_in, fields.account
  if expires_in ~= nil and not (type(expires_in) == "number" and expires_in >= 0) then
    return "token.expires_in must be a number of seconds"
  end
  if account ~= nil and type(account) ~= "string" then return "token.account must be a string" end
  return nil
end

--- Makes a token of a plain table, as it came from a file or a database.
-- A JSON null counts as an absent field, an empty refresh_token as well; times may be digits in a string. Fields that
-- this module does not know stay.
-- @tparam table fields with at least `access_token`
-- @treturn[1] table the token, a copy
-- @treturn[2] nil
-- @treturn[2] table err of kind "invalid"
function token.wrap(fields)
  local copy = {}
  for name, value in pairs(fields) do
    if value ~= null then copy[name] = value end
  end
  if copy.refresh_token == "" then copy.refresh_token = nil end
  if type(copy.account) == "number" then copy.account = number_text(copy.account) end
  for _, name in ipairs(TIMES) do copy[name] = number_of(copy[name]) or copy[name] end
  copy.expires_in = number_of(copy.expires_in) or copy.expires_in
  local problem = problem_of(copy)
  if problem then return invalid(problem) end
  return (token.of(copy))
end

--- A credential that never changes: an API key, or an access token without anything to refresh it.
-- @tparam string credential
-- @tparam string token_type "token" for an API key, "Bearer" for an access token
-- @treturn[1] table the token
-- @treturn[2] nil
-- @treturn[2] table err of kind "invalid"
function token.fixed(credential, token_type)
  return token.wrap { access_token = credential, token_type = token_type }
end

return token
