-- SPDX-License-Identifier: MIT

--- The version of this library, which `lofty._VERSION` and the User-Agent show.
-- @module lofty.internal.version

return "0.1.0"
