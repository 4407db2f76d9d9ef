-- SPDX-License-Identifier: MIT

-- Prints the table of `make coverage`: for each file of lua/lofty and src the lines with code, the part of them that
-- ran, and the first lines that did not. usage: lua5.4 tools/coverage/report.lua FOLDER OBJECTS, where FOLDER has what
-- count.lua wrote and OBJECTS is the build folder with gcov's files.

local folder, objects = arg[1], arg[2]
local lines_of = dofile("tools/shell.lua").lines

local rows, shown = {}, 12

-- `code` and `ran` are sets of line numbers.
local function add(path, code, ran)
  local total, hit, missing = 0, 0, {}
  local numbers = {}
  for number in pairs(code) do numbers[#numbers + 1] = number end
  table.sort(numbers)
  for _, number in ipairs(numbers) do
    total = total + 1
    if ran[number] then hit = hit + 1 else missing[#missing + 1] = number end
  end
  rows[#rows + 1] = {
    path = path, total = total, hit = hit,
    missing = table.concat(missing, " ", 1, math.min(shown, #missing)) .. (#missing > shown and " ..." or ""),
  }
end

local ran = {}
for _, line in ipairs(lines_of("cat " .. folder .. "/* | sort -u")) do
  local path, number = line:match "^(%S+) (%d+)$"
  ran[path] = ran[path] or {}
  ran[path][tonumber(number)] = true
end
for _, path in ipairs(lines_of "git ls-files 'lua/lofty/*.lua' | grep -v sandbox/") do
  local code, text = {}, {}
  for line in io.lines(path) do text[#text + 1] = line end
  for _, line in ipairs(lines_of("luac5.4 -l -p " .. path)) do
    local number = tonumber(line:match "^%s+%d+%s+%[(%d+)%]")
    -- Line 1 stands for the chunk itself; the end of a function has an instruction that runs only without a return.
    local is_code = number and not text[number]:find "^%s*end[,)%s]*$" and not text[number]:find "^%s*%-%-"
    if is_code then code[number] = true end
  end
  add(path, code, ran[path] or {})
end

for _, path in ipairs(lines_of "git ls-files 'src/*.c'") do
  local object = objects .. (path:find "^src/lua/" and "/5.4/" or "/pure/") .. path:match "^src/(.*)c$" .. "gcda"
  local code, counted, is_here = {}, {}, false
  for _, line in ipairs(lines_of("gcov -t " .. object .. " 2>/dev/null || true")) do -- none where nothing ran
    local count, number = line:match "^%s*([^:]+):%s*(%d+):"
    local source = line:match ":Source:(.*)$"
    if source then is_here = source == path end
    number = tonumber(number)
    if is_here and number and number > 0 and count ~= "-" then
      code[number] = true
      counted[number] = not count:find "^[#=]" or nil
    end
  end
  add(path, code, counted)
end

table.sort(rows, function(a, b) return a.hit / math.max(a.total, 1) < b.hit / math.max(b.total, 1) end)
local total, hit = 0, 0
for _, row in ipairs(rows) do
  total, hit = total + row.total, hit + row.hit
  print(("%5.1f %%  %4d of %4d  %-40s %s"):format(
    100 * row.hit / math.max(row.total, 1), row.hit, row.total, row.path, row.missing))
end
print(("%5.1f %%  %d of %d lines in %d files"):format(100 * hit / total, hit, total, #rows))
