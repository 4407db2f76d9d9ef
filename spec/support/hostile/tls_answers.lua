-- SPDX-License-Identifier: MIT

--- Answers of a hostile server over TLS: like the table of spec/support/hostile/answers.lua, and each with
--
--     certificate = "expired"        a name of CERTIFICATES in spec/support/hostile/servers.lua; without it "good"
--     directives = "..."             further lines of nginx.conf for the server
--     plain = true                   the port speaks no TLS
--     before_openssl_3_2 = outcome   in plain Lua, where libcurl uses an OpenSSL that old
--
-- The client calls https://localhost and trusts the root certificate alone.
-- @module spec.support.hostile.tls_answers

local answers = {}

local HELLO = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nhi"

local function answer(name, expected, more)
  local entry = { group = "TLS", name = name, expected = expected, call = "get", is_tls = true, send = HELLO }
  if expected == "tls" then entry.posts = 0 end
  for key, value in pairs(more or {}) do entry[key] = value end
  if entry.serve then entry.send = nil end
  answers[#answers + 1] = entry
end

-- The certificate of this name, which must be refused.
local function refused(name, certificate) answer(name, "tls", { certificate = certificate }) end

-- A server that offers this old protocol or these weak ciphers alone.
local function weak(name, protocols, ciphers, more)
  answer(name, "tls", {
    directives = "ssl_protocols " .. protocols .. "; ssl_ciphers " .. ciphers .. ":@SECLEVEL=0;" .. (more or ""),
    certificate = "rsa_2048",
  })
end

answer("a valid certificate", '="hi"')
answer("a valid certificate with an intermediate", '="hi"', { certificate = "with_intermediate" })
answer("the chain in another order", '="hi"', { certificate = "other_order" })
refused("expired", "expired")
refused("not valid yet", "future")
refused("wrong host", "wrong_host")
refused("a name that only begins with the host's", "longer_name")
refused("a wildcard above the host", "wildcard")
refused("a NUL byte in the name, after the host's", "nul_name")
refused("an IP address instead of the name", "address")
refused("the right common name, another alternative name", "common_name_only_right")
refused("self-signed", "self_signed")
refused("untrusted root", "untrusted")
refused("incomplete chain", "incomplete")
refused("issued by a certificate that is not a CA", "no_ca")
refused("expired intermediate", "old_intermediate")
refused("intermediate that may not issue for this name", "constrained")
refused("certificate for clients only", "client_only")
refused("RSA key of 1024 bits", "rsa_1024")
refused("signature with SHA-1", "sha1")
refused("signature with MD5", "md5")
weak("TLS 1.0", "TLSv1", "DEFAULT")
weak("TLS 1.1", "TLSv1.1", "DEFAULT")
weak("anonymous key exchange", "TLSv1.2", "aNULL")
weak("NULL cipher", "TLSv1.2", "eNULL")
weak("Diffie-Hellman of 1024 bits", "TLSv1.2", "DHE-RSA-AES128-GCM-SHA256", "ssl_dhparam dh1024.pem;")
answer("plain HTTP on the port", "tls", { plain = true })
answer("handshake refused", "tls", { directives = "ssl_reject_handshake on;" })
answer("closed in the handshake", "tls", {
  directives = "ssl_certificate_by_lua_block { ngx.exit(ngx.ERROR) }",
})
answer("silent in the handshake", "timeout", {
  directives = "ssl_certificate_by_lua_block { ngx.sleep(2) }", total = 0.2, posts = 0,
})
answer("a client certificate is required", "invalid", {
  directives = "ssl_verify_client on; ssl_client_certificate root.pem;", posts = 0,
})
answer("closed without close_notify in a body with a length", "network", {
  serve = function(connection)
    connection.send(HELLO:sub(1, -2))
    connection.cut()
  end,
})
-- RFC 9112, section 9.8: without a length, the response is complete only if the alert came.
answer("closed without close_notify in a body without a length", "network", {
  before_openssl_3_2 = '="hi"', nginx = '="hi"',
  note = "neither libcurl with an OpenSSL before 3.2 nor nginx reports the missing alert: the value is `hi` there; " ..
    "JSON that is cut does not decode",
  serve = function(connection)
    connection.send "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\nhi"
    connection.cut()
  end,
})
answer("closed without close_notify in JSON without a length", "network", {
  before_openssl_3_2 = "decode", nginx = "decode",
  serve = function(connection)
    connection.send 'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n{"a":1,"b":2'
    connection.cut()
  end,
})
answer("closed with close_notify after a body without a length", '="hi"', {
  serve = function(connection)
    connection.send "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\nhi"
    connection.notify()
  end,
})

return answers
