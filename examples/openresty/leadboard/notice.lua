--- What is told once at the top of a page, after something was done on another. The address names it and can't
-- make it up.

local html = require "leadboard.html"

local box = html [[
<p class="notice {kind}" role="status">{text}</p>
]]

local SAID = {
  connected = { kind = "good", text = "Your Lofty account is connected." },
  denied = { kind = "plain", text = "You said no, so nothing was connected. You can connect whenever you like." },
  disconnected = { kind = "good", text = "Disconnected. Leadboard has forgotten its access to your account." },
  first = { kind = "plain", text = "Connect your Lofty account first." },
}

--- The notice that the query asks for, or false.
return function(args)
  local said = type(args.said) == "string" and SAID[args.said]
  return said and box(said)
end
