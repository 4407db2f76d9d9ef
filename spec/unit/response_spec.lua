-- SPDX-License-Identifier: MIT

local response = require "lofty.http.response"
local core = require "lofty.core"
local token = require "lofty.token"

local held = assert(token.fixed("secret-token", "token"))

local function read(status, body, content_type, call)
  call = call or { operation = "leads.get", path = "/v1.0/leads/{leadId}", class = "read" }
  local headers = { ["content-type"] = content_type ~= false and (content_type or "application/json") or nil }
  return response.read({ status = status, headers = headers, body = body }, call, held)
end

describe("a successful response", function()
  it("is the decoded value", function() assert.same({ a = 1 }, (read(200, '{"a":1}'))) end)
  it("is true when it is empty", function() assert.is_true((read(200, ""))) end)
  it("is lofty.null for null", function() assert.equal(core.null, (read(200, "null"))) end)
  it("is 0 for 0, which is not a failure", function() assert.equal(0, (read(200, "0"))) end)
  it("is text when its Content-Type is not JSON", function()
    assert.equal("<a/>", (read(200, "<a/>", "application/xml")))
    assert.equal("done", (read(200, "done", "text/plain;charset=UTF-8")))
  end)
  for _, label in ipairs {
    "text/html;charset=UTF-8", "application/octet-stream", "text/javascript", "text/plain", "binary/octet-stream",
    "application/json, text/plain", "APPLICATION/JSON", "TEXT/HTML",
  } do
    it("is decoded when it is an object or an array with the Content-Type " .. label, function()
      assert.same({ id = 5 }, (read(200, '{"id":5}', label)))
      assert.same({ 1 }, (read(200, " [1]", label)))
      assert.same({ id = 5 }, (read(200, '\239\187\191{"id":5}', label)))
    end)
  end
  it("is text when its Content-Type is not JSON and it is not an object or array", function()
    assert.equal("123", (read(200, "123", "application/octet-stream")))
    assert.equal("{ not JSON", (read(200, "{ not JSON", "application/octet-stream")))
  end)
  it("is decoded after a byte order mark", function() assert.same({ 1 }, (read(200, "\239\187\191[1]"))) end)
  for _, body in ipairs {
    '{"code":200,"message":"OK","data":{"id":1}}', '{"code":"200","message":"success","data":{"id":1}}',
    '{"code":0,"message":"success"}', '{"code":1,"message":"success","data":{"id":1}}',
    '{"code":"SUCCESS","message":"ok","data":{"id":1}}', '{"code":"ok","msg":"ok"}', '{"errorCode":0,"errorMsg":"","id":1}',
    '{"errorCode":200,"id":1}', '{"errorCode":null,"message":null,"id":1}', '{"status":{"code":200,"msg":"OK"},"data":{"id":1}}',
    '{"status":{"code":201,"msg":"Created"},"data":{"id":1}}', '{"status":{"code":0,"msg":""},"data":{"id":1}}',
    '{"status":200,"message":"ok","data":{"id":1}}', '{"success":true,"message":"x"}', '{"success":false,"id":1}',
    -- Records that have members of these names.
    '{"id":1,"message":"Hi, call me back","code":30007,"direction":"outbound"}', '{"id":1,"content":"sms","errorCode":30003}',
    '{"id":1,"promoCode":5,"code":"10001","message":"address line"}', '{"code":"PROMO","name":"x","message":"y"}',
    '{"code":5}', '[{"code":20006,"message":"x"}]',
  } do
    it("is " .. body, function()
      local value, err = read(200, body)
      assert.is_nil(err)
      assert.is_table(value)
    end)
  end

  it("is decoded when it is JSON without a Content-Type", function() assert.same({ 1 }, (read(200, "[1]", false))) end)
  it("is a bare word, with or without quotes", function()
    assert.equal("success", (read(200, '"success"')))
    assert.equal("success", (read(200, "success")))
    assert.equal("ok", (read(200, "ok", "text/plain")))
  end)
  it("is the value inside an envelope", function()
    local call = { operation = "leads.get", path = "/", class = "read", unwrap = "lead" }
    assert.same({ leadId = 5 }, (read(200, '{"lead":{"leadId":5}}', nil, call)))
    assert.same({ leadId = 5 }, (read(200, '{"leadId":5}', nil, call)))
    assert.same({ lead = core.null }, (read(200, '{"lead":null}', nil, call)))
    -- A first value that is false would be no success.
    assert.same({ lead = false }, (read(200, '{"lead":false}', nil, call)))
  end)
  it("may hold a status that is a number or a word", function()
    assert.equal(1, (read(200, '{"status":1,"id":2}')).status)
    assert.equal("ACTIVE", (read(200, '{"status":"ACTIVE"}')).status)
  end)
  it("may hold a code of 0", function()
    assert.equal(0, (read(200, '{"code":0,"message":"success","data":{}}')).code)
    assert.equal(5, (read(200, '{"status":{"code":0,"msg":"ok"},"data":5}')).data)
  end)
end)

