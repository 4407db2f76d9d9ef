-- SPDX-License-Identifier: MIT

--- The layers of lua/lofty, for tools/check_arrows.lua and tools/draw_layers.lua.
--
-- Each layer: a folder or a module, its height, and the modules that other folders may require (without `open`: the one
-- of its own name). A module may only require modules of lower layers. `beside` names a folder of the same height that
-- it may require too. `c_modules` are the modules in C, which every layer may require.
return {
  c_modules = { "core", "curl", "crypto", "file", "redis", "terminal" },
  { "cli", height = 9, open = {}, beside = "sandbox" },
  { "sandbox", height = 9, open = { "sandbox", "sandbox.session", "sandbox.nginx", "sandbox.seeds" } },
  { "init", height = 8 },
  { "app", height = 7 },
  { "webhook", height = 7 },
  { "spool", height = 7 },
  { "client", height = 6, open = { "client", "client.dry_run" } },
  { "api", height = 5,
    open = { "api.resources", "api.expect", "api.operations", "api.operations.index", "api.pages", "api.webhook_lists",
             "api.subscriptions" } },
  { "oauth", height = 5,
    open = { "oauth.authorization", "oauth.source", "oauth.token_cache", "oauth.token_request", "oauth.lease",
             "oauth.singleflight", "oauth.static_source", "oauth.times" } },
  { "runtime", height = 4, beside = "http",
    open = { "runtime.curl", "runtime.nginx", "runtime.loop", "runtime.contract" } },
  { "http", height = 4,
    open = { "http.response", "http.failure", "http.url_policy", "http.rate_headers", "http.rate_forms",
             "http.date" } },
  { "pacing", height = 4,
    open = { "pacing.limiter", "pacing.operation_budgets", "pacing.waits", "pacing.retry", "pacing.retry_policy",
             "pacing.jitter" } },
  { "store", height = 4,
    open = { "store.memory", "store.file", "store.shdict", "store.redis", "store.contract" } },
  { "internal", height = 3, open = "all" },
  -- Leaves: every module may require them.
  { "time", height = 2 }, { "inspect", height = 2 },
  { "json", height = 2 }, { "token", height = 2 },
  { "errors", height = 1 },
  -- Helpers of internal that serve the leaves too.
  { "internal.decode_json", height = 1 },
  { "internal.options", height = 0 },
  { "internal.lazy", height = -1 },
  { "internal.misuse", height = -1 },
  { "internal.suggest", height = -1 },
  { "internal.calendar", height = -2 },
  { "internal.ascii", height = -2 },
  { "internal.sanitize", height = -2 },
}
