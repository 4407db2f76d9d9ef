-- SPDX-License-Identifier: MIT

--- Finds Lua patterns that do not match in linear time.
--
--     lua5.4 tools/check_patterns.lua [ROOT]
--
-- Lua's matcher backtracks. A pattern that is not anchored starts anew at each byte, so `text:match "%s+$"` needs n*n
-- steps for n spaces and a letter; and so does "^%s*(.-)%s*$", where one repetition can give bytes to another. On text
-- from outside that stops a process for seconds. Reads the patterns of lua/ and examples/ as text. Prints each of these
-- as "FILE:LINE: what is wrong" and exits with 1 when there is one that ALLOWED does not list:
--
-- * a pattern without "^" that has a repetition before its last item, or a %b. It may begin with a byte that no
--   repetition matches instead: then what two attempts look at does not overlap;
-- * a repetition after one that is not determined: what follows the first may begin with a byte of its set, so that the
--   matcher tries every length of it.
--
-- A repetition at the very end, or `.*` before the end, always succeeds and is never wrong.

local root = arg and arg[1] or "."
local shell = dofile((arg[0]:match("^.*/") or "") .. "shell.lua")

-- File -> pattern -> why its time is bounded. An entry that matches nothing is an error too.
local ALLOWED = dofile(root .. "/tools/check_patterns_allowed.lua")

-- The emulator and what starts it serve the user's own specs on loopback.
local SKIPPED = { "^lua/lofty/sandbox/", "^lua/lofty/sandbox%.lua$", "^examples/openresty/run%.lua$" }

local problems = 0
local function complain(file, line, text)
  problems = problems + 1
  io.stderr:write(("%s:%d: %s\n"):format(file, line, text))
end

-- --- patterns ----------------------------------------------------------------------------------------------------

-- The bytes that one item ("a", "%d", "[^/]", ".") matches, as a set.
local function set_of(item)
  local set = {}
  for c = 0, 255 do
    if string.char(c):find("^" .. item) then set[c] = true end
  end
  return set
end

local function intersects(a, b)
  for c in pairs(a) do
    if b[c] then return true end
  end
  return false
end

