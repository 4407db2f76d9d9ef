-- SPDX-License-Identifier: MIT

local errors = require "lofty.errors"
local limiter = require "lofty.pacing.limiter"
local virtual = require "spec.support.virtual_runtime"

-- The largest number of `times` (ascending) within any span of `span` seconds.
local function most_within(times, span)
  local most, first = 0, 1
  for last = 1, #times do
    while times[last] - times[first] >= span do first = first + 1 end
    if last - first + 1 > most then most = last - first + 1 end
  end
  return most
end

-- A store whose `take` counts in fixed windows: a window begins with the first call that it counts.
local function shared_store(runtime)
  local store = { asked = 0, windows = {} }
  function store:take(key, limit, window)
    self.asked = self.asked + 1
    if self.broken then return nil, errors.new { kind = "store", message = "unavailable" } end
    local now, current = runtime:monotonic(), self.windows[key]
    if not current or now >= current.ends then
      current = { ends = now + window, count = 0 }
      self.windows[key] = current
    end
    if current.count >= limit then return current.ends - now end
    current.count = current.count + 1
    return 0
  end
  return store
end

-- A store whose `take` uses a sliding window: it returns the seconds until the oldest call leaves the window.
local function sliding_store(runtime)
  local store, times = { asked = 0 }, {}
  function store:take(_, limit, window)
    self.asked = self.asked + 1
    local now, oldest = runtime:monotonic(), times[#times - limit + 1]
    if oldest and oldest + window > now then return oldest + window - now end
    times[#times + 1] = now
    return 0
  end
  return store
end

-- A server that counts in its own fixed windows, which begin with the first call that it receives.
local function server(runtime, limit)
  local self = { refused = 0, served = 0, ends = -1, count = 0 }
  function self.call()
    local now = runtime:monotonic()
    if now >= self.ends then self.ends, self.count = now + 60, 0 end
    self.count = self.count + 1
    local budget = { limit = limit, remaining = math.max(0, limit - self.count) }
    budget.reset_at = runtime:now() + self.ends - now
    if self.count > limit then
      self.refused = self.refused + 1
      return 429, budget
    end
    self.served = self.served + 1
    return 200, budget
  end
  return self
end

describe("a limiter #lua", function()
  local runtime
  before_each(function() runtime = virtual.new() end)

  local function make(opt)
    opt = opt or {}
    opt.runtime, opt.key = runtime, "app"
    return limiter.new(opt)
  end

  -- Runs `workers` coroutines with `calls` calls each; returns the times of all calls in order.
  local function run_calls(self, workers, calls, operation, latency)
    local times = {}
    for _ = 1, workers do
      runtime:spawn(function()
        for _ = 1, calls do
          self:acquire(operation)
          times[#times + 1] = runtime.time
          runtime:sleep(latency or 0.02)
        end
      end)
    end
    runtime:run()
    return times
  end

  describe("without a store", function()
    it("never exceeds the limit in any window, and uses at least 95 % of it", function()
      local times = run_calls(make { limit = 300 }, 30, 100)
      assert.equal(3000, #times)
      assert.equal(300, most_within(times, 60))
      -- 3,000 calls need nine further windows after the first 300.
      assert.is_true(times[#times] - times[1] <= 9 * 60 / 0.95)
    end)

    it("does not delay calls that stay below the limit", function()
      local self, waited = make { limit = 60 }, 0
      runtime:spawn(function()
        for _ = 1, 600 do
          waited = waited + self:acquire()
          runtime:sleep(1.02)
        end
      end)
      runtime:run()
      assert.equal(0, waited)
    end)

    it("does not allow two bursts around the end of a window", function()
      local self, times = make { limit = 100 }, {}
      local function burst()
        for _ = 1, 100 do
          self:acquire()
          times[#times + 1] = runtime.time
        end
      end
      runtime:spawn(function()
        self:acquire()
        times[#times + 1] = runtime.time
        runtime:sleep(59)
        burst()
        burst()
      end)
      runtime:run()
      assert.equal(100, most_within(times, 60))
    end)

    it("serves callers in order, each after one wait", function()
      local self, order = make { limit = 5 }, {}
      for i = 1, 40 do
        runtime:spawn(function()
          self:acquire()
          order[#order + 1] = i
        end)
      end
      local waits = runtime.sleeps
      runtime:run()
      assert.equal(35, waits)
      assert.equal(35, runtime.sleeps)
      for i = 1, 40 do assert.equal(i, order[i]) end
    end)

    it("returns how long a caller waited", function()
      local self = make { limit = 1, window = 10 }
      local first, second
      runtime:spawn(function()
        first = self:acquire()
        second = self:acquire()
      end)
      runtime:run()
      assert.equal(0, first)
      assert.is_true(second >= 10 and second <= 10.5)
    end)

    it("calls on_wait before each wait", function()
      local events = {}
      local self = make { limit = 1, on_wait = function(event) events[#events + 1] = event end }
      run_calls(self, 1, 3, "leads.list")
      assert.equal(2, #events)
      assert.equal("leads.list", events[1].operation)
      assert.equal("budget", events[1].reason)
      assert.is_true(events[1].seconds > 59 and events[1].seconds < 61)
    end)

    it("calls on_wait once for calls that wait until about the same time", function()
      local events = {}
      local self = make { limit = 100, on_wait = function(event) events[#events + 1] = event end }
      local times = run_calls(self, 25, 10, "leads.list")
      assert.equal(250, #times)
      assert.is_true(#events >= 2 and #events <= 4, #events .. " events")
    end)

    it("returns at once when the wait would exceed the caller's deadline", function()
      local self = make { limit = 1 }
      assert.equal(0, self:acquire())
      local waited, missing = self:acquire(nil, { ends_at = runtime:monotonic() + 5 })
      assert.is_nil(waited)
      assert.is_true(missing > 59 and missing < 61)
      assert.equal(0, runtime:monotonic())
      -- It used no slot: the next call waits one window, not two.
      local next_waited
      runtime:spawn(function() next_waited = self:acquire() end)
      runtime:run()
      assert.is_true(next_waited < 61)
    end)

    it("returns when a 429 during the wait moves it past the deadline", function()
      local self, waited, missing = make { limit = 1 }, 0, nil
      self:acquire()
      runtime:spawn(function() waited, missing = self:acquire(nil, { ends_at = runtime:monotonic() + 70 }) end)
      runtime:run(50)
      self:observe(nil, {}, 429, 60)
      runtime:run()
      assert.is_nil(waited)
      assert.is_true(missing > 0)
      assert.is_true(runtime:monotonic() <= 70)
    end)

    it("returns at once with a shared budget, too", function()
      local self = make { limit = 1, store = shared_store(runtime) }
      assert.equal(0, self:acquire())
      assert.is_nil((self:acquire(nil, { ends_at = runtime:monotonic() + 5 })))
      assert.is_nil((self:acquire(nil, { ends_at = runtime:monotonic() + 5 })))
      assert.equal(0, runtime:monotonic())
    end)

    it("counts time in which several calls wait once", function()
      local self, counts = make { limit = 2 }, { waited = 0 }
      local opt = { counts = counts }
      for _ = 1, 6 do runtime:spawn(function() self:acquire(nil, opt) end) end
      runtime:run()
      assert.is_true(math.abs(counts.waited - runtime:monotonic()) < 0.01, counts.waited .. " s")
    end)

    it("does not limit calls where the runtime cannot wait", function()
      local still = {}
      function still.sleep() return nil, errors.new { kind = "invalid", message = "not in this phase" } end
      function still.monotonic() return 0 end
      for _, store in ipairs { false, { take = function() return 60 end } } do
        local self = limiter.new { runtime = still, limit = 1, store = store or nil }
        for _ = 1, 3 do assert.equal(0, (self:acquire())) end
      end
    end)

    it("goes on when a waiting caller is dropped", function()
      local self, went = make { limit = 1 }, {}
      runtime:spawn(function() self:acquire() end)
      local gone = runtime:spawn(function() self:acquire(); went[#went + 1] = "dropped" end)
      runtime:spawn(function() self:acquire(); went[#went + 1] = "last" end)
      runtime:kill(gone)
      runtime:run()
      assert.same({ "last" }, went)
    end)

    it("forgets old slots", function()
      for limit, pause in pairs { [10] = false, [1000000] = 10 } do
        local self = make { limit = limit }
        run_calls(self, 5, 1000, nil, pause)
        local count = 0
        for _ in pairs(self.app.window.moments) do count = count + 1 end
        assert.is_true(count <= 550, count .. " of 5000 slots are stored")
      end
    end)
  end)

  -- Calls with a slot in their operation's budget that then waited for the application's started later than their slot, and
  -- the operation's limit was exceeded.
  it("keeps to the limits of the application and of an operation with random calls", function()
    for seed = 1, 60 do
      math.randomseed(seed)
      local limit = math.random(2, 30)
      local own = math.random(1, limit - 1)
      local self, all, some = make { limit = limit }, {}, {}
      self:observe("ai.analyze", { limit = own }, 200)
      for _ = 1, math.random(1, 40) do
        runtime:spawn(function()
          for _ = 1, math.random(1, 20) do
            local operation = math.random() < 0.5 and "ai.analyze" or "leads.list"
            self:acquire(operation)
            all[#all + 1] = runtime.time
            if operation == "ai.analyze" then some[#some + 1] = runtime.time end
            if math.random() < 0.03 then self:observe(operation, {}, 429, math.random() * 20) end
            runtime:sleep(math.random() * math.random(0, 30))
          end
        end)
      end
      runtime:run()
      assert.is_true(most_within(all, 60) <= limit, "math.randomseed(" .. seed .. ")")
      assert.is_true(most_within(some, 60) <= own, "math.randomseed(" .. seed .. ")")
    end
  end)

  describe("with limits from responses", function()
    it("does not limit calls until a response has a limit", function()
      local self = make()
      run_calls(self, 10, 100)
      assert.is_true(runtime.time < 3)
    end)

    it("applies the limit of a response, and counts the calls before it", function()
      local self, times = make(), {}
      runtime:spawn(function()
        for i = 1, 50 do
          self:acquire("leads.list")
          times[#times + 1] = runtime.time
          if i == 5 then self:observe("leads.list", { limit = 20 }, 200) end
          runtime:sleep(0.01)
        end
      end)
      runtime:run()
      assert.equal(20, most_within(times, 60))
    end)

    it("uses the largest limit for the application and a smaller one for its operation", function()
      local self = make()
      self:observe("ai.analyze", { limit = 20 }, 200)
      self:observe("leads.list", { limit = 100 }, 200)
      self:observe("ai.analyze", { limit = 20 }, 200)
      assert.equal(100, most_within(run_calls(self, 10, 30, "leads.list"), 60))
      assert.equal(20, most_within(run_calls(self, 10, 5, "ai.analyze"), 60))
    end)

    it("never raises a configured limit, and lowers it for an operation with a smaller one", function()
      local self = make { limit = 50 }
      self:observe("leads.list", { limit = 500 }, 200)
      assert.equal(50, most_within(run_calls(self, 10, 20, "leads.list"), 60))
      self:observe("ai.analyze", { limit = 10 }, 200)
      assert.equal(10, most_within(run_calls(self, 10, 5, "ai.analyze"), 60))
      assert.equal(50, most_within(run_calls(self, 10, 20, "leads.list"), 60))
    end)

    it("does not delay calls of other operations than the limited one", function()
      local self = make { limit = 100 }
      self:observe("ai.analyze", { limit = 2 }, 200)
      local slow, quick = {}, {}
      for _ = 1, 6 do
        runtime:spawn(function() self:acquire("ai.analyze"); slow[#slow + 1] = runtime.time end)
      end
      for _ = 1, 20 do
        runtime:spawn(function() self:acquire("leads.list"); quick[#quick + 1] = runtime.time end)
      end
      runtime:run()
      assert.equal(0, quick[20])
      assert.is_true(slow[6] > 120)
      assert.equal(2, most_within(slow, 60))
    end)

    it("drops an operation's budget when its limit is the application's again", function()
      local self = make { limit = 100 }
      self:observe("ai.analyze", { limit = 1 }, 200)
      self:observe("ai.analyze", { limit = 100 }, 200)
      run_calls(self, 1, 50, "ai.analyze")
      assert.is_true(runtime.time < 2)
    end)

    for _, nonsense in ipairs { 0, -1 } do
      it("ignores a limit of " .. nonsense, function()
        local self = make { limit = 10 }
        self:observe("leads.list", { limit = nonsense }, 200)
        run_calls(self, 1, 10, "leads.list")
        assert.is_true(runtime.time < 1)
      end)
    end

    it("waits for the reset when no calls remain", function()
      local self = make { limit = 100 }
      self:observe("leads.list", { limit = 100, remaining = 0, reset_at = runtime:now() + 30 }, 200)
      run_calls(self, 3, 1)
      assert.is_true(runtime.time >= 30 and runtime.time < 31)
    end)

    it("does not wait for a reset in the past", function()
      local self = make { limit = 100 }
      self:observe("leads.list", { limit = 100, remaining = 0, reset_at = runtime:now() - 3600 }, 200)
      run_calls(self, 1, 1)
      assert.is_true(runtime.time < 1)
    end)
  end)

  describe("after a 429", function()
    it("makes all callers wait for the reset, once", function()
      local events = {}
      local self = make { on_wait = function(event) events[#events + 1] = event end }
      self:observe("leads.list", { limit = 100, remaining = 0, reset_at = runtime:now() + 20 }, 429)
      local times = run_calls(self, 10, 1, "notes.create")
      for i = 1, 10 do assert.equal(20, times[i]) end
      assert.equal(1, #events)
      assert.equal("429", events[1].reason)
      assert.equal(20, events[1].seconds)
      assert.is_true(math.abs(events[1].ends_at - runtime:now()) < 0.1)
    end)

    it("extends the wait of callers that already wait", function()
      local self, times = make { limit = 2 }, {}
      for _ = 1, 6 do
        runtime:spawn(function() self:acquire(); times[#times + 1] = runtime.time end)
      end
      runtime:run(50)
      self:observe(nil, {}, 429)
      runtime:run()
      assert.equal(6, #times)
      assert.is_true(times[3] >= 110)
      assert.equal(2, most_within(times, 60))
    end)

    it("prefers Retry-After, and waits at most one window", function()
      local self = make()
      self:observe(nil, { reset_at = runtime:now() + 50 }, 429, 5)
      run_calls(self, 1, 1)
      assert.is_true(runtime.time >= 5 and runtime.time < 6)
      self:observe(nil, {}, 429, 86400)
      local began = runtime.time
      run_calls(self, 1, 1)
      assert.is_true(runtime.time - began >= 60 and runtime.time - began < 61)
    end)

    it("waits one window without a reset time, and one second for a reset in the past", function()
      local self = make()
      self:observe(nil, {}, 429)
      run_calls(self, 1, 1)
      assert.is_true(runtime.time >= 60 and runtime.time < 61)
      local began = runtime.time
      self:observe(nil, { reset_at = runtime:now() - 5 }, 429)
      run_calls(self, 1, 1)
      assert.is_true(runtime.time - began >= 1 and runtime.time - began < 1.5)
    end)

    it("delays only the operation with a smaller limit", function()
      local self = make { limit = 100 }
      self:observe("ai.analyze", { limit = 20, remaining = 0, reset_at = runtime:now() + 40 }, 429)
      assert.is_true(run_calls(self, 1, 1, "leads.list")[1] < 1)
      assert.is_true(run_calls(self, 1, 1, "ai.analyze")[1] >= 40)
    end)

    it("does not depend on changes of the system clock", function()
      local self = make()
      self:observe(nil, { reset_at = runtime:now() + 10 }, 429)
      runtime.epoch = runtime.epoch + 3600
      run_calls(self, 1, 1)
      assert.is_true(runtime.time >= 10 and runtime.time < 11)
    end)
  end)

  describe("with a store", function()
    for kind, new_store in pairs { fixed = shared_store, sliding = sliding_store } do
      it("shares the limit among processes in a " .. kind .. " window: no 429, at least 95 % used", function()
        local store, remote = new_store(runtime), server(runtime, 300)
        for process = 1, 5 do
          local self = make { limit = 300, store = store }
          for _ = 1, 16 do
            runtime:spawn(function()
              while runtime.time < 600 do
                self:acquire("leads.get")
                runtime:sleep(0.003 * process) -- the request's latency
                local status, budget = remote.call()
                self:observe("leads.get", budget, status)
                runtime:sleep(0.05)
              end
            end)
          end
        end
        runtime:run(600)
        assert.equal(0, remote.refused)
        assert.is_true(remote.served >= 0.95 * 300 * 10, remote.served .. " served")
        assert.is_true(store.asked < 3 * remote.served, store.asked .. " calls of take")
      end)
    end

    it("calls take once for all waiting callers, and serves them in order", function()
      local store, order = shared_store(runtime), {}
      local self = make { limit = 10, store = store }
      for i = 1, 40 do
        runtime:spawn(function()
          self:acquire()
          order[#order + 1] = i
        end)
      end
      assert.equal(11, store.asked)
      runtime:run()
      assert.equal(40, #order)
      for i = 1, 40 do assert.equal(i, order[i]) end
      -- One call of take per window returns a wait, which applies to all waiting callers.
      assert.is_true(store.asked <= 40 + 4, store.asked .. " calls of take")
    end)

    it("uses a key of its own for an operation with a smaller limit", function()
      local store = shared_store(runtime)
      local self = make { limit = 100, store = store }
      self:observe("ai.analyze", { limit = 3 }, 200)
      local times = run_calls(self, 4, 3, "ai.analyze")
      assert.equal(3, most_within(times, 60))
      assert.is_table(store.windows["app"])
      assert.is_table(store.windows["app/ai.analyze"])
    end)

    it("counts locally while the store fails, reports the error, and uses the store again", function()
      local store, events = shared_store(runtime), {}
      local self = make { limit = 20, store = store, on_error = function(err) events[#events + 1] = err end }
      store.broken = true
      local times = run_calls(self, 10, 6)
      assert.equal(60, #times)
      assert.equal(20, most_within(times, 60))
      assert.equal("store", events[1].kind)
      assert.is_true(#events <= 10, #events .. " errors reported")
      assert.is_nil(store.windows.app)
      store.broken = false
      runtime:run(runtime.time + 120)
      run_calls(self, 1, 5)
      assert.equal(5, store.windows.app.count)
    end)

    it("counts its calls of before when the store fails", function()
      local store = shared_store(runtime)
      local self, times = make { limit = 20, store = store }, {}
      runtime:spawn(function()
        for i = 1, 40 do
          self:acquire()
          times[#times + 1] = runtime.time
          if i == 15 then store.broken = true end
        end
      end)
      runtime:run()
      assert.equal(20, most_within(times, 60))
    end)

    it("counts locally with a store that has no take", function()
      local self = make { limit = 5, store = { get = function() end } }
      assert.equal(5, most_within(run_calls(self, 3, 5), 60))
    end)

    it("limits the wait that a store returns to one window", function()
      local waits = { -5, 1e9, 0 }
      local store = { take = function() return table.remove(waits, 1) or 0 end }
      run_calls(make { limit = 5, store = store }, 1, 2)
      assert.is_true(runtime.time > 60 and runtime.time < 62)
    end)

    it("waits for the server's window after a 429", function()
      local store = shared_store(runtime)
      local self = make { limit = 5, store = store }
      self:observe(nil, {}, 429, 33)
      local times = run_calls(self, 4, 1)
      assert.is_true(times[1] >= 33 and times[4] < 34)
      assert.is_true(store.asked >= 4)
    end)
  end)

  describe("with invalid options", function()
    for _, case in ipairs {
      { "without a runtime", {}, "runtime" },
      { "with a limit below 1", { runtime = {}, limit = 0 }, "limit" },
      { "with a fraction as limit", { runtime = {}, limit = 1.5 }, "limit" },
      { "with a window of 0", { runtime = {}, window = 0 }, "window" },
      { "with an unknown option", { runtime = {}, limits = 5 }, "limits" },
    } do
      it("raises at the caller's line " .. case[1], function()
        local ok, message = pcall(function() local self = limiter.new(case[2]) return self end)
        assert.is_false(ok)
        assert.matches("limiter_spec.lua", message, 1, true)
        assert.matches(case[3], message, 1, true)
      end)
    end
  end)
end)

describe("budgets of operations #lua", function()
  local function count(self)
    local n = 0
    for _ in pairs(self.operations) do n = n + 1 end
    return n
  end

  it("are at most limits.operation_budgets; the least recently used one is dropped", function()
    local runtime = virtual.new()
    local self = limiter.new { runtime = runtime, limit = 500 }
    local most = require("lofty.core").limits.operation_budgets
    for i = 1, 3 * most do
      self:observe("operation" .. i, { limit = 60 }, 200)
      self:observe("recent", { limit = 60 }, 200)
      runtime.time = runtime.time + 0.01
    end
    assert.equal(most, count(self))
    assert.equal(most, self.count)
    assert.is_table(self.operations.recent)
  end)

  it("are dropped an hour after their last use", function()
    local runtime = virtual.new()
    local self = limiter.new { runtime = runtime, limit = 500 }
    for i = 1, 50 do self:observe("operation" .. i, { limit = 60 }, 200) end
    runtime.time = runtime.time + 3601
    self:observe("another", { limit = 60 }, 200)
    assert.equal(1, count(self))
    assert.equal(1, self.count)
  end)

  it("of a path with ids are shared with its template", function()
    local self = limiter.new { runtime = virtual.new(), limit = 500 }
    for i = 1, 20 do self:observe("GET /v1.0/leads/" .. i .. "/activities", { limit = 60 }, 200) end
    self:observe("GET /v1.0/leads/{leadId}", { limit = 60 }, 200)
    self:observe("GET /v1.0/leads/20", { limit = 60 }, 200)
    assert.equal(3, count(self))
  end)

  it("are dropped when the limit is the application's again", function()
    local self = limiter.new { runtime = virtual.new(), limit = 500 }
    self:observe("ai.analyze", { limit = 60 }, 200)
    self:observe("ai.analyze", { limit = 500 }, 200)
    assert.equal(0, count(self))
    assert.equal(0, self.count)
  end)
end)
