--- Writes to the error log without the request: nginx adds its first line, and in a callback's that is the code, in a
-- delivery's the secret. So a timer writes, which has none.

local function write(_, text) ngx.log(ngx.WARN, text) end

--- @param what an err of the library's, which holds no secret, or a text
return function(what)
  local ok = ngx.timer.at(0, write, "lofty: " .. tostring(what))
  return ok
end
