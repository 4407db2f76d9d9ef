-- SPDX-License-Identifier: MIT

--- `lofty api METHOD PATH [NAME=VALUE ...]`: calls any path of the API.
-- @module lofty.cli.api

local ascii = require "lofty.internal.ascii"
local exit_codes = require "lofty.cli.exit_codes"
local output = require "lofty.cli.output"
local values = require "lofty.cli.values"

local api = {}

local METHODS = { GET = "get", POST = "post", PUT = "put", DELETE = "delete" }

function api.define(parser)
  parser:argument("method", "GET, POST, PUT or DELETE")
  parser:argument("path", "such as /v1.0/leads")
  parser:argument("words", "fields as NAME=VALUE: of the query for GET and DELETE, of the JSON body for POST and "
    .. "PUT, where true, false, null, numbers and JSON keep their type"):args "*"
  parser:option("--input", "read the JSON body from a file; - is standard input"):argname "FILE"
  parser:flag("--dry-run", "show the call and do not send it")
  parser:flag("--yes", "do not ask for confirmation")
  output.define(parser)
end

local function decode(text)
  return (text:gsub("+", " "):gsub("%%(%x%x)", function(hex) return string.char(tonumber(hex, 16)) end))
end

-- The path without its query, and the fields of the query.
local function split_query(path)
  local before, query = path:match "^([^?]*)%?(.*)$"
  if not before then return path, {} end
  local fields = {}
  for name, value in query:gmatch "([^&=]+)=?([^&]*)" do fields[decode(name)] = decode(value) end
  return before, fields
end

-- The parameters of the call, or nil and what is wrong.
local function parameters(args, query, streams, writes_body)
  local fields = writes_body and {} or query
  local sent_query = next(query) ~= nil and query or nil
  for _, word in ipairs(args.words) do
    local name, text = values.split_new(word, fields, "field")
    if not name then return nil, text end
    -- In a query, the text is sent as it was typed.
    local value, problem = text, nil
    if writes_body then value, problem = values.guess(text) end
    if value == nil then return nil, name .. " " .. problem end
    fields[name] = value
  end
  if args.input then
    if not writes_body then return nil, "only POST and PUT have a body" end
    if next(fields) ~= nil then return nil, "give the body with --input or as NAME=VALUE, not both" end
    local body, problem = values.from_file(streams, args.input)
    if body == nil then return nil, problem end
    return { body = body, query = sent_query }
  end
  if next(fields) == nil then return { query = sent_query } end
  return writes_body and { body = fields, query = sent_query } or { query = fields }
end

-- Whether a call must be confirmed: a write that reaches people or deletes, or one that is not in the table of
-- operations. The path has its ids, and no query.
local function must_ask(method, path)
  if method == "GET" then return false end
  for _, verbs in pairs(require "lofty.api.operations") do
    for verb, op in pairs(verbs) do
      local pattern = "^" .. op.path:gsub("%p", "%%%0"):gsub("%%{[%w]+%%}", "[^/]+") .. "$"
      if op.method == method and path:find(pattern) then
        return op.reaches ~= nil or require("lofty.cli.operations").must_ask(verb, op, {})
      end
    end
  end
  return true
end

function api.run(args, context)
  local method = ascii.upper(args.method)
  local name = METHODS[method]
  if not name then
    return context:fail("api: the method must be GET, POST, PUT or DELETE", exit_codes.usage)
  end
  if args.path:find "^https?:" or args.path:sub(1, 1) ~= "/" then
    return context:fail("api: the path must begin with /, such as /v1.0/leads", exit_codes.usage)
  end
  local path, query = split_query(args.path)
  local params, problem = parameters(args, query, context.streams, name == "post" or name == "put")
  problem = problem or output.problem(context)
  if problem then return context:fail("api: " .. problem, exit_codes.usage) end
  local crm, who = context:client { dry_run = args.dry_run or nil }
  if not crm then return context:fail(who) end
  if name ~= "get" then
    context:say("acting for ", who)
    if not args.dry_run and must_ask(method, path) then
      local ok, code = context:confirm(("Call %s %s"):format(method, args.path))
      if not ok then return code end
    end
  end
  local value, err = crm[name](crm, path, params)
  if value == nil then return context:fail(err) end
  if args.dry_run and name ~= "get" then return exit_codes.ok end
  output.value(context, value)
  return exit_codes.ok
end

return api
