--- A token as a table with manners: plain fields that can be stored, methods by metatable.
--
-- Fields: `access_token`, `refresh_token`, `token_type`, `scope`, `expires_in` (seconds), `obtained_at`,
-- `expires_at`, `refresh_expires_at`, `revoked_at` (epoch seconds), `account`, and whatever else the
-- server sent. `expires_at` is nil when the server named no lifetime; then a 401 decides.
-- @module lofty.token

local errors = require "lofty.errors"

local setmetatable, type, tonumber, pairs = setmetatable, type, tonumber, pairs
local floor, min, huge = math.floor, math.min, math.huge
local date = os.date

local LEEWAY = 60
-- Until revoked, or 180 days after its creation (help.lofty.com 4405826620571).
local REFRESH_LIFETIME = 180 * 24 * 3600

local methods = {}
local Token = { __name = "lofty.token", __index = methods }

local token = {}

-- The end of the year 9999: os.date raises for what no calendar holds.
local LAST = 253402300799

local function clock(seconds)
  if not (seconds >= 0 and seconds <= LAST) then return "at a time without a date" end
  return date("!%Y-%m-%d %H:%M:%SZ", floor(seconds))
end

--- Without any secret: when it ends, and whether it can be refreshed.
function Token:__tostring()
  local line = "lofty.token: "
  if self.revoked_at then
    line = line .. "revoked " .. clock(self.revoked_at)
  elseif self.expires_at then
    line = line .. "ends " .. clock(self.expires_at)
  else
    line = line .. "no end known"
  end
  return line .. (self.refresh_token and ", refreshable" or ", not refreshable")
end

--- Tells whether the token ends within the leeway: 60 s, or a tenth of its lifetime where that is less.
-- @tparam number now epoch seconds
-- @treturn boolean
function methods:stale(now)
  local ends = self.expires_at
  if not ends then return false end
  local leeway = self.expires_in and min(LEEWAY, self.expires_in / 10) or LEEWAY
  return now >= ends - leeway
end

--- Tells whether the token has ended, without any leeway.
-- @tparam number now epoch seconds
-- @treturn boolean
function methods:ended(now)
  local ends = self.expires_at
  return ends ~= nil and now >= ends
end

--- The value of the Authorization header (RFC 6750 section 2.1; an API key takes Lofty's word `token`).
-- @treturn string
function methods:authorization()
  return (self.token_type == "token" and "token " or "Bearer ") .. self.access_token
end

-- What may stand in an Authorization header: RFC 6749 appendix A.12.
local function is_credential(value)
  return type(value) == "string" and value ~= "" and not value:find("[^\32-\126]")
end

--- Gives a plain table, as it came out of a file or a database, the manners of a token.
-- @tparam table fields with at least `access_token`
-- @treturn[1] table the token, a copy
-- @treturn[2] nil
-- @treturn[2] table err of kind "invalid"
function token.wrap(fields)
  local copy = {}
  for name, value in pairs(fields) do
    if not methods[name] then copy[name] = value end
  end
  for _, name in ipairs { "access_token", "refresh_token" } do
    local value = copy[name]
    if not (is_credential(value) or name == "refresh_token" and value == nil) then
      return nil, errors.new {
        kind = "invalid", sent = false,
        message = "token." .. name .. " must be a string of printable ASCII, not empty",
      }
    end
  end
  for _, name in ipairs { "expires_in", "expires_at", "obtained_at", "refresh_expires_at", "revoked_at" } do
    local value = copy[name]
    if value ~= nil and type(value) ~= "number" then
      return nil, errors.new { kind = "invalid", sent = false, message = "token." .. name .. " must be a number" }
    end
  end
  local kind = type(copy.account)
  if kind ~= "nil" and kind ~= "string" and kind ~= "number" then
    return nil, errors.new { kind = "invalid", sent = false, message = "token.account must be a string" }
  end
  return setmetatable(copy, Token)
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

-- Seconds, or nil for none or 0; false when it makes no sense.
local function lifetime(value)
  if value == nil then return nil end
  if type(value) == "string" then
    if not value:find("^%d+$") then return false end
    value = tonumber(value)
  end
  if type(value) ~= "number" or value ~= value or value < 0 or value == huge then return false end
  if value == 0 then return nil end
  return floor(value)
end

local function broken(message)
  return nil, errors.new { kind = "decode", sent = true, message = "the token answer " .. message }
end

--- Reads a decoded token answer (RFC 6749 section 5.1). Every member but access_token may be missing.
-- @tparam table answer
-- @tparam number now epoch seconds
-- @tparam[opt] table previous the token that this one follows: its refresh token, account and the end of
--   that refresh token stay where the answer has none (RFC 6749 section 6)
-- @tparam table null the value that stands for JSON's null
-- @treturn[1] table the token
-- @treturn[2] nil
-- @treturn[2] table err of kind "decode"
function token.read(answer, now, previous, null)
  local new = {}
  for name, value in pairs(answer) do
    if value ~= null and not methods[name] then new[name] = value end -- a field would hide the method
  end
  if new.access_token == nil then return broken("has no access_token") end
  if not is_credential(new.access_token) then return broken("has an access_token that no header can carry") end
  if new.refresh_token ~= nil and not is_credential(new.refresh_token) then
    return broken("has a refresh_token that is not printable text")
  end
  local kind = new.token_type
  if kind ~= nil and not (type(kind) == "string" and kind:lower() == "bearer") then
    return broken("has a token_type other than Bearer")
  end
  local seconds = lifetime(new.expires_in)
  if seconds == false then return broken("has an expires_in that is no number of seconds") end

  new.token_type = "Bearer"
  new.expires_in = seconds
  new.obtained_at = floor(now)
  new.expires_at = seconds and new.obtained_at + seconds or nil
  new.account = previous and previous.account or nil
  new.revoked_at = nil
  new.refresh_expires_at = nil
  if new.refresh_token and not (previous and previous.refresh_token == new.refresh_token) then
    new.refresh_expires_at = new.obtained_at + REFRESH_LIFETIME
  elseif previous then
    new.refresh_token = previous.refresh_token
    new.refresh_expires_at = previous.refresh_expires_at
  end
  return setmetatable(new, Token)
end

return token
