local errors = require "lofty.errors"
local limiter = require "lofty.pacing.limiter"
local virtual = require "spec.support.virtual"

-- The most events that any span of time holds; `times` in order.
local function densest(times, span)
  local most, first = 0, 1
  for last = 1, #times do
    while times[last] - times[first] >= span do first = first + 1 end
    if last - first + 1 > most then most = last - first + 1 end
  end
  return most
end

-- A store's budget as design.md has it: a window begins with the first call that it counts.
local function shared_store(runtime)
  local store = { asked = 0, windows = {} }
  function store:take(key, limit, window)
    self.asked = self.asked + 1
    if self.broken then return nil, errors.new { kind = "store", message = "gone" } end
    local now, held = runtime:monotonic(), self.windows[key]
    if not held or now >= held.ends then
      held = { ends = now + window, count = 0 }
      self.windows[key] = held
    end
    if held.count >= limit then return held.ends - now end
    held.count = held.count + 1
    return 0
  end
  return store
end

-- The same in a sliding window: a refusal names the moment at which the oldest call has left it.
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

-- A server that counts in windows of its own, which begin with the first call that reaches it.
local function server(runtime, limit)
  local self = { refused = 0, served = 0, ends = -1, count = 0 }
  function self.call()
    local now = runtime:monotonic()
    if now >= self.ends then self.ends, self.count = now + 60, 0 end
    self.count = self.count + 1
    local answer = { limit = limit, remaining = math.max(0, limit - self.count) }
    answer.reset_at = runtime:now() + self.ends - now
    if self.count > limit then
      self.refused = self.refused + 1
      return 429, answer
    end
    self.served = self.served + 1
    return 200, answer
  end
  return self
end

