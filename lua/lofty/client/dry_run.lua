-- SPDX-License-Identifier: MIT

--- Dry runs: which calls are shown instead of being sent, and what they return.
-- @module lofty.client.dry_run

local core = require "lofty.core"
local errors = require "lofty.errors"
local failure = require "lofty.client.failure"
local redact = require "lofty.internal.redact"

local getmetatable, pairs, setmetatable, type = getmetatable, pairs, setmetatable, type
local find, format = string.find, string.format
local stderr = io.stderr

local dry_run = {}

-- Replaces an id that a dry run cannot know. It is a unique value, so that a call that contains it is recognized.
dry_run.placeholder = core.integer("0")
local placeholder = dry_run.placeholder

-- A copy of a value in which the placeholder is replaced by a text, and whether there was one.
local function without_placeholder(value)
  if value == placeholder then return "placeholder", true end
  if type(value) ~= "table" then return value, false end
  local copy, found = setmetatable({}, getmetatable(value)), false
  for name, member in pairs(value) do
    local shown, holds = without_placeholder(member)
    copy[name], found = shown, found or holds
  end
  return copy, found
end

-- What a dry write returns: the fields that it would have sent, and the placeholder for every id.
local DryResult = {
  __index = function(_, name)
    if type(name) == "string" and (name == "id" or find(name, "Id$")) then return placeholder end
  end,
}

--- Decides whether a call is shown in a dry run instead of being sent.
-- @tparam table call as for `client:send`
-- @treturn ?table the call as it is shown, when it is a write or holds the placeholder; nil: it has to be sent
function dry_run.shown(call)
  local params, in_params = without_placeholder(call.params)
  local query, in_query = without_placeholder(call.query)
  local body, in_body = without_placeholder(call.body)
  if call.class == "read" and not (in_params or in_query or in_body) then return nil end
  return { operation = call.operation, path = call.path, params = params, query = query, body = body }
end

-- The result of a call that was shown and not sent.
local function result_of(call, url)
  local result = {}
  for _, fields in pairs { call.params or {}, type(call.body) == "table" and call.body or {} } do
    for name, value in pairs(fields) do
      if name ~= "query" and name ~= "body" then result[name] = value end
    end
  end
  return setmetatable(result, DryResult),
    { status = 0, headers = {}, rate = {}, attempts = 0, url = url, elapsed = 0, dry_run = true }
end

--- Shows a call instead of sending it: to `on_dry_run`, or on stderr.
-- @tparam table client
-- @tparam table call as for `client:send`
-- @tparam table shown what `dry_run.shown` made of it
-- @tparam string url
-- @tparam ?string body
-- @treturn table the fields that it would have sent; every id that is not among them is the placeholder
-- @treturn table response, with `dry_run = true`
function dry_run.show(client, call, shown, url, body)
  local settings = client.settings
  if settings.on_dry_run then
    settings.on_dry_run {
      operation = call.operation, method = call.method, path = call.path, url = url, params = shown.params,
      query = shown.query, body = shown.body,
    }
  else
    local line = format("dry run, not sent: %s %s%s", call.method, url, body and " " .. body or "")
    local secrets = failure.secrets_of(client, call, (client.source()))
    stderr:write("lofty: ", errors.sanitize(redact.text(line, secrets)), "\n")
  end
  local result, response = result_of(call, url)
  return result, response
end

return dry_run
