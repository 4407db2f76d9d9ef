-- SPDX-License-Identifier: MIT

--- Deletes an account's token. Lofty's API can't revoke it: for that the person presses Disconnect in Lofty.

local app = require "leadboard.app"
local hook = require "leadboard.hook"
local problem = require "leadboard.problem"
local response = require "leadboard.response"
local session = require "leadboard.session"

return {
  private = true,
  post = function(request)
    local visitor = request.session
    if not session.owns(visitor, request.form) then return problem.show(403) end
    hook.unsubscribe(visitor.account)
    local ok, err = app:disconnect(visitor.account)
    if not ok then return problem.of(err, visitor) end
    session.finish()
    return response.redirect("/", "disconnected")
  end,
}
