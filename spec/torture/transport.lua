-- Starts a server for transport.c, and runs it.
-- usage: lua5.4 spec/torture/transport.lua build/torture/5.4/transport
package.path = "./?.lua;./lua/?.lua;" .. package.path
local nginx = require "lofty.sandbox.nginx"
local wire = require("spec.support.wire").start()

local url = wire:lua("answer", [[
  local pipe = io.popen("seq 1 10000 | gzip")
  local bytes = pipe:read("*a")
  pipe:close()
  ngx.header["Content-Encoding"] = "gzip"
  ngx.header["X-A"] = { "1", "2" }
  ngx.req.read_body()
  ngx.print(bytes)
]])
local said = nginx.shell(nginx.quote(arg[1]) .. " " .. url .. " 2>&1; echo $?")
wire:stop()
print((said:gsub("\n?%d+$", "")))
os.exit(said:find("\n0$") and 0 or 1)
