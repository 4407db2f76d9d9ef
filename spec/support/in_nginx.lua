--- Runs cases inside a real nginx, in a timer of its one worker, which is where tokens are refreshed.
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
      local file = assert(io.open("%s/verdicts.new", "w"))
      local function report(name, index, verdict)
        file:write(name, " ", index, " ", (tostring(verdict):gsub("\n", " ")), "\n")
      end
      local ok, why = pcall(require(%q), report, %q, "%s")
      if not ok then ngx.log(ngx.ERR, why) end
      file:close()
      os.rename("%s/verdicts.new", "%s/verdicts")
    end)
  }
}
]]

--- Calls the function that a module returns, inside nginx: `fn(report, argument, folder)`, where
-- `report(name, index, verdict)` hands out what is returned here.
-- @tparam string module the module's name
-- @tparam string argument handed on
-- @treturn table name -> list of verdicts
return function(module, argument)
  local root = nginx.shell("pwd")
  local server = nginx.start {
    ports = 0,
    conf = function(_, place)
      return format(CONF, root, root, root, root, place, module, argument or "", place, place, place)
    end,
  }
  nginx.shell(format("n=0; until [ -e %s/verdicts ] || [ $n = 3000 ]; do n=$((n + 1)); sleep 0.01; done", server.folder))
  local text, log = nginx.contents(server.folder .. "/verdicts"), server:log()
  server:stop()
  if text == "" then error("no verdicts; nginx said:\n" .. log, 2) end
  local verdicts = {}
  for name, index, verdict in text:gmatch("(%l[%l ]-) (%d+) ([^\n]*)\n") do
    verdicts[name] = verdicts[name] or {}
    verdicts[name][tonumber(index)] = verdict
  end
  return verdicts
end
