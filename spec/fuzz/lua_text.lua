-- SPDX-License-Identifier: MIT

--- Gives changed texts to what reads a server's or a browser's text in Lua: responses, token responses, callbacks,
-- webhook deliveries, JSON, list pages and cursors, Retry-After and rate limits, dates and times. Each must return a value of its
-- documented form, or nil and an err; none may raise, go on without end, or show a secret.
--
--     lua5.4 spec/fuzz/lua_text.lua 100000 7      texts, seed; after `eval "$(make -s env)"`
--
-- As a module it returns run(count, seed).
-- @module spec.fuzz.lua_text

local authorization = require "lofty.oauth.authorization"
local core = require "lofty.core"
local date = require "lofty.http.date"
local errors = require "lofty.errors"
local fake = require "spec.support.fake_runtime"
local lofty = require "lofty"
local rate_headers = require "lofty.http.rate_headers"
local seeded = require "spec.support.random"
local time = require "lofty.time"
local token_request = require "lofty.oauth.token_request"
local webhook = require "lofty.webhook"

local char, format, rep, sub = string.char, string.format, string.rep, string.sub

local SECRET = "s3cr3t-of-app"
local STATE = "expected-state-of-the-callback"
local NOW = 1767225600 -- 2026-01-01
local HAS_INTEGERS = rawget(math, "type") ~= nil
local MAX_CALLS = 400 -- pages that a list of changed texts may ask for; a walk without end asks for more

local random

