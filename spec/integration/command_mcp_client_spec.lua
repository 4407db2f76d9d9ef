-- SPDX-License-Identifier: MIT

-- `lofty mcp`, driven by the protocol's own client for Node.js.
local command = require "spec.support.command"
local nginx = require "lofty.sandbox.nginx"

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

command.describe("lofty mcp and the protocol's own client", function()
  local modules, missing = client_modules()
  if not modules then
    pending(missing)
    return
  end

  local on = command.set_up { rate_limit = 500, login = true }

  it("connects, lists and calls tools", function()
    local said = nginx.shell(("unset LD_PRELOAD; HOME=%s LOFTY_BASE_URL=%s timeout 60 node spec/support/mcp/client.mjs "
      .. "%s lua5.4 bin/lofty mcp 2>&1"):format(nginx.quote(on.user.home), on.box.url, nginx.quote(modules)))
    local got = assert(require("lofty").json.decode(said:match "[^\n]*$"), said)
    assert.equal("lofty", got.server)
    assert.truthy(#got.tools >= 10)
    assert.equal("651095960136641", got.found)
    assert.equal("Maria", got.picture)
    assert.truthy(got.refused:find("read-only", 1, true), got.refused)
  end)
end)
