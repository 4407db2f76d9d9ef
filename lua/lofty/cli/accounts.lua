-- SPDX-License-Identifier: MIT

--- The accounts that the command is logged in to, and the client of one of them.
--
-- Credentials are kept unencrypted in the directory `lofty/credentials` (mode 0700) below XDG_DATA_HOME (by default
-- ~/.local/share), each in a file of mode 0600. The record "account/ID" says how the account logged in; `lofty.app`
-- keeps OAuth tokens in the same store.
-- @module lofty.cli.accounts

local misuse = require "lofty.cli.misuse"

local accounts = {}

local RECORD = "account/"
local ENOENT = 2

--- The directory of the credentials.
-- @tparam table streams
-- @treturn[1] string
-- @treturn[2] nil
-- @treturn[2] string why it is not known
function accounts.folder(streams)
  local function absolute(name)
    local path = streams.variable(name)
    return path and path:find "^/" and path
  end
  -- A relative path is ignored (XDG Base Directory Specification): it would name another place in each directory.
  local data, home = absolute "XDG_DATA_HOME", absolute "HOME"
  if not data and not home then
    return nil, "neither HOME nor XDG_DATA_HOME is set to an absolute path: set one, for the credentials"
  end
  data = data or home .. "/.local/share"
  return data .. "/lofty/credentials"
end

-- The store; nil when it does not exist; nil, err. With `create` its parent directories are created.
local function store_of(streams, create)
  local folder, why = accounts.folder(streams)
  if not folder then return nil, why end
  if create then
    local parent = folder:match("^(.*)/[^/]*$")
    local pipe = io.popen("mkdir -p -m 0700 -- '" .. parent:gsub("'", "'\\''") .. "' 2>&1")
    why = pipe:read "*l"
    pipe:close()
    if why then return nil, "the directory of the credentials: " .. why end
  else
    local directory, problem, code = io.open(folder, "r")
    if not directory then return nil, code ~= ENOENT and "the directory of the credentials: " .. problem or nil end
    directory:close()
  end
  return require("lofty").store.file { path = folder }
end

--- Reads the record of an account.
-- @tparam table streams
-- @tparam string account
-- @treturn[1] ?table `account`, `kind` ("api_key" or "oauth"), `name`, `email`, `base_url` and the credential's fields;
--   nil alone when there is none
-- @treturn[2] nil
-- @treturn[2] table|string err
function accounts.read(streams, account)
  local store, why = store_of(streams)
  if not store then return nil, why end
  local text, err = store:get(RECORD .. account, true)
  if not text then return nil, err end
  local record = require("lofty").json.decode(text)
  if type(record) ~= "table" then return nil, "the record of account " .. account .. " is damaged: log in again" end
  return record
end

--- Writes the record of an account.
function accounts.write(streams, record)
  local store, why = store_of(streams, true)
  if not store then return nil, why end
  return store:put(RECORD .. record.account, require("lofty").json.encode(record))
end

--- Forgets an account: its record and its token.
-- @treturn[1] boolean true
-- @treturn[2] nil
-- @treturn[2] table|string err
function accounts.delete(streams, record)
  local store, why = store_of(streams)
  if not store then return nil, why end
  if record.kind == "oauth" then
    local app, problem = accounts.app(streams, record)
    if not app then return nil, problem end
    local ok, err = app:disconnect(record.account)
    if not ok then return nil, err end
  end
  return store:delete(RECORD .. record.account)
end

