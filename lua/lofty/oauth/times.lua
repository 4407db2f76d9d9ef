-- SPDX-License-Identifier: MIT

--- All times of a token refresh, in seconds.
--
-- T is the time limit of one token request; one without a response is repeated once.
--
--     0          10                10 + T             10 + 2 T          20 + 2 T = lease_ttl
--     |----------|-----------------|------------------|-----------------|
--      try_lock   token request     the same once      write             the lock ends
--      read       (starts at the    more, if there     unlock            by itself
--      reserve    latest here)      was no response
--
-- Another process waits for the lock for at most max_wait, which depends on the token that it has: 0 if that is fresh
-- and only has to be written, 5 if it is stale, lease_ttl + 5 if it is invalid. This wait and the lease that it then
-- takes itself last no longer than detach_timeout.
--
-- A holder that has not begun its token request by latest_request gives up. One that writes after lease_ttl writes only
-- over the token that it has read. So a lease can end early or late without a lost token.
-- @module lofty.oauth.times

local times = {
  --- The latest start of the token request after try_lock: a later one might not end within the lease.
  latest_request = 10,
  --- How long a write of a granted token is tried.
  write = 1,
  --- The first and the longest wait between attempts to take a lock that another process holds, and the first wait
  -- between attempts to write.
  first_poll = 0.02, longest_poll = 0.5, first_write_retry = 0.1,
  --- How long a store may fail, because it restarts, before a wait for its lock ends.
  store_outage = 2,
  --- How long after a failed refresh no other is tried while the token is still accepted; doubled with each failure.
  first_backoff = 1, longest_backoff = 30,
}

--- The times that depend on the time limit of a token request.
-- @tparam number grant_timeout seconds, the limit of one token request
-- @treturn table `lease_ttl`: how long a lock lasts; `max_wait`: the longest wait for another's refresh by the state of
--   the token at hand (see `lofty.token`); `detach_timeout`: the longest refresh with all waits
function times.of(grant_timeout)
  local lease_ttl = 2 * grant_timeout + 2 * times.latest_request
  local longest = lease_ttl + 5
  return {
    lease_ttl = lease_ttl,
    -- A fresh token needs a write at most: do not wait for it. A stale one is still accepted: wait a moment.
    max_wait = { fresh = 0, stale = 5, invalid = longest },
    detach_timeout = 2 * longest,
  }
end

return times
