-- SPDX-License-Identifier: MIT

-- Which URLs and header fields may be sent, by nginx and libcurl alike.
local curl = require "lofty.curl"
local lofty = require "lofty"
local url_policy = require "lofty.http.url_policy"

local parse, field_problem = url_policy.parse, url_policy.field_problem

-- What the transport over libcurl says of a URL before it sends anything.
local function libcurl_problem(url)
  local multi = curl.multi()
  local transfer = multi:transfer()
  local started, problem = transfer:start(1, "GET", url, {}, nil, true, 1, 1, 65536, 1000)
  transfer:close()
  multi:close()
  if started then return nil end
  return problem
end

describe("the URL policy", function()
  for _, case in ipairs {
    { "https://api.lofty.com/v1.0/me?a=b", true, false, "api.lofty.com", 443, "https://api.lofty.com", "/v1.0/me?a=b" };
    { "https://api.lofty.com", true, false, "api.lofty.com", 443, "https://api.lofty.com", "" };
    { "HTTPS://API.Lofty.COM:8443/#x", true, false, "api.lofty.com", 8443, "HTTPS://API.Lofty.COM:8443", "/" };
    { "https://h?a#b?c", true, false, "h", 443, "https://h", "?a" };
    { "https://x_y-1.example./", true, false, "x_y-1.example.", 443, "https://x_y-1.example.", "/" };
    { "https://10.0.0.1/", true, false, "10.0.0.1", 443, "https://10.0.0.1", "/" };
    { "https://[2001:db8::1]:444/", true, false, "2001:db8::1", 444, "https://[2001:db8::1]:444", "/" };
    { "http://localhost:80/", false, true, "localhost", 80, "http://localhost:80", "/" };
    { "http://LOCALHOST/", false, true, "localhost", 80, "http://LOCALHOST", "/" };
    { "http://127.0.0.1:8080/", false, true, "127.0.0.1", 8080, "http://127.0.0.1:8080", "/" };
    { "http://127.255.1.254/", false, true, "127.255.1.254", 80, "http://127.255.1.254", "/" };
    { "http://[::1]/", false, true, "::1", 80, "http://[::1]", "/" };
  } do
    it("reads " .. case[1], function()
      local url = assert(parse(case[1]))
      assert.same({ case[2], case[3], case[4], case[5], case[6], case[7] },
        { url.secure, url.loopback, url.host, url.port, url.origin, url.target })
      assert.equal(case[4]:find(":", 1, true) ~= nil, url.literal)
    end)
  end

  for _, case in ipairs {
    { "", "absolute" }; { "/v1.0/me", "absolute" }; { "api.lofty.com/v1.0", "absolute" }; { "https:/h/", "absolute" };
    { "https", "absolute" }; { "//h/", "https://" }; { "ftp://h/", "https://" }; { "file:///etc/passwd", "https://" };
    -- libcurl finds a host behind these
    { "https://", "no host" }; { "https:///h/", "no host" }; { "http:///127.0.0.1/", "no host" }; { "https://?h", "no host" };
    { "https://user@h/", "user name" }; { "https://user:secret@h/", "user name" }; { "https://@h/", "user name" };
    { "https://h\\@evil.example/", "backslash" }; { "https://h/a\\..\\b", "backslash" };
    { "https://h/a b", "percent" }; { "https://h/\r\nX: y", "percent" }; { "https://h/\0", "percent" };
    { "https://h/\127", "percent" }; { "https://h\195\164/", "percent" }; { "https://h/\195\164", "percent" };
    { "https://h%2eexample/", "character" }; { "https://h;x/", "character" }; { "https://h,x/", "character" };
    { "https://.h/", "dots" }; { "https://a..b/", "dots" }; { "https://./", "dots" };
    { "https://h:/", "port" }; { "https://h:0/", "port" }; { "https://h:65536/", "port" }; { "https://h:443443/", "port" };
    { "https://h:+1/", "port" }; { "https://h:80:80/", "port" }; { "https://[::1]x/", "port" };
    { "https://[::1/", "read" }; { "https://[]/", "read" }; { "https://[h]/", "IPv6" }; { "https://[1.2.3.4]/", "IPv6" };
    { "https://[fe80::1%25eth0]/", "IPv6" }; { "https://" .. ("a"):rep(254) .. "/", "253" };
    -- to inet_aton the first five are 127.0.0.1
    { "http://127.1/", "IPv4" }; { "http://0x7f.0.0.1/", "IPv4" }; { "http://2130706433/", "IPv4" };
    { "http://0x7f000001/", "IPv4" }; { "http://127.0.0.01/", "IPv4" }; { "http://127.999.1.1/", "IPv4" };
    { "http://127.0.0.1./", "IPv4" }; { "http://127.0.0.1.1/", "IPv4" }; { "https://h.0x/", "IPv4" };
    { "https://1.2.3.0004/", "IPv4" };
    { "http://api.lofty.com/", "https" }; { "http://10.0.0.1/", "https" }; { "http://127.0.0.1.example.com/", "https" };
    { "http://localhost.example.com/", "https" }; { "http://localhost./", "https" }; { "http://128.0.0.1/", "https" };
    { "http://[::ffff:127.0.0.1]/", "https" }; { "http://[::2]/", "https" };
  } do
    it(("refuses %q for libcurl and nginx alike"):format(case[1]), function()
      local url, problem = parse(case[1])
      assert.is_nil(url)
      assert.matches(case[2], problem)
      assert.is_nil(problem:find("secret", 1, true))
      assert.equal(problem, libcurl_problem(case[1]))
    end)
  end

  it("refuses a URL of more than 64 KiB", function()
    local url, problem = parse("https://h/" .. ("x"):rep(65536))
    assert.is_nil(url)
    assert.matches("too long", problem)
  end)

  it("checks each URL on a handle anew, whatever the handle had before", function()
    local multi = curl.multi()
    local transfer = multi:transfer()
    local function start(url) return transfer:start(1, "GET", url, {}, nil, true, 1, 1, 65536, 1000) end
    assert(start "http://127.0.0.1:1/")
    repeat until transfer:result() ~= false
    for _, url in ipairs { "http:///example.com/", "http://example.com/", "http://127.0.0.1:1@example.com/" } do
      assert.is_nil((start(url)))
    end
    assert(start "http://127.0.0.1:1/")
    transfer:close()
    multi:close()
  end)

  it("applies to the client's base_url, and raises with the reason and without the URL", function()
    for url, reason in pairs {
      ["http:///127.0.0.1"] = "no host", ["https://me:secret@api.lofty.com"] = "user name", ["https://h/?a"] = "query",
      ["https://h/#a"] = "fragment", ["https://h/#"] = "fragment", ["http://127.1"] = "IPv4",
    } do
      local ok, message = pcall(function()
        local made = lofty.client { api_key = "k", base_url = url }
        return made
      end)
      assert.is_false(ok, url)
      assert.matches("base_url", message)
      assert.matches(reason, message)
      assert.is_nil(message:find("secret", 1, true))
    end
    assert(lofty.client { api_key = "k", base_url = "https://h.example/api/" })
  end)
end)

