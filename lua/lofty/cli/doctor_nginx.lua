-- SPDX-License-Identifier: MIT

--- Checks whether an nginx.conf has the directives that the library needs in nginx.
-- @module lofty.cli.doctor_nginx

-- The variables that the library reads.
local VARIABLES = {
  "LOFTY_API_KEY", "LOFTY_ACCESS_TOKEN", "LOFTY_REFRESH_TOKEN", "LOFTY_CLIENT_ID", "LOFTY_CLIENT_SECRET",
  "LOFTY_CUSTOMER_KEY", "LOFTY_REDIRECT_URI", "LOFTY_BASE_URL", "LOFTY_OAUTH_SERVER", "LOFTY_OAUTH_TOKEN_URL",
  "LOFTY_AUTHORIZE_URL", "LOFTY_DEBUG",
}

-- lua_ssl_verify_depth that public certificates need.
local MIN_DEPTH = 3

-- Splits an nginx configuration into words and the signs ; { }.
local function tokens_of(text)
  local tokens, at = {}, 1
  while true do
    at = text:find("%S", at)
    if not at then return tokens end
    local first = text:sub(at, at)
    local stop
    if first == "#" then
      stop = text:find("\n", at, true) or #text
    elseif first == ";" or first == "{" or first == "}" then
      tokens[#tokens + 1], stop = { sign = first }, at
    elseif first == '"' or first == "'" then
      stop = at + 1
      while stop <= #text and text:sub(stop, stop) ~= first do
        stop = stop + (text:sub(stop, stop) == "\\" and 2 or 1)
      end
      tokens[#tokens + 1] = { word = text:sub(at + 1, stop - 1) }
    else
      stop = (text:find("[%s;{}]", at) or #text + 1) - 1
      tokens[#tokens + 1] = { word = text:sub(at, stop) }
    end
    at = stop + 1
  end
end

-- The directives as { words, depth }, including those that open a block. Lua code in a *_by_lua_block is skipped.
local function directives_of(text)
  text = text:gsub("_by_lua_block%s*(%b{})", "_by_lua_block ;")
  local list, words, depth = {}, {}, 0
  for _, token in ipairs(tokens_of(text)) do
    if token.word then
      words[#words + 1] = token.word
    else
      if #words > 0 then list[#list + 1] = { words = words, depth = depth } end
      words = {}
      if token.sign == "{" then depth = depth + 1 elseif token.sign == "}" then depth = depth - 1 end
    end
  end
  return list
end

-- The first name server of this machine, for the fix.
local function name_server()
  local file = io.open("/etc/resolv.conf", "r")
  local text = file and file:read "*a" or ""
  if file then file:close() end
  local address = ("\n" .. text):match "\n%s*nameserver%s+(%S+)"
  if not address then return "127.0.0.53" end
  return address:find(":", 1, true) and "[" .. address .. "]" or address
end

local function check_env(found, passed, streams)
  local hidden = {}
  for _, name in ipairs(VARIABLES) do
    if streams.variable(name) and not passed[name] then hidden[#hidden + 1] = name end
  end
  if #hidden > 0 then
    found.failure("nginx env", "nginx does not pass to its workers: " .. table.concat(hidden, ", "),
      "add at the top of the file: env " .. table.concat(hidden, "; env ") .. ";")
  else
    found.ok("nginx env", "the workers get every variable of this environment that the library reads")
  end
end

--- Checks a file.
-- @tparam table found as `lofty.cli.doctor` has it
-- @tparam string path
-- @tparam table streams
return function(found, path, streams)
  local file, why = io.open(path, "r")
  local text = file and file:read "*a"
  if file then file:close() end
  if not text then
    found.failure("nginx", "cannot read " .. (why or path), "give --nginx the path of the nginx.conf")
    return
  end
  local passed, seen, includes = {}, {}, {}
  for _, directive in ipairs(directives_of(text)) do
    local name, value = directive.words[1], directive.words[2]
    if name == "env" and directive.depth == 0 and value then passed[value:match "^[^=]*"] = true end
    if name == "include" and value and not value:find "mime%.types$" then includes[#includes + 1] = value end
    seen[name] = seen[name] or value
  end
  check_env(found, passed, streams)
  if #includes > 0 then
    found.warning("nginx", "included files were not checked: ".. table.concat(includes, ", "),
      "`nginx -T` prints the whole configuration: give --nginx its output in a file")
  end
  if seen.resolver then
    found.ok("nginx resolver", seen.resolver)
  else
    found.failure("nginx resolver", "there is no resolver directive, so nginx cannot look up Lofty's address",
      "add to the http block: resolver " .. name_server() .. " valid=60s;")
  end
  local trusted = seen.lua_ssl_trusted_certificate
  local readable = trusted and io.open(trusted, "r")
  if readable then
    readable:close()
    found.ok("nginx trust", trusted)
  else
    found.failure("nginx trust", trusted and "lua_ssl_trusted_certificate: cannot read " .. trusted
        or "lua_ssl_trusted_certificate is not set, so no certificate is trusted",
      "add to the http block: lua_ssl_trusted_certificate /etc/ssl/certs/ca-certificates.crt;")
  end
  if (tonumber(seen.lua_ssl_verify_depth) or 1) < MIN_DEPTH then
    found.failure("nginx trust", "lua_ssl_verify_depth is less than " .. MIN_DEPTH
      .. ": a certificate with intermediate authorities is refused",
      "add to the http block: lua_ssl_verify_depth " .. MIN_DEPTH .. ";")
  end
end
