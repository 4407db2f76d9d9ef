--- The authorization request and what comes back from it (RFC 6749 section 4.1, RFC 7636).
-- @module lofty.oauth.authorization

local core = require "lofty.core"
local crypto = require "lofty.crypto"
local errors = require "lofty.errors"

local ipairs, type, tostring = ipairs, type, tostring
local find, match = string.find, string.match
local base64url_encode, random = core.base64url_encode, crypto.random

local authorization = {}

--- Builds the address of the consent page.
-- Lofty documents `clientId` alone; `state` comes back all the same. A PKCE challenge goes with the names
-- of RFC 6749 and RFC 7636, which such a page has to know.
-- @tparam table opt `address`, `client_id`, `redirect_uri`, `state` (or nil: made here), `pkce` (boolean)
-- @treturn string url
-- @treturn string state
-- @treturn ?string code_verifier
function authorization.url(opt)
  local state = opt.state or base64url_encode(random(16))
  local params = { clientId = opt.client_id, state = state }
  local verifier
  if opt.pkce then
    verifier = base64url_encode(random(32))
    params.client_id = opt.client_id
    params.response_type = "code"
    params.redirect_uri = opt.redirect_uri
    params.code_challenge = base64url_encode(crypto.sha256(verifier))
    params.code_challenge_method = "S256"
  end
  local query, why = core.query_encode(params)
  if not query then
    return nil, errors.new { kind = "invalid", sent = false, message = "authorize_url: " .. why }
  end
  return opt.address .. (find(opt.address, "?", 1, true) and "&" or "?") .. query, state, verifier
end

local function refused(code, message)
  return nil, errors.new { kind = "oauth", code = code, sent = false, message = message }
end

-- The arguments as a table of strings, each given once (RFC 6749 section 3.1).
local function arguments(args)
  if type(args) == "string" then
    local query = match(args, "%?([^#]*)") or match(args, "^([^#]*)")
    local decoded, why = core.query_decode((query:gsub("%s+$", "")))
    if not decoded then return refused("invalid_request", "the address of the callback can't be read: " .. why) end
    return decoded
  end
  local plain = {}
  for _, name in ipairs { "code", "state", "error", "error_description" } do
    local value = args[name]
    if type(value) == "table" then
      return refused("invalid_request", "the callback has " .. name .. " more than once")
    end
    -- nginx gives true for a name without "=".
    if value ~= nil and value ~= true then plain[name] = tostring(value) end
  end
  return plain
end

--- Reads the callback.
-- @tparam table|string args
-- @tparam ?string expected the state that `url` gave
-- @tparam boolean required false: a callback without a state is accepted
-- @treturn[1] string the code
-- @treturn[2] nil
-- @treturn[2] table err of kind "oauth"
function authorization.callback(args, expected, required)
  local given, err = arguments(args)
  if not given then return nil, err end
  local state = given.state
  local known = type(expected) == "string"
  local wanted = required or expected ~= nil
  if state ~= nil and wanted and not (known and core.equal(state, expected)) then
    return refused("state_mismatch", known
      and "the callback's state is not the one that was sent: it answers another request, or is forged"
      or "no state is known to compare the callback's with: is the person's session gone?")
  end
  if given.error and given.error ~= "" then
    local message = given.error == "access_denied" and "access was denied on the consent page"
      or "the consent page answered " .. given.error
    if given.error_description then message = message .. ": " .. given.error_description end
    return refused(given.error, message)
  end
  if state == nil and required then
    return refused("state_missing", "the callback has no state; lofty.app{ require_state = false } accepts that, "
      .. "and with it anybody's code")
  end
  local code = given.code
  if not code or code == "" then return refused("code_missing", "the callback has neither a code nor an error") end
  return code
end

return authorization
