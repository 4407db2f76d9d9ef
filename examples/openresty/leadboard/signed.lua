-- SPDX-License-Identifier: MIT

--- Texts that a browser may keep but can't change: HMAC-SHA-256 (RFC 2104) of the OpenSSL that nginx has loaded.
-- (nginx's Lua module itself has only HMAC-SHA-1.)

local ffi = require "ffi"
local base64 = require "ngx.base64"
local settings = require "leadboard.settings"

ffi.cdef [[
const void *EVP_sha256(void);
unsigned char *HMAC(const void *md, const void *key, int key_len, const unsigned char *data, size_t n,
                    unsigned char *out, unsigned int *out_len);
int CRYPTO_memcmp(const void *a, const void *b, size_t len);
]]
local C = ffi.C
local digest = ffi.new("unsigned char[32]")
local encode, decode = base64.encode_base64url, base64.decode_base64url

local signed = {}

--- A text's signature, in characters that fit into a cookie, a form and a path.
-- @tparam string purpose a signature for one purpose is not valid for another
-- @tparam string text
-- @treturn string
function signed.mark(purpose, text)
  local message = purpose .. "\0" .. text
  if C.HMAC(C.EVP_sha256(), settings.secret, #settings.secret, message, #message, digest, nil) == nil then
    error("HMAC failed")
  end
  return encode(ffi.string(digest, 32))
end

--- Tells whether a signature is that of this text. The time does not depend on how much of it was right.
function signed.check(purpose, text, mark)
  local right = signed.mark(purpose, text)
  return type(mark) == "string" and #mark == #right and C.CRYPTO_memcmp(mark, right, #right) == 0
end

--- A signed text that is valid for some seconds.
function signed.seal(purpose, text, seconds)
  local payload = encode(math.floor(ngx.time() + seconds) .. ":" .. text)
  return payload .. "." .. signed.mark(purpose, payload)
end

--- The text of `seal`; nil when it was changed, sealed for another purpose, or is no longer valid.
function signed.open(purpose, sealed)
  local payload, mark = (sealed or ""):match("^([%w_-]+)%.([%w_-]+)$")
  if not payload or not signed.check(purpose, payload, mark) then return nil end
  local ends, text = (decode(payload) or ""):match("^(%d+):(.*)$")
  if not ends or tonumber(ends) <= ngx.time() then return nil end
  return text
end

return signed
