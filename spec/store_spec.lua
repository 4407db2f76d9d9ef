-- One suite over every store: those of plain Lua here, those of nginx inside a real one.

local cases = require "spec.store_contract"
local nginx = require "spec.support.nginx"
local redis = require "spec.support.redis"
local worlds = require "spec.support.store_worlds"

local format = string.format

describe("store contract:", function()
  local folder, server

  setup(function()
    folder = nginx.shell('mktemp -d "${TMPDIR:-/tmp}/lofty-store.XXXXXX"')
    server = redis.start()
  end)

  teardown(function()
    if server then server:stop() end
    nginx.shell("rm -rf " .. nginx.quote(folder))
  end)

  for name, world in pairs {
    memory = worlds.memory,
    file = function() return worlds.file(folder) end,
    ["redis over TCP"] = function() return worlds.redis(format("redis://127.0.0.1:%d/3", server.port)) end,
    ["redis over a unix socket"] = function() return worlds.redis("unix://" .. server.socket) end,
  } do
    describe("the store " .. name, function()
      for _, case in ipairs(cases) do
        it(case.name, function() case.run(world()) end)
      end
    end)
  end

  describe("in nginx,", function()
    local verdicts

    -- All cases run in a timer of the one worker, which is where tokens are refreshed.
    local CONF = [[
      events {}
      http {
        lua_shared_dict tokens 10m;
        lua_package_path "%s;;";
        lua_package_cpath "%s;;";
        init_worker_by_lua_block {
          ngx.timer.at(0, function()
            local cases, worlds = require "spec.store_contract", require "spec.support.store_worlds"
            local rest = function() ngx.sleep(0.01) end
            local file = io.open("%s/verdicts.new", "w")
            for name, world in pairs {
              ["shared dict"] = worlds.shdict("tokens", rest),
              ["shared dict over file"] = worlds.shdict_over("tokens", worlds.file("%s"), rest),
              ["shared dict over redis"] = worlds.shdict_over("tokens", worlds.redis("%s", rest), rest),
              redis = worlds.redis("%s", rest),
            } do
              for index, verdict in ipairs(worlds.verdicts(cases, world)) do
                file:write(name, " ", index, " ", verdict:gsub("\n", " "), "\n")
              end
            end
            file:close()
            os.rename("%s/verdicts.new", "%s/verdicts")
          end)
        }
      }
    ]]

    setup(function()
      local root = nginx.shell("pwd")
      local here = { lua = root .. "/?.lua;" .. root .. "/lua/?.lua;" .. root .. "/lua/?/init.lua" }
      local started = nginx.start {
        ports = 0,
        conf = function(_, place)
          return format(CONF, here.lua, root .. "/build/5.1/?.so", place, place,
            format("redis://127.0.0.1:%d/5", server.port), "unix://" .. server.socket .. "?db=6", place, place)
        end,
      }
      nginx.shell(format("n=0; until [ -e %s/verdicts ] || [ $n = 3000 ]; do n=$((n + 1)); sleep 0.01; done",
        started.folder))
      local text, log = nginx.contents(started.folder .. "/verdicts"), started:log()
      started:stop()
      assert(text ~= "", "no verdicts; nginx said:\n" .. log)
      verdicts = {}
      for name, index, verdict in text:gmatch("(%l[%l ]-) (%d+) ([^\n]*)\n") do
        verdicts[name] = verdicts[name] or {}
        verdicts[name][tonumber(index)] = verdict
      end
    end)

    for _, name in ipairs { "shared dict", "shared dict over file", "shared dict over redis", "redis" } do
      describe("the store " .. name, function()
        for index, case in ipairs(cases) do
          it(case.name, function() assert.equal("ok", (verdicts[name] or {})[index]) end)
        end
      end)
    end
  end)
end)
