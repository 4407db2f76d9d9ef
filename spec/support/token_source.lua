-- SPDX-License-Identifier: MIT

--- A token source over a table that acts as store, on a virtual clock, for specs.
-- @module spec.support.token_source

local errors = require "lofty.errors"
local fake = require "spec.support.fake_runtime"
local source = require "lofty.oauth.source"
local token_cache = require "lofty.oauth.token_cache"
local token_response = require "lofty.oauth.token_response"

local token_source = {
  key = "app/7", grant_timeout = 10, -- seconds
  outage = errors.new { kind = "store", message = "the store is down" },
}

function token_source.new_token(name, now, life)
  return assert(token_response.read({ access_token = name, refresh_token = "r-" .. name, expires_in = life or 3600 }, now))
end

-- A store that is a table. `fail[method]` is the err that a method returns.
local function table_store()
  local store = { data = {}, locks = {}, fail = {}, reads = 0, lock_attempts = 0 }
  function store:get(key)
    self.reads = self.reads + 1
    if self.fail.get then return nil, self.fail.get end
    return self.data[key]
  end
  function store:put(key, text)
    if self.fail.put then return nil, self.fail.put end
    self.data[key] = text
    return true
  end
  function store:try_lock(key, owner)
    self.lock_attempts = self.lock_attempts + 1
    if self.fail.lock then return nil, self.fail.lock end
    if self.locks[key] then return false end
    self.locks[key] = owner
    return true
  end
  function store:unlock(key, owner)
    if self.fail.unlock then return nil, self.fail.unlock end
    if self.locks[key] == owner then self.locks[key] = nil end
    return true
  end
  return store
end

local Case = {}
Case.__index = Case

local function cache_of(self)
  return token_cache.new { runtime = self.runtime, store = self.store, key = token_source.key, account = "7" }
end

--- Makes a source of this case's account; `options` replace its options.
function Case:make(options)
  local opt = {
    runtime = self.runtime, grant_timeout = token_source.grant_timeout, account = "7", count = function() end,
    on_refresh = function(new, err) self.refreshed[#self.refreshed + 1] = { new.access_token, err and err.message } end,
    on_error = function(err) self.reported[#self.reported + 1] = err.message end,
  }
  for name, value in pairs(options or {}) do opt[name] = value end
  return source.cached(function(old)
    self.grants[#self.grants + 1] = old.refresh_token
    if self.grant then return self.grant(old) end
    self.runtime:sleep(0.2)
    return token_source.new_token("fresh" .. #self.grants, self.runtime:now())
  end, cache_of(self), opt)
end

function Case:store_token(one)
  assert(cache_of(self):replace(one))
end

function Case:stored_token()
  return (assert(cache_of(self):get()))
end

--- A case with the token "old" in its store. `grants` has the refresh token of each grant, `refreshed` what on_refresh
-- was called with, `reported` what on_error was; `grant(old)` replaces the grant.
function token_source.new()
  local self = setmetatable({
    runtime = fake.new(), store = table_store(), grants = {}, refreshed = {}, reported = {}, grant = nil,
  }, Case)
  self:store_token(token_source.new_token("old", self.runtime:now()))
  return self
end

return token_source
