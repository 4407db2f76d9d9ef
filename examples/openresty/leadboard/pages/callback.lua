--- Where Lofty's consent page sends the person back to, with a code or with a no.

local answer = require "leadboard.answer"
local app = require "leadboard.app"
local cookie = require "leadboard.cookie"
local hook = require "leadboard.hook"
local note = require "leadboard.note"
local problem = require "leadboard.problem"
local session = require "leadboard.session"

local function greeting(me)
  local names = {}
  for _, name in ipairs { me.firstName, me.lastName } do
    if type(name) == "string" and name ~= "" then names[#names + 1] = name end
  end
  return names[1] and table.concat(names, " ") or "Account " .. tostring(me.id)
end

local function refused(err)
  if err.code == "access_denied" then return answer.go("/", "denied") end
  if err.kind ~= "oauth" then return problem.of(err) end
  note(err)
  return problem.connect("The answer that came back from Lofty was used already, belongs to another browser, or came "
    .. "too late.")
end

return {
  get = function(request)
    local state = cookie.get("state")
    cookie.clear("state") -- it serves once
    local account, err = app:connect(request.args, { state = state })
    if not account then return refused(err) end
    local me, why = app:client(account):me()
    if not me then return problem.of(why) end
    hook.subscribe(account)
    session.start(account, greeting(me))
    return answer.go("/leads", "connected")
  end,
}
