-- SPDX-License-Identifier: MIT

-- One process that shares a token file with others and refreshes the token without a lock, as a script without the
-- library might. Waits for "go" like spec/support/token_process.lua, and prints the same.
-- usage: lua5.2 bench/peers/refresh.lua FOLDER NUMBER; task.lua in the folder has `calls`, and in `place` token_file,
-- token_url, base_url and credentials

local cjson = require "cjson"
local curl = require "curl"
local monotonic = require("lofty.file").monotonic

local folder, task = arg[1], dofile(arg[1] .. "/task.lua")
local place = task.place
local easy = curl.easy_init()
local parts
easy:setopt(curl.OPT_NOSIGNAL, 1)
easy:setopt(curl.OPT_WRITEFUNCTION, function(bytes)
  parts[#parts + 1] = bytes
  return #bytes
end)

-- The decoded response; nil unless its status is 200.
local function send(url, headers, form)
  parts = {}
  easy:setopt(curl.OPT_URL, url)
  easy:setopt(curl.OPT_HTTPHEADER, headers)
  if form then easy:setopt(curl.OPT_POSTFIELDS, form) else easy:setopt(curl.OPT_HTTPGET, 1) end
  easy:setopt(curl.OPT_FAILONERROR, 1)
  if easy:perform() ~= 0 then return nil end
  return cjson.decode(table.concat(parts))
end

local function read()
  local file = assert(io.open(place.token_file))
  local text = file:read "*a"
  file:close()
  return cjson.decode(text)
end

local function write(token)
  local file = assert(io.open(place.token_file .. "." .. arg[2], "w"))
  file:write(cjson.encode(token))
  file:close()
  assert(os.rename(place.token_file .. "." .. arg[2], place.token_file))
end

local refreshes = 0
local function call()
  local token = read()
  if token.expires_at <= os.time() then
    local answer = send(place.token_url, { "Authorization: " .. place.credentials },
      "grant_type=refresh_token&refresh_token=" .. curl.escape(token.refresh_token))
    if not answer then return false end
    refreshes = refreshes + 1
    token = {
      access_token = answer.access_token, refresh_token = answer.refresh_token or token.refresh_token,
      expires_at = os.time() + answer.expires_in,
    }
    write(token)
  end
  return send(place.base_url .. "/v1.0/me", { "Authorization: Bearer " .. token.access_token }) ~= nil
end

assert(io.open(folder .. "/" .. arg[2] .. ".ready", "w")):close()
if io.read() ~= "go" then os.exit(1) end

local done, failed, began = 0, 0, monotonic()
for _ = 1, task.calls do
  if call() then done = done + 1 else failed = failed + 1 end
end
print(("done %d %d %d %.3f "):format(done, failed, refreshes, monotonic() - began))
