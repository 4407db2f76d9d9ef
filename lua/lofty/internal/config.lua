-- SPDX-License-Identifier: MIT

--- Reads the environment; no other module does.
-- @module lofty.internal.config

local upper = require("lofty.internal.ascii").upper

local getenv = os.getenv

local config = {}

-- Variables whose name is not LOFTY_ and the option's name in capitals. The vendor's own command uses
-- LOFTY_TOKEN_URL for something else.
local VARIABLES = { token_url = "LOFTY_OAUTH_TOKEN_URL" }

--- The value of a variable.
-- @tparam string name such as "XDG_CONFIG_HOME"
-- @treturn ?string nil when the variable is unset or empty
function config.variable(name)
  local value = getenv(name)
  if value == "" then return nil end
  return value
end

--- The value of the variable that stands for an option.
-- @tparam string option such as "base_url", read from LOFTY_BASE_URL
-- @treturn ?string nil when the variable is unset or empty
function config.get(option)
  return config.variable(VARIABLES[option] or "LOFTY_" .. upper(option))
end

--- The trusted certificates that the environment names, by the rules of the curl command: CURL_CA_BUNDLE, else
-- SSL_CERT_DIR and SSL_CERT_FILE.
-- @treturn table `file` and `dir`, paths; each may be nil
function config.trust()
  local bundle = config.variable "CURL_CA_BUNDLE"
  if bundle then return { file = bundle } end
  return { file = config.variable "SSL_CERT_FILE", dir = config.variable "SSL_CERT_DIR" }
end

return config
