-- SPDX-License-Identifier: MIT

--- The events of the account, newest first. With JavaScript new events appear at once, without it after a reload.

local json = require("lofty").json
local feed = require "leadboard.feed"
local hook = require "leadboard.hook"
local html = require "leadboard.html"
local layout = require "leadboard.layout"
local response = require "leadboard.response"

local body = html [[
<div class="head">
<h1>Events</h1>
<p><a class="button" href="/events">Reload</a></p>
</div>
<p id="live" class="count" role="status">Reload the page to see new events.</p>
<ol id="feed" class="feed" reversed data-last="{last}">
{items}</ol>
<div id="none" class="card narrow empty"{hidden}><p>There are no events yet.</p></div>
<template id="event">{empty}</template>
<details class="small">
<summary>The webhook address</summary>
<p><code id="address">{address}</code></p>
<p>Keep it secret: whoever knows it can send made-up events for this account.</p>
</details>
]]

local item = html [[
<li class="card">
<p class="what"><b data-slot="title">{title}</b> <span data-slot="lead">{lead}</span></p>
<time data-slot="at" datetime="{exact}">{time}</time>
<code data-slot="data">{data}</code>
</li>
]]
local hidden = html [[ hidden]] {}

local EMPTY = item { title = "", lead = "", exact = "", time = "", data = "" }

local function show(text)
  local event = json.decode(text)
  return item {
    title = event.title, lead = event.lead ~= "" and "Lead " .. event.lead or "", data = event.data,
    exact = os.date("!%Y-%m-%dT%H:%M:%SZ", event.at), time = os.date("!%H:%M:%S UTC", event.at),
  }
end

return {
  private = true,
  get = function(request)
    local account = request.session.account
    local events, last = feed.since(account, 0)
    local items = {}
    for i = #events, 1, -1 do items[#items + 1] = show(events[i]) end
    return response.page(200, layout {
      title = "Events", here = "/events", session = request.session, script = "/public/events.js",
      body = body {
        last = last, items = items, empty = EMPTY, hidden = #items > 0 and hidden, address = hook.address(account),
      },
    })
  end,
}
