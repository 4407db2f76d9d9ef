-- SPDX-License-Identifier: MIT

--- What lofty is compared with: the package of each peer, and a command that prints its version, or nothing where the
-- peer is not installed.
-- @module bench.peers

local nginx = require "lofty.sandbox.nginx"

local peers = {}

-- Debian's Python, whose packages are named here, before another in PATH.
local python = nginx.shell "for p in /usr/bin/python3 python3; do command -v $p && break; done || echo python3"
peers.python = python .. " -B" -- no compiled files beside the programs

-- The folder of lua-resty-http's lib/, which Debian does not package.
peers.resty_http = os.getenv "RESTY_HTTP"
if peers.resty_http == "" then peers.resty_http = nil end

local RESTY = [[sed -n "s/.*_VERSION = '\(.*\)',.*/\1/p" "$RESTY_HTTP/resty/http.lua" 2>/dev/null]]

peers.list = {
  { name = "libcurl", package = "libcurl4-openssl-dev", version = "curl-config --version | cut -d' ' -f2" },
  { name = "curl", package = "curl", version = "curl --version | sed -n '1s/^curl \\([^ ]*\\).*/\\1/p'" },
  { name = "lua-curl", package = "lua-curl", version = [[lua5.2 -e 'print(require "curl"._VERSION)']] },
  { name = "lua-http", package = "lua-http", version = [[lua5.2 -e 'require "http.client" print(require "http.version".version)']] },
  { name = "requests", package = "python3-requests", version = python .. " -c 'import requests; print(requests.__version__)'" },
  { name = "httpx", package = "python3-httpx", version = python .. " -c 'import httpx; print(httpx.__version__)'" },
  { name = "node", package = "nodejs", version = "node --version" },
  { name = "lua-cjson", package = "lua-cjson", version = [[lua5.4 -e 'print(require "cjson"._VERSION)']] },
  { name = "lua-rapidjson", package = "the rock rapidjson", version = [[lua5.4 -e 'print(require "rapidjson"._VERSION)']] },
  { name = "lua-resty-http", package = "its lib/ folder, named by RESTY_HTTP=", version = RESTY },
  { name = "nginx", package = "nginx-light", version = "PATH=$PATH" .. nginx.more_path .. " nginx -v 2>&1 | sed 's,.*nginx/,,'" },
}

local by_name = {}
for _, peer in ipairs(peers.list) do by_name[peer.name] = peer end

--- The version of a peer that is installed, else nil.
function peers.version(name)
  local peer = assert(by_name[name], name)
  if peer.found == nil then
    local said = nginx.shell("(" .. peer.version .. ") 2>/dev/null")
    peer.found = said ~= "" and said:gsub("^v", "") or false
  end
  return peer.found or nil
end

--- What is to be installed for a peer, or nil if it is there.
function peers.missing(name)
  return not peers.version(name) and ("not installed: " .. by_name[name].package) or nil
end

return peers
