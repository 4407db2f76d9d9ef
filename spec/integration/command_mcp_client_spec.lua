-- SPDX-License-Identifier: MIT

-- `lofty mcp`, driven by the protocol's own client for Node.js.
local nginx = require "lofty.sandbox.nginx"
local sandbox = require "lofty.sandbox"

local has_argparse = pcall(require, "argparse")

-- Where the client's modules are; nil and what is missing.
local function client_modules()
  for _, program in ipairs { "node", "npm" } do
    if nginx.shell("command -v " .. program .. " || true") == "" then
      return nil, "no " .. program .. ": install Debian's packages nodejs and npm"
    end
  end
  local said = nginx.shell "spec/support/mcp/install 2>&1 && echo installed"
  if not said:find "installed$" then return nil, "spec/support/mcp/install failed: " .. said:match "[^\n]*$" end
  return nginx.shell "pwd" .. "/build/mcp/node_modules"
end

describe("lofty mcp and the protocol's own client #once #command", function()
  local modules, missing
  if has_argparse then modules, missing = client_modules() else missing = "needs lua-argparse" end
  if not modules then
    pending(missing)
    return
  end

  local box
  setup(function() box = sandbox.start { rate_limit = 500 } end)
  teardown(function() box:stop() end)

  it("connects, lists and calls tools", function()
    local home = nginx.shell "mktemp -d"
    nginx.write(home .. "/env", "export LOFTY_API_KEY=" .. nginx.quote(box.api_key) .. " LOFTY_BASE_URL=" .. box.url
      .. " HOME=" .. home .. "\n")
    local said = nginx.shell("unset LD_PRELOAD; . " .. home .. "/env && timeout 60 node spec/support/mcp/client.mjs "
      .. nginx.quote(modules) .. " lua5.4 bin/lofty mcp 2>&1; rm -rf " .. home)
    local got = assert(require("lofty").json.decode(said:match "[^\n]*$"), said)
    assert.equal("lofty", got.server)
    assert.truthy(#got.tools >= 10)
    assert.equal("651095960136641", got.found)
    assert.equal("Maria", got.picture)
    assert.truthy(got.refused:find("reads alone", 1, true), got.refused)
  end)
end)
