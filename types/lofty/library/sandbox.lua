-- SPDX-License-Identifier: MIT
---@meta lofty.sandbox

-- Annotations of the test kit, written by hand: lua/lofty/sandbox.lua. spec/unit/types_spec.lua compares the names.

---A time of a record: epoch seconds, ISO 8601 with an offset, or "-3d" (s, m, h, d, w) before or after the start.
---@alias lofty.sandbox.time number|string

---Settings of lua/lofty/sandbox/README.md are fields, too.
---@class lofty.sandbox.Options
---@field leads? table[] records, instead of generated ones; notes, tasks, calls and texts may stand in a lead
---@field members? table[]
---@field notes? table[] each names its lead by leadId
---@field tasks? table[] each names its lead by leadId
---@field calls? table[] each names its lead by leadId
---@field texts? table[] each names its lead by leadId
---@field emails? table[] each names its lead by leadId
---@field workers? integer processes, 1 when left out
---@field redirect_uri? string
---@field redirect_uris? string[]
---@field app_name? string what the consent page shows
---@field tls? { certificate: string, certificate_key: string } listens on a second port with TLS, too
---@field rate_limit? integer calls in a window; 0: no limit
---@field rate_window? number seconds
---@field [string] any

---@class lofty.sandbox.Call
---@field method string
---@field path string
---@field query table<string, string>
---@field body? any decoded
---@field headers table<string, string> names in lower case

---@class lofty.sandbox.Delivery: lofty.HandlerRequest
---@field url string
---@field status? integer of the response when it was posted
---@field problem? string why posting it failed

---@class lofty.sandbox.JournalEntry
---@field method string
---@field path string
---@field query string
---@field headers table<string, string>
---@field body? string
---@field connection integer

---An emulator of Lofty on this machine.
---@class lofty.sandbox.Box
---@field url string
---@field tls_url? string
---@field token_url string of the vendor OAuth server
---@field developer_token_url string
---@field authorize_url string of the consent page
---@field client_id string
---@field client_secret string
---@field public_client_id string
---@field redirect_uri string
---@field account string the first account's id
---@field api_key string of the first account
---@field customer_key string of the first account
---@field api_keys table<string, string> by account
---@field ids? table<string, lofty.id[]> of the records it was started with, by resource
---@field pid integer
---@field folder string
local Box = {}

---A client of the box's account. Its waits cost no real time: they move the box's clock and the client's.
---@param opt? lofty.ClientOptions
---@return lofty.Client
function Box:client(opt) end

---An application of the box's vendor OAuth server.
---@param opt? lofty.AppOptions
---@return lofty.App
function Box:app(opt) end

---Makes the next matching calls fail.
---@param call string such as "POST /v1.0/notes"
---@param fault string one of lofty.sandbox's faults
---@param opt? { times?: integer, skip?: integer } how many calls, after how many
function Box:fail(call, fault, opt) end

---The calls that the box has received, oldest first.
---@param method string
---@param path string
---@param fields? table that a call must have; others may be there too
---@return lofty.sandbox.Call[]
function Box:sent(method, path, fields) end

---The deliveries of the subscribed webhooks, oldest first, as requests for a handler.
---@param reset? boolean true: forgets them
---@return lofty.sandbox.Delivery[]
function Box:deliveries(reset) end

---What a person does on the consent page.
---@param authorize_url string
---@param opt? { account?: string, deny?: boolean }
---@return string url the address that the browser is sent to
function Box:consent(authorize_url, opt) end

---Tokens of an account without the flow.
---@param account? string
---@return table
function Box:issue(account) end

---A control of lua/lofty/sandbox/README.md.
---@param name string
---@param opt? table
---@return table
function Box:control(name, opt) end

---One HTTP request by curl.
---@param method string
---@param url string an address, or a path of the box
---@param opt? { headers?: table<string, string>, body?: string }
---@return integer status
---@return string body
---@return table<string, string> headers
function Box:request(method, url, opt) end

---The requests received so far, oldest first.
---@param reset? boolean true: empties the journal
---@return lofty.sandbox.JournalEntry[] requests
---@return integer dropped how many earlier ones the full journal has dropped
function Box:journal(reset) end

---Restores the state at the start.
function Box:reset() end

---The errors in its log; "" unless the sandbox itself is at fault.
---@return string
function Box:complaints() end

---Stops it and removes its folder.
function Box:stop() end

---@class lofty.sandbox
---@field faults string[] the names that box:fail takes
local sandbox = {}

---Starts an emulator of Lofty.
---@param opt? lofty.sandbox.Options
---@return lofty.sandbox.Box
function sandbox.start(opt) end

return sandbox