--- The accounts, sorted.
-- @treturn[1] {string,...}
-- @treturn[2] nil
-- @treturn[2] table|string err
function accounts.list(streams)
  local store, why = store_of(streams)
  if not store then
    if why then return nil, why end
    return {}
  end
  local keys, err = store:keys()
  if not keys then return nil, err end
  local list = {}
  for _, key in ipairs(keys) do
    local account = key:match("^account/(.+)$")
    if account then list[#list + 1] = account end
  end
  table.sort(list)
  return list
end

--- The application through which an account logged in with OAuth.
-- @tparam table streams
-- @tparam table record
-- @tparam[opt] table opt `runtime`, `on_wait`, `on_retry`
-- @treturn[1] table
-- @treturn[2] nil
-- @treturn[2] table err
function accounts.app(streams, record, opt)
  opt = opt or {}
  return misuse.call(require("lofty").app, {
    client_id = record.client_id, client_secret = record.client_secret, redirect_uri = record.redirect_uri,
    oauth_server = record.oauth_server, token_url = record.token_url, authorize_url = record.authorize_url,
    base_url = record.base_url, store = assert(store_of(streams, true)), runtime = opt.runtime, on_wait = opt.on_wait,
    on_retry = opt.on_retry,
  })
end

-- The account that a file .lofty in this folder or above names, and the file's path; nil and the path when the file
-- names no account.
local function from_file(streams)
  local folder = streams.working_directory()
  while folder do
    local path = (folder == "/" and "" or folder) .. "/.lofty"
    local file = io.open(path, "r")
    local text = file and file:read(4096)
    if file then file:close() end
    -- io.open succeeds for a directory, too, but nothing can be read from it.
    if text then
      for line in text:gmatch "[^\r\n]+" do
        local account = line:match "^%s*account%s*=%s*([%w_%-]+)%s*$"
        if account then return account, path end
      end
      return nil, path
    end
    if folder == "/" then return nil end
    folder = folder:match "^(.*)/[^/]*$"
    if folder == "" then folder = "/" end
  end
end

local CHOOSING = "`lofty help accounts` explains how an account is chosen."

-- An error; `hint` says what to do.
local function failure(kind, message, hint)
  return require("lofty.errors").new { kind = kind, sent = false, message = message, hint = hint }
end

--- The account to act for: that of --account, LOFTY_ACCOUNT or a .lofty file, or the only one that is logged in.
-- @tparam table context
-- @treturn[1] ?string account
-- @treturn[1] string what names it, for messages
-- @treturn[2] nil
-- @treturn[2] table|string err
function accounts.chosen(context)
  local streams = context.streams
  if context.args.account then return context.args.account, "--account" end
  local account = streams.variable "LOFTY_ACCOUNT"
  if account then return account, "LOFTY_ACCOUNT" end
  local place
  account, place = from_file(streams)
  if account then return account, place end
  if place then
    return nil, failure("invalid", place .. " names no account: it needs a line `account = ID`", CHOOSING)
  end
  local list, err = accounts.list(streams)
  if not list then return nil, err end
  if #list == 1 then return list[1], "the only account" end
  if #list == 0 then return nil, failure("auth", "no account is logged in") end
  return nil, failure("invalid",
    "several accounts are logged in: choose one with --account, LOFTY_ACCOUNT or a .lofty file", CHOOSING)
end

--- The client of the account to act for.
-- @tparam table context
-- @tparam table opt options for the client: `runtime`, `on_wait`, `on_retry`, `dry_run`, `deadline`
-- @treturn[1] table client
-- @treturn[1] string who it acts for
-- @treturn[1] table record of the account
-- @treturn[2] nil
-- @treturn[2] table|string err
function accounts.client(context, opt)
  local streams = context.streams
  local account, place = accounts.chosen(context)
  if not account then return nil, place end
  local record, err = accounts.read(streams, account)
  if not record then
    return nil, err or failure("auth", ("account %s, named by %s, is not logged in"):format(account, place))
  end
  local who = require("lofty.errors").sanitize(("%s (account %s)"):format(record.name or "?", account), 200)
  if record.kind == "oauth" then
    local app, problem = accounts.app(streams, record, opt)
    if not app then return nil, problem end
    local crm = app:client(account, { dry_run = opt.dry_run, deadline = opt.deadline })
    return crm, who, record
  end
  opt.api_key, opt.base_url = record.api_key, record.base_url
  local crm, problem = misuse.call(require("lofty").client, opt)
  if not crm then return nil, problem end
  return crm, who, record
end

--- When an OAuth account's refresh token ends.
-- @tparam table streams
-- @tparam table record
-- @treturn ?number epoch seconds; nil when unknown
function accounts.refresh_ends(streams, record)
  local app = accounts.app(streams, record)
  for _, each in ipairs(app and app:accounts { details = true } or {}) do
    if each.account == record.account then return each.refresh_expires_at end
  end
end

return accounts
