-- SPDX-License-Identifier: MIT

--- What the shared dict store promises beyond the contract. spec/integration/shdict_store_spec.lua runs the cases inside
-- nginx and reads their names here.

local ngx = rawget(_G, "ngx") -- nil where only the names are read
local cases = {}
local function case(name, run) cases[#cases + 1] = { name = name, run = run } end

local function equal(expected, value, err)
  if value ~= expected then error(("expected %s, got %s (%s)"):format(tostring(expected), tostring(value), tostring(err)), 2) end
end

local function shdict(opt) return require "lofty.store.shdict" (opt) end

-- A backing store that can be made to fail.
local function backing_store()
  local inner = require "lofty.store.memory" {}
  local one = setmetatable({ asked = 0 }, { __index = inner })
  for _, method in ipairs { "get", "put", "delete" } do
    one[method] = function(self, ...)
      self.asked = self.asked + 1
      if self.broken then return nil, self.broken end
      return inner[method](inner, ...)
    end
  end
  for _, method in ipairs { "keys", "try_lock", "unlock" } do
    one[method] = function(_, ...) return inner[method](inner, ...) end
  end
  return one
end

-- Fills a dictionary until nothing more can be added.
local function fill(dict, prefix)
  local number = 0
  repeat number = number + 1 until not dict:safe_set(prefix .. number, ("x"):rep(900))
  repeat number = number + 1 until not dict:safe_set(prefix .. number, "x")
  return number
end

case("keeps every token when the dictionary is full, and reports that", function()
  local dict = ngx.shared.small
  dict:flush_all()
  dict:flush_expired()
  local store = shdict { dict = "small" }
  local kept = 0
  local ok, err
  repeat
    ok, err = store:put("id/" .. kept + 1, ("t"):rep(700))
    if ok then kept = kept + 1 end
  until not ok
  fill(dict, "filler:")
  equal("store", err.kind)
  if not err.message:find("it is full", 1, true) then error(err.message) end
  equal(nil, (store:try_lock("id/1", "owner", 60)))
  equal(nil, (store:take("app", 5, 60)))
  equal(nil, (store:put("id/1", ("t"):rep(9000))))
  for number = 1, kept do equal(("t"):rep(700), store:get("id/" .. number)) end
  equal(kept, #store:keys())
end)

case("goes on with the backing store when the dictionary is full", function()
  local dict = ngx.shared.small
  dict:flush_all()
  dict:flush_expired()
  local under = backing_store()
  local store = shdict { dict = "small", backing = under }
  equal(true, store:put("id/1", "short"))
  fill(dict, "filler:")
  equal(true, store:put("id/1", ("t"):rep(9000)))
  equal(("t"):rep(9000), store:get("id/1"))
  equal(true, store:put("id/2", ("u"):rep(9000)))
  equal(("u"):rep(9000), store:get("id/2", true))
  equal(true, store:delete("id/1"))
  equal(nil, store:get("id/1"))
  dict:flush_all()
  dict:flush_expired()
end)

case("answers reads from the dictionary, and fresh ones from the backing store", function()
  local under = backing_store()
  local store = shdict { dict = "tokens", backing = under, prefix = "reads:" }
  under:put("k", "old")
  under.asked = 0
  equal("old", store:get("k"))
  equal("old", store:get("k"))
  equal(1, under.asked)
  under:put("k", "new")
  equal("old", store:get("k"))
  equal("new", store:get("k", true))
  equal("new", store:get("k"))
  under:delete("k")
  equal(nil, store:get("k", true))
  equal(nil, store:get("k"))
end)

case("finds everything in the backing store after a restart of nginx", function()
  local under = backing_store()
  equal(true, shdict { dict = "tokens", backing = under, prefix = "before:" }:put("k", "v"))
  local after = shdict { dict = "tokens", backing = under, prefix = "after:" }
  equal("v", after:get("k"))
  equal("k", after:keys()[1])
end)

case("writes nothing to the dictionary that the backing store did not take", function()
  local under = backing_store()
  local store = shdict { dict = "tokens", backing = under, prefix = "broken:" }
  equal(true, store:put("k", "old"))
  under.broken = require "lofty.errors".new { kind = "store", message = "no disk" }
  local ok, err = store:put("k", "new")
  equal(nil, ok)
  equal(under.broken, err)
  ok, err = store:get("k")
  equal(nil, ok)
  equal(under.broken, err)
  ok, err = store:delete("k")
  equal(nil, ok)
  equal(under.broken, err)
  under.broken = nil
  equal("old", store:get("k"))
end)

case("does not bring back a token that was deleted while another worker read it", function()
  local under = backing_store()
  local store = shdict { dict = "tokens", backing = under, prefix = "late:" }
  under:put("k", "v")
  local get = under.get
  under.get = function(self, ...)
    local value = get(self, ...)
    under.get = get
    equal(true, store:delete("k"))
    return value
  end
  equal("v", store:get("k")) -- read before the delete
  equal(nil, store:get("k"))
end)

case("uses the budget of the backing store, if it has take()", function()
  local under = backing_store()
  under.take = function(_, key, limit, window) return key == "app" and limit == 5 and window == 60 and 7 end
  equal(7, shdict { dict = "tokens", backing = under, prefix = "take:" }:take("app", 5, 60))
  under.take = nil
  equal(0, shdict { dict = "tokens", backing = under, prefix = "take:" }:take("app", 5, 60))
end)

case("leaves a lock that is about to end until its end", function()
  local now = 100
  local store = shdict { dict = "tokens", prefix = "end:", now = function() return now end }
  equal(true, store:try_lock("k", "one", 0.5))
  equal(true, store:unlock("k", "one"))
  equal(false, store:try_lock("k", "two", 60))
  now = now + 0.5
  equal(true, store:try_lock("k", "two", 60))
end)

-- The dictionary's own expiry follows the wall clock. When that is set back, entries stay longer; here they stay
-- because only the store's clock moves.
case("ends locks and budgets on the monotonic clock when the wall clock is set back", function()
  local now = 100
  local store = shdict { dict = "tokens", prefix = "back:", now = function() return now end }
  local other = shdict { dict = "tokens", prefix = "back:", now = function() return now end }
  equal(true, store:try_lock("k", "one", 3))
  equal(0, store:take("app", 1, 60))
  now = now + 2.9
  equal(false, other:try_lock("k", "two", 3))
  now = now + 0.1
  equal(false, store:unlock("k", "one"))
  equal(true, other:try_lock("k", "two", 3))
  equal(false, store:try_lock("k", "three", 3))
  now = now + 60
  equal(0, other:take("app", 1, 60))
end)

case("keeps locks and budgets when the wall clock is set forward by less than a day", function()
  local dict = ngx.shared.tokens
  local store = shdict { dict = "tokens", prefix = "forward:" }
  equal(true, store:try_lock("k", "one", 3))
  equal(0, store:take("app", 1, 60))
  local seen = 0
  for _, name in ipairs(dict:get_keys(0)) do
    if name:find("^forward:") then
      seen = seen + 1
      if dict:ttl(name) < 86400 then error(name .. " ends on the wall clock") end
    end
  end
  equal(3, seen)
end)

case("gives an ended lock to one of several that ask at once", function()
  local now = 100
  local store = shdict { dict = "tokens", prefix = "one:", now = function() return now end }
  equal(true, store:try_lock("k", "dead", 3))
  now = now + 3
  -- The second asks between the first one's look at the lock and its taking it.
  local asked
  local slow = shdict { dict = "tokens", prefix = "one:", now = function() return now end }
  slow.dict = setmetatable({}, { __index = function(_, name)
    return function(_, ...)
      if name == "safe_add" and not asked then
        asked = true
        equal(true, store:try_lock("k", "first", 3))
      end
      return ngx.shared.tokens[name](ngx.shared.tokens, ...)
    end
  end })
  equal(false, slow:try_lock("k", "second", 3))
  equal(false, store:try_lock("k", "third", 3))
  equal(true, store:unlock("k", "first"))
end)

case("keeps one counter of a budget, however many windows go by", function()
  local now = 100
  local store = shdict { dict = "tokens", prefix = "windows:", now = function() return now end }
  for _ = 1, 50 do
    equal(0, store:take("app", 2, 10))
    equal(0, store:take("app", 2, 10))
    local seconds = store:take("app", 2, 10)
    if seconds <= 0 or seconds > 10 then error("wait of " .. seconds) end
    now = now + seconds
  end
  local seen = 0
  for _, name in ipairs(ngx.shared.tokens:get_keys(0)) do
    if name:find("^windows:") then seen = seen + 1 end
  end
  equal(2, seen)
end)

case("checks its backing store", function()
  local under = backing_store()
  local store = shdict { dict = "tokens", backing = under, prefix = "check:" }
  equal(true, store:check())
  under.check = function() return nil, "no" end
  local ok, err = store:check()
  equal(nil, ok)
  equal("no", err)
end)

case("raises for options that do not fit nginx.conf or the contract", function()
  for _, opt in ipairs {
    {}, { dict = "nowhere" }, { dict = 5 }, { dict = "tokens", backing = {} }, { dict = "tokens", backing = "file" },
    { dict = "tokens", prefix = 5 }, { dict = "tokens", dcit = 1 },
  } do
    if pcall(shdict, opt) then error("an invalid option was accepted") end
  end
end)

cases.run = function(report)
  local fixtures = require "spec.support.store_fixtures"
  for index, result in ipairs(fixtures.results(cases)) do report("cases", index, result) end
end

return cases
