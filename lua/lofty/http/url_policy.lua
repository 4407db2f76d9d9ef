-- SPDX-License-Identifier: MIT

--- Which URLs and header fields a request may have: one set of rules for every runtime.
--
-- The rules are in C (src/core/url_policy.c), where the transport over libcurl applies them too. A URL is accepted when
-- it is absolute, https (http for loopback only), without user name or password, and its host is one that every
-- parser reads alike: a name, an IPv4 address of four decimal numbers, or an IPv6 address in brackets.
-- @module lofty.http.url_policy

local core = require "lofty.core"

local url_policy = {}

--- Parses an absolute URL.
-- @function url_policy.parse
-- @tparam string url
-- @treturn[1] table `secure` (https), `loopback` (the host is this machine), `host` (lower case, without brackets),
--   `literal` (the host is an IPv6 address), `port` (number, the scheme's default when there is none), `origin` (the
--   URL up to its path, as written), `target` (path and query as written, may be empty; never a fragment)
-- @treturn[2] nil
-- @treturn[2] string what is wrong, without any part of the URL
url_policy.parse = core.url_parse

--- Tells why a header field may not be sent: its name is not a token (RFC 9110, section 5.1), its value holds a
-- control character (section 5.5), or it frames the message, which the transport does itself.
-- @function url_policy.field_problem
-- @tparam string name
-- @tparam string value
-- @treturn ?string nil when the field may be sent; never contains the value
url_policy.field_problem = core.field_problem

return url_policy
