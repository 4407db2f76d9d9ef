-- SPDX-License-Identifier: MIT

--- Measures, in the runtime in which it is loaded, when calls with a deadline end; see bench/suite/deadlines.lua.

local lofty = require "lofty"
local runtime = require(rawget(_G, "ngx") and "lofty.runtime.nginx" or "lofty.runtime.curl")

local account = 0

-- A store with an expired token for a new account.
local function expired_token(place)
  account = account + 1
  local store, name = lofty.store.file { path = place.folder .. "/tokens-" .. place.name }, tostring(account)
  lofty.assert(store:put("app/" .. name, lofty.json.encode {
    access_token = "old", refresh_token = "old-refresh", token_type = "Bearer", account = name, expires_at = 1,
  }))
  local app = lofty.app {
    client_id = "app", client_secret = "secret", redirect_uri = "https://example.com/", base_url = place.unavailable,
    token_url = place.slow_grant, store = store,
  }
  return app:client(name), store, "app/" .. name
end

local function client(url, more)
  local opt = { api_key = "key", base_url = url }
  for name, value in pairs(more or {}) do opt[name] = value end
  return lofty.client(opt)
end

-- Each makes what one round needs, and returns the function to measure, which gets a view with the deadline.
local cases = {
  { "limiter", function(place)
    local crm = client(place.ok, { limit = 1 })
    lofty.assert(crm:get "/v1.0/me")
    return crm, function(view) return view:get "/v1.0/me" end
  end },
  { "retry wait", function(place)
    return client(place.unavailable), function(view) return view:get "/v1.0/me" end
  end },
  { "lock of another", function(place)
    local crm, store, key = expired_token(place)
    assert(lofty.assert(store:try_lock(key, "another", 60)))
    return crm, function(view) return view:get "/v1.0/me" end
  end },
  { "slow grant", function(place)
    return (expired_token(place)), function(view) return view:get "/v1.0/me" end
  end },
  { "resolving", function(place)
    if not place.resolver then return end
    return client "https://a-name-that-nobody-resolves.example", function(view) return view:get "/v1.0/me" end
  end },
  { "connecting", function(place)
    return client(place.full), function(view) return view:get "/v1.0/me" end
  end },
  { "TLS handshake", function(place)
    return client((place.silent:gsub("^http:", "https:"))), function(view) return view:get "/v1.0/me" end
  end },
  { "sending", function(place)
    local body = { text = ("x"):rep(8 * 1024 * 1024) }
    return client(place.silent), function(view) return view:post("/v1.0/notes", { body = body }) end
  end },
  { "slow response", function(place)
    return client(place.silent), function(view) return view:get "/v1.0/me" end
  end },
  { "walk", function(place)
    return client(place.list), function(view) return view.leads:all() end
  end },
}

--- @tparam table place `name`, `folder`, `deadline` (seconds), `rounds`, and the URLs `ok`, `unavailable`, `slow_grant`,
--   `full` (no further connection is accepted), `silent` (never responds), `list` (slow pages); `resolver`: true where
--   names are resolved by a server that never responds; `only`: the name of the one case to measure
-- @treturn {table,...} `{ name, over, kind }` for each case: a list of seconds after the deadline, and err.kind
return function(place)
  local rows = {}
  for _, case in ipairs(cases) do
    local over, kind = {}, nil
    for round = 1, (place.only or case[1]) == case[1] and place.rounds or 0 do
      local crm, call = case[2](place)
      if not crm then break end
      local view, started = crm:with { deadline = place.deadline }, runtime:monotonic()
      local value, err = call(view)
      over[round] = runtime:monotonic() - started - place.deadline
      kind = value == nil and err.kind or "no error"
    end
    rows[#rows + 1] = { case[1], over, kind }
  end
  return rows
end
