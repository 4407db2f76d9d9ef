-- SPDX-License-Identifier: MIT

--- Requests to the sandbox for specs, without the library under test.
--
--     local ask = require("spec.support.sandbox_requests")(box)
--     local status, token = ask.vendor(ask.code_grant(ask.consent()))
--     local status, body, headers, text = ask.api("GET", "/v1.0/me")
-- @module spec.support.sandbox_requests

local json = require "lofty.sandbox.server.json"

local FORM = "application/x-www-form-urlencoded"
local ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"

local asking = {}

--- Percent-encoding, and back.
function asking.escape(text)
  return (text:gsub("[^%w%-._~]", function(c) return ("%%%02X"):format(c:byte()) end))
end

function asking.unescape(text)
  return (text:gsub("%%(%x%x)", function(hex) return string.char(tonumber(hex, 16)) end))
end

--- Fields as a form.
function asking.form(fields)
  local out = {}
  for name, value in pairs(fields) do out[#out + 1] = name .. "=" .. asking.escape(value) end
  return table.concat(out, "&")
end

--- Base64 with padding.
function asking.base64(text)
  return (text:gsub("..?.?", function(part)
    local a, b, c = part:byte(1, 3)
    local n, out = a * 65536 + (b or 0) * 256 + (c or 0), ""
    for i = 3, 0, -1 do
      local index = math.floor(n / 64 ^ i) % 64 + 1
      out = out .. (3 - i <= #part and ALPHABET:sub(index, index) or "=")
    end
    return out
  end))
end

--- A refresh grant's fields.
function asking.refresh_grant(token) return { grant_type = "refresh_token", refresh_token = token } end

-- The same functions, bound to a sandbox.
local function bind(box)
  local ask = setmetatable({}, { __index = asking })

  --- The Authorization header for the vendor OAuth server.
  function ask.basic() return "Basic " .. asking.base64(box.client_id .. ":" .. box.client_secret) end

  --- The URL to which the consent page redirects; `more` = {client, query}, `choice` as in Box:consent.
  function ask.choose(more, choice)
    return box:consent(box.authorize_url .. "?clientId=" .. (more and more.client or box.client_id)
                       .. (more and more.query or ""), choice)
  end

  --- The code that the consent page issues.
  function ask.consent(more, choice)
    return asking.unescape(ask.choose(more, choice):match("code=([^&]*)"))
  end

  --- A code grant's fields.
  function ask.code_grant(code, more)
    local fields = { grant_type = "authorization_code", code = code, client_id = box.client_id,
                     redirect_uri = box.redirect_uri }
    for name, value in pairs(more or {}) do fields[name] = value end
    return fields
  end

  --- A token request at the vendor OAuth server: status, body, headers.
  function ask.vendor(fields, authorization)
    local status, body, headers = box:request("POST", box.token_url, {
      headers = { Authorization = authorization or ask.basic(), ["Content-Type"] = FORM }, body = asking.form(fields),
    })
    return status, json.decode(body), headers
  end

  --- A token request at the developer OAuth server: status, body.
  function ask.developer(fields)
    local status, body = box:request("POST", box.developer_token_url, {
      headers = { ["Content-Type"] = FORM }, body = asking.form(fields),
    })
    return status, json.decode(body)
  end

  --- An API call with the first account's key, or with another Authorization; `more` adds headers, false removes
  -- one. Status, decoded body, headers, text.
  function ask.api(method, path, body, authorization, more)
    local headers = { Authorization = authorization or "token " .. box.api_key, ["Content-Type"] = "application/json" }
    for name, value in pairs(more or {}) do headers[name] = value or nil end
    local status, text, head = box:request(method, path, { headers = headers, body = body })
    return status, text ~= "" and json.decode(text) or nil, head, text
  end

  return ask
end

return bind