-- A pattern as a list of { text =, set =, times = "" | "*" | "+" | "-" | "?" }; `anchored`, `ended` ("$").
local function parse(pattern)
  local items, at = {}, 1
  local anchored = pattern:sub(1, 1) == "^"
  if anchored then at = 2 end
  local ended = false
  while at <= #pattern do
    local c = pattern:sub(at, at)
    if c == "(" or c == ")" then
      at = at + 1
    elseif c == "$" and at == #pattern then
      ended, at = true, at + 1
    else
      local item
      if c == "%" and pattern:sub(at + 1, at + 1) == "b" then
        items[#items + 1] = { text = "%b", balanced = true, times = "+", set = set_of "." }
        at = at + 4
      else
        if c == "%" and pattern:sub(at + 1, at + 1) == "f" then
          at = at + 2 -- a frontier consumes nothing
          local close = pattern:find("]", at + 2, true)
          at = close + 1
        else
          if c == "%" then
            item = pattern:sub(at, at + 1)
          elseif c == "[" then
            local close = at + 1
            if pattern:sub(close, close) == "^" then close = close + 1 end
            if pattern:sub(close, close) == "]" then close = close + 1 end
            while pattern:sub(close, close) ~= "]" do
              assert(close <= #pattern, "unfinished set")
              close = close + (pattern:sub(close, close) == "%" and 2 or 1)
            end
            item = pattern:sub(at, close)
          else
            item = c
          end
          at = at + #item
          local times = pattern:match("^[*+?-]", at) or ""
          at = at + #times
          items[#items + 1] = { text = item .. times, set = set_of(item), times = times }
        end
      end
    end
  end
  return items, anchored, ended
end

local function repeats(item) return item.times == "*" or item.times == "+" or item.times == "-" end

-- Whether the pattern cannot fail from item number `i` on: ".*", or a repetition at the end.
local function always_succeeds(items, i, ended)
  local item = items[i]
  if i ~= #items or item.balanced then return false end
  if item.times == "*" and (not ended or item.text == ".*") then return true end
  return item.times == "-" and not ended
end

-- Whether only one length of item `i` can match: what follows cannot begin with a byte of its set.
local function is_determined(items, i, ended)
  local set = items[i].set
  for k = i + 1, #items do
    if intersects(set, items[k].set) then return false end
    if items[k].times == "" or items[k].times == "+" then return true end
  end
  return ended or items[i].times ~= "-"
end

-- Whether the first item is a single byte that no repetition of the pattern matches.
local function begins_uniquely(items, ended)
  local first = items[1]
  if not first or first.times ~= "" then return false end
  for i, item in ipairs(items) do
    if repeats(item) and not always_succeeds(items, i, ended) and intersects(item.set, first.set) then return false end
  end
  return true
end

-- What is wrong with a pattern, or nil.
local function problem_of(pattern)
  local items, anchored, ended = parse(pattern)
  anchored = anchored or begins_uniquely(items, ended)
  for i, item in ipairs(items) do
    if item.balanced and not anchored then return "%b without ^" end
    if repeats(item) then
      local last = i == #items
      if not anchored and not (last and not ended) and not always_succeeds(items, i, ended) then
        return "a repetition without ^ before it and something after it that can fail"
      end
      if anchored and not is_determined(items, i, ended) then
        for k = i + 1, #items do
          if repeats(items[k]) and not always_succeeds(items, k, ended) then
            return "the repetitions " .. item.text .. " and " .. items[k].text .. " can share bytes"
          end
        end
      end
    end
  end
  return nil
end

-- --- finding patterns in source files -------------------------------------------------------------------------------

local FUNCTIONS = { find = true, match = true, gmatch = true, gsub = true }

-- The tokens of a file: { kind = "name" | "string" | "other", text =, line = }.
local function tokens_of(source)
  local tokens, at, line = {}, 1, 1
  local function add(kind, text) tokens[#tokens + 1] = { kind = kind, text = text, line = line } end
  while at <= #source do
    local blank = source:match("^%s+", at)
    local long = source:match("^%-%-%[(=*)%[", at)
    local text = source:match("^%[(=*)%[", at)
    if blank then
      line, at = line + select(2, blank:gsub("\n", "")), at + #blank
    elseif long or text then
      local _, last = source:find("]" .. (long or text) .. "]", at, true)
      local whole = source:sub(at, last)
      if text then add("string", whole:sub(#text + 3, -#text - 3)) end
      line, at = line + select(2, whole:gsub("\n", "")), last + 1
    elseif source:find("^%-%-", at) then
      at = source:find("\n", at, true) or #source + 1
    elseif source:find("^[\"']", at) then
      local quote, last = source:sub(at, at), at + 1
      while source:sub(last, last) ~= quote do last = last + (source:sub(last, last) == "\\" and 2 or 1) end
      add("string", assert(load("return " .. source:sub(at, last)))())
      at = last + 1
    else
      local word = source:match("^[%a_][%w_]*", at)
      add(word and "name" or "other", word or source:sub(at, at))
      at = at + (word and #word or 1)
    end
  end
  return tokens
end

-- The strings of one call's argument, and whether a `true` follows it, as find's "plain".
local function argument(tokens, open, wanted)
  local depth, number, found, plain = 0, 1, {}, false
  for i = open, #tokens do
    local text = tokens[i].text
    if tokens[i].kind == "other" then
      if text == "(" or text == "{" or text == "[" then depth = depth + 1 end
      if text == ")" or text == "}" or text == "]" then
        depth = depth - 1
        if depth == 0 then break end
      end
      if text == "," and depth == 1 then number = number + 1 end
    end
    -- A part of a concatenation is not a complete pattern.
    local is_part = tokens[i - 1].text == "." or tokens[i + 1] and tokens[i + 1].text == "."
    if number == wanted and tokens[i].kind == "string" and not is_part then found[#found + 1] = tokens[i] end
    if number == wanted + 2 and text == "true" then plain = true end
  end
  return plain and {} or found
end

local function patterns_of(tokens)
  local found = {}
  for i, token in ipairs(tokens) do
    local following = tokens[i + 1]
    if token.kind == "name" and FUNCTIONS[token.text] and following then
      local before = tokens[i - 1]
      local is_method = before and before.text == ":"
      if following.kind == "string" and is_method then
        found[#found + 1] = following
      elseif following.text == "(" then
        for _, each in ipairs(argument(tokens, i + 1, is_method and 1 or 2)) do found[#found + 1] = each end
      end
    end
  end
  return found
end

local function is_skipped(file)
  for _, pattern in ipairs(SKIPPED) do
    if file:find(pattern) then return true end
  end
  return false
end

local files_read, count = 0, 0
local function check(file)
  files_read = files_read + 1
  local allowed = ALLOWED[file] or {}
  for _, token in ipairs(patterns_of(tokens_of(shell.read(root .. "/" .. file)))) do
    count = count + 1
    local ok, problem = pcall(problem_of, token.text)
    if not ok then
      complain(file, token.line, ("%q can't be read as a pattern: %s"):format(token.text, problem))
    elseif problem and allowed[token.text] then
      allowed[token.text] = { used = true }
    elseif problem then
      complain(file, token.line, ("%q: %s"):format(token.text, problem))
    end
  end
end

for _, folder in ipairs { "examples", "lua" } do
  for _, file in ipairs(shell.find(root, folder, "*.lua")) do
    if not is_skipped(file) then check(file) end
  end
end
if files_read == 0 then complain(root, 1, "there is no file to check") end
for file, patterns in pairs(ALLOWED) do
  for pattern, why in pairs(patterns) do
    if type(why) == "string" then complain(file, 1, ("%q is allowed but not in the file"):format(pattern)) end
  end
end
print(("%d patterns, %d problems"):format(count, problems))
os.exit(problems == 0 and 0 or 1)
