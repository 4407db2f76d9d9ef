-- SPDX-License-Identifier: MIT

-- A page of 100 leads, decoded and encoded.

local measure = require "bench.measure"
local nginx = require "lofty.sandbox.nginx"
local page = require "bench.page"

local COUNT, ROUNDS = 60, 15

return function()
  local folder = measure.folder()
  local text = page.text(page.leads(100), 0, 100)
  nginx.write(folder .. "/page.json", text)
  local tables = {}
  for _, what in ipairs { "decode", "encode" } do
    local function way(name, module, peer)
      return {
        name = name, peer = peer,
        run = function()
          local wall, cpu = measure.output(("lua5.4 bench/peers/json.lua %s %s %d %s/page.json"):format(module, what, COUNT,
            folder))
          return wall / COUNT * 1e6, cpu / COUNT * 1e6
        end,
      }
    end
    local ways = {
      way("lofty.json", "lofty"), way("lua-cjson", "cjson", "lua-cjson"), way("lua-rapidjson", "rapidjson", "lua-rapidjson"),
    }
    tables[#tables + 1] = {
      name = "json-" .. what, columns = measure.MICROSECONDS, rows = measure.compare(ways, ROUNDS, measure.MICROSECONDS),
      title = ("JSON %s: a page of 100 leads, %d KB"):format(what, math.floor(#text / 1000)),
    }
  end
  nginx.shell("rm -rf " .. nginx.quote(folder))
  return tables
end
