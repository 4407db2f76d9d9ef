-- SPDX-License-Identifier: MIT

local new = require "lofty.cli.parser"
local usage = require "lofty.cli.usage"

-- A parser of an export, and one with commands.
local function export()
  local parser = new("lofty export", "write records")
  parser:argument("kind", "what is written", { choices = { "leads", "calls" } })
  parser:argument("words", "a filter", { args = "*" })
  parser:flag("-q --quiet", "print no progress")
  parser:flag("--dry-run", "write nothing")
  parser:option("-f --fields", "the columns", { argname = "FIELDS" })
  parser:option("--map", "a column's field", { argname = "COLUMN=FIELD", is_repeated = true })
  parser:option("--count", "how many", { argname = "N", default = "1", convert = tonumber })
  parser:flag("--candidates", "for the shell", { is_hidden = true })
  return parser
end

local function auth()
  local parser = new("lofty auth", "log in and out")
  parser:option("--account", "the account")
  local login = parser:command("login", "log in")
  login:argument("url", "the server")
  login:argument("lists", "some lists", { args = "+" })
  login:option("--key", "the key", { is_required = true })
  login.note = function() return "Fields:\n  a" end
  parser:command("status", "who is logged in"):argument("topic", "a topic", { args = "?" })
  return parser
end

local function read(parser, line)
  local words = {}
  for word in line:gmatch "%S+" do words[#words + 1] = word end
  return parser:parse(words)
end

describe("the parser of the command line", function()
  local reads = {
    { "arguments by their place", "leads a=b c", { kind = "leads", words = { "a=b", "c" } } },
    { "flags, short and long", "-q leads --dry-run", { kind = "leads", quiet = true, dry_run = true } },
    { "a value after its option", "leads --fields a", { kind = "leads", fields = "a" } },
    { "a value after =, which may contain another", "leads --fields=a=b", { kind = "leads", fields = "a=b" } },
    { "an empty value after =", "leads --fields=", { kind = "leads", fields = "" } },
    { "a value joined to a letter, and joined letters", "leads -qfa,b", { kind = "leads", quiet = true, fields = "a,b" } },
    { "the last of an option that is repeated", "leads -f a -f b", { kind = "leads", fields = "b" } },
    { "a list of an option that may be repeated", "leads --map a=b --map=c", { kind = "leads", map = { "a=b", "c" } } },
    { "words after -- as they are", "leads -- --fields -q", { kind = "leads", words = { "--fields", "-q" } } },
    { "a single - as a word", "leads -", { kind = "leads", words = { "-" } } },
    { "a converted value", "leads --count 7", { kind = "leads", count = 7 } },
  }
  for _, case in ipairs(reads) do
    it("reads " .. case[1], function()
      local expected = case[3]
      expected.words, expected.map, expected.count = expected.words or {}, expected.map or {}, expected.count or 1
      assert.same(expected, (assert(read(export(), case[2]))))
    end)
  end

  it("reads a command with its own options, between those of all commands", function()
    assert.same({ account = "7", command = "login", url = "u", lists = { "a", "b" }, key = "k" },
      (assert(read(auth(), "--account 7 login u --key k a b"))))
    assert.same({ command = "status" }, (assert(read(auth(), "status"))))
    assert.same({ command = "status", topic = "t", account = "7" }, (assert(read(auth(), "status t --account 7"))))
  end)

  local refusals = {
    { "an unknown option", export, "leads --feilds x", "unknown option '--feilds', did you mean \"--fields\"?" },
    { "an option of another command", auth, "status --key k", "unknown option '--key'" },
    { "an unknown letter", export, "leads -qx", "unknown option '-x', did you mean \"-f\"?" },
    { "a value of a flag", export, "leads --quiet=1", "option '--quiet' does not take arguments" },
    { "an option without its value at the end", export, "leads -f", "option '-f' requires an argument" },
    { "an option without its value before another", export, "leads -f -q", "option '-f' requires an argument" },
    { "an option without its value before --", export, "leads -f -- a", "option '-f' requires an argument" },
    { "a value that cannot be converted", export, "leads --count x", "malformed argument 'x'" },
    { "a word that is no choice", export, "tasks", "argument 'kind' must be one of 'leads', 'calls'" },
    { "a missing argument", export, "-q", "missing argument 'kind'" },
    { "an empty list that must not be empty", auth, "login u --key k", "missing argument 'lists'" },
    { "a missing option", auth, "login u a", "missing option '--key'" },
    { "a missing command", auth, "--account 7", "a command is required" },
    { "an unknown command", auth, "logn", "unknown command 'logn', did you mean \"login\"?" },
    { "too many words", auth, "status a b", "too many arguments" },
  }
  for _, case in ipairs(refusals) do
    it("refuses " .. case[1], function()
      local values, problem = read(case[2](), case[3])
      assert.is_nil(values)
      assert.equal(case[4], problem)
    end)
  end
end)

describe("the help of a parser", function()
  it("shows the usage, the arguments and the options that are not hidden", function()
    assert.equal([[
Usage: lofty export [-h] [-q] [--dry-run] [-f FIELDS]
       [--map COLUMN=FIELD] [--count N] {leads,calls} [<words>] ...

write records

Arguments:
   {leads,calls}         what is written
   words                 a filter

Options:
   -h, --help            show this help
   -q, --quiet           print no progress
   --dry-run             write nothing
         -f FIELDS,      the columns
   --fields FIELDS
   --map COLUMN=FIELD    a column's field
   --count N             how many (default: 1)]], usage(export()))
  end)

  it("shows the commands", function()
    assert.equal([[
Usage: lofty auth [-h] [--account <account>] <command> ...

log in and out

Options:
   -h, --help            show this help
   --account <account>   the account

Commands:
   login                 log in
   status                who is logged in]], usage(auth()))
  end)

  it("shows a command, and ends with its note", function()
    assert.equal([[
Usage: lofty auth login [-h] --key <key> <url> <lists> [<lists>] ...

log in

Arguments:
   url                   the server
   lists                 some lists

Options:
   -h, --help            show this help
   --key <key>           the key

Fields:
  a]], usage(auth().commands[1]))
  end)

  it("puts what an option with a long name is about below it", function()
    local parser = new("lofty x", "about")
    parser:option("--a-name-of-an-option", "about it", { argname = "VALUE" })
    assert.truthy(usage(parser):find("\n   --a-name-of-an-option VALUE\n" .. (" "):rep(25) .. "about it", 1, true))
  end)
end)
