-- SPDX-License-Identifier: MIT

--- Runs Lua code in a child process, with the interpreter that runs the specs.
local child = {}

-- The interpreter and its options.
local interpreter = {}
for i = -1, -20, -1 do
  if not arg[i] then break end
  table.insert(interpreter, 1, arg[i])
end
child.lua = interpreter[1] or "lua"

-- The same for lofty.sandbox.nginx's shell, which drops a sanitizer's preload: the modules of such a build need it.
local preload = os.getenv("LD_PRELOAD")
child.preloaded_lua = (preload and "LD_PRELOAD='" .. preload .. "' " or "") .. child.lua

local CLEAN = "unset LOFTY_API_KEY LOFTY_ACCESS_TOKEN LOFTY_REFRESH_TOKEN LOFTY_CLIENT_ID LOFTY_CLIENT_SECRET LOFTY_CUSTOMER_KEY "
  .. "LOFTY_BASE_URL LOFTY_OAUTH_SERVER LOFTY_OAUTH_TOKEN_URL LOFTY_AUTHORIZE_URL LOFTY_REDIRECT_URI LOFTY_DEBUG; "

--- Runs a script.
-- @tparam string path
-- @tparam[opt] string arguments quoted for a shell
-- @tparam[opt] string environment NAME='value' assignments
-- @tparam[opt] string lua another interpreter
-- @treturn string its output, stderr included, without the final newline
function child.script(path, arguments, environment, lua)
  local command = ("env %s '%s' '%s' %s 2>&1"):format(environment or "", lua or child.lua, path, arguments or "")
  local pipe = assert(io.popen(CLEAN .. command))
  local printed = pipe:read("*a")
  pipe:close()
  return (printed:gsub("\n$", ""))
end

--- Runs code.
-- @tparam string code
-- @tparam[opt] string environment as above
-- @tparam[opt] string lua as above
-- @treturn string as above
function child.run(code, environment, lua)
  local path = os.tmpname()
  local file = assert(io.open(path, "w"))
  file:write(code)
  file:close()
  local printed = child.script(path, "", environment, lua)
  os.remove(path)
  return printed
end

return child
