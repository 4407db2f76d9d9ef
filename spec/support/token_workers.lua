-- SPDX-License-Identifier: MIT

--- Workers of one nginx that use the same token at the same time; see spec/support/token_processes.lua for places and opt.
-- The place's `dict` = true puts a shared dict before its file or Redis store.
-- @module spec.support.token_workers

local nginx = require "lofty.sandbox.nginx"
local token_processes = require "spec.support.token_processes"

local format = string.format

local CONF = [[
worker_processes %d;
events { worker_connections 4096; }
http {
  lua_shared_dict tokens 10m;
  lua_shared_dict barrier 1m;
  lua_socket_log_errors off;
  lua_package_path "%s/?.lua;%s/lua/?.lua;%s/lua/?/init.lua;;";
  lua_package_cpath "%s/build/5.1/?.so;;";
  init_by_lua_block { run = require("spec.support.token_worker")("%s") }
  init_worker_by_lua_block { ngx.timer.at(0, function() run() end) }
}
]]

--- Starts the workers, waits for all of them, and adds up their results.
-- @treturn table as of token_processes.add_up
return function(place, opt)
  local root = nginx.shell("pwd")
  local server = nginx.start {
    ports = 0,
    conf = function(_, folder)
      token_processes.write_task(folder .. "/task.lua", place, opt)
      return format(CONF, opt.processes, root, root, root, root, folder)
    end,
  }
  nginx.shell(format("n=0; until [ $(ls %s | grep -c done) = %d ] || [ $n = 12000 ]; do n=$((n + 1)); sleep 0.01; done",
    server.folder, opt.processes))
  local outputs = {}
  for i = 1, opt.processes do outputs[i] = nginx.contents(format("%s/%d.done", server.folder, i)) end
  local sum = token_processes.add_up(outputs)
  if sum.dead > 0 then sum.problem = server:log() end
  server:stop()
  return sum
end
