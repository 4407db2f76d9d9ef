-- The contract over every store for nginx; the argument is two urls of one Redis, with a space between.

return function(report, argument, folder)
  local cases, worlds = require "spec.contracts.store", require "spec.support.store_worlds"
  local sleep = rawget(_G, "ngx").sleep
  local rest = function() sleep(0.01) end
  local tcp, unix = argument:match("^(%S+) (%S+)$")
  for name, world in pairs {
    ["shared dict"] = worlds.shdict("tokens", rest),
    ["shared dict over file"] = worlds.shdict_over("tokens", worlds.file(folder), rest),
    ["shared dict over redis"] = worlds.shdict_over("tokens", worlds.redis(tcp, rest), rest),
    redis = worlds.redis(unix, rest),
  } do
    for index, verdict in ipairs(worlds.verdicts(cases, world)) do report(name, index, verdict) end
  end
end
