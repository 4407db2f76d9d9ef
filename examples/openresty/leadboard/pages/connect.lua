-- SPDX-License-Identifier: MIT

--- The connect button's form: redirects to Lofty's consent page.

local app = require "leadboard.app"
local cookie = require "leadboard.cookie"
local response = require "leadboard.response"

local TIME_TO_DECIDE = 600

return {
  post = function()
    local url, state = app:authorize_url()
    cookie.set("state", state, TIME_TO_DECIDE)
    return response.redirect(url)
  end,
}
