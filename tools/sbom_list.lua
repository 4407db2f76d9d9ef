-- SPDX-License-Identifier: MIT

-- Prints the files of an SPDX document as sha256sum does. usage: lua5.4 tools/sbom_list.lua lofty.spdx.json
local json = require "lofty.json"

local file = assert(io.open(arg[1], "rb"))
local document = assert(json.decode(file:read("*a")))
file:close()
for _, entry in ipairs(document.files) do print(entry.checksums[2].checksumValue .. "  " .. entry.fileName) end
