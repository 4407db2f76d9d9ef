-- SPDX-License-Identifier: MIT

--- Answers of a hostile server, and what a call that gets them must return.
--
-- The table is read in plain Lua (spec/integration/hostile_spec.lua, tools/hostile_answers.lua) and inside nginx, where
-- spec/support/hostile/responder.lua sends the answers.
--
-- Each answer has `group`, `name`, `send` (the bytes) or `serve` (a function of a connection, see responder.lua), and
-- `expected`: the err's kind, or "=" and the value as JSON. It may have
--
--     nginx = "network"     what is expected in nginx, where it differs
--     total = 0.2           seconds that the call allows; without it 5
--     keep = true           the server reads further requests on the connection; without it, it closes it
--     posts = 2             how many POST requests the server must get; without it 1
--     max_sent = n          bytes that the server may get rid of before the client closes; without it 24 MiB
--     following = "timeout" what the next call on the same client returns; without it the server's usual answer
--     note = "..."          a remark for the published table
--
-- Those of spec/support/hostile/tls_answers.lua are part of the table; they have a TLS server of their own.
--
-- The `call` of a group says how the answer is asked for: "get" (and then "post"), "token", "list".
-- @module spec.support.hostile.answers

local concat, format, rep = table.concat, string.format, string.rep

local SILENT = 0.2 -- seconds that a call waits for a server that sends nothing

local answers = { calls = { token = "token", pages = "list" } }

