-- SPDX-License-Identifier: MIT

-- `lofty completion` in real shells, and the manual page.
local command = require "spec.support.command"
local nginx = require "lofty.sandbox.nginx"
local terminal = require "spec.support.terminal"

local quote = nginx.quote

command.describe("completion of the command", function()
  local root = nginx.shell "pwd"
  local folder

  setup(function()
    folder = nginx.shell "mktemp -d"
    nginx.shell("mkdir -p " .. folder .. "/bin && ln -s " .. quote(root .. "/bin/lofty") .. " " .. folder .. "/bin/lofty")
  end)
  teardown(function() nginx.shell("rm -rf " .. folder) end)

  -- The candidates for the last word.
  local function candidates(...)
    local code, out = command.run({ "completion", "--candidates", "--", ... }, { variables = { HOME = folder } })
    assert.equal(0, code)
    local list = {}
    for line in out:gmatch "[^\n]+" do list[#list + 1] = line end
    return list
  end

  it("offers commands and resources", function()
    assert.same({ "leads" }, candidates "lead")
    assert.same({ "api", "auth" }, (function()
      local list = {}
      for _, each in ipairs(candidates "a") do
        if each == "api" or each == "auth" then list[#list + 1] = each end
      end
      return list
    end)())
  end)

  it("offers verbs, fields, values, options and accounts", function()
    assert.same({ "delete" }, candidates("leads", "de"))
    assert.same({ "find" }, candidates("leads", "fi"))
    assert.same({ "login", "logout" }, candidates("auth", "log"))
    assert.same({ "stage=" }, candidates("leads", "list", "st"))
    assert.same({}, candidates("leads", "list", "stage=x", "st"))
    assert.same({ "transactionType=Lease", "transactionType=Listing" }, candidates("transactions", "list", "transactionType=L"))
    assert.same({ "contacted=true" }, candidates("leads", "list", "contacted=t"))
    assert.same({ "--json", "--jsonl" }, candidates("leads", "list", "--js"))
    assert.same({ "exit-codes" }, candidates("help", "exit"))
    assert.same({}, candidates("leads", "list", "--account", ""))
    assert.same({}, candidates("no such", "x"))
  end)

  it("offers every operation and every field of the table of operations", function()
    for resource, verbs in pairs(require "lofty.api.operations") do
      local offered = {}
      for _, verb in ipairs(candidates(resource, "")) do offered[verb] = true end
      for verb, op in pairs(verbs) do
        assert.truthy(offered[verb], resource .. " " .. verb)
        local shape = op.query or op.body
        local fields = {}
        for _, field in ipairs(candidates(resource, verb, "")) do fields[field] = true end
        for field, each in pairs(shape and shape.fields or {}) do
          assert.truthy(each.readonly or fields[field .. "="], resource .. " " .. verb .. " " .. field)
        end
      end
    end
  end)

  it("rejects an unknown shell", function()
    assert.equal(2, (command.run { "completion", "csh" }))
    assert.equal(2, (command.run { "completion" }))
  end)

  local function script_of(shell)
    local code, out = command.run { "completion", shell }
    assert.equal(0, code)
    local path = folder .. "/lofty." .. shell
    nginx.write(path, out)
    return path
  end

  local in_path = 'export PATH="$PWD/bin:$PATH"; '

  it("works in bash", function()
    if not command.has "bash" then
      pending "needs bash"
      return
    end
    local path = script_of "bash"
    -- Sets the variables that Bash sets, with words split at "=" as Bash does, and calls the function.
    local function complete(line, ...)
      local words = {}
      for i, word in ipairs { "lofty", ... } do words[i] = quote(word) end
      return nginx.shell(("cd %s && %s bash -c %s"):format(folder, in_path, quote(
        (". %s; COMP_LINE=%s; COMP_WORDS=(%s); COMP_CWORD=%d; compopt() { echo nospace; }; _lofty lofty; "
        .. "printf '%%s\\n' \"${COMPREPLY[@]}\""):format(path, quote(line), table.concat(words, " "), #words - 1))))
    end
    assert.equal("delete", complete("lofty leads de", "leads", "de"))
    assert.equal("nospace\nstage=", complete("lofty leads list st", "leads", "list", "st"))
    assert.equal("Lease\nListing", complete("", "transactions", "list", "transactionType", "=", "L"))
    assert.equal("Just\\ Looking", complete("", "leads", "create", "buyingTimeFrame", "=", "J"))
    assert.equal("Just Looking", complete("", "leads", "create", "buyingTimeFrame", "=", "\"J"))
  end)

  -- Presses Tab in a shell: what starts it, the pattern of its prompt, and the command that reads the script follow.
  local function it_works_interactively(shell, start, prompt, read)
    it("works in an interactive " .. shell, function()
      if not (command.has(shell) and command.has "tmux") then
        pending("needs " .. shell .. " and tmux")
        return
      end
      local path = script_of(shell)
      local window = terminal.start("cd " .. folder .. "; " .. in_path .. start, 120)
      finally(function() window:close() end)
      window:screen(prompt)
      window:keys("'" .. read .. path .. "; echo ready'", "Enter")
      window:screen "\nready"
      window:keys("'lofty transactions list transactionT'", "Tab")
      window:screen "transactionType="
      window:keys("P", "Tab")
      window:screen "transactionType=Purchase"
    end)
  end

  it_works_interactively("bash", "PS1='$ ' bash --noprofile --norc", "^%$", ". ")

  it("works in zsh", function()
    if not command.has "zsh" then
      pending "needs zsh"
      return
    end
    local path = script_of "zsh"
    local out = nginx.shell(("cd %s && %s zsh -f -c %s"):format(folder, in_path, quote(
      "compdef() { :; }; compadd() { print -r -- \"compadd $*\"; }; _files() { print files; }; . " .. path
      .. "; words=(lofty transactions list transactionType=L); CURRENT=4; _lofty; "
      .. "words=(lofty leads list st); _lofty; words=(lofty leads get 1); _lofty")))
    assert.equal("compadd -- transactionType=Lease transactionType=Listing\ncompadd -S  -- stage=\nfiles", out)
  end)

  it_works_interactively("zsh", "PS1='%# ' zsh -f", "^#", "autoload -U compinit; compinit -u -D; . ")

  it("works in fish", function()
    if not command.has "fish" then
      pending "needs fish"
      return
    end
    local path = script_of "fish"
    local function complete(line)
      return nginx.shell(("cd %s && %s HOME=%s fish --no-config -c %s"):format(folder, in_path, folder,
        quote("source " .. path .. "; complete --do-complete " .. quote(line))))
    end
    assert.equal("delete", complete "lofty leads de")
    assert.equal("transactionType=Lease\ntransactionType=Listing", complete "lofty transactions list transactionType=L")
  end)
end)

command.describe("the manual page of the command", function()
  local function page()
    local code, out = command.run { "help", "--man" }
    assert.equal(0, code)
    return out
  end

  it("contains every command, operation and topic", function()
    local text = page():gsub("\\%-", "-")
    for _, part in ipairs(require "lofty.cli.parts") do
      assert.truthy(text:find(".SS lofty " .. part[1] .. "\n", 1, true), part[1])
    end
    for resource, verbs in pairs(require "lofty.api.operations") do
      assert.truthy(text:find(".SS lofty " .. resource .. "\n", 1, true), resource)
      for verb in pairs(verbs) do assert.truthy(text:find("\n.B " .. verb .. "\\fR", 1, true), verb) end
    end
    for _, title in ipairs { "FIELDS", "OUTPUT", "ACCOUNTS", "ENVIRONMENT", "EXIT STATUS" } do
      assert.truthy(text:find("\n.SH " .. title .. "\n", 1, true), title)
    end
  end)

  it("renders without a warning", function()
    if not command.has "groff" then
      pending "needs groff"
      return
    end
    local file = nginx.shell "mktemp"
    finally(function() os.remove(file) end)
    nginx.write(file, page())
    assert.equal("", nginx.shell("groff -man -Tutf8 -wall -z " .. file .. " 2>&1"))
  end)
end)
