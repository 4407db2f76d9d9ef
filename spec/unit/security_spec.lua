-- SPDX-License-Identifier: MIT

-- SECURITY.md names specs that exist.
local nginx = require "lofty.sandbox.nginx"

-- Whether a spec file has an `it` or a `describe` whose title begins so.
local function has_title(text, title)
  local at = 1
  while true do
    local first, last = text:find('"' .. title, at, true)
    if not first then return false end
    local before = text:sub(math.max(1, first - 12), first - 1)
    if before:find "%f[%w]it ?%(+$" or before:find "%f[%w]describe ?%($" then return true end
    at = last
  end
end

-- The promises, which are in bold, with the specs of each: { promise =, { path, title, ... }, ... }.
local function read_promises(text)
  local promises, item = {}, nil
  local function finish()
    for path, titles in (item or ""):gmatch "`(spec/[%w_/]+%.lua)`: ([^`]*)" do
      local spec = { path }
      for title in titles:gmatch '"([^"]*)"' do spec[#spec + 1] = title end
      table.insert(promises[#promises], spec)
    end
    item = nil
  end
  for line in (text:match "## What is promised(.*)## What is not" .. "\n"):gmatch "([^\n]*)\n" do
    if item and line:find "^  " then
      item = item .. line:gsub("^%s+", " ")
    else
      finish()
    end
    if line:find "^%*%*" then promises[#promises + 1] = { promise = line } end
    if line:find "^%- " then item = line end
  end
  return promises
end

describe("SECURITY.md", function()
  local promises = read_promises(nginx.contents "SECURITY.md")

  it("names a spec for each promise but the last, which make targets hold", function()
    assert.is_true(#promises > 1)
    for i = 1, #promises - 1 do assert.is_true(#promises[i] > 0, promises[i].promise) end
  end)

  for _, promise in ipairs(promises) do
    for _, spec in ipairs(promise) do
      it("names titles that are in " .. spec[1] .. ": " .. table.concat(spec, "; ", 2), function()
        assert.is_true(#spec > 1, spec[1])
        for i = 2, #spec do assert.is_true(has_title(nginx.contents(spec[1]), spec[i]), spec[i]) end
      end)
    end
  end
end)
