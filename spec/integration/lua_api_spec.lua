-- SPDX-License-Identifier: MIT

-- A short run of spec/fuzz/lua_api.lua, on this Lua and with this build; `make fuzz-lua` is the long one.

local child = require "spec.support.child"
local nginx = require "lofty.sandbox.nginx"

describe("the C modules", function()
  it("survive calls with values that no caller should give", function()
    local preload = os.getenv "LD_PRELOAD" -- a sanitizer
    -- Leaks are looked for by make torture: LeakSanitizer may crash while a thread of libcurl's resolver ends.
    local options = (os.getenv "ASAN_OPTIONS" or "") .. ":detect_leaks=0"
    local wrapper = preload and "WRAPPER=" .. nginx.quote(("env LD_PRELOAD=%s ASAN_OPTIONS=%s")
      :format(nginx.quote(preload), nginx.quote(options))) or ""
    local said = nginx.shell(("CALLS=3000 SEED=1 %s spec/fuzz/run_lua_api %s 2>&1"):format(wrapper, nginx.quote(child.lua)))
    assert.truthy(said:find("1 passed, 0 failed", 1, true), said)
  end)
end)
