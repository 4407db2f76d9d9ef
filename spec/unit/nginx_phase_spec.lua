-- SPDX-License-Identifier: MIT

-- What the nginx runtime makes of a phase's name, and of nginx's refusals; the names of later versions of nginx too.
describe("nginx phases", function()
  local NAME = "lofty.runtime.nginx.phase"
  local current, phase

  setup(function()
    rawset(_G, "ngx", { get_phase = function() return current end })
    package.loaded[NAME] = nil
    phase = require(NAME)
  end)
  teardown(function()
    rawset(_G, "ngx", nil)
    package.loaded[NAME] = nil
  end)

  for _, name in ipairs {
    "rewrite", "access", "content", "timer", "ssl_cert", "precontent", "proxy_ssl_cert", "proxy_ssl_verify", "of the future",
  } do
    it("in which a wait is attempted include " .. name, function()
      current = name
      assert.is_true((phase.may_wait()))
    end)
  end

  for name, advice in pairs {
    init = "in a request or in a timer", init_worker = "ngx.timer.at", set = "access_by_lua", balancer = "access_by_lua",
    header_filter = "ngx.ctx", body_filter = "ngx.ctx", log = "ngx.timer.at", ssl_session_store = "ngx.timer.at",
    exit_worker = "call before that",
  } do
    it("that can't wait include " .. name, function()
      current = name
      local may, err = phase.may_wait()
      assert.is_nil(may)
      assert.same({ "invalid", false, false, name }, { err.kind, err.sent, err.connected, err.phase })
      assert.truthy(err.message:find("nginx's " .. name .. " phase", 1, true))
      assert.truthy(err.message:find(advice, 1, true))
    end)
  end

  it("that this version does not know are named when they refuse a wait, with general advice", function()
    current = "of the future"
    assert.is_true(phase.is_refusal("API disabled in the context of of_the_future_by_lua*"))
    assert.is_false(phase.is_refusal("attempt to yield across C-call boundary"))
    assert.is_false(phase.is_refusal(nil))
    local _, err = phase.refuse()
    assert.matches("of the future phase: hand the work to ngx.timer.at", err.message)
  end)
end)

describe("nginx's stream block", function()
  setup(function() rawset(_G, "ngx", { config = { subsystem = "stream" } }) end)
  teardown(function() rawset(_G, "ngx", nil) end)

  it("is refused with a clear error, unless the caller brings a runtime", function()
    local lofty = require "lofty"
    for _, call in ipairs {
      function() local _ = lofty.client { api_key = "k" } end,
      function() local _ = lofty.app { client_id = "c", client_secret = "s" } end,
      function() local _ = lofty.map({ 1 }, print) end,
    } do
      local ok, message = pcall(call)
      assert.is_false(ok)
      assert.matches("^spec/unit/nginx_phase_spec.lua:%d+: lofty runs in nginx's http block, not in its stream block", message)
    end
    assert(lofty.client { api_key = "k", runtime = require("spec.support.fake_runtime").new(error) })
  end)
end)
