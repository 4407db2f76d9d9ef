--- What is set outside, by environment variables. nginx hands on only those that have an `env` line in nginx.conf.
--
-- LOFTY_CLIENT_ID, LOFTY_CLIENT_SECRET and the addresses of Lofty's are the library's own; the rest is ours.

local function need(name, what)
  local value = os.getenv(name)
  if not value or value == "" then error(name .. " is not set: " .. what, 0) end
  return value
end

local url = need("APP_URL", "the address at which browsers find this application"):gsub("/+$", "")
local secret = need("APP_SECRET", "a long random text, the same on every machine; it signs the cookies")
if #secret < 32 then error("APP_SECRET has fewer than 32 characters", 0) end

local settings = {
  url = url,
  host = url:match("^https?://([^/]+)") or error("APP_URL is no http or https address", 0),
  https = url:find("^https:") ~= nil,
  redirect_uri = url .. "/callback", -- to be registered in Lofty's developer portal
  secret = secret,
  tokens = need("APP_TOKENS", "the folder in which tokens are kept; it belongs to the user of nginx's workers"),
  authorize_url = os.getenv("LOFTY_AUTHORIZE_URL") or "https://lofty.com/page/vendor-auth.html",
}

--- The consent page's scheme and host, where the browser is sent from our form.
settings.consent_origin = settings.authorize_url:match("^https?://[^/]+")

return settings
