-- SPDX-License-Identifier: MIT

-- A module that was built for another Lua must refuse to load; otherwise it would crash later.
local folder, own = package.cpath:match("([^;]*)/(5%.%d)/%?%.so")

describe("a module built for", function()
  for _, version in ipairs { "5.1", "5.2", "5.3", "5.4", "5.5" } do
    for _, name in ipairs { "core", "crypto", "curl", "file", "redis", "terminal" } do
      local path = ("%s/%s/lofty/%s.so"):format(folder, version, name)
      local file = io.open(path, "rb")
      if file then
        file:close()
        it(version .. " loads only there: " .. name, function()
          local open = package.loadlib(path, "luaopen_lofty_" .. name)
          local ok = open ~= nil and pcall(open)
          assert.equal(version == own, ok)
        end)
      end
    end
  end
end)
