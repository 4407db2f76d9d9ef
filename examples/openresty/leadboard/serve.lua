--- Serves a location: finds what its page does for this method, once it is clear that it may.
--
-- A page is a table: `get` and `post`, functions of (request); `private` when only a connected account may see it.
-- A request has `args`, `form` (of a POST) and `session`.

local answer = require "leadboard.answer"
local problem = require "leadboard.problem"
local session = require "leadboard.session"
local settings = require "leadboard.settings"

local NAMES = { GET = "get", HEAD = "get", POST = "post" }

-- Browsers name the page that a form was sent from. Sites of others have no business with ours.
local function is_foreign(headers)
  local origin = headers.origin
  return origin ~= nil and origin ~= settings.url:match("^https?://[^/]+")
end

local function allowed(page)
  return page.get and (page.post and "GET, HEAD, POST" or "GET, HEAD") or "POST"
end

return function(name)
  local page = require("leadboard.pages." .. name)
  local act = page[NAMES[ngx.req.get_method()] or "none"]
  local headers = ngx.req.get_headers()
  if not act then
    ngx.header.Allow = allowed(page)
    return problem.show(405)
  end
  local request = { args = ngx.req.get_uri_args(20), session = session.current() }
  if act == page.post then
    if is_foreign(headers) then return problem.show(403) end
    ngx.req.read_body()
    request.form = ngx.req.get_post_args(20) or {}
  elseif headers.host ~= settings.host then
    -- By another name ("localhost") the browser would keep the cookies apart.
    return answer.go(settings.url .. ngx.var.request_uri)
  end
  if page.private and not request.session then return answer.go("/", "first") end
  return act(request)
end
