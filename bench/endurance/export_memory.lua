-- SPDX-License-Identifier: MIT

-- Exports 100,000 generated leads as CSV and to SQLite, and prints the most memory that was in use at the end of a page:
-- of Lua (after a full collection) and of the process (resident set, Linux).
--
--     eval "$(make -s env)"; lua5.4 bench/endurance/export_memory.lua [leads]

package.path = "./?.lua;" .. package.path
local lofty = require "lofty"
local nginx = require "lofty.sandbox.nginx"
local resident = require "bench.resident"

local leads = tonumber(arg[1]) or 100000
local PAGE = 100

-- A runtime that answers GET /v1.0/leads with generated pages, without a server.
local function runtime_of(on_page)
  local base = require "lofty.runtime.curl"
  local runtime, slept = setmetatable({}, { __index = base }), 0
  -- Waits for the rate limit pass at once.
  function runtime.sleep(_, seconds) slept = slept + seconds end
  function runtime.monotonic() return base:monotonic() + slept end
  function runtime.request(_, request)
    local offset = tonumber(request.url:match "offset=(%d+)") or 0
    on_page(offset)
    local list = lofty.array {}
    for i = offset + 1, math.min(offset + PAGE, leads) do
      list[#list + 1] = {
        leadId = lofty.integer(("6510%012d"):format(i)), firstName = "First" .. i, lastName = "Last" .. i,
        stage = "New Lead",
        emails = { ("lead%d@mail.example"):format(i) }, phones = { ("512%07d"):format(i) }, assignedUser = "Ada Whitfield",
        tags = { { tagName = "portal" }, { tagName = "vip" } }, createTime = "2026-01-05T12:00:00GMT",
      }
    end
    local body = lofty.json.encode {
      _metadata = { collection = "leads", limit = PAGE, offset = offset, total = leads }, leads = list,
    }
    return { status = 200, headers = { ["content-type"] = "application/json" }, body = body }
  end
  return runtime
end

local function measure(name, arguments)
  local first, most_lua, most_process, bytes = nil, 0, 0, 0
  local function on_page(offset)
    if offset % (PAGE * 100) ~= 0 then return end
    collectgarbage()
    collectgarbage()
    local used = collectgarbage "count"
    if offset == PAGE * 100 then first = used end
    most_lua, most_process = math.max(most_lua, used), math.max(most_process, resident() or 0)
  end
  local out = {
    write = function(self, ...)
      for i = 1, select("#", ...) do bytes = bytes + #(select(i, ...)) end
      return self
    end,
    flush = function() end,
  }
  local began = os.clock()
  local code = require("lofty.cli.main").run(arguments, {
    out = out, err = io.stderr, input = io.stdin, columns = 80, rows = 24, now = os.time, runtime = runtime_of(on_page),
    variable = function(variable) return variable == "LOFTY_ACCESS_TOKEN" and "token" or nil end,
  })
  assert(code == 0, "the export failed")
  print(("%-7s %d leads, %.1f MB written to standard output: Lua %.0f KiB after 10,000 leads, %.0f KiB at most; "
    .. "process %.1f MiB at most; %.1f s of processor time"):format(name, leads, bytes / 1e6, first or 0, most_lua,
    most_process / 1024, os.clock() - began))
end

local folder = nginx.shell 'mktemp -d "${TMPDIR:-/tmp}/lofty-export.XXXXXX"'
measure("CSV", { "export", "leads" })
measure("SQLite", { "export", "leads", "--to", "sqlite:" .. folder .. "/crm.db" })
nginx.shell("rm -rf " .. folder)
