--- The two ways to answer: a page, or the address of another one.

local answer = {}

--- Sends a page.
-- @tparam number status
-- @param markup a filled template
function answer.page(status, markup)
  local text = tostring(markup)
  ngx.status = status
  ngx.header["Content-Type"] = "text/html; charset=utf-8"
  ngx.header["Content-Length"] = #text
  if ngx.req.get_method() ~= "HEAD" then ngx.print(text) end
end

--- Sends the browser on, by GET (303), so that a reload doesn't repeat what it did here.
-- @tparam string address a path of ours, or a whole address
-- @tparam[opt] string said a key of notice.lua, told on the page that comes next
function answer.go(address, said)
  return ngx.redirect(said and address .. "?said=" .. said or address, 303)
end

return answer
