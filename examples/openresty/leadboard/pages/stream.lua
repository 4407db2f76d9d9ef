-- SPDX-License-Identifier: MIT

--- New events as server-sent events (HTML, section 9.2). A stream waits without blocking its worker.

local feed = require "leadboard.feed"
local problem = require "leadboard.problem"

local POLL, KEEPALIVE, LIFETIME = 0.5, 15, 600 -- seconds
-- Open streams of one account, and of all, in each worker.
local MAX_OF_ACCOUNT, MAX_OF_WORKER = 6, 200

local open, total = {}, 0

local function count(account, by)
  local now = (open[account] or 0) + by
  open[account] = now > 0 and now or nil
  total = total + by
end

local function send_events(account, seen, is_gone)
  local started = ngx.now()
  local last_sent = started
  repeat
    local events, last = feed.since(account, seen)
    for i = 1, #events do ngx.print("data: ", events[i], "\n") end
    if last > seen then
      -- One message for all new events: its data lines, joined by line ends, are one JSON text each.
      ngx.print("id: ", last, "\n\n")
      seen, last_sent = last, ngx.now()
    elseif ngx.now() - last_sent >= KEEPALIVE then
      ngx.print(": still here\n\n")
      last_sent = ngx.now()
    end
    if not ngx.flush(true) then return end
    ngx.sleep(POLL)
    -- A worker that exits after a reload ends its streams: the browser opens new ones.
  until is_gone() or ngx.worker.exiting() or ngx.now() - started > LIFETIME
end

return {
  private = true,
  get = function(request)
    local account = request.session.account
    if total >= MAX_OF_WORKER or (open[account] or 0) >= MAX_OF_ACCOUNT then
      ngx.header["Retry-After"] = 60
      return problem.show(503)
    end
    ngx.header["Content-Type"] = "text/event-stream"
    ngx.header["X-Accel-Buffering"] = "no"
    ngx.print("retry: 2000\n\n")
    local gone = false
    ngx.on_abort(function() gone = true end)
    -- After a break the browser names the last event that it has.
    local after = ngx.var.http_last_event_id or request.args.after
    local seen = tonumber(type(after) == "string" and after:match("^%d+$")) or feed.last(account)
    count(account, 1)
    local ok, err = pcall(send_events, account, seen, function() return gone end)
    count(account, -1)
    if not ok then error(err, 0) end
  end,
}
