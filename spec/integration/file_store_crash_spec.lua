-- SPDX-License-Identifier: MIT

-- The file store when a process dies or a step fails, at any point.

local child = require "spec.support.child"
local file_store = require "lofty.store.file"
local nginx = require "lofty.sandbox.nginx"
local primitives = require "lofty.file"
local store_folder = require "spec.support.store_folder"

local shell, quote, write = nginx.shell, nginx.quote, nginx.write

describe("file store", function()
  local folder, path

  setup(function() folder = store_folder.new() end)
  teardown(function() folder:remove() end)
  before_each(function() path = folder:next() end)

  it("has the old value or the new one after a crash at any step, and the new one once it was written", function()
    local good = file_store { path = path }
    local steps, seen = 0, {}
    for step = 1, 100 do
      assert.is_true(good:put("id/1", "old"))
      local written = false
      local dies = folder:rigged(function(calls, name)
        if calls == step then error("died") end
        written = written or name == "file:write"
      end)
      local finished = pcall(dies.put, dies, "id/1", "new")
      collectgarbage()
      collectgarbage() -- closes what the dead process had open, as the kernel would
      local value = assert(file_store { path = path }:get("id/1", true))
      assert.equal(written and "new" or "old", value, "step " .. step)
      seen[value] = true
      assert.same({ "id/1" }, good:keys())
      assert.equal(folder.token:sub(2), folder:names())
      if finished then break end
      steps = step
    end
    assert.truthy(steps >= 5, "steps: " .. steps)
    assert.truthy(seen.old and seen.new)
  end)

  it("deletes a draft that was cut at any byte", function()
    local store = file_store { path = path }
    assert.is_true(store:put("id/1", "old"))
    local text = folder:whole("new")
    for cut = 0, #text - 1 do
      folder:leave_draft(text:sub(1, cut))
      assert.equal("old", store:get("id/1"), "cut after byte " .. cut)
      assert.equal(folder.token:sub(2), folder:names())
    end
    folder:leave_draft(text)
    assert.equal("new", store:get("id/1"))
    assert.equal(folder.token:sub(2), folder:names())
  end)

  it("finishes the put of a dead process, also after a crash of its own at any step", function()
    local good = file_store { path = path }
    local text = folder:whole("new")
    for step = 1, 100 do
      assert.is_true(good:put("id/1", "old"))
      folder:leave_draft(text)
      local dies = folder:rigged(function(calls)
        if calls == step then error("died") end
      end)
      local finished, value = pcall(dies.get, dies, "id/1")
      collectgarbage()
      collectgarbage()
      if finished then
        assert.equal("new", value)
        assert.truthy(step > 6, "steps: " .. step)
        break
      end
      assert.equal("new", file_store { path = path }:get("id/1"), "step " .. step)
    end
  end)

  it("keeps a dead process's draft when its put cannot be finished now", function()
    local good = file_store { path = path }
    assert.is_true(good:put("id/1", "old"))
    folder:leave_draft(folder:whole("new"))
    local ill = folder:rigged(function(_, name)
      if name == "file:sync" then return false, "the disk is ill" end
    end)
    local value, err = ill:get("id/1")
    assert.is_nil(value)
    assert.truthy(err.message:find("the disk is ill", 1, true), err.message)
    assert.equal("new", good:get("id/1"))
  end)

  it("deletes a dead process's draft too", function()
    local store = file_store { path = path }
    local text = folder:whole("new")
    for _, value in ipairs { "old", false } do
      if value then assert.is_true(store:put("id/1", value)) end
      folder:leave_draft(text)
      assert.is_true(store:delete("id/1"))
      assert.is_nil((store:get("id/1")))
    end
  end)

  it("refuses a draft that other users can reach", function()
    local store = file_store { path = path }
    assert.is_true(store:put("id/1", "old"))
    folder:leave_draft(folder:whole("planted"))
    shell("chmod 622 " .. path .. "/*.new")
    local value, err = store:get("id/1")
    assert.is_nil(value)
    assert.truthy(err.message:find(".new: other users can reach it", 1, true), err.message)
    assert.is_nil((store:put("id/1", "x")))
  end)

  it("leaves the draft and the temporary file of a running process alone", function()
    local other = file_store { path = path }
    assert.is_true(other:put("id/1", "old"))
    local slow = folder:rigged(function(_, name)
      if name ~= "directory:rename" then return end
      assert.equal("old", other:get("id/1"))
      assert.is_true(other:put("id/1", "meanwhile"))
      assert.is_true(file_store { path = path }:put("id/2", "another"))
      assert.equal("meanwhile", other:get("id/1"))
    end)
    assert.is_true(slow:put("id/1", "new"))
    assert.equal("new", other:get("id/1"))
    assert.equal("another", other:get("id/2"))
  end)

  it("deletes the temporary files of dead processes", function()
    local dir = assert(primitives.directory(path, true))
    local handle, name = dir:create()
    assert.is_true(file_store { path = path }:put("id/1", "value"))
    assert.equal(name .. "\n" .. folder.token:sub(2), folder:names())
    handle:close()
    dir:close()
    assert.is_true(file_store { path = path }:put("id/1", "value"))
    assert.equal(folder.token:sub(2), folder:names())
  end)

  it("returns an err or goes on when any step fails, and keeps a complete value", function()
    local good = file_store { path = path }
    local failures = 0
    for step = 1, 100 do
      assert.is_true(good:put("id/1", "old"))
      local before = folder.descriptors()
      local faulty, calls = folder:rigged(function(number, name)
        if number >= step then return false, "no luck at " .. name end
      end)
      local ok, err = faulty:put("id/1", "new")
      assert.equal(before, folder.descriptors())
      if calls() < step then
        assert.is_true(ok)
        break
      end
      failures = failures + 1
      if ok then
        assert.equal("new", good:get("id/1"))
      else
        assert.equal("store", err.kind)
        assert.truthy(err.message:find("no luck at", 1, true), err.message)
        -- When the draft could not be deleted either, the next get finishes it.
        local value = good:get("id/1")
        assert.truthy(value == "old" or value == "new", value)
      end
    end
    assert.truthy(failures >= 5)
  end)

  it("writes another file after a failed fsync instead of repeating it", function()
    local steps = {}
    local failed
    local store = folder:rigged(function(_, name)
      steps[#steps + 1] = name
      if name == "file:sync" and not failed then
        failed = true
        return false, "the disk is ill"
      end
    end)
    assert.is_true(store:put("id/1", "new"))
    local text = table.concat(steps, " ")
    assert.truthy(text:find("directory:claim file:write file:sync directory:unlink " ..
      "directory:claim file:write file:sync directory:rename directory:sync", 1, true), text)
    assert.equal("new", store:get("id/1"))
    assert.equal(folder.token:sub(2), folder:names())
  end)

  it("has every value for which put returned true, complete, after kill -9", function()
    local script = folder.folder .. "/writer.lua"
    write(script, ([[
      local store = require "lofty.store.file" { path = %q }
      for number = 1, 1e9 do
        assert(store:put("id/1", ("%%d "):format(number):rep(500)))
        io.stdout:write(number, "\n")
        io.stdout:flush()
      end
    ]]):format(path))
    local store = file_store { path = path }
    local lua = child.preloaded_lua
    for round = 1, 8 do
      shell("rm -f " .. quote(path) .. "/*")
      local said = shell(("%s %s >%s/said 2>&1 & pid=$!; n=0; until [ -s %s/said ] || [ $n = 500 ]; do n=$((n + 1)); sleep "
        .. "0.0%d; done; kill -9 $pid; wait $pid 2>/dev/null; tail -n 1 %s/said"):format(lua, script, folder.folder, folder.folder,
        round, folder.folder))
      shell("rm " .. folder.folder .. "/said")
      local value = assert(store:get("id/1"))
      local number = tonumber(value:match("^(%d+) "))
      assert.equal(("%d "):format(number):rep(500), value)
      assert.truthy(tonumber(said) == number or tonumber(said) == number - 1, said .. " and " .. number)
    end
  end)
end)
