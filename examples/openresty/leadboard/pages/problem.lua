-- SPDX-License-Identifier: MIT

--- nginx's own error pages, in the layout of this site.

local problem = require "leadboard.problem"

local function show() return problem.show(ngx.status ~= 200 and ngx.status or 404) end

return { get = show, post = show }
