--- The application as Lofty knows it. Made once, in init_by_lua, and shared by the requests of all workers.
--
-- Tokens are answered from shared memory and outlive a restart of nginx in files. Several machines would take
-- lofty.store.redis in place of the files.

local lofty = require "lofty"
local settings = require "leadboard.settings"

return lofty.app {
  redirect_uri = settings.redirect_uri,
  authorize_url = settings.authorize_url,
  -- A person waits for the page: better to say soon that Lofty doesn't answer.
  timeout = { connect = 5, total = 15 }, retry = { attempts = 3, total = 10 },
  store = lofty.store.shdict { dict = "lofty", backing = lofty.store.file { path = settings.tokens } },
}