describe("a limiter", function()
  local runtime
  before_each(function() runtime = virtual.new() end)

  local function make(opt)
    opt = opt or {}
    opt.runtime, opt.key = runtime, "app"
    return limiter.new(opt)
  end

  -- So many coroutines that each ask so often; when each of them went, in order.
  local function many(self, workers, calls, operation, latency)
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

  describe("that counts alone", function()
    it("never lets more through than the budget in any span, and uses nearly all of it", function()
      local times = many(make { limit = 300 }, 30, 100)
      assert.equal(3000, #times)
      assert.equal(300, densest(times, 60))
      -- 3,000 calls need nine further windows after the first 300.
      assert.is_true(times[#times] - times[1] <= 9 * 60 / 0.95)
    end)

    it("holds a thin stream back no more than a thick one", function()
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

    it("does not let two bursts meet at a window's edge", function()
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
      assert.equal(100, densest(times, 60))
    end)

    it("lets callers go in the order in which they came, each after one wait", function()
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

    it("tells how long it made a caller wait", function()
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

    it("tells on_wait before a wait, and only then", function()
      local told = {}
      local self = make { limit = 1, on_wait = function(event) told[#told + 1] = event end }
      many(self, 1, 3, "leads.list")
      assert.equal(2, #told)
      assert.equal("leads.list", told[1].operation)
      assert.equal("budget", told[1].reason)
      assert.is_true(told[1].seconds > 59 and told[1].seconds < 61)
    end)

    it("tells on_wait once for all calls that wait for about the same moment", function()
      local told = {}
      local self = make { limit = 100, on_wait = function(event) told[#told + 1] = event end }
      local times = many(self, 25, 10, "leads.list")
      assert.equal(250, #times)
      assert.is_true(#told >= 2 and #told <= 4, #told .. " events")
    end)

    it("gives up at once when its turn comes after the caller's deadline", function()
      local self = make { limit = 1 }
      assert.equal(0, self:acquire())
      local waited, missing = self:acquire(nil, { ends_at = runtime:monotonic() + 5 })
      assert.is_nil(waited)
      assert.is_true(missing > 59 and missing < 61)
      assert.equal(0, runtime:monotonic())
      -- It took no place: the next call waits one window, not two.
      local next_waited
      runtime:spawn(function() next_waited = self:acquire() end)
      runtime:run()
      assert.is_true(next_waited < 61)
    end)

    it("gives up when the server closes the window while it waits", function()
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

    it("gives up in a shared budget, too", function()
      local self = make { limit = 1, store = shared_store(runtime) }
      assert.equal(0, self:acquire())
      assert.is_nil((self:acquire(nil, { ends_at = runtime:monotonic() + 5 })))
      assert.is_nil((self:acquire(nil, { ends_at = runtime:monotonic() + 5 })))
      assert.equal(0, runtime:monotonic())
    end)

    it("counts the time during which calls wait once, however many wait", function()
      local self, counts = make { limit = 2 }, { waited = 0 }
      local opt = { counts = counts }
      for _ = 1, 6 do runtime:spawn(function() self:acquire(nil, opt) end) end
      runtime:run()
      assert.is_true(math.abs(counts.waited - runtime:monotonic()) < 0.01, counts.waited .. " s")
    end)

    it("holds nobody up where its runtime cannot wait", function()
      local still = {}
      function still.sleep() return nil, errors.new { kind = "invalid", message = "not in this phase" } end
      function still.monotonic() return 0 end
      for _, store in ipairs { false, { take = function() return 60 end } } do
        local self = limiter.new { runtime = still, limit = 1, store = store or nil }
        for _ = 1, 3 do assert.equal(0, (self:acquire())) end
      end
    end)

    it("is not stopped by a caller that never comes back", function()
      local self, went = make { limit = 1 }, {}
      runtime:spawn(function() self:acquire() end)
      local gone = runtime:spawn(function() self:acquire(); went[#went + 1] = "gone" end)
      runtime:spawn(function() self:acquire(); went[#went + 1] = "last" end)
      runtime:kill(gone)
      runtime:run()
      assert.same({ "last" }, went)
    end)

    it("keeps no more than it needs", function()
      for limit, pause in pairs { [10] = false, [1000000] = 10 } do
        local self = make { limit = limit }
        many(self, 5, 1000, nil, pause)
        local count = 0
        for _ in pairs(self.app.window.moments) do count = count + 1 end
        assert.is_true(count <= 550, count .. " of 5000 places kept")
      end
    end)
  end)

  -- An operation's own budget was overrun by callers who had a place in it and then waited for the application's:
  -- they went later than their place said, and the next ones did not know.
  it("keeps both budgets, whatever callers do", function()
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
      assert.is_true(densest(all, 60) <= limit, "math.randomseed(" .. seed .. ")")
      assert.is_true(densest(some, 60) <= own, "math.randomseed(" .. seed .. ")")
    end
  end)

  describe("that learns", function()
    it("paces nothing until an answer names a limit", function()
      local self = make()
      many(self, 10, 100)
      assert.is_true(runtime.time < 3)
    end)

    it("takes the limit of the answers, with what went before the first of them", function()
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
      assert.equal(20, densest(times, 60))
    end)

    it("takes the largest limit for the application's, a smaller one for its operation's", function()
      local self = make()
      self:observe("ai.analyze", { limit = 20 }, 200)
      self:observe("leads.list", { limit = 100 }, 200)
      self:observe("ai.analyze", { limit = 20 }, 200)
      assert.equal(100, densest(many(self, 10, 30, "leads.list"), 60))
      assert.equal(20, densest(many(self, 10, 5, "ai.analyze"), 60))
    end)

    it("never raises a limit that it was told, and lowers it for the operation that says so", function()
      local self = make { limit = 50 }
      self:observe("leads.list", { limit = 500 }, 200)
      assert.equal(50, densest(many(self, 10, 20, "leads.list"), 60))
      self:observe("ai.analyze", { limit = 10 }, 200)
      assert.equal(10, densest(many(self, 10, 5, "ai.analyze"), 60))
      assert.equal(50, densest(many(self, 10, 20, "leads.list"), 60))
    end)

    it("makes nobody wait for an operation's budget who calls another", function()
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
      assert.equal(2, densest(slow, 60))
    end)

    it("forgets an operation's budget when the server no longer names one", function()
      local self = make { limit = 100 }
      self:observe("ai.analyze", { limit = 1 }, 200)
      self:observe("ai.analyze", { limit = 100 }, 200)
      many(self, 1, 50, "ai.analyze")
      assert.is_true(runtime.time < 2)
    end)

    for _, nonsense in ipairs { 0, -1 } do
      it("takes no limit of " .. nonsense .. " for one", function()
        local self = make { limit = 10 }
        self:observe("leads.list", { limit = nonsense }, 200)
        many(self, 1, 10, "leads.list")
        assert.is_true(runtime.time < 1)
      end)
    end

    it("waits for the reset when nothing remains, before anybody is refused", function()
      local self = make { limit = 100 }
      self:observe("leads.list", { limit = 100, remaining = 0, reset_at = runtime:now() + 30 }, 200)
      many(self, 3, 1)
      assert.is_true(runtime.time >= 30 and runtime.time < 31)
    end)

    it("does not wait for a reset that is over", function()
      local self = make { limit = 100 }
      self:observe("leads.list", { limit = 100, remaining = 0, reset_at = runtime:now() - 3600 }, 200)
      many(self, 1, 1)
      assert.is_true(runtime.time < 1)
    end)
  end)

  describe("after a 429", function()
    it("makes all callers wait for the window, once", function()
      local told = {}
      local self = make { on_wait = function(event) told[#told + 1] = event end }
      self:observe("leads.list", { limit = 100, remaining = 0, reset_at = runtime:now() + 20 }, 429)
      local times = many(self, 10, 1, "notes.create")
      for i = 1, 10 do assert.equal(20, times[i]) end
      assert.equal(1, #told)
      assert.equal("429", told[1].reason)
      assert.equal(20, told[1].seconds)
      assert.is_true(math.abs(told[1].ends_at - runtime:now()) < 0.1)
    end)

    it("makes those wait longer who wait already", function()
      local self, times = make { limit = 2 }, {}
      for _ = 1, 6 do
        runtime:spawn(function() self:acquire(); times[#times + 1] = runtime.time end)
      end
      runtime:run(50)
      self:observe(nil, {}, 429)
      runtime:run()
      assert.equal(6, #times)
      assert.is_true(times[3] >= 110)
      assert.equal(2, densest(times, 60))
    end)

    it("believes Retry-After first, and nothing that is longer than a window", function()
      local self = make()
      self:observe(nil, { reset_at = runtime:now() + 50 }, 429, 5)
      many(self, 1, 1)
      assert.is_true(runtime.time >= 5 and runtime.time < 6)
      self:observe(nil, {}, 429, 86400)
      local began = runtime.time
      many(self, 1, 1)
      assert.is_true(runtime.time - began >= 60 and runtime.time - began < 61)
    end)

    it("waits a whole window when nothing tells how long, and a second when the reset is over", function()
      local self = make()
      self:observe(nil, {}, 429)
      many(self, 1, 1)
      assert.is_true(runtime.time >= 60 and runtime.time < 61)
      local began = runtime.time
      self:observe(nil, { reset_at = runtime:now() - 5 }, 429)
      many(self, 1, 1)
      assert.is_true(runtime.time - began >= 1 and runtime.time - began < 1.5)
    end)

    it("stops only the operation that has a smaller budget", function()
      local self = make { limit = 100 }
      self:observe("ai.analyze", { limit = 20, remaining = 0, reset_at = runtime:now() + 40 }, 429)
      assert.is_true(many(self, 1, 1, "leads.list")[1] < 1)
      assert.is_true(many(self, 1, 1, "ai.analyze")[1] >= 40)
    end)

    it("is not fooled by a clock that jumps", function()
      local self = make()
      self:observe(nil, { reset_at = runtime:now() + 10 }, 429)
      runtime.epoch = runtime.epoch + 3600
      many(self, 1, 1)
      assert.is_true(runtime.time >= 10 and runtime.time < 11)
    end)
  end)

  describe("that shares its budget through a store", function()
    for kind, new_store in pairs { fixed = shared_store, sliding = sliding_store } do
      it("spends it together with others, in a " .. kind .. " window: nobody is refused, nearly all is used", function()
        local store, remote = new_store(runtime), server(runtime, 300)
        for process = 1, 5 do
          local self = make { limit = 300, store = store }
          for _ = 1, 16 do
            runtime:spawn(function()
              while runtime.time < 600 do
                self:acquire("leads.get")
                runtime:sleep(0.003 * process) -- on its way
                local status, answer = remote.call()
                self:observe("leads.get", answer, status)
                runtime:sleep(0.05)
              end
            end)
          end
        end
        runtime:run(600)
        assert.equal(0, remote.refused)
        assert.is_true(remote.served >= 0.95 * 300 * 10, remote.served .. " served")
        assert.is_true(store.asked < 3 * remote.served, store.asked .. " questions")
      end)
    end

    it("asks once for all who wait, and lets them go in the order in which they came", function()
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
      -- Of each window one question too many tells all the others to wait.
      assert.is_true(store.asked <= 40 + 4, store.asked .. " questions")
    end)

    it("gives an operation with a smaller limit a budget of its own there", function()
      local store = shared_store(runtime)
      local self = make { limit = 100, store = store }
      self:observe("ai.analyze", { limit = 3 }, 200)
      local times = many(self, 4, 3, "ai.analyze")
      assert.equal(3, densest(times, 60))
      assert.is_table(store.windows["app"])
      assert.is_table(store.windows["app/ai.analyze"])
    end)

    it("counts alone while the store fails, tells it, and comes back", function()
      local store, told = shared_store(runtime), {}
      local self = make { limit = 20, store = store, on_error = function(err) told[#told + 1] = err end }
      store.broken = true
      local times = many(self, 10, 6)
      assert.equal(60, #times)
      assert.equal(20, densest(times, 60))
      assert.equal("store", told[1].kind)
      assert.is_true(#told <= 10, #told .. " errors told")
      assert.is_nil(store.windows.app)
      store.broken = false
      runtime:run(runtime.time + 120)
      many(self, 1, 5)
      assert.equal(5, store.windows.app.count)
    end)

    it("knows what it spent there when the store goes away", function()
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
      assert.equal(20, densest(times, 60))
    end)

    it("counts alone with a store that shares no budget", function()
      local self = make { limit = 5, store = { get = function() end } }
      assert.equal(5, densest(many(self, 3, 5), 60))
    end)

    it("bears a store that says odd times", function()
      local answers = { -5, 1e9, 0 }
      local store = { take = function() return table.remove(answers, 1) or 0 end }
      many(make { limit = 5, store = store }, 1, 2)
      assert.is_true(runtime.time > 60 and runtime.time < 62)
    end)

    it("waits for the window as the server sees it after a 429", function()
      local store = shared_store(runtime)
      local self = make { limit = 5, store = store }
      self:observe(nil, {}, 429, 33)
      local times = many(self, 4, 1)
      assert.is_true(times[1] >= 33 and times[4] < 34)
      assert.is_true(store.asked >= 4)
    end)
  end)

  describe("made wrongly", function()
    for _, case in ipairs {
      { "without a runtime", {}, "runtime" },
      { "with a limit below 1", { runtime = {}, limit = 0 }, "limit" },
      { "with a limit that is no whole number", { runtime = {}, limit = 1.5 }, "limit" },
      { "with a window of nothing", { runtime = {}, window = 0 }, "window" },
      { "with an option that nobody knows", { runtime = {}, limits = 5 }, "limits" },
    } do
      it("raises on the caller's line: " .. case[1], function()
        local ok, message = pcall(function() local self = limiter.new(case[2]) return self end)
        assert.is_false(ok)
        assert.matches("limiter_spec.lua", message, 1, true)
        assert.matches(case[3], message, 1, true)
      end)
    end
  end)
end)

describe("the budgets of operations", function()
  local function count(self)
    local n = 0
    for _ in pairs(self.operations) do n = n + 1 end
    return n
  end

  it("are as many as limits.operation_budgets at most, the least recently used one going first", function()
    local runtime = virtual.new()
    local self = limiter.new { runtime = runtime, limit = 500 }
    local most = require("lofty.core").limits.operation_budgets
    for i = 1, 3 * most do
      self:observe("operation" .. i, { limit = 60 }, 200)
      self:observe("kept", { limit = 60 }, 200)
      runtime.time = runtime.time + 0.01
    end
    assert.equal(most, count(self))
    assert.equal(most, self.count)
    assert.is_table(self.operations.kept)
  end)

  it("are forgotten an hour after their last use", function()
    local runtime = virtual.new()
    local self = limiter.new { runtime = runtime, limit = 500 }
    for i = 1, 50 do self:observe("operation" .. i, { limit = 60 }, 200) end
    runtime.time = runtime.time + 3601
    self:observe("another", { limit = 60 }, 200)
    assert.equal(1, count(self))
    assert.equal(1, self.count)
  end)

  it("of a path that is written out with its ids is the one of its template", function()
    local self = limiter.new { runtime = virtual.new(), limit = 500 }
    for i = 1, 20 do self:observe("GET /v1.0/leads/" .. i .. "/activities", { limit = 60 }, 200) end
    self:observe("GET /v1.0/leads/{leadId}", { limit = 60 }, 200)
    self:observe("GET /v1.0/leads/20", { limit = 60 }, 200)
    assert.equal(3, count(self))
  end)

  it("of one operation is removed when its limit is the application's again", function()
    local self = limiter.new { runtime = virtual.new(), limit = 500 }
    self:observe("ai.analyze", { limit = 60 }, 200)
    self:observe("ai.analyze", { limit = 500 }, 200)
    assert.equal(0, count(self))
    assert.equal(0, self.count)
  end)
end)
