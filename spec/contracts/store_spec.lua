-- SPDX-License-Identifier: MIT

-- The contract over every store: those for plain Lua here, those for nginx inside a real nginx.

local cases = require "spec.contracts.store"
local in_nginx = require "spec.support.in_nginx"
local nginx = require "lofty.sandbox.nginx"
local redis = require "spec.support.redis"
local fixtures = require "spec.support.store_fixtures"

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

  for name, fixture in pairs {
    memory = fixtures.memory,
    file = function() return fixtures.file(folder) end,
    ["redis over TCP"] = function() return fixtures.redis(format("redis://127.0.0.1:%d/3", server.port)) end,
    ["redis over a unix socket"] = function() return fixtures.redis("unix://" .. server.socket) end,
  } do
    describe("the store " .. name, function()
      for _, case in ipairs(cases) do
        it(case.name, function() case.run(fixture()) end)
      end
    end)
  end

  describe("in nginx,", function()
    local results

    setup(function()
      results = in_nginx("spec.support.store_fixtures_nginx",
        format("redis://127.0.0.1:%d/5 unix://%s?db=6", server.port, server.socket))
    end)

    for _, name in ipairs { "shared dict", "shared dict over file", "shared dict over redis", "redis" } do
      describe("the store " .. name, function()
        for index, case in ipairs(cases) do
          it(case.name, function() assert.equal("ok", (results[name] or {})[index]) end)
        end
      end)
    end
  end)
end)
