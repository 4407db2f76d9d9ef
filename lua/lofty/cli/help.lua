--- `lofty help`: the overview, topics, and the manual page.
-- @module lofty.cli.help

local exit_codes = require "lofty.cli.exit_codes"
local parts = require "lofty.cli.parts"

local help = {}

-- The resources of the API, sorted.
local function resources()
  local names = {}
  for name in pairs(require "lofty.api.operations") do names[#names + 1] = name end
  table.sort(names)
  return names
end

--- Prints all commands.
-- @tparam table streams
-- @treturn number exit code
function help.overview(streams)
  local out = streams.out
  out:write("lofty - the Lofty CRM from the command line\n\nUsage: lofty COMMAND ...\n\n")
  for _, part in ipairs(parts) do out:write(("  %-12s %s\n"):format(part[1], part[3])) end
  out:write("\nEvery operation of the API: lofty RESOURCE VERB [NAME=VALUE ...], such as\n",
    "  lofty leads find Sofía -f phones\n",
    "  lofty leads list stage=\"New Lead\" limit=50\n",
    "  lofty notes create leadId=651095960136641 content=\"called back\"\n\nResources:\n")
  local line = " "
  for _, name in ipairs(resources()) do
    if #line + #name > 78 then
      out:write(line, "\n")
      line = " "
    end
    line = line .. " " .. name
  end
  out:write(line, "\n\nlofty COMMAND --help explains one. Topics: lofty help ", table.concat(help.topic_names(), "|"),
    "\n")
  return exit_codes.ok
end

--- A hint at the command that was meant, or an empty text.
function help.suggest(name)
  local known = {}
  for _, part in ipairs(parts) do known[part[1]] = true end
  for _, resource in ipairs(resources()) do known[resource] = true end
  local meant = require("lofty.internal.suggest")(name, known)
  return meant and ", did you mean " .. meant .. "?" or ""
end

--- The topics, name -> text.
help.topics = {
  accounts = [[
The account that a command acts for is, in this order:

  --account ID       on the command line
  LOFTY_ACCOUNT      in the environment
  LOFTY_API_KEY or LOFTY_ACCESS_TOKEN, a credential of the environment
  .lofty             a file in this folder or one above, with a line account = ID
  the only account   that is logged in

There is no switch that changes it for all. Before a write the account is shown
on standard error. Credentials are kept unsealed in
$XDG_DATA_HOME/lofty/credentials (~/.local/share/lofty/credentials), in files
that their owner alone can read. No command takes a secret as an argument.
]],
  environment = [[
LOFTY_ACCOUNT        the account to act for
LOFTY_API_KEY        an API key, used instead of an account that is logged in
LOFTY_ACCESS_TOKEN   an OAuth access token, used likewise; nothing renews it
LOFTY_CLIENT_ID, LOFTY_CLIENT_SECRET, LOFTY_REDIRECT_URI
                     the application, for lofty auth login --oauth
LOFTY_OAUTH_SERVER   vendor or developer: which of Lofty's servers grants tokens
LOFTY_BASE_URL       another address than https://api.lofty.com
LOFTY_DEBUG          1: show each request on standard error, without secrets
PAGER                shows tables that are longer than the window
NO_COLOR             set: no bold type
XDG_DATA_HOME        credentials are kept below it
]],
  ["exit-codes"] = [[
0    success
1    a failure of this program or machine (files, stores)
2    wrong arguments, or a request that Lofty calls wrong
3    not logged in, or the credential is not accepted
4    there is no such record
5    the rate limit (with --no-wait at once)
6    no connection, no trust, no time left
7    Lofty failed
8    a write was sent and nothing tells whether it was done
9    needs --yes, or the answer at the prompt was no
10   some of several items failed
130  interrupted
141  the reader of the output ended
]],
  fields = [[
Values of the path come first, fields follow as NAME=VALUE:

  lofty leads update 651095960136641 stage=Hot tagsAdd=vip,portal

true and false are booleans; a list is written with commas, or as a JSON array;
an object as JSON; null is JSON's null. Ids keep all their digits. The whole
body can be read from a file: --input FILE, or --input - for standard input.
With lofty api, where no types are known, numbers, true, false, null and JSON
are sent as such, and quotes force text: zipCode='"02134"'.
]],
  output = [[
On a terminal records are shown as a table that fits the window; elsewhere the
response is written as JSON. Everything that is no result goes to standard
error.

  -f FIELDS        these fields alone, such as leadId,phones or address.city
  --json FIELDS    JSON with these fields, or with all
  --jsonl          one record a line
  --csv            comma-separated values (RFC 4180); lists with commas, objects
                   as JSON. A spreadsheet may round ids: import them as text.
  --all            the whole list, page by page
  --lua            the same call as a Lua script

A table longer than the window goes through PAGER. Control characters in
records are never written to a terminal. When the rate limit asks to wait, the
command waits once and says so; with --no-wait it ends with exit code 5.
]],
}

--- The names of the topics, sorted.
-- @treturn {string,...}
function help.topic_names()
  local names = {}
  for name in pairs(help.topics) do names[#names + 1] = name end
  table.sort(names)
  return names
end

function help.define(parser)
  parser:argument("topic", "a topic, a command or a resource"):args "?"
  parser:flag("--man", "print the manual page, for man(1)")
end

function help.run(args, context)
  local topic, out = args.topic, context.streams.out
  if args.man then
    out:write(require("lofty.cli.manual").page())
    return exit_codes.ok
  end
  if not topic then return help.overview(context.streams) end
  local text = help.topics[topic]
  if text then
    out:write(text)
    return exit_codes.ok
  end
  local main = require "lofty.cli.main"
  local part, about = main.part(topic, {})
  if part then
    out:write(main.parser(topic, part, about):get_help(), "\n")
    return exit_codes.ok
  end
  return context:fail("there is no topic " .. require("lofty.errors").sanitize(topic, 100) .. help.suggest(topic)
    .. "; topics: " .. table.concat(help.topic_names(), ", "), exit_codes.usage)
end

return help
