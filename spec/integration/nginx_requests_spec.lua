-- SPDX-License-Identifier: MIT

-- Requests of the nginx runtime over real sockets: what is sent, what fails, kept connections, TLS.
local servers = require "spec.support.nginx.servers"

local raw, new_name = servers.raw, servers.new_name

describe("nginx runtime", function()
  local box
  local function run(...) return box:run(...) end

  -- Closes the connections that other cases left: each of these requests closes one, until a new one had to be made.
  local function close_kept()
    run [[repeat local res = get("/raw?reply=HTTP/1.1%20204%20x%0D%0AConnection:%20close%0D%0A%0D%0A")
      until not res.reused]]
  end

  setup(function() box = servers.start() end)
  teardown(function() box:stop() end)

  describe("request", function()
    it("writes the request in HTTP/1.1", function()
      local res = run [[
        local res = assert(get("/echo?a=b%20c", { method = "POST", body = "hello", headers = { ["X-One"] = "1" } }))
        return require("cjson").decode(res.body)
      ]]
      assert.equal("hello", res.body)
      local host = box.upstream_url:match("//(.+)")
      assert.matches("^POST /echo%?a=b%%20c HTTP/1%.1\r\nHost: " .. host .. "\r\n", res.head)
      assert.matches("\r\nAccept%-Encoding: gzip\r\n", res.head)
      assert.matches("\r\nContent%-Length: 5\r\n", res.head)
      assert.matches("\r\nX%-One: 1\r\n", res.head)
    end)

    it("returns the status, headers by lower-case name with repeated ones joined, the body and the time it took", function()
      local res = run [[return assert(get("/echo"))]]
      assert.equal(200, res.status)
      assert.equal("a, b", res.headers["x-two"])
      assert.equal("number", type(res.elapsed))
      assert.equal("boolean", type(res.reused))
    end)

    it("sends a table of headers that it sent before with its present values", function()
      local sent, refused = run [[
        local headers, sent = { ["X-A"] = "1", ["X-B"] = "2" }, {}
        local function send()
          local res, err = get("/echo", { headers = headers })
          sent[#sent + 1] = res and table.concat({ res.body:match("X%-A: (%d)") or "-", res.body:match("X%-B: (%d)") or "-" })
          return err
        end
        send() send()
        headers["X-A"] = "3" send()
        headers["X-B"] = nil send()
        headers = { ["X-B"] = "2" } send()
        headers["X-B"] = "2\r\nX-A: 9"
        return sent, send()
      ]]
      assert.same({ "12", "12", "32", "3-", "-2" }, sent)
      assert.equal("invalid", refused.kind)
    end)

    for _, case in ipairs {
      { "sends Content-Length: 0 with an empty POST", [[{ method = "POST", body = "" }]], "\r\nContent%-Length: 0\r\n" },
      { "sends Content-Length: 0 with a POST without a body", [[{ method = "POST" }]], "\r\nContent%-Length: 0\r\n" },
      { "sends no Content-Length with a GET", [[{}]], nil, "Content%-Length" },
      { "sends no Content-Length with a DELETE", [[{ method = "DELETE" }]], "^DELETE ", "Content%-Length" },
    } do
      it(case[1], function()
        local res = run([[return require("cjson").decode(assert(get("/echo", ]] .. case[2] .. [[)).body)]])
        if case[3] then assert.matches(case[3], res.head) end
        if case[4] then assert.not_matches(case[4], res.head) end
      end)
    end

    it("requests / when the URL has no path, and sends no fragment", function()
      local first, second = run [[
        local res = get("", { url = upstream .. "/echo?x=1#y" })
        return get("", { url = upstream }).status, require("cjson").decode(res.body).head
      ]]
      assert.equal(404, first)
      assert.matches("GET /echo%?x=1 HTTP", second)
    end)

    -- `stall` leaves the connection open, so that what ends the body is not its end. `Connection: close` makes the client
    -- close it: no later request meets it.
    for _, case in ipairs {
      { "a length", "Connection: close\r\nContent-Length: 2\r\n\r\nhi", "&stall=1" },
      { "chunks", "Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nh\r\n1;x=y\r\ni\r\n0\r\nX: y\r\n\r\n", "&stall=1" },
      { "the connection's end", "\r\nhi" },
      { "a length, after a 103", "Connection: close\r\nContent-Length: 2\r\n\r\nhi", "&stall=1", "HTTP/1.1 103 Early\r\nLink: x\r\n\r\n" },
    } do
      it("reads a body that ends by " .. case[1], function()
        local res = run([[return assert(get(arg))]], raw((case[4] or "") .. "HTTP/1.1 200 OK\r\n" .. case[2], case[3]))
        assert.same({ 200, "hi" }, { res.status, res.body })
      end)
    end

    for _, case in ipairs {
      { "HEAD", "HEAD", "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 5\r\n\r\n", 200 },
      { "204", "DELETE", "HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n", 204 },
      { "304", "GET", "HTTP/1.1 304 Not Modified\r\nConnection: close\r\nContent-Length: 5\r\n\r\n", 304 },
    } do
      it("waits for no body after " .. case[1], function()
        local res = run([[return assert(get(arg[1], { method = arg[2] }))]], { raw(case[3], "&stall=1"), case[2] })
        assert.same({ case[4], "" }, { res.status, res.body })
      end)
    end

    it("decodes gzip, and reads a large body whole", function()
      local ok = run [[
        local zipped, large = assert(get("/gzip?size=100000")), assert(get("/large?size=1000000"))
        local text = ("0123456789"):rep(10000)
        return zipped.headers["content-encoding"] == "gzip" and zipped.body == text and large.body == text:rep(10)
      ]]
      assert.is_true(ok)
    end)

    it("sends a large body whole", function()
      local size = run [[
        local body = ("0123456789"):rep(200000)
        local res = assert(get("/echo", { method = "POST", body = body, max_body = 2^24 }))
        return require("cjson").decode(res.body).body == body
      ]]
      assert.is_true(size)
    end)
  end)

  describe("request that fails", function()
    local gzip = "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 10\r\n\r\n"
    for _, case in ipairs {
      { "closed before the response", "", "", "network", true, false },
      { "closed in the head", "HTTP/1.1 200 OK\r\nContent-", "", "network", true, false },
      { "closed in the body", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhi", "", "network", true, true },
      { "closed in a chunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhi", "", "network", true, true },
      { "closed before the last chunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n", "",
        "network", true, true },
      { "another protocol than HTTP", "SSH-2.0-OpenSSH_9.2\r\n\r\n", "", "decode", true, false },
      { "two lengths", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nhi", "", "decode", true },
      { "a length beside chunks", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\nhi", "",
        "decode", true },
      { "a bare line feed", "HTTP/1.1 200 OK\nContent-Length: 2\n\nhi", "", "decode", true },
      { "an endless head", "HTTP/1.1 200 OK\r\nX: ", "&fill=100000", "decode", true, false },
      { "a body beyond max_body", "HTTP/1.1 200 OK\r\nContent-Length: 2000000\r\n\r\n", "&fill=2000000", "decode", true },
      { "chunks beyond max_body", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1E8480\r\n", "&fill=2000000",
        "decode", true },
      { "a body without length beyond max_body", "HTTP/1.1 200 OK\r\n\r\n", "&fill=2000000", "decode", true },
      { "a body that is not gzip", gzip .. "0123456789", "", "decode", true },
      { "no byte in time", "", "&stall=1", "timeout", true, false },
      { "stalled in the body", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhi", "&stall=1", "timeout", true, true },
      { "a byte every few milliseconds", "HTTP/1.1 200 OK\r\nContent-Length: 50000\r\n\r\nhi", "&drip=1", "timeout", true, true },
    } do
      it("returns the right kind of error: " .. case[1], function()
        local _, err, after = run([[
          local res, err = get(arg, { timeout = { connect = 2, total = arg:find("&[sd]") and 0.3 or 60 } })
          return res, err, get("/echo").status
        ]], raw(case[2], case[3]))
        assert.same({ case[4], case[5] }, { err.kind, err.sent })
        if case[6] ~= nil then assert.equal(case[6], err.head) end
        assert.is_true(err.connected)
        assert.equal(200, after)
      end)
    end

    it("reports a gzip bomb as a decode error", function()
      local _, err = run [[return get("/gzip?size=3000000")]]
      assert.equal("decode", err.kind)
    end)

    it("reports a refused connection, and that nothing was sent", function()
      local _, err = run [[return get("", { url = "http://127.0.0.1:1/" })]]
      assert.same({ "network", false, false }, { err.kind, err.sent, err.connected })
      assert.matches("refused", err.text)
    end)

    it("ends in time when the resolver does not answer, whatever resolver_timeout says", function()
      for _, timeout in ipairs { "{ connect = 0.1, total = 30 }", "{ connect = 30, total = 0.1 }" } do
        local _, err, after = run([[
          local _, err = get("", { url = "https://api.example.test/", timeout = ]] .. timeout .. [[ })
          return nil, err, get("/echo").status
        ]], nil, "/silent_resolver")
        assert.same({ "timeout", false, false, 200 }, { err.kind, err.sent, err.connected, after })
        assert.matches("no connection to api.example.test within 0.1 s", err.text)
      end
    end)

    it("ends in time when the server takes the body too slowly", function()
      local _, err, after = run [[
        local _, err = get("/slow_reader", {
          method = "POST", body = ("x"):rep(2^24), timeout = { connect = 2, total = 0.2 },
        })
        return nil, err, get("/echo").status
      ]]
      assert.same({ "timeout", true, true, 200 }, { err.kind, err.sent, err.connected, after })
      assert.matches("sending to", err.text)
    end)

    it("names the setting that is missing when nginx has no resolver", function()
      local _, err = run [[return get("", { url = "https://api.example.test/" })]]
      assert.same({ "network", false, false }, { err.kind, err.sent, err.connected })
      assert.matches("`resolver` in nginx.conf", err.text)
    end)

    for _, case in ipairs {
      { "CR LF in a header", [[{ headers = { ["X-A"] = "a\r\nB: c" } }]], "X%-A" },
      { "NUL in a header", [[{ headers = { ["X-A"] = "a\0b" } }]], "X%-A" },
      { "a control character in a header", [[{ headers = { ["X-A"] = "a\27[2Jb" } }]], "X%-A" },
      { "the caller's own Accept-Encoding", [[{ headers = { ["Accept-Encoding"] = "br" } }]], "Accept%-Encoding" },
      { "a line end in a header's name", [[{ headers = { ["X-A\r\nB"] = "c" } }]], "name" },
      { "an empty header name", [[{ headers = { [""] = "c" } }]], "name" },
      { "a header that is not a string", [[{ headers = { ["X-A"] = 5 } }]], "X%-A" },
      { "the caller's own Content-Length", [[{ headers = { ["content-length"] = "7" } }]], "content%-length" },
      { "the caller's own Transfer-Encoding", [[{ headers = { ["Transfer-Encoding"] = "chunked" } }]], "Transfer%-Encoding" },
      { "the caller's own Host", [[{ headers = { Host = "x" } }]], "Host" },
      { "CR LF in the URL", [[{ url = upstream .. "/echo\r\nX: y" }]], "percent%-encoded" },
      { "a space in the URL", [[{ url = upstream .. "/e cho" }]], "percent%-encoded" },
      { "CR LF in the host", [[{ url = "http://127.0.0.1\r\n/" }]], "percent%-encoded" },
      { "a NUL in the URL", [[{ url = upstream .. "/echo\0x" }]], "percent%-encoded" },
      { "a backslash in the URL", [[{ url = upstream .. "/echo\\x" }]], "percent%-encoded" },
      { "an empty host", [[{ url = "http:///127.0.0.1/" }]], "no host" },
      { "an IPv4 address out of range", [[{ url = "http://127.999.1.1/" }]], "IPv4" },
      { "a method with a space", [[{ method = "GET /x" }]], "method" },
      { "a body that is not a string", [[{ method = "POST", body = {} }]], "body" },
      { "plain http to another machine", [[{ url = "http://example.test/" }]], "https" },
      { "plain http to a name that looks like loopback", [[{ url = "http://127.0.0.1.example.test/" }]], "https" },
      { "another scheme", [[{ url = "ftp://127.0.0.1/" }]], "https" },
      { "a URL that is not absolute", [[{ url = "/v1.0/me" }]], "absolute" },
      { "credentials in the URL", [[{ url = "https://me:secret@example.test/" }]], "credentials" },
      { "a port out of range", [[{ url = "https://example.test:99999/" }]], "port" },
      { "the option ca", [[{ ca = "/etc/ca.pem" }]], "lua_ssl_trusted_certificate" },
      { "the option proxy", [[{ proxy = "http://127.0.0.1:3128" }]], "proxy" },
    } do
      it("is refused before anything is sent: " .. case[1], function()
        local _, err = run("return get('/echo', " .. case[2] .. ")")
        assert.same({ "invalid", false, false }, { err.kind, err.sent, err.connected })
        assert.matches(case[3], err.text)
        assert.not_matches("secret", err.text)
        assert.not_matches("\n", err.text)
      end)
    end
  end)

  describe("connections", function()
    it("are kept and used again", function()
      local first, second, reused = run [[
        local decode = require("cjson").decode
        assert(get("/echo", { url = upstream .. "/echo" }))
        local a, b = assert(get("/echo")), assert(get("/echo"))
        return decode(a.body).connection, decode(b.body).connection, b.reused
      ]]
      assert.equal(first, second)
      assert.is_true(reused)
    end)

    it("that the server has closed carry no request that may be sent only once", function()
      local statuses = run([[
        local port = ("%04X"):format(tonumber(upstream:match("%d+$")))
        assert(get(arg)) -- the server closes the connection after it
        -- Without a wait, in which nginx itself would see it: until the kernel shows the connection in CLOSE_WAIT.
        repeat
          local file = io.open("/proc/net/tcp")
          local text = file:read("*a")
          file:close()
        until text:find(" %x+:%x+ %x+:" .. port .. " 08 ")
        return { (get("/echo", { method = "POST", body = "x", once = true }) or {}).status }
      ]], raw "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi")
      assert.same({ 200 }, statuses)
    end)

    it("that the server has closed do not shorten the time for the new one", function()
      local port, stop = box:fill()
      finally(stop)
      local body = run([[
        local url = "http://127.0.0.1:" .. arg .. "/"
        assert(get("", { url = url }))
        local closed = (" %x+:%x+ %x+:" .. ("%04X"):format(arg) .. " 08 ")
        repeat
          local file = io.open("/proc/net/tcp")
          local text = file:read("*a")
          file:close()
        until text:find(closed)
        return assert(get("", { url = url, method = "POST", body = "x", once = true })).body
      ]], port)
      assert.equal("hi", body)
    end)

    it("that are still open carry a request that may be sent only once", function()
      local reused = run [[
        assert(get("/echo"))
        return get("/echo", { method = "POST", body = "x", once = true }).reused
      ]]
      assert.is_true(reused)
    end)

    for _, case in ipairs {
      { "a response with Connection: close", "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nhi" },
      { "a response in HTTP/1.0", "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nhi" },
      { "bytes after the response", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhiHTTP/1.1 200 OK\r\n\r\n" },
      { "a malformed response", "HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\nhi" },
    } do
      it("are not kept after " .. case[1], function()
        close_kept()
        local reused, other = run([[
          get("/echo") -- this connection is kept
          get(arg)     -- uses it
          return get("/echo").reused, get("/echo").reused
        ]], raw(case[2], "&keep=1"))
        assert.same({ false, true }, { reused, other })
      end)
    end

    it("are shared by URLs that differ in the case of the scheme only", function()
      local reused = run [[
        assert(get("/echo"))
        return get("", { url = upstream:gsub("^http", "HTTP") .. "/echo?" }).reused
      ]]
      assert.is_true(reused)
    end)
  end)

  describe("a kept connection that the server closes without a response", function()
    local function twice(method, once)
      local name = new_name()
      local res, err, status = run([[
        assert(get("/once?name=" .. arg)) -- a new connection, now kept
        local res, err = get("/once?name=" .. arg, { method = ]] .. ("%q"):format(method) .. [[, once = ]]
        .. tostring(once) .. [[ })
        return res, err, get("/echo").status
      ]], name)
      assert.equal(200, status)
      return res, err, box:count(name)
    end
    before_each(close_kept)

    for _, method in ipairs { "GET", "PUT", "DELETE" } do
      it("makes a " .. method .. " go out once more, on a new connection", function()
        local res, _, seen = twice(method, false)
        assert.equal(200, res.status)
        assert.is_false(res.reused)
        assert.equal(3, seen)
      end)
    end

    for _, case in ipairs { { "GET", true }, { "PUT", true }, { "POST", true }, { "POST", false } } do
      it("ends a " .. case[1] .. (case[2] and " that may not be sent twice" or "") .. " with an error", function()
        local res, err, seen = twice(case[1], case[2])
        assert.is_nil(res)
        assert.same({ "network", true, true, false }, { err.kind, err.sent, err.connected, err.head })
        assert.equal(2, seen)
      end)
    end
  end)

  describe("TLS", function()
    local url = [["https://localhost:" .. tls .. "/echo"]]

    it("verifies the certificate, and sends the server's name", function()
      local res = run([[return require("cjson").decode(assert(get("", { url = ]] .. url .. [[ })).body)]])
      assert.equal("localhost", res.sni)
    end)

    it("keeps connections, apart from those without TLS", function()
      local first, second = run([[
        assert(get("", { url = ]] .. url .. [[ }))
        return get("", { url = ]] .. url .. [[ }).reused, (get("", { url = "http://localhost:" .. tls .. "/echo" }))
      ]])
      assert.is_true(first)
      assert.equal(400, second.status) -- nginx: plain HTTP was sent to an HTTPS port
    end)

    it("ends in time when the server sends a record byte by byte", function()
      local port, stop = box:drip(box.tls12)
      local _, err, after = run([[
        local _, err = get("", {
          url = "https://localhost:" .. arg .. "/large?size=100000", timeout = { connect = 2, total = 0.3 },
        })
        return nil, err, get("/echo").status
      ]], port)
      stop()
      assert.same({ "timeout", true, true, 200 }, { err.kind, err.sent, err.connected, after })
    end)

    it("resumes a session", function()
      local first, others = run [[
        local url = "https://localhost:" .. tls12 .. "/echo"
        local decode = require("cjson").decode
        local a = decode(assert(get("", { url = url })).body)
        -- Several at once, so that new connections are made.
        local results = runtime:map({ 1, 2, 3 }, function() return decode(get("", { url = url }).body).resumed end)
        return a.resumed, table.concat(results)
      ]]
      assert.equal(".", first)
      assert.matches("r", others) -- nginx's $ssl_session_reused
    end)

    for _, case in ipairs {
      { "a certificate for another name", [["https://127.0.0.1:" .. tls .. "/echo"]], "/content", "certificate" },
      { "a self-signed certificate", [["https://localhost:" .. self_signed .. "/echo"]], "/content", "localhost" },
      { "no CA set in nginx.conf", [["https://localhost:" .. untried .. "/echo"]], "/untrusting",
        "lua_ssl_trusted_certificate" },
      { "a server without TLS", [[upstream:gsub("http://127.0.0.1", "https://localhost") .. "/echo"]], "/content", "TLS" },
    } do
      it("refuses: " .. case[1], function()
        local _, err = run("local url = " .. case[2] .. " return get('', { url = url })", nil, case[3])
        assert.same({ "tls", false, true }, { err.kind, err.sent, err.connected })
        assert.matches(case[4], err.text)
      end)
    end
  end)

  describe("trust", function()
    -- A call to each of the two servers, in a location and in work that it detaches: `true`, or the error's kind.
    local code = [[
      local function verify(port)
        local url = "https://localhost:" .. port .. "/echo"
        local function call(get, url)
          local res, err = get("", { url = url })
          return res and true or err.kind
        end
        return { call(get, url), runtime:detach(5, call, get, url) }
      end
      return verify(tls), verify(self_signed)
    ]]

    it("of one location is not another's: neither connections, sessions nor detached work are shared", function()
      for _ = 1, 3 do -- the second time there are connections to take
        for place, expected in pairs {
          ["/content"] = { { true, true }, { "tls", "tls" } }, ["/trusts_self_signed"] = { { "tls", "tls" }, { true, true } },
          ["/untrusting"] = { { "tls", "tls" }, { "tls", "tls" } },
        } do
          assert.same(expected, { run(code, nil, place) }, place)
        end
      end
    end)

    it("is checked for Redis too", function()
      -- The server speaks HTTP: with a handshake that was accepted its answer is what is wrong.
      local get_key = [[
        local store = require("lofty.store.redis") { url = "rediss://localhost:" .. tls }
        local _, err = store:get("key")
        return tostring(err)
      ]]
      assert.not_matches("TLS", (run(get_key, nil, "/content")))
      for _, place in ipairs { "/untrusting", "/trusts_self_signed" } do assert.matches("TLS", (run(get_key, nil, place))) end
    end)

    it("lets calls of one location share a connection", function()
      for _, place in ipairs { "/content", "/content" } do
        assert.is_true(run([[
          local url = "https://localhost:" .. tls .. "/echo"
          assert(get("", { url = url }))
          return get("", { url = url }).reused
        ]], nil, place))
      end
    end)
  end)
end)
