-- SPDX-License-Identifier: MIT

-- Requests of the libcurl runtime over proxies.
local child = require "spec.support.child"
local wires = require "spec.support.wire"
local nginx = require "lofty.sandbox.nginx"

local plain_response, refused = wires.plain_response, wires.refused

describe("the libcurl transport and proxies:", function()
  local runtime = require "lofty.runtime.curl"
  local wire

  setup(function() wire = wires.start() end)
  teardown(function()
    runtime:close()
    wire:stop()
  end)

  local function get(url, more) return wire:request(runtime, url, more) end

  it("uses no proxy for loopback, whatever is named", function()
    local url = wire:raw("direct", plain_response "hi")
    assert.equal("hi", assert(get(url, { proxy = "http://127.0.0.1:1" })).body)
  end)

  it("uses the proxy that is named for https elsewhere, and gives an err when it is unreachable", function()
    local port = nginx.free_ports(1)[1]
    local err = refused("network", get("https://example.invalid/", { proxy = "http://127.0.0.1:" .. port }))
    assert.is_false(err.sent)
    local name = "connect"
    local url = wire:raw(name, "")
    local proxied = refused("network", get("https://example.invalid/", { proxy = url:match("^http://[^/]*") }))
    assert.is_false(proxied.sent)
    assert.is_false(proxied.head)
    assert.matches("proxy", proxied.message)
  end)

  describe("with a proxy", function()
    it("names the proxy, but not its password", function()
      local host = wire.urls.plain:match("//([^/]*)")
      local err = refused("network", get("https://example.invalid/", { proxy = "http://user:pass%40word@" .. host }))
      assert.matches("the proxy " .. host .. " made no connection", err.message)
      assert.is_false(err.sent)
      assert.is_nil(tostring(err):find("pass", 1, true))
      assert.is_nil(tostring(err):find("word", 1, true))
    end)

    for status, words in pairs { [403] = "does not allow connections", [407] = "wants other credentials" } do
      it("does not try again after " .. status, function()
        -- To nginx a CONNECT is a bad request; what it answers to those can be set.
        local server = nginx.start {
          ports = 1,
          conf = function(ports)
            return ([[
              events {}
              http { server { listen 127.0.0.1:%d; error_page 400 405 =%d /no; location = /no { return %d; } } }
            ]]):format(ports[1], status, status)
          end,
        }
        local proxy = "127.0.0.1:" .. server.ports[1]
        local err = refused("network", get("https://example.invalid/", { proxy = "http://u:p@" .. proxy }))
        server:stop()
        assert.matches("the proxy " .. proxy .. " " .. words, err.message)
        assert.is_false(err.retryable)
        assert.is_false(err.sent)
      end)
    end

    it("refuses a proxy whose URL is invalid", function()
      for _, proxy in ipairs { "nonsense proxy", "ftp://proxy.example", "http://" } do
        refused("invalid", get("https://example.invalid/", { proxy = proxy }))
      end
    end)
  end)

  describe("with proxies in the environment", function()
    -- The environment of this process cannot be changed from Lua; another Lua's can.
    local function elsewhere(environment, url)
      return child.run(([[
        local res, err = require("lofty.runtime.curl"):request { method = "GET", url = %q, headers = {} }
        print(res and res.status .. " " .. res.body or err.message)
      ]]):format(url), environment)
    end

    it("uses none for loopback", function()
      local url = wire:raw("direct", plain_response "hi")
      assert.equal("200 hi", elsewhere("http_proxy=http://127.0.0.1:1 all_proxy=http://127.0.0.1:1", url))
    end)

    it("uses it for https elsewhere", function()
      local proxy = wire.urls.plain
      assert.matches("proxy", elsewhere("https_proxy=" .. proxy, "https://example.invalid/"))
      assert.matches("name is not known", elsewhere("http_proxy=" .. proxy, "https://example.invalid/"))
      assert.matches("name is not known", elsewhere("no_proxy=example.invalid https_proxy=" .. proxy, "https://example.invalid/"))
    end)
  end)

  it("shows no password of a proxy that libcurl does not know", function()
    local res, err = require("lofty.runtime.curl"):request {
      method = "GET", url = "https://api.example/", proxy = "foo://user:pass%40word@proxy.example:1",
    }
    assert.is_nil(res)
    assert.is_nil(tostring(err):find("pass", 1, true), tostring(err))
    assert.is_nil(tostring(err):find("word", 1, true), tostring(err))
  end)
end)
