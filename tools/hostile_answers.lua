-- SPDX-License-Identifier: MIT

--- Writes docs/internals/hostile-answers.md: what lofty, the curl command and lua-resty-http do with each answer of
-- spec/support/hostile/answers.lua. `make hostile-answers`; lua-resty-http is measured where the folder RESTY_HTTP has
-- it (its lib/), else the former page's column is kept.
--
-- As a module it returns the function that makes the first cells of an answer's row, with which
-- spec/integration/hostile_spec.lua checks that the page is up to date.

package.path = "./?.lua;" .. package.path
local answers = require "spec.support.hostile.answers"

local format, gsub, match = string.format, string.gsub, string.match

local PAGE = "docs/internals/hostile-answers.md"
local TIME = 5 -- seconds that curl and lua-resty-http may take, unless the answer says less

local HEAD = [[
# Hostile answers

What a call returns when the server's answer is broken, endless, silent or false, and what the curl command and
lua-resty-http do with the same bytes. `make hostile-answers` measures it and writes this page;
`spec/integration/hostile_spec.lua` checks lofty's columns in each run of the suite, in plain Lua, inside nginx and,
except those over TLS, over an event loop: the err's kind, that the call ends within its time limits, that memory
and the bytes read stay bounded, that the connection is closed, that the next call on the same client works, that no err
shows a secret, and that no POST is sent twice. The bytes are in `spec/support/hostile/answers.lua` and
`tls_answers.lua`.

lofty's columns show err.kind, or the value that the call returns. The columns of curl (`curl --compressed --cacert`)
and lua-resty-http (`request_uri` with `ssl_verify`) show the status and the size of the body that they return, or
their error. Neither of these limits the size of a body, and both leave JSON, token responses and pages to the caller.

Notes:

- A token request that got no response is sent once more.
- After 429, or when no call is left in the window, the next call waits for the end of the window, or fails at once if
  its deadline is earlier.
- None of the three reads revocation lists: a revoked certificate is accepted until it expires.

]]

local function cell(text) return (gsub(text, "|", "\\|")) end

