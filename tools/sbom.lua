-- SPDX-License-Identifier: MIT

-- Prints the software bill of materials of this commit as SPDX 2.3 JSON: every file that git tracks, with its licence
-- and checksums, and the libraries that the C modules are linked with. The same commit gives the same bytes.
-- usage: lua5.4 tools/sbom.lua > lofty.spdx.json    (LUA_PATH and LUA_CPATH as of make env; run it in the checkout)

local json = require "lofty.json"
local shell = dofile "tools/shell.lua"

local output, read = shell.output, shell.read

-- What the modules are linked with, with the names of the shared libraries.
local LIBRARIES = {
  { name = "libcurl", licence = "curl", supplier = "Organization: curl project", shared = { "libcurl" } },
  { name = "zlib", licence = "Zlib", supplier = "Organization: zlib project", shared = { "libz" } },
  { name = "OpenSSL", licence = "Apache-2.0", supplier = "Organization: OpenSSL project",
    shared = { "libcrypto", "libssl" } },
  { name = "hiredis", licence = "BSD-3-Clause", supplier = "Organization: Redis", shared = { "libhiredis" } },
}
-- Parts of the C library.
local SYSTEM = { libc = true, libm = true, libpthread = true }

-- A module that needs a library without an entry above is an error.
local function check_libraries()
  local known = setmetatable({}, { __index = SYSTEM })
  for _, library in ipairs(LIBRARIES) do
    for _, name in ipairs(library.shared) do known[name] = true end
  end
  local modules = output("readelf -dW build/*/lofty/*.so")
  for needed in modules:gmatch("Shared library: %[(%a[%a%-]*)") do
    if not known[needed] then error(needed .. " is linked and not in the list of tools/sbom.lua", 0) end
  end
end

-- Checksums by file name, as the command prints them for all files of the index.
local function sums(command)
  local by_name = {}
  local printed = output("git ls-files -z | xargs -0 " .. command)
  for sum, name in printed:gmatch("(%x+)  ([^\n]+)\n") do by_name[name] = sum end
  return by_name
end

check_libraries()
local version = require "lofty.internal.version"
local commit = output("git rev-parse HEAD"):match("%x+")
local created = output("git log -1 --format=%ct"):match("%d+")
local sha1, sha256 = sums("sha1sum"), sums("sha256sum")

local names = {}
for name in pairs(sha1) do names[#names + 1] = name end
table.sort(names)

local copyright = read("LICENSE"):match("Copyright[^\n]+")
local files, relationships = {}, {}
local function relate(from, kind, to)
  relationships[#relationships + 1] =
    { spdxElementId = from, relationshipType = kind, relatedSpdxElement = to }
end
relate("SPDXRef-DOCUMENT", "DESCRIBES", "SPDXRef-Package-lofty")

local all_sums = {}
for index, name in ipairs(names) do
  local id = "SPDXRef-File-" .. index
  all_sums[index] = sha1[name]
  files[index] = {
    SPDXID = id, fileName = "./" .. name,
    checksums = {
      { algorithm = "SHA1", checksumValue = sha1[name] }, { algorithm = "SHA256", checksumValue = sha256[name] },
    },
    licenseConcluded = "MIT", copyrightText = "NOASSERTION",
    licenseInfoInFiles = { read(name):match("SPDX%-License%-Identifier: ([%w%.%-]+)") or "NONE" },
  }
  relate("SPDXRef-Package-lofty", "CONTAINS", id)
end
-- SPDX 2.3, section 7.9: the SHA1 of all files' SHA1, sorted and concatenated.
table.sort(all_sums)
local code = output("printf %s " .. table.concat(all_sums) .. " | sha1sum"):match("%x+")

local packages = {
  {
    SPDXID = "SPDXRef-Package-lofty", name = "lofty", versionInfo = version, downloadLocation = "NOASSERTION",
    filesAnalyzed = true, packageVerificationCode = { packageVerificationCodeValue = code },
    licenseConcluded = "MIT", licenseDeclared = "MIT", licenseInfoFromFiles = { "MIT" }, copyrightText = copyright,
    primaryPackagePurpose = "LIBRARY",
  },
}
for _, library in ipairs(LIBRARIES) do
  local id = "SPDXRef-Package-" .. library.name
  packages[#packages + 1] = {
    SPDXID = id, name = library.name, versionInfo = "NOASSERTION", downloadLocation = "NOASSERTION",
    filesAnalyzed = false, licenseConcluded = library.licence, licenseDeclared = library.licence,
    copyrightText = "NOASSERTION", supplier = library.supplier, primaryPackagePurpose = "LIBRARY",
    comment = "Not part of the sources; linked dynamically, in the version that is installed.",
  }
  relate("SPDXRef-Package-lofty", "DYNAMIC_LINK", id)
end

print((assert(json.encode({
  spdxVersion = "SPDX-2.3", dataLicense = "CC0-1.0", SPDXID = "SPDXRef-DOCUMENT", name = "lofty-" .. version,
  documentNamespace = "https://spdx.org/spdxdocs/lofty-" .. version .. "-" .. commit,
  creationInfo = { created = os.date("!%Y-%m-%dT%H:%M:%SZ", tonumber(created)), creators = { "Tool: tools/sbom.lua" } },
  packages = packages, files = files, relationships = relationships,
}, { indent = 2 }))))
