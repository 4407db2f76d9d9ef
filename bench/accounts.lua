-- SPDX-License-Identifier: MIT

-- How long app:accounts() takes over a file store with 100,000 tokens, each with its lock file.
--
--     lua5.4 bench/accounts.lua [TOKENS]

local file = require "lofty.file"
local lofty = require "lofty"
local nginx = require "lofty.sandbox.nginx"

local count = tonumber(arg[1]) or 100000
local path = nginx.shell 'mktemp -d "${TMPDIR:-/tmp}/lofty-bench.XXXXXX"'

local store = lofty.store.file { path = path }
local app = lofty.app { client_id = "bench", redirect_uri = "https://example.com/", store = store }
assert(store:put("bench/1", "x"))
local pipe = assert(io.popen("cd " .. path .. " && perl", "w"))
pipe:write(([[
  open(my $in, "<", "lofty%%3Abench%%2F1.token"); my $text = join("", <$in>);
  for my $n (1..%d) {
    for my $ending ("token", "lock") {
      open(my $out, ">", "lofty%%3Abench%%2F$n.$ending"); print $out $ending eq "token" ? $text : ""; close($out);
    }
  }
]]):format(count))
pipe:close()

local began = file.monotonic()
local keys = assert(store:keys())
local listed = file.monotonic()
local accounts = assert(app:accounts())
print(("%d tokens: store:keys() %.2f s, app:accounts() %.2f s (%s)"):format(#accounts, listed - began,
  file.monotonic() - listed, rawget(_G, "jit") and "LuaJIT" or _VERSION))
assert(#keys == count and #accounts == count)
os.execute("rm -rf " .. path)
