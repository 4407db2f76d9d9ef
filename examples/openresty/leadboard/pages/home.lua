--- The first page: what this is, and the button that connects an account.

local answer = require "leadboard.answer"
local html = require "leadboard.html"
local layout = require "leadboard.layout"
local notice = require "leadboard.notice"

local body = html [[
<div class="hero">
<h1>Your Lofty leads on one page</h1>
<p class="lead">Leadboard lists the leads of your Lofty account, page by page, and shows what happens to them as it
happens.</p>
<form method="post" action="/connect">
<button class="main big">Connect your Lofty account</button>
</form>
<p class="small">You choose the account on Lofty’s own page. Leadboard never sees your password.</p>
</div>
<ul class="facts">
<li class="card"><h2>Leads</h2><p>Everybody in your account, found by name or email.</p></li>
<li class="card"><h2>Events</h2><p>New leads, notes and tasks appear while you look.</p></li>
<li class="card"><h2>Yours</h2><p>Disconnect with one press, and Leadboard forgets its access.</p></li>
</ul>
]] {}

return {
  get = function(request)
    if request.session then return answer.go("/leads") end
    return answer.page(200, layout { title = "Connect", body = body, notice = notice(request.args) })
  end,
}
