--- nginx's own error pages, in our frame.

local problem = require "leadboard.problem"

local function show() return problem.show(ngx.status ~= 200 and ngx.status or 404) end

return { get = show, post = show }
