-- SPDX-License-Identifier: MIT

--- Signed cookies that no script can read and that no form of another site sends.

local settings = require "leadboard.settings"
local signed = require "leadboard.signed"

-- With this prefix browsers accept a cookie only over https and for this host alone (RFC 6265bis, section 4.1.3).
local PREFIX = settings.https and "__Host-" or ""
-- Lax and not Strict: the person comes back from Lofty's consent page with them.
local ATTRIBUTES = "; Path=/; HttpOnly; SameSite=Lax" .. (settings.https and "; Secure" or "")

local cookie = {}

local function send(name, value, seconds)
  local text = PREFIX .. name .. "=" .. value .. "; Max-Age=" .. seconds .. ATTRIBUTES
  local sent = ngx.header["Set-Cookie"]
  if sent == nil then sent = {} elseif type(sent) == "string" then sent = { sent } end
  sent[#sent + 1] = text
  ngx.header["Set-Cookie"] = sent
end

-- A cookie as it was sent. nginx's $cookie_NAME ignores the case of the name, and with it what the prefix promises.
local function sent_by_browser(name)
  for pair in (ngx.var.http_cookie or ""):gmatch("[^; ]+") do
    local key, value = pair:match("^([^=]*)=(.*)$")
    if key == name then return value end
  end
end

--- Sets a cookie.
function cookie.set(name, text, seconds) send(name, signed.seal(name, text, seconds), seconds) end

--- Deletes it.
function cookie.clear(name) send(name, "", 0) end

--- The text of a cookie, or nil; and the cookie as it came.
function cookie.get(name)
  local raw = sent_by_browser(PREFIX .. name)
  return signed.open(name, raw), raw
end

return cookie
