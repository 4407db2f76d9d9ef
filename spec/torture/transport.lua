-- SPDX-License-Identifier: MIT

-- Starts a server and runs the program built from transport.c against it.
-- usage: lua5.4 spec/torture/transport.lua build/torture/5.4/transport
package.path = "./?.lua;./lua/?.lua;" .. package.path
local nginx = require "lofty.sandbox.nginx"
local wire = require("spec.support.wire").start()

local url = wire:lua("gzip", [[
  local pipe = io.popen("seq 1 10000 | gzip")
  local bytes = pipe:read("*a")
  pipe:close()
  ngx.header["Content-Encoding"] = "gzip"
  ngx.header["X-A"] = { "1", "2" }
  ngx.req.read_body()
  ngx.print(bytes)
]])
local output = nginx.shell(nginx.quote(arg[1]) .. " " .. url .. " 2>&1; echo $?")
wire:stop()
print((output:gsub("\n?%d+$", "")))
os.exit(output:find("\n0$") and 0 or 1)
