-- SPDX-License-Identifier: MIT

--- `lofty completion SHELL`: the completion script of a shell. The script gets its candidates from this module.
-- @module lofty.cli.completion

local exit_codes = require "lofty.cli.exit_codes"

local completion = {}

--- The scripts, shell -> text.
completion.scripts = {
  bash = [==[
# bash completion for lofty. Bash splits words at "=" and ":"; they are joined again before lofty is asked.
_lofty() {
  local words=() count=0 joined=0 quoted=0 i word current prefix candidate
  for ((i = 1; i <= COMP_CWORD; i++)); do
    word=${COMP_WORDS[i]}
    if ((count > 0)) && [[ $joined == 1 || $word == [=:] ]]; then
      words[count - 1]+=$word
    else
      words[count]=$word
      count=$((count + 1))
    fi
    if [[ $word == [=:] ]]; then joined=1; else joined=0; fi
  done
  current=${words[count - 1]}
  prefix=
  if [[ $current == *=* ]]; then prefix=${current%%=*}=; fi
  if [[ ${current#"$prefix"} == [\"\']* ]]; then quoted=1; fi
  words[count - 1]=$prefix$(printf %s "${current#"$prefix"}" | tr -d "\"'\\\\")
  COMPREPLY=()
  while IFS= read -r candidate; do
    candidate=${candidate#"$prefix"}
    if [[ $quoted == 0 && $candidate != *= ]]; then candidate=$(printf %q "$candidate"); fi
    COMPREPLY+=("$candidate")
  done < <("$1" completion --candidates -- "${words[@]}" 2>/dev/null)
  if [[ ${#COMPREPLY[@]} == 1 && ${COMPREPLY[0]} == *= ]]; then compopt -o nospace; fi
}
complete -o default -F _lofty lofty
]==],
  zsh = [==[
#compdef lofty
# zsh completion for lofty.
_lofty() {
  local -a candidates open closed
  candidates=("${(@f)$("$words[1]" completion --candidates -- "${(@Q)words[2,CURRENT]}" 2>/dev/null)}")
  open=(${(M)candidates:#*=})
  closed=(${candidates:#*=})
  closed=(${closed:#})
  if (( $#open + $#closed == 0 )); then _files; return; fi
  (( $#open )) && compadd -S '' -- $open
  (( $#closed )) && compadd -- $closed
  return 0
}
if [[ $funcstack[1] == _lofty ]]; then _lofty "$@"; else compdef _lofty lofty; fi
]==],
  fish = [==[
# fish completion for lofty.
function __lofty_candidates
  set -l words (commandline -opc) (commandline -ct)
  $words[1] completion --candidates -- $words[2..-1] 2>/dev/null
end
complete -c lofty -f -a '(__lofty_candidates)'
]==],
}

function completion.define(parser)
  parser:argument("words", "bash, zsh or fish"):args "*"
  parser:flag("--candidates", "print the candidates for the last word"):hidden(true)
end

-- The options of a parser that are not hidden.
local function add_options(list, parser)
  for _, option in ipairs(parser._options) do
    if not option._hidden then
      for _, alias in ipairs(option._aliases) do list[#list + 1] = alias end
    end
  end
end

local function add_keys(list, map)
  for key in pairs(map) do list[#list + 1] = tostring(key) end
end

-- The values of a field, as NAME=VALUE.
local function add_values(list, shape, name)
  local of = shape.items or shape
  local known = of.enum or of.known or of.type == "boolean" and { "true", "false" } or {}
  for _, value in ipairs(known) do list[#list + 1] = name .. "=" .. tostring(value) end
end

-- Fields that are not among the words yet, or the values of the one that is being typed.
local function add_fields(list, op, words)
  local shape = op.query or op.body
  local fields = shape and shape.fields or {}
  local current = words[#words]
  local name = current:match "^([%w_]+)="
  if name then
    if fields[name] then add_values(list, fields[name], name) end
    return
  end
  local given = {}
  for _, word in ipairs(words) do given[word:match "^([%w_]+)=" or ""] = true end
  for field, each in pairs(fields) do
    if not given[field] and not each.readonly then list[#list + 1] = field .. "=" end
  end
end

local function add_commands(list)
  for _, part in ipairs(require "lofty.cli.parts") do list[#list + 1] = part[1] end
  add_keys(list, require("lofty.api.operations.index").names)
  list[#list + 1] = "--version"
end

-- The parser of the command that the words name, and of its verb or action if they name one.
local function parsers(words)
  local registry = require "lofty.cli.registry"
  local rest = {}
  -- Without the last word, which may be the beginning of several verbs.
  for i = 2, #words - 1 do rest[#rest + 1] = words[i] end
  local part, about = registry.part(words[1], rest)
  if not part then return nil end
  local parser = registry.parser(words[1], part, about)
  for _, command in ipairs(parser._commands) do
    if command._name == words[2] then return parser, command end
  end
  return parser
end

--- The candidates for the last of some words, sorted.
-- @tparam table context
-- @tparam {string,...} words after "lofty"
-- @treturn {string,...}
function completion.candidates(context, words)
  local list, current = {}, words[#words] or ""
  if words[#words - 1] == "--account" then
    list = require("lofty.cli.accounts").list(context.streams) or {}
  elseif #words <= 1 then
    add_commands(list)
  else
    local parser, command = parsers(words)
    if not parser then return {} end
    local verbs = require("lofty.api.operations.index").verbs(words[1])
    if #words == 2 and #parser._commands > 0 and current:sub(1, 1) ~= "-" then
      for _, each in ipairs(parser._commands) do list[#list + 1] = each._name end
    elseif current:sub(1, 1) == "-" then
      add_options(list, parser)
      if command then add_options(list, command) end
    elseif verbs and verbs[words[2]] then
      add_fields(list, verbs[words[2]], words)
    elseif words[1] == "help" then
      add_keys(list, require "lofty.cli.topics")
      add_commands(list)
    elseif words[1] == "completion" then
      add_keys(list, completion.scripts)
    elseif words[1] == "api" and #words == 2 then
      list = { "GET", "POST", "PUT", "DELETE" }
    end
  end
  local matching = {}
  for _, each in ipairs(list) do
    if each:sub(1, #current) == current then matching[#matching + 1] = each end
  end
  table.sort(matching)
  return matching
end

function completion.run(args, context)
  local out = context.streams.out
  if args.candidates then
    for _, each in ipairs(completion.candidates(context, args.words)) do out:write(each, "\n") end
    return exit_codes.ok
  end
  local script = completion.scripts[args.words[1] or ""]
  if not script then
    return context:fail("completion needs the name of a shell: bash, zsh or fish", exit_codes.usage)
  end
  out:write(script)
  return exit_codes.ok
end

return completion
