--- What goes out with every answer, so that a browser does no more with it than it has to.

local settings = require "leadboard.settings"

-- Chromium holds the redirect that answers a form to form-action too, hence the consent page's address in it.
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
