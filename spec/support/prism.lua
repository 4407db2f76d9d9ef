-- SPDX-License-Identifier: MIT

--- Starts a mock of an OpenAPI document (npm's @stoplight/prism-cli, see spec/support/conformance/install) on a free
-- port of loopback, and ends it again.
--
-- The server is the child of a shell whose standard input is a pipe from this process: closing it, or this
-- process's death, ends the server.
-- @module spec.support.prism

local prism = {}

-- $1 a folder of its own, $2 the mock's program, $3 the document. Writes "up PORT" or "down" to the fifo.
local KEEPER = [[
exec 2>/dev/null
trap '' INT
unset LD_PRELOAD
node "$2" mock --host 127.0.0.1 --port 0 --errors "$3" </dev/null >"$1/output" 2>&1 &
pid=$!
left=1200
port=
while [ -z "$port" ]; do
  left=$((left - 1))
  if [ $left = 0 ] || ! kill -0 $pid; then
    kill -KILL $pid; wait $pid; echo down >"$1/ready"; exit 0
  fi
  sleep 0.05
  port=$(sed -n 's/.*Prism is listening on http:..127.0.0.1:\([0-9]*\).*/\1/p' "$1/output" | head -n 1)
done
echo "up $port" >"$1/ready"
read -r word
kill -TERM $pid; wait $pid; rm -rf "$1"
]]

local function quote(text)
  return "'" .. text:gsub("'", "'\\''") .. "'"
end

local function shell(command)
  local pipe = assert(io.popen(command))
  local text = pipe:read("*a")
  pipe:close()
  return (text:gsub("%s+$", ""))
end

local function exists(path)
  local file = io.open(path)
  if file then file:close() end
  return file ~= nil
end

--- The path of the mock's program, or nil and how to install it.
-- @tparam string root the checkout
function prism.find(root)
  local program = root .. "/build/conformance/node_modules/@stoplight/prism-cli/dist/index.js"
  if not exists(program) then return nil, "no mock: run spec/support/conformance/install (npm)" end
  if shell("command -v node") == "" then return nil, "no node to run the mock with" end
  return program
end

--- Starts the mock.
-- @tparam string program of `find`
-- @tparam string document an OpenAPI document
-- @treturn table `url`, `stop()`, `log()`
function prism.start(program, document)
  local folder = shell("mktemp -d")
  shell("mkfifo " .. quote(folder .. "/ready"))
  local keeper = assert(io.popen(("sh -c %s keeper %s %s %s"):format(quote(KEEPER), quote(folder), quote(program),
    quote(document)), "w"))
  local ready = assert(io.open(folder .. "/ready"))
  local word = ready:read("*l") or "down"
  ready:close()
  local function log()
    local file = io.open(folder .. "/output")
    local text = file and file:read("*a") or ""
    if file then file:close() end
    return text
  end
  local port = word:match("^up (%d+)$")
  if not port then error("the mock did not start: " .. log()) end
  return {
    url = "http://127.0.0.1:" .. port,
    log = log,
    stop = function() keeper:close() end,
  }
end

return prism
