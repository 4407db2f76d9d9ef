--- The person of the demo: opens a consent page of the sandbox, presses Allow, and prints the address that the
-- browser would land on.
--
--     lua spec/sandbox/click.lua AUTHORIZE_URL

local here = arg[0]:match("^(.*)/spec/sandbox/[^/]*$") or "."
package.path = here .. "/?.lua;" .. package.path

local nginx = require "spec.support.nginx"
local sandbox = require "spec.support.sandbox"

local url = assert(arg[1], "the address of the consent page is missing")
local folder = nginx.shell("mktemp -d")
local ok, landed = pcall(function()
  local box = sandbox.attach(assert(url:match("^https?://[^/]+")), folder)
  return box:consent(url)
end)
nginx.shell("rm -rf " .. nginx.quote(folder))
if not ok then error(landed, 0) end
print(landed)
