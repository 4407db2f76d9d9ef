-- SPDX-License-Identifier: MIT

-- Reservations and locks of the file store, among processes.

local child = require "spec.support.child"
local file_store = require "lofty.store.file"
local nginx = require "lofty.sandbox.nginx"
local store_folder = require "spec.support.store_folder"

local shell, quote, contents, write = nginx.shell, nginx.quote, nginx.contents, nginx.write

describe("file store", function()
  local folder, path

  setup(function() folder = store_folder.new() end)
  teardown(function() folder:remove() end)
  before_each(function() path = folder:next() end)

  describe("reservation", function()
    local DRAFT = "/lofty%3Aid%2F1.new"
    local function allocated(name) return tonumber(shell("stat -c '%b * %B' " .. quote(name) .. " | xargs expr")) end
    local function locked_store()
      local store = file_store { path = path }
      assert.is_true(store:put("id/1", "old"))
      assert.is_true(store:try_lock("id/1", "owner", 60))
      return store
    end

    it("allocates disk space before the value is written, and put uses it", function()
      local store = locked_store()
      assert.is_true(store:reserve("id/1", 8192))
      assert.truthy(allocated(path .. DRAFT) >= 8192)
      local inode = shell("stat -c %i " .. quote(path .. DRAFT))
      assert.equal("old", store:get("id/1", true))
      assert.equal("old", file_store { path = path }:get("id/1"))
      assert.same({ "id/1" }, store:keys())
      assert.is_true(store:put("id/1", "new"))
      assert.equal("new", store:get("id/1", true))
      assert.equal(inode, shell("stat -c %i " .. quote(path .. folder.token)))
      assert.truthy(tonumber(shell("stat -c %s " .. quote(path .. folder.token))) < 64)
      assert.equal("1", shell("test -e " .. quote(path .. DRAFT) .. "; echo $?"))
    end)

    it("is deleted by unlock, by delete and at the lock's end when no put used it", function()
      local now = 0
      local store = file_store { path = path, now = function() return now end }
      local before = folder.descriptors()
      for _, leave in ipairs {
        function() assert.is_true(store:unlock("id/1", "owner")) end,
        function() assert.is_true(store:delete("id/1")) assert.is_true(store:unlock("id/1", "owner")) end,
        function()
          now = now + 61
          assert.is_true(store:try_lock("id/1", "next", 60))
          assert.is_true(store:unlock("id/1", "next"))
        end,
      } do
        assert.is_true(store:try_lock("id/1", "owner", 60))
        assert.is_true(store:reserve("id/1", 100))
        assert.is_true(store:reserve("id/1", 200))
        leave()
        assert.equal("lofty%3Aid%2F1.lock", folder:names())
        assert.equal(before, folder.descriptors())
      end
    end)

    it("raises for a size that no value can have", function()
      local store = file_store { path = path }
      for _, bytes in ipairs { 0, -1, 0.5, 1024 * 1024 + 1, "x", 0 / 0, 1 / 0 } do
        assert.has_error(function() store:reserve("id/1", bytes) end)
      end
      assert.is_true(store:reserve("id/1", 1024 * 1024))
    end)

    it("fails when the disk is full, and the value stays", function()
      local store = folder:rigged(function(_, name)
        if name == "file:allocate" then return false, "no space can be allocated: No space left on device" end
      end)
      assert.is_true(store:put("id/1", "old"))
      local ok, err = store:reserve("id/1", 100)
      assert.is_nil(ok)
      assert.truthy(err.message:find("No space left on device", 1, true), err.message)
      assert.equal("old", store:get("id/1"))
      assert.equal(folder.token:sub(2), folder:names())
    end)

    it("finishes the work of a dead process first", function()
      local store = file_store { path = path }
      assert.is_true(store:put("id/1", "old"))
      folder:leave_draft(folder:whole("new"))
      assert.is_true(store:reserve("id/1", 100))
      assert.equal("new", store:get("id/1"))
    end)

    it("takes another file where a process without the lock writes the draft", function()
      local other = file_store { path = path }
      local slow = folder:rigged(function(_, name)
        if name ~= "directory:rename" then return end
        assert.is_true(other:reserve("id/1", 100))
        assert.is_true(other:put("id/1", "reserved"))
      end)
      assert.is_true(slow:put("id/1", "late"))
      assert.equal("late", other:get("id/1"))
      assert.equal(folder.token:sub(2), folder:names())
    end)

    it("survives a crash at any step like any other write", function()
      local good = file_store { path = path }
      for step = 1, 100 do
        assert.is_true(good:put("id/1", "old"))
        local written = false
        local dies = folder:rigged(function(calls, name)
          if calls == step then error("died") end
          written = written or name == "file:write"
        end)
        local finished = pcall(function()
          assert.is_true(dies:reserve("id/1", 5000))
          assert.is_true(dies:put("id/1", "new"))
        end)
        collectgarbage()
        collectgarbage()
        dies.reservations = {} -- closes its open file, as the kernel would
        collectgarbage()
        collectgarbage()
        assert.equal(written and "new" or "old", file_store { path = path }:get("id/1", true), "step " .. step)
        assert.equal(folder.token:sub(2), folder:names())
        if finished then
          assert.truthy(step > 8, "steps: " .. step)
          break
        end
      end
    end)

    it("is complete once written, before it is cut to its size", function()
      local store = file_store { path = path }
      assert.is_true(store:put("id/1", "old"))
      folder:leave_draft(folder:whole("new") .. ("\0"):rep(4000))
      assert.equal("new", store:get("id/1"))
      folder:leave_draft(folder:whole("newer") .. ("\0"):rep(4000) .. "x")
      assert.equal("new", store:get("id/1"))
    end)
  end)

  describe("lock", function()
    local HOLDER = [[
      local store = require "lofty.store.file" { path = %q }
      assert(store:try_lock("id/1", "holder", 60))
      io.stdout:write("locked\n")
      io.stdout:flush()
      %s
    ]]

    -- A process that holds the lock; ends when its standard input does, or is killed.
    local function holder(last)
      local script = folder.folder .. "/holder" .. folder.count .. ".lua"
      write(script, HOLDER:format(path, last or "io.read()"))
      local ready = folder.folder .. "/ready" .. folder.count
      shell("mkfifo " .. quote(ready))
      local pipe = assert(io.popen(("echo $$ >%s.pid; exec %s %s >%s"):format(ready, child.lua, script, ready), "w"))
      local fifo = assert(io.open(ready))
      assert.equal("locked", fifo:read())
      fifo:close()
      return pipe, contents(ready .. ".pid"):match("%d+")
    end

    it("is held against other processes and ends with kill -9", function()
      local store = file_store { path = path }
      local pipe, pid = holder()
      assert.is_false(store:try_lock("id/1", "owner", 60))
      shell("kill -9 " .. pid)
      pipe:close()
      assert.is_true(store:try_lock("id/1", "owner", 60))
    end)

    it("ends with its holder although a child of the holder goes on", function()
      local store = file_store { path = path }
      shell(("mkfifo %s/fifo"):format(folder.folder))
      local pipe = holder(('local kept = io.popen("echo up >%s/child; read -r x <%s/fifo", "w")'):format(folder.folder, folder.folder)
        .. "\n io.read()\n os.exit(0)")
      shell(("n=0; until [ -e %s/child ] || [ $n = 500 ]; do n=$((n + 1)); sleep 0.01; done"):format(folder.folder))
      assert.is_false(store:try_lock("id/1", "owner", 60))
      pipe:write("end\n")
      pipe:close()
      assert.is_true(store:try_lock("id/1", "owner", 60))
      shell(("timeout 5 sh -c 'echo end >%s/fifo'"):format(folder.folder)) -- and the child ends too
    end)

    it("keeps its file when the token is replaced or deleted", function()
      local store = file_store { path = path }
      local function inode() return shell("stat -c %i " .. quote(path .. "/lofty%3Aid%2F1.lock")) end
      assert.is_true(store:try_lock("id/1", "one", 60))
      local before = inode()
      assert.is_true(store:put("id/1", "value"))
      assert.is_true(store:delete("id/1"))
      assert.is_true(store:unlock("id/1", "one"))
      assert.is_true(store:try_lock("id/1", "two", 60))
      assert.equal(before, inode())
    end)

    it("leaves no descriptor open, whether refused or freed", function()
      local store, other = file_store { path = path }, file_store { path = path }
      assert.is_true(store:put("id/1", "value"))
      local before = folder.descriptors()
      for _ = 1, 3 do
        assert.is_true(store:try_lock("id/1", "one", 60))
        assert.is_false(store:try_lock("id/1", "two", 60))
        assert.is_false(other:try_lock("id/1", "three", 60))
        assert.is_true(store:unlock("id/1", "one"))
      end
      assert.equal(before, folder.descriptors())
    end)
  end)

  -- fork() is called through LuaJIT's ffi, whatever Lua runs the specs.
  it("leaves locks and reservations to the parent in a forked child", function()
    if shell("command -v luajit") == "" then return pending("no luajit") end
    local said = child.run(([[
      local ffi = require "ffi"
      ffi.cdef "int fork(void); int waitpid(int, int *, int); void _exit(int);"
      local make = require "lofty.store.file"
      local store = make { path = %q }
      local function say(...)
        for _, value in ipairs { ... } do io.stdout:write(tostring(value), " ") end
        io.stdout:write("\n")
        io.stdout:flush()
      end
      assert(store:put("id/1", "old"))
      assert(store:try_lock("id/1", "parent", 60))
      assert(store:reserve("id/1", 100))
      local pid = ffi.C.fork()
      if pid == 0 then
        say("child", store:unlock("id/1", "parent"), store:try_lock("id/1", "child", 60), store:get("id/1"))
        say("child", store:try_lock("id/2", "child", 60), store:put("id/2", "two"), store:unlock("id/2", "child"))
        ffi.C._exit(0)
      end
      ffi.C.waitpid(pid, nil, 0)
      say("parent", make { path = %q }:try_lock("id/1", "other", 60), store:put("id/1", "new"),
        store:unlock("id/1", "parent"))
      say("parent", make { path = %q }:try_lock("id/1", "other", 60), store:get("id/1"), store:get("id/2"))
    ]]):format(path, path, path), nil, "luajit")
    assert.equal("child false false old \nchild true true true \nparent false true true \nparent true new two ", said)
  end)
end)
