-- SPDX-License-Identifier: MIT

--- Writes to the error log without the request. nginx adds the request line to each message, and in a callback it holds
-- the code, in a delivery the secret. A timer has no request.

local lofty = require "lofty"

local function write(_, text) ngx.log(ngx.WARN, text) end

--- @param what an err of the library's, which holds no secret, or a text
return function(what)
  local ok = ngx.timer.at(0, write, "lofty: " .. lofty.sanitize(tostring(what), 1000))
  return ok
end