describe("the header policy", function()
  it("takes every token as a name and every text as a value", function()
    assert.is_nil(field_problem("X-Request-Id", "a b\tc \195\164"))
    assert.is_nil(field_problem("!#$%&'*+-.^_`|~aZ09", ""))
  end)

  for _, case in ipairs {
    { "an empty name", "", "a", "name" }; { "a colon in a name", "X:", "a", "name" }; { "a space in a name", "X ", "a", "name" };
    { "a name beyond ASCII", "X\195\164", "a", "name" }; { "a line end in a name", "X\r\nY", "a", "name" };
    { "CR in a value", "X", "a\rb", "value" }; { "LF in a value", "X", "a\nb", "value" }; { "NUL in a value", "X", "a\0", "value" };
    { "ESC in a value", "X", "\27[2J", "value" }; { "DEL in a value", "X", "\127", "value" };
  } do
    it("refuses " .. case[1], function() assert.matches(case[4], field_problem(case[2], case[3])) end)
  end

  for _, name in ipairs {
    "Host", "CONTENT-LENGTH", "transfer-encoding", "Connection", "Accept-Encoding", "TE", "Trailer", "Upgrade", "Expect",
    "Keep-Alive", "Proxy-Connection",
  } do
    it("reserves " .. name .. " for the transport", function() assert.matches("lofty itself", field_problem(name, "x")) end)
  end
end)
