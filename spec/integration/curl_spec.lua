-- SPDX-License-Identifier: MIT

local wires = require "spec.support.wire"
local nginx = require "lofty.sandbox.nginx"

local plain_response, refused = wires.plain_response, wires.refused

describe("the libcurl transport", function()
  local runtime = require "lofty.runtime.curl"
  local wire

  setup(function() wire = wires.start { tls = true } end)
  teardown(function()
    runtime:close()
    wire:stop()
  end)

  local function get(url, more) return wire:request(runtime, url, more) end

  describe("sends", function()
    local url
    local ECHO = [[
      ngx.req.read_body()
      ngx.header["Content-Type"] = "text/plain"
      ngx.print(ngx.req.raw_header(), ngx.req.get_body_data() or "")
    ]]
    setup(function() url = wire:lua("echo", ECHO) end)

    it("the method, the URL unchanged, and the caller's headers", function()
      local res = assert(get(url .. "/./a%2Fb?x=1&y=%20", { headers = { Authorization = "Bearer x", Accept = "application/json" } }))
      assert.equal(200, res.status)
      assert.equal("text/plain", res.headers["content-type"])
      assert.matches("^GET /lua/echo/%./a%%2Fb%?x=1&y=%%20 HTTP/1%.1\r\n", res.body)
      assert.matches("\r\nAuthorization: Bearer x\r\n", res.body)
      assert.matches("\r\nAccept: application/json\r\n", res.body)
      assert.matches("\r\nAccept%-Encoding: gzip\r\n", res.body)
    end)

    it("the headers of a request, and none of an earlier one", function()
      assert.matches("\r\nAuthorization: Bearer x\r\n", assert(get(url, { headers = { Authorization = "Bearer x" } })).body)
      assert.is_nil(assert(get(url)).body:find("Authorization", 1, true))
      assert.is_nil(assert(get(url, { method = "POST", body = "{}" })).body:find("Authorization", 1, true))
    end)

    it("a header without a value", function()
      assert.matches("\r\nX%-Empty:%s*\r\n", assert(get(url, { headers = { ["X-Empty"] = "" } })).body)
      assert.matches("\r\nX%-Empty:%s*\r\n", assert(get(url, { headers = { ["X-Empty"] = "  " } })).body)
    end)

    for _, method in ipairs { "POST", "PUT", "PATCH", "DELETE" } do
      it("a body with " .. method .. " and the caller's Content-Type", function()
        local res = assert(get(url, { method = method, body = "a\0b", headers = { ["Content-Type"] = "application/json" } }))
        assert.matches("^" .. method .. " ", res.body)
        assert.matches("\r\nContent%-Length: 3\r\n", res.body)
        assert.matches("\r\nContent%-Type: application/json\r\n", res.body)
        assert.equal("a\0b", res.body:sub(-3))
      end)
    end

    it("no Content-Type, Expect, Cookie or User-Agent of libcurl's", function()
      local res = assert(get(url, { method = "POST", body = ("x"):rep(2000000) }))
      local head = res.body:match("^(.-\r\n\r\n)"):lower()
      assert.is_nil(head:find("expect", 1, true))
      assert.is_nil(head:find("content-type", 1, true))
      assert.is_nil(head:find("cookie", 1, true))
      assert.is_nil(head:find("user-agent", 1, true))
    end)

    it("a length of 0 where a POST or PUT has no body, and none with DELETE", function()
      assert.matches("\r\nContent%-Length: 0\r\n", assert(get(url, { method = "POST" })).body)
      assert.matches("\r\nContent%-Length: 0\r\n", assert(get(url, { method = "PUT" })).body)
      assert.is_nil(assert(get(url, { method = "DELETE" })).body:find("Content-Length", 1, true))
      local res = assert(get(url))
      assert.matches("^GET ", res.body)
      assert.is_nil(res.body:find("Content-Length", 1, true))
    end)

    it("a HEAD", function()
      local res = assert(get(url, { method = "HEAD" }))
      assert.equal("", res.body)
      assert.equal(200, res.status)
      assert.matches("^GET ", assert(get(url)).body)
    end)

    it("over HTTP/2 where the server offers it, one connection for all", function()
      local version = wire:lua("version", "ngx.header['X-A'] = { '1', '2' }; ngx.print(ngx.req.http_version(), ngx.var.http_x_a)", "h2")
      assert(get(version))
      local res = assert(get(version, { headers = { ["X-A"] = "x" } }))
      assert.equal("2x", res.body)
      assert.equal("1, 2", res.headers["x-a"])
      assert.is_true(res.reused)
    end)

    it("over HTTP/1.1 with TLS where the server offers no other, on one connection", function()
      local version = wire:lua("version", "ngx.print(ngx.req.http_version())", "tls")
      assert(get(version))
      local res = assert(get(version))
      assert.equal("1.1", res.body)
      assert.is_true(res.reused)
      assert.is_true(res.elapsed > 0)
    end)
  end)

  describe("refuses, before anything is sent,", function()
    for _, case in ipairs {
      { "CR LF in a header's value", { headers = { ["X-A"] = "a\r\nX-B: b" } }, "X%-A" },
      { "LF in a header's value", { headers = { ["X-A"] = "a\nb" } } },
      { "NUL in a header's value", { headers = { ["X-A"] = "a\0b" } } },
      { "CR LF in a header's name", { headers = { ["X-A: 1\r\nX-B"] = "b" } } },
      { "a colon in a header's name", { headers = { ["X-A: 1"] = "b" } } },
      { "an empty header name", { headers = { [""] = "b" } } },
      { "a header that is not a string", { headers = { ["X-A"] = 1 } } },
      { "a header's name that is not a string", { headers = { "X-A: 1" } } },
      { "another Host", { headers = { Host = "elsewhere" } } },
      { "a Content-Length of one's own", { headers = { ["content-length"] = "1" } } },
      { "a Transfer-Encoding", { headers = { ["Transfer-Encoding"] = "chunked" } } },
      { "a method with a space", { method = "GET / HTTP/1.1\r\nX:" } },
      { "CR LF in the URL", { url = "http://127.0.0.1:1/\r\nX: 1" } },
      { "NUL in the URL", { url = "http://127.0.0.1:1/\0" } },
      { "a space in the URL", { url = "http://127.0.0.1:1/a b" } },
      { "a URL beyond ASCII", { url = "http://127.0.0.1:1/\195\164" } },
      { "a URL that is not absolute", { url = "/v1.0/me" } },
      { "another scheme", { url = "ftp://127.0.0.1:1/" } },
      { "a file", { url = "file:///etc/passwd" } },
      { "a user name in the URL", { url = "https://a:b@127.0.0.1:1/" } },
      { "a backslash in the host", { url = "https://127.0.0.1\\@example.com/" } },
      { "plain http to elsewhere", { url = "http://example.com/" }, "https" },
      { "plain http to a name that looks like loopback", { url = "http://127.0.0.1.example.com/" } },
      { "plain http to a name that begins with localhost", { url = "http://localhost.example.com/" } },
      { "plain http to a private address", { url = "http://10.0.0.1/" } },
      { "a URL without a host", { url = "https:///" } },
      { "a URL that is too long", { url = "http://127.0.0.1:1/" .. ("x"):rep(70000) } },
      { "a header that is too long", { headers = { ["X-A"] = ("x"):rep(200000) } } },
    } do
      it(case[1], function()
        local err = refused("invalid", get("http://127.0.0.1:1/", case[2]))
        assert.is_false(err.sent)
        assert.is_false(err.connected)
        if case[3] then assert.matches(case[3], err.message) end
      end)
    end

    -- Line by line these are the bytes of what went out before.
    it("a header whose line equals one that was sent last", function()
      local url = wire:raw("fine", plain_response "hi")
      assert(get(url, { headers = { ["X-A"] = "1: b" } }))
      refused("invalid", get(url, { headers = { ["X-A: 1"] = "b" } }))
      assert(get(url, { headers = { ["X-A"] = "a" } }))
      refused("invalid", get(url, { headers = { ["X-A"] = "a\0Accept-Encoding: gzip" } }))
      assert(get(url, { headers = { ["X-A"] = "" } }))
      refused("invalid", get(url, { headers = { ["X-A;"] = "" } }))
      assert(get(url, {}))
      refused("invalid", get(url, { headers = { ["Accept-Encoding: gzip"] = "" } }))
      assert(get(url, {}))
      refused("invalid", get(url, { headers = { [""] = "Accept-Encoding: gzip" } }))
      assert(get(url, { headers = { ["X-A"] = "a" } }))
    end)

    -- Two headers whose order in the table is the given one: the first has a name of `size` letters, any that gives it.
    local function in_order(size, value, name, name_value)
      for letter in ("ABCDEFGHIJKLMNOPQRSTUVWXYZ"):gmatch "." do
        local first = letter:rep(size)
        local headers = { [first] = value, [name] = name_value }
        if next(headers) == first then return headers end
      end
      error "no letter gives this order"
    end

    -- The bytes of both lists of headers are the same from the second header on, but those of the last list are the
    -- value of a header and the name of the next.
    it("a header whose bytes were the end of one header and the begin of the next", function()
      local url = wire:raw("fine", plain_response "hi")
      for name, value in pairs { Host = "elsewhere", ["Content-Length"] = "7", ["Transfer-Encoding"] = "chunked", ["X-A: 1"] = "b" } do
        assert(get(url, { headers = in_order(2, name, value, "x") }))
        refused("invalid", get(url, { headers = in_order(1, "", name, value) }))
      end
      assert(get(url, { headers = { ["X-A"] = "a" } }))
      refused("invalid", get(url, { headers = in_order(3, "ab", "Accept-Encoding: gzip", "") }))
      assert(get(url, { method = "POST", body = "b", headers = { ["X-A"] = "a" } }))
      refused("invalid", get(url, { method = "POST", body = "b", headers = in_order(3, "ab", "Accept-Encoding: gzip", "") }))
    end)

    it("and sends the next request normally", function()
      local url = wire:raw("fine", plain_response "hi")
      assert.equal("hi", assert(get(url)).body)
      refused("invalid", get("http://example.com/"))
      assert.equal("hi", assert(get(url)).body)
    end)
  end)

  describe("gives an err for", function()
    -- name, script, kind, whole head had come
    for _, case in ipairs {
      { "a head cut in the middle", [[ send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n") ]], "network", false },
      { "a status line cut in the middle", [[ send("HTTP/1.1 20") ]], "network", false },
      { "a connection closed without an answer", [[ ]], "network", false },
      { "a body cut in the middle", [[ send("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhi") ]], "network", true },
      { "a chunk cut in the middle", [[ send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel") ]], "network", true },
      { "a last chunk that never came", [[ send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n") ]], "network", true },
      { "a body that stalls", [[ send("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhi") gone() ]], "timeout", true },
      { "a server that stalls", [[ gone() ]], "timeout", false },
      { "bytes that are not HTTP", [[ send("hello, world") ]], "decode", false },
      { "a chunk size that is none", [[ send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nhi\r\n") ]], "decode", true },
      { "two different lengths", [[ send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nhi") ]], "decode", false },
      { "a length beside chunked", [[ send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n") ]],
        "decode", false },
      { "a length of 2^65", [[ send("HTTP/1.1 200 OK\r\nContent-Length: 36893488147419103232\r\n\r\n") ]], "decode", false },
      { "a length with a sign", [[ send("HTTP/1.1 200 OK\r\nContent-Length: +2\r\n\r\nhi") ]], "decode", false },
      { "a length in hexadecimal", [[ send("HTTP/1.1 200 OK\r\nContent-Length: 0x2\r\n\r\nhi") ]], "decode", false },
      { "a list of lengths", [[ send("HTTP/1.1 200 OK\r\nContent-Length: 11, 5\r\n\r\nhello") ]], "decode", false },
      { "chunked, then identity", [[ send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n") ]], "decode", false },
      { "a space before the colon", [[ send("HTTP/1.1 200 OK\r\nContent-Length : 2\r\n\r\nhi") ]], "decode", false },
      { "a bare CR in a header", [[ send("HTTP/1.1 200 OK\r\nX: a\rb\r\nContent-Length: 2\r\n\r\nhi") ]], "decode", false },
      { "lines with a bare LF", [[ send("HTTP/1.1 200 OK\nContent-Length: 2\n\nhi") ]], "decode", false },
      { "a 101 that nobody asked for", [[ send("HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\nhi") ]], "decode", false },
      { "deflate, which was not asked for", [[ send("HTTP/1.1 200 OK\r\nContent-Encoding: deflate\r\nContent-Length: 2\r\n\r\nhi") ]],
        "decode", false },
      { "6000 header lines", [[ send("HTTP/1.1 200 OK\r\n" .. ("X: y\r\n"):rep(6000) .. "Content-Length: 2\r\n\r\nhi") ]], "decode", false },
    } do
      it(case[1], function()
        local name = case[1]:gsub("[^%w]", "_")
        local short = case[3] == "timeout" and { timeout = { connect = 60, total = 0.5 } } or nil
        local err = refused(case[3], get(wire:raw(name, case[2]), short))
        assert.is_true(err.sent)
        assert.is_true(err.connected)
        assert.equal(case[4], err.head)
        assert.matches("^127%.0%.0%.1:%d+: ", err.message)
        assert.is_nil(err.message:find("/raw/", 1, true))
      end)
    end

    it("a connection that was refused", function()
      local port = nginx.free_ports(1)[1]
      local err = refused("network", get("http://127.0.0.1:" .. port .. "/?secret=1"))
      assert.is_false(err.sent)
      assert.is_false(err.connected)
      assert.is_nil(tostring(err):find("secret", 1, true))
    end)

    it("a host name that can't be resolved", function()
      local err = refused("network", get("https://nowhere.invalid/"))
      assert.is_false(err.sent)
      assert.is_false(err.connected)
      assert.matches("nowhere%.invalid", err.message)
    end)

    it("a connection that is not made in time", function()
      -- A listener whose queue is full drops what comes; an address of TEST-NET-1 leads nowhere, or is refused.
      local res, err = get("https://192.0.2.1/", { timeout = { connect = 0.1, total = 5 } })
      assert.is_nil(res)
      assert.is_true(err.kind == "timeout" or err.kind == "network")
      assert.is_false(err.sent)
      assert.is_false(err.connected)
    end)
  end)

  describe("bounds", function()
    it("the head", function()
      local url = wire:raw("long_head", [[ send("HTTP/1.1 200 OK\r\nX: " .. ("x"):rep(3000) .. "\r\nContent-Length: 0\r\n\r\n") ]])
      assert(get(url))
      assert.matches("too long", refused("decode", get(url, { max_head = 2000 })).message)
    end)

    it("interim responses", function()
      local url = wire:raw("interim", [[
        for i = 1, 100000 do if not send("HTTP/1.1 103 Early Hints\r\nX: " .. ("x"):rep(1000) .. "\r\n\r\n") then break end end
      ]])
      assert.matches("too long", refused("decode", get(url)).message)
    end)

    it("trailers", function()
      local url = wire:raw("trailers", [[
        send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n")
        for i = 1, 100000 do if not send("X: " .. ("x"):rep(1000) .. "\r\n") then break end end
      ]])
      assert.matches("too long", refused("decode", get(url)).message)
      local few = wire:raw("few_trailers", [[ send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\nX: 1\r\n\r\n") ]])
      local res = assert(get(few))
      assert.equal("hi", res.body)
      assert.is_nil(res.headers.x)
    end)

    it("the body, to the byte", function()
      local url = wire:raw("thousand", [[ send("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n" .. ("x"):rep(1000)) ]])
      assert.equal(1000, #assert(get(url, { max_body = 1000 })).body)
      assert.matches("longer than max_body", refused("decode", get(url, { max_body = 999 })).message)
    end)

    it("a body whose length is beyond max_body, before any of it is read", function()
      local url = wire:raw("declared", [[
        send("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 1001\r\n\r\n")
        gone()
      ]])
      assert.matches("longer than max_body", refused("decode", get(url, { max_body = 1000 })).message)
      assert.equal("", assert(get(url, { method = "HEAD", max_body = 1000 })).body)
    end)

    it("a body without an end", function()
      local url = wire:raw("endless", [[ send("HTTP/1.1 200 OK\r\n\r\n") while send(("x"):rep(10000)) do end ]])
      assert.matches("longer than max_body", refused("decode", get(url, { max_body = 1000000 })).message)
    end)

    it("what gzip decodes to", function()
      local url = wire:lua("bomb", [[
        local pipe = io.popen("head -c 20000000 /dev/zero | gzip -9")
        local bytes = pipe:read("*a")
        pipe:close()
        ngx.header["Content-Encoding"] = "gzip"
        ngx.print(bytes)
      ]])
      assert.equal(20000000, #assert(get(url, { max_body = 20000000 })).body)
      assert.matches("longer than max_body", refused("decode", get(url, { max_body = 19999999 })).message)
    end)
  end)

  describe("gunzips", function()
    local SEND = [[
      local pipe = io.popen("seq 1 20000 | gzip")
      local bytes = pipe:read("*a")
      pipe:close()
      %s
    ]]
    local text = nginx.shell("seq 1 20000") .. "\n"

    local function url(name, code)
      local made = wire:raw(name, SEND:format(code))
      return made
    end

    it("a body with a length, and one without", function()
      assert.equal(text, assert(get(url("gzip", [[
        send("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: " .. #bytes .. "\r\n\r\n" .. bytes) ]]))).body)
      assert.equal(text, assert(get(url("gzip_close", [[
        send("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n" .. bytes) ]]))).body)
    end)

    it("an empty body", function()
      assert.equal("", assert(get(url("gzip_empty", [[ send("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 0\r\n\r\n") ]]))).body)
    end)

    it("and finds a body cut short, however it is framed", function()
      refused("network", get(url("gzip_cut", [[
        send("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n" .. bytes:sub(1, #bytes / 2)) ]])))
      refused("network", get(url("gzip_cut_first", [[ send("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n") ]])))
      local bare = url("gzip_head", [[ send("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n") ]])
      assert.equal("", assert(get(bare, { method = "HEAD" })).body)
      refused("network", get(url("gzip_cut_length", [[
        send("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: " .. #bytes .. "\r\n\r\n" .. bytes:sub(1, #bytes / 2)) ]])))
      local err = refused("decode", get(url("gzip_short", [[
        bytes = bytes:sub(1, math.floor(#bytes / 2))
        send("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: " .. #bytes .. "\r\n\r\n" .. bytes) ]])))
      assert.matches("cut short", err.message)
      assert.is_true(err.head)
    end)

    it("and finds a damaged body", function()
      assert.matches("damaged", refused("decode", get(url("gzip_damaged", [[
        bytes = bytes:sub(1, -6) .. "\0" .. bytes:sub(-4)
        send("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: " .. #bytes .. "\r\n\r\n" .. bytes) ]]))).message)
      assert.matches("damaged", refused("decode", get(url("gzip_none", [[
        send("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 5\r\n\r\nhello") ]]))).message)
    end)
  end)

  describe("checks certificates:", function()
    it("of a CA that was named", function()
      assert.equal("hi", assert(get(wire:lua("hi", "ngx.print('hi')", "tls"))).body)
    end)

    for _, case in ipairs {
      { "of no CA", "untrusted" }, { "of another name", "wrong_name" }, { "expired", "expired" }, { "of TLS 1.1", "old" },
    } do
      it("refuses one " .. case[1], function()
        local err = refused("tls", get(wire:lua("hi", "ngx.print('hi')", case[2])))
        assert.is_false(err.sent)
        assert.is_false(err.head)
      end)
    end

    it("refuses one of a CA that the system does not know, also when a connection that trusted it is kept", function()
      local url = wire:lua("hi", "ngx.print('hi')", "tls")
      assert(get(url))
      local err = refused("tls", runtime:request { method = "GET", url = url, headers = {}, timeout = { connect = 60, total = 60 } })
      assert.matches("set ca to a file with the CA that issued it", err.message, 1, true)
      assert(get(url))
    end)

    it("speaks of ca only where the CA is unknown", function()
      assert.matches("set ca to a file", refused("tls", get(wire:lua("hi", "ngx.print('hi')", "untrusted"))).message, 1, true)
      for _, server in ipairs { "wrong_name", "expired" } do
        local message = refused("tls", get(wire:lua("hi", "ngx.print('hi')", server))).message
        assert.matches("certificate was not accepted (", message, 1, true)
      end
    end)

    it("names the file of CAs when it is missing", function()
      local err = refused("tls", get(wire:lua("hi", "ngx.print('hi')", "tls"), { ca = "/nonexistent" }))
      assert.matches("trusted certificates", err.message)
    end)

    it("gives a tls err for a server that does not speak TLS", function()
      refused("tls", get((wire.urls.plain:gsub("^http:", "https:"))))
    end)
  end)

  describe("when a kept connection breaks", function()
    -- Answers one request, reads the next and closes.
    local TWICE = [[
      note(read())
      send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi")
      local second = read()
      if second then note(second) end
    ]]

    before_each(function() runtime:close() end) -- no connection on which another script still reads

    for _, method in ipairs { "POST", "PUT", "DELETE" } do
      it("sends a " .. method .. " with once = true only once", function()
        local name = "once_" .. method
        local url = wire:raw(name, TWICE)
        assert(get(url, { method = method, body = "x", once = true }))
        local err = refused("network", get(url, { method = method, body = "x", once = true }))
        assert.is_true(err.sent)
        assert.is_true(err.connected)
        assert.is_false(err.head)
        assert.equal(2, #wire:notes(name))
      end)
    end

    it("sends an empty POST with once = true only once", function()
      local url = wire:raw("once_empty", TWICE)
      assert(get(url, { method = "POST", once = true }))
      assert.is_true(refused("network", get(url, { method = "POST", once = true })).sent)
      assert.equal(2, #wire:notes "once_empty")
    end)

    it("sends a request without once again", function()
      local url = wire:raw("again", TWICE)
      assert(get(url))
      assert.equal("hi", assert(get(url)).body)
      assert.equal(3, #wire:notes "again")
    end)

    it("uses a new connection where the server had closed the kept one", function()
      local url = wire:raw("closed", [[ note(read()) send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi") ]])
      for i = 1, 3 do
        assert.equal("hi", assert(get(url, { method = "POST", body = "x", once = true })).body)
        wire:closed(url) -- a request that overtook the close could only be told as unknown
        assert.equal(i, #wire:notes "closed")
      end
    end)

    it("succeeds however many connections broke before", function()
      local url = wire:raw("mortal", TWICE)
      for i = 1, 20 do
        assert.equal("hi", assert(get(url)).body, "request " .. i)
      end
    end)

    it("opens a new one after a response with Connection: close", function()
      local url = wire:lua("goodbye", "ngx.header.Connection = 'close'; ngx.print('hi')")
      assert(get(url))
      assert.is_false(assert(get(url)).reused)
    end)
  end)

  it("follows no redirect, and keeps no cookie", function()
    local url = wire:lua("redirect", [[
      if ngx.var.arg_to then ngx.print("was followed", ngx.var.http_cookie or "no cookie") return end
      ngx.header["Set-Cookie"] = "a=b"
      ngx.redirect("/lua/redirect?to=1", 302)
    ]])
    local res = assert(get(url))
    assert.equal(302, res.status)
    assert.matches("/lua/redirect%?to=1$", res.headers.location)
    assert.equal("was followedno cookie", assert(get(url .. "?to=1")).body)
  end)

  it("sends no credential of its own in reply to a challenge", function()
    local url = wire:lua("challenge", [[
      ngx.header["WWW-Authenticate"] = { "Basic realm=x", "Digest realm=x, nonce=y", "NTLM", "Negotiate" }
      ngx.status = 401
      ngx.print(ngx.var.http_authorization or "none")
    ]])
    local res = assert(get(url))
    assert.equal(401, res.status)
    assert.equal("none", res.body)
  end)

  it("survives a server that closes while a long body is sent", function()
    for _, server in ipairs { "plain", "tls" } do
      local url = wire:raw("impatient", [[ sock:receive(10) ]], server)
      local err = refused("network", get(url, { method = "POST", body = ("x"):rep(5000000) }))
      assert.is_true(err.sent)
    end
  end)

  it("reads a response that came before the whole body was sent", function()
    local url = wire:raw("early", [[ send("HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno") read() ]])
    local res = assert(get(url, { method = "POST", body = ("x"):rep(100000) }))
    assert.equal(413, res.status)
    assert.equal("no", res.body)
  end)

  it("gives a decode err for a head whose first line is folded, on a used handle too", function()
    local url = wire:raw("folded", [[ read() send("HTTP/1.1 200 OK\r\n folded\r\nX-A: 1\r\nContent-Length: 2\r\n\r\nhi") ]])
    local hello = wire:lua("unfolded", "ngx.print('hi')")
    for _ = 1, 5 do
      assert.equal("hi", assert(get(hello)).body)
      refused("decode", get(url))
    end
  end)

  it("gives a decode err for a folded first line after an interim response, on a used handle too", function()
    local url = wire:raw("interim_folded", [[ read()
      send("HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\n\tfolded\r\nContent-Length: 2\r\n\r\nhi") ]])
    local hello = wire:lua("before_interim", "ngx.print('hi')")
    for _ = 1, 5 do
      assert.equal("hi", assert(get(hello)).body)
      refused("decode", get(url))
    end
  end)

  it("accepts a header line with a blank at each place of libcurl's buffer, which is 16 KiB", function()
    local url = wire:raw("long_line", [[ read()
      send("HTTP/1.1 200 OK\r\nX-Long: " .. ("a "):rep(16384) .. "b\r\nContent-Length: 2\r\n\r\nhi") ]])
    local shifted = wire:raw("long_line_shifted", [[ read()
      send("HTTP/1.1 200 OK\r\nX-Longr: " .. ("a "):rep(16384) .. "b\r\nX-B: 1\r\nContent-Length: 2\r\n\r\nhi") ]])
    for _ = 1, 2 do
      assert.equal(("a "):rep(16384) .. "b", assert(get(url)).headers["x-long"])
      local res = assert(get(shifted))
      assert.equal(("a "):rep(16384) .. "b", res.headers["x-longr"])
      assert.equal("1", res.headers["x-b"])
      assert.equal("hi", res.body)
    end
  end)

  it("gives err.sent for a long body to a server that stopped reading, and sends it only once", function()
    for _, server in ipairs { "plain", "tls" } do
      local name = "impatient_" .. server
      local url = wire:raw(name, [[ note("head") sock:receive(10) ]], server)
      for i = 1, 10 do
        local err = refused("network", get(url, { method = "POST", body = ("x"):rep(40000 + 10000 * i), once = true }))
        assert.is_true(err.sent)
        wire:closed(url)
        assert.is_true(#wire:notes(name) <= i)
      end
    end
  end)

  it("can be closed at any time, and opens again", function()
    assert.is_true(runtime:close())
    assert.is_true(runtime:close())
    local url = wire:raw("after_close", plain_response "hi")
    assert.is_false(assert(get(url)).reused)
    assert.is_true(runtime:close())
  end)

  it("has a wall clock and a monotonic clock", function()
    local earliest = os.time()
    local now = runtime:now()
    assert.is_true(earliest <= now and now < os.time() + 2)
    local before = runtime:monotonic()
    assert.is_true(runtime:sleep(0.001))
    assert.is_true(runtime:monotonic() >= before + 0.001)
  end)

  it("passes arguments and results through detach", function()
    local function three(...) return select("#", ...), ... end
    assert.same({ 3, 1, nil, 3, n = 4 }, (function(...) return { n = select("#", ...), ... } end)(runtime:detach(1, three, 1, nil, 3)))
  end)
end)
