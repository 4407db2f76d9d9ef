-- SPDX-License-Identifier: MIT

--- Runs cases inside a real nginx, in a timer of its one worker process, where tokens are refreshed too.
-- @module spec.support.in_nginx

local nginx = require "lofty.sandbox.nginx"

local format = string.format

local CONF = [[
events {}
http {
  lua_shared_dict tokens 10m;
  lua_shared_dict small 64k;
  lua_package_path "%s/?.lua;%s/lua/?.lua;%s/lua/?/init.lua;;";
  lua_package_cpath "%s/build/5.1/?.so;;";
  init_worker_by_lua_block {
    ngx.timer.at(0, function()
      local file = assert(io.open("%s/results.new", "w"))
      local function report(name, index, result)
        file:write(name, " ", index, " ", (tostring(result):gsub("\n", " ")), "\n")
      end
      local ok, why = pcall(require(%q), report, %q, "%s")
      if not ok then ngx.log(ngx.ERR, why) end
      file:close()
      os.rename("%s/results.new", "%s/results")
    end)
  }
}
]]

--- Calls the function that a module returns inside nginx, as fn(report, argument, folder), where
-- report(name, index, result) records a result.
-- @tparam string module the module's name
-- @tparam string argument passed to fn
-- @treturn table name -> list of results, as text
return function(module, argument)
  local root = nginx.shell("pwd")
  local server = nginx.start {
    ports = 0,
    conf = function(_, place)
      return format(CONF, root, root, root, root, place, module, argument or "", place, place, place)
    end,
  }
  nginx.shell(format("n=0; until [ -e %s/results ] || [ $n = 3000 ]; do n=$((n + 1)); sleep 0.01; done", server.folder))
  local text, log = nginx.contents(server.folder .. "/results"), server:log()
  server:stop()
  if text == "" then error("no results; nginx said:\n" .. log, 2) end
  local results = {}
  for name, index, result in text:gmatch("(%l[%l ]-) (%d+) ([^\n]*)\n") do
    results[name] = results[name] or {}
    results[name][tonumber(index)] = result
  end
  return results
end
