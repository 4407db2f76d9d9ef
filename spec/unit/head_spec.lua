-- SPDX-License-Identifier: MIT

-- The heads of requests, for the runtimes that write them themselves.

local head = require "lofty.runtime.head"

-- The header fields of a GET, sorted: the order of a table's fields is not defined.
local function written(headers)
  local text = assert(head.write({ method = "GET", headers = headers }, " HTTP/1.1\r\nHost: a\r\n", "/x"))
  local lines = {}
  for line in text:gmatch "([^\r]*)\r\n" do
    if line ~= "" then lines[#lines + 1] = line end
  end
  table.sort(lines)
  return table.concat(lines, "|")
end

describe("the head of a request", function()
  it("is the request line, the fields of the origin and those of the request", function()
    assert.equal("GET /x HTTP/1.1\r\nHost: a\r\nB: 1\r\n\r\n",
      head.write({ method = "GET", headers = { B = "1" } }, " HTTP/1.1\r\nHost: a\r\n", "/x"))
  end)

  it("has the present fields of a table of headers that was sent before", function()
    local headers = { B = "1", C = "2" }
    assert.equal("B: 1|C: 2|GET /x HTTP/1.1|Host: a", written(headers))
    headers.C = "3"
    assert.equal("B: 1|C: 3|GET /x HTTP/1.1|Host: a", written(headers))
    headers.D = "4"
    assert.equal("B: 1|C: 3|D: 4|GET /x HTTP/1.1|Host: a", written(headers))
    headers.B = nil
    assert.equal("C: 3|D: 4|GET /x HTTP/1.1|Host: a", written(headers))
    headers.B, headers.C = "1", nil
    assert.equal("B: 1|D: 4|GET /x HTTP/1.1|Host: a", written(headers))
  end)

  it("does not mix up tables of headers that are sent in turns", function()
    local one, other = { B = "1" }, { B = "2" }
    for _ = 1, 2 do
      assert.equal("B: 1|GET /x HTTP/1.1|Host: a", written(one))
      assert.equal("B: 2|GET /x HTTP/1.1|Host: a", written(other))
    end
  end)

  it("is refused for a value that is no longer a field value", function()
    local headers = { B = "1" }
    written(headers)
    headers.B = "1\r\nC: 2"
    local text, why = head.write({ method = "GET", headers = headers }, " HTTP/1.1\r\n", "/x")
    assert.is_nil(text)
    assert.matches('header "B"', why, 1, true)
  end)
end)
