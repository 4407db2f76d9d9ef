-- SPDX-License-Identifier: MIT

--- The consent page, and a page to redirect to where there is no application.
-- @module lofty.sandbox.server.consent

local accounts = require "lofty.sandbox.server.accounts"
local html = require "lofty.sandbox.server.html"
local request = require "lofty.sandbox.server.request"
local settings = require "lofty.sandbox.server.settings"
local tokens = require "lofty.sandbox.server.tokens"

local consent = {}

local function page(status, title, body)
  return { status = status, body = html.page(title, body),
           headers = { ["Content-Type"] = "text/html; charset=utf-8", ["Cache-Control"] = "no-store",
                       ["Content-Security-Policy"] = "default-src 'none'; style-src 'unsafe-inline'" } }
end

local function fail(text)
  error(page(400, "This link does not work", html.element("h1", "This link does not work")
    .. html.element("p", text) .. html.element("p", "Go back to the application and try again, or tell its makers.")), 0)
end

-- Checks the authorization request. Lofty documents clientId alone; the other parameters are those of integrations in use
-- and of RFC 7636.
local function read_request(args)
  local set = settings.get()
  local client = args.clientId or args.client_id
  if client ~= set.client_id and client ~= set.public_client_id then
    fail("No application is registered under this clientId.")
  end
  local redirect_uri = args.redirect_uri or set.redirect_uris[1]
  local registered = false
  for _, known in ipairs(set.redirect_uris) do registered = registered or known == redirect_uri end
  if not registered then fail("The redirect_uri is not one that the application has registered.") end
  if args.response_type and args.response_type ~= "code" then fail("The response_type must be code.") end
  if args.code_challenge and args.code_challenge_method ~= "S256" then
    fail("The code_challenge_method must be S256.")
  end
  if args.code_challenge and not args.code_challenge:match("^[%w_-]+$") then fail("The code_challenge is malformed.") end
  if client == set.public_client_id and not args.code_challenge then
    fail("An application without a secret must send a code_challenge.")
  end
  return { client = client, redirect_uri = redirect_uri, state = args.state, challenge = args.code_challenge }
end

local FIELDS = { "clientId", "redirect_uri", "response_type", "state", "code_challenge", "code_challenge_method" }

local function form(args)
  local out = {}
  for _, name in ipairs(FIELDS) do
    local value = args[name] or (name == "clientId" and args.client_id)
    if value then out[#out + 1] = html.hidden(name, value) end
  end
  out[#out + 1] = "<fieldset><legend>Which account?</legend>"
  for i, person in ipairs(accounts.people) do
    out[#out + 1] = html.radio("account", person.id, person.first .. " " .. person.last, person.email .. ", "
      .. person.about, i == 1)
  end
  out[#out + 1] = "</fieldset><div class=\"buttons\">"
    .. '<button name="decision" value="allow" class="main">Allow</button>'
    .. '<button name="decision" value="deny">Deny</button></div>'
  return '<form method="post" action="/page/vendor-auth.html">' .. table.concat(out, "\n") .. "</form>"
end

local function show(args)
  local name = settings.get().app_name
  return page(200, name .. " wants to use your Lofty account",
    html.element("h1", name .. " wants to use your Lofty account")
    .. "<p>If you allow it, the application can:</p><ul><li>read your leads, their notes, tasks and history</li>"
    .. "<li>add and change leads, notes, tasks and transactions</li><li>be told of changes by webhooks</li></ul>"
    .. form(args) .. '<p class="small">This is a sandbox on your own machine. No real account is touched.</p>')
end

local function redirect(ask, name, value)
  local uri = ask.redirect_uri .. (ask.redirect_uri:find("?", 1, true) and "&" or "?") .. name .. "="
    .. ngx.escape_uri(value)
  if ask.state then uri = uri .. "&state=" .. ngx.escape_uri(ask.state) end
  return { status = 302, headers = { Location = uri, ["Cache-Control"] = "no-store" } }
end

local function decide(req)
  local fields = request.is_type(req, "application/x-www-form-urlencoded") and request.form(req.body)
  if not fields then fail("The form could not be read.") end
  local ask = read_request(fields)
  if fields.decision == "deny" then return redirect(ask, "error", "access_denied") end
  if fields.decision ~= "allow" then fail("Nothing was decided.") end
  if not accounts.find(fields.account or "") then fail("There is no such account.") end
  return redirect(ask, "code", tokens.code {
    client = ask.client, account = fields.account, redirect_uri = ask.redirect_uri, challenge = ask.challenge,
  })
end

--- GET shows the consent page, POST takes the decision.
function consent.page(req)
  if req.method == "POST" then return decide(req) end
  if not req.args then fail("The address could not be read.") end
  read_request(req.args)
  return show(req.args)
end

--- The redirect address of a trial without an application.
function consent.landing(req)
  local args = req.args or {}
  local result = args.error and "You said no, or something went wrong: " .. args.error
    or "You said yes. An application would now take the code out of this page's address."
  return page(200, "Back at the application", html.element("h1", "Back at the application") .. html.element("p", result)
    .. "<p>When a program in your terminal asks where you landed, copy this page's whole address "
    .. "from the address bar and paste it there.</p>")
end

return consent
