--- The button's form: sends the person to Lofty's consent page.

local answer = require "leadboard.answer"
local app = require "leadboard.app"
local cookie = require "leadboard.cookie"

local TIME_TO_DECIDE = 600

return {
  post = function()
    local url, state = app:authorize_url()
    cookie.set("state", state, TIME_TO_DECIDE)
    return answer.go(url)
  end,
}
