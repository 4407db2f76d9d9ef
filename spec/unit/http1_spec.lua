-- SPDX-License-Identifier: MIT

local core = require "lofty.core"

local MAX_HEAD, MAX_BODY = 64 * 1024, 16 * 1024 * 1024

-- Feeds the pieces, then the end of the connection if `opt.eof`. Returns the response, or nil and the message.
local function read(pieces, opt)
  opt = opt or {}
  local reader = core.http_reader(opt.method or "GET", opt.max_head or MAX_HEAD, opt.max_body or MAX_BODY)
  local complete, err = false
  for _, piece in ipairs(pieces) do
    complete, err = reader:feed(piece)
    if complete == nil then
      local again, same = reader:feed("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
      assert(again == nil and same == err, "a failed reader must stay failed")
      return nil, err
    end
  end
  if opt.eof and not complete then
    complete, err = reader:eof()
    if not complete then return nil, err end
  end
  if not complete then return nil, "more" end
  local status, headers, body, reusable = reader:response()
  return { status = status, headers = headers, body = body, reusable = reusable }
end

-- Reads the bytes at once, one by one, and cut at every position; the result must always be the same.
local function read_in_pieces(bytes, opt)
  local whole, err = read({ bytes }, opt)
  local single = {}
  for i = 1, #bytes do single[i] = bytes:sub(i, i) end
  local result, why = read(single, opt)
  assert.same(whole, result)
  assert.equal(err, why)
  for cut = 1, #bytes - 1 do
    result, why = read({ bytes:sub(1, cut), bytes:sub(cut + 1) }, opt)
    assert.same(whole, result, "cut after byte " .. cut)
    assert.equal(err, why, "cut after byte " .. cut)
  end
  return whole, err
end

local function head(lines)
  return "HTTP/1.1 200 OK\r\n" .. lines .. "\r\n"
end
local CHUNKED = "Transfer-Encoding: chunked\r\n"

local function unhex(text)
  return (text:gsub("%x%x", function(pair) return string.char(tonumber(pair, 16)) end))
end

-- "hello, gzip", one member.
local GZIP = unhex "1f8b0800000000000203cb48cdc9c9d75148afca2c00004a9bb15c0b000000"
local GZIP_TEXT = "hello, gzip"

describe("the reader of HTTP/1.1 responses", function()
  for _, case in ipairs {
    { "a body with a length", head "Content-Length: 2\r\n" .. "hi", { body = "hi", reusable = true } },
    { "an empty body with a length", head "Content-Length: 0\r\n", { body = "", reusable = true } },
    { "a length with leading zeros", head "Content-Length: 0002\r\n" .. "hi", { body = "hi" } },
    { "a status line without a reason", "HTTP/1.1 200 \r\nContent-Length: 0\r\n\r\n", { body = "" } },
    { "a status line without a reason and its space", "HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n", { body = "" } },
    { "a reason that is not ASCII", "HTTP/1.1 404 Nicht gefunden \195\164\r\nContent-Length: 0\r\n\r\n", { status = 404 } },
    { "white space around values", head "content-length:\t 2 \t\r\nX-A:\r\n" .. "hi", { body = "hi", headers = { ["x-a"] = "" } } },
    { "repeated names, joined", head "X-A: 1\r\nB: 2\r\nx-a: 3\r\nX-a:\r\nContent-Length: 0\r\n",
      { headers = { ["x-a"] = "1, 3, ", b = "2" } } },
    { "chunks", head(CHUNKED) .. "5\r\nhello\r\n1\r\n!\r\n0\r\n\r\n", { body = "hello!", reusable = true } },
    { "chunks in hexadecimal of either case", head(CHUNKED) .. "a\r\n0123456789\r\nA\r\n0123456789\r\n00\r\n\r\n",
      { body = "01234567890123456789" } },
    { "chunk extensions", head(CHUNKED) .. '2;a=b;c="d"\r\nhi\r\n0;e\r\n\r\n', { body = "hi" } },
    { "trailers, which are not kept", head(CHUNKED) .. "2\r\nhi\r\n0\r\nX-T: 1\r\nX-U: 2\r\n\r\n",
      { body = "hi", headers = { ["transfer-encoding"] = "chunked" }, reusable = true } },
    { "Chunked in any case", head "Transfer-Encoding: ChunKed\r\n" .. "0\r\n\r\n", { body = "" } },
    { "a 100 before the response", "HTTP/1.1 100 Continue\r\nX-A: 1\r\n\r\n" .. head "Content-Length: 2\r\n" .. "hi",
      { status = 200, body = "hi", headers = { ["content-length"] = "2" }, reusable = true } },
    { "several early hints", ("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"):rep(3) .. head "Content-Length: 0\r\n", { status = 200 } },
    { "a 204", "HTTP/1.1 204 No Content\r\n\r\n", { status = 204, body = "", reusable = true } },
    { "a 304 with Content-Length", "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", { status = 304, body = "", reusable = true } },
    { "a response to HEAD", head "Content-Length: 5\r\n", { body = "", reusable = true }, { method = "HEAD" } },
    { "Connection: close", head "Content-Length: 2\r\nConnection: foo, Close\r\n" .. "hi", { body = "hi", reusable = false } },
    { "HTTP/1.0, which closes", "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nhi", { body = "hi", reusable = false } },
    { "HTTP/1.0 that keeps alive", "HTTP/1.0 200 OK\r\nContent-Length: 2\r\nConnection: keep-alive\r\n\r\nhi", { body = "hi", reusable = true } },
    { "a body up to the end of the connection", head "" .. "hello", { body = "hello", reusable = false }, { eof = true } },
    { "an empty body up to the end of the connection", head "", { body = "", reusable = false }, { eof = true } },
    { "gzip", head("Content-Length: " .. #GZIP .. "\r\nContent-Encoding: gzip\r\n") .. GZIP, { body = GZIP_TEXT, reusable = true } },
    { "gzip in chunks, in two members", head(CHUNKED .. "Content-Encoding: x-gzip\r\n") ..
      (("%x\r\n"):format(#GZIP) .. GZIP .. "\r\n"):rep(2) .. "0\r\n\r\n", { body = GZIP_TEXT:rep(2), reusable = true } },
    { "gzip up to the end of the connection", head "Content-Encoding: gzip\r\n" .. GZIP, { body = GZIP_TEXT, reusable = false }, { eof = true } },
    { "an empty body with Content-Encoding: gzip", head "Content-Length: 0\r\nContent-Encoding: gzip\r\n", { body = "", reusable = true } },
    { "identity", head "Content-Length: 2\r\nContent-Encoding: identity\r\n" .. "hi", { body = "hi" } },
    { "a charset as the coding", head "Content-Length: 2\r\nContent-Encoding: UTF-8\r\n" .. "hi", { body = "hi" } },
    { "the coding none", head "Content-Length: 2\r\nContent-Encoding: none\r\n" .. "hi", { body = "hi" } },
    { "an empty coding", head "Content-Length: 2\r\nContent-Encoding:\r\n" .. "hi", { body = "hi" } },
    { "the same length in two lines", head "Content-Length: 2\r\nX-A: 1\r\nContent-Length: 02\r\n" .. "hi",
      { body = "hi", headers = { ["content-length"] = "2, 02", ["x-a"] = "1" }, reusable = true } },
    { "the same length twice in a line", head "Content-Length: 2 ,\t2\r\n" .. "hi", { body = "hi" } },
  } do
    it("accepts " .. case[1], function()
      local response = assert(read_in_pieces(case[2], case[4]))
      for name, value in pairs(case[3]) do
        if name == "headers" then
          for header, text in pairs(value) do assert.equal(text, response.headers[header]) end
        else
          assert.equal(value, response[name])
        end
      end
    end)
  end

  for _, case in ipairs {
    { "letters in the status", "HTTP/1.1 2OO OK\r\n\r\n" },
    { "a status of two digits", "HTTP/1.1 20 OK\r\n\r\n" },
    { "a status of four digits", "HTTP/1.1 2000 OK\r\n\r\n" },
    { "a status below 100", "HTTP/1.1 099 OK\r\n\r\n" },
    { "a status above 599", "HTTP/1.1 600 OK\r\n\r\n" },
    { "no status", "HTTP/1.1\r\n\r\n" },
    { "two spaces before the status", "HTTP/1.1  200 OK\r\n\r\n" },
    { "a control character in the reason", "HTTP/1.1 200 O\1K\r\n\r\n" },
    { "HTTP/2", "HTTP/2 200 \r\n\r\n" },
    { "HTTP/1.2", "HTTP/1.2 200 OK\r\n\r\n" },
    { "http in lower case", "http/1.1 200 OK\r\n\r\n" },
    { "another protocol", "SSH-2.0-OpenSSH_9.2\r\n" },
    { "HTTP/0.9", "<html>hello</html>\r\n" },
    { "an empty line before the status line", "\r\nHTTP/1.1 200 OK\r\n\r\n" },
    { "a bare LF after the status line", "HTTP/1.1 200 OK\nContent-Length: 0\r\n\r\n" },
    { "a bare LF after a header", "HTTP/1.1 200 OK\r\nContent-Length: 0\n\r\n" },
    { "a bare LF at the end of the head", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\n" },
    { "a bare CR in a value", head "X-A: a\rb\r\n" },
    { "two CRs before the LF", head "X-A: a\r\r\n" },
    { "a NUL in a value", head "X-A: a\0b\r\n" },
    { "a DEL in a value", head "X-A: a\127b\r\n" },
    { "a space before the colon", head "Content-Length : 0\r\n" },
    { "a space in a name", head "X A: 1\r\n" },
    { "a name that is not ASCII", head "X-\195\164: 1\r\n" },
    { "no name", head ": 1\r\n" },
    { "no colon", head "Content-Length\r\n" },
    { "a folded line", head "X-A: 1\r\n 2\r\n" },
    { "a folded first line", "HTTP/1.1 200 OK\r\n\tX-A: 1\r\n\r\n" },
    { "a signed length", head "Content-Length: +2\r\n" .. "hi" },
    { "a negative length", head "Content-Length: -1\r\n" },
    { "a length in hexadecimal", head "Content-Length: 0x2\r\n" .. "hi" },
    { "a fractional length", head "Content-Length: 2.0\r\n" .. "hi" },
    { "an empty length", head "Content-Length:\r\n" },
    { "a length of 2^63", head "Content-Length: 9223372036854775808\r\n" },
    { "a length of 2^64 + 2", head "Content-Length: 18446744073709551618\r\n" .. "hi" },
    { "a list of different lengths", head "Content-Length: 2, 3\r\n" .. "hi" },
    { "a list of lengths with an empty item", head "Content-Length: 2,\r\n" .. "hi" },
    { "a list of lengths without a comma", head "Content-Length: 2 2\r\n" .. "hi" },
    { "a list of lengths with a sign", head "Content-Length: 2, +2\r\n" .. "hi" },
    { "a list of two lengths", head "Content-Length: 11, 5\r\n" .. "hi" },
    { "two lengths", head "Content-Length: 2\r\nContent-Length: 3\r\n" .. "hi" },
    { "two different lengths, the second an empty one", head "Content-Length: 2\r\nContent-Length:\r\n" .. "hi" },
    { "the same length twice, and chunked", head("Content-Length: 2\r\nContent-Length: 2\r\n" .. CHUNKED) .. "0\r\n\r\n" },
    { "a length before chunked", head("Content-Length: 5\r\n" .. CHUNKED) .. "0\r\n\r\n" },
    { "chunked before a length", head(CHUNKED .. "Content-Length: 5\r\n") .. "0\r\n\r\n" },
    { "chunked twice", head(CHUNKED .. CHUNKED) .. "0\r\n\r\n" },
    { "chunked, then identity", head "Transfer-Encoding: chunked, identity\r\n" },
    { "gzip, then chunked", head "Transfer-Encoding: gzip, chunked\r\n" },
    { "identity as transfer encoding", head "Transfer-Encoding: identity\r\n" },
    { "an unknown transfer encoding that contains chunked", head "Transfer-Encoding: xchunked\r\n" },
    { "a transfer encoding with a control character", head "Transfer-Encoding: \11chunked\r\n" },
    { "chunked in HTTP/1.0", "HTTP/1.0 200 OK\r\n" .. CHUNKED .. "\r\n0\r\n\r\n" },
    { "a 204 that announces a body", "HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n" },
    { "a 204 in chunks", "HTTP/1.1 204 No Content\r\n" .. CHUNKED .. "\r\n" },
    { "a 100 in chunks", "HTTP/1.1 100 Continue\r\n" .. CHUNKED .. "\r\n" },
    { "a 101 that was not requested", "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n" },
    { "br, which was not requested", head "Content-Length: 0\r\nContent-Encoding: br\r\n" },
    { "an unknown coding", head "Content-Length: 0\r\nContent-Encoding: x-new\r\n" },
    { "gzip and a charset", head "Content-Length: 0\r\nContent-Encoding: gzip, utf-8\r\n" },
    { "deflate, which was not requested", head "Content-Length: 0\r\nContent-Encoding: deflate\r\n" },
    { "gzip applied twice", head "Content-Length: 0\r\nContent-Encoding: gzip, gzip\r\n" },
    { "an empty chunk size", head(CHUNKED) .. "\r\n" },
    { "a chunk size with a sign", head(CHUNKED) .. "+5\r\nhello\r\n" },
    { "a negative chunk size", head(CHUNKED) .. "-5\r\nhello\r\n" },
    { "a chunk size with 0x", head(CHUNKED) .. "0x5\r\nhello\r\n" },
    { "a chunk size with a space before it", head(CHUNKED) .. " 5\r\nhello\r\n" },
    { "a chunk size with a space after it", head(CHUNKED) .. "5 \r\nhello\r\n" },
    { "a chunk size of 64 bits", head(CHUNKED) .. "fffffffffffffffe\r\nhello\r\n" },
    { "a chunk size that overflows 64 bits", head(CHUNKED) .. "10000000000000005\r\nhello\r\n" },
    { "a chunk size with a bare LF", head(CHUNKED) .. "5\nhello\r\n" },
    { "a chunk extension with a bare LF", head(CHUNKED) .. "5;a\nhello\r\n" },
    { "an extension before the size", head(CHUNKED) .. ";a\r\n" },
    { "a chunk longer than its size", head(CHUNKED) .. "2\r\nhello\r\n0\r\n\r\n" },
    { "a chunk whose data ends in a bare LF", head(CHUNKED) .. "5\r\nhello\n0\r\n\r\n" },
    { "a trailer with a bare LF", head(CHUNKED) .. "0\r\nX: 1\n\r\n" },
    { "a trailer without a colon", head(CHUNKED) .. "0\r\nhello\r\n\r\n" },
    { "a folded trailer", head(CHUNKED) .. "0\r\nX: 1\r\n 2\r\n\r\n" },
    { "gzip whose check sum is wrong", head("Content-Length: " .. #GZIP .. "\r\nContent-Encoding: gzip\r\n") ..
      GZIP:sub(1, -9) .. "\0" .. GZIP:sub(-7) },
    { "gzip with trailing bytes", head("Content-Length: " .. #GZIP + 4 .. "\r\nContent-Encoding: gzip\r\n") .. GZIP .. "oops" },
    { "a gzip body that is not gzip", head "Content-Length: 5\r\nContent-Encoding: gzip\r\n" .. "hello" },
    { "gzip that Content-Length truncates", head("Content-Length: " .. #GZIP - 1 .. "\r\nContent-Encoding: gzip\r\n") .. GZIP:sub(1, -2) },
  } do
    it("refuses " .. case[1], function()
      local response, err = read_in_pieces(case[2])
      assert.is_nil(response)
      assert.is_string(err)
      assert.not_equal("more", err)
      assert.is_nil(err:find("%c"))
    end)
  end

  for _, case in ipairs {
    { "in the head", "HTTP/1.1 200 OK\r\nContent-Le" },
    { "before the empty line", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n" },
    { "in the body", head "Content-Length: 5\r\n" .. "hell" },
    { "in a chunk", head(CHUNKED) .. "5\r\nhel" },
    { "between chunks", head(CHUNKED) .. "5\r\nhello\r\n" },
    { "before the end of the trailers", head(CHUNKED) .. "5\r\nhello\r\n0\r\n" },
    { "after an interim response", "HTTP/1.1 100 Continue\r\n\r\n" },
    { "in a gzip body without a length", head "Content-Encoding: gzip\r\n" .. GZIP:sub(1, -3) },
    { "before a gzip body without a length", head "Content-Encoding: gzip\r\n" },
  } do
    it("fails when the connection is closed " .. case[1], function()
      local response, err = read_in_pieces(case[2], { eof = true })
      assert.is_nil(response)
      assert.truthy(err:find("cut short", 1, true) or err:find("connection was closed", 1, true), err)
    end)
  end

  it("fails when the connection is closed before the first byte", function()
    local reader = core.http_reader("GET", MAX_HEAD, MAX_BODY)
    assert.is_nil((reader:eof()))
    assert.is_false(reader:head_complete())
    assert.is_nil((reader:response()))
  end)

  it("refuses what is not HTTP by its first bytes, without waiting for a line end", function()
    for _, bytes in ipairs { "<html>", "SSH", "\0\0\18", "h", "HTTP1", "http/" } do
      local done, problem = core.http_reader("GET", MAX_HEAD, MAX_BODY):feed(bytes)
      assert.is_nil(done, bytes)
      assert.equal("the response does not begin with HTTP/1.1", problem)
    end
    assert.is_false((core.http_reader("GET", MAX_HEAD, MAX_BODY):feed("HTTP/")))
  end)

  it("tells when the head is complete", function()
    local reader = core.http_reader("GET", MAX_HEAD, MAX_BODY)
    assert.is_false(reader:feed("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r"))
    assert.is_false(reader:head_complete())
    assert.is_false(reader:feed("\n"))
    assert.is_true(reader:head_complete())
    assert.equal(200, (reader:response()))
  end)

  it("ignores trailing bytes and makes the connection not reusable", function()
    local response = assert(read { head "Content-Length: 2\r\n" .. "hiHTTP/1.1 200 OK\r\n" })
    assert.equal("hi", response.body)
    assert.is_false(response.reusable)
    local reader = core.http_reader("GET", MAX_HEAD, MAX_BODY)
    assert.is_true(reader:feed(head(CHUNKED) .. "0\r\n\r\n"))
    assert.is_true(select(4, reader:response()))
    assert.is_true(reader:feed("x"))
    assert.is_false(select(4, reader:response()))
  end)

  it("accepts every byte in a body", function()
    local all = {}
    for i = 0, 255 do all[#all + 1] = string.char(i) end
    local body = table.concat(all)
    assert.equal(body, assert(read { head "Content-Length: 256\r\n" .. body }).body)
  end)

  describe("limits", function()
    local function endless(prefix, piece, opt)
      local reader = core.http_reader("GET", opt.max_head or MAX_HEAD, opt.max_body or MAX_BODY)
      local complete, err = reader:feed(prefix)
      local fed = 0
      while complete == false and fed < 4 * 1024 * 1024 do
        complete, err = reader:feed(piece)
        fed = fed + #piece
      end
      assert.is_nil(complete, "no limit was applied")
      assert.matches(opt.max_body and "longer than max_body" or "too", err)
      return fed
    end

    it("a status line", function() endless("HTTP/1.1 200 ", ("x"):rep(1000), { max_head = 5000 }) end)
    it("a header line", function() endless("HTTP/1.1 200 OK\r\nX: ", ("x"):rep(1000), { max_head = 5000 }) end)
    it("the header's bytes", function() endless("HTTP/1.1 200 OK\r\n", "X-A: " .. ("x"):rep(1000) .. "\r\n", { max_head = 50000 }) end)
    it("the number of header lines", function() endless("HTTP/1.1 200 OK\r\n", "X-A: x\r\n", { max_head = 1e9 }) end)
    it("interim responses", function() endless("HTTP/1.1 100 Continue\r\n\r\n", "HTTP/1.1 100 Continue\r\n\r\n", { max_head = 50000 }) end)
    it("trailers", function() endless(head(CHUNKED) .. "0\r\n", "X-A: " .. ("x"):rep(1000) .. "\r\n", { max_head = 50000 }) end)
    it("the number of trailers", function() endless(head(CHUNKED) .. "0\r\n", "X-A: x\r\n", { max_head = 1e9 }) end)
    it("chunk extensions", function() endless(head(CHUNKED) .. "5;", ("x"):rep(1000), {}) end)
    it("zeros before a chunk's size", function() assert.is_nil(read_in_pieces(head(CHUNKED) .. ("0"):rep(40) .. "1\r\n")) end)
    it("chunks", function() endless(head(CHUNKED), "5\r\nhello\r\n", { max_body = 50000 }) end)
    it("a body up to the end of the connection", function() endless(head "", ("x"):rep(1000), { max_body = 50000 }) end)
    it("gzip members that decode to nothing", function()
      local nothing = unhex "1f8b080000000000020303000000000000000000"
      endless(head "Content-Encoding: gzip\r\n", nothing:rep(100), { max_body = 1000 })
    end)

    it("a body whose length exceeds the limit, before any of it is read", function()
      local response, err = read({ head "Content-Length: 1001\r\n" }, { max_body = 1000 })
      assert.is_nil(response)
      assert.matches("longer than max_body", err)
      response, err = read({ head(CHUNKED) .. "3e9\r\n" }, { max_body = 1000 })
      assert.is_nil(response)
      assert.matches("longer than max_body", err)
    end)

    it("head and body exactly", function()
      local bytes = head "Content-Length: 1000\r\n"
      assert.equal(1000, #assert(read({ bytes .. ("x"):rep(1000) }, { max_head = #bytes, max_body = 1000 })).body)
      assert.is_nil((read({ bytes .. ("x"):rep(1000) }, { max_head = #bytes - 1, max_body = 1000 })))
      assert.is_nil((read({ bytes .. ("x"):rep(1000) }, { max_head = #bytes, max_body = 999 })))
    end)

    it("the decoded size of gzip exactly", function()
      local bytes = head("Content-Length: " .. #GZIP .. "\r\nContent-Encoding: gzip\r\n") .. GZIP
      assert.equal(GZIP_TEXT, assert(read_in_pieces(bytes, { max_body = #GZIP_TEXT })).body)
      local response, err = read_in_pieces(bytes, { max_body = #GZIP_TEXT - 1 })
      assert.is_nil(response)
      assert.matches("longer than max_body", err)
      assert.is_nil((read_in_pieces(bytes, { max_body = 0 })))
    end)

    it("a gzip bomb", function()
      local pipe = assert(io.popen("head -c 20000000 /dev/zero | gzip -9", "r"))
      local bomb = pipe:read("*a")
      pipe:close()
      assert.is_true(#bomb > 1000 and #bomb < 100000)
      local bytes = head("Content-Length: " .. #bomb .. "\r\nContent-Encoding: gzip\r\n") .. bomb
      local response, err = read({ bytes }, { max_body = 1000000 })
      assert.is_nil(response)
      assert.matches("longer than max_body", err)
      assert.equal(20000000, #assert(read({ bytes }, { max_body = 20000000 })).body)
    end)
  end)

  it("reads the next response after a reset in any state", function()
    local response = "HTTP/1.1 200 OK\r\nX-New: 1\r\nContent-Length: 2\r\n\r\nhi"
    for _, before in ipairs {
      "",
      "HTTP/1.1 200 OK\r\nX-Ol",
      "HTTP/1.1 200 OK\r\nX-Old: 1\r\nContent-Length: 9\r\n\r\nold",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nold\r\n1",
      "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 9\r\n\r\n\31\139\8",
      "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
      "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\ntrailing",
      "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 100000\r\n\r\n" .. ("x"):rep(100000),
    } do
      local reader = core.http_reader("HEAD", 1024, 1)
      reader:reset("GET", MAX_HEAD, MAX_BODY)
      reader:feed(before)
      reader:reset("GET", MAX_HEAD, 2)
      assert.is_false(reader:head_complete())
      assert.is_true(reader:feed(response), before:sub(1, 60))
      local status, headers, body, reusable = reader:response()
      assert.same({ 200, "hi", true }, { status, body, reusable })
      assert.same({ ["x-new"] = "1", ["content-length"] = "2" }, headers)
      reader:reset("GET", MAX_HEAD, 1)
      assert.is_nil((reader:feed(response)), "the new limit applies")
    end
  end)

  it("raises for invalid arguments", function()
    assert.has_error(function() core.http_reader() end)
    assert.has_error(function() core.http_reader("GET", -1, 1) end)
    assert.has_error(function() core.http_reader("GET", 1, 0 / 0) end)
    assert.has_error(function() core.http_reader("GET", 1, 1):feed() end)
    assert.has_error(function() core.http_reader("GET", 1, 1).feed(io.stdout, "x") end)
  end)
end)
