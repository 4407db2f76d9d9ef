-- SPDX-License-Identifier: MIT

--- Checks which module requires which, against the layers of ARCHITECTURE.md.
--
--     lua5.4 tools/check_arrows.lua [ROOT]
--
-- Reads every `require` of lua/lofty and every #include of src as text. Prints each violation as "FILE:LINE: what is
-- wrong" and exits with 1 when there is one, or no file to read:
--
-- * a module of a folder that requires a folder of its own layer or of a higher one;
-- * a helper of a folder that another folder requires: only the modules listed in tools/layers.lua are open to others;
-- * a cycle of modules;
-- * os.getenv anywhere but in internal/config.lua;
-- * the emulator (sandbox/server) requiring anything outside its folder, examples requiring spec/ or inner modules;
-- * src/core including Lua, curl or a folder beside it, src/curl including Lua.

local root = arg and arg[1] or "."
local here = arg[0]:match("^.*/") or ""
local shell = dofile(here .. "shell.lua")

local LAYERS = dofile(here .. "layers.lua")
local folder_named, is_open, is_in_c = {}, {}, {}
for _, folder in ipairs(LAYERS) do
  folder_named[folder[1]] = folder
  if folder.open ~= "all" then
    for _, name in ipairs(folder.open or { folder[1] }) do is_open[name] = true end
  end
end
for _, name in ipairs(LAYERS.c_modules) do is_in_c[name] = true end

local violations = 0
local function complain(file, line, text)
  violations = violations + 1
  io.stderr:write(("%s:%d: %s\n"):format(file, line, text))
end

local files_read = 0
local function files(folder, pattern)
  local list = shell.find(root, folder, pattern)
  files_read = files_read + #list
  return list
end

local function lines_of(file)
  local number, handle = 0, assert(io.open(root .. "/" .. file))
  return function()
    local line = handle:read("*l")
    if not line then handle:close() return nil end
    number = number + 1
    return number, line
  end
end

-- The layer of a module: its own entry, or its folder's.
local function folder_of(module)
  return folder_named[module] or folder_named[module:match("^[^.]+")]
end

-- "lua/lofty/api/pages.lua" -> "api.pages"; "lua/lofty/init.lua" -> "init".
local function module_of(file)
  return (file:match("^lua/lofty/(.*)%.lua$"):gsub("/", "."))
end

-- A require by concatenation names a folder: its modules are open.
local function required(line)
  if line:match("^%s*%-%-") then return nil end
  return line:match("require%s*%(?%s*[\"']lofty%.?([%w_.]*)[\"']") or line:match("lazy%s+\"lofty%.([%w_.]+)\"")
end

local requires = {}

local function check_module(file)
  local module = module_of(file)
  local folder = folder_of(module)
  if not folder then return complain(file, 1, "belongs to no layer: add it to tools/layers.lua") end
  local in_server = module:find("^sandbox%.server%.") ~= nil
  requires[module] = {}
  for number, line in lines_of(file) do
    if line:find("getenv", 1, true) and module ~= "internal.config" and not line:match("^%s*%-%-") then
      complain(file, number, "only lua/lofty/internal/config.lua may read the environment")
    end
    if line:find("require%s*%(?%s*[\"']spec") then complain(file, number, "modules in lua/ must not require spec/") end
    local name = required(line)
    if name and in_server and not name:find("^sandbox%.server%.") then
      complain(file, number, "the emulator may require nothing of lofty outside sandbox/server")
    elseif name and not is_in_c[name] and not name:find("%.$") then
      if name == "" then name = "init" end
      local target = folder_of(name)
      table.insert(requires[module], { name = name, line = number, file = file })
      if not target then
        complain(file, number, "requires lofty." .. name .. ", which belongs to no layer")
      elseif target ~= folder then
        if target.height >= folder.height and folder.beside ~= target[1] then
          complain(file, number, ("%s (height %d) may not require lofty.%s (height %d): arrows go down only")
            :format(folder[1], folder.height, name, target.height))
        elseif target.open ~= "all" and not is_open[name] then
          complain(file, number, ("lofty.%s is a helper of %s: it is not in that folder's list of open modules")
            :format(name, target[1]))
        end
      end
    end
  end
end

-- Depth first; `path` holds the modules from the start to here.
local done = {}
local function find_cycle(module, path, on_path)
  if done[module] then return end
  path[#path + 1], on_path[module] = module, true
  for _, edge in ipairs(requires[module] or {}) do
    if on_path[edge.name] then
      complain(edge.file, edge.line, "a cycle: " .. table.concat(path, " -> ") .. " -> " .. edge.name)
    else
      find_cycle(edge.name, path, on_path)
    end
  end
  path[#path], on_path[module], done[module] = nil, nil, true
end

for _, file in ipairs(files("lua/lofty", "*.lua")) do check_module(file) end
local modules = {}
for module in pairs(requires) do modules[#modules + 1] = module end
table.sort(modules)
for _, module in ipairs(modules) do find_cycle(module, {}, {}) end

for _, file in ipairs(files("examples", "*.lua")) do
  for number, line in lines_of(file) do
    if line:find("require%s*%(?%s*[\"']spec") then complain(file, number, "examples may require nothing of spec/") end
    local name = required(line)
    if name and name ~= "" and name ~= "sandbox" and not name:find("^sandbox%.") then
      complain(file, number, "examples require lofty alone, not lofty." .. name)
    end
  end
end

local FORBIDDEN = {
  core = { "lua%.h", "lualib%.h", "lauxlib%.h", "curl/", "lua/", "openssl/", "hiredis/" },
  curl = { "lua%.h", "lualib%.h", "lauxlib%.h", "lua/" },
  lua = { "curl/transfer%.h", "<curl/" },
}
for folder, patterns in pairs(FORBIDDEN) do
  for _, file in ipairs(files("src/" .. folder, "*.[ch]")) do
    for number, line in lines_of(file) do
      if line:find("^%s*#%s*include") then
        for _, pattern in ipairs(patterns) do
          if line:find(pattern) then complain(file, number, "src/" .. folder .. " may not include this") end
        end
      end
    end
  end
end

if files_read == 0 then complain(root, 1, "there is no file to check") end
if violations > 0 then os.exit(1) end
