-- SPDX-License-Identifier: MIT

--- Header fields of every response: they restrict what a browser does with it.

local settings = require "leadboard.settings"

-- Chromium applies form-action to the redirect after a form too, so the consent page's origin is in it.
local POLICY = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; "
  .. "form-action 'self' " .. settings.consent_origin .. "; base-uri 'none'; frame-ancestors 'none'"

return function()
  local header = ngx.header
  header["Content-Security-Policy"] = POLICY
  header["X-Content-Type-Options"] = "nosniff"
  header["Referrer-Policy"] = "same-origin"
  header["Cross-Origin-Opener-Policy"] = "same-origin"
  if settings.https then header["Strict-Transport-Security"] = "max-age=31536000" end
  if not header["Cache-Control"] then header["Cache-Control"] = "no-store" end
end