-- An expected outcome as the page shows it.
local function shown(expected)
  if expected:sub(1, 1) ~= "=" then return expected end
  local value = expected:sub(2)
  return "`" .. (#value > 30 and value:sub(1, 20) .. "…" or value) .. "`"
end

--- The first cells of an answer's row: its name, and what lofty returns in plain Lua and inside nginx.
-- @tparam table entry
-- @treturn string
local function first_cells(entry)
  return format("| %s | %s | %s |", cell(entry.name), cell(shown(entry.expected)),
    cell(shown(entry.nginx or entry.expected)))
end

if ... == "module" then return { first_cells = first_cells, path = PAGE } end

local nginx = require "lofty.sandbox.nginx"
local servers = require "spec.support.hostile.servers"
local exercise = require "spec.support.hostile.exercise"
local runtime = require "lofty.runtime.curl"

-- The curl command's exit codes, in its manual's words, shortened.
local CURL_ERRORS = {
  ["1"] = "unsupported protocol", ["8"] = "weird server reply", ["18"] = "partial file", ["23"] = "write error",
  ["27"] = "out of memory", ["28"] = "timeout", ["35"] = "TLS handshake failed", ["43"] = "bad argument",
  ["52"] = "empty reply", ["56"] = "receive failed", ["60"] = "certificate not accepted",
  ["61"] = "bad content encoding",
  ["63"] = "too large", ["100"] = "too large",
}

local function bytes(n)
  n = tonumber(n)
  if n >= 1048576 then return format("%.0f MiB", n / 1048576) end
  if n >= 10000 then return format("%.0f kB", n / 1000) end
  return n == 1 and "1 byte" or format("%d bytes", n)
end

local function url_of(box, entry)
  return (box.tls[entry.index] or box.plain) .. "/" .. entry.index .. "/v1.0/answer"
end

local function curl_cell(box, entry)
  local output = box.server.folder .. "/curl.out"
  local said = nginx.shell(format(": >%s; curl -s --compressed --cacert %s --max-time %g -o %s -w '%%{http_code}' "
    .. "%s%s; echo \" $? $(wc -c <%s)\"", output, box.ca, entry.total or TIME, output,
    entry.call == "token" and "-d grant_type=refresh_token " or "", url_of(box, entry), output))
  local status, code, size = match(said, "^(%d+) (%d+) (%d+)$")
  if code == "0" then return status .. ", " .. bytes(size) end
  return "error " .. code .. (CURL_ERRORS[code] and ": " .. CURL_ERRORS[code] or "")
    .. (tonumber(size) > 10000 and " after " .. bytes(size) or "")
end

local function resty_cell(box, entry)
  local result = box:ask("/alone", {
    url = url_of(box, entry):gsub("//localhost", "//127.0.0.1"), total = entry.total or TIME,
    body = entry.call == "token" and "grant_type=refresh_token" or nil,
  })
  if result.status then return result.status .. ", " .. bytes(result.size) end
  return "error: " .. gsub(result.problem, "^.-:%d+: ", "")
end

-- The last cell of each row of the former page, by its group and its first cells without their footnote.
local function former_cells()
  local cells, file, group = {}, io.open(PAGE, "rb"), ""
  for line in (file and file:read "*a" or ""):gmatch "[^\n]+" do
    group = (match(line, "^## (.*)") or group):lower()
    local first, last = match(line, "^(.*|) [^|]* | ([^|]*) |$")
    if first then cells[group .. gsub(first, "%[%^%d+%]", "")] = last end
  end
  if file then file:close() end
  return cells
end

local resty = os.getenv "RESTY_HTTP"
if resty == "" then resty = nil end
local former = former_cells()
local box = servers.start(resty)
local notes, lines, group = {}, {}, nil
local function add(text) lines[#lines + 1] = text end
local version = nginx.shell("curl --version | head -n 1"):match "^curl (%S+)"
local resty_version = resty and box:ask("/alone", {}).version
add(format("Measured with libcurl %s, nginx %s and lua-resty-http %s; %d answers.", version,
  nginx.shell("PATH=$PATH:/usr/sbin nginx -v 2>&1"):match "nginx/(%S+)", resty_version or "as below", #answers))
for _, entry in ipairs(answers) do
  if entry.group ~= group then
    group = entry.group
    add(format("\n## %s\n", group:sub(1, 1):upper() .. group:sub(2)))
    add "| answer | lofty, plain Lua | lofty, nginx | curl | lua-resty-http |\n|---|---|---|---|---|"
  end
  io.stderr:write(group, ": ", entry.name, "\n")
  runtime:close()
  local plain = exercise(entry, { runtime = runtime, plain = box.plain, tls = box.tls, ca = box.ca }).outcome
  local inside = box:exercise_in_nginx(entry).outcome
  if plain ~= servers.expected_in_plain_lua(entry) or inside ~= (entry.nginx or entry.expected) then
    error(format("%s: %s: %s in plain Lua, %s in nginx", entry.group, entry.name, plain, inside))
  end
  local first = first_cells(entry)
  local kept = former[group:lower() .. first]
  if entry.note then
    notes[#notes + 1] = format("[^%d]: %s.", #notes + 1, entry.note)
    first = gsub(first, " |", format("[^%d] |", #notes), 1)
  end
  local resty_result = resty and cell(resty_cell(box, entry)) or kept or "not measured"
  add(format("%s %s | %s |", first, cell(curl_cell(box, entry)), resty_result))
end
runtime:close()
box:stop()
local file = assert(io.open(PAGE, "wb"))
file:write(HEAD, table.concat(lines, "\n"), "\n\n", table.concat(notes, "\n"), "\n")
file:close()
