-- SPDX-License-Identifier: MIT

--- The exit codes of the command.
-- @module lofty.cli.exit_codes

local exit_codes = {
  ok = 0,
  failed = 1,          -- a failure of this program or machine
  usage = 2,           -- wrong arguments, or a request that is wrong
  credential = 3,      -- not logged in, or the credential is not accepted
  not_found = 4,
  rate_limit = 5,      -- too many calls; with --no-wait at once
  network = 6,         -- no connection, no trust, no time left
  server = 7,          -- Lofty failed
  outcome_unknown = 8, -- a write was sent and nothing tells whether it was done
  unconfirmed = 9,     -- needs --yes, or the answer at the prompt was no
  partial = 10,        -- some of several items failed
  interrupted = 130,   -- 128 + SIGINT, as shells say it
  closed = 141,        -- 128 + SIGPIPE: nobody reads the output any more
}

local OF_KIND = {
  invalid = "usage", auth = "credential", forbidden = "credential", oauth = "credential", not_found = "not_found",
  rate_limit = "rate_limit", network = "network", tls = "network", timeout = "network", server = "server",
  decode = "server", store = "failed",
}

--- The exit code for an error of the library.
-- @tparam table err
-- @treturn number
function exit_codes.of(err)
  if err.outcome_unknown then return exit_codes.outcome_unknown end
  return exit_codes[OF_KIND[err.kind] or "failed"]
end

return exit_codes
