-- SPDX-License-Identifier: MIT

--- Defines the methods of a store. Every store of this library and any store of your own follows this contract.
--
-- A store holds one string (a token, as text) for each key. It is a table or userdata; its methods are called with a
-- colon. No method waits for another process: a method does its I/O and returns.
--
-- Required methods:
--
-- - `get(key, fresh) -> string | nil | nil, err`: the value of a key; nil alone when the key is absent. With `fresh`
--   true the value is read from where it is stored, not from a cache.
-- - `put(key, value) -> true | nil, err`: replaces the value of a key. When it returns true, the value is stored as
--   safely as this store can (the file store: on disk).
-- - `delete(key) -> true | nil, err`: removes a key; an absent key is not an error.
-- - `keys() -> {string,...} | nil, err`: the keys that have a value, sorted. Locks and budgets are not listed.
-- - `try_lock(key, owner, ttl) -> true | false | nil, err`: takes the lock of a key unless it is locked, also when
--   the same owner has it. A lock ends `ttl` seconds later at the latest, or (file store, other processes) when its
--   holder's process ends. A key needs no value to be locked.
-- - `unlock(key, owner) -> true | false | nil, err`: frees the lock if `owner` has it; false if not.
--
-- Optional methods:
--
-- - `reserve(key, bytes) -> true | nil, err`: called by the holder of the key's lock before it requests a new token.
--   It makes sure, as far as this store can, that a `put` of at most `bytes` bytes for this key will find room (the
--   file store creates the file and allocates its space). The next `put` of the key uses the reservation; `unlock`
--   releases one that was not used. A store without this method guarantees it by granting the lock: in Redis the lock
--   is itself a write.
-- - `take(key, limit, window) -> 0 | seconds | nil, err`: counts one call of a budget of `limit` calls in `window`
--   seconds, shared by all processes. 0: counted. More than 0: not counted, ask again after so many seconds.
-- - `check() -> true | nil, err`: whether the store can do all operations of this contract. `app:connect` calls
--   it before it exchanges the authorization code.
--
-- Keys are non-empty strings of any bytes; values are strings of any bytes. An err is a `lofty.errors` error of kind
-- "store" (a store of your own may return a string), with `retryable = true` when another try may succeed. A key or
-- value of a wrong type is the caller's mistake and raises. `spec/contracts/store.lua` tests all of this over any
-- store.
-- @module lofty.store.contract

local check_methods = require "lofty.internal.check_methods"
local core = require "lofty.core"
local misuse = require "lofty.internal.misuse"

local type = type
local format = string.format

local contract = {
  --- The methods that every store has.
  required = { "get", "put", "delete", "keys", "try_lock", "unlock" },
  --- The methods that a store may have.
  optional = { "reserve", "take", "check" },
}

--- Raises unless `key` can be a store's key.
-- @param key
function contract.check_key(key)
  if type(key) ~= "string" or key == "" then misuse("store: a key must be a non-empty string") end
end

--- Raises unless `value` can be a store's value.
-- @param value
function contract.check_value(value)
  if type(value) ~= "string" then misuse("store: a value must be a string, got " .. type(value)) end
end

--- Raises unless `seconds` can be the `ttl` of a lock or the `window` of a budget.
-- @param seconds
-- @tparam string name "ttl" or "window", for the message
function contract.check_seconds(seconds, name)
  if type(seconds) ~= "number" or not (seconds > 0 and seconds < 1e9) then
    misuse("store: " .. name .. " must be a positive number of seconds")
  end
end

--- Raises unless `bytes` can be the size of a reservation.
-- @param bytes
function contract.check_size(bytes)
  if type(bytes) ~= "number" or bytes % 1 ~= 0 or bytes < 1 or bytes > core.limits.stored then
    misuse(format("store: bytes must be a whole number from 1 to %d", core.limits.stored))
  end
end

--- Raises unless `store` has the required methods.
-- @param store
-- @tparam string option the option that it was given as, for the message, e.g. "lofty.app: store"
function contract.check_store(store, option)
  if type(store) ~= "table" and type(store) ~= "userdata" then
    misuse(option .. " must be a store (see lofty.store.contract), got " .. type(store))
  end
  check_methods(store, option, "a store (see lofty.store.contract)", contract.required, contract.optional)
end

return contract
