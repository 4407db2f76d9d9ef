-- SPDX-License-Identifier: MIT

--- Acts as the user of the demo: opens a consent page of the sandbox, presses Allow, and prints the address that the
-- browser would be sent to.
--
--     lua lua/lofty/sandbox/click.lua AUTHORIZE_URL

local folder = arg[0]:match("^(.*)/lofty/sandbox/[^/]*$") or "lua"
package.path = folder .. "/?.lua;" .. package.path

local nginx = require "lofty.sandbox.nginx"
local sandbox = require "lofty.sandbox"

local url = assert(arg[1], "the address of the consent page is missing")
local scratch = nginx.shell("mktemp -d")
local ok, landed = pcall(function()
  local box = sandbox.attach(assert(url:match("^https?://[^/]+")), scratch)
  return box:consent(url)
end)
nginx.shell("rm -rf " .. nginx.quote(scratch))
if not ok then error(landed, 0) end
print(landed)
