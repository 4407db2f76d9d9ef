-- SPDX-License-Identifier: MIT

--- A notice at the top of a page about what was done on another one. The address holds only its key, so a link can't
-- show a text of its own.

local html = require "leadboard.html"

local box = html [[
<p class="notice {kind}" role="status">{text}</p>
]]

local NOTICES = {
  connected = { kind = "good", text = "Your Lofty account is connected." },
  denied = { kind = "plain", text = "Access was not allowed, so nothing was connected. You can connect at any time." },
  disconnected = { kind = "good", text = "Disconnected. Leadboard has deleted its access to your account." },
  first = { kind = "plain", text = "Connect your Lofty account first." },
}

--- The notice that the query names, or false.
return function(args)
  local notice = type(args.notice) == "string" and NOTICES[args.notice]
  return notice and box(notice)
end
