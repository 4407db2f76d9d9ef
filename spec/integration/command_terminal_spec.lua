-- SPDX-License-Identifier: MIT

-- The command as a process: in a pseudo-terminal (tmux), and in pipes.
local command = require "spec.support.command"
local nginx = require "lofty.sandbox.nginx"
local sandbox = require "lofty.sandbox"

local quote = nginx.quote

describe("the command in a terminal #once #command", function()
  if not pcall(require, "argparse") then
    pending "needs lua-argparse"
    return
  end
  if not command.has "lua5.4" then
    pending "needs lua5.4"
    return
  end

  local root = nginx.shell "pwd"
  local box, user, environment

  setup(function()
    box = sandbox.start { rate_limit = 10000 }
    user = command.user(box)
    user:log_in()
    environment = ("HOME=%s LOFTY_BASE_URL=%s LC_ALL=C.UTF-8 "):format(quote(user.home), box.url)
  end)
  teardown(function()
    user:close()
    box:stop()
  end)

  local function lofty(words)
    return "env -u LOFTY_API_KEY -u PAGER -u NO_COLOR " .. environment .. quote(root .. "/bin/lofty") .. " " .. words
  end

  -- What a shell prints, its exit status last.
  local function shell(line)
    return nginx.shell("(" .. line .. ") 2>&1; echo \"exit $?\"")
  end

  describe("of tmux", function()
    if not command.has "tmux" then
      pending "needs tmux"
      return
    end

    local tmux
    local servers = 0

    -- A server that is ending would take the next session with it: each test has one of its own.
    before_each(function()
      servers = servers + 1
      tmux = ("tmux -L lofty-%s-%d -f /dev/null "):format(user.home:match "[^.]+$", servers)
    end)
    after_each(function() nginx.shell(tmux .. "kill-server 2>/dev/null || true") end)

    local function start(words, columns)
      nginx.shell(("%snew-session -d -x %d -y 20 %s"):format(tmux, columns or 70,
        quote(lofty(words) .. "; echo \"exit $?\"; cat")))
    end

    local function keys(...)
      nginx.shell(tmux .. "send-keys " .. table.concat({ ... }, " "))
    end

    -- The screen, once it shows what is waited for.
    local function screen(pattern)
      local text
      for _ = 1, 600 do
        text = nginx.shell(tmux .. "capture-pane -p")
        if text:find(pattern) then return text end
        nginx.shell "sleep 0.05"
      end
      error("the screen does not show " .. pattern .. ":\n" .. text)
    end

    it("a table fits the window", function()
      start("leads list limit=3", 50)
      local text = screen "exit 0"
      local head = text:match "^[^\n]*"
      assert.truthy(head:find "^leadId +firstName")
      local _, rows = text:gsub("\n6510959601366", "")
      assert.equal(3, rows)
    end)

    it("a question is asked, and nothing is done after no", function()
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

    it("a key that is typed is not shown", function()
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
      local first = tonumber(screen("going on in %d+ s"):match "going on in (%d+) s")
      screen("going on in " .. first - 1 .. " s")
      keys "C-c"
      screen "exit 130"
    end)
  end)

  it("ends quietly when nobody reads its output", function()
    local out = nginx.shell("(" .. lofty "leads list --all --jsonl" .. " 2>&1 >&3 | cat) 3>&1 1>&2 | head -c 20 2>&1; true")
    assert.equal(20, #out)
    -- With SIGPIPE ignored, as some parents leave it, writing fails with EPIPE instead.
    local text = shell("trap '' PIPE; " .. lofty "leads list --all --jsonl" .. " | head -c 20 >/dev/null")
    assert.equal("exit 0", text)
  end)

  it("fails when its output cannot be written", function()
    local text = shell(lofty "leads list" .. " >/dev/full")
    assert.truthy(text:find("cannot write to standard output", 1, true), text)
    assert.truthy(text:find("exit 1", 1, true), text)
  end)

  it("writes nothing but the result to standard output", function()
    local text = nginx.shell(lofty "notes create leadId=651095960136641 content=x" .. " 2>/dev/null")
    assert.truthy(text:find '^{"noteId":%d+}$', text)
  end)

  it("pages with the program that PAGER names", function()
    if not command.has "script" then
      pending "needs script"
      return
    end
    local line = "PAGER=\"sed s/^/paged:/\" " .. lofty("leads list limit=40"):gsub("%-u PAGER ", "")
    local text = nginx.shell("script -qec " .. quote(line) .. " /dev/null </dev/null")
    local _, count = text:gsub("paged:", "")
    assert.equal(41, count)
  end)
end)
