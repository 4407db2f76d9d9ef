-- SPDX-License-Identifier: MIT

--- Error pages. They say what the person can do; the details go to the error log.

local html = require "leadboard.html"
local layout = require "leadboard.layout"
local log = require "leadboard.log"
local response = require "leadboard.response"
local session = require "leadboard.session"

local body = html [[
<div class="card narrow">
<h1>{title}</h1>
<p>{text}</p>
{next}</div>
]]

local home = html [[<p><a class="button" href="/">Go to the start page</a></p>
]] {}
local again = html [[<p><a class="button" href="{href}">Try again</a></p>
]]
local connect = html [[
<form method="post" action="/connect"><button class="main">Connect your Lofty account</button></form>
]] {}

local STATUS = {
  [400] = { "Bad request", "The request could not be read." },
  [403] = { "The form was not accepted", "It was sent from another site, or from a page that was open for too long. "
    .. "Load the page again and repeat the last step." },
  [404] = { "Page not found", "There is no page at this address." },
  [405] = { "Not possible here", "This address does not accept that kind of request." },
  [413] = { "Too large", "The request is larger than this site accepts." },
  [503] = { "Too busy", "This site has too many open requests. Please try again in a moment." },
}
local OTHER = { "Something went wrong", "The error was logged. Please try again in a moment." }

local problem = {}

local function send(status, title, text, next, visitor)
  return response.page(status, layout {
    title = title, session = visitor, body = body { title = title, text = text, next = next },
  })
end

--- The page for a status of this application's.
function problem.show(status)
  local said = STATUS[status] or OTHER
  return send(status, said[1], said[2], home, session.current())
end

--- Asks the person to connect, without changing the session.
function problem.connect(text)
  return send(403, "Please connect again", text, connect, session.current())
end

-- Where "Try again" leads: the address that nginx matched with a location. The address as it was sent ($request_uri)
-- may begin with "//", which a browser takes for another host.
local function next_step()
  if ngx.req.get_method() == "POST" or ngx.var.uri == "/callback" then return home end
  return again { href = ngx.var.uri .. (ngx.var.args and "?" .. ngx.var.args or "") }
end

--- The page for an err of the library's.
-- @tparam table err
-- @tparam[opt] table visitor the session
function problem.of(err, visitor)
  log(err)
  if err.kind == "oauth" or err.kind == "auth" then
    session.finish()
    return send(403, "Please connect again",
      "Leadboard no longer has access to this account. Connect it again to continue.", connect)
  elseif err.kind == "forbidden" then
    return send(403, "Not permitted", "The account is connected, but Lofty does not permit this.", home, visitor)
  elseif err.kind == "rate_limit" then
    ngx.header["Retry-After"] = math.ceil(err.retry_after or 60)
    return send(503, "Too many calls", "Lofty limits the calls of each minute, and the limit is reached. Please wait a "
      .. "minute.", next_step(), visitor)
  end
  return send(502, "Lofty does not respond", "Your account is still connected. Lofty, or the connection to it, has a "
    .. "problem.", next_step(), visitor)
end

return problem
