-- SPDX-License-Identifier: MIT

--- What a runtime is: all I/O, waiting and clocks of a client or an application. `lofty.runtime.curl`,
-- `lofty.runtime.nginx` and any runtime of your own (the option `runtime`) follow this contract.
--
-- A runtime is a table; its methods are called with a colon.
--
-- Required methods:
--
-- - `request(req) -> res | nil, err`: sends one HTTP request and waits for its whole response. The fields of `req`,
--   `res` and `err` are those of `lofty.runtime.curl`'s `request`.
-- - `sleep(seconds)`: waits.
-- - `now() -> number`: seconds since 1970, with a fraction.
-- - `monotonic() -> number`: seconds on a clock that setting the time does not move.
-- - `detach(timeout, fn, ...) -> fn's results`: calls `fn(...)` such that the end of the request that asked for it does
--   not stop it, and waits for it, at most `timeout` seconds (nil and an err after that). Raises what `fn` raises.
--   Where nothing can stop `fn`, it just calls `fn`.
-- - `event() -> event`: `event:wait(seconds) -> boolean` returns true as soon as the event is set and false when the
--   time is over; `event:set()` wakes every waiter, and the event stays set.
-- - `ensure(release, fn, ...) -> fn's results`: calls `fn(...)`, and `release()` exactly once, whether `fn` returned,
--   raised (then the error is raised again) or was abandoned while it waited.
--
-- Optional methods:
--
-- - `handler(respond) -> function`: makes a webhook handler out of `respond`, in nginx.
-- - `map(list, fn, opt)`: what `lofty.map` does, see there.
-- - `close()`: closes the connections that were kept alive.
--
-- `spec/contracts/runtime.lua` tests all of this over any runtime.
-- @module lofty.runtime.contract

local check_methods = require "lofty.internal.check_methods"

local contract = {
  --- The methods that every runtime has.
  required = { "request", "sleep", "now", "monotonic", "detach", "event", "ensure" },
  --- The methods that a runtime may have.
  optional = { "handler", "map", "close" },
}

--- Raises unless `runtime` has what a runtime must have.
-- @tparam table runtime
-- @tparam string option the option that it was given as, for the message
function contract.check_runtime(runtime, option)
  check_methods(runtime, option, "a runtime (see lofty.runtime.contract)", contract.required, contract.optional)
end

return contract
