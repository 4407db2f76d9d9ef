-- SPDX-License-Identifier: MIT

--- The start page: what Leadboard does, and the button that connects an account.

local html = require "leadboard.html"
local layout = require "leadboard.layout"
local notice = require "leadboard.notice"
local response = require "leadboard.response"

local body = html [[
<div class="hero">
<h1>Your Lofty leads on one page</h1>
<p class="lead">Leadboard lists the leads of your Lofty account page by page, and shows changes to them as they
happen.</p>
<form method="post" action="/connect">
<button class="main big">Connect your Lofty account</button>
</form>
<p class="small">You choose the account on Lofty’s own page. Leadboard never sees your password.</p>
</div>
<ul class="facts">
<li class="card"><h2>Leads</h2><p>All leads of your account, searchable by name or email.</p></li>
<li class="card"><h2>Events</h2><p>New leads, notes and tasks appear without a reload.</p></li>
<li class="card"><h2>Disconnect</h2><p>One click deletes Leadboard’s access to your account.</p></li>
</ul>
]] {}

return {
  get = function(request)
    if request.session then return response.redirect("/leads") end
    return response.page(200, layout { title = "Connect", body = body, notice = notice(request.args) })
  end,
}
