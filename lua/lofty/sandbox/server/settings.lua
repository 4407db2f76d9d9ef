-- SPDX-License-Identifier: MIT

--- The settings of the running emulator, and its clock.
--
-- The launcher passes the fixed part (addresses, credentials). Changes by the control endpoint are in the shared dict,
-- so that every worker sees them at its next request.
-- @module lofty.sandbox.server.settings

local json = require "lofty.sandbox.server.json"

local settings = {}

local DEFAULTS = {
  -- tokens
  access_ttl = 3600, refresh_ttl = 180 * 86400, code_ttl = 300,
  refresh_rotation = false,  -- each refresh gives a new refresh token; a second use of an old one revokes the account
  refresh_grace = 0,         -- seconds in which a rotated refresh token gets the same successor again
  refresh_answer = "same",   -- without rotation: "same" repeats the refresh token, "absent" leaves it out
  expires_in = "number",     -- or "string", "missing", "zero", "word"
  basic = "plain",           -- or "form": the pair is form-encoded first (RFC 6749 section 2.3.1)
  query_grants = false,      -- true: token requests may have their fields in the query, as Lofty's older text shows
  -- limits
  rate_limit = 10000, rate_window = 60,
  rate_limits = { ["POST /v2.0/ai/lead-analysis"] = 20, ["POST /v2.0/ai/call-summary/generate"] = 20 },
  reset_form = "epoch",      -- or "epoch_ms", "left_ms", "seconds", "missing", "word"
  -- responses
  error_shape = "live",      -- or "code", "text", "string", "error_code", "status"
  current_id = "inclusive",  -- or "exclusive": whether the item named by currentId comes again
  scroll = "fresh",          -- or "same": one scrollId from page to page
  scroll_end = "empty",      -- or "missing": the last page has no scrollId
  scroll_ttl = 300,
  member_paging = "offset",  -- members and calls; or "scroll": by scrollId alone, offset is ignored, as seen live
  page_cap = 0,              -- most items in a page of leads, members or calls, whatever limit says; 0: no cap
  settle_reads = 0,          -- this many reads of a new lead, note or log answer 404 first
  merge_leads = false,       -- true: creating a lead with a known e-mail returns an id that stays 404
  -- records
  journal = true, journal_size = 5000,
}

local fixed
local cached, cached_version

-- What the launcher passes beside settings.
local GIVEN = { client_id = true, client_secret = true, public_client_id = true, api_keys = true, app_name = true,
                redirect_uris = true, seeds = true }

--- What is wrong with a value for a setting, or nil.
function settings.problem(name, value)
  if DEFAULTS[name] == nil then return "unknown setting " .. tostring(name) end
  if type(value) ~= type(DEFAULTS[name]) then return name .. " must be a " .. type(DEFAULTS[name]) end
  return nil
end

--- The names of the settings, as a set.
settings.names = {}
for name in pairs(DEFAULTS) do settings.names[name] = true end

--- Called once, before there are workers. Raises for an unknown name, so that nginx does not start.
-- @tparam string path a file with the launcher's part, as JSON
function settings.init(path)
  local file = assert(io.open(path, "rb"))
  fixed = assert(json.decode(file:read("*a")))
  file:close()
  for name, value in pairs(fixed) do
    local problem = not GIVEN[name] and settings.problem(name, value)
    if problem then error(problem, 0) end
  end
end

--- Every setting, as this worker sees it now. Not to be modified.
function settings.get()
  local dict = ngx.shared.sandbox
  local version = dict:get("settings:version") or 0
  if version ~= cached_version then
    local merged = {}
    for name, value in pairs(DEFAULTS) do merged[name] = value end
    for name, value in pairs(fixed) do merged[name] = value end
    local changes = dict:get("settings")
    for name, value in pairs(changes and json.decode(changes) or {}) do merged[name] = value end
    cached, cached_version = merged, version
  end
  return cached
end

--- Changes settings; an unknown name or another type is refused.
-- @treturn[1] boolean true
-- @treturn[2] nil
-- @treturn[2] string why
function settings.set(changes)
  local dict = ngx.shared.sandbox
  local text = dict:get("settings")
  local all = text and json.decode(text) or {}
  for name, value in pairs(changes) do
    local problem = settings.problem(name, value)
    if problem then return nil, problem end
    all[name] = value
  end
  assert(dict:set("settings", json.encode(all)))
  dict:incr("settings:version", 1, 0)
  return true
end

--- The emulator's clock: epoch seconds, moved by `settings.move`.
function settings.now()
  return ngx.now() + (ngx.shared.sandbox:get("clock") or 0)
end

--- Moves the clock forwards to an offset, unless it is there: that of a client whose waits cost no real time.
function settings.follow(offset)
  local dict = ngx.shared.sandbox
  if offset and offset > (dict:get("clock") or 0) then dict:set("clock", offset) end
end

--- Moves the clock by some seconds, forwards or back; 0 only reads.
function settings.move(seconds)
  return ngx.shared.sandbox:incr("clock", seconds, 0)
end

return settings
