--- Texts that a browser may keep and can't change: HMAC-SHA-256 (RFC 2104), by the OpenSSL that nginx has loaded.
-- (`ngx.hmac_sha1` would do as well; it is SHA-1 alone that nginx's Lua module has built in.)

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

--- A text's signature, in letters that fit into a cookie, a form and a path.
-- @tparam string purpose what is signed for one purpose serves no other
-- @tparam string text
-- @treturn string
function signed.mark(purpose, text)
  local message = purpose .. "\0" .. text
  if C.HMAC(C.EVP_sha256(), settings.secret, #settings.secret, message, #message, digest, nil) == nil then
    error("HMAC failed")
  end
  return encode(ffi.string(digest, 32))
end

--- Tells whether a signature is the one of this text, in a time that says nothing about how much of it was right.
function signed.check(purpose, text, mark)
  local right = signed.mark(purpose, text)
  return type(mark) == "string" and #mark == #right and C.CRYPTO_memcmp(mark, right, #right) == 0
end

--- A signed text that is good for some seconds.
function signed.seal(purpose, text, seconds)
  local payload = encode(math.floor(ngx.time() + seconds) .. ":" .. text)
  return payload .. "." .. signed.mark(purpose, payload)
end

--- The text of `seal`, or nil when it is changed, for another purpose or over its time.
function signed.open(purpose, sealed)
  local payload, mark = (sealed or ""):match("^([%w_-]+)%.([%w_-]+)$")
  if not payload or not signed.check(purpose, payload, mark) then return nil end
  local ends, text = (decode(payload) or ""):match("^(%d+):(.*)$")
  if not ends or tonumber(ends) <= ngx.time() then return nil end
  return text
end

return signed
