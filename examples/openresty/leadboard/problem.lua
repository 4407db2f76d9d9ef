--- Pages for when something is wrong. They say what to do next; what happened in detail goes to the log.

local answer = require "leadboard.answer"
local html = require "leadboard.html"
local layout = require "leadboard.layout"
local note = require "leadboard.note"
local session = require "leadboard.session"

local body = html [[
<div class="card narrow">
<h1>{title}</h1>
<p>{text}</p>
{next}</div>
]]

local home = html [[<p><a class="button" href="/">Go to the first page</a></p>
]] {}
local again = html [[<p><a class="button" href="{href}">Try again</a></p>
]]
local connect = html [[
<form method="post" action="/connect"><button class="main">Connect your Lofty account</button></form>
]] {}

local STATUS = {
  [400] = { "That did not arrive whole", "The request could not be understood." },
  [403] = { "That form is not ours", "It came from another site, or from a page that was open for too long. Load the "
    .. "page again and repeat what you did." },
  [404] = { "Nothing is here", "The address leads nowhere. It may be mistyped." },
  [405] = { "That can't be done here", "The address is right, and yet not for this." },
  [413] = { "That is too much", "What was sent is larger than it may be." },
}
local OURS = { "Something broke", "It is our fault and has been noted. Trying again in a moment may help." }

local problem = {}

local function send(status, title, text, next, held)
  return answer.page(status, layout {
    title = title, session = held, body = body { title = title, text = text, next = next },
  })
end

--- The page for a status of our own.
function problem.show(status)
  local said = STATUS[status] or OURS
  return send(status, said[1], said[2], home, session.current())
end

--- Asks the person to connect (again), and ends the session here.
function problem.connect(text)
  session.finish()
  return send(403, "Please connect again", text, connect)
end

--- The page for an err of the library's.
function problem.of(err, held)
  note(err)
  if err.kind == "oauth" or err.kind == "auth" then
    return problem.connect("Lofty no longer lets Leadboard into this account. Connect it again to go on.")
  end
  local retry = again { href = ngx.var.request_uri }
  if err.kind == "forbidden" then
    return send(403, "Lofty says no", "This account is connected, but may not read that.", home, held)
  elseif err.kind == "rate_limit" then
    ngx.header["Retry-After"] = math.ceil(err.retry_after or 60)
    return send(503, "A little too fast", "Lofty allows so many calls a minute, and they are used up. "
      .. "Please wait a minute.", retry, held)
  end
  return send(502, "Lofty does not answer", "Your account is still connected. The trouble is on the way to Lofty, "
    .. "or with Lofty itself.", retry, held)
end

return problem
