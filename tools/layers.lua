-- SPDX-License-Identifier: MIT

--- The layers of lua/lofty, for tools/check_arrows.lua and tools/draw_layers.lua.
--
-- Each layer: a folder or a public module, its height, and the modules that other folders may require. A module may
-- only require modules of lower layers. `beside` names a folder of the same height that it may require too.
return {
  { "cli", height = 9, open = {}, beside = "sandbox" },
  { "sandbox", height = 9, open = { "sandbox", "sandbox.session", "sandbox.nginx", "sandbox.seeds" } },
  { "init", height = 8, open = { "init" } },
  { "app", height = 7, open = { "app" } },
  { "webhook", height = 7, open = { "webhook" } },
  { "spool", height = 7, open = { "spool" } },
  { "client", height = 6, open = { "client", "client.dry_run" } },
  { "api", height = 5,
    open = { "api.resources", "api.operations", "api.operations.index", "api.pages", "api.webhook_lists",
             "api.subscriptions" } },
  { "oauth", height = 5,
    open = { "oauth.authorization", "oauth.source", "oauth.token_cache", "oauth.token_request", "oauth.lease",
             "oauth.singleflight", "oauth.static_source", "oauth.times" } },
  { "runtime", height = 4, beside = "http",
    open = { "runtime.curl", "runtime.nginx", "runtime.loop", "runtime.contract" } },
  { "http", height = 4, open = { "http.response", "http.url_policy", "http.rate_headers", "http.date" } },
  { "pacing", height = 4, open = { "pacing.limiter", "pacing.retry", "pacing.jitter" } },
  { "store", height = 4,
    open = { "store.memory", "store.file", "store.shdict", "store.redis", "store.contract" } },
  { "internal", height = 3, open = "all" },
  -- Leaves: every module may require them.
  { "time", height = 2, open = { "time" } }, { "inspect", height = 2, open = { "inspect" } },
  { "json", height = 2, open = { "json" } }, { "token", height = 2, open = { "token" } },
  { "errors", height = 1, open = { "errors" } },
  -- Helpers of internal that serve the leaves too.
  { "internal.lazy", height = 0, open = { "internal.lazy" } },
  { "internal.misuse", height = 0, open = { "internal.misuse" } },
  { "internal.suggest", height = 0, open = { "internal.suggest" } },
  { "internal.calendar", height = -1, open = { "internal.calendar" } },
  { "internal.ascii", height = -1, open = { "internal.ascii" } },
  { "internal.sanitize", height = -1, open = { "internal.sanitize" } },
}
