-- SPDX-License-Identifier: MIT

--- Splits the parameters of a call by path. Loaded at the first call that has any, or by the second call of a process.
-- @module lofty.client.split_parameters

local misuse = require "lofty.internal.misuse"

local next, pairs, tostring, type = next, pairs, tostring, type
local find, format = string.find, string.format

--- Names in the template are for the path, all others for query or body, unless `query` and `body` are given.
-- @tparam string method
-- @tparam string template
-- @tparam table params
-- @treturn ?table query
-- @return body; nil when there is none
return function(method, template, params)
  if type(params) ~= "table" then
    misuse(format("%s %s: a table of parameters expected, got %s", method, template, type(params)))
  end
  local query, body = params.query, params.body
  if query ~= nil and type(query) ~= "table" then misuse(format("%s %s: query must be a table", method, template)) end
  local rest
  for name, value in pairs(params) do
    if name ~= "query" and name ~= "body" and not find(template, "{" .. tostring(name) .. "}", 1, true) then
      rest = rest or {}
      rest[name] = value
    end
  end
  if rest then
    local to_body = (method == "POST" or method == "PUT") and body == nil
    if to_body then
      body = rest
    elseif query == nil then
      query = rest
    else
      misuse(format("%s %s: %q is neither in the path nor in query or body", method, template, tostring(next(rest))))
    end
  end
  return query, body
end
