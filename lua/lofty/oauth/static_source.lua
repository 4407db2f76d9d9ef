-- SPDX-License-Identifier: MIT

--- The source of a client whose credential never changes; sources are described in `lofty.oauth.source`.
-- @module lofty.oauth.static_source

--- @tparam table token
-- @treturn function source
return function(token)
  return function(rejected)
    if rejected == token.access_token then return nil end
    return token
  end
end
