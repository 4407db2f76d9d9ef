-- SPDX-License-Identifier: MIT

--- The authorization request and the callback (RFC 6749 section 4.1, RFC 7636).
-- @module lofty.oauth.authorization

local core = require "lofty.core"
local crypto = require "lofty.crypto"
local errors = require "lofty.errors"

local pairs, type, tostring = pairs, type, tostring
local concat = table.concat
local find, gmatch, match, sub = string.find, string.gmatch, string.match, string.sub
local base64url_encode, random = core.base64url_encode, crypto.random
local max_address = core.limits.uri

local authorization = {}

--- Builds the address of the consent page.
-- Lofty documents only `clientId`, but returns `state` as well. A PKCE challenge is sent under the names of
-- RFC 6749 and RFC 7636.
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
  -- The query goes before a fragment (RFC 3986 section 3).
  local address, fragment = opt.address, ""
  local hash = find(address, "#", 1, true)
  if hash then address, fragment = sub(address, 1, hash - 1), sub(address, hash) end
  return address .. (find(address, "?", 1, true) and "&" or "?") .. query .. fragment, state, verifier
end

local function failure(code, message, state_verified)
  return nil, errors.new {
    kind = "oauth", code = code, sent = false, state_verified = state_verified or false, message = message,
  }
end

-- The query of an address, or of a query alone, without white space round it. Plain searches, because patterns may be
-- slow on text from outside.
local function query_of(text)
  local hash = find(text, "#", 1, true)
  local last = hash and hash - 1 or #text
  local question_mark = find(text, "?", 1, true)
  local first = question_mark and question_mark <= last and question_mark + 1 or 1
  while last >= first and find(sub(text, last, last), "%s") do last = last - 1 end
  while first <= last and find(sub(text, first, first), "%s") do first = first + 1 end
  return sub(text, first, last)
end

local PARAMETERS = { code = true, state = true, error = true, error_description = true }

-- The OAuth parameters of a query. Others are left out, since they may be repeated or encoded in another way.
local function own_parameters(query)
  local own = {}
  for pair in gmatch(query, "[^&]+") do
    if PARAMETERS[match(pair, "^[^=]*")] then own[#own + 1] = pair end
  end
  return concat(own, "&")
end

-- The arguments as a table of strings, each given once (RFC 6749 section 3.1).
local function arguments(args)
  if type(args) == "string" then
    if #args > max_address then
      return failure("invalid_request", "the address of the callback is longer than " .. max_address .. " bytes")
    end
    local decoded, why = core.query_decode(own_parameters(query_of(args)))
    if not decoded then return failure("invalid_request", "the address of the callback can't be read: " .. why) end
    return decoded
  end
  local plain = {}
  for name in pairs(PARAMETERS) do
    local value = args[name]
    if type(value) == "table" then
      return failure("invalid_request", "the callback has " .. name .. " more than once")
    end
    -- nginx gives true for a name without "=".
    if value ~= nil and value ~= true then plain[name] = tostring(value) end
  end
  return plain
end

-- The consent page reported an error. Without the expected state anybody may have made up the URL. Then only
-- access_denied is reported, because Lofty documents it without a state.
local function reported_error(given, verified)
  local name = given.error
  if not verified and name ~= "access_denied" then
    return failure("state_missing", "the callback reports an error without a state, which anybody may have sent: "
      .. "it is ignored")
  end
  local message = name == "access_denied" and "access was denied on the consent page"
    or "the consent page reports " .. name
  if given.error_description then message = message .. ": " .. given.error_description end
  return failure(name, message, verified)
end

--- Reads the callback.
-- @tparam table|string args
-- @tparam ?string expected the state that `url` gave
-- @tparam boolean required false: a callback without a state is accepted
-- @treturn[1] string the code
-- @treturn[2] nil
-- @treturn[2] table err of kind "oauth" with `state_verified`
function authorization.callback(args, expected, required)
  local given, err = arguments(args)
  if not given then return nil, err end
  local state = given.state
  local verified = expected ~= nil and state ~= nil and core.equal(state, expected)
  if state ~= nil and not verified and (required or expected ~= nil) then
    return failure("state_mismatch", expected
      and "the callback's state is not the expected one: it belongs to another request, or is forged"
      or "there is no expected state to compare the callback's with: is the user's session gone?")
  end
  if given.error and given.error ~= "" then
    local none, reported = reported_error(given, verified)
    return none, reported
  end
  if state == nil and required then
    return failure("state_missing", "the callback has no state; lofty.app{ require_state = false } accepts that, "
      .. "and with it a code that anybody has sent")
  end
  local code = given.code
  if not code or code == "" then
    return failure("code_missing", "the callback has neither a code nor an error", verified)
  end
  return code
end

return authorization
