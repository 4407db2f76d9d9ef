-- SPDX-License-Identifier: MIT

--- The redirect address: Lofty's consent page sends the person here, with a code or with an error.
--
-- Anybody can make a link to this page. So nothing changes, neither the session nor the state that a real answer needs,
-- unless the link carries the state of this browser's request.

local lofty = require "lofty"
local app = require "leadboard.app"
local cookie = require "leadboard.cookie"
local hook = require "leadboard.hook"
local log = require "leadboard.log"
local problem = require "leadboard.problem"
local response = require "leadboard.response"
local session = require "leadboard.session"

local UNEXPECTED = "This link does not belong to a connection that was started in this browser, or it came too late."
local FAILED = "Lofty did not accept the connection: the link was used before, or it came too late."

local function full_name(me)
  local names = {}
  for _, name in ipairs { me.firstName, me.lastName } do
    if type(name) == "string" and name ~= "" then names[#names + 1] = lofty.sanitize(name, 100) end
  end
  return names[1] and table.concat(names, " ") or "Account " .. lofty.sanitize(tostring(me.id), 100)
end

return {
  get = function(request)
    local args, state = request.args, cookie.get("state")
    if not state or args.state ~= state then
      -- Lofty documents a denial without a state, so the person is told of one; but it is not verified.
      if args.error == "access_denied" then return response.redirect("/", "denied") end
      return problem.connect(UNEXPECTED)
    end
    cookie.clear("state")
    local account, err = app:connect(args, { state = state })
    if not account then
      if err.code == "access_denied" then return response.redirect("/", "denied") end
      if err.kind ~= "oauth" then return problem.of(err, request.session) end
      log(err)
      return problem.connect(FAILED)
    end
    local me, why = app:client(account):me()
    if not me then return problem.of(why, request.session) end
    if type(me) ~= "table" then me = { id = account } end
    hook.subscribe(account)
    session.start(account, full_name(me))
    return response.redirect("/leads", "connected")
  end,
}
