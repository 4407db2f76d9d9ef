-- SPDX-License-Identifier: MIT

local lofty = require "lofty"

local inspect = lofty.inspect

describe("lofty.inspect", function()
  it("shows a short table on one line, with its members sorted", function()
    assert.equal('{ 1, "two", a = true, b = null, ["x y"] = 1.5 }',
      inspect { 1, "two", b = lofty.null, a = true, ["x y"] = 1.5 })
    assert.equal("{}", inspect {})
    assert.equal("nil", inspect(nil))
  end)

  it("shows a long one on lines", function()
    assert.equal([[
{
  firstName = "Ann",
  notes = {
    "a text that is long enough to fill a line of a terminal, or nearly so, and more"
  }
}]], inspect {
      firstName = "Ann", notes = { "a text that is long enough to fill a line of a terminal, or nearly so, and more" },
    })
  end)

  it("shows every digit of an id", function()
    assert.equal("651095960136641", inspect(lofty.integer "651095960136641"))
    local lead = assert(lofty.json.decode '{"leadId":1738234566814937089}')
    assert.truthy(inspect(lead):find("1738234566814937089", 1, true))
    lead = assert(lofty.json.decode '{"leadId":6.51095960136641E14}')
    assert.truthy(inspect(lead):find("651095960136641", 1, true))
  end)

  it("escapes control characters and others that a terminal would interpret", function()
    assert.equal([["a\027[31m\n\"\\"]], inspect 'a\27[31m\n"\\')
    assert.equal([["\255x"]], inspect "\255x")
    assert.equal([["\194\155x"]], inspect "\194\155x")
    assert.equal('"Sofía"', inspect "Sofía")
  end)

  it("ends at a cycle, and shows a table in full each time that it occurs", function()
    local one = { name = "one" }
    one.self = one
    assert.equal('{ name = "one", self = <cycle> }', inspect(one))
    local two = {}
    assert.equal("{ {}, {} }", inspect { two, two })
  end)

  it("is bounded in texts, members, levels and values", function()
    assert.equal('"' .. ("ä"):rep(100) .. '"... (300 bytes)', inspect(("ä"):rep(150)))
    local many = {}
    for i = 1, 250 do many[i] = i end
    assert.truthy(inspect(many):find("... 150 more", 1, true))
    local deep = {}
    for _ = 1, 5000 do deep = { deep } end
    assert.truthy(inspect(deep):find("{...}", 1, true))
    local wide = {}
    for i = 1, 300 do
      wide[i] = {}
      for j = 1, 300 do wide[i][j] = ("x"):rep(1000) end
    end
    assert.is_true(#inspect(wide) < 600000)
  end)

  it("shows no secret of a token or a client", function()
    local token = assert(require("lofty.token").wrap {
      access_token = "secret-access", refresh_token = "secret-refresh", expires_at = 5,
    })
    assert.equal('{ access_token = "***", expires_at = 5, refresh_token = "***" }', inspect(token))
    assert.equal('{ headers = { Authorization = "***" } }', inspect { headers = { Authorization = "Bearer secret" } })
    local crm = lofty.client { api_key = "secret-key", base_url = "http://127.0.0.1:1" }
    assert.equal("<lofty.client: http://127.0.0.1:1>", inspect(crm))
    assert.is_nil(inspect { crm = crm }:find("secret", 1, true))
  end)

  it("shows an err with its fields", function()
    local _, err = lofty.json.decode "["
    assert.truthy(inspect(err):find('kind = "decode"', 1, true))
  end)

  it("calls no metamethod of a user's table", function()
    local function fail() error "called" end
    local odd = setmetatable({ a = 1 }, {
      __index = fail, __pairs = fail, __len = fail, __tostring = fail, __name = "odd", __eq = fail, __lt = fail,
    })
    assert.equal("{ a = 1, [<table>] = 2 }", inspect(setmetatable({ a = 1, [odd] = 2 }, getmetatable(odd))))
    assert.truthy(inspect { print, coroutine.create(function() end), io.stdout }:find("<function>, <thread>, <userdata>", 1, true))
  end)

  it("leaves tostring of a record to Lua", function()
    assert.truthy(tostring(assert(lofty.json.decode '{"leadId":1}')):find "^table: ")
  end)
end)
