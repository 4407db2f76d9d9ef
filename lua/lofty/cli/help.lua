-- SPDX-License-Identifier: MIT

--- `lofty help`: the overview, topics, and the manual page.
-- @module lofty.cli.help

local exit_codes = require "lofty.cli.exit_codes"
local parts = require "lofty.cli.parts"
local sorted_keys = require "lofty.cli.sorted_keys"
local topics = require "lofty.cli.topics"

local help = {}

-- The resources of the API, sorted.
local function resources() return sorted_keys(require("lofty.api.operations.index").names) end

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
  out:write(line, "\n\nlofty COMMAND --help shows the usage of a command, lofty help TOPIC explains a topic:\n  ",
    table.concat(help.topic_names(), " "), "\n")
  return exit_codes.ok
end

--- A hint at the command that a misspelt name may mean, or an empty text.
function help.suggest(name)
  local known = {}
  for _, part in ipairs(parts) do known[part[1]] = true end
  for _, resource in ipairs(resources()) do known[resource] = true end
  local meant = require("lofty.internal.suggest")(name, known)
  return meant and ", did you mean " .. meant .. "?" or ""
end

--- The names of the topics, sorted.
-- @treturn {string,...}
function help.topic_names() return sorted_keys(topics) end

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
  local text = topics[topic]
  if text then
    out:write(text)
    return exit_codes.ok
  end
  local registry = require "lofty.cli.registry"
  local part, about = registry.part(topic, {})
  if part then
    out:write(registry.parser(topic, part, about):get_help(), "\n")
    return exit_codes.ok
  end
  return context:fail("there is no topic " .. topic .. help.suggest(topic)
    .. "; topics: " .. table.concat(help.topic_names(), ", "), exit_codes.usage)
end

return help