describe("a failed response", function()
  for _, case in ipairs {
    { 401, "", "auth" },
    { 400, '{"code":200058,"message":"User in token does not exist."}', "auth", 200058, "User in token does not exist." },
    { 403, '"No access"', "forbidden", nil, "No access" },
    { 400, '{"code":20017,"message":"PERMISSION_DENIED"}', "forbidden", 20017 },
    { 403, '{"code":200100,"message":"x"}', "forbidden", 200100 },
    { 404, '{"message":"BaseApplicationException:errorCode=20006,errorMsg=LEAD_NOT_EXIST"}', "not_found", 20006, "LEAD_NOT_EXIST" },
    { 500, '{"message":"BaseApplicationException:errorCode=20006,errorMsg=gone"}', "server", 20006, "gone" },
    { 400, '{"message":"x errorCode=20042"}', "invalid", 20042 },
    { 429, '{"message":"Too Many Requests"}', "rate_limit", nil, "Too Many Requests" },
    { 400, '"LIMIT_NOT_VALID"', "invalid", nil, "LIMIT_NOT_VALID" },
    { 415, "plain words", "invalid", nil, "plain words" },
    { 400, "", "invalid", nil, "no reason" },
    { 502, "<html><body>Bad Gateway</body></html>", "server", nil, "HTML" },
    { 302, "", "server", nil, "redirect" },
    { 400, '{"errorCode":"20012","errorMsg":"bad"}', "invalid", 20012, "bad" },
    { 400, '{"status":{"code":7,"msg":"deep"}}', "invalid", 7, "deep" },
    { 500, '{"timestamp":1,"status":500,"error":"Internal Server Error","path":"/x"}', "server", nil, "Internal Server Error" },
    { 200, '{"errorCode":20003,"errorMsg":"USER_NOT_EXIST","data":null}', "not_found", 20003, "USER_NOT_EXIST" },
    { 200, '{"status":{"code":20012,"msg":"bad"},"data":null}', "invalid", 20012, "bad" },
    { 200, '{"code":310111,"message":"SEAT_INSUFFICIENT","data":null}', "invalid", 310111, "SEAT_INSUFFICIENT" },
    { 200, '{"errorCode":"20003","errorMsg":"USER_NOT_EXIST"}', "not_found", 20003 },
    { 200, '{"code":"LEAD_NOT_EXIST","message":"The lead was not found"}', "not_found", "LEAD_NOT_EXIST", "The lead was not found" },
    { 200, '{"code":"LEAD_NOT_EXIST","message":"gone","leadId":5}', "not_found", "LEAD_NOT_EXIST", "gone" },
    { 200, '{"code":"PERMISSION_DENIED","message":"no","data":null}', "forbidden", "PERMISSION_DENIED", "no" },
    { 200, '{"errorCode":"INVALID_PARAMETER","errorMsg":"bad"}', "invalid", "INVALID_PARAMETER", "bad" },
    { 200, '{"status":{"code":"LEAD_NOT_EXIST","msg":"x"},"data":null}', "not_found", "LEAD_NOT_EXIST", "x" },
    { 200, '{"status":{"code":7,"msg":"x"},"id":5}', "invalid", 7, "x" },
    { 200, '{"errorCode":7,"errorMsg":"x","id":5}', "invalid", 7, "x" },
    { 200, '{"code":20006,"message":"gone","leadId":5}', "not_found", 20006, "gone" },
    { 200, '{"code":7,"msg":"bad"}', "invalid", 7, "bad" },
    { 200, '{"code":1,"message":"failed"}', "invalid", 1, "failed" },
    { 200, '{"success":false,"message":"quota exceeded"}', "invalid", nil, "quota exceeded" },
    { 200, '{"success":false,"error":{"message":"quota exceeded"}}', "invalid", nil, "quota exceeded" },
    { 400, '{"msg":"leadId is wrong"}', "invalid", nil, "leadId is wrong" },
    { 400, '{"code":4001,"msg":"leadId is wrong"}', "invalid", 4001, "leadId is wrong" },
    { 400, '{"error":{"code":4001,"message":"leadId is wrong"}}', "invalid", 4001, "leadId is wrong" },
    { 400, '{"errors":[{"field":"leadId","defaultMessage":"is wrong"},"and so is stage"]}', "invalid", nil,
      "leadId: is wrong; and so is stage" },
    { 400, '{"detail":"leadId is wrong"}', "invalid", nil, "leadId is wrong" },
    { 400, '{"title":"Bad Request","status":400,"detail":"leadId is wrong"}', "invalid", nil, "leadId is wrong" },
    { 400, '{"timestamp":1,"status":400,"error":"Bad Request","message":"leadId is wrong"}', "invalid", nil, "leadId is wrong" },
    { 400, '["leadId is wrong"]', "invalid", nil, "leadId is wrong" },
    { 400, '{"message":["leadId is wrong","and so is stage"]}', "invalid", nil, "leadId is wrong; and so is stage" },
    { 400, '{"message":{"fr":"faux","en":"leadId is wrong"}}', "invalid", nil, "leadId is wrong" },
    { 403, '{"Message":"User is not authorized"}', "forbidden", nil, "User is not authorized" },
    { 400, '{"errors":[{},{}]}', "invalid", nil, "no reason" },
    { 400, '{"message":""}', "invalid", nil, "no reason" },
    { 400, ('{"error":'):rep(100) .. '"x"' .. ("}"):rep(100), "invalid", nil, "no reason" },
    { 200, "false", "invalid" },
    { 200, '{"a":', "decode", nil, "not JSON" },
    { 200, "<html><title>Sign in</title></html>", "decode", nil, "HTML" },
  } do
    it(case[1] .. " " .. case[2]:sub(1, 60) .. " is of kind " .. case[3], function()
      local value, err = read(case[1], case[2], case[2]:find("^<html") and "text/html" or nil)
      assert.is_nil(value)
      assert.equal(case[3], err.kind)
      assert.equal(case[1], err.status)
      assert.equal(case[4], err.code)
      if case[5] then assert.truthy(err.message:find(case[5], 1, true), err.message) end
      assert.equal("leads.get", err.operation)
      assert.is_nil(tostring(err):find("\n"))
    end)
  end

  it("of a write with an invalid body or a 5xx has an unknown outcome, and names the call that finds it out", function()
    local call = { operation = "notes.create", path = "/v1.0/notes", class = "create" }
    for _, case in ipairs { { 200, "{" }, { 500, "" }, { 502, "<html>" } } do
      local _, err = read(case[1], case[2], nil, call)
      assert.is_true(err.outcome_unknown)
      assert.truthy(err.message:find("GET /v1.0/notes", 1, true))
    end
    local _, err = read(400, "{}", nil, call)
    assert.is_nil(err.outcome_unknown)
  end)

  it("says what to do even after a long message of the server's", function()
    local call = { operation = "notes.create", path = "/v1.0/notes", class = "create" }
    local _, err = read(500, ("x"):rep(1000), "text/plain", call)
    assert.truthy(tostring(err):find("GET /v1.0/notes before sending it again", 1, true), tostring(err))
    _, err = read(401, ("x"):rep(1000), "text/plain", call)
    assert.truthy(tostring(err):find("check the credential", 1, true), tostring(err))
  end)

  it("quotes little of a long body, at no more cost than a short one", function()
    local body = ("\1a"):rep(4000000)
    local _, err = read(500, body, "text/plain")
    assert.is_true(#err.message < 510)
    _, err = read(400, '{"code":"' .. ("X"):rep(100000) .. '","message":"' .. ("y"):rep(100000) .. '"}')
    assert.is_true(#err.message < 600 and #err.code < 200)
  end)

  it("has a code without control characters", function()
    local _, err = read(400, '{"code":"X\\u001b[2J\\nFAKE","message":"\\u009b31mred \\u202e txt"}')
    assert.equal("X\\x1b[2J FAKE", err.code)
    assert.equal("\\u{9b}31mred \\u{202e} txt", err.message)
  end)
end)

describe("one wrong character in a response", function()
  local body = '{"leads":[{"id":1,"name":"Jo\\ud83d"},{"id":2,"name":"Jos\233"}]}'

  it("fails the whole response", function()
    local value, err = read(200, body)
    assert.is_nil(value)
    assert.equal("decode", err.kind)
    assert.truthy(err.message:find("an unpaired surrogate in a string at byte 29", 1, true), err.message)
  end)

  it("is replaced by U+FFFD with json = \"repair\"", function()
    local value = assert(response.read({ status = 200, headers = {}, body = body },
      { operation = "leads.list", path = "/v1.0/leads", class = "read" }, held, true))
    assert.same({ { id = 1, name = "Jo\239\191\189" }, { id = 2, name = "Jos\239\191\189" } }, value.leads)
  end)
end)
