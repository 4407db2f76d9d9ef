-- SPDX-License-Identifier: MIT

-- The command as a process, in pseudo-terminals (tmux, script) and in pipes.
local command = require "spec.support.command"
local nginx = require "lofty.sandbox.nginx"
local sandbox = require "lofty.sandbox"
local terminal = require "spec.support.terminal"

command.describe("the command in a terminal", function()
  if not command.has "lua5.4" then
    pending "needs lua5.4"
    return
  end

  local box, user

  setup(function()
    box = sandbox.start { rate_limit = 10000 }
    user = command.user(box)
    user:log_in()
  end)
  teardown(function()
    user:close()
    box:stop()
  end)

  local function lofty(words, assignments)
    return user:shell_words(words, assignments)
  end

  -- The output of a shell, and its exit status at the end.
  local function shell(line)
    return nginx.shell("(" .. line .. ") 2>&1; echo \"exit $?\"")
  end

  describe("of tmux", function()
    if not command.has "tmux" then
      pending "needs tmux"
      return
    end

    local window

    local function start(words, columns)
      window = terminal.start(lofty(words) .. "; echo \"exit $?\"; cat", columns)
    end
    after_each(function() window:close() end)

    local function screen(pattern) return window:screen(pattern) end
    local function keys(...) window:keys(...) end

    it("a table fits the window", function()
      start("leads list limit=3", 50)
      local text = screen "exit 0"
      local head = text:match "^[^\n]*"
      assert.truthy(head:find "^leadId +firstName")
      local _, rows = text:gsub("\n6510959601366", "")
      assert.equal(3, rows)
    end)

    it("a call that deletes is confirmed, and not sent after no", function()
      start "leads delete 651095960136641 reason=x"
      screen "%[y/N%]"
      keys("n", "Enter")
      assert.truthy(screen("exit 9"):find("nothing was done", 1, true))
    end)

    it("Ctrl-C ends a question at once", function()
      start "leads delete 651095960136641 reason=x"
      screen "%[y/N%]"
      keys "C-c"
      screen "exit 130"
    end)

    it("a typed API key is not shown", function()
      start "auth login"
      screen "API key:"
      keys("-l", "not-a-key")
      keys "Enter"
      local text = screen "exit 3"
      assert.is_nil(text:find("not-a-key", 1, true), text)
    end)

    it("a wait for the rate limit counts down", function()
      box:control("settings", { rate_limit = 3 })
      finally(function()
        box:control("settings", { rate_limit = 10000 })
        box:control "reset"
      end)
      start "leads list --all -f leadId"
      local first = tonumber(screen("continuing in %d+ s"):match "continuing in (%d+) s")
      screen("continuing in " .. first - 1 .. " s")
      keys "C-c"
      screen "exit 130"
    end)
  end)

  it("shows the progress of a long list, and removes it", function()
    if not command.has "script" then
      pending "needs script"
      return
    end
    local text = nginx.shell("script -qec " .. nginx.quote(lofty "leads list --all --csv -f leadId") .. " /dev/null </dev/null")
    assert.truthy(text:find("\27[K100 of 1250", 1, true), text)
    assert.truthy(text:find "1250 of 1250[^\r]*\r\27%[K$", text:sub(-100))
  end)

  it("shows a long table without a pager when PAGER cannot be started", function()
    if not command.has "script" then
      pending "needs script"
      return
    end
    for _, pager in ipairs { "lofty-no-such-pager", "/" } do
      local text = nginx.shell("script -qec "
        .. nginx.quote(lofty("leads list limit=50 -f leadId", "PAGER=" .. pager)) .. " /dev/null </dev/null")
      assert.truthy(text:find("651095960136984", 1, true), text)
    end
  end)

  it("ends an export with 141 and without a message when the reader of its output ends", function()
    for _, before in ipairs { "", "trap '' PIPE; " } do
      local said = user:file "said"
      local line = before .. "{ " .. lofty "export leads" .. " 2>&3; echo \"exit $?\" >&3; } 3>" .. said .. " | head -c 6"
      assert.equal("leadId", nginx.shell(line))
      assert.equal("exit 141\n", nginx.contents(said))
    end
  end)

  it("ends without a message when the reader of its output ends", function()
    local out = nginx.shell("(" .. lofty "leads list --all --jsonl" .. " 2>&1 >&3 | cat) 3>&1 1>&2 | head -c 20 2>&1; true")
    assert.equal(20, #out)
    -- With SIGPIPE ignored, as some parent processes leave it, writing fails with EPIPE instead.
    local text = shell("trap '' PIPE; " .. lofty "leads list --all --jsonl" .. " | head -c 20 >/dev/null")
    assert.equal("exit 0", text)
  end)

  it("fails when its output cannot be written", function()
    local text = shell(lofty "leads list" .. " >/dev/full")
    assert.truthy(text:find("cannot write to standard output", 1, true), text)
    assert.truthy(text:find("exit 1", 1, true), text)
  end)

  it("fails when standard output is closed, and works when standard input or standard error are", function()
    for _, words in ipairs { "leads list limit=1", "export leads" } do
      local text = nginx.shell("{ " .. lofty(words) .. " >&-; } 2>&1; echo \"exit $?\"")
      assert.truthy(text:find("cannot write to standard output: Bad file descriptor", 1, true), text)
      assert.truthy(text:find("exit 1", 1, true), text)
    end
    assert.equal('[{"leadId":651095960136641}]', nginx.shell(lofty "leads list limit=1 --json leadId" .. " <&- 2>&-"))
  end)

  it("writes only the result to standard output", function()
    local text = nginx.shell(lofty "notes create leadId=651095960136641 content=x" .. " 2>/dev/null")
    assert.truthy(text:find '^{"noteId":%d+}$', text)
  end)

  it("shows a long table with the program in PAGER", function()
    if not command.has "script" then
      pending "needs script"
      return
    end
    local line = lofty("leads list limit=40", "PAGER='sed s/^/paged:/'")
    local text = nginx.shell("script -qec " .. nginx.quote(line) .. " /dev/null </dev/null")
    local _, count = text:gsub("paged:", "")
    assert.equal(41, count)
  end)
end)
