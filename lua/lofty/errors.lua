--- What went wrong, as one value: a table with a kind, a message and a tostring of one line.
--
-- `kind` is one of `errors.kinds`; further fields, all optional: `status` (HTTP), `code` (Lofty's own
-- number, or the OAuth error string), `operation`, `retryable`, `retry_after` (seconds), `sent`,
-- `outcome_unknown`, `cursor`, `account`, `response`. No field ever holds a credential.
-- @module lofty.errors

local limits = require("lofty.core").limits
local misuse = require "lofty.internal.misuse"
local suggest = require "lofty.internal.suggest"

local error, getmetatable, pairs, setmetatable, tostring, type =
  error, getmetatable, pairs, setmetatable, tostring, type
local format, byte = string.format, string.byte

local errors = {}

--- The kinds, each with what it means.
errors.kinds = {
  invalid = "the request was wrong, here or as the server sees it",
  network = "no connection, or it broke",
  timeout = "a time limit passed",
  tls = "the other side's certificate or the TLS handshake was not acceptable",
  auth = "the credential was refused",
  forbidden = "the credential does not reach this far",
  not_found = "there is no such thing",
  rate_limit = "too many requests",
  server = "the server failed, or answered what is no answer",
  oauth = "the authorization server refused a grant",
  decode = "the answer breaks the rules of HTTP or JSON",
  store = "tokens could not be read or kept",
}

-- One line without control characters, cut to `most` bytes, or to limits.message.
local function tame(text, most)
  text = text:gsub("%c+", function(run)
    if run:find("^[\r\n\t]+$") then return " " end
    return (run:gsub(".", function(c) return format("\\x%02x", byte(c)) end))
  end)
  local cut = most or limits.message
  if #text <= cut then return text end
  while cut > 1 and byte(text, cut + 1) >= 0x80 and byte(text, cut + 1) < 0xC0 do cut = cut - 1 end
  return text:sub(1, cut) .. "..."
end
errors.tame = tame

local Error = { __name = "lofty.error" }
Error.__index = Error

--- One line: operation, message, status and Lofty's code.
function Error:__tostring()
  local line = self.message
  if self.operation then line = self.operation .. ": " .. line end
  local facts = self.kind
  if self.status then facts = facts .. ", HTTP " .. tostring(self.status) end
  if self.code and self.kind ~= "oauth" then facts = facts .. ", code " .. tostring(self.code) end
  return tame(line) .. " (" .. tame(facts) .. ")"
end

--- Makes an error of a table of fields; the table itself becomes the error.
-- @tparam table fields `kind` (one of `errors.kinds`) and `message` (string) are required
-- @treturn table the error
function errors.new(fields)
  if not errors.kinds[fields.kind] then error("unknown kind of error: " .. tostring(fields.kind), 2) end
  fields.message = tame(tostring(fields.message))
  return setmetatable(fields, Error)
end

--- Tells whether a value is an error of this library.
-- @param value anything
-- @treturn boolean
function errors.is(value)
  return type(value) == "table" and getmetatable(value) == Error
end

--- Checks a table of options; raises on the caller's line for a value that is no table and for an unknown name.
-- @tparam string where the function's public name, for the message
-- @param options what the caller gave; nil counts as an empty table
-- @tparam table known set of names, name -> true
-- @treturn table the options
function errors.options(where, options, known)
  if options == nil then return {} end
  if type(options) ~= "table" then misuse(format("%s: a table of options expected, got %s", where, type(options))) end
  for name in pairs(options) do
    if not known[name] then
      local meant = suggest(name, known)
      local hint = meant and format(", did you mean %q?", meant) or ""
      misuse(format("%s: unknown option %q%s", where, tostring(name), hint))
    end
  end
  return options
end

return errors
