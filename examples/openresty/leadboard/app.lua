-- SPDX-License-Identifier: MIT

--- The application as Lofty knows it. Made once, in init_by_lua, and shared by the requests of all workers.
--
-- Tokens are read from shared memory; files keep them over a restart of nginx. On several machines lofty.store.redis
-- would take the place of the files.

local lofty = require "lofty"
local settings = require "leadboard.settings"

return lofty.app {
  redirect_uri = settings.redirect_uri,
  authorize_url = settings.authorize_url,
  -- A person waits for the page, so it gives up soon.
  timeout = { connect = 5, total = 15 }, retry = { attempts = 3, total = 10 },
  store = lofty.store.shdict { dict = "lofty", backing = lofty.store.file { path = settings.tokens } },
}
