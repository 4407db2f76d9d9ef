--- A runtime without a network: a clock that specs own, and a function that answers requests.
local fake = {}

local Runtime = {}
Runtime.__index = Runtime

function Runtime:request(request)
  self.requests[#self.requests + 1] = request
  local res, err = self.answer(request, #self.requests)
  return res, err
end

-- Inside `together` a sleep lets the others run; elsewhere time simply passes.
function Runtime:sleep(seconds)
  if self.running then coroutine.yield(seconds) else self.time = self.time + seconds end
end

function Runtime:now() return self.time + self.skew end
function Runtime:monotonic() return self.time end
function Runtime.detach(_, _, fn, ...) return fn(...) end
function Runtime.holding() end
function Runtime.close() end

--- Runs functions as if at the same moment: each `sleep` yields, and wakes in the order of time.
function Runtime:together(functions)
  local waiting = {}
  for i, fn in ipairs(functions) do
    waiting[i] = { at = self.time, order = i, thread = coroutine.create(fn) }
  end
  local order = #waiting
  self.running = true
  while #waiting > 0 do
    table.sort(waiting, function(a, b) return a.at < b.at or a.at == b.at and a.order < b.order end)
    local first = table.remove(waiting, 1)
    if first.at > self.time then self.time = first.at end
    local ok, seconds = coroutine.resume(first.thread)
    if not ok then
      self.running = false
      error(seconds, 0)
    end
    if coroutine.status(first.thread) ~= "dead" then
      order = order + 1
      waiting[#waiting + 1] = { at = self.time + seconds, order = order, thread = first.thread }
    end
  end
  self.running = false
end

--- @tparam function answer (request, number) -> res | nil, err
function fake.new(answer)
  return setmetatable({ time = 1000000, skew = 0, requests = {}, answer = answer }, Runtime)
end

--- An answer in JSON.
function fake.json(status, body, headers)
  local all = { ["content-type"] = "application/json" }
  for name, value in pairs(headers or {}) do all[name] = value end
  return { status = status, headers = all, body = body, reused = false, elapsed = 0 }
end

return fake
