-- SPDX-License-Identifier: MIT

--- TLS inside nginx: which settings verify a server, and a handshake whose failure is never missed.
-- @module lofty.internal.nginx_tls

local base = require "resty.core.base"
local ffi = require "ffi"

local get_request = base.get_request
local cast, pcall, tonumber = ffi.cast, pcall, tonumber

local nginx_tls = {}

-- The first fields of ngx_http_request_t, in every nginx since 0.7.
ffi.cdef [[
typedef struct {
  uint32_t signature;
  void *connection;
  void **ctx, **main_conf, **srv_conf, **loc_conf;
} lofty_ngx_http_request;
]]
local request_type = ffi.typeof "lofty_ngx_http_request *"

--- Identifies the configuration block (`location`, `server` or `http`) whose settings, lua_ssl_trusted_certificate
-- among them, apply to the code that runs. A connection that one block's settings verified must not serve another's.
-- @treturn number equal for equal blocks of one worker process
function nginx_tls.block()
  return tonumber(cast("uintptr_t", cast(request_type, get_request()).loc_conf))
end

--- Does a TLS handshake and verifies the certificate against the name.
-- When a handshake fails without a wait, as with near servers, lua-resty-core (0.1.25) reports success if it is asked
-- for no session (`false`), and raises an assertion if it is: so a session is always asked for, under pcall.
-- @tparam table socket a connected cosocket
-- @param session what an earlier handshake with this server returned under the same settings, or nil
-- @tparam string name the server's name, for SNI and for the certificate's check
-- @return[1] a session, for the next handshake; never nil
-- @treturn[2] nil
-- @treturn[2] string nginx's message ("timeout", or "20: unable to get ..."), or nil when it gave none
function nginx_tls.handshake(socket, session, name)
  local called, new, why = pcall(socket.sslhandshake, socket, session, name, true)
  if called and new then return new end
  return nil, called and (why or "the connection was closed") or nil
end

return nginx_tls
