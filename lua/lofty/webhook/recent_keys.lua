--- Remembers the last keys it was asked about, in a memory of fixed size.
-- @module lofty.webhook.recent_keys

--- Makes such a memory.
-- @tparam number size how many keys are remembered at least; twice as many at most
-- @treturn function (key) -> boolean: was it asked about this key before?
return function(size)
  -- Two generations: when the young one is full the old one is forgotten as a whole.
  local young, old, count = {}, {}, 0
  return function(key)
    if young[key] then return true end
    local before = old[key] == true
    if count == size then young, old, count = {}, young, 0 end
    young[key], count = true, count + 1
    return before
  end
end
