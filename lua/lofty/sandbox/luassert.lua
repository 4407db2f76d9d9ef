-- SPDX-License-Identifier: MIT

--- Adds `assert.sent` to luassert, the assertions of busted: a call that a sandbox must have received.
--
--     require "lofty.sandbox.luassert"
--     assert.sent(box, "POST", "/v1.0/notes", { leadId = id })       -- at least one
--     assert.sent(box, "POST", "/v1.0/notes", { leadId = id }, 1)    -- this many
--     assert.is_not.sent(box, "POST", "/v1.0/message/sms/send")
--
-- When it fails, the message shows what was sent instead. The rest of the library does not need luassert.
-- @module lofty.sandbox.luassert

local assert = require "luassert"
local calls = require "lofty.sandbox.calls"
local json = require "lofty.json"
local say = require "say"

-- The whole message is made below, from the arguments.
say:set("assertion.lofty.sent", "%s")

local function expected(method, path, fields, times)
  local what = times and (times == 1 and "one call " or times .. " calls ") or "a call "
  return what .. method .. " " .. path .. (fields and " with " .. json.encode(fields) or "")
end

local function sent(state, arguments, level)
  local box, method, path, fields, times = arguments[1], arguments[2], arguments[3], arguments[4], arguments[5]
  if type(box) ~= "table" or not box.sent then
    error("assert.sent: the first argument must be a sandbox's box, got " .. type(box), (level or 1) + 1)
  end
  local is_right, found = pcall(box.sent, box, method, path, fields)
  if not is_right then -- with the position of the spec instead of luassert's
    error((tostring(found):gsub("^[^\n]-:%d+: ", "")), (level or 1) + 1)
  end
  local ok = times and #found == times or not times and #found > 0
  if ok == state.mod then return ok, { found } end -- it holds: no message is needed
  arguments[1] = ("Expected%s %s; %d matched. The calls were:\n%s"):format(state.mod and "" or " not",
    expected(method, path, fields, times), #found, calls.list(box:journal()))
  arguments.n, arguments.nofmt = 1, { true }
  return ok, { found }
end

assert:register("assertion", "sent", sent, "assertion.lofty.sent", "assertion.lofty.sent")

return assert
