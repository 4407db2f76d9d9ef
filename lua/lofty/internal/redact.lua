--- Blanks secrets in text that is about to be shown.
-- @module lofty.internal.redact

local core = require "lofty.core"

local find, sub = string.find, string.sub
local ipairs = ipairs

local secret = {}

local function replace(text, word)
  local first, last = find(text, word, 1, true)
  while first do
    text = sub(text, 1, first - 1) .. "***" .. sub(text, last + 1)
    first, last = find(text, word, first + 3, true)
  end
  return text
end

--- Replaces each of some words by three stars, also where it stands percent-encoded.
-- @tparam string text
-- @tparam {string,...} words those of fewer than 4 bytes hide nothing and are passed over
-- @treturn string
function secret.blank(text, words)
  for _, word in ipairs(words) do
    if #word >= 4 then
      text = replace(text, word)
      local encoded = core.percent_encode(word)
      if encoded and encoded ~= word then text = replace(text, encoded) end
    end
  end
  return text
end

return secret
