--- Who is here: the account that a signed cookie names. There are no passwords: to connect is to sign in.

local json = require("lofty").json
local cookie = require "leadboard.cookie"
local signed = require "leadboard.signed"

local LIFE = 12 * 3600

local session = {}

--- Begins one.
-- @tparam string account as `app:connect` gave it
-- @tparam string name to greet the person by
function session.start(account, name)
  cookie.set("session", json.encode { account = account, name = name }, LIFE)
end

--- The session of this request, or nil: `account`, `name`, and `token`, which its forms carry.
function session.current()
  local text, raw = cookie.get("session")
  local held = text and json.decode(text)
  if not held then return nil end
  return { account = held.account, name = held.name, token = signed.mark("form", raw), raw = raw }
end

--- Tells whether a form was made for this session: another site can't know its token.
function session.owns(held, form)
  return signed.check("form", held.raw, form.token)
end

--- Ends it in this browser.
function session.finish() cookie.clear("session") end

return session
