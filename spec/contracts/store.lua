-- SPDX-License-Identifier: MIT

--- The contract of `lofty.store.contract` as test cases that need nothing but a store. Copy this file to test a store of
-- your own; docs/guide/stores.md shows how.
--
-- Each case is { name = , run = function(fixture) }; `run` raises when the store breaks the contract. `fixture` makes stores:
--
--     fixture.new()            a store over a place of its own, empty
--     fixture.another(store)   a second store over the same place, as another process would make it
--     fixture.rest()           advances the clock of the store's locks; does nothing where that runs by itself
--     fixture.many             the number of keys in a long list, 50 if absent
-- @module spec.contracts.store

local format = string.format

local ATTEMPTS = 100000 -- take far longer than any lock or window of these cases lasts

local function fail(text, ...) error(format(text, ...), 3) end

local function show(value)
  if type(value) ~= "string" then return tostring(value) end
  return format("%q", #value > 60 and value:sub(1, 60) .. "..." or value)
end

local function equal(expected, value, err)
  if value == expected then return end
  fail("expected %s, got %s%s", show(expected), show(value), err and " (" .. tostring(err) .. ")" or "")
end

-- Absent, and no error.
local function absent(value, err)
  if err ~= nil then fail("expected nothing and no error, got error %s", tostring(err)) end
  if value ~= nil then fail("expected nothing, got %s", show(value)) end
end

local function raises(fn, ...)
  if pcall(fn, ...) then fail("expected an error to be raised") end
end

local function eventually(fixture, what, fn)
  for _ = 1, ATTEMPTS do
    if fn() then return end
    fixture.rest()
  end
  fail("%s did not happen", what)
end

local function same_list(expected, list, err)
  if type(list) ~= "table" then fail("expected a list, got %s (%s)", show(list), tostring(err)) end
  local left = {}
  for _, key in ipairs(expected) do left[key] = true end
  for _, key in ipairs(list) do
    if not left[key] then fail("key %s is listed twice, or does not exist", show(key)) end
    left[key] = nil
  end
  local key = next(left)
  if key then fail("key %s is missing", show(key)) end
end

local every_byte = {}
for byte = 0, 255 do every_byte[#every_byte + 1] = string.char(byte) end
every_byte = table.concat(every_byte)

local KEYS = {
  "id/651095960136641", "id/6510959601366410", "id", "..", ".", "a b", "a+b", "a%2Fb", "a/b", "*", "[a-z]?", "\\",
  "schl\195\188ssel", "line\nbreak", "UPPER", "upper", "nul\0inside", "lock:id", "token:id", "~", "'\"$(true)",
}

local cases = {}
local function case(name, run) cases[#cases + 1] = { name = name, run = run } end

case("returns nil alone for a key that is absent", function(fixture)
  local store = fixture.new()
  absent(store:get("k"))
  absent(store:get("k", true))
  same_list({}, store:keys())
end)

case("returns the value that was put last", function(fixture)
  local store = fixture.new()
  equal(true, store:put("k", "one"))
  equal("one", store:get("k"))
  equal(true, store:put("k", "the second, longer"))
  equal("the second, longer", store:get("k"))
  equal(true, store:put("k", "3"))
  equal("3", store:get("k"))
  equal("3", store:get("k", true))
end)

case("keeps any bytes", function(fixture)
  local store = fixture.new()
  for _, value in ipairs { every_byte, "", "\0", "\r\n", every_byte:rep(400) } do
    equal(true, store:put("k", value))
    equal(value, store:get("k", true))
  end
end)

case("accepts any key, and keeps keys apart", function(fixture)
  local store = fixture.new()
  for index, key in ipairs(KEYS) do equal(true, store:put(key, "value " .. index)) end
  for index, key in ipairs(KEYS) do equal("value " .. index, store:get(key)) end
  same_list(KEYS, store:keys())
  for _, key in ipairs(KEYS) do
    equal(true, store:try_lock(key, "one", 60))
    equal(false, store:try_lock(key, "two", 60))
  end
  for _, key in ipairs(KEYS) do equal(true, store:unlock(key, "one")) end
end)

case("deletes one key alone", function(fixture)
  local store = fixture.new()
  store:put("k", "one")
  store:put("kk", "two")
  equal(true, store:delete("k"))
  absent(store:get("k"))
  absent(store:get("k", true))
  equal("two", store:get("kk"))
  same_list({ "kk" }, store:keys())
  equal(true, store:delete("k"))
  equal(true, store:put("k", "again"))
  equal("again", store:get("k", true))
end)

case("lists keys with values, not locks and budgets", function(fixture)
  local store = fixture.new()
  store:put("k", "one")
  equal(true, store:try_lock("k", "owner", 60))
  equal(true, store:try_lock("other", "owner", 60))
  if store.take then equal(0, store:take("app", 10, 60)) end
  same_list({ "k" }, store:keys())
  absent(store:get("other"))
end)

case("lists many keys", function(fixture)
  local store, expected = fixture.new(), {}
  for number = 1, fixture.many or 50 do
    expected[number] = "id/" .. number
    store:put(expected[number], "x")
  end
  same_list(expected, store:keys())
end)

case("shares values between stores", function(fixture)
  local store = fixture.new()
  local other = fixture.another(store)
  store:put("k", "one")
  equal("one", other:get("k", true))
  other:put("k", "two")
  equal("two", store:get("k", true))
  same_list({ "k" }, other:keys())
  other:delete("k")
  absent(store:get("k", true))
end)

case("grants a lock once, and not again to its owner", function(fixture)
  local store = fixture.new()
  equal(true, store:try_lock("k", "one", 60))
  equal(false, store:try_lock("k", "two", 60))
  equal(false, store:try_lock("k", "one", 60))
  equal(true, store:unlock("k", "one"))
  equal(true, store:try_lock("k", "two", 60))
  equal(true, store:unlock("k", "two"))
end)

case("grants a lock to one of several stores", function(fixture)
  local store = fixture.new()
  local other = fixture.another(store)
  equal(true, store:try_lock("k", "one", 60))
  equal(false, other:try_lock("k", "two", 60))
  equal(false, other:unlock("k", "two"))
  equal(false, other:try_lock("k", "two", 60))
  equal(true, store:unlock("k", "one"))
  equal(true, other:try_lock("k", "two", 60))
  equal(false, store:try_lock("k", "one", 60))
  equal(true, other:unlock("k", "two"))
end)

case("frees a lock for its owner alone", function(fixture)
  local store = fixture.new()
  equal(false, store:unlock("k", "one"))
  equal(true, store:try_lock("k", "one", 60))
  equal(false, store:unlock("k", "two"))
  equal(false, store:unlock("k", "on"))
  equal(false, store:try_lock("k", "two", 60))
  equal(true, store:unlock("k", "one"))
  equal(false, store:unlock("k", "one"))
end)

case("locks each key alone, and reads and writes under a lock", function(fixture)
  local store = fixture.new()
  equal(true, store:try_lock("a", "one", 60))
  equal(true, store:try_lock("b", "two", 60))
  equal(true, store:put("a", "value"))
  equal("value", store:get("a", true))
  equal(true, store:delete("a"))
  equal(false, store:try_lock("a", "two", 60))
  equal(true, store:unlock("a", "one"))
  equal(false, store:try_lock("b", "one", 60))
  equal(true, store:unlock("b", "two"))
end)

case("ends a lock after its ttl", function(fixture)
  local store = fixture.new()
  equal(true, store:try_lock("k", "dead", 0.05))
  eventually(fixture, "the end of the lock", function() return store:try_lock("k", "next", 60) end)
  equal(true, store:unlock("k", "next"))
end)

case("keeps the next owner's lock when the former one unlocks late", function(fixture)
  local store = fixture.new()
  equal(true, store:try_lock("k", "late", 0.05))
  eventually(fixture, "the end of the lock", function() return store:try_lock("k", "next", 60) end)
  equal(false, store:unlock("k", "late"))
  equal(false, store:try_lock("k", "third", 60))
  equal(true, store:unlock("k", "next"))
end)

case("reserves room for the value of a locked key", function(fixture)
  local store = fixture.new()
  if not store.reserve then return end
  equal(true, store:put("k", "old"))
  equal(true, store:try_lock("k", "one", 60))
  equal(true, store:reserve("k", 4096))
  equal("old", store:get("k", true))
  equal(true, store:put("k", ("n"):rep(4096)))
  equal(("n"):rep(4096), store:get("k", true))
  equal(true, store:unlock("k", "one"))
  equal(true, store:try_lock("k", "two", 60))
  equal(true, store:reserve("k", 4096))
  equal(true, store:unlock("k", "two"))
  equal(("n"):rep(4096), store:get("k", true))
  same_list({ "k" }, store:keys())
end)

case("counts each budget up to its limit", function(fixture)
  local store = fixture.new()
  if not store.take then return end
  local other = fixture.another(store)
  for _ = 1, 3 do equal(0, store:take("app", 4, 60)) end
  equal(0, other:take("app", 4, 60))
  for _, each in ipairs { store, other } do
    local seconds, err = each:take("app", 4, 60)
    if type(seconds) ~= "number" or seconds <= 0 or seconds > 60 then
      fail("expected the seconds to wait, got %s (%s)", show(seconds), tostring(err))
    end
  end
  equal(0, store:take("app/operation", 1, 60))
  same_list({}, store:keys())
end)

case("grants calls again when the window is over", function(fixture)
  local store = fixture.new()
  if not store.take then return end
  equal(0, store:take("app", 2, 0.05))
  equal(0, store:take("app", 2, 0.05))
  eventually(fixture, "the end of the window", function() return store:take("app", 2, 0.05) == 0 end)
end)

case("raises for an invalid key or value", function(fixture)
  local store = fixture.new()
  raises(store.get, store, "")
  raises(store.get, store, nil)
  raises(store.put, store, "", "x")
  raises(store.put, store, "k", nil)
  raises(store.put, store, "k", {})
  raises(store.delete, store, 5)
  raises(store.try_lock, store, "", "owner", 60)
  raises(store.unlock, store, nil, "owner")
end)

return cases
