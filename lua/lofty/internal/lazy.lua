-- SPDX-License-Identifier: MIT

--- Stands for a module that is loaded when one of its fields is first used, so that `require "lofty"` and a script's
-- only call load no more than they need.
--
--     local redact = lazy "lofty.internal.redact"
--
-- In nginx's init_by_lua the module is loaded at once: what the master process has loaded, all workers share.
-- @module lofty.internal.lazy

local rawget, require, setmetatable, type = rawget, require, setmetatable, type

-- Whether this is nginx's master process, before it starts the workers.
local function is_nginx_init()
  local ngx = rawget(_G, "ngx")
  return type(ngx) == "table" and type(ngx.get_phase) == "function" and ngx.get_phase() == "init"
end

--- @tparam string name of a module that returns a table and whose fields are only read
-- @treturn table the module, or a table that reads its fields
return function(name)
  if is_nginx_init() then return require(name) end
  local meta = {}
  function meta.__index(_, key)
    local module = require(name)
    meta.__index = module
    return module[key]
  end
  return setmetatable({}, meta)
end
