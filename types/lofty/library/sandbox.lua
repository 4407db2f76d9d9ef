-- SPDX-License-Identifier: MIT
---@meta lofty.sandbox

-- Annotations of the test kit, see docs/guide/testing.md. Written by hand; spec/unit/types_spec.lua compares the names.

---A time: "-3d" or "+90m" (s, m, h, d, w) from the start, epoch seconds, or ISO 8601 with an offset.
---@alias lofty.sandbox.time string|number

---@class lofty.sandbox.Lead: lofty.leads.create
---@field leadId? lofty.id
---@field score? integer
---@field isHidden? boolean
---@field createTime? lofty.sandbox.time
---@field assignTime? lofty.sandbox.time
---@field lastUpdateTime? lofty.sandbox.time
---@field lastTouch? lofty.sandbox.time
---@field notes? lofty.sandbox.Note[]
---@field tasks? lofty.sandbox.Task[]
---@field calls? lofty.sandbox.Call[]
---@field texts? lofty.sandbox.Text[]

---@class lofty.sandbox.Note
---@field leadId? lofty.id not inside a lead
---@field content string
---@field isPin? boolean
---@field systemNote? boolean
---@field noteId? lofty.id
---@field createTime? lofty.sandbox.time
---@field lastUpdate? lofty.sandbox.time

---@class lofty.sandbox.Task
---@field leadId? lofty.id not inside a lead
---@field content string
---@field type? "Call"|"Email"|"Text"|"Other"|"Appointment"
---@field assignedRole? "Agent"|"Assistant"
---@field startAt? lofty.sandbox.time
---@field endAt? lofty.sandbox.time
---@field timeZoneCode? string
---@field address? string
---@field finishFlag? boolean
---@field id? lofty.id
---@field createTime? lofty.sandbox.time
---@field lastUpdate? lofty.sandbox.time

---@class lofty.sandbox.Call
---@field leadId? lofty.id not inside a lead
---@field direction? "Outbound"|"Inbound"
---@field startTime? lofty.sandbox.time
---@field duration? integer seconds
---@field callingOutcome? "Talked"|"VoiceMessage"|"NoAnswer"|"BadNumber"|"DNCNumber"|"DNCContact"
---@field note? string
---@field leadPhoneNumber? string
---@field type? "Auto"|"Manual"|"Logged"
---@field id? lofty.id

---@class lofty.sandbox.Text
---@field leadId? lofty.id not inside a lead
---@field direction? "Outbound"|"Inbound"
---@field textTime? lofty.sandbox.time
---@field textContent string
---@field textType? "Auto"|"Manual"|"Logged"
---@field id? lofty.id

---@class lofty.sandbox.Email
---@field leadId lofty.id
---@field direction? "Outbound"|"Inbound"
---@field emailEventTime? lofty.sandbox.time
---@field emailSubject string
---@field emailType? "Auto"|"Manual"|"Logged"
---@field id? lofty.id

---@class lofty.sandbox.Member
---@field memberUserId? lofty.id
---@field firstName string
---@field lastName? string
---@field email? string
---@field phoneNumber? string
---@field roleName? string

---Records, and settings of lua/lofty/sandbox/README.md.
---@class lofty.sandbox.Options
---@field leads? lofty.sandbox.Lead[]
---@field members? lofty.sandbox.Member[]
---@field notes? lofty.sandbox.Note[]
---@field tasks? lofty.sandbox.Task[]
---@field calls? lofty.sandbox.Call[]
---@field texts? lofty.sandbox.Text[]
---@field emails? lofty.sandbox.Email[]
---@field rate_limit? integer calls in a window; 0: no limit
---@field merge_leads? boolean a lead with a known e-mail address is merged into the known one
---@field workers? integer
---@field app_name? string
---@field redirect_uri? string
---@field redirect_uris? string[]
---@field tls? { certificate: string, certificate_key: string } paths
---@field [string] any

