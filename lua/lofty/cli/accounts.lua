--- The accounts that the command is logged in to, and the client of one of them.
--
-- Credentials are kept in the directory `lofty/credentials` below XDG_DATA_HOME (~/.local/share), mode 0700, each in a
-- file of mode 0600, unsealed. A record under "account/ID" says how the account logged in; tokens of OAuth are kept by
-- `lofty.app` in the same store.
-- @module lofty.cli.accounts

local exit_codes = require "lofty.cli.exit_codes"

local accounts = {}

local RECORD = "account/"

--- The directory of the credentials.
-- @tparam table streams
-- @treturn[1] string
-- @treturn[2] nil
-- @treturn[2] string why there is none
function accounts.folder(streams)
  local data = streams.variable "XDG_DATA_HOME"
  if not data then
    local home = streams.variable "HOME"
    if not home then return nil, "neither XDG_DATA_HOME nor HOME is set, so there is no place for credentials" end
    data = home .. "/.local/share"
  end
  return data .. "/lofty/credentials"
end

-- The store; nil, err. With `create` its parents are made.
local function store_of(streams, create)
  local folder, why = accounts.folder(streams)
  if not folder then return nil, why end
  if create then
    local parent = folder:match("^(.*)/[^/]*$")
    local made = os.execute("mkdir -p -m 0700 '" .. parent:gsub("'", "'\\''") .. "'")
    if made ~= true and made ~= 0 then return nil, "cannot create " .. parent end
  else
    local directory = io.open(folder, "r")
    if not directory then return nil end
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
    local ok, err = accounts.app(streams, record):disconnect(record.account)
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
-- @treturn table
function accounts.app(streams, record)
  return require("lofty").app {
    client_id = record.client_id, client_secret = record.client_secret, redirect_uri = record.redirect_uri,
    oauth_server = record.oauth_server, token_url = record.token_url, authorize_url = record.authorize_url,
    base_url = record.base_url, store = assert(store_of(streams, true)),
  }
end

-- The account that a .lofty file names, in this folder or above.
local function from_file(streams)
  local folder = streams.variable "PWD" or "."
  while true do
    local file = io.open((folder == "/" and "" or folder) .. "/.lofty", "r")
    if file then
      local text = file:read(4096) or ""
      file:close()
      local account = text:match("^%s*account%s*=%s*(%w+)%s*$") or text:match("\n%s*account%s*=%s*(%w+)%s*\n")
      return account, folder .. "/.lofty"
    end
    if folder == "/" or folder == "." then return nil end
    folder = folder:match("^(.*)/[^/]*$")
    if folder == nil then return nil end
    if folder == "" then folder = "/" end
  end
end

--- Which account is meant, and by whom: --account, LOFTY_ACCOUNT, a .lofty file, or the only one there is.
-- @tparam table context
-- @treturn[1] ?string account; nil alone: none is named and there is not exactly one
-- @treturn[1] string where it is named
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
  local list, err = accounts.list(streams)
  if not list then return nil, err end
  if #list == 1 then return list[1], "the only account" end
  if #list == 0 then return nil end
  return nil, "logged in to several accounts: name one with --account, LOFTY_ACCOUNT or a .lofty file"
end

-- A client with a credential of the environment.
local function from_environment(context, opt)
  local streams = context.streams
  if not (streams.variable "LOFTY_API_KEY" or streams.variable "LOFTY_ACCESS_TOKEN") then return nil end
  return require("lofty").client(opt), "the credential of the environment"
end

--- The client for a command line.
-- A credential in the environment is used unless an account is named by --account or LOFTY_ACCOUNT.
-- @tparam table context
-- @tparam table opt options for the client
-- @treturn[1] table client
-- @treturn[1] string who it acts for
-- @treturn[2] nil
-- @treturn[2] table|string err
function accounts.client(context, opt)
  local streams = context.streams
  if not context.args.account and not streams.variable "LOFTY_ACCOUNT" then
    local crm, who = from_environment(context, opt)
    if crm then return crm, who end
  end
  local account, why = accounts.chosen(context)
  if not account then
    return nil, why or { kind = "auth", code = exit_codes.credential, message = "not logged in" }
  end
  local record, err = accounts.read(streams, account)
  if not record then return nil, err or "not logged in to account " .. account .. ": run `lofty auth login`" end
  local who = ("%s (account %s)"):format(record.name or "?", account)
  if record.base_url and not opt.base_url then opt.base_url = record.base_url end
  if record.kind == "oauth" then
    opt.base_url = nil
    return accounts.app(streams, record):client(account, opt), who
  end
  opt.api_key = record.api_key
  return require("lofty").client(opt), who
end

return accounts
