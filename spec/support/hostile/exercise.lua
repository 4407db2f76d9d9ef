-- SPDX-License-Identifier: MIT

--- Makes the calls that get one answer of spec/support/hostile/answers.lua, in plain Lua or inside nginx.
-- @module spec.support.hostile.exercise

local errors = require "lofty.errors"
local json = require "lofty.json"
local lofty = require "lofty"

local MAX_BODY = 1024 * 1024
local DEADLINE = 10 -- seconds
local SECRETS = { "k3y-of-client", "s3cr3t-of-app", "old-token-1", "old-refresh-1" }

-- The largest resident size of this process so far, in KiB; 0 where the system does not tell.
local function peak()
  local file = io.open("/proc/self/status", "rb")
  local text = file and file:read "*a" or ""
  if file then file:close() end
  return tonumber(text:match "VmHWM:%s*(%d+)") or 0
end

-- The outcome of a call as text: "=" and the value as JSON, or the err's kind.
local function outcome(value, err)
  if value ~= nil then return "=" .. json.encode(value) end
  return err.kind
end

-- What is wrong with an err, or nil.
local function problem_of(err)
  if not errors.is(err) then return "it is not an err: " .. tostring(err) end
  local shown = tostring(err) .. json.encode(err.message)
  if #err.message > 1000 then return "its message has " .. #err.message .. " bytes" end
  if err.message:find "%c" then return "its message has a control character" end
  for _, secret in ipairs(SECRETS) do
    if shown:find(secret, 1, true) then return "its message shows a secret" end
  end
  return nil
end

--- Makes the calls.
-- @tparam table entry an answer
-- @tparam table place `runtime`, `plain` (URL), `tls` (answer's index -> URL), `ca` (path; nil inside nginx)
-- @treturn table outcome (text), message, problem (of the err), following (the outcome of the next call), posts, bytes
--   (sent by the server), open (connections that the client left open), grown (KiB of the process's peak size)
return function(entry, place)
  local before = peak()
  local retries = { attempts = 2, base = 0.001, cap = 0.001, total = 1 }
  local base = (place.tls[entry.index] or place.plain) .. "/" .. entry.index
  local function options(more)
    local opt = {
      base_url = base, ca = place.ca, runtime = place.runtime, timeout = entry.total or 5, deadline = DEADLINE,
      max_body = MAX_BODY, retry = false,
    }
    for name, value in pairs(more) do opt[name] = value end
    return opt
  end
  local crm = lofty.client(options { api_key = SECRETS[1] })
  local next_crm = crm
  local value, err
  if entry.call == "token" then
    local refreshed = lofty.client(options {
      token = { access_token = SECRETS[3], refresh_token = SECRETS[4], expires_at = 1 }, client_id = "app",
      client_secret = SECRETS[2], token_url = base .. "/answer", on_refresh = function() end, retry = retries,
    })
    value, err = refreshed:get "/v1.0/pong"
  elseif entry.call == "list" then
    value, err = crm:with { retry = retries }.leads:all()
    value = value and #value
  else
    value, err = crm:get "/v1.0/answer"
    if entry.is_tls then
      next_crm = lofty.client(options { api_key = SECRETS[1], base_url = place.plain .. "/" .. entry.index })
    end
  end
  if value ~= nil then err = nil end
  local result = { outcome = outcome(value, err), message = err and err.message, problem = err and problem_of(err) }
  result.following = outcome(next_crm:with { retry = retries, timeout = 5 }:get "/v1.0/pong")
  if entry.call == "get" then
    -- With retries: a policy that repeated a POST would show here.
    local again = lofty.client(options { api_key = SECRETS[1], retry = retries })
    local posted, post_err = again:post("/v1.0/answer", { name = "x" })
    if posted == nil then result.problem = result.problem or problem_of(post_err) end
  end
  local told = assert(place.runtime:request { method = "GET", url = place.plain .. "/seen?index=" .. entry.index })
  local _, posts, bytes, open = told.body:match "^(%d+) (%d+) (%d+) (%d+)$"
  result.posts, result.bytes, result.open = tonumber(posts), tonumber(bytes), tonumber(open)
  result.grown = peak() - before
  return result
end