local group
local function answer(name, send, expected, more)
  local entry = { group = group, name = name, expected = expected, call = answers.calls[group] or "get" }
  if type(send) == "function" then entry.serve = send else entry.send = send end
  for key, value in pairs(more or {}) do entry[key] = value end
  -- Where the next call is not sent, the POST follows at once: a server that closes might do so just as it goes out.
  if entry.following == "timeout" then entry.keep = true end
  answers[#answers + 1] = entry
end

-- A response with these header lines and this body.
local function response(fields, body, status)
  return "HTTP/1.1 " .. (status or "200 OK") .. "\r\n" .. fields .. "\r\n" .. (body or "")
end

-- A response that is framed well.
local function whole(body, status, fields)
  return response((fields or "") .. format("Content-Length: %d\r\n", #body), body, status)
end

local function json(body, status, fields)
  return whole(body, status, "Content-Type: application/json\r\n" .. (fields or ""))
end

local TEXT = "Content-Type: text/plain\r\n"

-- "hi" as gzip (RFC 1952): a header of 10 bytes, one fixed block, CRC-32 and length.
local GZIP_HI = "\31\139\8\0\0\0\0\0\0\3\203\200\4\0\172\42\147\216\2\0\0\0"
local function gzip(body, more)
  return response(TEXT .. "Content-Encoding: gzip\r\n" .. format("Content-Length: %d\r\n", #body) .. (more or ""), body)
end

local function chunked(body) return response(TEXT .. "Transfer-Encoding: chunked\r\n", body) end

-- Sends a piece until the client closes the connection, at most 64 MiB; responder.lua counts the bytes.
local function endless(first, piece, most)
  return function(connection)
    connection.send(first)
    for _ = 1, (most or 64 * 1024 * 1024) / #piece do
      if not connection.send(piece) then return end
    end
  end
end

local function silent_after(bytes)
  return function(connection)
    connection.send(bytes)
    connection.wait()
  end
end

-- Ends the connection by RST instead of FIN.
local function reset_after(bytes)
  return function(connection)
    connection.send(bytes)
    connection.reset()
  end
end

-- Sends bytes one at a time until the client closes.
local function drip(first, byte)
  return function(connection)
    connection.send(first)
    for _ = 1, 2000 do
      connection.sleep(0.005)
      if not connection.send(byte) then return end
    end
  end
end

group = "head"
answer("nothing, connection closed", "", "network")
answer("connection reset before the response", reset_after "", "network")
answer("closed in the status line", "HTTP/1.1 20", "network")
answer("closed after the status line", "HTTP/1.1 200 OK\r\n", "network")
answer("closed in a header name", "HTTP/1.1 200 OK\r\nContent-Le", "network")
answer("closed before the empty line", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n", "network")
answer("SSH banner", "SSH-2.0-OpenSSH_9.2\r\n", "decode")
answer("SMTP greeting", "220 mail.example ESMTP\r\n", "decode")
answer("HTML without a head (HTTP/0.9)", "<html>hi</html>", "decode")
answer("binary bytes", "\0\1\2\3\255\254\r\n\r\n", "decode")
answer("HTTP/2 preface bytes", "\0\0\18\4\0\0\0\0\0\0\3\0\0\0\100", "decode")
answer("HTTP/2.0 in the status line", "HTTP/2.0 200 OK\r\nContent-Length: 2\r\n\r\nhi", "decode")
answer("HTTP/3 in the status line", "HTTP/3 200\r\nContent-Length: 2\r\n\r\nhi", "decode")
answer("HTTP/1.2 in the status line", "HTTP/1.2 200 OK\r\nContent-Length: 2\r\n\r\nhi", "decode")
answer("lower-case http/1.1", "http/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi", "decode")
answer("ICY 200 OK", "ICY 200 OK\r\nContent-Length: 2\r\n\r\nhi", "decode")
answer("empty line before the status line", "\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi", "decode")
answer("two spaces before the status", "HTTP/1.1  200 OK\r\nContent-Length: 2\r\n\r\nhi", "decode")
answer("status of two digits", "HTTP/1.1 20 OK\r\nContent-Length: 2\r\n\r\nhi", "decode")
answer("status of four digits", "HTTP/1.1 2000 OK\r\nContent-Length: 2\r\n\r\nhi", "decode")
answer("status of letters", "HTTP/1.1 2OO OK\r\nContent-Length: 2\r\n\r\nhi", "decode")
answer("status 000", "HTTP/1.1 000 Zero\r\nContent-Length: 2\r\n\r\nhi", "decode")
answer("status 600", "HTTP/1.1 600 Six\r\nContent-Length: 2\r\n\r\nhi", "decode")
answer("negative status", "HTTP/1.1 -20 OK\r\nContent-Length: 2\r\n\r\nhi", "decode")
answer("no reason and no space after the status", "HTTP/1.1 200\r\n" .. TEXT .. "Content-Length: 2\r\n\r\nhi", '="hi"')
answer("control character in the reason", "HTTP/1.1 200 O\27[2JK\r\nContent-Length: 2\r\n\r\nhi", "decode")
answer("line ends of a bare LF", "HTTP/1.1 200 OK\nContent-Length: 2\n\nhi", "decode")
answer("one bare LF among CR LF", "HTTP/1.1 200 OK\r\nX-A: 1\nContent-Length: 2\r\n\r\nhi", "decode")
answer("bare CR in a value", "HTTP/1.1 200 OK\r\nX-A: 1\rContent-Length: 9\r\nContent-Length: 2\r\n\r\nhi", "decode")
answer("NUL in a value", "HTTP/1.1 200 OK\r\nX-A: a\0b\r\nContent-Length: 2\r\n\r\nhi", "decode")
answer("NUL in a name", "HTTP/1.1 200 OK\r\nX\0A: a\r\nContent-Length: 2\r\n\r\nhi", "decode")
answer("escape sequence in a value", "HTTP/1.1 200 OK\r\nX-A: \27[2J\r\nContent-Length: 2\r\n\r\nhi", "decode")
answer("folded line", "HTTP/1.1 200 OK\r\nX-A: 1\r\n more\r\nContent-Length: 2\r\n\r\nhi", "decode")
answer("folded first line", "HTTP/1.1 200 OK\r\n X-A: 1\r\nContent-Length: 2\r\n\r\nhi", "decode")
answer("space before the colon", "HTTP/1.1 200 OK\r\nContent-Length : 2\r\n\r\nhi", "decode")
answer("line without a colon", "HTTP/1.1 200 OK\r\nContent-Length\r\nContent-Length: 2\r\n\r\nhi", "decode")
answer("line without a name", "HTTP/1.1 200 OK\r\n: x\r\nContent-Length: 2\r\n\r\nhi", "decode")
answer("257 header lines", response(rep("X-A: 1\r\n", 256) .. "Content-Length: 2\r\n", "hi"), "decode")
answer("header line of 100 kB", response("X-A: " .. rep("a", 100000) .. "\r\nContent-Length: 2\r\n", "hi"), "decode")
answer("header line without end", endless("HTTP/1.1 200 OK\r\nX-A: ", rep("a", 8192)), "decode")
answer("header lines without end", endless("HTTP/1.1 200 OK\r\n", rep("X-A: 1\r\n", 1024)), "decode")
answer("interim responses without end", endless("", rep("HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n", 200)), "decode")
answer("interim responses before the response", rep("HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n", 50)
  .. whole("hi", nil, TEXT), '="hi"')
answer("100 Continue that was not asked for", "HTTP/1.1 100 Continue\r\n\r\n" .. whole("hi", nil, TEXT), '="hi"')
answer("101 that was not asked for", "HTTP/1.1 101 Switching\r\nUpgrade: h2c\r\nConnection: upgrade\r\n\r\nhi", "decode")
answer("interim response with a body", "HTTP/1.1 103 Early\r\nContent-Length: 2\r\n\r\nhi" .. whole("hi", nil, TEXT), "decode")
answer("interim response, then closed", "HTTP/1.1 103 Early Hints\r\n\r\n", "network")

group = "length"
local function length(value, body) return response(TEXT .. "Content-Length: " .. value .. "\r\n", body or "hi") end
answer("body shorter than its length", length "5", "network")
answer("connection reset in the body", reset_after(length "5"), "network")
answer("bytes after the body", length "2" .. "surplus", '="hi"', { keep = true })
answer("second response that was not asked for", length "2" .. whole("evil", nil, TEXT), '="hi"', { keep = true })
answer("plus sign", length "+2", "decode")
answer("minus sign", length "-2", "decode")
answer("hexadecimal", length "0x2", "decode")
answer("decimal point", length "2.0", "decode")
answer("exponent", length "2e0", "decode")
answer("empty value", length "", "decode")
answer("white space inside", length "2 2", "decode")
answer("trailing letters", length "2abc", "decode")
answer("more than 64 bits", length "36893488147419103232", "decode")
answer("2^63", length "9223372036854775808", "decode")
answer("2^63 - 1, more than max_body", length "9223372036854775807", "decode")
answer("leading zeros", length "0000000002", '="hi"')
answer("twice the same number", length("2\r\nContent-Length: 2"), '="hi"')
answer("a list of the same number", length "2, 2", '="hi"')
answer("two different numbers", length("2\r\nContent-Length: 3", "hi!"), "decode")
answer("a list of different numbers", length("2, 3", "hi!"), "decode")
answer("beside chunked", response("Content-Length: 2\r\nTransfer-Encoding: chunked\r\n", "2\r\nhi\r\n0\r\n\r\n"), "decode")
answer("more than max_body", endless(length("4194304", ""), rep("x", 65536)), "decode")
answer("no length, ends with the connection", response(TEXT, "hi"), '="hi"')
answer("no length, connection reset", reset_after(response(TEXT, "hi")), "network")
answer("no length, without end", endless(response(TEXT), rep("x", 65536)), "decode")
answer("204 with a length", response("Content-Length: 2\r\n", "hi", "204 No Content"), "decode")
answer("204 that is chunked", response("Transfer-Encoding: chunked\r\n", "0\r\n\r\n", "204 No Content"), "decode")
answer("204 without a length and bytes after it", response("", "hi", "204 No Content"), "=true", { keep = true })
answer("205 with a body", whole("hi", "205 Reset Content", TEXT), '="hi"')
answer("304 that was not asked for", response("Content-Length: 2\r\n", "", "304 Not Modified"), "server", { keep = true })

group = "chunks"
answer("closed in a chunk", chunked "5\r\nhi", "network")
answer("closed in a size line", chunked "2\r\nhi\r\n5", "network")
answer("closed before the last chunk", chunked "2\r\nhi\r\n", "network")
answer("closed in the trailers", chunked "2\r\nhi\r\n0\r\nX-A: 1\r\n", "network")
answer("closed after the last chunk's line", chunked "2\r\nhi\r\n0\r\n", "network")
answer("size of letters", chunked "zz\r\nhi\r\n0\r\n\r\n", "decode")
answer("empty size", chunked "\r\nhi\r\n0\r\n\r\n", "decode")
answer("size with a sign", chunked "+2\r\nhi\r\n0\r\n\r\n", "decode")
answer("negative size", chunked "-2\r\nhi\r\n0\r\n\r\n", "decode")
answer("size with 0x", chunked "0x2\r\nhi\r\n0\r\n\r\n", "decode")
answer("space before the size", chunked " 2\r\nhi\r\n0\r\n\r\n", "decode")
answer("size of more than 64 bits", chunked "10000000000000002\r\nhi\r\n0\r\n\r\n", "decode")
answer("size of 2^63", chunked "8000000000000000\r\nhi\r\n0\r\n\r\n", "decode")
answer("size with forty leading zeros", chunked(rep("0", 40) .. "2\r\nhi\r\n0\r\n\r\n"), "decode")
answer("data longer than its size", chunked "2\r\nhi!\r\n0\r\n\r\n", "decode")
answer("data without a line end", chunked "2\r\nhi0\r\n\r\n", "decode")
local LENIENT = "libcurl reads the chunks, and accepts this"
answer("size line that ends in LF alone", chunked "2\nhi\r\n0\r\n\r\n", '="hi"', { nginx = "decode", note = LENIENT })
answer("data that ends in LF alone", chunked "2\r\nhi\n0\r\n\r\n", '="hi"', { nginx = "decode", note = LENIENT })
answer("bare CR in an extension", chunked "2;a\rb\r\nhi\r\n0\r\n\r\n", '="hi"', { nginx = "decode", note = LENIENT })
answer("extension", chunked '2;a="b"\r\nhi\r\n0\r\n\r\n', '="hi"')
answer("extension without end", endless(chunked "2;", rep("a", 8192), math.huge), "timeout", {
  nginx = "decode", total = SILENT, max_sent = math.huge,
  note = "libcurl skips an extension of any length, until the call's time ends" })
answer("chunk without end", endless(chunked "7fffffff\r\n", rep("x", 65536)), "decode")
answer("chunks without end", endless(chunked "", rep("1\r\nx\r\n", 1024)), "decode")
answer("trailers", chunked "2\r\nhi\r\n0\r\nX-A: 1\r\n\r\n", '="hi"')
answer("trailers without end", endless(chunked "2\r\nhi\r\n0\r\n", rep("X-A: 1\r\n", 1024)), "decode")
answer("trailer that is not a header line", chunked "2\r\nhi\r\n0\r\nnonsense\r\n\r\n", "decode")
answer("Content-Length among the trailers", chunked "2\r\nhi\r\n0\r\nContent-Length: 9\r\n\r\n", '="hi"')
answer("chunked twice", response("Transfer-Encoding: chunked, chunked\r\n", "2\r\nhi\r\n0\r\n\r\n"), "decode")
answer("gzip as a transfer coding", response("Transfer-Encoding: gzip, chunked\r\n", "2\r\nhi\r\n0\r\n\r\n"), "decode")
answer("chunked, then identity", response("Transfer-Encoding: chunked, identity\r\n", "2\r\nhi\r\n0\r\n\r\n"), "decode")
answer("xchunked", response("Transfer-Encoding: xchunked\r\n", "2\r\nhi\r\n0\r\n\r\n"), "decode")
answer("chunked in HTTP/1.0", "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n", "decode")
answer("bytes after the last chunk", chunked "2\r\nhi\r\n0\r\n\r\nHTTP/1.1 200 OK\r\n\r\nevil", '="hi"', { keep = true })

group = "coding"
answer("gzip", gzip(GZIP_HI), '="hi"')
answer("gzip of two members", gzip(GZIP_HI .. GZIP_HI), '="hihi"')
answer("gzip cut short", gzip(GZIP_HI:sub(1, -9)), "decode")
answer("gzip without its trailer", gzip(GZIP_HI:sub(1, -5)), "decode")
answer("gzip with a wrong CRC", gzip(GZIP_HI:sub(1, 14) .. "\0\0\0\0\2\0\0\0"), "decode")
answer("gzip with a wrong length", gzip(GZIP_HI:sub(1, -5) .. "\9\0\0\0"), "decode")
answer("gzip with bytes after it", gzip(GZIP_HI .. "surplus"), "decode")
answer("not gzip", gzip "hi there", "decode")
answer("zlib instead of gzip", gzip "\120\156\203\200\4\0\1\59\0\210", "decode")
answer("gzip bomb", function(connection) connection.send(gzip(connection.bomb())) end, "decode")
answer("gzip of empty members without end", endless(response(TEXT .. "Content-Encoding: gzip\r\n"),
  rep("\31\139\8\0\0\0\0\0\0\3\3\0\0\0\0\0\0\0\0\0", 1024)), "decode")
answer("gzip header whose file name has no end", endless(response(TEXT .. "Content-Encoding: gzip\r\n")
  .. "\31\139\8\8\0\0\0\0\0\3", rep("a", 65536)), "decode")
answer("gzip twice", response("Content-Encoding: gzip, gzip\r\nContent-Length: 2\r\n", "hi"), "decode")
answer("deflate", response("Content-Encoding: deflate\r\nContent-Length: 2\r\n", "hi"), "decode")
answer("br", response("Content-Encoding: br\r\nContent-Length: 2\r\n", "hi"), "decode")
answer("zstd", response("Content-Encoding: zstd\r\nContent-Length: 2\r\n", "hi"), "decode")
answer("unknown coding", response("Content-Encoding: rot13\r\nContent-Length: 2\r\n", "hi"), "decode")
answer("a charset as coding", response(TEXT .. "Content-Encoding: UTF-8\r\nContent-Length: 2\r\n", "hi"), '="hi"')
answer("gzip without a body", gzip "", "=true")

group = "time"
answer("silent", silent_after "", "timeout", { total = SILENT })
answer("silent in the status line", silent_after "HTTP/1.1 2", "timeout", { total = SILENT })
answer("silent in the head", silent_after "HTTP/1.1 200 OK\r\nX-A: ", "timeout", { total = SILENT })
answer("silent after an interim response", silent_after "HTTP/1.1 103 Early Hints\r\n\r\n", "timeout", { total = SILENT })
answer("silent before the body", silent_after(length("2", "")), "timeout", { total = SILENT })
answer("silent in the body", silent_after(length "5"), "timeout", { total = SILENT })
answer("silent in a chunk's size", silent_after(chunked "2"), "timeout", { total = SILENT })
answer("silent after a chunk", silent_after(chunked "2\r\nhi\r\n"), "timeout", { total = SILENT })
answer("silent before the end of the trailers", silent_after(chunked "2\r\nhi\r\n0\r\n"), "timeout", { total = SILENT })
answer("no length and no end", silent_after(response(TEXT, "hi")), "timeout", { total = SILENT })
answer("a head byte by byte", drip("HTTP/1.1 200 OK\r\nX-A: ", "a"), "timeout", { total = SILENT })
answer("a body byte by byte", drip(length("5000", ""), "a"), "timeout", { total = SILENT })
answer("chunks byte by byte", drip(chunked "ffff\r\n", "a"), "timeout", { total = SILENT })
answer("whole, connection left open", length "2", '="hi"', { keep = true })

group = "redirect"
for _, status in ipairs { "301 Moved", "302 Found", "303 See Other", "307 Temporary", "308 Permanent" } do
  answer(status .. " to another host", whole("", status, "Location: https://evil.example/\r\n"), "server")
end
answer("302 to itself", whole("", "302 Found", "Location: ./answer\r\n"), "server")
answer("302 to plain http", whole("", "302 Found", "Location: http://evil.example/\r\n"), "server")
answer("302 to a file", whole("", "302 Found", "Location: file:///etc/passwd\r\n"), "server")
answer("302 without Location", whole("", "302 Found"), "server")
answer("300 with a body", json('{"choices":[]}', "300 Multiple Choices"), "server")
answer("200 with Location", json("{}", nil, "Location: https://evil.example/\r\nRefresh: 0; url=https://evil.example/\r\n"), "={}")

group = "status"
answer("400 with an HTML page", whole("<html>no</html>", "400 Bad", "Content-Type: text/html\r\n"), "invalid")
answer("401", json('{"message":"no"}', "401 Unauthorized", "WWW-Authenticate: Basic realm=x\r\n"), "auth")
answer("403", json('{"message":"no"}', "403 Forbidden"), "forbidden")
answer("404", json('{"message":"no"}', "404 Not Found"), "not_found")
answer("407 of a server that is not a proxy", whole("", "407 Proxy", "Proxy-Authenticate: NTLM\r\n"), "invalid")
answer("413 before the body was read", json('{"message":"large"}', "413 Large", "Connection: close\r\n"), "invalid")
answer("429 without a time", json("{}", "429 Many"), "rate_limit", { following = "timeout" })
answer("500", json('{"message":"no"}', "500 Broken"), "server")
answer("502 with 300 kB of HTML", whole("<html>" .. rep("x", 300000), "502 Bad", "Content-Type: text/html\r\n"), "server")
answer("503", json("", "503 Busy", "Retry-After: 1\r\n"), "server")
answer("599", json("{}", "599 Unknown"), "server")
answer("400 with escape sequences in its message", json('{"message":"a\\u001b[2Jb\\r\\nc"}', "400 Bad"), "invalid")
answer("400 with a message of 100 kB", json('{"message":"' .. rep("x", 100000) .. '"}', "400 Bad"), "invalid")

group = "JSON"
answer("object cut short", json '{"a":1', "decode")
answer("two values", json "{}{}", "decode")
answer("trailing comma", json '{"a":1,}', "decode")
answer("single quotes", json "{'a':1}", "decode")
answer("comment", json "{}//", "decode")
answer("NaN", json '{"a":NaN}', "decode")
answer("number with a leading zero", json '{"a":01}', "decode")
answer("number of 1,000 digits", json('{"a":' .. rep("9", 1000) .. "}"), '={"a":"' .. rep("9", 1000) .. '"}')
answer("exponent of 1,000 digits", json('{"a":1e' .. rep("9", 1000) .. "}"), "decode")
answer("control character in a string", json '"a\nb"', "decode")
answer("invalid UTF-8", json '"\255"', "decode")
answer("UTF-8 cut short", json '"\226\130"', "decode")
answer("half of a surrogate pair", json '"\\ud800"', "decode")
answer("NUL in a name", json '{"a\\u0000b":1}', '={"a\\u0000b":1}')
answer("a name twice", json '{"a":1,"a":2}', '={"a":2}')
answer("UTF-16", whole("\255\254{\0}\0", nil, "Content-Type: application/json\r\n"), "decode")
answer("byte order mark", json '\239\187\191{"a":1}', '={"a":1}')
answer("129 levels of arrays", json(rep("[", 129) .. rep("]", 129)), "decode")
answer("100,000 open arrays", json(rep("[", 100000)), "decode")
answer("100,000 open objects", json(rep('{"a":', 100000)), "decode")
answer("string that does not end, 500 kB", json('"' .. rep("a", 500000)), "decode")
answer("500 kB of white space", json(rep(" ", 500000)), "decode")
answer("500 kB of backslashes", json('"' .. rep("\\\\", 250000)), "decode")
answer("HTML with the JSON type", json "<html>hi</html>", "decode")
answer("HTML with its own type", whole("<html>hi</html>", nil, "Content-Type: text/html\r\n"), "decode")
answer("JSON with an HTML type", whole('{"a":1}', nil, "Content-Type: text/html\r\n"), '={"a":1}')
answer("false", json "false", "invalid")
answer("null", json "null", "=null")
answer("__proto__ and __index as names", json '{"__proto__":1,"__index":2}', '={"__index":2,"__proto__":1}')
answer("200 whose body says that it failed", json '{"code":"LEAD_NOT_EXIST","message":"no"}', "not_found")
answer("200 with a message of escape sequences", json '{"code":20003,"message":"\\u001b]0;x\\u0007"}', "not_found")

group = "limits"
local function limited(fields, status) return json("{}", status, fields) end
answer("Retry-After of 10^300", limited("Retry-After: 1" .. rep("0", 300) .. "\r\n", "429 Many"), "rate_limit", { following = "timeout" })
answer("Retry-After that is negative", limited("Retry-After: -5\r\n", "429 Many"), "rate_limit", { following = "timeout" })
answer("Retry-After that is not a number", limited("Retry-After: inf\r\n", "429 Many"), "rate_limit", { following = "timeout" })
answer("Retry-After in the year 9999", limited("Retry-After: Fri, 31 Dec 9999 23:59:59 GMT\r\n", "429 Many"), "rate_limit", { following = "timeout" })
answer("Retry-After of 60 kB", limited("Retry-After: " .. rep("1,", 30000) .. "\r\n", "429 Many"), "rate_limit", { following = "timeout" })
answer("Retry-After with a 200", limited "Retry-After: 86400\r\n", "={}")
answer("limit 0", limited "X-RateLimit-Limit: 0\r\n", "={}")
answer("negative limit", limited "X-RateLimit-Limit: -1\r\n", "={}")
answer("limit of 10^300", limited("X-RateLimit-Limit: 1" .. rep("0", 300) .. "\r\n"), "={}")
answer("limit that is not a number", limited "X-RateLimit-Limit: nan\r\nX-RateLimit-Remaining: nan\r\n", "={}")
answer("limit of 60 kB", limited("X-RateLimit-Limit: " .. rep("100,", 15000) .. "\r\n"), "={}")
answer("nothing left until the year 9999", limited
  "X-RateLimit-Limit: 100\r\nX-RateLimit-Remaining: 0\r\nX-RateLimit-Reset: 253402300799\r\n", "={}", { following = "timeout" })
answer("nothing left, reset in the past", limited
  "X-RateLimit-Limit: 100\r\nX-RateLimit-Remaining: 0\r\nX-RateLimit-Reset: 1\r\n", "={}")

group = "token"
local REFUSED = "400 Bad Request"
answer("closed without a response", "", "network", { posts = 2 })
answer("silent", silent_after "", "timeout", { total = SILENT, posts = 2 })
answer("head that is not HTTP", "nonsense\r\n\r\n", "decode")
answer("503", json("", "503 Busy"), "server", { posts = 2, keep = true })
answer("500 with an HTML page", whole("<html>no</html>", "500 Broken", "Content-Type: text/html\r\n"), "server")
answer("429", json("{}", "429 Many"), "rate_limit")
answer("redirect", whole("", "302 Found", "Location: https://evil.example/token?x=secret\r\n"), "server")
answer("invalid_grant", json('{"error":"invalid_grant"}', REFUSED), "oauth")
answer("invalid_grant with status 200", json '{"error":"invalid_grant"}', "oauth")
answer("description that repeats the client secret", json('{"error":"invalid_client","error_description":"s3cr3t-of-app"}',
  "401 No"), "oauth")
answer("unknown error", json('{"error":"weird"}', REFUSED), "invalid")
answer("error that is not a text", json('{"error":{"a":[]}}', REFUSED), "invalid")
answer("no access_token", json '{"token_type":"Bearer"}', "decode")
answer("empty object", json "{}", "decode")
answer("array", json "[]", "decode")
answer("text", json '"token"', "decode")
answer("empty body", json "", "decode")
answer("HTML with status 200", whole("<html>Log in</html>", nil, "Content-Type: text/html\r\n"), "decode")
answer("access_token null", json '{"access_token":null}', "decode")
answer("empty access_token", json '{"access_token":""}', "decode")
answer("access_token that is a number", json '{"access_token":5}', "decode")
answer("access_token that is an object", json '{"access_token":{}}', "decode")
answer("access_token with CR LF", json '{"access_token":"a\\r\\nX-Evil: 1"}', "decode")
answer("access_token with NUL", json '{"access_token":"a\\u0000b"}', "decode")
answer("access_token beyond ASCII", json '{"access_token":"\\u00e4"}', "decode")
answer("access_token of 900 kB", json('{"access_token":"' .. rep("a", 900000) .. '"}'), "decode")
answer("2 MiB of white space", json(rep(" ", 2 * 1024 * 1024) .. '{"access_token":"new"}'), "decode")
answer("expires_in null", json '{"access_token":"new","expires_in":null}', '="pong"')
answer("negative expires_in", json '{"access_token":"new","expires_in":-1}', '="pong"')
answer("expires_in of 10^300", json '{"access_token":"new","expires_in":1e300}', '="pong"')
answer("expires_in that is an object", json '{"access_token":"new","expires_in":{}}', '="pong"')
answer("names of methods as fields", json '{"access_token":"new","state":1,"authorization":"x"}', '="pong"')
answer("token_type mac", json '{"access_token":"new","token_type":"mac"}', '="pong"')
answer("refresh_token with CR LF", json '{"access_token":"new","refresh_token":"a\\r\\nb"}', '="pong"')

group = "pages"
local function page(items, more)
  local list = {}
  for i, id in ipairs(items) do list[i] = format('{"leadId":%d}', id) end
  return json('{"leads":[' .. concat(list, ",") .. "]" .. (more or "") .. "}")
end
answer("the same page for ever", page({ 1, 2 }, ',"_metadata":{"total":1000,"scrollId":"x"}'), "server")
answer("new cursors and the same items for ever", function(connection)
  connection.send(page({ 1, 2 }, format(',"_metadata":{"total":1000,"scrollId":"%d"}', connection.count)))
end, "server")
answer("total larger than the list", function(connection)
  connection.send(page(connection.count == 1 and { 1, 2 } or {}, ',"_metadata":{"total":1000}'))
end, "server")
answer("negative total", page({ 1, 2 }, ',"_metadata":{"total":-1,"hasMore":false}'), "=2")
answer("total of 10^300", page({ 1, 2 }, ',"_metadata":{"total":1e300,"hasMore":false}'), "=2")
answer("cursor that is an object", page({ 1, 2 }, ',"_metadata":{"total":1000,"scrollId":{}}'), "server")
answer("cursor of 100 kB", page({ 1, 2 }, ',"_metadata":{"total":1000,"scrollId":"' .. rep("x", 100000) .. '"}'), "server")
answer("cursor with CR LF", page({ 1, 2 }, ',"_metadata":{"total":4,"scrollId":"a\\r\\nX-Evil: 1"}'), "server")
answer("hasMore without items", json '{"leads":[],"_metadata":{"hasMore":true}}', "server")
answer("no list", json '{"_metadata":{"total":2}}', "server")
answer("list that is text", json '{"leads":"none"}', "server")
answer("list that is null", json '{"leads":null,"_metadata":{"total":0}}', "=0")
answer("items that are not objects", json '{"leads":[1,null,"x"],"_metadata":{"total":3}}', "server")
answer("second page cut short", function(connection)
  connection.send(connection.count == 1 and page({ 1, 2 }, ',"_metadata":{"total":4}') or length "50")
end, "network")

for _, entry in ipairs(require "spec.support.hostile.tls_answers") do answers[#answers + 1] = entry end
for index, entry in ipairs(answers) do entry.index = index end

return answers
