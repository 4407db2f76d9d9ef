-- SPDX-License-Identifier: MIT

--- Reads the token in the response to a token request.
-- @module lofty.oauth.token_response

local core = require "lofty.core"
local errors = require "lofty.errors"
local token = require "lofty.token"

local pairs, type = pairs, type
local floor = math.floor
local format = string.format
local null = core.null
local MAX_CREDENTIAL = core.limits.credential
local is_credential = token.is_credential

-- A refresh token lives until it is revoked, or 180 days after its creation (help.lofty.com 4405826620571).
local REFRESH_LIFETIME = 180 * 24 * 3600
-- A longer expires_in is ignored: some servers send milliseconds, or a point in time instead of a duration.
local MAX_LIFETIME = 10 * 365 * 24 * 3600

local token_response = {}

-- expires_in as whole seconds; nil when it is absent, 0 or makes no sense.
local function lifetime_of(value)
  value = token.number_of(value)
  if value and value >= 1 and value <= MAX_LIFETIME then return floor(value) end
  return nil
end

-- Fields of a token that are not copied to the next one.
local OWN = {
  access_token = true, token_type = true, expires_in = true, expires_at = true, obtained_at = true, revoked_at = true,
}

--- Reads a decoded token response (RFC 6749 section 5.1).
-- A granted token may be the only valid one, so an invalid field must not lose it: every invalid field but
-- access_token counts as absent.
-- @tparam table response
-- @tparam number now seconds since 1970
-- @tparam[opt] table previous the token that this one follows: its refresh token (RFC 6749 section 6), scope, account
--   and fields that this module does not know stay where the response has none
-- @treturn[1] table the token
-- @treturn[2] nil
-- @treturn[2] table err of kind "decode": there is no access_token, or a request can't contain it
function token_response.read(response, now, previous)
  local access_token = response.access_token
  if not is_credential(access_token) then
    local problem = (access_token == nil or access_token == null) and "has no access_token"
      or type(access_token) == "string" and #access_token > MAX_CREDENTIAL
        and format("has an access_token of %d bytes, the limit is %d", #access_token, MAX_CREDENTIAL)
      or "has an access_token with characters that a header can't contain"
    return nil, errors.new { kind = "decode", sent = true, message = "the token response " .. problem }
  end

  local new = {}
  for name, value in pairs(previous or {}) do
    if not OWN[name] then new[name] = value end
  end
  for name, value in pairs(response) do
    if value ~= null then new[name] = value end
  end
  new.account = previous and previous.account or nil
  new.connected_at = previous and previous.connected_at or nil
  new.scope = type(response.scope) == "string" and response.scope or previous and previous.scope or nil
  new.token_type = "Bearer"
  new.expires_in = lifetime_of(response.expires_in)
  new.obtained_at = floor(now)
  new.expires_at = new.expires_in and new.obtained_at + new.expires_in or nil
  new.revoked_at = nil
  new.refresh_token = is_credential(response.refresh_token) and response.refresh_token or nil
  if new.refresh_token and not (previous and previous.refresh_token == new.refresh_token) then
    new.refresh_expires_at = new.obtained_at + REFRESH_LIFETIME
  else
    new.refresh_token = previous and previous.refresh_token or nil
    new.refresh_expires_at = previous and previous.refresh_expires_at or nil
  end
  return (token.of(new))
end

return token_response
