-- SPDX-License-Identifier: MIT

--- What a client does when a call fails: completes the err, and waits before the call is repeated. Loaded at the first
-- failure, or by the second call of a process.
--
-- `self` is the client, `call` as for `client:send`, and `state` what `client:send` knows of the call: `id`, `number`
-- (attempts so far), `started` and `deadline` (monotonic seconds), `token`, `rejected` (an access token that the server
-- refused), `fault` (the err before the present attempt), `outcome_unknown`.
-- @module lofty.client.failure

local errors = require "lofty.errors"
local limits = require("lofty.core").limits
local recovery_hint = require("lofty.http.failure").recovery_hint
local redact = require "lofty.internal.redact"
local retry = require "lofty.pacing.retry"

local format = string.format
local type = type

local failure = {}

--- Completes an err of this call. If an earlier attempt of a write had an unknown outcome, the call's outcome is
-- unknown, whatever the last error is.
-- @treturn table err
function failure.annotate(self, call, state, err)
  err.operation = call.operation
  if state.outcome_unknown and not err.outcome_unknown then
    err.sent, err.outcome_unknown = true, true
    err.message = err.message .. recovery_hint(call)
  end
  if self.account then err.account = err.account or self.account end
  return err
end
local annotate = failure.annotate

--- The client's secrets, and those of a call with this token.
-- @treturn {string,...}
function failure.secrets_of(self, call, token)
  local secrets = self.secrets()
  redact.add_token(secrets, token)
  redact.add_callback_url(secrets, type(call.body) == "table" and call.body.callbackUrl)
  return secrets
end

-- Removes the client's secrets and those of one call from an err, before the caller gets it.
local function without_secrets(self, call, state, err)
  local secrets = failure.secrets_of(self, call, state.token)
  secrets[#secrets + 1] = state.rejected
  return redact.err(err, secrets)
end

--- Completes the err of an attempt before hooks get it.
-- @tparam ?table response nil when there was none
-- @tparam ?number retry_after seconds
function failure.of_attempt(self, call, state, err, response, retry_after)
  if not response and err.sent and call.class ~= "read" then
    -- A write that was sent and got no response.
    err.outcome_unknown = true
    err.message = err.message .. recovery_hint(call)
  end
  err.response, err.retry_after = response, retry_after
  without_secrets(self, call, state, err)
end

-- The err for a call that would have to wait beyond its deadline.
local function deadline_error(state, what)
  return errors.new {
    kind = "timeout", sent = false,
    message = format("the call's deadline of %g s ends before %s", state.deadline - state.started, what),
  }
end

--- The err of a call that is not sent because it would have to wait beyond its deadline, or for longer than the longest
-- wait for the rate limit.
-- @tparam ?number missing seconds until the rate limit allows the call; nil: it allows it now
-- @treturn table err
function failure.not_sent(self, call, state, missing)
  local err
  if state.deadline then
    err = deadline_error(state, missing and format("the rate limit allows it, in %.1f s", missing) or "it is sent")
  else
    err = errors.new {
      kind = "timeout", sent = false,
      message = format("the rate limit would delay the call by %.0f s, more than %d s", missing, limits.max_wait),
    }
  end
  err.retryable = true
  return annotate(self, call, state, err)
end

local function no_credential()
  return errors.new {
    kind = "auth", sent = false, retryable = false,
    message = "the access token was refused and can't be refreshed: give client_id and "
      .. "client_secret beside a token that has a refresh_token",
  }
end

--- The err of a call for which there is no token.
-- @tparam ?table err the source's
-- @treturn table err
function failure.no_token(self, call, state, err)
  if err then
    -- The source set these fields for the token request; in the err of a call they describe the call's request.
    err.outcome_unknown = nil
    if state.number == 0 then err.sent = false end
    err = without_secrets(self, call, state, err)
  else
    err = state.fault or no_credential()
  end
  if state.deadline and self.settings.runtime:monotonic() >= state.deadline and err ~= state.fault then
    local late = deadline_error(state, "its token is refreshed: " .. err.message)
    late.cause, late.retryable, err = err, true, late
  end
  return annotate(self, call, state, err)
end

-- The err of a call that the retry policy would repeat, but whose deadline does not allow it.
local function past_deadline(self, call, state, err, wait)
  local late = deadline_error(state, format("the next attempt, in %.1f s, after: %s", wait, err.message))
  late.cause, late.status, late.code, late.response = err, err.status, err.code, err.response
  late.sent, late.outcome_unknown, late.retry_after, late.retryable =
    err.sent, err.outcome_unknown, err.retry_after, err.retryable
  return annotate(self, call, state, late)
end

--- After a failed attempt: decides whether to retry, and waits.
-- @tparam table err
-- @treturn[1] boolean true: authorize the call and send it again
-- @treturn[2] nil
-- @treturn[2] table err of the call
function failure.wait_for_retry(self, call, state, err)
  local settings = self.settings
  local runtime = settings.runtime
  if err.kind == "auth" and not state.rejected then
    state.rejected, state.fault = state.token.access_token, err
    err.retryable = false -- it is the call's err when there is no other token
    return true
  end
  local now = runtime:monotonic()
  local wait, reason = retry.decide {
    class = call.class, err = err, attempt = state.number, elapsed = now - state.started, policy = settings.retry,
  }
  -- Whether the caller may try again, later.
  err.retryable = (retry.safe(call.class, err))
  if not wait then return nil, err end
  if state.deadline and now + wait >= state.deadline then return nil, past_deadline(self, call, state, err, wait) end
  self.counts.retries = self.counts.retries + 1
  if settings.on_retry then
    settings.on_retry {
      id = state.id, operation = call.operation, method = call.method, path = call.path, attempt = state.number,
      wait = wait, reason = reason, err = err,
    }
  end
  if wait > 0 then runtime:sleep(wait) end
  state.fault = err
  return true
end

return failure
