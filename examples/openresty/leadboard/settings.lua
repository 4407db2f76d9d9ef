-- SPDX-License-Identifier: MIT

--- The settings, from environment variables. nginx passes on only those that nginx.conf names with `env`.
--
-- The library itself reads LOFTY_CLIENT_ID, LOFTY_CLIENT_SECRET and the addresses of Lofty's servers.

local function need(name, what)
  local value = os.getenv(name)
  if not value or value == "" then error(name .. " is not set: " .. what, 0) end
  return value
end

local url = need("APP_URL", "the address at which browsers reach this application"):gsub("/+$", "")
local secret = need("APP_SECRET", "a long random text, the same on every machine; it signs the cookies")
if #secret < 32 then error("APP_SECRET has fewer than 32 characters", 0) end

local settings = {
  url = url,
  origin = url:match("^https?://[^/]+") or error("APP_URL is no http or https address", 0),
  host = url:match("^https?://([^/]+)"),
  https = url:find("^https:") ~= nil,
  redirect_uri = url .. "/callback", -- to be registered in Lofty's developer portal
  secret = secret,
  tokens = need("APP_TOKENS", "the folder in which tokens are kept; it must belong to the user of nginx's workers"),
  authorize_url = os.getenv("LOFTY_AUTHORIZE_URL") or "https://lofty.com/page/vendor-auth.html",
}

--- The consent page's scheme and host, to which the connect form leads.
settings.consent_origin = settings.authorize_url:match("^https?://[^/]+")

return settings
