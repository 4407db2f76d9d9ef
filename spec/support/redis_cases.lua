-- SPDX-License-Identifier: MIT

--- What the Redis store does with answers that a real server gives rarely; run over both kinds of connection, in plain
-- Lua and inside nginx.
--
-- A case is { name =, connections = {{reply, ...}, ...}, run = function(url) }; `connections` is for
-- `spec.support.redis`.scripted.
-- @module spec.support.redis_cases

local OK = "+OK\r\n"

local cases = {}
local function case(name, connections, run)
  cases[#cases + 1] = { name = name, connections = connections, run = run }
end

local function equal(expected, value, err)
  if value == expected then return end
  error(("expected %s, got %s (%s)"):format(tostring(expected), tostring(value), tostring(err)), 2)
end

local function has(err, words)
  if type(err) ~= "table" or not err.message:find(words, 1, true) then
    error(("expected an err with %q, got %s"):format(words, tostring(err)), 2)
  end
end

local function store_at(url, timeout)
  return require "lofty.store.redis" { url = url, timeout = timeout or 30 }
end

case("bounds a reply that trickles by its timeout, and does not use that connection again", {
  { "~$300\r\n" .. ("x"):rep(300) .. "\r\n" }, { "$3\r\nnew\r\n" },
}, function(url)
  local store = store_at(url, 0.2)
  local value, err = store:get("k")
  equal(nil, value)
  has(err, "no complete reply within 0.2 s")
  equal(true, err.retryable)
  store.connections.timeout = 30 -- a busy machine may need more than 0.2 s
  equal("new", store:get("k"))
end)

case("reads a reply that comes in pieces", {
  { "~*2\r\n$1\r\n0\r\n*2\r\n$13\r\nlofty:token:a\r\n$13\r\nlofty:token:b\r\n" },
}, function(url)
  local store = store_at(url, 30)
  store.prefix = "lofty:"
  local connection = assert(store.connections:connect())
  local reply = connection:command { "SCAN", "0" }
  equal("0", reply[1])
  equal("lofty:token:a lofty:token:b", table.concat(reply[2], " "))
end)

for _, refusal in ipairs {
  "READONLY You can't write against a read only replica.", "NOAUTH Authentication required.",
  "MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.",
  "LOADING Redis is loading the dataset in memory", "ERR max number of clients reached",
} do
  local word = refusal:match("^ERR (.*)$") or refusal:match("^%u+")
  case("tries once more, on a new connection, when a kept one answers: " .. word, {
    { OK, "-" .. refusal .. "\r\n" }, { OK, OK },
  }, function(url)
    local store = store_at(url)
    for _ = 1, 3 do equal(true, store:put("k", "v")) end
  end)

  case("keeps no new connection that answers: " .. word, {
    { "-" .. refusal .. "\r\n" }, { OK },
  }, function(url)
    local store = store_at(url)
    local ok, err = store:put("k", "v")
    equal(nil, ok)
    has(err, refusal)
    equal(word ~= "NOAUTH" or nil, err.retryable)
    equal(true, store:put("k", "v"))
  end)
end

case("says that another try may help when too few replicas are there", {
  { "-NOREPLICAS Not enough good replicas to write.\r\n", OK },
}, function(url)
  local store = store_at(url)
  local ok, err = store:put("k", "v")
  equal(nil, ok)
  equal(true, err.retryable)
  equal(true, store:put("k", "v")) -- on the same connection
end)

for _, refusal in ipairs {
  "CROSSSLOT Keys in request don't hash to the same slot", "MOVED 3999 127.0.0.1:6381",
} do
  case("lists no keys of a node of a cluster: " .. refusal:match("^%u+"), {
    { "-" .. refusal .. "\r\n" },
  }, function(url)
    local keys, err = store_at(url):keys()
    equal(nil, keys)
    has(err, "a cluster is not supported")
  end)
end

case("refuses an answer of another protocol", {
  { "HTTP/1.1 400 Bad Request\r\n\r\n" }, { "HTTP/1.1 400 Bad Request\r\n\r\n" },
}, function(url)
  local value, err = store_at(url):get("k")
  equal(nil, value)
  equal("store", err.kind)
end)

case("ends with an err when the server closes in the middle of a reply", {
  { "$10\r\nabc" }, { "$10\r\nabc" },
}, function(url)
  local value, err = store_at(url):get("k")
  equal(nil, value)
  equal(true, err.retryable)
end)

-- Cases for nginx, which keeps connections by the name of their pool: { name =, run = function(port, password) }, with
-- a real server and its password, percent-encoded.
cases.nginx = {
  { name = "gives no connection of one login to another", run = function(port, password)
    local function store(login) return store_at("redis://" .. login .. "127.0.0.1:" .. port) end
    for _ = 1, 2 do
      equal(true, store(":" .. password .. "@"):put("k", "v"))
      has(select(2, store(":wrong@"):get("k")), "WRONGPASS")
      has(select(2, store(""):get("k")), "NOAUTH")
    end
  end },
  { name = "finds a server on localhost without a resolver", run = function(port, password)
    equal(true, store_at("redis://:" .. password .. "@localhost:" .. port):put("k", "v"))
  end },
  { name = "refuses options that only plain Lua can use", run = function()
    for _, name in ipairs { "ca", "certificate" } do
      local ok, why = pcall(require "lofty.store.redis", { url = "rediss://127.0.0.1", [name] = "file.pem" })
      equal(false, ok)
      if not why:find("in nginx", 1, true) then error(why) end
    end
  end },
}

--- For spec.support.in_nginx: the argument is a server's port, its password, and one url for each case.
cases.run = function(report, argument)
  local port, password, urls = argument:match("^(%S+) (%S+) (.*)$")
  for index, one in ipairs(cases.nginx) do
    local ok, why = pcall(one.run, port, password)
    report("login", index, ok and "ok" or why)
  end
  local index = 0
  for url in urls:gmatch("%S+") do
    index = index + 1
    local ok, why = pcall(cases[index].run, url)
    report("redis", index, ok and "ok" or why)
  end
end

return cases
