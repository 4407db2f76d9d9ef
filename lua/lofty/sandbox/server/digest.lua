-- SPDX-License-Identifier: MIT

--- SHA-256 for PKCE, by the libcrypto that nginx has loaded.
-- @module lofty.sandbox.server.digest

local ffi = require "ffi"

ffi.cdef "unsigned char *SHA256(const unsigned char *d, size_t n, unsigned char *md);"

local digest = {}

--- The S256 challenge of a verifier (RFC 7636 section 4.2).
function digest.challenge(verifier)
  local out = ffi.new("unsigned char[32]")
  ffi.C.SHA256(verifier, #verifier, out)
  local text = ngx.encode_base64(ffi.string(out, 32), true)
  return (text:gsub("%+", "-"):gsub("/", "_"))
end

return digest
