-- SPDX-License-Identifier: MIT

--- Calls of two accounts in turns, many at a time, each with the token that the server saw.
-- @module spec.support.two_accounts

local lofty = require "lofty"

local two_accounts = {
  --- The handler of `url`, for `wire:lua`: tells which account a request is for, and whose token it had.
  HANDLER = [[
    ngx.header["Content-Type"] = "application/json"
    local padding = string.rep("x", (tonumber(ngx.var.arg_number) % 7) * 4000)
    ngx.print('{"account":"', ngx.var.arg_account, '","number":', ngx.var.arg_number, ',"had":"',
      ngx.var.http_authorization, '","padding":"', padding, '"}')
  ]],
}

--- Makes the calls.
-- @tparam string url of the handler
-- @tparam[opt] table runtime
-- @tparam number total calls
-- @treturn string "fine", or what was wrong first
function two_accounts.run(url, runtime, total)
  local base, path = url:match("^(%w+://[^/]+)(/.*)$")
  local function account(name)
    return lofty.client { access_token = "token-of-" .. name, base_url = base, runtime = runtime, retry = false }
  end
  local accounts = { a = account "a", b = account "b" }
  local items, wrong, right = {}, nil, 0
  for i = 1, total do items[i] = i % 2 == 0 and "a" or "b" end
  local _, failures = (runtime or lofty):map(items, function(name, number)
    -- Some calls end before their response, so that connections and what belongs to them are given up.
    local crm = accounts[name]
    if number % 97 == 0 then crm = crm:with { timeout = { total = 1e-4 } } end
    local value, err = crm:get(path, { account = name, number = number })
    if not value then
      if err.kind ~= "timeout" then wrong = wrong or tostring(err) end
      return true
    end
    local had = "Bearer token-of-" .. name
    if value.account ~= name or value.number ~= number or value.had ~= had then
      wrong = wrong or ("call %d of %s: %s %s %s"):format(number, name, value.account, value.number, value.had)
    else
      right = right + 1
    end
    return true
  end, { concurrency = 16 })
  if failures then return tostring(select(2, next(failures))) end
  if wrong then return wrong end
  return right >= total - total / 97 - 1 and "fine" or "only " .. right .. " responses"
end

--- For `spec.support.in_nginx`: the argument is the handler's URL.
function two_accounts.report(report, url)
  local runtime = require "lofty.runtime.nginx"
  report("calls", 1, two_accounts.run(url, runtime, 4000))
end

return two_accounts
