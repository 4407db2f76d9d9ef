-- SPDX-License-Identifier: MIT

-- The contract over every store for nginx; the argument is two urls of one Redis, with a space between.

return function(report, argument, folder)
  local cases, fixtures = require "spec.contracts.store", require "spec.support.store_fixtures"
  local sleep = rawget(_G, "ngx").sleep
  local rest = function() sleep(0) end -- lets nginx read its clock
  local tcp, unix = argument:match("^(%S+) (%S+)$")
  for name, fixture in pairs {
    ["shared dict"] = fixtures.shdict("tokens", rest),
    ["shared dict over file"] = fixtures.shdict_over("tokens", fixtures.file(folder), rest),
    ["shared dict over redis"] = fixtures.shdict_over("tokens", fixtures.redis(tcp, rest), rest),
    redis = fixtures.redis(unix, rest),
  } do
    for index, result in ipairs(fixtures.results(cases, fixture)) do report(name, index, result) end
  end
end
