-- SPDX-License-Identifier: MIT

--- Serves a location: calls its page's function for the request's method, after the checks that all pages share.
--
-- A page is a table: `get` and `post`, functions of (request); `private` when it is for connected accounts only.
-- A request has `args`, `form` (of a POST) and `session`.

local problem = require "leadboard.problem"
local response = require "leadboard.response"
local session = require "leadboard.session"
local settings = require "leadboard.settings"

local NAMES = { GET = "get", HEAD = "get", POST = "post" }
local MAX_ARGUMENTS = 20

-- Browsers name the site that a form was sent from.
local function is_from_other_site(headers)
  local origin = headers.origin
  return origin ~= nil and origin ~= settings.origin
end

local function allowed_methods(page)
  return page.get and (page.post and "GET, HEAD, POST" or "GET, HEAD") or "POST"
end

return function(name)
  local page = require("leadboard.pages." .. name)
  local act = page[NAMES[ngx.req.get_method()] or "none"]
  local headers = ngx.req.get_headers()
  if not act then
    ngx.header.Allow = allowed_methods(page)
    return problem.show(405)
  end
  local request = { args = ngx.req.get_uri_args(MAX_ARGUMENTS), session = session.current() }
  if act == page.post then
    if is_from_other_site(headers) then return problem.show(403) end
    ngx.req.read_body()
    request.form = ngx.req.get_post_args(MAX_ARGUMENTS) or {}
  elseif headers.host ~= settings.host then
    -- The browser keeps the cookies of another host name ("localhost") apart.
    return response.redirect(settings.url .. ngx.var.request_uri)
  end
  if page.private and not request.session then return response.redirect("/", "first") end
  return act(request)
end
