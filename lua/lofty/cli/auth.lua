-- SPDX-License-Identifier: MIT

--- `lofty auth`: log in and out, show who is logged in.
-- @module lofty.cli.auth

local accounts = require "lofty.cli.accounts"
local ascii = require "lofty.internal.ascii"
local exit_codes = require "lofty.cli.exit_codes"
local lazy = require "lofty.internal.lazy"
local misuse = require "lofty.cli.misuse"

local expect = lazy "lofty.api.expect"

local auth = {}

function auth.define(parser)
  parser:command_target "action"
  parser:require_command(true)
  local login = parser:command("login", "log in with an API key (from standard input or a prompt) or with OAuth")
  login:flag("--with-key", "read the API key from standard input, without a prompt")
  login:flag("--oauth", "log in through Lofty's consent page; LOFTY_CLIENT_ID, LOFTY_CLIENT_SECRET and "
    .. "LOFTY_REDIRECT_URI name the application")
  login:flag("--paste", "with --oauth: ask for the address that the browser was redirected to, even where this "
    .. "machine could receive the redirect")
  parser:command("status", "who is logged in, to which server, and for how long")
  parser:command("list", "the accounts that are logged in")
  local logout = parser:command("logout", "forget the credential of an account")
  logout:flag("--yes", "do not ask for confirmation")
end

-- The first line of standard input; a terminal does not show what is typed.
local function read_secret(context, prompt)
  local streams = context.streams
  if streams.input_is_terminal then
    streams.err:write(prompt)
    streams.err:flush()
  end
  return streams.read_line(false)
end

-- The most bytes of a name that are shown.
local MAX_NAME = 200

-- A text of a response; nil for anything else, such as null.
local function text_of(value) return type(value) == "string" and value or nil end

local function name_of(me)
  local name = ascii.trim((text_of(me.firstName) or "") .. " " .. (text_of(me.lastName) or ""))
  return name ~= "" and name or text_of(me.email) or "?"
end

-- Keeps the credential, and says where. Returns the exit code.
local function keep(context, record)
  local saved, why = accounts.write(context.streams, record)
  if not saved then return context:fail(why) end
  context:say(("Logged in as %s (account %s). The credential is stored unencrypted in %s; only you can read it.")
    :format(require("lofty.errors").sanitize(record.name, MAX_NAME), record.account, accounts.folder(context.streams)))
  return exit_codes.ok
end

local function login_with_key(context)
  local streams = context.streams
  local key = read_secret(context, "API key: ")
  key = key and ascii.trim(key)
  if not key or key == "" then
    return context:fail("no API key was given: type it, or pass a variable that is set: "
      .. "printf %s \"$KEY\" | lofty auth login --with-key", exit_codes.usage)
  end
  local base_url = streams.variable "LOFTY_BASE_URL"
  local crm, problem = misuse.call(require("lofty").client, { api_key = key, base_url = base_url })
  if not crm then return context:fail(problem) end
  local account, me = expect.account(crm:me())
  if not account then return context:fail(me) end
  local record = {
    account = account, kind = "api_key", api_key = key, name = name_of(me),
    email = text_of(me.email), base_url = base_url,
  }
  return keep(context, record)
end

-- Seconds for the person to sign in at Lofty and agree.
local LOGIN_TIMEOUT = 600

-- The address that the browser was redirected to: received when it is on this machine, else pasted.
local function redirected_address(context, app, url, state, redirect_uri)
  local streams = context.streams
  local listener = require "lofty.cli.listener"
  -- Unchanged, for the browser.
  context:say("Open this address in a browser and agree:\n")
  streams.err:write("  ", url, "\n\n")
  if listener.address(redirect_uri) and not context.args.paste then
    if not pcall(require, "socket") then
      return nil, "install lua-socket to receive the redirect to " .. redirect_uri .. ", or give --paste"
    end
    return listener.wait(redirect_uri, LOGIN_TIMEOUT, function(query)
      local code, err = app:callback(query, { state = state })
      return code ~= nil or err.state_verified or err.code == "access_denied"
    end, function() context:say("Waiting for the redirect to ", redirect_uri, " (Ctrl-C cancels)") end)
  end
  streams.err:write("Then paste the address that the browser was redirected to: ")
  streams.err:flush()
  local line = streams.read_line(true)
  if not line or line == "" then return nil, "no address was pasted: nothing was changed" end
  return line
