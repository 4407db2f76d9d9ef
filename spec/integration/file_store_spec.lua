-- SPDX-License-Identifier: MIT

-- What the file store promises beyond the contract: privacy, names, and the primitives that it is made of.

local child = require "spec.support.child"
local file_store = require "lofty.store.file"
local nginx = require "lofty.sandbox.nginx"
local primitives = require "lofty.file"
local store_folder = require "spec.support.store_folder"

local shell, quote, contents, write = nginx.shell, nginx.quote, nginx.contents, nginx.write

describe("file store", function()
  local folder, path

  setup(function() folder = store_folder.new() end)
  teardown(function() folder:remove() end)
  before_each(function() path = folder:next() end)

  local function mode(name) return shell("stat -c %a " .. quote(name)) end

  describe("privacy", function()
    it("creates the directory and its files for their owner alone", function()
      local store = file_store { path = path }
      assert.is_nil(store:get("id/1"))
      assert.equal("1", shell("test -e " .. quote(path) .. "; echo $?"), "reading creates nothing")
      assert.is_true(store:put("id/1", "secret"))
      assert.is_true(store:try_lock("id/1", "owner", 60))
      assert.equal("700", mode(path))
      assert.equal("600", mode(path .. folder.token))
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
      { "a file that others can read", "chmod 604 ." .. folder.token, true },
      { "a file that the group can write", "chmod 620 ." .. folder.token, true },
      { "a link in a file's place", "mv ." .. folder.token .. " aside && ln -s aside ." .. folder.token, true },
      { "a directory in a file's place", "rm ." .. folder.token .. " && mkdir ." .. folder.token, true },
      { "a FIFO in a file's place", "rm ." .. folder.token .. " && mkfifo -m 600 ." .. folder.token, true },
    } do
      it("refuses to read " .. case[1], function()
        local store = file_store { path = path }
        assert.is_true(store:put("id/1", "secret"))
        shell("cd " .. quote(path) .. " && " .. case[2])
        local before = folder.descriptors()
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
        assert.equal(before, folder.descriptors())
      end)
    end

    it("names the mode and the command that corrects it", function()
      local store = file_store { path = path }
      assert.is_true(store:put("id/1", "secret"))
      shell("chmod 644 " .. quote(path .. folder.token))
      local _, err = store:get("id/1")
      assert.equal("file store: " .. path .. folder.token .. ": other users can reach it (mode 0644): run chmod -R go= '"
        .. path .. "' (store)", tostring(err))
    end)

    -- With fsGroup the kubelet gives every file and directory of a volume to a group, readable and writable.
    it("names the command that undoes the modes of Kubernetes' fsGroup", function()
      local quote_path = folder.folder .. "/it's " .. folder.count
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
      shell("chown 65534 " .. quote(path .. folder.token))
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
      assert.equal("1", shell("test -e " .. quote(folder.folder .. "/made") .. "; echo $?"))
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

  it("gives an err where ulimit -f allows no larger file, and keeps the old value", function()
    assert.is_true(file_store { path = path }:put("id/1", "old"))
    local printed = child.run(([[
      local store = require "lofty.store.file" { path = %q }
      local ok, err = store:put("id/1", ("x"):rep(5000))
      io.stdout:write(tostring(ok), " ", tostring(err), " ", store:get("id/1"))
    ]]):format(path), "sh -c 'ulimit -f 1; exec \"$@\"' sh")
    assert.matches("^nil file store: .*File too large.* old$", printed)
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

  it("reports a damaged file", function()
    local store = file_store { path = path }
    assert.is_true(store:put("id/1", "value"))
    local text = contents(path .. folder.token)
    for _, damaged in ipairs { "", "value", text:sub(1, -2), text .. "x", (text:gsub("value$", "valuf")) } do
      write(path .. folder.token, damaged)
      local value, err = store:get("id/1")
      assert.is_nil(value)
      assert.truthy(err.message:find("damaged", 1, true), err.message)
    end
    assert.is_true(store:put("id/1", "mended"))
    assert.equal("mended", store:get("id/1"))
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
      local before = folder.descriptors()
      collectgarbage "stop"
      for _ = 1, 5 do
        assert.is_false(dir:claim("busy"))
        assert.equal("mode", select(3, dir:claim("open")))
        assert.equal("mode", select(3, dir:open("open", "read")))
        assert.equal("mode", select(3, primitives.directory(path .. "/shared")))
      end
      local after = folder.open_descriptors()
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