local function pick(list) return list[random(#list)] end

-- What a mutation inserts.
local WORDS = {
  "null", "true", "-1", "0", "1e999", "12345678901234567890", '""', "{}", "[]", '"a"', "\0", "\r\n", "\255", "\\u0000",
  "\\ud800", "%00", "%", "&", "=", "code=", "state=", "error=", "=" .. STATE, "999999999999999", ",", ";", ":", " ", "-", "+",
  "Z", "GMT", "inf", "nan", "0x10", SECRET, "\239\187\191", "[[[[[[[[", '{"a":', "access_token", "leads", "total", "hasMore",
}

local MUTATIONS = {
  function(text)
    local at = random(#text)
    return sub(text, 1, at - 1) .. char(random(256) - 1) .. sub(text, at + 1)
  end,
  function(text) return sub(text, 1, random(#text) - 1) end,
  function(text)
    local from = random(#text)
    return sub(text, 1, from - 1) .. sub(text, from + random(8))
  end,
  function(text)
    local at = random(#text)
    return sub(text, 1, at) .. pick(WORDS) .. sub(text, at + 1)
  end,
  function(text)
    local from = random(#text)
    local piece = sub(text, from, from + random(20))
    return sub(text, 1, from) .. rep(piece, pick { 1, 2, 3, 50, 300 }) .. sub(text, from + 1)
  end,
  function(text) -- another value for a member of JSON
    return (text:gsub(":[^,}]*", function() return random(4) == 1 and ":" .. pick(WORDS) or nil end))
  end,
}

local function mutate(seeds)
  local text = pick(seeds)
  for _ = 1, random(4) - 1 do
    if text ~= "" then text = pick(MUTATIONS)(text) end
  end
  return text
end

local PAGES = {
  '{"leads":[{"leadId":1},{"leadId":2}],"_metadata":{"total":4,"scrollId":"abc","hasMore":true}}',
  '{"leads":[{"leadId":3},{"leadId":4}],"_metadata":{"total":4,"offset":2,"limit":2}}', '{"leads":[],"_metadata":{"total":0}}',
  '{"code":20003,"message":"no such lead"}', '[{"leadId":1}]',
}
local RESPONSES = {
  '{"leadId":651095960136641,"firstName":"A","phones":["1"]}', '{"code":"LEAD_NOT_EXIST","message":"no"}', '{"errorCode":200058}',
  '{"status":{"code":20012,"msg":"x"}}', '{"success":false}', '{"errors":[{"field":"a","defaultMessage":"b"}]}', '"ok"', "ok",
  "<html>no</html>", '{"message":"BaseApplicationException:errorCode=20006,errorMsg=gone"}', "null", "false", "",
}
local TOKENS = {
  '{"access_token":"new","refresh_token":"r","expires_in":3600,"token_type":"Bearer","scope":"all"}',
  '{"data":{"access_token":"new","expires_in":"3600"}}', '{"error":"invalid_grant","error_description":"' .. SECRET .. '"}',
  '{"error":"invalid_client"}', '{"code":20001,"message":"no"}', '{"access_token":"new","refresh_expires_at":1,"revoked_at":null}',
}
local CALLBACKS = {
  "https://app.example/cb?code=c1&state=" .. STATE, "?code=c1&state=" .. STATE, "code=c1", "error=access_denied&state=" .. STATE,
  "error=server_error&error_description=a%20b&state=" .. STATE, "code=a&code=b&state=" .. STATE, "https://app.example/cb#x",
}
local DELIVERIES = {
  '{"teamId":1,"listId":2,"newLead":[{"leadId":1,"updateTime":1700000000000}],"updatedLead":[{"leadId":2}]}',
  '{"listId":4,"taskFinished":[{"id":12345678901234567}],"leadId":7}', '[{"listId":1,"newAgent":[{"id":1}]}]', "{}",
}
local JSON = {
  PAGES[1], RESPONSES[1], DELIVERIES[2], '{"a":[1,-0,1.5e3,9007199254740993,18446744073709551616,0.1],"b":{"c":null,"":"\\u00e9\\ud83d\\ude00"}}',
  "[[],{},[{}],true,false]", '"\\/\\b\\f\\n\\r\\t\\u0000"', "1e15", "-9223372036854775808",
}
local CURSORS = { "o:100", "s:100:abc", "s::abc", "c:xyz", "i:5", "p:2:50", "k:leads:x", "a:", "" }
local WAITS = {
  "5", "0", "1.5", "30s", "1m30s", "Fri, 31 Dec 2027 23:59:59 GMT", "Friday, 31-Dec-27 23:59:59 GMT", "1767225660", "1767225660000",
  "100, 100;w=60", '"default";r=50;t=30', '"default";q=100;w=60', "-1", "100,100",
}
local TIMES = {
  "2026-03-01T15:00:00-08:00", "2026-03-01 23:00:00", "Mar 1, 2026", "2026-03-01", "1772406000000", "2026-03-01T15:00:00.123Z",
  "Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994", "0", "",
}
local STATUSES = { 200, 200, 200, 201, 204, 301, 400, 401, 403, 404, 409, 429, 500, 502, 503 }
local RATE_NAMES = {
  "x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset", "ratelimit-limit", "ratelimit-remaining",
  "ratelimit-reset", "ratelimit", "ratelimit-policy", "retry-after", "date", "x-rate-limit-reset",
}

local function check(condition, what) if not condition then error(what, 0) end end

local function check_err(err, may_quote)
  check(errors.is(err), "no err: " .. tostring(err))
  check(type(err.kind) == "string" and type(err.message) == "string", "an err without kind or message")
  check(#err.message <= 1500, "a message of " .. #err.message .. " bytes")
  check(not err.message:find "[%z\1-\31\127]", "a control character in the message: " .. err.message)
  check(may_quote or not (tostring(err) .. tostring(err.code)):find(SECRET, 1, true), "a secret in the err: " .. tostring(err))
end

local function headers()
  local fields = { ["content-type"] = pick { "application/json", "application/json", "text/plain", "text/html", "" } }
  for _ = 1, random(3) - 1 do fields[pick(RATE_NAMES)] = mutate(WAITS) end
  return fields
end

-- A finite number within the range, or nil.
local function check_number(value, least, most, what)
  check(value == nil or type(value) == "number" and value >= least and value <= most, what .. ": " .. tostring(value))
end

local function client(bodies)
  local runtime = fake.new(function(_, number)
    check(number <= MAX_CALLS, "more than " .. MAX_CALLS .. " requests")
    return { status = pick(STATUSES), headers = headers(), body = mutate(bodies), elapsed = 0, reused = false }
  end)
  return lofty.client { api_key = SECRET, runtime = runtime, retry = false }
end

local TARGETS = {
  response = function()
    local value, err = client(RESPONSES):get("/v1.0/leads/{leadId}", { leadId = 1 })
    if value == nil then check_err(err) else check(value ~= false and type(err) == "table", "no value") end
  end,
  -- What was decoded is encoded to a text that stays the same when it is decoded and encoded again.
  json = function()
    local value, err = lofty.json.decode(mutate(JSON), { repair = random(2) == 1 })
    if value == nil then return check_err(err) end
    local text, problem = lofty.json.encode(value)
    if not text then return check_err(problem) end
    local function again(encoded) return (lofty.json.encode((lofty.json.decode(encoded)))) end
    -- Without integers (Lua 5.1, 5.2) the float 1e15 is written as 1000000000000000, and that is read as a string.
    if not HAS_INTEGERS then text = again(text) end
    check(again(text) == text, "another text: " .. text)
    local indented = lofty.json.encode(value, { indent = 2 })
    check(again(HAS_INTEGERS and indented or again(indented)) == text, "another text when indented: " .. text)
  end,
  list = function()
    local crm = client(PAGES)
    local options = random(3) == 1 and { resume = mutate(CURSORS) } or nil
    local items, err = crm.leads:all({}, options)
    if items == nil then
      check_err(err)
      check(err.cursor == nil or #err.cursor <= core.limits.cursor + 64, "a cursor that is too long")
    else
      check(type(items) == "table", "no items")
    end
  end,
  token = function()
    local runtime = fake.new(function()
      return { status = pick(STATUSES), headers = headers(), body = mutate(TOKENS), elapsed = 0, reused = false }
    end)
    local grant = token_request.requester {
      token_url = "https://crm.lofty.com/token", authentication = "basic", client_id = "app", client_secret = SECRET,
      runtime = runtime, user_agent = "x",
    }
    local token, err = grant { grant_type = "refresh_token", refresh_token = "old-" .. SECRET }
    check(#runtime.requests <= 2, "more than two requests")
    if not token then return check_err(err) end
    check(type(token.access_token) == "string" and token:authorization():find "^Bearer [\32-\126]+$", "an access token")
    check(token.refresh_token == nil or type(token.refresh_token) == "string", "a refresh token")
    check_number(token.expires_at, 0, 253402300799, "expires_at")
    check(type(token:state(NOW)) == "string" and tostring(token):find "^lofty.token: ", "the token's methods")
    check(core.json_encode(token), "a token that cannot be stored")
  end,
  callback = function()
    local text = mutate(CALLBACKS)
    local code, err = authorization.callback(text, STATE, true)
    if code then
      check(text:find(STATE, 1, true) or text:find("%", 1, true), "a code without the state")
    else
      check_err(err, true) -- quotes the error that the browser brings, which knows no secret
    end
  end,
  webhook = function()
    local events, err = webhook.parse(mutate(DELIVERIES), { json = pick { "repair" } })
    if not events then return check_err(err) end
    for _, event in ipairs(events) do
      check(type(event.name) == "string" and #webhook.key(event) == 64, "an event without a name or a key")
    end
  end,
  rate = function()
    local budget, wait = rate_headers.read(headers(), NOW, pick(STATUSES))
    check_number(budget.limit, 0, 1e15, "limit")
    check_number(budget.remaining, 0, 1e15, "remaining")
    check_number(budget.reset_at, NOW, NOW + 60, "reset_at")
    check_number(wait, 0, 86400, "retry_after")
  end,
  times = function()
    local text = mutate(TIMES)
    check_number(date.parse(text, NOW), -1e12, 1e12, "HTTP-date")
    local seconds, err = time.parse(text)
    if seconds then check_number(seconds, -1e12, 1e12, "time") else check_err(err, true) end
    local written, problem = time.text(text)
    check(written or type(problem) == "string", "time.text")
    check(#errors.sanitize(text) <= #text * 4 + 100, "sanitize")
  end,
}
local NAMES = {}
for name in pairs(TARGETS) do NAMES[#NAMES + 1] = name end
table.sort(NAMES)

--- Tries texts.
-- @tparam number count
-- @tparam number seed with the same one, the same texts
-- @treturn ?string what failed first, with what repeats it; nil when nothing did
local function run(count, seed)
  random = seeded(seed)
  for number = 1, count do
    local name = pick(NAMES)
    local ok, why = xpcall(TARGETS[name], function(raised)
      return type(raised) == "string" and raised:find(":%d+: ") and debug.traceback(raised) or tostring(raised)
    end)
    if not ok then return format("text %d of seed %d, %s: %s", number, seed, name, why) end
  end
  return nil
end

if ... == "spec.fuzz.lua_text" then return run end

local count, seed = tonumber((...) or 100000), tonumber((select(2, ...)) or 1)
local failed = run(count, seed)
io.stderr:write(failed or format("%d texts of seed %d, none failed", count, seed), "\n")
os.exit(failed and 1 or 0)
