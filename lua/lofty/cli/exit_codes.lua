-- SPDX-License-Identifier: MIT

--- The exit codes of the command.
-- @module lofty.cli.exit_codes

local exit_codes = {
  ok = 0,
  failed = 1,          -- something failed on this machine: a file, a store, this program
  usage = 2,           -- wrong arguments, or a request that Lofty rejects as invalid
  credential = 3,      -- not logged in, or the credential is refused or lacks permission
  not_found = 4,
  rate_limit = 5,      -- too many calls; with --no-wait, at once
  network = 6,         -- no connection, an untrusted certificate, or a timeout
  server = 7,          -- Lofty's server failed
  outcome_unknown = 8, -- a write was sent, but no response says whether it was done
  unconfirmed = 9,     -- not confirmed: --yes is missing, or the answer to the question was no
  partial = 10,        -- some of several items failed
  interrupted = 130,   -- 128 + SIGINT (Ctrl-C), as in shells
  closed = 141,        -- 128 + SIGPIPE: the reader of the output closed it, as `head` does
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