end

local function login_with_oauth(context)
  local streams = context.streams
  local client_id, redirect_uri = streams.variable "LOFTY_CLIENT_ID", streams.variable "LOFTY_REDIRECT_URI"
  if not client_id or not redirect_uri then
    return context:fail("set LOFTY_CLIENT_ID, LOFTY_CLIENT_SECRET and LOFTY_REDIRECT_URI: the values of your "
      .. "application in Lofty's developer portal", exit_codes.usage)
  end
  local record = {
    kind = "oauth", client_id = client_id, client_secret = streams.variable "LOFTY_CLIENT_SECRET",
    redirect_uri = redirect_uri, oauth_server = streams.variable "LOFTY_OAUTH_SERVER",
    token_url = streams.variable "LOFTY_OAUTH_TOKEN_URL", authorize_url = streams.variable "LOFTY_AUTHORIZE_URL",
    base_url = streams.variable "LOFTY_BASE_URL",
  }
  local app, problem = accounts.app(streams, record)
  if not app then return context:fail(problem) end
  local url, state, verifier = app:authorize_url()
  local address, missing = redirected_address(context, app, url, state, redirect_uri)
  if not address then return context:fail(missing, exit_codes.usage) end
  local account, err = app:connect(address, { state = state, code_verifier = verifier })
  if not account then return context:fail(err) end
  record.account = account
  local me = app:client(account):me()
  if type(me) ~= "table" then me = {} end
  record.name, record.email = name_of(me), text_of(me.email)
  return keep(context, record)
end

local actions = {}

function actions.login(args, context)
  -- Before a secret is asked for.
  local folder, why = accounts.folder(context.streams)
  if not folder then return context:fail(why) end
  if args.oauth then return login_with_oauth(context) end
  return login_with_key(context)
end

local SECONDS_PER_DAY = 86400

function actions.status(_, context)
  local out = context.streams.out
  local crm, problem, record = context:client()
  if not crm then return context:fail(problem) end
  local account, me = expect.account(crm:me())
  if not account then return context:fail(me) end
  local sanitize = require("lofty.errors").sanitize
  out:write("account   ", account, "\n",
    "name      ", sanitize(name_of(me), MAX_NAME), "\n",
    "email     ", sanitize(text_of(me.email) or "?", MAX_NAME), "\n",
    "server    ", crm.settings.base_url, "\n")
  if not record then
    out:write("kind      ", context.streams.variable "LOFTY_API_KEY" and "API key in LOFTY_API_KEY"
      or "access token in LOFTY_ACCESS_TOKEN", "\n")
    return exit_codes.ok
  end
  out:write("kind      ", record.kind == "oauth" and "OAuth" or "API key", "\n")
  local ends = record.kind == "oauth" and accounts.refresh_ends(context.streams, record)
  if ends then
    out:write(("refresh   the refresh token ends in %d days\n"):format(
      math.floor((ends - context.streams.now()) / SECONDS_PER_DAY)))
  end
  return exit_codes.ok
end

function actions.list(_, context)
  local list, err = accounts.list(context.streams)
  if not list then return context:fail(err) end
  local sanitize = require("lofty.errors").sanitize
  for _, account in ipairs(list) do
    local record = accounts.read(context.streams, account) or {}
    context.streams.out:write(account, "\t", sanitize(record.name or "?"), "\t", sanitize(record.email or "?"), "\t",
      record.kind == "oauth" and "OAuth" or "API key", "\n")
  end
  if #list == 0 then context:say("No account is logged in: run `lofty auth login`.") end
  return exit_codes.ok
end

function actions.logout(_, context)
  local account, why = accounts.chosen(context)
  if not account then return context:fail(why) end
  local record, err = accounts.read(context.streams, account)
  if not record then
    return context:fail(err or "no account " .. account .. " is logged in",
      err and exit_codes.failed or exit_codes.usage)
  end
  local ok, code = context:confirm(("Forget the credential of %s (account %s)"):format(
    require("lofty.errors").sanitize(record.name or "?", MAX_NAME), account))
  if not ok then return code end
  local deleted, problem = accounts.delete(context.streams, record)
  if not deleted then return context:fail(problem) end
  context:say("Logged out on this machine. If others may know the credential, revoke it in Lofty, too.")
  return exit_codes.ok
end

function auth.run(args, context)
  return actions[args.action](args, context)
end

return auth
