-- SPDX-License-Identifier: MIT

--- The layout of every page.

local html = require "leadboard.html"

local frame = html [[
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{title} – Leadboard</title>
<link rel="icon" href="/public/icon.svg" type="image/svg+xml">
<link rel="stylesheet" href="/public/style.css">
{script}</head>
<body>
<a class="skip" href="#main">Skip to the content</a>
<header class="top">
<div class="wide">
<a class="brand" href="/"><img src="/public/icon.svg" alt="" width="28" height="28">Leadboard</a>
{menu}</div>
</header>
<main id="main" class="wide" tabindex="-1">
{notice}{body}</main>
<footer class="wide"><p>An example of the <code>lofty</code> library for Lua, running inside nginx.</p></footer>
</body>
</html>
]]

local menu = html [[
<nav aria-label="Main"><ul>{links}</ul></nav>
<form class="who" method="post" action="/disconnect">
<span>{name}</span>
<input type="hidden" name="token" value="{token}">
<button class="quiet">Disconnect</button>
</form>
]]

local link = html [[<li><a href="{href}">{text}</a></li>]]
local current_link = html [[<li><a href="{href}" aria-current="page">{text}</a></li>]]
local script = html [[<script src="{src}" defer></script>
]]

local LINKS = { { href = "/leads", text = "Leads" }, { href = "/events", text = "Events" } }

--- Makes a whole page.
-- @tparam table page `title`, `body`; `session`, `here` (the path of the current menu entry), `notice`, `script`
return function(page)
  local links = {}
  for i, entry in ipairs(LINKS) do links[i] = (entry.href == page.here and current_link or link)(entry) end
  local visitor = page.session
  return frame {
    title = page.title, body = page.body, notice = page.notice or false,
    menu = visitor and menu { links = links, name = visitor.name, token = visitor.token } or false,
    script = page.script and script { src = page.script } or false,
  }
end
