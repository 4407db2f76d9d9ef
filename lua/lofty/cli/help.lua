--- `lofty help`: the overview, and topics.
-- @module lofty.cli.help

local exit_codes = require "lofty.cli.exit_codes"
local parts = require "lofty.cli.parts"

local help = { summary = "explain a topic" }

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
    "  lofty leads list stage=\"New Lead\" limit=50\n",
    "  lofty notes create leadId=651095960136641 content=\"called back\"\n\n",
    "Resources: ", table.concat(resources(), ", "), "\n\n",
    "lofty COMMAND --help explains one; lofty help exit-codes lists the exit codes.\n")
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
  ["exit-codes"] = [[
0   success
1   a failure of this program or machine (files, stores)
2   wrong arguments, or a request that Lofty calls wrong
3   not logged in, or the credential is not accepted
4   there is no such record
5   the rate limit (with --no-wait at once)
6   no connection, no trust, no time left
7   Lofty failed
8   a write was sent and nothing tells whether it was done
9   needs --yes, or the answer at the prompt was no
10  some of several items failed
130 interrupted
]],
}

function help.define(parser)
  parser:argument("topic", "what to explain"):args "?"
end

function help.run(args, context)
  local topic = args.topic
  if not topic then return help.overview(context.streams) end
  local text = help.topics[topic]
  if not text then
    local names = {}
    for name in pairs(help.topics) do names[#names + 1] = name end
    table.sort(names)
    return context:fail("there is no topic " .. topic .. "; topics: " .. table.concat(names, ", "), exit_codes.usage)
  end
  context.streams.out:write(text)
  return exit_codes.ok
end

return help
