-- SPDX-License-Identifier: MIT

-- What the file store promises beyond the contract: privacy, crashes at any step, locks that end with their holder.

local file_store = require "lofty.store.file"
local child = require "spec.support.child"
local nginx = require "lofty.sandbox.nginx"

local shell, quote, contents, write = nginx.shell, nginx.quote, nginx.contents, nginx.write

describe("file store", function()
  local folder, path, primitives

  setup(function()
    folder = shell('mktemp -d "${TMPDIR:-/tmp}/lofty-file.XXXXXX"')
    primitives = require "lofty.file"
  end)

  teardown(function() shell("rm -rf " .. quote(folder)) end)

  local count = 0
  before_each(function()
    count = count + 1
    path = folder .. "/" .. count
  end)

  local function mode(name) return shell("stat -c %a " .. quote(name)) end
  local function names() return shell("ls -A " .. quote(path)) end
  local TOKEN = "/lofty%3Aid%2F1.token"

  -- How many descriptors this process has open.
  local function open_descriptors()
    local dir = assert(primitives.directory("/proc/self/fd"))
    local list = dir:list()
    dir:close()
    return #list
  end

  -- The same, without those that only garbage has open.
  local function descriptors()
    collectgarbage()
    collectgarbage()
    return open_descriptors()
  end

  describe("privacy", function()
    it("creates the directory and its files for their owner alone", function()
      local store = file_store { path = path }
      assert.is_nil(store:get("id/1"))
      assert.equal("1", shell("test -e " .. quote(path) .. "; echo $?"), "reading creates nothing")
      assert.is_true(store:put("id/1", "secret"))
      assert.is_true(store:try_lock("id/1", "owner", 60))
      assert.equal("700", mode(path))
      assert.equal("600", mode(path .. TOKEN))
      assert.equal("600", mode(path .. "/lofty%3Aid%2F1.lock"))
    end)

    it("does not create the directory's parents", function()
      local ok, err = file_store { path = path .. "/a/b" }:put("k", "v")
      assert.is_nil(ok)
      assert.equal("store", err.kind)
      assert.truthy(err.message:find(path .. "/a/b: cannot be created", 1, true), err.message)
    end)

    for _, case in ipairs {
      { "a directory that others can enter", "chmod 711 ." },
      { "a directory that the group can read", "chmod 740 ." },
      { "a file that others can read", "chmod 604 ." .. TOKEN, true },
      { "a file that the group can write", "chmod 620 ." .. TOKEN, true },
      { "a link in a file's place", "mv ." .. TOKEN .. " aside && ln -s aside ." .. TOKEN, true },
      { "a directory in a file's place", "rm ." .. TOKEN .. " && mkdir ." .. TOKEN, true },
      { "a FIFO in a file's place", "rm ." .. TOKEN .. " && mkfifo -m 600 ." .. TOKEN, true },
    } do
      it("refuses to read " .. case[1], function()
        local store = file_store { path = path }
        assert.is_true(store:put("id/1", "secret"))
        shell("cd " .. quote(path) .. " && " .. case[2])
        local before = descriptors()
        local value, err = store:get("id/1", true)
        assert.is_nil(value)
        assert.equal("store", err.kind)
        assert.truthy(err.message:find(path, 1, true), err.message)
        if not case[3] then
          assert.is_nil((store:put("id/1", "new")))
          assert.is_nil((store:keys()))
          assert.is_nil((store:delete("id/1")))
          assert.is_nil((store:try_lock("id/1", "owner", 60)))
        end
        assert.equal(before, descriptors())
      end)
    end

    it("names the mode and the command that corrects it", function()
      local store = file_store { path = path }
      assert.is_true(store:put("id/1", "secret"))
      shell("chmod 644 " .. quote(path .. TOKEN))
      local _, err = store:get("id/1")
      assert.equal("file store: " .. path .. TOKEN .. ": other users can reach it (mode 0644): run chmod -R go= '"
        .. path .. "' (store)", tostring(err))
    end)

    -- With fsGroup the kubelet gives every file and directory of a volume to a group, readable and writable.
    it("names the command that undoes the modes of Kubernetes' fsGroup", function()
      local quote_path = folder .. "/it's " .. count
      local store = file_store { path = quote_path }
      assert.is_true(store:put("id/1", "secret"))
      shell("chmod -R g+rwX,g+s " .. quote(quote_path))
      local value, err = store:get("id/1")
      assert.is_nil(value)
      assert.truthy(err.message:find("(mode 2770)", 1, true), err.message)
      shell(err.message:match("run (chmod .*); in Kubernetes"))
      assert.equal("secret", store:get("id/1"))
    end)

    it("refuses what belongs to another user", function()
      if shell("id -u") ~= "0" then return pending("only root can give a file away") end
      local store = file_store { path = path }
      assert.is_true(store:put("id/1", "secret"))
      shell("chown 65534 " .. quote(path .. TOKEN))
      local value, err = store:get("id/1")
      assert.is_nil(value)
      assert.truthy(err.message:find("belongs to user 65534", 1, true), err.message)
      shell("chown 65534 " .. quote(path))
      value, err = store:keys()
      assert.is_nil(value)
      assert.truthy(err.message:find(path .. ": it belongs to user 65534", 1, true), err.message)
    end)

    it("does not lock through a symbolic link, nor create its target", function()
      local store = file_store { path = path }
      assert.is_true(store:put("id/1", "secret"))
      shell("cd " .. quote(path) .. " && ln -s ../made 'lofty%3Aid%2F1.lock'")
      assert.is_nil((store:try_lock("id/1", "owner", 60)))
      assert.equal("1", shell("test -e " .. quote(folder .. "/made") .. "; echo $?"))
    end)
  end)

  it("refuses a key whose file name would be too long", function()
    local store = file_store { path = path }
    for _, method in ipairs { "get", "delete", "unlock", "try_lock" } do
      local value, err = store[method](store, ("/"):rep(90), "owner", 60)
      assert.is_nil(value)
      assert.truthy(err.message:find("255 is the limit", 1, true), err.message)
    end
    assert.is_nil((store:put(("k"):rep(300), "v")))
    assert.is_true(store:put(("k"):rep(200), "v"))
  end)

  it("refuses a value that is too long to be a token, and keeps the old one", function()
    local store = file_store { path = path }
    assert.is_true(store:put("k", "old"))
    local ok, err = store:put("k", ("x"):rep(1024 * 1024 + 1))
    assert.is_nil(ok)
    assert.equal("store", err.kind)
    assert.equal("old", store:get("k"))
  end)

  it("keeps two prefixes apart in one directory, and ignores other files", function()
    local one = file_store { path = path, prefix = "one:" }
    local two = file_store { path = path, prefix = "two:" }
    assert.is_true(one:put("k", "1"))
    assert.is_true(two:put("k", "2"))
    for _, name in ipairs { "notes.txt", "one%3a.token", "one:x.token", "one%3A%zz.token", "one%3A.token" } do
      write(path .. "/" .. name, "x")
    end
    assert.same({ "k" }, one:keys())
    assert.same({ "k" }, two:keys())
    assert.equal("1", one:get("k"))
  end)

  it("raises for invalid options", function()
    for _, opt in ipairs { {}, { path = "" }, { path = 5 }, { path = "a\0b" }, { path = "p", paht = 1 } } do
      assert.has_error(function() file_store(opt) end)
    end
  end)

  -- A store whose primitives count their calls, so that the nth can fail or end the process.
  local function rigged(fault)
    local calls = 0
    local function wrap(handle, kind)
      if type(handle) ~= "userdata" then return handle end
      return setmetatable({}, { __index = function(_, name)
        return function(_, ...)
          if name ~= "close" then
            calls = calls + 1
            local result, why = fault(calls, kind .. ":" .. name)
            if result == false then return nil, why, "failed" end
          end
          local first, second, third = handle[name](handle, ...)
          return wrap(first, "file"), second, third
        end
      end })
    end
    local rig = setmetatable({
      directory = function(...)
        local dir, why, code = primitives.directory(...)
        return wrap(dir, "directory"), why, code
      end,
    }, { __index = primitives })
    local real, real_store = package.loaded["lofty.file"], package.loaded["lofty.store.file"]
    package.loaded["lofty.file"], package.loaded["lofty.store.file"] = rig, nil
    local store = require "lofty.store.file" { path = path }
    package.loaded["lofty.file"], package.loaded["lofty.store.file"] = real, real_store
    return store, function() return calls end
  end

  it("has the old value or the new one after a crash at any step, and the new one once it was written", function()
    local good = file_store { path = path }
    local steps, seen = 0, {}
    for step = 1, 100 do
      assert.is_true(good:put("id/1", "old"))
      local written = false
      local dies = rigged(function(calls, name)
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
      assert.equal(TOKEN:sub(2), names())
      if finished then break end
      steps = step
    end
    assert.truthy(steps >= 5, "steps: " .. steps)
    assert.truthy(seen.old and seen.new)
  end)

  -- The draft that a process leaves when it dies while it writes.
  local function leave_draft(text) write(path .. "/lofty%3Aid%2F1.new", text) shell("chmod 600 " .. path .. "/*.new") end
  local function whole(value)
    local other = file_store { path = path .. "-whole" }
    assert.is_true(other:put("id/1", value))
    return contents(path .. "-whole" .. TOKEN)
  end

  it("deletes a draft that was cut at any byte", function()
    local store = file_store { path = path }
    assert.is_true(store:put("id/1", "old"))
    local text = whole("new")
    for cut = 0, #text - 1 do
      leave_draft(text:sub(1, cut))
      assert.equal("old", store:get("id/1"), "cut after byte " .. cut)
      assert.equal(TOKEN:sub(2), names())
    end
    leave_draft(text)
    assert.equal("new", store:get("id/1"))
    assert.equal(TOKEN:sub(2), names())
  end)

  it("finishes the put of a dead process, also after a crash of its own at any step", function()
    local good = file_store { path = path }
    local text = whole("new")
    for step = 1, 100 do
      assert.is_true(good:put("id/1", "old"))
      leave_draft(text)
      local dies = rigged(function(calls)
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
    leave_draft(whole("new"))
    local ill = rigged(function(_, name)
      if name == "file:sync" then return false, "the disk is ill" end
    end)
    local value, err = ill:get("id/1")
    assert.is_nil(value)
    assert.truthy(err.message:find("the disk is ill", 1, true), err.message)
    assert.equal("new", good:get("id/1"))
  end)

  it("deletes a dead process's draft too", function()
    local store = file_store { path = path }
    local text = whole("new")
    for _, value in ipairs { "old", false } do
      if value then assert.is_true(store:put("id/1", value)) end
      leave_draft(text)
      assert.is_true(store:delete("id/1"))
      assert.is_nil((store:get("id/1")))
    end
  end)

  it("refuses a draft that other users can reach", function()
    local store = file_store { path = path }
    assert.is_true(store:put("id/1", "old"))
    leave_draft(whole("planted"))
    shell("chmod 622 " .. path .. "/*.new")
    local value, err = store:get("id/1")
    assert.is_nil(value)
    assert.truthy(err.message:find(".new: other users can reach it", 1, true), err.message)
    assert.is_nil((store:put("id/1", "x")))
  end)

  it("reports a damaged file", function()
    local store = file_store { path = path }
    assert.is_true(store:put("id/1", "value"))
    local text = contents(path .. TOKEN)
    for _, damaged in ipairs { "", "value", text:sub(1, -2), text .. "x", (text:gsub("value$", "valuf")) } do
      write(path .. TOKEN, damaged)
      local value, err = store:get("id/1")
      assert.is_nil(value)
      assert.truthy(err.message:find("damaged", 1, true), err.message)
    end
    assert.is_true(store:put("id/1", "mended"))
    assert.equal("mended", store:get("id/1"))
  end)

  it("leaves the draft and the temporary file of a running process alone", function()
    local other = file_store { path = path }
    assert.is_true(other:put("id/1", "old"))
    local slow = rigged(function(_, name)
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
      assert.equal(inode, shell("stat -c %i " .. quote(path .. TOKEN)))
      assert.truthy(tonumber(shell("stat -c %s " .. quote(path .. TOKEN))) < 64)
      assert.equal("1", shell("test -e " .. quote(path .. DRAFT) .. "; echo $?"))
    end)

    it("is deleted by unlock, by delete and at the lock's end when no put used it", function()
      local now = 0
      local store = file_store { path = path, now = function() return now end }
      local before = descriptors()
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
        assert.equal("lofty%3Aid%2F1.lock", names())
        assert.equal(before, descriptors())
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
      local store = rigged(function(_, name)
        if name == "file:allocate" then return false, "no space can be allocated: No space left on device" end
      end)
      assert.is_true(store:put("id/1", "old"))
      local ok, err = store:reserve("id/1", 100)
      assert.is_nil(ok)
      assert.truthy(err.message:find("No space left on device", 1, true), err.message)
      assert.equal("old", store:get("id/1"))
      assert.equal(TOKEN:sub(2), names())
    end)

    it("finishes the work of a dead process first", function()
      local store = file_store { path = path }
      assert.is_true(store:put("id/1", "old"))
      leave_draft(whole("new"))
      assert.is_true(store:reserve("id/1", 100))
      assert.equal("new", store:get("id/1"))
    end)

    it("takes another file where a process without the lock writes the draft", function()
      local other = file_store { path = path }
      local slow = rigged(function(_, name)
        if name ~= "directory:rename" then return end
        assert.is_true(other:reserve("id/1", 100))
        assert.is_true(other:put("id/1", "reserved"))
      end)
      assert.is_true(slow:put("id/1", "late"))
      assert.equal("late", other:get("id/1"))
      assert.equal(TOKEN:sub(2), names())
    end)

    it("survives a crash at any step like any other write", function()
      local good = file_store { path = path }
      for step = 1, 100 do
        assert.is_true(good:put("id/1", "old"))
        local written = false
        local dies = rigged(function(calls, name)
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
        assert.equal(TOKEN:sub(2), names())
        if finished then
          assert.truthy(step > 8, "steps: " .. step)
          break
        end
      end
    end)

    it("is complete once written, before it is cut to its size", function()
      local store = file_store { path = path }
      assert.is_true(store:put("id/1", "old"))
      leave_draft(whole("new") .. ("\0"):rep(4000))
      assert.equal("new", store:get("id/1"))
      leave_draft(whole("newer") .. ("\0"):rep(4000) .. "x")
      assert.equal("new", store:get("id/1"))
    end)
  end)

  it("reports a missing directory that held tokens, instead of an absent token", function()
    local store = file_store { path = path }
    assert.is_nil((store:get("id/1")))
    assert.is_true(store:put("id/1", "value"))
    shell("mv " .. quote(path) .. " " .. quote(path .. "-away"))
    for _, call in ipairs {
      function() return store:get("id/1") end, function() return store:put("id/1", "x") end,
      function() return store:keys() end, function() return store:delete("id/1") end,
      function() return store:reserve("id/1", 10) end, function() return store:try_lock("id/2", "owner", 60) end,
    } do
      local value, err = call()
      assert.is_nil(value)
      assert.equal("store", err.kind)
      assert.truthy(err.message:find("held tokens and is missing now", 1, true), err.message)
    end
    shell("mv " .. quote(path .. "-away") .. " " .. quote(path))
    assert.equal("value", store:get("id/1"))
  end)

  it("deletes the temporary files of dead processes", function()
    local dir = assert(primitives.directory(path, true))
    local handle, name = dir:create()
    assert.is_true(file_store { path = path }:put("id/1", "value"))
    assert.equal(name .. "\n" .. TOKEN:sub(2), names())
    handle:close()
    dir:close()
    assert.is_true(file_store { path = path }:put("id/1", "value"))
    assert.equal(TOKEN:sub(2), names())
  end)

  it("returns an err or goes on when any step fails, and keeps a complete value", function()
    local good = file_store { path = path }
    local failures = 0
    for step = 1, 100 do
      assert.is_true(good:put("id/1", "old"))
      local before = descriptors()
      local faulty, calls = rigged(function(number, name)
        if number >= step then return false, "no luck at " .. name end
      end)
      local ok, err = faulty:put("id/1", "new")
      assert.equal(before, descriptors())
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
    local store = rigged(function(_, name)
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
    assert.equal(TOKEN:sub(2), names())
  end)

  it("has every value for which put returned true, complete, after kill -9", function()
    local script = folder .. "/writer.lua"
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
        .. "0.0%d; done; kill -9 $pid; wait $pid 2>/dev/null; tail -n 1 %s/said"):format(lua, script, folder, folder,
        round, folder))
      shell("rm " .. folder .. "/said")
      local value = assert(store:get("id/1"))
      local number = tonumber(value:match("^(%d+) "))
      assert.equal(("%d "):format(number):rep(500), value)
      assert.truthy(tonumber(said) == number or tonumber(said) == number - 1, said .. " and " .. number)
    end
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
      local script = folder .. "/holder" .. count .. ".lua"
      write(script, HOLDER:format(path, last or "io.read()"))
      local ready = folder .. "/ready" .. count
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
      shell(("mkfifo %s/fifo"):format(folder))
      local pipe = holder(('local kept = io.popen("echo up >%s/child; read -r x <%s/fifo", "w")'):format(folder, folder)
        .. "\n io.read()\n os.exit(0)")
      shell(("n=0; until [ -e %s/child ] || [ $n = 500 ]; do n=$((n + 1)); sleep 0.01; done"):format(folder))
      assert.is_false(store:try_lock("id/1", "owner", 60))
      pipe:write("end\n")
      pipe:close()
      assert.is_true(store:try_lock("id/1", "owner", 60))
      shell(("timeout 5 sh -c 'echo end >%s/fifo'"):format(folder)) -- and the child ends too
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
      local before = descriptors()
      for _ = 1, 3 do
        assert.is_true(store:try_lock("id/1", "one", 60))
        assert.is_false(store:try_lock("id/1", "two", 60))
        assert.is_false(other:try_lock("id/1", "three", 60))
        assert.is_true(store:unlock("id/1", "one"))
      end
      assert.equal(before, descriptors())
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

  describe("primitives", function()
    it("close more than once, and raise when used closed", function()
      local dir = assert(primitives.directory(path, true))
      local handle = assert(dir:open("f", "create"))
      assert.is_true(handle:close())
      assert.is_true(handle:close())
      assert.has_error(function() handle:read() end, "attempt to use a closed file")
      assert.is_true(dir:close())
      assert.is_true(dir:close())
      assert.has_error(function() dir:list() end, "attempt to use a closed directory")
    end)

    -- Left to the garbage collector, refused files could use up the descriptors of a process that retries.
    it("close a file that they refuse at once", function()
      local dir = assert(primitives.directory(path, true))
      local busy = assert(dir:open("busy", "create"))
      assert.is_true(busy:lock())
      shell("cd " .. quote(path) .. " && touch open && chmod 644 open && mkdir shared && chmod 755 shared")
      local before = descriptors()
      collectgarbage "stop"
      for _ = 1, 5 do
        assert.is_false(dir:claim("busy"))
        assert.equal("mode", select(3, dir:claim("open")))
        assert.equal("mode", select(3, dir:open("open", "read")))
        assert.equal("mode", select(3, primitives.directory(path .. "/shared")))
      end
      local after = open_descriptors()
      collectgarbage "restart"
      assert.equal(before, after)
      busy:close()
      dir:close()
    end)

    it("refuse names that lead out of the directory", function()
      local dir = assert(primitives.directory(path, true))
      for _, name in ipairs { "", ".", "..", "a/b", "/etc/passwd", "a\0b" } do
        assert.has_error(function() dir:open(name, "create") end)
        assert.has_error(function() dir:rename(name, "x") end)
        assert.has_error(function() dir:rename("x", name) end)
        assert.has_error(function() dir:unlink(name) end)
      end
      dir:close()
    end)
  end)
end)
