-- SPDX-License-Identifier: MIT

--- What a person can do about an error of the library.
-- @module lofty.cli.hint

local HINTS = {
  auth = "Run `lofty auth login` with a valid key, or check LOFTY_API_KEY.",
  oauth = "Run `lofty auth login --oauth` to connect again.",
  forbidden = "This credential lacks the scope: see Lofty's developer portal, or ask the account's owner.",
  not_found = "Check the id or path, and the account: `lofty auth status` shows it.",
  rate_limit = "Wait a minute, or run it without --no-wait.",
  network = "Check the connection; `lofty doctor` tests each step.",
  timeout = "Try again; `lofty doctor` tests each step of the connection.",
  tls = "`lofty doctor` shows which certificate was not trusted.",
  server = "Try again later; LOFTY_DEBUG=1 shows each request and response.",
  decode = "Try again later; LOFTY_DEBUG=1 shows each request and response.",
}

--- @tparam table err
-- @treturn ?string
return function(err)
  if err.outcome_unknown then return nil end -- its message says how to check
  if err.hint then return err.hint end
  if err.kind == "invalid" and err.operation then
    local resource, verb = err.operation:match "^([%w_.]*)%.([%w_]+)$"
    return resource and ("`lofty %s %s --help` lists the fields."):format(resource, verb)
  elseif err.kind == "invalid" then
    return "Settings come from options and the environment: `lofty help environment` lists the variables."
  end
  return HINTS[err.kind]
end
