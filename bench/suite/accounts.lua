-- SPDX-License-Identifier: MIT

-- A file store with 10,000 tokens, each with its lock file: listing them.

local file = require "lofty.file"
local lofty = require "lofty"
local measure = require "bench.measure"
local nginx = require "lofty.sandbox.nginx"

local COUNT = 10000

-- Copies the one token there is.
local COPY = [[
  open(my $in, "<", "lofty%%3Abench%%2F1.token"); my $text = join("", <$in>);
  for my $n (1..%d) {
    for my $ending ("token", "lock") {
      open(my $out, ">", "lofty%%3Abench%%2F$n.$ending"); print $out $ending eq "token" ? $text : ""; close($out);
    }
  }]]

return function()
  local folder = measure.folder()
  local store = lofty.store.file { path = folder }
  local app = lofty.app { client_id = "bench", redirect_uri = "https://example.com/", store = store }
  assert(store:put("bench/1", "x"))
  nginx.shell(("cd %s && perl -e %s"):format(nginx.quote(folder), nginx.quote(COPY:format(COUNT))))
  local function way(name, list)
    return {
      name = name,
      run = function()
        local wall, cpu = file.monotonic(), os.clock()
        assert(#assert(list()) == COUNT)
        return file.monotonic() - wall, os.clock() - cpu
      end,
    }
  end
  local columns = { { name = "wall time", unit = "s", is_own = true }, { name = "CPU", unit = "s", is_own = true } }
  local rows = measure.compare({
    way("store:keys()", function() return store:keys() end), way("app:accounts()", function() return app:accounts() end),
  }, 3, columns)
  nginx.shell("rm -rf " .. nginx.quote(folder))
  return {
    { name = "accounts", title = ("A file store with %d tokens"):format(COUNT), columns = columns, rows = rows },
  }
end
