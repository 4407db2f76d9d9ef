--- New events as they come, as server-sent events. A stream waits without keeping its worker from anything.

local feed = require "leadboard.feed"

local LOOK, SAY, LIFE = 0.5, 15, 600

local function begin(request)
  ngx.header["Content-Type"] = "text/event-stream"
  ngx.header["X-Accel-Buffering"] = "no"
  ngx.print("retry: 2000\n\n")
  -- After a break the browser says itself what it has seen.
  local seen = ngx.var.http_last_event_id or request.args.after
  return tonumber(type(seen) == "string" and seen:match("^%d+$")) or feed.last(request.session.account)
end

return {
  private = true,
  get = function(request)
    local gone = false
    ngx.on_abort(function() gone = true end)
    local account, seen = request.session.account, begin(request)
    local started = ngx.now()
    local said = started
    repeat
      local events, last = feed.since(account, seen)
      for i = 1, #events do ngx.print("data: ", events[i], "\n") end
      if last > seen then
        -- One message for all that is new: its lines are an array of events, joined by line ends.
        ngx.print("id: ", last, "\n\n")
        seen, said = last, ngx.now()
      elseif ngx.now() - said >= SAY then
        ngx.print(": still here\n\n")
        said = ngx.now()
      end
      if not ngx.flush(true) then return end
      ngx.sleep(LOOK)
      -- A worker that ends, after a reload, lets its streams go: the browser comes back to a new one.
    until gone or ngx.worker.exiting() or ngx.now() - started > LIFE
  end,
}
