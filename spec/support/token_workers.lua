-- SPDX-License-Identifier: MIT

--- Workers of one nginx that use the same token at the same time; see spec/support/token_processes.lua for places and opt.
-- The place's `dict` = true puts a shared dict before its file or Redis store.
-- @module spec.support.token_workers

local nginx = require "lofty.sandbox.nginx"

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

local function literal(value)
  if type(value) == "table" then
    local items = {}
    for i, item in ipairs(value) do items[i] = literal(item) end
    return "{ " .. table.concat(items, ", ") .. " }"
  end
  return type(value) == "string" and format("%q", value) or tostring(value)
end

--- Starts the workers, waits for all of them, and adds up their results.
-- @treturn table `done`, `failed`, `refreshes`, `seconds`, `problem`, `dead`
return function(place, opt)
  local root = nginx.shell("pwd")
  local lines = { "return {" }
  for name, value in pairs(opt) do lines[#lines + 1] = format("  %s = %s,", name, literal(value)) end
  lines[#lines + 1] = "  place = {"
  for name, value in pairs(place) do lines[#lines + 1] = format("    %s = %s,", name, literal(value)) end
  lines[#lines + 1] = "  },\n}\n"
  local server = nginx.start {
    ports = 0,
    conf = function(_, folder)
      nginx.write(folder .. "/task.lua", table.concat(lines, "\n"))
      return format(CONF, opt.processes, root, root, root, root, folder)
    end,
  }
  nginx.shell(format("n=0; until [ $(ls %s | grep -c done) = %d ] || [ $n = 12000 ]; do n=$((n + 1)); sleep 0.01; done",
    server.folder, opt.processes))
  local sum = { done = 0, failed = 0, refreshes = 0, seconds = 0, dead = opt.processes }
  for i = 1, opt.processes do
    local text = nginx.contents(format("%s/%d.done", server.folder, i))
    local done, failed, refreshes, seconds, problem = text:match("^done (%d+) (%d+) (%d+) ([%d.]+) ?([^\n]*)")
    if done then
      sum.dead, sum.done, sum.failed = sum.dead - 1, sum.done + tonumber(done), sum.failed + tonumber(failed)
      sum.refreshes, sum.seconds = sum.refreshes + tonumber(refreshes), math.max(sum.seconds, tonumber(seconds))
      if problem ~= "" then sum.problem = problem end
    end
  end
  if sum.dead > 0 then sum.problem = server:log() end
  server:stop()
  return sum
end
