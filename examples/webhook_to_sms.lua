-- SPDX-License-Identifier: MIT

-- Sends a text message to each new lead that Lofty reports to a webhook. A CGI program (RFC 3875): any web server that
-- runs those can serve it. Subscribe with crm.webhooks:ensure and an address that ends in HOOK_SECRET.
-- Only logs what it would send unless SEND=1. Further variables: LOFTY_API_KEY, HOOK_SECRET, HOOK_SPOOL (a directory).

local lofty = require "lofty"

local THANKS = "Thank you for your interest! We will be in touch shortly."

local function need(name)
  local value = os.getenv(name)
  if value and value ~= "" then return value end
  io.stderr:write(name, " is not set\n")
  os.exit(1)
end

local function log(...) io.stderr:write(lofty.sanitize(table.concat({ ... }, " ")), "\n") end

local crm = lofty.client()
local spool = lofty.spool.file { path = need "HOOK_SPOOL" }

-- An event may come more than once: looks first whether the message was sent.
local function was_thanked(lead_id)
  for text in crm.communication.texts:each { leadId = lead_id } do
    if text.textContent == THANKS then return true end
  end
  return false
end

local respond = lofty.webhook.handler {
  secret = need "HOOK_SECRET", spool = spool,
  on_error = function(err) log(tostring(err)) end,
  on_event = function(event)
    if event.name ~= "lead.created" or not event.leadId then return true end
    if was_thanked(event.leadId) then return true end
    if os.getenv "SEND" ~= "1" then
      log("would send a text message to lead", tostring(event.leadId))
      return true
    end
    -- nil, err: the spool tries again later, unless the message may have been sent.
    return crm.communication:send_sms { leadId = event.leadId, content = THANKS }
  end,
}

local length = tonumber(os.getenv "CONTENT_LENGTH" or "") or 0
local status, body, headers = respond {
  method = os.getenv "REQUEST_METHOD", path = os.getenv "PATH_INFO",
  headers = { ["content-length"] = tostring(length) },
  body = function() return io.read(length) or "" end,
}
io.write("Status: ", status, "\r\n")
for name, value in pairs(headers) do io.write(name, ": ", value, "\r\n") end
io.write("\r\n", body)
io.stdout:close() -- the response is complete; Lofty does not wait for the events
spool:run(10)
