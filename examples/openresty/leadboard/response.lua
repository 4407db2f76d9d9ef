-- SPDX-License-Identifier: MIT

--- The two kinds of response: a page, or a redirect.

local response = {}

--- Sends a page.
-- @tparam number status
-- @param markup a filled template
function response.page(status, markup)
  local text = tostring(markup)
  ngx.status = status
  ngx.header["Content-Type"] = "text/html; charset=utf-8"
  ngx.header["Content-Length"] = #text
  if ngx.req.get_method() ~= "HEAD" then ngx.print(text) end
end

--- Redirects with 303, so that the browser continues with a GET and a reload repeats nothing.
-- @tparam string address a path of this site, or an absolute URL of ours or Lofty's
-- @tparam[opt] string notice a key of notice.lua, shown on the next page
function response.redirect(address, notice)
  return ngx.redirect(notice and address .. "?notice=" .. notice or address, 303)
end

return response
