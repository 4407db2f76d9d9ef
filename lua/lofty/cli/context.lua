-- SPDX-License-Identifier: MIT

--- What the parts of the command share: messages, confirmation, the account and its client.
-- @module lofty.cli.context

local exit_codes = require "lofty.cli.exit_codes"

local Context = {}
Context.__index = Context

local context = {}

--- Makes a context.
-- @tparam table streams see `lofty.cli.streams`
-- @tparam table args the parsed command line; `account` and `no_wait` are used here
-- @treturn table
function context.new(streams, args)
  return setmetatable({ streams = streams, args = args }, Context)
end

-- Bytes of a message's line: a field, a path or a response within it may be huge.
local MAX_LINE = 4000

--- Writes a message to stderr, without control characters.
function Context:say(...)
  local sanitize = require "lofty.internal.sanitize"
  local text = table.concat { ... }
  self.streams.err:write((text:gsub("[^\n]+", function(line) return sanitize(line, MAX_LINE) end)), "\n")
end

--- Reports a failure.
-- @param err an error of the library, or a text
-- @tparam[opt] number code the exit code; by default that of the error's kind
-- @treturn number the exit code
function Context:fail(err, code)
  self:say("lofty: ", tostring(err))
  local hint = type(err) == "table" and require "lofty.cli.hint"(err)
  if hint then self:say(hint) end
  return code or (type(err) == "table" and exit_codes.of(err) or exit_codes.failed)
end

--- Asks before something that reaches people or deletes.
-- @tparam string action what is to be done, such as "Delete 2 subscriptions"
-- @treturn[1] boolean true: confirmed
-- @treturn[2] boolean false
-- @treturn[2] number the exit code
function Context:confirm(action)
  if self.args.yes then return true end
  local streams = self.streams
  if not (streams.input_is_terminal and streams.err_is_terminal) then
    return false, self:fail(("not confirmed: %s? There is no terminal to ask on: give --yes")
      :format(action), exit_codes.unconfirmed)
  end
  streams.err:write(require "lofty.internal.sanitize"(action, MAX_LINE), "? [y/N] ")
  streams.err:flush()
  local reply = streams.read_line(true)
  if reply == "y" or reply == "Y" or reply == "yes" then return true end
  return false, self:fail("not confirmed: nothing was done", exit_codes.unconfirmed)
end

--- The runtime of this command: libcurl's, but long waits are shown.
-- @treturn table
function Context:runtime()
  if not self.waiting_runtime then
    local base = self.streams.runtime or require "lofty.runtime.curl"
    self.waiting_runtime = require("lofty.cli.waiting").runtime(self, base)
  end
  return self.waiting_runtime
end

--- Seconds on the monotonic clock.
function Context:monotonic()
  return self:runtime():monotonic()
end

-- A client with the credential of the environment; nil alone when there is none; nil, err.
local function from_environment(streams, opt)
  local api_key, access_token = streams.variable "LOFTY_API_KEY", streams.variable "LOFTY_ACCESS_TOKEN"
  if not (api_key or access_token) then return nil end
  opt.api_key, opt.access_token = api_key, not api_key and access_token or nil
  opt.base_url = streams.variable "LOFTY_BASE_URL"
  local crm, err = require("lofty.cli.misuse").call(require("lofty").client, opt)
  return crm, err or api_key and "the owner of LOFTY_API_KEY" or "the owner of LOFTY_ACCESS_TOKEN"
end

--- The client for this command line: with a credential of the environment, unless an account is named by --account or
-- LOFTY_ACCOUNT; else of the account that those or a `.lofty` file name.
-- @tparam[opt] table opt options for `lofty.client`
-- @treturn[1] table client
-- @treturn[1] string who it acts for, for messages
-- @treturn[1] ?table record of the account, see `lofty.cli.accounts`; nil with a credential of the environment
-- @treturn[2] nil
-- @treturn[2] table|string err
function Context:client(opt)
  opt = opt or {}
  require("lofty.cli.waiting").complete(self, opt)
  if not self.args.account and not self.streams.variable "LOFTY_ACCOUNT" then
    local crm, who = from_environment(self.streams, opt)
    if who then return crm, who end
  end
  local crm, who, record = require("lofty.cli.accounts").client(self, opt)
  return crm, who, record
end

return context
