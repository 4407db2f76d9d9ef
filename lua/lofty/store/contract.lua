--- What a store takes for a key; anything else is the caller's mistake.
-- @module lofty.store.contract

local error, type = error, type

--- Raises on the line that called the store's method.
-- @param key
-- @tparam[opt=3] number level as for `error`; 3 where the method itself asks
return function(key, level)
  if type(key) ~= "string" or key == "" then error("a store's key is a string that is not empty", level or 3) end
end