---@alias lofty.sandbox.fault
---| "bare-string"
---| "code-in-200"
---| "coded-text"
---| "cut-after"
---| "cut-before"
---| "cut-body"
---| "cut-head"
---| "empty-200"
---| "error-in-200"
---| "forbidden"
---| "html-200"
---| "html-502"
---| "list-empty"
---| "list-missing"
---| "list-null"
---| "long-length"
---| "no-access-token"
---| "not-json"
---| "redirect"
---| "scope-not-granted"
---| "server-error"
---| "short-length"
---| "status-in-200"
---| "too-many"
---| "unavailable"

---A call that the box received.
---@class lofty.sandbox.Sent
---@field method string
---@field path string
---@field query table<string, string>
---@field body any decoded; nil when there was none
---@field headers table<string, string>

---@class lofty.sandbox.JournalEntry
---@field method string
---@field path string
---@field query string
---@field headers table<string, string>
---@field body? string
---@field connection integer

---A delivery of a webhook, as a request for a handler.
---@class lofty.sandbox.Delivery: lofty.HandlerRequest
---@field url string
---@field status? integer of the response, when it was posted to 127.0.0.1
---@field problem? string why that failed

---@class lofty.sandbox.Box
---@field url string
---@field tls_url? string
---@field token_url string
---@field developer_token_url string
---@field authorize_url string
---@field client_id string
---@field client_secret string
---@field public_client_id string
---@field redirect_uri string
---@field account string
---@field api_key string
---@field customer_key string
---@field api_keys table<string, string> by account
---@field ids? table<string, lofty.id[]> of the records that `start` was given, by resource
---@field folder string
---@field pid integer
local Box = {}

---A client of the box's account, whose waits cost no real time.
---@param opt? lofty.ClientOptions
---@return lofty.Client
function Box:client(opt) end

---An application of the box's vendor OAuth server, whose waits cost no real time.
---@param opt? lofty.AppOptions
---@return lofty.App
function Box:app(opt) end

---Makes the next matching call fail.
---@param call string method and path: "POST /v1.0/notes", "GET /v1.0/leads/{leadId}", "POST /v1.0/*"
---@param fault lofty.sandbox.fault
---@param opt? { times?: integer, skip?: integer }
function Box:fail(call, fault, opt) end

---The calls that the box has received, oldest first.
---@param method string
---@param path string
---@param fields? table what they must have in body, query or path
---@return lofty.sandbox.Sent[]
function Box:sent(method, path, fields) end

---The deliveries of the subscribed webhooks, oldest first.
---@param reset? boolean forgets them
---@return lofty.sandbox.Delivery[]
function Box:deliveries(reset) end

---Runs a command of the shell with LOFTY_BASE_URL, LOFTY_API_KEY and so on set.
---@param command string
---@return string printed
---@return integer status
function Box:execute(command) end

---Restores the state at the start.
function Box:reset() end

---A control of lua/lofty/sandbox/README.md.
---@param name string
---@param opt? table
---@return table
function Box:control(name, opt) end

---Presses Allow on the consent page.
---@param authorize_url string
---@param opt? { account?: string, deny?: boolean }
---@return string address that the browser is sent to
function Box:consent(authorize_url, opt) end

---Tokens of an account without the consent page.
---@param account? string
---@return table
function Box:issue(account) end

---The requests received, oldest first.
---@param reset? boolean empties the journal
---@return lofty.sandbox.JournalEntry[] requests
---@return integer dropped
function Box:journal(reset) end

---One HTTP request by curl.
---@param method string
---@param url string
---@param opt? { headers?: table<string, string>, body?: string }
---@return integer status
---@return string body
---@return table<string, string> headers
function Box:request(method, url, opt) end

---The variables that point a script at this box.
---@return string[][] pairs of name and value
function Box:exports() end

---The errors in the emulator's own log.
---@return string
function Box:complaints() end

---Stops it and removes its folder.
function Box:stop() end

---Stops it, and raises the errors in its log.
function Box:finish() end

---@class lofty.sandbox
---@field faults lofty.sandbox.fault[]
local sandbox = {}

---Starts an emulator of Lofty on loopback.
---@param opt? lofty.sandbox.Options
---@return lofty.sandbox.Box
function sandbox.start(opt) end

---Talks to a sandbox that runs already.
---@param url string
---@param folder string for curl's files
---@return lofty.sandbox.Box
function sandbox.attach(url, folder) end

return sandbox
