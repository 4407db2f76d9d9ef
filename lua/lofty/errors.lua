-- SPDX-License-Identifier: MIT

--- Errors: tables with a kind and a message; tostring gives one line.
--
-- `kind` is one of `errors.kinds`; further fields, all optional: `status` (HTTP), `code` (Lofty's own
-- number, or the OAuth error string), `operation`, `retryable`, `retry_after` (seconds), `sent`,
-- `outcome_unknown`, `cursor`, `account`, `response`. No field ever holds a credential.
-- @module lofty.errors

local limits = require("lofty.core").limits
local options = require "lofty.internal.options"

local error, getmetatable, require, setmetatable, tostring, type =
  error, getmetatable, require, setmetatable, tostring, type

local errors = {}

--- The kinds, each with what it means.
errors.kinds = {
  invalid = "the request is wrong: it failed a check here or on the server",
  network = "no connection, or it broke",
  timeout = "a time limit was exceeded",
  tls = "the server's certificate is not trusted, or the TLS handshake failed",
  auth = "the credential was refused",
  forbidden = "the credential has no permission for this",
  not_found = "there is no such record or path",
  rate_limit = "too many requests",
  server = "the server failed, or its response has an unexpected form",
  oauth = "the authorization server refused a grant",
  decode = "the response is not valid HTTP or JSON",
  store = "the token store could not be read or written",
}

--- Makes text from outside safe to print: one line, no control characters of ASCII (C0, DEL) or Unicode (C1), no
-- bidirectional controls, valid UTF-8. Tab, CR and LF become a space; everything else that is not safe becomes `\xNN`
-- or `\u{NNNN}`.
-- @function errors.sanitize
-- @tparam string text
-- @tparam[opt] number max bytes to keep; a text that was cut ends in "..."
-- @treturn string
function errors.sanitize(text, max)
  return (require "lofty.internal.sanitize"(text, max))
end
local sanitize = errors.sanitize

local Error = { __name = "lofty.error" }
Error.__index = Error

--- One line: operation, message, status and Lofty's code.
function Error:__tostring()
  local line = self.message
  if self.operation then line = self.operation .. ": " .. line end
  local facts = self.kind
  if self.status then facts = facts .. ", HTTP " .. tostring(self.status) end
  if self.code and self.kind ~= "oauth" then facts = facts .. ", code " .. tostring(self.code) end
  return sanitize(line, limits.message) .. " (" .. sanitize(facts, limits.message) .. ")"
end

--- `"failed: " .. err` and `err .. "!"`: the error's one line.
function Error.__concat(a, b)
  return tostring(a) .. tostring(b)
end

--- Makes an error of a table of fields; the table itself becomes the error. `message` and a textual `code` are
-- sanitized, see `errors.sanitize`.
-- @tparam table fields `kind` (one of `errors.kinds`) and `message` (string) are required
-- @treturn table the error
function errors.new(fields)
  if not errors.kinds[fields.kind] then error("unknown kind of error: " .. tostring(fields.kind), 2) end
  fields.message = sanitize(tostring(fields.message), limits.message)
  if type(fields.code) == "string" then fields.code = sanitize(fields.code, limits.code) end
  return setmetatable(fields, Error)
end

--- Tells whether a value is an error of this library.
-- @param value anything
-- @treturn boolean
function errors.is(value)
  return type(value) == "table" and getmetatable(value) == Error
end

--- Checks a table of options; raises on the caller's line for a value that is not a table and for an unknown name.
-- @function errors.options
-- @tparam string where the function's public name, for the message
-- @param options what the caller gave; nil counts as an empty table
-- @tparam table known the valid names, name -> true
-- @treturn table the options
errors.options = options

return errors
