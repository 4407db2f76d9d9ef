-- SPDX-License-Identifier: MIT

local cases = require "spec.contracts.runtime"
local json = require "lofty.sandbox.server.json"
local servers = require "spec.support.nginx.servers"

local function escape(text)
  return (text:gsub("[^%w]", function(c) return ("%%%02X"):format(c:byte()) end))
end

local names = 0
local function new_name()
  names = names + 1
  return "n" .. names
end

describe("nginx runtime", function()
  local box
  local function run(...) return box:run(...) end
  -- A path of the upstream that answers these bytes as they stand.
  local function raw(reply, more) return "/raw?reply=" .. escape(reply) .. (more or "") end
  local function count(name) return tonumber(select(2, box:get("/count?name=" .. name, { base = box.upstream_url }))) end
  local function release(name, expected)
    assert.equal(200, (box:get("/release?name=" .. name .. "&count=" .. (expected or 1), { base = box.upstream_url })))
  end

  setup(function() box = servers.start() end)
  teardown(function() box:stop() end)

  describe("contract:", function()
    for index, case in ipairs(cases) do
      for what, more in pairs { ["in a request, "] = "", ["in detached work, "] = "&detached=1" } do
        it(what .. case.name, function()
          local status, said = box:get("/contract?case=" .. index .. "&upstream=" .. escape(box.upstream_url) .. more)
          assert.same({ 200, "passed\n" }, { status, said })
        end)
      end
    end
  end)

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

    for _, case in ipairs {
      { "a length", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi" },
      { "chunks", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nh\r\n1;x=y\r\ni\r\n0\r\nX: y\r\n\r\n" },
      { "the connection's end", "HTTP/1.1 200 OK\r\n\r\nhi" },
      { "a 103 before it", "HTTP/1.1 103 Early\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi" },
    } do
      it("reads a body that ends by " .. case[1], function()
        local res = run([[return assert(get(arg))]], raw(case[2]))
        assert.same({ 200, "hi" }, { res.status, res.body })
      end)
    end

    for _, case in ipairs {
      { "HEAD", "HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", 200 },
      { "204", "DELETE", "HTTP/1.1 204 No Content\r\n\r\n", 204 },
      { "304", "GET", "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", 304 },
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
          local res, err = get(arg, { timeout = { connect = 2, total = arg:find("&") and 0.3 or 5 } })
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
      { "a header that is no string", [[{ headers = { ["X-A"] = 5 } }]], "X%-A" },
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
      { "a body that is no string", [[{ method = "POST", body = {} }]], "body" },
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

    for _, case in ipairs {
      { "a response with Connection: close", "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nhi" },
      { "a response in HTTP/1.0", "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nhi" },
      { "bytes after the response", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhiHTTP/1.1 200 OK\r\n\r\n" },
      { "a malformed response", "HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\nhi" },
    } do
      it("are not kept after " .. case[1], function()
        local reused, other = run([[
          while get("/echo").reused == false do end -- a connection is kept
          get(arg)                                  -- uses it
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
      return res, err, count(name)
    end
    before_each(function()
      -- Close the connections kept from before: each of these closes one, until a new one had to be made.
      run [[repeat local res = get("/raw?reply=HTTP/1.1%20204%20x%0D%0AConnection:%20close%0D%0A%0D%0A")
        until not res.reused]]
    end)

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

  describe("phases", function()
    for _, place in ipairs { "/rewrite", "/access", "/content" } do
      it("that may wait: " .. place, function()
        local status, slept, detached, mapped = run([[
          return get("/echo").status, runtime:sleep(0.001), runtime:detach(5, function() return true end),
            runtime:map({ 1, 2 }, function(n) runtime:sleep(0.001) return n end)
        ]], nil, place)
        assert.same({ 200, true, true, { 1, 2 } }, { status, slept, detached, mapped })
      end)
    end

    it("that may wait: timers", function()
      assert.matches('"timer"', box:note("timer"))
    end)

    it("that may wait: one that the runtime does not know by name (ssl_certificate_by_lua)", function()
      run [[get("", { url = "https://localhost:" .. handshake .. "/" })]]
      local said = json.decode(box:note("in_handshake"))
      assert.same({ "hello", true, true, { 1, 2 }, "ssl_cert" }, said)
    end)

    for _, case in ipairs {
      { "init", nil, "init phase" },
      { "init_worker", nil, "ngx%.timer%.at" },
      { "log", "/log", "ngx%.timer%.at" },
      { "header_filter", "/header_filter", "access_by_lua" },
      { "body_filter", "/body_filter", "access_by_lua" },
      { "set", "/set", "rewrite_by_lua" },
    } do
      it("that can't wait return an error that says what to do: " .. case[1], function()
        if case[2] then box:get(case[2]) end
        local said = json.decode(box:note(case[1]))
        for _, call in ipairs { "request", "sleep", "detach", "map" } do
          local err = said[call].err
          assert.same({ "invalid", false, case[1] }, { err.kind, err.sent, err.phase }, call)
          assert.matches(case[1], err.text)
          assert.matches(case[3], err.text)
        end
      end)
    end
  end)

  describe("map", function()
    it("returns results by index, whichever ends first", function()
      local results, failures = run [[
        return runtime:map({ 3, 2, 1 }, function(n) runtime:sleep(n / 500) return n * 10 end)
      ]]
      assert.same({ 30, 20, 10 }, results)
      assert.is_nil(failures)
    end)

    it("runs no more items at a time than its concurrency", function()
      local most = run [[
        local now, most = 0, 0
        runtime:map({ 1, 2, 3, 4, 5, 6, 7 }, function()
          now = now + 1
          if now > most then most = now end
          runtime:sleep(0.002)
          now = now - 1
        end, { concurrency = 3 })
        return most
      ]]
      assert.equal(3, most)
    end)

    it("records each item's error, returned or raised, and goes on with the others", function()
      local results, first, second, third = run [[
        local results, failures = runtime:map({ 1, 2, 3, 4 }, function(n, index)
          runtime:sleep(0)
          if index == 2 then return nil, "returned" end
          if index == 3 then error("raised", 0) end
          return n
        end)
        return { results[1], results[4], results[2] == nil, results[3] == nil }, failures[2], failures[3], failures[1]
      ]]
      assert.same({ 1, 4, true, true }, results)
      assert.same({ "returned", "raised" }, { first, second })
      assert.is_nil(third)
    end)

    it("records nil as true; an empty list has no results", function()
      local one, none = run [[return runtime:map({ 1 }, function() end), #runtime:map({}, error)]]
      assert.same({ true }, one)
      assert.equal(0, none)
    end)

    it("reports progress; when on_progress raises, started items end and the error has the results", function()
      local facts = run [[
        local begun, ended, told = 0, 0, {}
        local ok, err = pcall(runtime.map, runtime, { 1, 2, 3, 4, 5, 6 }, function(n)
          begun = begun + 1
          runtime:sleep(n / 500)
          ended = ended + 1
          if n == 2 then return nil, "failed" end
          return n
        end, { concurrency = 3, on_progress = function(done, total)
          told[#told + 1] = done .. "/" .. total
          if done == 2 then error("enough", 0) end
        end })
        return {
          ok = ok, cause = err.cause, message = err.message, begun = begun, ended = ended, told = table.concat(told, " "),
          first = err.results[1], second = err.errors[2],
        }
      ]]
      assert.same({ false, "enough", "map: on_progress raised: enough", "1/6 2/6", 1, "failed" },
        { facts.ok, facts.cause, facts.message, facts.told, facts.first, facts.second })
      assert.equal(facts.begun, facts.ended)
      assert.is_true(facts.begun < 6)
    end)

    it("refuses unknown options and a concurrency of 0", function()
      local _, first = run [[return pcall(runtime.map, runtime, {}, print, { concurency = 3 })]]
      local _, second = run [[return pcall(runtime.map, runtime, {}, print, { concurrency = 0 })]]
      assert.matches("concurency", first)
      assert.matches("concurrency", second)
    end)
  end)

  describe("detach", function()
    it("passes arguments and results, nils included", function()
      local n, a, b, c, phase = run [[
        local function pack(...) return select("#", ...), ... end
        return pack(runtime:detach(5, function(x, y, z) ngx.sleep(0) return x, y, z, ngx.get_phase() end, 1, nil, 3))
      ]]
      assert.same({ 4, 1, nil, 3, "timer" }, { n, a, b, c, phase })
    end)

    it("raises what the function raises", function()
      local ok, problem = run [[return pcall(runtime.detach, runtime, 5, function() error("oh", 0) end)]]
      assert.same({ false, "oh" }, { ok, problem })
    end)

    it("runs more functions at once than nginx may run timers", function()
      local sum = run [[
        local list, waiting = {}, 0
        for i = 1, 100 do list[i] = i end
        local results = runtime:map(list, function(n)
          return runtime:detach(10, function(value)
            waiting = waiting + 1
            while waiting < 100 do ngx.sleep(0.001) end -- all of them run at the same time
            return value
          end, n)
        end, { concurrency = 100 })
        local sum = 0
        for i = 1, 100 do sum = sum + results[i] end
        return sum
      ]]
      assert.equal(5050, sum)
    end)

    it("runs thousands of functions", function()
      local count_done = run [[
        local done = 0
        local list = {}
        for i = 1, 3000 do list[i] = i end
        runtime:map(list, function(n)
          local one = runtime:detach(10, function() ngx.sleep(0) return 1 end)
          done = done + one
        end, { concurrency = 20 })
        return done
      ]]
      assert.equal(3000, count_done)
    end)

    it("may be nested", function()
      local value = run [[
        return runtime:detach(5, function(rt)
          return rt:detach(5, function() ngx.sleep(0) return "inner" end)
        end, runtime)
      ]]
      assert.equal("inner", value)
    end)

    it("returns an error after the timeout, and lets the function run to its end", function()
      local name = new_name()
      local res, err = run([[
        return runtime:detach(0.05, function(get, name, dict)
          get("/hold?name=" .. name)
          dict:set("late:" .. name, "done")
        end, get, arg, dict)
      ]], name)
      assert.is_nil(res)
      assert.same({ "timeout", true }, { err.kind, err.sent })
      release(name)
      assert.equal("done", box:note("late:" .. name))
    end)

    it("goes on when the client closes its connection", function()
      local lost, saved = new_name(), new_name()
      for name, more in pairs { [lost] = "", [saved] = "&detached=1" } do
        local target = escape(box.upstream_url .. "/hold?name=" .. name)
        assert.is_nil((box:get("/abandoned?name=" .. name .. "&url=" .. target .. more, { total = 0.1 })))
      end
      release(lost)
      release(saved)
      assert.equal("released\n", box:note("ended:" .. saved))
      -- Without detach the work was stopped.
      assert.is_nil(run([[return dict:get("ended:" .. arg)]], lost))
    end)
  end)

  describe("event", function()
    it("wakes every waiter, in requests and in detached work, and stays set", function()
      local woken, again = run [[
        local event, woken = runtime:event(), 0
        local function waiter(kept)
          if kept:wait(30) then woken = woken + 1 end
        end
        local threads = {}
        for i = 1, 3 do threads[i] = ngx.thread.spawn(waiter, event) end
        threads[4] = ngx.thread.spawn(function() return runtime:detach(30, waiter, event) end)
        repeat ngx.sleep(0) until event.semaphore:count() == -4
        event:set()
        event:set()
        for i = 1, 4 do ngx.thread.wait(threads[i]) end
        return woken, event:wait(0)
      ]]
      assert.same({ 4, true }, { woken, again })
    end)

    it("says when the time ran out", function()
      local first, second, third = run [[
        local event = runtime:event()
        return event:wait(0.001), event:wait(0), event:wait(-1)
      ]]
      assert.same({ false, false, false }, { first, second, third })
    end)

    it("waits for a time beyond what nginx can count", function()
      assert.is_true(run [[
        local event = runtime:event()
        ngx.thread.spawn(function() event:set() end)
        return event:wait(1e12)
      ]])
    end)
  end)

  describe("ensure", function()
    it("releases after the function returned, and hands on its results", function()
      local n, first, second, third, released = run [[
        local released = 0
        local function pack(...) return select("#", ...), ... end
        local n, a, b, c = pack(runtime:ensure(function() released = released + 1 end, function(x, y)
          ngx.sleep(0)
          return x, y, nil
        end, 1, 2))
        return n, a, b, c, released
      ]]
      assert.same({ 3, 1, 2, nil, 1 }, { n, first, second, third, released })
    end)

    it("releases after the function raised, and raises its error", function()
      local ok, problem, released = run [[
        local released = 0
        local ok, problem = pcall(runtime.ensure, runtime, function() ngx.sleep(0) released = released + 1 end,
          function() ngx.sleep(0) error({ "own" }) end)
        return ok, problem, released
      ]]
      assert.same({ false, { "own" }, 1 }, { ok, problem, released })
    end)

    it("raises the error of the release when the function had none", function()
      local ok, problem = run [[return pcall(runtime.ensure, runtime, function() error("stuck", 0) end, tostring, 1)]]
      assert.same({ false, "stuck" }, { ok, problem })
    end)

    it("releases in a timer after the light thread was killed", function()
      local phase, releases = run [[
        local released, count = nil, 0
        local function release() ngx.sleep(0) released, count = ngx.get_phase(), count + 1 end
        local thread = ngx.thread.spawn(function() runtime:ensure(release, ngx.sleep, 60) end)
        assert(ngx.thread.kill(thread))
        thread = nil
        repeat collectgarbage() ngx.sleep(0.001) until released
        collectgarbage()
        ngx.sleep(0)
        return released, count
      ]]
      assert.same({ "timer", 1 }, { phase, releases })
    end)
  end)

  it("does not block the worker process while calls wait", function()
    local name = new_name()
    local results = run([[
      local self = "http://" .. ngx.var.http_host
      local list = { 1, 2, 3 }
      return runtime:map(list, function(n)
        if n < 3 then return assert(get("/hold?name=" .. arg)).body end
        -- Answered by the only worker process, while its other calls wait.
        assert(get("", { url = self .. "/ping" }).body == "pong\n")
        return assert(get("/release?count=2&name=" .. arg)).body
      end)
    ]], name)
    assert.same({ "released\n", "released\n", "ok\n" }, results)
  end)

  it("has a clock of each kind", function()
    local now, first, second = run [[
      local first = runtime:monotonic()
      ngx.sleep(0.003)
      return runtime:now(), first, runtime:monotonic()
    ]]
    assert.is_true(math.abs(now - os.time()) < 5)
    assert.is_true(second > first)
  end)

  it("makes a content handler of a function, which may leave work for later", function()
    local status, body = box:get("/hook/secret?a=b", { body = ("x"):rep(1200000) })
    assert.equal(200, status)
    local said = json.decode(body)
    assert.same({ "/hook/secret", "a=b", 1200000, true }, { said.path, said.query, said.size, said.taken })
    assert.equal("content", box:note("hooked"))
    assert.equal(405, (box:get("/hook/secret")))
  end)

  it("finishes detached work when nginx reloads", function()
    local name = new_name()
    local target = escape(box.upstream_url .. "/hold?name=" .. name)
    assert.is_nil((box:get("/abandoned?detached=1&name=" .. name .. "&url=" .. target, { total = 0.1 })))
    assert.equal(200, (box:get("/release?peek=1&name=" .. name, { base = box.upstream_url })))
    local before = run [[return ngx.worker.pid()]]
    os.execute("kill -HUP " .. box.gateway.pid)
    local after
    repeat after = run [[return ngx.worker.pid()]] until after ~= before
    release(name)
    assert.equal("released\n", box:note("ended:" .. name))
  end)

  it("never loads libcurl", function()
    local maps = run [[
      local file = assert(io.open("/proc/self/maps"))
      local text = file:read("*a")
      file:close()
      return text
    ]]
    assert.matches("libluajit", maps)
    assert.not_matches("libcurl", maps)
  end)
end)
