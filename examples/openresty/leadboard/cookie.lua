--- Signed cookies that no script can read and no other site's form brings along.

local settings = require "leadboard.settings"
local signed = require "leadboard.signed"

-- With https the name's prefix makes browsers refuse one that was set without it, or by another host.
local PREFIX = settings.https and "__Host-" or ""
-- Lax and not Strict: the person comes back from Lofty's consent page with them.
local MANNERS = "; Path=/; HttpOnly; SameSite=Lax" .. (settings.https and "; Secure" or "")

local cookie = {}

local function send(name, value, seconds)
  local text = PREFIX .. name .. "=" .. value .. "; Max-Age=" .. seconds .. MANNERS
  local sent = ngx.header["Set-Cookie"]
  if sent == nil then sent = {} elseif type(sent) == "string" then sent = { sent } end
  sent[#sent + 1] = text
  ngx.header["Set-Cookie"] = sent
end

--- Gives the browser a text to keep.
function cookie.set(name, text, seconds) send(name, signed.seal(name, text, seconds), seconds) end

--- Takes it back.
function cookie.clear(name) send(name, "", 0) end

--- The text, or nil; and the cookie as it came.
function cookie.get(name)
  local raw = ngx.var["cookie_" .. PREFIX .. name]
  return signed.open(name, raw), raw
end

return cookie
