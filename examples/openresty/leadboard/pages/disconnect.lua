--- Forgets an account. Lofty has no call for it: to withdraw the grant itself, one presses Disconnect there.

local answer = require "leadboard.answer"
local app = require "leadboard.app"
local hook = require "leadboard.hook"
local problem = require "leadboard.problem"
local session = require "leadboard.session"

return {
  private = true,
  post = function(request)
    local held = request.session
    if not session.owns(held, request.form) then return problem.show(403) end
    hook.unsubscribe(held.account)
    local ok, err = app:disconnect(held.account)
    if not ok then return problem.of(err, held) end
    session.finish()
    return answer.go("/", "disconnected")
  end,
}
