-- SPDX-License-Identifier: MIT

--- Removes secrets from an err before it leaves the library.
--
-- There is no list of all secrets: code that returns an err, or passes one to a hook, gives the secrets of that call.
-- @module lofty.internal.redact

local byte, char, find, gsub, match, sub =
  string.byte, string.char, string.find, string.gsub, string.match, string.sub
local concat, sort = table.concat, table.sort
local pairs, tonumber, type = pairs, tonumber, type
local min = math.min

-- A shorter value would remove ordinary words, and is too short to be a secret.
local SHORTEST = 4
-- This many bytes of a secret's beginning count as the secret: the server may have truncated it.
local BEGINNING = 8
-- How often escaping may have been applied on top of itself: JSON within JSON, say.
local LAYERS = 3
-- A path segment of so many bytes counts as a secret.
local LONG = 16
local CUT = "..." -- what `lofty.errors` appends to a message that it has cut

local redact = {}

-- Undoes percent-encoding (RFC 3986, section 2.1) and JSON's escapes (RFC 8259, section 7) of ASCII characters.
-- Returns the plain text and, for each byte of it and for its end, the position in `from`'s text.
local function unescape(text, from)
  local out, origin, count, at = {}, {}, 0, 1
  while at <= #text do
    local c = byte(text, at)
    local plain, size
    if c == 0x25 then
      local hex = match(text, "^%x%x", at + 1)
      plain, size = hex and char(tonumber(hex, 16)), 3
    elseif c == 0x5C then
      local hex = match(text, "^u00(%x%x)", at + 1)
      if hex then plain, size = char(tonumber(hex, 16)), 6 else plain, size = match(text, "^[^u]", at + 1), 2 end
    end
    if not plain then plain, size = char(c), 1 end
    count = count + 1
    out[count], origin[count] = plain, from and from[at] or at
    at = at + size
  end
  origin[count + 1] = from and from[at] or at
  return concat(out), origin
end

-- How many bytes of `secret`, from its beginning, stand in `text` at `first`; `known` of them are known to.
local function extent(text, first, secret, known)
  while known < #secret and byte(text, first + known) == byte(secret, known + 1) do known = known + 1 end
  return known
end

-- Adds the ranges of `text` that hold a secret, as positions in the text that `from` leads to.
local function add_ranges(ranges, text, from, secrets)
  local function add(first, size)
    local last = first + size
    ranges[#ranges + 1] = { from and from[first] or first, (from and from[last] or last) - 1 }
  end
  for i = 1, #secrets do
    local secret = secrets[i]
    local stem = sub(secret, 1, BEGINNING)
    local first = find(text, stem, 1, true)
    while first do
      local size = extent(text, first, secret, #stem)
      add(first, size)
      first = find(text, stem, first + size, true)
    end
    -- Where the text was cut, less than that may be left of a secret.
    local ends = 0
    repeat
      local cut = find(text, CUT, ends + 1, true)
      ends = cut or #text + 1
      for size = min(#stem, ends - 1), SHORTEST, -1 do
        if sub(text, ends - size, ends - 1) == sub(stem, 1, size) then
          add(ends - size, size)
          break
        end
      end
    until not cut
  end
end

--- Replaces each secret in a text by three stars, also where it is percent-encoded, escaped as in JSON, or cut short.
-- The time is linear in the text's length.
-- @tparam string text
-- @tparam {string,...} secrets those of fewer than 4 bytes are ignored
-- @treturn string
function redact.text(text, secrets)
  local wanted = {}
  for i = 1, #secrets do
    local secret = secrets[i]
    if type(secret) == "string" and #secret >= SHORTEST then
      wanted[#wanted + 1] = secret
      -- application/x-www-form-urlencoded writes a space so.
      if find(secret, " ", 1, true) then wanted[#wanted + 1] = gsub(secret, " ", "+") end
    end
  end
  local ranges = {}
  add_ranges(ranges, text, nil, wanted)
  local plain, from = text, nil
  for _ = 1, LAYERS do
    if not find(plain, "[%%\\]") then break end
    plain, from = unescape(plain, from)
    add_ranges(ranges, plain, from, wanted)
  end
  if #ranges == 0 then return text end
  sort(ranges, function(a, b) return a[1] < b[1] end)
  local out, at = {}, 1
  for i = 1, #ranges do
    local first, last = ranges[i][1], ranges[i][2]
    if first >= at then
      out[#out + 1] = sub(text, at, first - 1)
      out[#out + 1] = "***"
    end
    if last >= at then at = last + 1 end
  end
  out[#out + 1] = sub(text, at)
  return concat(out)
end

-- The response's headers without secrets; the table itself when it holds none.
local function without(headers, secrets)
  local clean
  for name, value in pairs(headers) do
    if type(value) == "string" then
      local text = redact.text(value, secrets)
      if text ~= value then
        if not clean then
          clean = {}
          for key, kept in pairs(headers) do clean[key] = kept end
        end
        clean[name] = text
      end
    end
  end
  return clean or headers
end

--- Removes secrets from an err: from its message, its code, and the headers and body of its response.
-- @tparam table err is changed
-- @tparam {string,...} secrets
-- @treturn table the same err
function redact.err(err, secrets)
  err.message = redact.text(err.message, secrets)
  if type(err.code) == "string" then err.code = redact.text(err.code, secrets) end
  local response = err.response
  if type(response) == "table" then
    if type(response.headers) == "table" then response.headers = without(response.headers, secrets) end
    if type(response.body) == "string" then response.body = redact.text(response.body, secrets) end
  end
  return err
end

--- Adds a token's secrets to a list.
-- @tparam table list
-- @tparam ?table token
function redact.add_token(list, token)
  if not token then return end
  list[#list + 1] = token.access_token
  list[#list + 1] = token.refresh_token
end

--- Adds the user information of a URL, all before its last "@", and its parts. The URL has not been checked, and a
-- parser may show parts of a password that contains "/" or "@" in its message.
-- @tparam table list
-- @tparam ?string url
function redact.add_userinfo(list, url)
  local userinfo = url and match(url, "^(.*)@")
  if not userinfo then return end
  local _, scheme_end = find(userinfo, "://", 1, true)
  userinfo = sub(userinfo, (scheme_end or 0) + 1)
  list[#list + 1] = userinfo
  local colon = find(userinfo, ":", 1, true)
  if not colon then return end
  local password = sub(userinfo, colon + 1)
  list[#list + 1] = password
  for part in password:gmatch("[^/@:%s]+") do list[#list + 1] = part end
end

--- Adds the parts of a webhook's address that make it hard to guess: the last segment of its path, other long ones, and
-- its query.
-- @tparam table list
-- @tparam ?string url
function redact.add_callback_url(list, url)
  if type(url) ~= "string" then return end
  local path = match(url, "^%a[%w+.-]*://[^/?#]*([^?#]*)") or match(url, "^[^?#]*")
  local last
  for segment in path:gmatch("[^/]+") do
    if #segment >= LONG then list[#list + 1] = segment end
    last = segment
  end
  list[#list + 1] = last
  list[#list + 1] = match(url, "%?([^#]*)")
end

return redact
