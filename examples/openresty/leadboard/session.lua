-- SPDX-License-Identifier: MIT

--- The session: the account that a signed cookie names. There are no passwords: to connect an account is to sign in.

local json = require("lofty").json
local cookie = require "leadboard.cookie"
local signed = require "leadboard.signed"

local LIFETIME = 12 * 3600

local session = {}

--- Begins a session.
-- @tparam string account as `app:connect` returned it
-- @tparam string name of the person, shown on each page
function session.start(account, name)
  cookie.set("session", json.encode { account = account, name = name }, LIFETIME)
end

--- The session of this request, or nil: `account`, `name`, and `token`, which forms carry.
function session.current()
  local text, raw = cookie.get("session")
  local fields = text and json.decode(text)
  if not fields then return nil end
  return { account = fields.account, name = fields.name, token = signed.mark("form", raw), raw = raw }
end

--- Tells whether a form was made for this session: another site can't know its token.
function session.owns(visitor, form)
  return signed.check("form", visitor.raw, form.token)
end

--- Ends the session in this browser.
function session.finish() cookie.clear("session") end

return session
