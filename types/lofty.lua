---@meta lofty

-- Annotations of lofty for LuaLS and other editors. Made by tools/annotations/generate.lua: change what stands
-- beside that, and run it again.

---An id, exact always: a string of digits where numbers are too small.
---@alias lofty.id integer|string

---A time: epoch seconds, a table of os.date (local time), or ISO 8601 with an offset.
---@alias lofty.moment number|string|osdate

---@alias lofty.kind
---| "invalid" the request was wrong, here or as the server sees it
---| "network" no connection, or it broke
---| "timeout" a time limit passed
---| "tls" the other side's certificate or the handshake was not acceptable
---| "auth" the credential was refused
---| "forbidden" the credential does not reach this far
---| "not_found" there is no such thing
---| "rate_limit" too many requests
---| "server" the server failed, or answered what is no answer
---| "oauth" the authorization server refused a grant
---| "decode" the answer breaks the rules of HTTP or JSON
---| "store" tokens could not be read or kept

---@class lofty.Error
---@field kind lofty.kind
---@field message string
---@field status? integer of the HTTP answer
---@field code? integer|string Lofty's own number, or the provider's word
---@field operation? string
---@field retryable? boolean
---@field retry_after? number seconds
---@field sent? boolean false when the server cannot have seen the request
---@field outcome_unknown? boolean true when a write was sent and nothing says what became of it
---@field cursor? string where a list goes on: each(filter, { resume = err.cursor })
---@field items? table[] of `all`: the items of the pages before
---@field account? string
---@field response? lofty.Response

---@class lofty.Rate
---@field limit? number calls in this minute
---@field remaining? number
---@field reset_at? number epoch seconds

---@class lofty.Response
---@field status integer
---@field headers table<string, string> names in lower case
---@field rate lofty.Rate
---@field attempts integer
---@field url string
---@field elapsed number seconds

---@class lofty.Token
---@field access_token string
---@field refresh_token? string
---@field token_type? string
---@field scope? string
---@field expires_in? number
---@field obtained_at? number
---@field expires_at? number epoch seconds
---@field refresh_expires_at? number
---@field account? string
---@field revoked_at? number
---@field connected_at? number epoch seconds: when app:connect stored it
---@field state fun(self: lofty.Token, now: number): "fresh"|"stale"|"invalid"
---@field authorization fun(self: lofty.Token): string the Authorization header

---@class lofty.Store
---@field get fun(self: lofty.Store, key: string, fresh?: boolean): string?, lofty.Error?
---@field put fun(self: lofty.Store, key: string, value: string): boolean?, lofty.Error?
---@field delete fun(self: lofty.Store, key: string): boolean?, lofty.Error?
---@field keys fun(self: lofty.Store): string[]?, lofty.Error?
---@field try_lock fun(self: lofty.Store, key: string, owner: string, ttl: number): boolean?, lofty.Error?
---@field unlock fun(self: lofty.Store, key: string, owner: string): boolean?, lofty.Error?
---@field reserve? fun(self: lofty.Store, key: string, bytes: number): boolean?, lofty.Error?
---@field take? fun(self: lofty.Store, key: string, limit: number, window: number): number?, lofty.Error?

---@class lofty.RequestEvent
---@field id integer of the call, the same in all its attempts
---@field operation? string
---@field method string
---@field path string the template, without ids
---@field attempt integer from 1

---@class lofty.ResponseEvent: lofty.RequestEvent
---@field status? integer absent when no response came
---@field elapsed number seconds
---@field err? lofty.Error

---@class lofty.RetryEvent: lofty.RequestEvent
---@field wait number seconds until the next attempt
---@field reason string
---@field err lofty.Error of the attempt that failed

---@class lofty.WaitEvent
---@field seconds number
---@field ends_at number epoch seconds
---@field operation? string
---@field reason "429"|"budget" what limits the calls

---@class lofty.ClientOptions
---@field api_key? string a personal API key
---@field access_token? string a token that nothing renews
---@field token? lofty.Token|table
---@field client_id? string
---@field client_secret? string
---@field customer_key? string
---@field base_url? string
---@field token_url? string
---@field timeout? number|{ connect: number, total: number } seconds
---@field ca? string a file of certificates to trust instead of the system's
---@field proxy? string
---@field user_agent? string
---@field json? "strict"|"repair" repair: U+FFFD for a character that JSON does not allow in a string
---@field max_body? integer bytes
---@field validate? boolean false: send fields that are not known
---@field retry? false|{ attempts?: integer, base?: number, cap?: number, total?: number }
---@field limit? number calls a minute
---@field deadline? number seconds for a whole call, all its waits and attempts included
---@field dry_run? boolean true: writes are checked and shown, and not sent
---@field on_dry_run? fun(call: table) takes what a dry run does not send; without it a line goes to stderr
---@field store? lofty.Store
---@field on_request? fun(event: lofty.RequestEvent) before each attempt
---@field on_response? fun(event: lofty.ResponseEvent) after each attempt
---@field on_retry? fun(event: lofty.RetryEvent) before the pause between two attempts
---@field on_wait? fun(event: lofty.WaitEvent) when calls begin to wait for the rate limit
---@field on_refresh? fun(token: lofty.Token, err?: lofty.Error)
---@field on_error? fun(err: lofty.Error) a failure that no call returns
---@field runtime? table

---@class lofty.AppOptions: lofty.ClientOptions
---@field redirect_uri? string
---@field oauth_server? "vendor"|"developer"
---@field authentication? "basic"|"body"|"none" how the application shows who it is
---@field basic? "plain"|"form" what stands in a Basic header
---@field encryption_key? string 32 bytes: tokens lie encrypted in the store
---@field authorize_url? string
---@field require_state? boolean

---@class lofty.App
local App = {}

---The address of the consent page, and the state that has to come back.
---@param opt? { state?: string, pkce?: boolean }
---@return string url
---@return string state
---@return string? code_verifier
function App:authorize_url(opt) end

---Reads the request to the redirect address. An err's `state_verified` tells whether it carried the expected state.
---@param args table|string
---@param opt { state?: string }
---@return string? code
---@return lofty.Error? err
function App:callback(args, opt) end

---Exchanges a code for a token. A code can be exchanged once.
---@param code string
---@param opt? { code_verifier?: string, redirect_uri?: string }
---@return lofty.Token? token
---@return lofty.Error? err
function App:exchange(code, opt) end

---Refreshes a token; the old one is not changed.
---@param old lofty.Token|table
---@return lofty.Token? token
---@return lofty.Error? err
function App:refresh(old) end

---A token of the client_credentials grant.
---@param customer_key? string
---@return lofty.Token? token
---@return lofty.Error? err
function App:client_credentials(customer_key) end

---A client for one account, or of a token.
---@param who? string|lofty.Token|table
---@param opt? lofty.ClientOptions
---@return lofty.Client
function App:client(who, opt) end

---Reads a callback, exchanges the code, asks who it was and keeps the token.
---@param args table|string
---@param opt { state: string, code_verifier?: string }
---@return string? account
---@return lofty.Token|lofty.Error
function App:connect(args, opt) end

---Forgets an account's token.
---@param account string
---@return boolean? done
---@return lofty.Error? err
function App:disconnect(account) end

---The accounts whose tokens are in the store.
---@overload fun(self: lofty.App, opt: { details: true }): lofty.AccountDetails[]?, lofty.Error?
---@return string[]? accounts
---@return lofty.Error? err
function App:accounts() end

---The accounts whose refresh token expires within some days, or has expired, soonest first.
---@param days number
---@return lofty.AccountDetails[]? accounts
---@return lofty.Error? err
function App:expiring(days) end

---@class lofty.AccountDetails
---@field account string
---@field connected_at? number epoch seconds: when app:connect stored it
---@field refreshed_at? number epoch seconds: when its present token was granted
---@field refresh_expires_at? number epoch seconds: then the person has to connect again
---@field revoked_at? number epoch seconds
---@field err? lofty.Error its token can't be read

---@class lofty.ListOptions
---@field resume? string the cursor of an earlier item, or of an err
---@field strict? boolean false: a walk that ends before the total that the server states is a normal end

---@class lofty.ListingOptions: lofty.ListOptions
---@field list? "listIng"|"soldListing"

---@class lofty.ensure.wanted
---@field callbackUrl string
---@field lists (integer|string)[] numbers 1 to 12, or names: "lead", "note", ...
---@field limit? integer
---@field permissionMode? 0|1
---@field prefix? string how one's own addresses begin

---@class lofty.ensure.changes
---@field created lofty.Subscription[]
---@field deleted lofty.Subscription[]
---@field kept lofty.Subscription[]

---@class lofty.Event
---@field name string such as "lead.updated"
---@field action string
---@field list_id integer
---@field list string
---@field team_id? lofty.id
---@field leadId? lofty.id
---@field updateTime? lofty.id epoch milliseconds
---@field data table the item as it came
---@field bucket? string the name of the item's array in the delivery
---@field delivery table the whole delivery

---@class lofty.HandlerOptions
---@field secret string|string[] the last segment of the callback URL's path; an array accepts each of them
---@field on_event fun(event: lofty.Event): any, any fails when it raises or returns nil, err
---@field seen? fun(key: string, event: lofty.Event): boolean? true when it was called with this key before
---@field forget? fun(key: string, event: lofty.Event) makes seen forget a key
---@field later? true|fun(fn: function, ...: any): boolean? respond first, then handle the events
---@field max_body? integer bytes
---@field max_events? integer of one delivery
---@field json? "strict"|"repair" how a delivery with a character that JSON does not permit is read
---@field spool? lofty.Spool respond once the delivery is on disk
---@field attempts? integer with a spool: of one event
---@field on_error? fun(err: any, event?: lofty.Event)

---@class lofty.HandlerRequest
---@field method? string
---@field path string
---@field body? string|fun(): string?
---@field headers? table<string, string>

---@class lofty.ActiveHours
---@field activeDays? integer[]
---@field hoursEnd? integer
---@field hoursStart? integer

---@class lofty.Activity
---@field activityTime? string
---@field agentId? lofty.id
---@field callingOutcome? string
---@field channel? string
---@field communicationType? string
---@field direction? string
---@field emailEventType? string
---@field emailSubject? string
---@field id? lofty.id
---@field leadId? lofty.id
---@field leadPhoneNumber? string
---@field note? string

---@class lofty.ActivityPage
---@field activities? lofty.Activity[]

---@class lofty.AgentInfo
---@field agentPid? string
---@field companyAddress? string
---@field companyName? string
---@field licenseId? string
---@field mlsAgentId? string
---@field position? string

---@class lofty.AgentTagged
---@field data? boolean
---@field errorCode? integer
---@field errorMsg? string

---@class lofty.AlertSent
---@field data? boolean
---@field status? lofty.Status

---@class lofty.Appointment
---@field address? string
---@field allDay? boolean
---@field assignRoleType? integer
---@field assignToUid? lofty.id
---@field createTime? string
---@field creatorId? lofty.id
---@field deadline? lofty.id
---@field deleteFlag? boolean
---@field descr? string
---@field endTime? lofty.id
---@field finishFlag? boolean
---@field finishTime? lofty.id
---@field id? lofty.id
---@field lastUpdate? string
---@field leadId? lofty.id
---@field overdue? boolean

---@class lofty.CalendarEntries
---@field items? lofty.CalendarEntry[]
---@field page? integer
---@field pageSize? integer
---@field total? lofty.id

---@class lofty.CalendarEntry
---@field content? string
---@field endAt? string
---@field endAtMs? lofty.id
---@field finished? boolean
---@field id? string
---@field leadId? lofty.id
---@field sourceType? integer
---@field startAt? string
---@field startAtMs? lofty.id
---@field taskId? lofty.id
---@field timeZoneCode? string
---@field title? string
---@field type? string

---@class lofty.CalendarId
---@field id? string
---@field message? string
---@field type? string

---@class lofty.CalendarPage
---@field data? lofty.CalendarEntries

---@class lofty.Call
---@field agentId? lofty.id
---@field callingOutcome? string
---@field createTime? string
---@field dialerCallRecordId? lofty.id
---@field direction? string
---@field duration? integer
---@field elapsedTime? string
---@field endTime? string
---@field id? lofty.id
---@field isMachineAnswered? boolean
---@field leadId? lofty.id
---@field leadPhoneNumber? string
---@field note? string
---@field price? number
---@field rateScore? integer
---@field recordingSwitch? boolean
---@field showUserNumber? string
---@field startTime? string
---@field status? string
---@field updateTime? string
---@field userId? lofty.id
---@field userPhoneNumber? string

---@class lofty.CallHistoryPage
---@field calls? lofty.Call[]

---@class lofty.CallPage
---@field _metadata? lofty.Metadata
---@field calls? lofty.Call[]

---@class lofty.CallScript
---@field context? string
---@field keyTalkingPoints? lofty.TalkingPoint[]
---@field objectiveSuggestion? string[]

---@class lofty.CallSummary
---@field comment? string
---@field id? lofty.id
---@field keywords? lofty.Keyword[]
---@field recordingId? lofty.id
---@field score? integer
---@field status? integer
---@field summary? string
---@field text? string
---@field userId? lofty.id

---@class lofty.CallV2
---@field agentId? lofty.id
---@field createTime? string
---@field direction? string
---@field id? lofty.id
---@field leadId? lofty.id
---@field leadPhoneNumber? string

---@class lofty.CallV2Page
---@field calls? lofty.CallV2[]

---@class lofty.CodeMessage
---@field code? integer
---@field message? string

---@class lofty.Commission
---@field calculateType? string
---@field desc? string
---@field id? lofty.id
---@field payTo? lofty.id
---@field payToName? string
---@field payType? string
---@field splitPayTo? lofty.id
---@field splitPayToName? string
---@field splitPayType? string
---@field value? lofty.id

---@class lofty.Commissions
---@field postSplit? lofty.Commission[]
---@field preSplit? lofty.Commission[]
---@field split? lofty.Commission[]

---@class lofty.CommunicationEntry
---@field agentId? lofty.id
---@field callDuration? string
---@field callOutcome? string
---@field communicationTime? string
---@field communicationType? string
---@field direction? string
---@field eventType? string
---@field fromPond? boolean
---@field id? lofty.id
---@field leadId? lofty.id
---@field status? string

---@class lofty.CommunicationPage
---@field data? lofty.CommunicationEntry[]
---@field hasMore? boolean
---@field limit? integer
---@field nextCursor? string
---@field totalCount? lofty.id

---@class lofty.CommunicationV1Page
---@field hasMore? boolean
---@field limit? integer
---@field offset? integer
---@field pageData? table[]

---@class lofty.CustomAttribute
---@field attributeName? string
---@field attributeType? string
---@field params? string
---@field value? string

---@class lofty.CustomFieldValue
---@field id? lofty.id
---@field value? string

---@class lofty.DefaultRoutingRule
---@field assigneeAgentId? lofty.id
---@field assigneeAgentName? string
---@field assigneeGroupId? lofty.id
---@field assigneeGroupName? string
---@field businessType? integer
---@field roleId? integer
---@field strategyType? integer
---@field touchMinutes? integer
---@field updateTime? lofty.id

---@class lofty.Email
---@field agentId? lofty.id
---@field direction? string
---@field emailEventTime? string
---@field emailSubject? string
---@field emailType? string
---@field eventType? string
---@field fromPond? boolean
---@field id? lofty.id
---@field leadId? lofty.id

---@class lofty.EmailPage
---@field emails? lofty.Email[]

---@class lofty.EnterpriseInfo
---@field groupId? lofty.id
---@field groupName? string
---@field profileId? lofty.id
---@field profileName? string
---@field visibleOrgInfoList? lofty.VisibleOffice[]

---@class lofty.FamilyMember
---@field birthday? string
---@field emails? string[]
---@field firstName? string
---@field lastName? string
---@field phones? string[]
---@field relationship? string

---@class lofty.Inquiry
---@field bathroomsMax? string
---@field bathroomsMin? string
---@field bedroomsMax? integer
---@field bedroomsMin? integer
---@field createTime? string
---@field defaultValue? boolean
---@field id? lofty.id
---@field leadUserId? lofty.id
---@field locations? lofty.Location[]
---@field modifyByAgent? boolean
---@field priceMax? lofty.id
---@field priceMin? lofty.id
---@field propertyType? string[]
---@field updateTime? string

---@class lofty.Keyword
---@field content? string
---@field params? table[]
---@field type? string

---@class lofty.Lead
---@field assignCompletionStatus? boolean
---@field assignTime? string
---@field assignedUser? string
---@field assignedUserId? lofty.id
---@field birthday? string
---@field buyHouse? string
---@field buyingTimeFrame? string
---@field cannotCall? boolean
---@field cannotEmail? boolean
---@field cannotText? boolean
---@field city? string
---@field createTime? string
---@field customAttributes? lofty.CustomAttribute[]
---@field customRoleList? lofty.RoleOfLead[]
---@field emails? string[]
---@field facebook? string
---@field firstName? string
---@field fthb? string
---@field groups? string[]
---@field hiddenFlag? boolean
---@field houseToSell? string
---@field language? string
---@field lastName? string
---@field lastTouch? string
---@field lastUpdateTime? string
---@field lastVisit? string
---@field leadFamilyMemberList? lofty.FamilyMember[]
---@field leadId? lofty.id
---@field leadInquiry? lofty.Inquiry
---@field leadPropertyList? lofty.Property[]
---@field leadSource? integer
---@field leadTypes? integer[]
---@field leadUserId? lofty.id
---@field lenderUserId? lofty.id
---@field mortgage? string
---@field opportunity? string
---@field ownershipId? lofty.id
---@field ownershipScope? string
---@field phoneStatuses? integer[]
---@field phones? string[]
---@field pondId? lofty.id
---@field pondName? string
---@field preQual? string
---@field referredBy? string
---@field score? integer
---@field segments? string[]
---@field sellingTimeFrame? string
---@field source? string
---@field stage? string
---@field stageId? lofty.id
---@field state? string
---@field streetAddress? string
---@field tags? lofty.TagOfLead[]
---@field teamId? lofty.id
---@field twitter? string
---@field unsubscription? boolean
---@field withBuyerAgent? string
---@field withListingAgent? string
---@field zipCode? string

---@class lofty.LeadId
---@field leadId? lofty.id

---@class lofty.LeadPage
---@field _metadata? lofty.Metadata
---@field leads? lofty.Lead[]

---@class lofty.LeadTag
---@field createTime? string
---@field creatorUserId? lofty.id
---@field leadId? lofty.id
---@field tagId? lofty.id
---@field tagName? string
---@field updateTime? string
---@field visibleType? integer

---@class lofty.Listing
---@field agentId? string
---@field agentName? string
---@field agentOrgId? string
---@field agentOrgName? string
---@field area? string
---@field baths? number
---@field beds? number
---@field builtYear? integer
---@field chimeArea? string
---@field chimeComplex? string
---@field chimeMaintenanceFee? number
---@field coAgentId? string
---@field coAgentName? string
---@field coAgentOrgId? string
---@field coAgentOrgName? string
---@field community? string
---@field condoFee? number
---@field condoFeeFrequency? string
---@field county? string
---@field detailsDescribe? string
---@field exterior? string
---@field garageParkingSpaces? number
---@field hoaFee? number
---@field hoaFeeFrequency? string
---@field interiorFeatures? string
---@field listingCity? string
---@field listingId? string
---@field listingState? string
---@field listingStatus? string
---@field listingStreetName? string
---@field listingZipcode? string[]
---@field mlsListDateL? lofty.id
---@field mlsListingId? string
---@field openHouseSchedules? string
---@field openHouseSchedulesEnd? string
---@field openHouseSchedulesStart? string
---@field pictureList? string[]
---@field price? string
---@field propertyTypePrimary? string
---@field propertyTypeSecondary? string
---@field propertyTypes? string[]
---@field purchaseType? string
---@field sqft? number
---@field subDivisionName? string
---@field totalAvailableAcres? string

---@class lofty.ListingKeys
---@field activeTotal? lofty.id
---@field collection? string
---@field limit? integer
---@field nextPageKey? string
---@field soldNextPageKey? string
---@field soldTotal? lofty.id
---@field total? lofty.id

---@class lofty.ListingMetadata
---@field collection? string
---@field hasMore? boolean
---@field pageNum? lofty.id
---@field pageSize? integer
---@field totalCount? lofty.id
---@field totalPage? lofty.id

---@class lofty.ListingPage
---@field _listingMetadata? lofty.ListingKeys
---@field listIng? lofty.Listing[]
---@field soldListing? lofty.Listing[]

---@class lofty.ListingSearchPage
---@field listing? lofty.Listing[]
---@field metadata? lofty.ListingMetadata

---@class lofty.Location
---@field city? string
---@field county? string
---@field description? string
---@field stateCode? string
---@field streetAddress? string
---@field zipCode? string

---@class lofty.LocationRule
---@field city? string
---@field county? string
---@field locationMatchType? integer
---@field state? string
---@field streetAddress? string
---@field zipcode? string

---@class lofty.ManualLog
---@field agentId? lofty.id
---@field callingOutcome? string
---@field content? string
---@field createTime? string
---@field emailSubject? string
---@field fromEmail? string
---@field id? lofty.id
---@field isPin? boolean
---@field leadId? lofty.id
---@field leadPhoneNumber? string
---@field outboundOrInbound? string
---@field toEmail? string

---@class lofty.ManualLogPage
---@field logType? lofty.ManualLog[]

---@class lofty.MeetingSlot
---@field endTime? string
---@field endTimeMs? lofty.id
---@field startTime? string
---@field startTimeMs? lofty.id

---@class lofty.MeetingSlotList
---@field slots? lofty.MeetingSlot[]
---@field total? integer

---@class lofty.MeetingSlots
---@field data? lofty.MeetingSlotList

---@class lofty.Member
---@field accountStatus? string
---@field agentInfo? lofty.AgentInfo
---@field assignedLeadCount? integer
---@field email? string
---@field firstLetter? string
---@field firstName? string
---@field group? lofty.Office
---@field groupId? lofty.id
---@field groupName? string
---@field id? lofty.id
---@field invitorUserId? lofty.id
---@field isAdmin? boolean
---@field lastName? string
---@field memberUserId? lofty.id
---@field newLeadCount? integer
---@field phoneNumber? string
---@field role? integer
---@field roleName? string
---@field status? integer
---@field teamId? lofty.id
---@field timeZoneId? string
---@field virtualNumber? string

---@class lofty.MemberPage
---@field _metadata? lofty.Metadata
---@field members? lofty.Member[]

---@class lofty.Message
---@field message? string

---@class lofty.Metadata
---@field collection? string
---@field limit? integer
---@field offset? lofty.id
---@field scrollId? string
---@field total? lofty.id

---@class lofty.MultiTeamInfo
---@field multiTeamId? lofty.id
---@field multiTeamName? string

---@class lofty.MuteStatus
---@field mute? string

---@class lofty.NewAgent
---@field data? lofty.id
---@field errorCode? integer
---@field errorMsg? string

---@class lofty.Note
---@field content? string
---@field createTime? string
---@field creatorId? lofty.id
---@field creatorName? string
---@field deleteFlag? boolean
---@field id? lofty.id
---@field isPin? boolean
---@field lastEditorId? lofty.id
---@field lastEditorName? string
---@field lastUpdate? string
---@field leadId? lofty.id
---@field noteId? lofty.id
---@field systemNote? boolean

---@class lofty.NoteId
---@field noteId? lofty.id

---@class lofty.NotePage
---@field notes? lofty.Note[]

---@class lofty.Office
---@field agentCount? integer
---@field allowManageSub? boolean
---@field boundNumber? string
---@field childPath? string
---@field city? string
---@field createTime? string
---@field defaultFlag? boolean
---@field email? string
---@field id? lofty.id
---@field layer? integer
---@field name? string
---@field parentId? lofty.id
---@field path? string
---@field phone? string
---@field phoneCode? string
---@field phoneCountry? string
---@field showInSite? boolean
---@field state? string
---@field status? string
---@field streetAddress? string
---@field teamId? lofty.id
---@field type? integer
---@field updateTime? string
---@field webSiteUrl? string
---@field websiteOwnerId? lofty.id
---@field zipcode? string

---@class lofty.Organization
---@field enterpriseInfo? lofty.EnterpriseInfo
---@field multiTeamInfo? lofty.MultiTeamInfo
---@field orgType? lofty.id

---@class lofty.Outcome
---@field code? integer
---@field data? table
---@field message? string

---@class lofty.PermissionProfile
---@field id? lofty.id
---@field name? string

---@class lofty.Pipeline
---@field id? lofty.id
---@field name? string

---@class lofty.PipelinePage
---@field _metadata? lofty.Metadata
---@field pipelines? lofty.Pipeline[]

---@class lofty.PlanTask
---@field assignedTo? lofty.id
---@field content? string
---@field createdAt? string
---@field creatorId? lofty.id
---@field dueAt? string
---@field id? lofty.id
---@field status? string
---@field taskType? string

---@class lofty.Pond
---@field agentIds? lofty.id[]
---@field id? lofty.id
---@field pondName? string
---@field pondOwnerId? lofty.id

---@class lofty.Property
---@field autoListingId? lofty.id
---@field bathrooms? number
---@field bedrooms? integer
---@field city? string
---@field county? string
---@field floors? integer
---@field id? lofty.id
---@field label? string
---@field labelList? string
---@field labelType? string
---@field leadUserId? lofty.id
---@field listingId? string
---@field listingStatus? string
---@field lotSize? number
---@field mailAddress? boolean
---@field note? string
---@field parkingSpace? lofty.id
---@field pictureUrl? string
---@field price? lofty.id
---@field priceMax? lofty.id
---@field priceMin? lofty.id
---@field propertyType? string
---@field siteListingUrl? string
---@field squareFeet? lofty.id
---@field state? string
---@field streetAddress? string
---@field zipCode? string

---@class lofty.Recording
---@field id? lofty.id
---@field url? string

---@class lofty.RoleHolder
---@field agentFullName? string
---@field assignee? string
---@field assigneeId? lofty.id
---@field permissionProfileName? string
---@field role? string
---@field roleId? integer

---@class lofty.RoleOfLead
---@field assignee? string
---@field assigneeId? lofty.id
---@field role? string
---@field roleId? integer

---@class lofty.RoutingMember
---@field id? lofty.id
---@field name? string
---@field type? integer

---@class lofty.RoutingPreview
---@field customRoleAssignees? lofty.RoleHolder[]
---@field firstName? string
---@field lastName? string
---@field leadId? lofty.id
---@field leadUserId? lofty.id

---@class lofty.RoutingRole
---@field id? lofty.id
---@field name? string

---@class lofty.RoutingRule
---@field activeHours? lofty.ActiveHours
---@field groupMatchType? integer
---@field groupNames? string[]
---@field id? lofty.id
---@field leadType? string
---@field leadTypeFilters? string
---@field locationRule? lofty.LocationRule
---@field name? string
---@field phone? string
---@field priceMax? lofty.id
---@field priceMin? lofty.id
---@field routingStrategy? lofty.RoutingStrategy
---@field ruleSwitch? boolean
---@field sourceMatchType? integer
---@field sourceName? string
---@field tagMatchType? integer
---@field tagNames? string[]
---@field updateTime? lofty.id

---@class lofty.RoutingStrategy
---@field groupId? lofty.id
---@field groupName? string
---@field memberWeights? table
---@field strategyType? integer
---@field touchMinutes? integer

---@class lofty.SalesAgent
---@field agentExperience? string
---@field agentHeadUrl? string
---@field agentName? string
---@field assistantHeadUrl? string
---@field assistantName? string
---@field borrowId? lofty.id
---@field borrowLevel? string
---@field createdAt? string
---@field email? string
---@field followUpRole? string
---@field hasQuotaSeat? boolean
---@field id? lofty.id
---@field status? string
---@field updatedAt? string
---@field userId? lofty.id
---@field virtualNumber? string
---@field virtualNumberCountry? string

---@class lofty.SalesAgentQuota
---@field borrowLevel? string
---@field borrowedFrom? lofty.id
---@field hasQuotaAvailable? boolean
---@field isBorrowed? boolean
---@field remainingQuota? lofty.id
---@field totalQuota? lofty.id
---@field usagePercentage? number
---@field usedQuota? integer

---@class lofty.SalesAgentSettings
---@field activeDays? integer[]
---@field agentExperience? string
---@field agentIds? lofty.id[]
---@field assistantName? string
---@field callTransferType? string
---@field emailChannel? boolean
---@field endActiveHour? integer
---@field fixedNumber? string
---@field followUpRole? string
---@field headUrl? string
---@field hostedStatus? string
---@field id? lofty.id
---@field leadPipelines? lofty.id[]
---@field leadPondIds? lofty.id[]
---@field leadSources? lofty.id[]
---@field leadTypes? integer[]
---@field newLeadEnable? boolean
---@field officeIds? lofty.id[]
---@field rentalBusiness? boolean
---@field startActiveHour? integer
---@field textChannel? boolean
---@field virtualNumber? string
---@field virtualNumberCountry? string
---@field visitorsEnable? boolean
---@field websiteChannel? boolean

---@class lofty.SentEmail
---@field messageId? string
---@field subject? string
---@field toEmail? string

---@class lofty.SentSms
---@field messageId? string
---@field phoneCode? string
---@field phoneNumber? string

---@class lofty.SiteActivity
---@field created? lofty.id
---@field link? string
---@field listing? lofty.Property
---@field pageName? string
---@field picture? string
---@field scheduledDate? string
---@field text? string
---@field type? string

---@class lofty.Status
---@field code? integer
---@field msg? string

---@class lofty.Subscription
---@field callbackUrl? string
---@field limit? integer
---@field listId? integer
---@field permissionMode? integer
---@field subscribeId? lofty.id
---@field teamId? lofty.id
---@field vendorId? lofty.id

---@class lofty.SystemLog
---@field agentId? lofty.id
---@field canSticky? boolean
---@field content? table
---@field createTime? string
---@field fromFirstName? string
---@field fromId? lofty.id
---@field fromLastName? string
---@field fromType? integer
---@field id? string
---@field leadId? lofty.id
---@field refId? lofty.id
---@field sticky? boolean
---@field timelineTime? string
---@field timelineType? integer
---@field timelineTypeDesc? string
---@field toFirstName? string
---@field toId? lofty.id
---@field toLastName? string
---@field toType? integer
---@field updateTime? string

---@class lofty.SystemLogPage
---@field hasMore? integer
---@field timeLines? lofty.SystemLog[]

---@class lofty.TagOfLead
---@field createTime? string
---@field creatorUserId? lofty.id
---@field leadId? lofty.id
---@field tagId? lofty.id
---@field tagName? string
---@field updateTime? string
---@field visibleType? integer

---@class lofty.TalkingPoint
---@field title? string
---@field value? string[]

---@class lofty.Task
---@field address? string
---@field allDay? boolean
---@field assignedRole? string
---@field assignedUser? string
---@field assignedUserId? lofty.id
---@field body? string
---@field content? string
---@field createTime? string
---@field creatorId? lofty.id
---@field endAt? string
---@field finishFlag? boolean
---@field finishTime? string
---@field id? lofty.id
---@field lastUpdate? string
---@field leadEmail? string
---@field leadFirstName? string
---@field leadId? lofty.id
---@field leadLastName? string
---@field leadName? string
---@field leadPhone? string
---@field leadUserId? lofty.id
---@field overdueFlag? boolean
---@field pipelineId? lofty.id
---@field queryId? lofty.id
---@field queryInfo? string
---@field reminderType? integer
---@field startAt? string
---@field subject? string
---@field teamId? lofty.id
---@field timeZoneCode? string
---@field type? string

---@class lofty.TaskId
---@field taskId? lofty.id

---@class lofty.TaskPage
---@field tasks? lofty.Task[]

---@class lofty.TaskV1
---@field assignedRole? string
---@field assignedUser? string
---@field assignedUserId? lofty.id
---@field body? string
---@field content? string
---@field createTime? string
---@field creatorId? lofty.id
---@field deadline? string
---@field deleteFlag? boolean
---@field finishFlag? boolean
---@field finishTime? string
---@field id? lofty.id
---@field lastUpdate? string
---@field leadEmail? string
---@field leadFirstName? string
---@field leadId? lofty.id
---@field leadLastName? string
---@field leadName? string
---@field leadPhone? string
---@field leadUserId? lofty.id
---@field overdueFlag? boolean
---@field pipelineId? lofty.id
---@field queryId? lofty.id
---@field queryInfo? string
---@field reminderType? integer
---@field subject? string
---@field teamId? lofty.id
---@field type? string

---@class lofty.TaskV1Page
---@field taskList? lofty.TaskV1[]

---@class lofty.Text
---@field agentId? lofty.id
---@field direction? string
---@field id? lofty.id
---@field leadId? lofty.id
---@field textContent? string
---@field textOutcome? string
---@field textTime? string
---@field textType? string

---@class lofty.TextPage
---@field texts? lofty.Text[]

---@class lofty.Transaction
---@field agentRevenue? number
---@field agreementSignedDate? lofty.id
---@field appointmentDate? lofty.id
---@field appraisalDate? lofty.id
---@field assignedAgent? lofty.id
---@field closeDate? lofty.id
---@field commissionRate? number
---@field commissions? lofty.Commissions
---@field contractDate? lofty.id
---@field created? lofty.id
---@field customFields? lofty.CustomFieldValue[]
---@field escrowDate? lofty.id
---@field expectedCloseDate? lofty.id
---@field expiration? lofty.id
---@field gci? number
---@field homeInspectionDate? lofty.id
---@field homePrice? number
---@field leadName? string
---@field offerDate? lofty.id
---@field teamRevenue? number
---@field transactionId? lofty.id
---@field transactionName? string
---@field transactionStatus? string
---@field transactionType? string
---@field updated? lofty.id

---@class lofty.TransactionAddress
---@field city? string
---@field county? string
---@field label? string
---@field state? string
---@field streetAddress? string
---@field transactionId? lofty.id
---@field unit? string
---@field zipCode? string

---@class lofty.TransactionCustomField
---@field id? lofty.id
---@field name? string
---@field params? string
---@field type? string

---@class lofty.TransactionItem
---@field agentName? string
---@field agentRevenue? number
---@field agreementSignedDate? lofty.id
---@field appointmentDate? lofty.id
---@field appraisalDate? lofty.id
---@field assignedAgent? lofty.id
---@field closeDate? lofty.id
---@field commissionRate? number
---@field contractDate? lofty.id
---@field created? lofty.id
---@field customFields? lofty.CustomFieldValue[]
---@field escrowDate? lofty.id
---@field expectedCloseDate? lofty.id
---@field expiration? lofty.id
---@field gci? number
---@field homeInspectionDate? lofty.id
---@field homePrice? number
---@field leadId? lofty.id
---@field leadName? string
---@field offerDate? lofty.id
---@field propertyId? lofty.id
---@field teamRevenue? number
---@field transactionId? lofty.id
---@field transactionName? string
---@field transactionStatus? string
---@field transactionType? string
---@field updated? lofty.id

---@class lofty.TransactionPage
---@field pageData? lofty.TransactionItem[]
---@field pageNum? integer
---@field pageSize? integer
---@field totalCount? lofty.id

---@class lofty.TransactionPipeline
---@field stages? lofty.TransactionStage[]
---@field transactionType? string

---@class lofty.TransactionPipelines
---@field pipelines? lofty.TransactionPipeline[]

---@class lofty.TransactionStage
---@field default? boolean
---@field id? lofty.id
---@field name? string

---@class lofty.Vendor
---@field agentUserId? lofty.id
---@field companyAddress? string
---@field companyName? string
---@field email? string
---@field firstName? string
---@field id? lofty.id
---@field lastName? string
---@field phoneCode? string
---@field phoneCountry? string
---@field phoneNumber? string
---@field roleName? string

---@class lofty.VisibleOffice
---@field groupId? lofty.id
---@field groupName? string
---@field parentId? lofty.id

---@class lofty.WorkingLead
---@field createdAt? string
---@field email? string
---@field firstName? string
---@field lastName? string
---@field leadId? lofty.id
---@field phone? string

---@class lofty.WorkingLeadMetadata
---@field count? integer
---@field limit? integer
---@field offset? integer
---@field total? lofty.id

---@class lofty.WorkingLeadPage
---@field metadata? lofty.WorkingLeadMetadata
---@field workingLeads? lofty.WorkingLead[]

---@class lofty.agents.add_tags
---@field autoCreate? boolean
---@field tagNames string[]

---@class lofty.agents.create
---@field accountInfo lofty.input.AccountInfo
---@field accountType integer
---@field agentPid? string
---@field checkRosterNum? boolean
---@field fullSync? boolean
---@field hasBackOffice? boolean
---@field personalPhotos? lofty.input.PersonalPhotos
---@field shouldSync? boolean
---@field socialMedias? lofty.input.SocialMedias
---@field workInfo? lofty.input.WorkInfo

---@class lofty.input.AccountInfo
---@field allowChangeDomain? boolean
---@field domain? string
---@field emailAddress string
---@field firstName string
---@field groupId? lofty.id
---@field headUrl? string
---@field lastName string
---@field phoneCode? string
---@field phoneCountry? string
---@field phoneNumber string
---@field roleId? lofty.id
---@field roleName? string
---@field seatTypeName? string
---@field sendingEmail? string
---@field tagIds? lofty.id[]

---@class lofty.input.PersonalPhotos
---@field urls? string[]

---@class lofty.input.SocialMedias
---@field items? lofty.input.Item[]

---@class lofty.input.WorkInfo
---@field city? string
---@field companyAddress? string
---@field companyName? string
---@field country? string
---@field licenseId? string
---@field personalAttachments? lofty.input.PersonalAttachment[]
---@field personalDisclaimers? lofty.input.PersonalAttachment[]
---@field personalIntroduction? string
---@field personalWebsite? string
---@field position? string
---@field state? string
---@field streetAddress? string
---@field zipcode? string

---@class lofty.input.Item
---@field name? string
---@field type? string
---@field value? string

---@class lofty.input.PersonalAttachment
---@field contentType? string
---@field fileName? string
---@field queryLink? string
---@field size? integer

---@class lofty.Agents
local Agents = {}

---give an agent up to 20 tags
---@param agentId lofty.id
---@param fields lofty.agents.add_tags
---@return lofty.AgentTagged? value
---@return lofty.Response|lofty.Error
function Agents:add_tags(agentId, fields) end

---create an account for an agent
---@param fields lofty.agents.create
---@return lofty.NewAgent? value
---@return lofty.Response|lofty.Error
function Agents:create(fields) end

---release an agent's seat and revoke the agent's tokens
---@param agentId lofty.id
---@return lofty.Outcome? value
---@return lofty.Response|lofty.Error
function Agents:deactivate(agentId) end

---give an agent a seat again
---@param agentId lofty.id
---@return lofty.Outcome? value
---@return lofty.Response|lofty.Error
function Agents:reactivate(agentId) end

---@class lofty.ai.analyze_leads
---@field leadIds lofty.id[]

---@class lofty.ai.generate_call_script
---@field leadId lofty.id
---@field taskId lofty.id

---@class lofty.ai.generate_call_summary
---@field callRecordId lofty.id
---@field leadId lofty.id

---@class lofty.ai.get_call_summary
---@field callRecordId lofty.id

---@class lofty.ai.lead_analyses
---@field pageNum? integer
---@field pageSize? integer

---@class lofty.ai.prepare_insight
---@field appointmentId lofty.id
---@field leadId lofty.id

---the caller's analyses of the last three months
---@class lofty.Ai.lead_analyses.list
---@overload fun(self: any, filter?: lofty.ai.lead_analyses): lofty.Outcome?, lofty.Response|lofty.Error
---@field each fun(self: any, filter?: lofty.ai.lead_analyses, opt?: lofty.ListOptions): fun(): table?, string? an item and its cursor; raises
---@field pages fun(self: any, filter?: lofty.ai.lead_analyses, opt?: lofty.ListOptions): fun(): lofty.Outcome?, string? a page and its cursor; raises
---@field all fun(self: any, filter?: lofty.ai.lead_analyses, opt?: lofty.ListOptions): table[]?, lofty.Error? every item

---@class lofty.Ai
---@field lead_analyses lofty.Ai.lead_analyses.list the caller's analyses of the last three months
local Ai = {}

---start an analysis of leads
---@param fields lofty.ai.analyze_leads
---@return lofty.Outcome? value
---@return lofty.Response|lofty.Error
function Ai:analyze_leads(fields) end

---generate a script for a call
---@param fields lofty.ai.generate_call_script
---@return lofty.CallScript? value
---@return lofty.Response|lofty.Error
function Ai:generate_call_script(fields) end

---generate a summary of a call
---@param fields lofty.ai.generate_call_summary
---@return lofty.Message? value
---@return lofty.Response|lofty.Error
function Ai:generate_call_summary(fields) end

---the summary of a call
---@param filter lofty.ai.get_call_summary
---@return lofty.CallSummary? value
---@return lofty.Response|lofty.Error
function Ai:get_call_summary(filter) end

---generate notes for an appointment
---@param fields lofty.ai.prepare_insight
---@return lofty.Outcome? value
---@return lofty.Response|lofty.Error
function Ai:prepare_insight(fields) end

---@class lofty.brokermint.update_lead
---@field address? string
---@field bmPrivate? boolean
---@field city? string
---@field contactType? string
---@field email? string
---@field externalId? string
---@field firstName? string
---@field lastName? string
---@field leadSource? string
---@field phone? string
---@field state? string
---@field zip? string

---@class lofty.brokermint.update_transaction
---@field acceptanceDate? lofty.moment
---@field address? string
---@field agentId? lofty.id
---@field agentName? string
---@field city? string
---@field closedAt? lofty.moment
---@field closingDate? lofty.moment
---@field expirationDate? lofty.moment
---@field id lofty.id
---@field price? number
---@field representing? string
---@field state? string
---@field status? "Closed"|"Cancelled"
---@field transactionType? "Purchase"|"Listing"|"Lease"|"Other"
---@field zip? string

---@class lofty.Brokermint
local Brokermint = {}

---sync a contact from Brokermint; not for other callers
---@param fields lofty.brokermint.update_lead
---@return lofty.CodeMessage? value
---@return lofty.Response|lofty.Error
function Brokermint:update_lead(fields) end

---sync a deal from Brokermint; not for other callers
---@param fields lofty.brokermint.update_transaction
---@return lofty.CodeMessage? value
---@return lofty.Response|lofty.Error
function Brokermint:update_transaction(fields) end

---@class lofty.calendar.available_meetings
---@field endTime? lofty.moment
---@field endTimeMs? lofty.id
---@field limit? integer
---@field startTime? lofty.moment
---@field startTimeMs? lofty.id
---@field timeZoneCode? string

---@class lofty.calendar.create
---@field address? string
---@field assignedRole? "Agent"|"Assistant"|string
---@field content string
---@field endAt? lofty.moment
---@field endAtMs? lofty.id
---@field leadId lofty.id
---@field startAt? lofty.moment
---@field startAtMs? lofty.id
---@field taskWay? "Call"|"Email"|"Text"|"Other"|string
---@field timeZoneCode? string
---@field type "TASK"|"APPOINTMENT"|string

---@class lofty.calendar.list
---@field desc? boolean|string
---@field endTime? lofty.moment
---@field endTimeMs? integer|string
---@field includeFinished? boolean|string
---@field leadId? integer|string
---@field page? integer|string
---@field pageSize? integer|string
---@field sort? string
---@field sourceType? integer|string|(integer|string)[]
---@field startTime? lofty.moment
---@field startTimeMs? integer|string
---@field timeZoneCode? string

---@class lofty.calendar.update
---@field address? string
---@field content? string
---@field endAt? lofty.moment
---@field endAtMs? lofty.id
---@field leadId? lofty.id
---@field reminderTime? string
---@field reminderType? string
---@field startAt? lofty.moment
---@field startAtMs? lofty.id
---@field timeZoneCode? string

---free slots within 90 days
---@class lofty.Calendar.available_meetings.list
---@overload fun(self: any, filter: lofty.calendar.available_meetings): lofty.MeetingSlots?, lofty.Response|lofty.Error
---@field each fun(self: any, filter: lofty.calendar.available_meetings, opt?: lofty.ListOptions): fun(): lofty.MeetingSlot?, string? an item and its cursor; raises
---@field pages fun(self: any, filter: lofty.calendar.available_meetings, opt?: lofty.ListOptions): fun(): lofty.MeetingSlots?, string? a page and its cursor; raises
---@field all fun(self: any, filter: lofty.calendar.available_meetings, opt?: lofty.ListOptions): lofty.MeetingSlot[]?, lofty.Error? every item

---calendar entries between two times
---@class lofty.Calendar.list.list
---@overload fun(self: any, filter: lofty.calendar.list): lofty.CalendarPage?, lofty.Response|lofty.Error
---@field each fun(self: any, filter: lofty.calendar.list, opt?: lofty.ListOptions): fun(): lofty.CalendarEntry?, string? an item and its cursor; raises
---@field pages fun(self: any, filter: lofty.calendar.list, opt?: lofty.ListOptions): fun(): lofty.CalendarPage?, string? a page and its cursor; raises
---@field all fun(self: any, filter: lofty.calendar.list, opt?: lofty.ListOptions): lofty.CalendarEntry[]?, lofty.Error? every item

---@class lofty.Calendar
---@field available_meetings lofty.Calendar.available_meetings.list free slots within 90 days
---@field list lofty.Calendar.list.list calendar entries between two times
---@field each fun(self: any, filter: lofty.calendar.list, opt?: lofty.ListOptions): fun(): lofty.CalendarEntry?, string? an item and its cursor; raises
---@field pages fun(self: any, filter: lofty.calendar.list, opt?: lofty.ListOptions): fun(): lofty.CalendarPage?, string? a page and its cursor; raises
---@field all fun(self: any, filter: lofty.calendar.list, opt?: lofty.ListOptions): lofty.CalendarEntry[]?, lofty.Error? every item
local Calendar = {}

---create a task or an appointment; its id is a string
---@param fields lofty.calendar.create
---@return lofty.CalendarId? value
---@return lofty.Response|lofty.Error
function Calendar:create(fields) end

---remove a calendar entry
---@param calendarId string
---@return lofty.Message? value
---@return lofty.Response|lofty.Error
function Calendar:delete(calendarId) end

---mark as done
---@param calendarId string
---@return lofty.Message? value
---@return lofty.Response|lofty.Error
function Calendar:finish(calendarId) end

---mark as not done
---@param calendarId string
---@return lofty.Message? value
---@return lofty.Response|lofty.Error
function Calendar:unfinish(calendarId) end

---change some fields of a calendar entry
---@param calendarId string
---@param fields lofty.calendar.update
---@return lofty.Message? value
---@return lofty.Response|lofty.Error
function Calendar:update(calendarId, fields) end

---@class lofty.calls.list
---@field leadId lofty.id
---@field limit? integer
---@field offset? integer

---the dialer's calls of a lead
---@class lofty.Calls.list.list
---@overload fun(self: any, filter: lofty.calls.list): lofty.CallPage?, lofty.Response|lofty.Error
---@field each fun(self: any, filter: lofty.calls.list, opt?: lofty.ListOptions): fun(): lofty.Call?, string? an item and its cursor; raises
---@field pages fun(self: any, filter: lofty.calls.list, opt?: lofty.ListOptions): fun(): lofty.CallPage?, string? a page and its cursor; raises
---@field all fun(self: any, filter: lofty.calls.list, opt?: lofty.ListOptions): lofty.Call[]?, lofty.Error? every item

---@class lofty.Calls
---@field list lofty.Calls.list.list the dialer's calls of a lead
---@field each fun(self: any, filter: lofty.calls.list, opt?: lofty.ListOptions): fun(): lofty.Call?, string? an item and its cursor; raises
---@field pages fun(self: any, filter: lofty.calls.list, opt?: lofty.ListOptions): fun(): lofty.CallPage?, string? a page and its cursor; raises
---@field all fun(self: any, filter: lofty.calls.list, opt?: lofty.ListOptions): lofty.Call[]?, lofty.Error? every item
local Calls = {}

---one call of the dialer
---@param callId lofty.id
---@return lofty.Call? value
---@return lofty.Response|lofty.Error
function Calls:get(callId) end

---the URL of a recording, valid for one hour; empty if there is no recording
---@param callId lofty.id
---@return lofty.Recording? value
---@return lofty.Response|lofty.Error
function Calls:get_recording(callId) end

---@class lofty.communication.by_agent
---@field cursor? string
---@field endTime lofty.id
---@field limit? integer
---@field startTime lofty.id
---@field teamView? boolean
---@field type? "CALL"|"TEXT"|"EMAIL"|"ALL"

---@class lofty.communication.calls
---@field currentId? lofty.id
---@field leadId lofty.id
---@field limit? integer
---@field offset? integer

---@class lofty.communication.calls_v2
---@field currentId? lofty.id
---@field leadId lofty.id
---@field limit? integer
---@field offset? integer

---@class lofty.communication.emails
---@field currentId? lofty.id
---@field leadId lofty.id
---@field limit? integer
---@field offset? integer

---@class lofty.communication.send_email
---@field content string
---@field leadId lofty.id
---@field subject string
---@field toEmail? string

---@class lofty.communication.send_sms
---@field content string
---@field leadId lofty.id
---@field phoneCode? string
---@field phoneNumber? string

---@class lofty.communication.texts
---@field currentId? lofty.id
---@field leadId lofty.id
---@field limit? integer
---@field offset? integer

---communications within at most 90 days
---@class lofty.Communication.by_agent.list
---@overload fun(self: any, filter: lofty.communication.by_agent): lofty.CommunicationPage?, lofty.Response|lofty.Error
---@field each fun(self: any, filter: lofty.communication.by_agent, opt?: lofty.ListOptions): fun(): lofty.CommunicationEntry?, string? an item and its cursor; raises
---@field pages fun(self: any, filter: lofty.communication.by_agent, opt?: lofty.ListOptions): fun(): lofty.CommunicationPage?, string? a page and its cursor; raises
---@field all fun(self: any, filter: lofty.communication.by_agent, opt?: lofty.ListOptions): lofty.CommunicationEntry[]?, lofty.Error? every item

---calls with a lead
---@class lofty.Communication.calls.list
---@overload fun(self: any, filter: lofty.communication.calls): lofty.CallHistoryPage?, lofty.Response|lofty.Error
---@field each fun(self: any, filter: lofty.communication.calls, opt?: lofty.ListOptions): fun(): lofty.Call?, string? an item and its cursor; raises
---@field pages fun(self: any, filter: lofty.communication.calls, opt?: lofty.ListOptions): fun(): lofty.CallHistoryPage?, string? a page and its cursor; raises
---@field all fun(self: any, filter: lofty.communication.calls, opt?: lofty.ListOptions): lofty.Call[]?, lofty.Error? every item

---calls with a lead: more kinds of calls, fewer fields
---@class lofty.Communication.calls_v2.list
---@overload fun(self: any, filter: lofty.communication.calls_v2): lofty.CallV2Page?, lofty.Response|lofty.Error
---@field each fun(self: any, filter: lofty.communication.calls_v2, opt?: lofty.ListOptions): fun(): lofty.CallV2?, string? an item and its cursor; raises
---@field pages fun(self: any, filter: lofty.communication.calls_v2, opt?: lofty.ListOptions): fun(): lofty.CallV2Page?, string? a page and its cursor; raises
---@field all fun(self: any, filter: lofty.communication.calls_v2, opt?: lofty.ListOptions): lofty.CallV2[]?, lofty.Error? every item

---e-mails with a lead
---@class lofty.Communication.emails.list
---@overload fun(self: any, filter: lofty.communication.emails): lofty.EmailPage?, lofty.Response|lofty.Error
---@field each fun(self: any, filter: lofty.communication.emails, opt?: lofty.ListOptions): fun(): lofty.Email?, string? an item and its cursor; raises
---@field pages fun(self: any, filter: lofty.communication.emails, opt?: lofty.ListOptions): fun(): lofty.EmailPage?, string? a page and its cursor; raises
---@field all fun(self: any, filter: lofty.communication.emails, opt?: lofty.ListOptions): lofty.Email[]?, lofty.Error? every item

---texts with a lead
---@class lofty.Communication.texts.list
---@overload fun(self: any, filter: lofty.communication.texts): lofty.TextPage?, lofty.Response|lofty.Error
---@field each fun(self: any, filter: lofty.communication.texts, opt?: lofty.ListOptions): fun(): lofty.Text?, string? an item and its cursor; raises
---@field pages fun(self: any, filter: lofty.communication.texts, opt?: lofty.ListOptions): fun(): lofty.TextPage?, string? a page and its cursor; raises
---@field all fun(self: any, filter: lofty.communication.texts, opt?: lofty.ListOptions): lofty.Text[]?, lofty.Error? every item

---@class lofty.Communication
---@field by_agent lofty.Communication.by_agent.list communications within at most 90 days
---@field calls lofty.Communication.calls.list calls with a lead
---@field calls_v2 lofty.Communication.calls_v2.list calls with a lead: more kinds of calls, fewer fields
---@field emails lofty.Communication.emails.list e-mails with a lead
---@field texts lofty.Communication.texts.list texts with a lead
local Communication = {}

---one call, by its timelineId
---@param communicationId lofty.id
---@return lofty.Call? value
---@return lofty.Response|lofty.Error
function Communication:get_call(communicationId) end

---one e-mail, by its timelineId
---@param communicationId lofty.id
---@return lofty.Email? value
---@return lofty.Response|lofty.Error
function Communication:get_email(communicationId) end

---one text, by its timelineId
---@param communicationId lofty.id
---@return lofty.Text? value
---@return lofty.Response|lofty.Error
function Communication:get_text(communicationId) end

---send an e-mail to a lead
---It reaches a person, and is never sent twice by itself.
---@param fields lofty.communication.send_email
---@return lofty.SentEmail? value
---@return lofty.Response|lofty.Error
function Communication:send_email(fields) end

---send a text message to a lead
---It reaches a person, and is never sent twice by itself.
---@param fields lofty.communication.send_sms
---@return lofty.SentSms? value
---@return lofty.Response|lofty.Error
function Communication:send_sms(fields) end

---@class lofty.leads.activities
---@field currentId? lofty.id
---@field limit? integer
---@field offset? integer
---@field timeZoneCode? string

---@class lofty.leads.add_inquiry
---@field bathroomsMax? string
---@field bathroomsMin? string
---@field bedroomsMax? integer
---@field bedroomsMin? integer
---@field createTime? lofty.moment
---@field defaultValue? boolean
---@field id? lofty.id
---@field leadUserId? lofty.id
---@field locations? lofty.input.Location[]
---@field modifyByAgent? boolean
---@field priceMax? lofty.id
---@field priceMin? lofty.id
---@field propertyType? string[]
---@field updateTime? lofty.moment

---@class lofty.input.Location
---@field city? string
---@field county? string
---@field description? string
---@field stateCode? string
---@field streetAddress? string
---@field zipCode? string

---@class lofty.leads.add_site_activity
---@field created lofty.id
---@field link string
---@field listing? lofty.input.Listing
---@field pageName? string
---@field picture string
---@field scheduledDate? string
---@field text string
---@field type "Search"|"Browse"|"Favorite"|"Request"|"Submission"|string

---@class lofty.input.Listing
---@field autoListingId? lofty.id
---@field bathrooms? number
---@field bedrooms? integer
---@field city? string
---@field county? string
---@field floors? integer
---@field id? lofty.id
---@field label? string
---@field labelList? string
---@field labelType? string
---@field leadUserId? lofty.id
---@field listingId? string
---@field listingStatus? string
---@field lotSize? number
---@field mailAddress? boolean
---@field note? string
---@field parkingSpace? lofty.id
---@field pictureUrl? string
---@field price? lofty.id
---@field priceMax? lofty.id
---@field priceMin? lofty.id
---@field propertyType? string
---@field siteListingUrl? string
---@field squareFeet? lofty.id
---@field state? string
---@field streetAddress? string
---@field zipCode? string

---@class lofty.input.Assign
---@field assignee? string
---@field role "Agent"|"Assistant"|"Lender"|string

---@class lofty.leads.create
---@field assignGroupId? lofty.id
---@field assignedUserId? lofty.id
---@field birthday? string
---@field buyHouse? "Yes"|"No"|string
---@field buyingTimeFrame? "1-3"|"3-6"|"6-12"|"12+"|"Just Looking"|"Refinancing"|string
---@field cannotCall? boolean
---@field cannotEmail? boolean
---@field cannotText? boolean
---@field city? string
---@field content? string
---@field customAttributeList? lofty.input.CustomAttribute[]
---@field defaultInquiryParam? boolean
---@field emails? string[]
---@field firstName string
---@field fthb? "Yes"|"No"|string
---@field groups? string[]
---@field houseToSell? "Yes"|"No"|string
---@field inquiry? lofty.input.Inquiry
---@field isPin? boolean
---@field language? string
---@field lastName? string
---@field leadAlert? boolean
---@field leadFamilyMemberList? lofty.input.LeadFamilyMember[]
---@field leadRouting? boolean
---@field leadTransaction? lofty.input.LeadTransaction
---@field leadTypes? integer[]
---@field mortgage? "Yes"|"No"|string
---@field ownershipId? lofty.id
---@field ownershipScope? "TEAM"|"OFFICE"|"PERSONAL"|string
---@field phones? string[]
---@field preQual? "Yes"|"No"|string
---@field property? lofty.input.Listing
---@field referredBy? string
---@field segments? string[]
---@field sellingTimeFrame? "1-3"|"3-6"|"6-12"|"12+"|"Just Looking"|"Refinancing"|string
---@field source? string
---@field specifiedAssignGroupId? boolean
---@field stage? string
---@field state? string
---@field streetAddress? string
---@field tags? string[]
---@field tagsAdd? string[]
---@field unsubscription? boolean
---@field welcomeEmail? boolean
---@field withBuyerAgent? "Yes"|"No"|string
---@field withListingAgent? "Yes"|"No"|string
---@field zipCode? string

---@class lofty.input.CustomAttribute
---@field attributeName string
---@field attributeType string
---@field params? string
---@field value string

---@class lofty.input.Inquiry
---@field bathroomsMax? string
---@field bathroomsMin? string
---@field bedroomsMax? integer
---@field bedroomsMin? integer
---@field createTime? lofty.moment
---@field defaultValue? boolean
---@field id? lofty.id
---@field leadUserId? lofty.id
---@field locations? lofty.input.Location[]
---@field modifyByAgent? boolean
---@field priceMax? lofty.id
---@field priceMin? lofty.id
---@field propertyType? string[]
---@field updateTime? lofty.moment

---@class lofty.input.LeadFamilyMember
---@field birthday? string
---@field emails? string[]
---@field firstName string
---@field lastName? string
---@field phones? string[]
---@field relationship? string

---@class lofty.input.LeadTransaction
---@field agentRevenue? number
---@field agreementSignedDate? lofty.id
---@field appointmentDate? lofty.id
---@field appraisalDate? lofty.id
---@field assignedAgent? lofty.id
---@field closeDate? lofty.id
---@field commissionRate? number
---@field commissions? lofty.input.Commissions
---@field contractDate? lofty.id
---@field customFields? lofty.input.CustomField[]
---@field escrowDate? lofty.id
---@field expectedCloseDate? lofty.id
---@field expiration? lofty.id
---@field gci? number
---@field homeInspectionDate? lofty.id
---@field homePrice? number
---@field leadName? string
---@field offerDate? lofty.id
---@field teamRevenue? number
---@field transactionName string
---@field transactionStatus? string
---@field transactionType? "Purchase"|"Listing"|"Lease"|"Other"

---@class lofty.input.Commissions
---@field postSplit? lofty.input.PostSplit[]
---@field preSplit? lofty.input.PostSplit[]
---@field split? lofty.input.PostSplit[]

---@class lofty.input.CustomField
---@field id? lofty.id
---@field value? string

---@class lofty.input.PostSplit
---@field calculateType? "PERCENT"|"AMOUNT"
---@field desc? string
---@field id? lofty.id
---@field payTo? lofty.id
---@field payToName? string
---@field payType? "TEAM"|"AGENT"|"VENDOR_PARTNER"|"LEAD"|"OTHER"|"BROKERAGE"|"UPLINE"
---@field splitPayTo? lofty.id
---@field splitPayToName? string
---@field splitPayType? "TEAM"|"AGENT"|"VENDOR_PARTNER"|"LEAD"|"OTHER"|"BROKERAGE"|"UPLINE"
---@field value? lofty.id

---@class lofty.leads.delete
---@field reason string

---@class lofty.leads.get
---@field wait? number
---@field withTrash? boolean

---@class lofty.leads.list
---@field allTags? string
---@field anyTags? string
---@field assignedUserId? lofty.id
---@field contacted? boolean
---@field desc? boolean
---@field email? string
---@field groupIds? lofty.id
---@field groups? string
---@field key? string
---@field languages? string
---@field limit? integer
---@field offset? integer
---@field otherFilters? string
---@field phone? string
---@field preciseSearchFlag? boolean
---@field querySubGroup? boolean
---@field returnFields? string
---@field roleAssigneeFilters? string
---@field scrollId? string
---@field segments? string
---@field sort? "Default"|"LastContact"|"LastCall"|"LastEmail"|"LastActivity"|"CreateTime"|"Inquries"|"DeleteTime"|"AssignTime"|"Score"|"Activity"|"Communication"|"HasDrip"|"HasAlert"|"Task"|"Lender"|"ActivitySearch"|"ActivityViews"|"ActivityFavorites"|"DripStatus"|"DripOpenRate"|"AlertFrequency"|"AlertOpenRate"|"SCOREV2"|"SmartPlanStatus"|string
---@field source? string
---@field stage? string

---@class lofty.leads.preview_routing
---@field birthday? string
---@field email string
---@field firstName string
---@field lastName? string
---@field phone? string

---@class lofty.leads.save_property
---@field autoListingId? lofty.id
---@field bathrooms? number
---@field bedrooms? integer
---@field city? string
---@field county? string
---@field floors? integer
---@field id? lofty.id
---@field label? string
---@field labelList? string
---@field labelType? string
---@field leadUserId? lofty.id
---@field listingId? string
---@field listingStatus? string
---@field lotSize? number
---@field mailAddress? boolean
---@field note? string
---@field parkingSpace? lofty.id
---@field pictureUrl? string
---@field price? lofty.id
---@field priceMax? lofty.id
---@field priceMin? lofty.id
---@field propertyType? string
---@field siteListingUrl? string
---@field squareFeet? lofty.id
---@field state? string
---@field streetAddress? string
---@field zipCode? string

---@class lofty.leads.site_activities
---@field curPage? integer

---@class lofty.leads.update
---@field assignedUserId? lofty.id
---@field birthday? string
---@field buyHouse? "Yes"|"No"|string
---@field buyingTimeFrame? "1-3"|"3-6"|"6-12"|"12+"|"Just Looking"|"Refinancing"|string
---@field cannotCall? boolean
---@field cannotEmail? boolean
---@field cannotText? boolean
---@field city? string
---@field clearAllTags? boolean
---@field customAttributeList? lofty.input.CustomAttribute[]
---@field emails? string[]
---@field firstName? string
---@field fthb? "Yes"|"No"|string
---@field groups? string[]
---@field houseToSell? "Yes"|"No"|string
---@field inquiry? lofty.input.Inquiry
---@field isHidden? boolean
---@field language? string
---@field lastName? string
---@field leadFamilyMemberList? lofty.input.LeadFamilyMember[]
---@field leadTransaction? lofty.input.LeadTransaction
---@field leadTypes? integer[]
---@field mortgage? "Yes"|"No"|string
---@field ownershipId? lofty.id
---@field ownershipScope? "TEAM"|"OFFICE"|"PERSONAL"|string
---@field phones? string[]
---@field preQual? "Yes"|"No"|string
---@field property? lofty.input.Listing
---@field referredBy? string
---@field segments? string[]
---@field sellingTimeFrame? "1-3"|"3-6"|"6-12"|"12+"|"Just Looking"|"Refinancing"|string
---@field source? string
---@field stage? string
---@field state? string
---@field streetAddress? string
---@field tags? string[]
---@field tagsAdd? string[]
---@field tagsRemove? string[]
---@field unsubscription? boolean
---@field withBuyerAgent? "Yes"|"No"|string
---@field withListingAgent? "Yes"|"No"|string
---@field zipCode? string

---calls, texts and e-mails of a lead, oldest first
---@class lofty.Leads.activities.list
---@overload fun(self: any, leadId: lofty.id, filter?: lofty.leads.activities): lofty.ActivityPage?, lofty.Response|lofty.Error
---@field each fun(self: any, leadId: lofty.id, filter?: lofty.leads.activities, opt?: lofty.ListOptions): fun(): lofty.Activity?, string? an item and its cursor; raises
---@field pages fun(self: any, leadId: lofty.id, filter?: lofty.leads.activities, opt?: lofty.ListOptions): fun(): lofty.ActivityPage?, string? a page and its cursor; raises
---@field all fun(self: any, leadId: lofty.id, filter?: lofty.leads.activities, opt?: lofty.ListOptions): lofty.Activity[]?, lofty.Error? every item

---search and page through leads
---@class lofty.Leads.list.list
---@overload fun(self: any, filter?: lofty.leads.list): lofty.LeadPage?, lofty.Response|lofty.Error
---@field each fun(self: any, filter?: lofty.leads.list, opt?: lofty.ListOptions): fun(): lofty.Lead?, string? an item and its cursor; raises
---@field pages fun(self: any, filter?: lofty.leads.list, opt?: lofty.ListOptions): fun(): lofty.LeadPage?, string? a page and its cursor; raises
---@field all fun(self: any, filter?: lofty.leads.list, opt?: lofty.ListOptions): lofty.Lead[]?, lofty.Error? every item

---what a lead did on the site, newest first, 100 a page
---@class lofty.Leads.site_activities.list
---@overload fun(self: any, leadId: lofty.id, filter?: lofty.leads.site_activities): lofty.SiteActivity[]?, lofty.Response|lofty.Error
---@field each fun(self: any, leadId: lofty.id, filter?: lofty.leads.site_activities, opt?: lofty.ListOptions): fun(): lofty.SiteActivity?, string? an item and its cursor; raises
---@field pages fun(self: any, leadId: lofty.id, filter?: lofty.leads.site_activities, opt?: lofty.ListOptions): fun(): lofty.SiteActivity[]?, string? a page and its cursor; raises
---@field all fun(self: any, leadId: lofty.id, filter?: lofty.leads.site_activities, opt?: lofty.ListOptions): lofty.SiteActivity[]?, lofty.Error? every item

---@class lofty.Leads
---@field activities lofty.Leads.activities.list calls, texts and e-mails of a lead, oldest first
---@field list lofty.Leads.list.list search and page through leads
---@field site_activities lofty.Leads.site_activities.list what a lead did on the site, newest first, 100 a page
---@field each fun(self: any, filter?: lofty.leads.list, opt?: lofty.ListOptions): fun(): lofty.Lead?, string? an item and its cursor; raises
---@field pages fun(self: any, filter?: lofty.leads.list, opt?: lofty.ListOptions): fun(): lofty.LeadPage?, string? a page and its cursor; raises
---@field all fun(self: any, filter?: lofty.leads.list, opt?: lofty.ListOptions): lofty.Lead[]?, lofty.Error? every item
local Leads = {}

---record what a lead looks for
---@param leadId lofty.id
---@param fields lofty.leads.add_inquiry
---@return lofty.LeadId? value
---@return lofty.Response|lofty.Error
function Leads:add_inquiry(leadId, fields) end

---record what a lead did on a site
---@param leadId lofty.id
---@param fields lofty.leads.add_site_activity
---@return lofty.LeadId? value
---@return lofty.Response|lofty.Error
function Leads:add_site_activity(leadId, fields) end

---assign people to a lead: an array of { role, assignee = account e-mail }
---@param leadId lofty.id
---@param fields lofty.input.Assign[]
---@return lofty.LeadId? value
---@return lofty.Response|lofty.Error
function Leads:assign(leadId, fields) end

---create a lead; Lofty may merge it into one that exists
---@param fields lofty.leads.create
---@return lofty.LeadId? value
---@return lofty.Response|lofty.Error
function Leads:create(fields) end

---move a lead to the trash; the reason becomes part of the URL
---@param leadId lofty.id
---@param filter lofty.leads.delete
---@return true|table? value
---@return lofty.Response|lofty.Error
function Leads:delete(leadId, filter) end

---one lead
---@param leadId lofty.id
---@param filter? lofty.leads.get
---@return lofty.Lead? value
---@return lofty.Response|lofty.Error
function Leads:get(leadId, filter) end

---who would be assigned to such a lead by the routing rules; changes nothing
---@param fields lofty.leads.preview_routing
---@return lofty.RoutingPreview[]? value
---@return lofty.Response|lofty.Error
function Leads:preview_routing(fields) end

---add a property or a mailing address to a lead, or change the one that id names
---@param leadId lofty.id
---@param fields lofty.leads.save_property
---@return lofty.LeadId? value
---@return lofty.Response|lofty.Error
function Leads:save_property(leadId, fields) end

---change some fields of a lead; tags replaces them all, tagsAdd and tagsRemove do not
---@param leadId lofty.id
---@param fields lofty.leads.update
---@return lofty.LeadId? value
---@return lofty.Response|lofty.Error
function Leads:update(leadId, fields) end

---Walks all leads and gives those that differ from a state that you keep, then those that are gone.
---@param state table<string, string> a lead's id and its digest; {} for the first walk; it is modified
---@param filter? lofty.leads.list
---@return fun(): ("created"|"changed"|"deleted")?, lofty.Lead
function Leads:compare(state, filter) end

---Changes the lead with one of these e-mail addresses or phone numbers, or creates it.
---@param fields lofty.leads.create
---@return lofty.LeadId? lead
---@return "created"|"updated"|lofty.Error
function Leads:upsert(fields) end

---@class lofty.listings.get_published
---@field type "LuxVT"|"AptCom"|"AllOnMarket"

---@class lofty.listings.list
---@field agentListings? boolean
---@field buildingAddress? string
---@field buildingName? string
---@field limit? integer
---@field listingId? string
---@field mlsListingIds? string
---@field nextPageKey? string
---@field officeListings? boolean
---@field showCondition? boolean
---@field soldListingId? string
---@field soldNextPageKey? string
---@field street? string
---@field userId? lofty.id

---@class lofty.listings.search
---@field filterConditions? table<string, any>
---@field pageNum? integer
---@field pageSize? integer
---@field returnFields? string[]
---@field searchScope? "my"|"office"|"all"
---@field soldFlag? boolean
---@field sortFields? string[]

---active and sold listings of an agent, an office or by MLS id
---@class lofty.Listings.list.list
---@overload fun(self: any, filter: lofty.listings.list): lofty.ListingPage?, lofty.Response|lofty.Error
---@field each fun(self: any, filter: lofty.listings.list, opt?: lofty.ListingOptions): fun(): lofty.Listing?, string? an item and its cursor; raises
---@field pages fun(self: any, filter: lofty.listings.list, opt?: lofty.ListingOptions): fun(): lofty.ListingPage?, string? a page and its cursor; raises
---@field all fun(self: any, filter: lofty.listings.list, opt?: lofty.ListingOptions): lofty.Listing[]?, lofty.Error? every item

---search MLS listings; an unknown condition finds nothing
---@class lofty.Listings.search.list
---@overload fun(self: any, fields?: lofty.listings.search): lofty.ListingSearchPage?, lofty.Response|lofty.Error
---@field each fun(self: any, fields?: lofty.listings.search, opt?: lofty.ListOptions): fun(): lofty.Listing?, string? an item and its cursor; raises
---@field pages fun(self: any, fields?: lofty.listings.search, opt?: lofty.ListOptions): fun(): lofty.ListingSearchPage?, string? a page and its cursor; raises
---@field all fun(self: any, fields?: lofty.listings.search, opt?: lofty.ListOptions): lofty.Listing[]?, lofty.Error? every item

---@class lofty.Listings
---@field list lofty.Listings.list.list active and sold listings of an agent, an office or by MLS id
---@field search lofty.Listings.search.list search MLS listings; an unknown condition finds nothing
---@field each fun(self: any, filter: lofty.listings.list, opt?: lofty.ListingOptions): fun(): lofty.Listing?, string? an item and its cursor; raises
---@field pages fun(self: any, filter: lofty.listings.list, opt?: lofty.ListingOptions): fun(): lofty.ListingPage?, string? a page and its cursor; raises
---@field all fun(self: any, filter: lofty.listings.list, opt?: lofty.ListingOptions): lofty.Listing[]?, lofty.Error? every item
local Listings = {}

---the feed of published listings: XML, as text
---@param filter lofty.listings.get_published
---@return string? value
---@return lofty.Response|lofty.Error
function Listings:get_published(filter) end

---@class lofty.logs.create
---@field callingOutcome? "Talked"|"VoiceMessage"|"NoAnswer"|"BadNumber"|"DNCNumber"|"DNCContact"
---@field content string
---@field emailSubject? string
---@field fromEmail? string
---@field isPin? boolean
---@field leadId lofty.id
---@field leadPhoneNumber? string
---@field logType "logCall"|"logEmail"|"logText"
---@field outboundOrInbound? "outbound"|"inbound"
---@field toEmail? string

---@class lofty.logs.get
---@field wait? number

---@class lofty.logs.list
---@field currentId? lofty.id
---@field leadId lofty.id
---@field limit? integer
---@field logType "logCall"|"logEmail"|"logText"
---@field offset? integer
---@field order? "asc"|"desc"
---@field sort? "createTime"|"id"

---@class lofty.logs.system
---@field endTime? lofty.id
---@field leadId lofty.id
---@field pageNumber? integer
---@field pageSize? integer
---@field startTime? lofty.id

---calls, e-mails or texts that were logged by hand
---@class lofty.Logs.list.list
---@overload fun(self: any, filter: lofty.logs.list): lofty.ManualLogPage?, lofty.Response|lofty.Error
---@field each fun(self: any, filter: lofty.logs.list, opt?: lofty.ListOptions): fun(): lofty.ManualLog?, string? an item and its cursor; raises
---@field pages fun(self: any, filter: lofty.logs.list, opt?: lofty.ListOptions): fun(): lofty.ManualLogPage?, string? a page and its cursor; raises
---@field all fun(self: any, filter: lofty.logs.list, opt?: lofty.ListOptions): lofty.ManualLog[]?, lofty.Error? every item

---what changed on a lead, newest first
---@class lofty.Logs.system.list
---@overload fun(self: any, filter: lofty.logs.system): lofty.SystemLogPage?, lofty.Response|lofty.Error
---@field each fun(self: any, filter: lofty.logs.system, opt?: lofty.ListOptions): fun(): lofty.SystemLog?, string? an item and its cursor; raises
---@field pages fun(self: any, filter: lofty.logs.system, opt?: lofty.ListOptions): fun(): lofty.SystemLogPage?, string? a page and its cursor; raises
---@field all fun(self: any, filter: lofty.logs.system, opt?: lofty.ListOptions): lofty.SystemLog[]?, lofty.Error? every item

---@class lofty.Logs
---@field list lofty.Logs.list.list calls, e-mails or texts that were logged by hand
---@field system lofty.Logs.system.list what changed on a lead, newest first
---@field each fun(self: any, filter: lofty.logs.list, opt?: lofty.ListOptions): fun(): lofty.ManualLog?, string? an item and its cursor; raises
---@field pages fun(self: any, filter: lofty.logs.list, opt?: lofty.ListOptions): fun(): lofty.ManualLogPage?, string? a page and its cursor; raises
---@field all fun(self: any, filter: lofty.logs.list, opt?: lofty.ListOptions): lofty.ManualLog[]?, lofty.Error? every item
local Logs = {}

---log a call, an e-mail or a text by hand
---@param fields lofty.logs.create
---@return lofty.ManualLog? value
---@return lofty.Response|lofty.Error
function Logs:create(fields) end

---remove a logged entry
---@param logTypeId lofty.id
---@return true|table? value
---@return lofty.Response|lofty.Error
function Logs:delete(logTypeId) end

---one logged entry
---@param logTypeId lofty.id
---@param opt? lofty.logs.get
---@return lofty.ManualLog? value
---@return lofty.Response|lofty.Error
function Logs:get(logTypeId, opt) end

---@class lofty.members.list
---@field groupIds? lofty.id[]
---@field limit? integer
---@field offset? integer

---the members of the team
---@class lofty.Members.list.list
---@overload fun(self: any, filter?: lofty.members.list): lofty.MemberPage?, lofty.Response|lofty.Error
---@field each fun(self: any, filter?: lofty.members.list, opt?: lofty.ListOptions): fun(): lofty.Member?, string? an item and its cursor; raises
---@field pages fun(self: any, filter?: lofty.members.list, opt?: lofty.ListOptions): fun(): lofty.MemberPage?, string? a page and its cursor; raises
---@field all fun(self: any, filter?: lofty.members.list, opt?: lofty.ListOptions): lofty.Member[]?, lofty.Error? every item

---@class lofty.Members
---@field list lofty.Members.list.list the members of the team
---@field each fun(self: any, filter?: lofty.members.list, opt?: lofty.ListOptions): fun(): lofty.Member?, string? an item and its cursor; raises
---@field pages fun(self: any, filter?: lofty.members.list, opt?: lofty.ListOptions): fun(): lofty.MemberPage?, string? a page and its cursor; raises
---@field all fun(self: any, filter?: lofty.members.list, opt?: lofty.ListOptions): lofty.Member[]?, lofty.Error? every item
local Members = {}

---a member, by the e-mail of the account
---@param account string
---@return lofty.Member? value
---@return lofty.Response|lofty.Error
function Members:get(account) end

---a member, by user id
---@param userId lofty.id
---@return lofty.Member? value
---@return lofty.Response|lofty.Error
---@deprecated
function Members:get_by_id(userId) end

---the caller's own member record
---@return lofty.Member? value
---@return lofty.Response|lofty.Error
function Members:me() end

---@class lofty.notes.create
---@field content string
---@field isPin? boolean
---@field leadId lofty.id

---@class lofty.notes.get
---@field wait? number

---@class lofty.notes.list
---@field includeSystemNote? boolean
---@field leadId lofty.id

---@class lofty.notes.update
---@field content string
---@field isPin? boolean
---@field leadId? lofty.id

---all notes of a lead
---@class lofty.Notes.list.list
---@overload fun(self: any, filter: lofty.notes.list): lofty.NotePage?, lofty.Response|lofty.Error
---@field each fun(self: any, filter: lofty.notes.list, opt?: lofty.ListOptions): fun(): lofty.Note?, string? an item and its cursor; raises
---@field pages fun(self: any, filter: lofty.notes.list, opt?: lofty.ListOptions): fun(): lofty.NotePage?, string? a page and its cursor; raises
---@field all fun(self: any, filter: lofty.notes.list, opt?: lofty.ListOptions): lofty.Note[]?, lofty.Error? every item

---@class lofty.Notes
---@field list lofty.Notes.list.list all notes of a lead
---@field each fun(self: any, filter: lofty.notes.list, opt?: lofty.ListOptions): fun(): lofty.Note?, string? an item and its cursor; raises
---@field pages fun(self: any, filter: lofty.notes.list, opt?: lofty.ListOptions): fun(): lofty.NotePage?, string? a page and its cursor; raises
---@field all fun(self: any, filter: lofty.notes.list, opt?: lofty.ListOptions): lofty.Note[]?, lofty.Error? every item
local Notes = {}

---add a note to a lead
---@param fields lofty.notes.create
---@return lofty.NoteId? value
---@return lofty.Response|lofty.Error
function Notes:create(fields) end

---remove a note
---@param noteId lofty.id
---@return true|table? value
---@return lofty.Response|lofty.Error
function Notes:delete(noteId) end

---one note
---@param noteId lofty.id
---@param opt? lofty.notes.get
---@return lofty.Note? value
---@return lofty.Response|lofty.Error
function Notes:get(noteId, opt) end

---replace the text of a note and its isPin; without isPin a pinned note may lose its pin
---@param noteId lofty.id
---@param fields lofty.notes.update
---@return true|table? value
---@return lofty.Response|lofty.Error
function Notes:update(noteId, fields) end

---@class lofty.notifications.send_email_to_agent
---@field content string
---@field subject string

---@class lofty.notifications.send_opportunity_alert
---@field description? string
---@field leadId lofty.id
---@field link? string
---@field message? string
---@field notificationType 9|10|11|27|46|47|48|50|52|65|66|89|136|137|138|139|140|141|162|164|165|166|167|168

---@class lofty.notifications.send_sms_to_agent
---@field content string

---@class lofty.notifications.send_task_reminder
---@field taskId lofty.id
---@field type "TASK"|"APPOINTMENT"

---@class lofty.Notifications
local Notifications = {}

---send an e-mail to the agent whose credential is used
---It reaches a person, and is never sent twice by itself.
---@param fields lofty.notifications.send_email_to_agent
---@return lofty.Message? value
---@return lofty.Response|lofty.Error
function Notifications:send_email_to_agent(fields) end

---notify a lead's agents of an opportunity by push, for some types also by SMS and e-mail
---It reaches a person, and is never sent twice by itself.
---@param fields lofty.notifications.send_opportunity_alert
---@return lofty.AlertSent? value
---@return lofty.Response|lofty.Error
function Notifications:send_opportunity_alert(fields) end

---send a text message to the agent whose credential is used
---It reaches a person, and is never sent twice by itself.
---@param fields lofty.notifications.send_sms_to_agent
---@return lofty.Message? value
---@return lofty.Response|lofty.Error
function Notifications:send_sms_to_agent(fields) end

---send a push reminder to the agent of a task
---It reaches a person, and is never sent twice by itself.
---@param fields lofty.notifications.send_task_reminder
---@return lofty.Message? value
---@return lofty.Response|lofty.Error
function Notifications:send_task_reminder(fields) end

---@class lofty.org.create_office
---@field allowManageSub? boolean
---@field city? string
---@field email? string
---@field id? lofty.id
---@field name? string
---@field parentId? lofty.id
---@field phone? string
---@field phoneCode? string
---@field phoneCountry? string
---@field state? string
---@field streetAddress? string
---@field zipcode? string

---@class lofty.org.update_company
---@field city? string
---@field email? string
---@field header? string
---@field name? string
---@field phone? string
---@field phoneCode? string
---@field phoneCountry? string
---@field state? string
---@field streetAddress? string
---@field zipcode? string

---@class lofty.org.update_office
---@field allowManageSub? boolean
---@field city? string
---@field email? string
---@field id lofty.id
---@field name? string
---@field parentId? lofty.id
---@field phone? string
---@field phoneCode? string
---@field phoneCountry? string
---@field state? string
---@field streetAddress? string
---@field zipcode? string

---the permission profiles of agents
---@class lofty.Org.permission_profiles.list
---@overload fun(self: any): lofty.PermissionProfile[]?, lofty.Response|lofty.Error
---@field each fun(self: any, filter?: nil, opt?: lofty.ListOptions): fun(): lofty.PermissionProfile?, string? an item and its cursor; raises
---@field pages fun(self: any, filter?: nil, opt?: lofty.ListOptions): fun(): lofty.PermissionProfile[]?, string? a page and its cursor; raises
---@field all fun(self: any, filter?: nil, opt?: lofty.ListOptions): lofty.PermissionProfile[]?, lofty.Error? every item

---@class lofty.Org
---@field permission_profiles lofty.Org.permission_profiles.list the permission profiles of agents
local Org = {}

---create an office (here PUT creates, and POST updates)
---@param fields lofty.org.create_office
---@return lofty.Outcome? value
---@return lofty.Response|lofty.Error
function Org:create_office(fields) end

---the caller's organization
---@return lofty.Organization? value
---@return lofty.Response|lofty.Error
function Org:get() end

---change the company
---@param fields lofty.org.update_company
---@return lofty.Outcome? value
---@return lofty.Response|lofty.Error
function Org:update_company(fields) end

---change an office (here PUT creates, and POST updates)
---@param fields lofty.org.update_office
---@return lofty.Outcome? value
---@return lofty.Response|lofty.Error
function Org:update_office(fields) end

---@class lofty.routing.get_default_rule
---@field roleId? integer

---@class lofty.routing.members
---@field roleId? integer

---@class lofty.routing.rules
---@field roleId? integer

---@class lofty.routing.update_default_rule
---@field assigneeAgentId? lofty.id
---@field assigneeGroupId? lofty.id
---@field roleId? integer
---@field strategyType? integer
---@field touchMinutes? integer

---@class lofty.routing.update_rule
---@field activeHours? lofty.input.ActiveHours
---@field id lofty.id
---@field routingStrategy? lofty.input.RoutingStrategy

---@class lofty.input.ActiveHours
---@field activeDays? integer[]
---@field hoursEnd? integer
---@field hoursStart? integer

---@class lofty.input.RoutingStrategy
---@field groupId? lofty.id
---@field groupName? string
---@field memberWeights? lofty.input.MemberWeights|lofty.input.MemberWeights[]
---@field strategyType? integer
---@field touchMinutes? integer

---@class lofty.input.MemberWeights
---@field firstName? string
---@field lastName? string
---@field memberId? lofty.id
---@field weight? integer

---the members that rules of a kind may assign
---@class lofty.Routing.members.list
---@overload fun(self: any, type: 1|2|4, filter?: lofty.routing.members): lofty.RoutingMember[]?, lofty.Response|lofty.Error
---@field each fun(self: any, type: 1|2|4, filter?: lofty.routing.members, opt?: lofty.ListOptions): fun(): lofty.RoutingMember?, string? an item and its cursor; raises
---@field pages fun(self: any, type: 1|2|4, filter?: lofty.routing.members, opt?: lofty.ListOptions): fun(): lofty.RoutingMember[]?, string? a page and its cursor; raises
---@field all fun(self: any, type: 1|2|4, filter?: lofty.routing.members, opt?: lofty.ListOptions): lofty.RoutingMember[]?, lofty.Error? every item

---the roles that can be assigned
---@class lofty.Routing.roles.list
---@overload fun(self: any): lofty.RoutingRole[]?, lofty.Response|lofty.Error
---@field each fun(self: any, filter?: nil, opt?: lofty.ListOptions): fun(): lofty.RoutingRole?, string? an item and its cursor; raises
---@field pages fun(self: any, filter?: nil, opt?: lofty.ListOptions): fun(): lofty.RoutingRole[]?, string? a page and its cursor; raises
---@field all fun(self: any, filter?: nil, opt?: lofty.ListOptions): lofty.RoutingRole[]?, lofty.Error? every item

---the rules of a kind: 1 agents, 2 lenders, 4 assistants (roleId needed)
---@class lofty.Routing.rules.list
---@overload fun(self: any, type: 1|2|4, filter?: lofty.routing.rules): lofty.RoutingRule[]?, lofty.Response|lofty.Error
---@field each fun(self: any, type: 1|2|4, filter?: lofty.routing.rules, opt?: lofty.ListOptions): fun(): lofty.RoutingRule?, string? an item and its cursor; raises
---@field pages fun(self: any, type: 1|2|4, filter?: lofty.routing.rules, opt?: lofty.ListOptions): fun(): lofty.RoutingRule[]?, string? a page and its cursor; raises
---@field all fun(self: any, type: 1|2|4, filter?: lofty.routing.rules, opt?: lofty.ListOptions): lofty.RoutingRule[]?, lofty.Error? every item

---@class lofty.Routing
---@field members lofty.Routing.members.list the members that rules of a kind may assign
---@field roles lofty.Routing.roles.list the roles that can be assigned
---@field rules lofty.Routing.rules.list the rules of a kind: 1 agents, 2 lenders, 4 assistants (roleId needed)
local Routing = {}

---the rule for leads that no other rule matches
---@param type 1|2|4
---@param filter? lofty.routing.get_default_rule
---@return lofty.DefaultRoutingRule? value
---@return lofty.Response|lofty.Error
function Routing:get_default_rule(type, filter) end

---change the rule for leads that no other rule matches
---@param type 1|2|4
---@param fields lofty.routing.update_default_rule
---@return string? value
---@return lofty.Response|lofty.Error
function Routing:update_default_rule(type, fields) end

---change one rule
---@param type 1|2|4
---@param fields lofty.routing.update_rule
---@return string? value
---@return lofty.Response|lofty.Error
function Routing:update_rule(type, fields) end

---@class lofty.sales_agents.add_working_leads
---@field createPlanTask? boolean
---@field leadIds lofty.id[]

---@class lofty.sales_agents.create_plan_tasks
---@field leadIds lofty.id[]

---@class lofty.sales_agents.get_by_lead
---@field leadId lofty.id

---@class lofty.sales_agents.get_mute_status
---@field leadId lofty.id

---@class lofty.sales_agents.send_sms_to_agent
---@field content string

---@class lofty.sales_agents.update_settings
---@field activeDays? integer[]
---@field agentExperience? string
---@field agentIds? lofty.id[]
---@field assistantName? string
---@field callTransferType? "Disabled"|"ToAssignedAgent"|string
---@field emailChannel? boolean
---@field endActiveHour? integer
---@field fixedNumber? string
---@field followUpRole? "AI"|"Agent"|string
---@field id lofty.id
---@field leadPipelines? lofty.id[]
---@field leadPondIds? lofty.id[]
---@field leadSources? lofty.id[]
---@field leadTypes? integer[]
---@field newLeadEnable? boolean
---@field officeIds? lofty.id[]
---@field rentalBusiness? boolean
---@field startActiveHour? integer
---@field textChannel? boolean
---@field virtualNumber? string
---@field virtualNumberCountry? string
---@field visitorsEnable? boolean
---@field websiteChannel? boolean

---@class lofty.sales_agents.working_leads
---@field aiStage? "HIGH_PRIORITY"|"AI_PROSPECTING"|"AI_MONITORING"|string
---@field desc? boolean|string
---@field limit? integer|string
---@field offset? integer|string
---@field sort? "Default"|"CreateTime"|"UpdateTime"|string

---the tasks that the AI assistant plans for a lead
---@class lofty.SalesAgents.plan_tasks.list
---@overload fun(self: any, leadId: lofty.id): lofty.PlanTask[]?, lofty.Response|lofty.Error
---@field each fun(self: any, leadId: lofty.id, filter?: nil, opt?: lofty.ListOptions): fun(): lofty.PlanTask?, string? an item and its cursor; raises
---@field pages fun(self: any, leadId: lofty.id, filter?: nil, opt?: lofty.ListOptions): fun(): lofty.PlanTask[]?, string? a page and its cursor; raises
---@field all fun(self: any, leadId: lofty.id, filter?: nil, opt?: lofty.ListOptions): lofty.PlanTask[]?, lofty.Error? every item

---the leads that the AI assistant works on
---@class lofty.SalesAgents.working_leads.list
---@overload fun(self: any, filter?: lofty.sales_agents.working_leads): lofty.WorkingLeadPage?, lofty.Response|lofty.Error
---@field each fun(self: any, filter?: lofty.sales_agents.working_leads, opt?: lofty.ListOptions): fun(): lofty.WorkingLead?, string? an item and its cursor; raises
---@field pages fun(self: any, filter?: lofty.sales_agents.working_leads, opt?: lofty.ListOptions): fun(): lofty.WorkingLeadPage?, string? a page and its cursor; raises
---@field all fun(self: any, filter?: lofty.sales_agents.working_leads, opt?: lofty.ListOptions): lofty.WorkingLead[]?, lofty.Error? every item

---@class lofty.SalesAgents
---@field plan_tasks lofty.SalesAgents.plan_tasks.list the tasks that the AI assistant plans for a lead
---@field working_leads lofty.SalesAgents.working_leads.list the leads that the AI assistant works on
local SalesAgents = {}

---add up to 100 leads to those that the AI assistant works on
---@param fields lofty.sales_agents.add_working_leads
---@return lofty.Message? value
---@return lofty.Response|lofty.Error
function SalesAgents:add_working_leads(fields) end

---have the AI assistant plan tasks for up to 100 leads
---@param fields lofty.sales_agents.create_plan_tasks
---@return lofty.Outcome? value
---@return lofty.Response|lofty.Error
function SalesAgents:create_plan_tasks(fields) end

---the AI assistant of a lead
---@param filter lofty.sales_agents.get_by_lead
---@return lofty.SalesAgent? value
---@return lofty.Response|lofty.Error
function SalesAgents:get_by_lead(filter) end

---the caller's AI assistant
---@return lofty.SalesAgent? value
---@return lofty.Response|lofty.Error
function SalesAgents:get_current() end

---whether the AI assistant is muted for a lead
---@param filter lofty.sales_agents.get_mute_status
---@return lofty.MuteStatus? value
---@return lofty.Response|lofty.Error
function SalesAgents:get_mute_status(filter) end

---how many leads the AI assistant may still take
---@return lofty.SalesAgentQuota? value
---@return lofty.Response|lofty.Error
function SalesAgents:get_quota() end

---the settings of the caller's AI assistant
---@return lofty.SalesAgentSettings? value
---@return lofty.Response|lofty.Error
function SalesAgents:get_settings() end

---whether the AI assistant works on a lead
---@param leadId lofty.id
---@return lofty.WorkingLead? value
---@return lofty.Response|lofty.Error
function SalesAgents:get_working_lead(leadId) end

---mute the AI assistant for a lead
---@param leadId lofty.id
---@return lofty.Message? value
---@return lofty.Response|lofty.Error
function SalesAgents:mute_lead(leadId) end

---send a text message from the AI assistant's number to the agent whose credential is used
---It reaches a person, and is never sent twice by itself.
---@param fields lofty.sales_agents.send_sms_to_agent
---@return lofty.Message? value
---@return lofty.Response|lofty.Error
function SalesAgents:send_sms_to_agent(fields) end

---change the settings of the caller's AI assistant
---@param fields lofty.sales_agents.update_settings
---@return lofty.Message? value
---@return lofty.Response|lofty.Error
function SalesAgents:update_settings(fields) end

---@class lofty.tasks.create
---@field address? string
---@field assignedRole "Agent"|"Assistant"|string
---@field content string
---@field endAt lofty.moment
---@field leadId lofty.id
---@field startAt? lofty.moment
---@field timeZoneCode? string
---@field type "Other"|"Call"|"Email"|"Text"|"Appointment"|string

---@class lofty.tasks.list
---@field leadId lofty.id

---@class lofty.tasks.mine
---@field currentId? lofty.id
---@field limit? integer
---@field timeZoneCode? string
---@field userId? lofty.id

---@class lofty.tasks.update
---@field address? string
---@field content? string
---@field endAt? lofty.moment
---@field startAt? lofty.moment
---@field timeZoneCode? string

---all tasks and appointments of a lead
---@class lofty.Tasks.list.list
---@overload fun(self: any, filter: lofty.tasks.list): lofty.TaskPage?, lofty.Response|lofty.Error
---@field each fun(self: any, filter: lofty.tasks.list, opt?: lofty.ListOptions): fun(): lofty.Task?, string? an item and its cursor; raises
---@field pages fun(self: any, filter: lofty.tasks.list, opt?: lofty.ListOptions): fun(): lofty.TaskPage?, string? a page and its cursor; raises
---@field all fun(self: any, filter: lofty.tasks.list, opt?: lofty.ListOptions): lofty.Task[]?, lofty.Error? every item

---the tasks of a user, by default of the caller
---@class lofty.Tasks.mine.list
---@overload fun(self: any, filter?: lofty.tasks.mine): lofty.TaskPage?, lofty.Response|lofty.Error
---@field each fun(self: any, filter?: lofty.tasks.mine, opt?: lofty.ListOptions): fun(): lofty.Task?, string? an item and its cursor; raises
---@field pages fun(self: any, filter?: lofty.tasks.mine, opt?: lofty.ListOptions): fun(): lofty.TaskPage?, string? a page and its cursor; raises
---@field all fun(self: any, filter?: lofty.tasks.mine, opt?: lofty.ListOptions): lofty.Task[]?, lofty.Error? every item

---@class lofty.Tasks
---@field list lofty.Tasks.list.list all tasks and appointments of a lead
---@field mine lofty.Tasks.mine.list the tasks of a user, by default of the caller
---@field each fun(self: any, filter: lofty.tasks.list, opt?: lofty.ListOptions): fun(): lofty.Task?, string? an item and its cursor; raises
---@field pages fun(self: any, filter: lofty.tasks.list, opt?: lofty.ListOptions): fun(): lofty.TaskPage?, string? a page and its cursor; raises
---@field all fun(self: any, filter: lofty.tasks.list, opt?: lofty.ListOptions): lofty.Task[]?, lofty.Error? every item
local Tasks = {}

---create a task or an appointment
---@param fields lofty.tasks.create
---@return lofty.TaskId? value
---@return lofty.Response|lofty.Error
function Tasks:create(fields) end

---remove a task or an appointment
---@param taskId lofty.id
---@return lofty.Message? value
---@return lofty.Response|lofty.Error
function Tasks:delete(taskId) end

---mark as done
---@param taskId lofty.id
---@return lofty.Message? value
---@return lofty.Response|lofty.Error
function Tasks:finish(taskId) end

---one task or appointment
---@param taskId lofty.id
---@return lofty.Task? value
---@return lofty.Response|lofty.Error
function Tasks:get(taskId) end

---mark as not done
---@param taskId lofty.id
---@return lofty.Message? value
---@return lofty.Response|lofty.Error
function Tasks:unfinish(taskId) end

---change some fields of a task or an appointment
---@param taskId lofty.id
---@param fields lofty.tasks.update
---@return lofty.Message? value
---@return lofty.Response|lofty.Error
function Tasks:update(taskId, fields) end

---@class lofty.team_features.create_custom_field
---@field attributeName string
---@field attributeType string
---@field params? string
---@field value? string

---@class lofty.team_features.pipelines
---@field currPage? integer
---@field name? string
---@field pageSize? integer

---the custom fields that leads have
---@class lofty.TeamFeatures.custom_fields.list
---@overload fun(self: any): lofty.CustomAttribute[]?, lofty.Response|lofty.Error
---@field each fun(self: any, filter?: nil, opt?: lofty.ListOptions): fun(): lofty.CustomAttribute?, string? an item and its cursor; raises
---@field pages fun(self: any, filter?: nil, opt?: lofty.ListOptions): fun(): lofty.CustomAttribute[]?, string? a page and its cursor; raises
---@field all fun(self: any, filter?: nil, opt?: lofty.ListOptions): lofty.CustomAttribute[]?, lofty.Error? every item

---the pipelines of leads
---@class lofty.TeamFeatures.pipelines.list
---@overload fun(self: any, filter?: lofty.team_features.pipelines): lofty.PipelinePage?, lofty.Response|lofty.Error
---@field each fun(self: any, filter?: lofty.team_features.pipelines, opt?: lofty.ListOptions): fun(): lofty.Pipeline?, string? an item and its cursor; raises
---@field pages fun(self: any, filter?: lofty.team_features.pipelines, opt?: lofty.ListOptions): fun(): lofty.PipelinePage?, string? a page and its cursor; raises
---@field all fun(self: any, filter?: lofty.team_features.pipelines, opt?: lofty.ListOptions): lofty.Pipeline[]?, lofty.Error? every item

---lead ponds
---@class lofty.TeamFeatures.ponds.list
---@overload fun(self: any): lofty.Pond[]?, lofty.Response|lofty.Error
---@field each fun(self: any, filter?: nil, opt?: lofty.ListOptions): fun(): lofty.Pond?, string? an item and its cursor; raises
---@field pages fun(self: any, filter?: nil, opt?: lofty.ListOptions): fun(): lofty.Pond[]?, string? a page and its cursor; raises
---@field all fun(self: any, filter?: nil, opt?: lofty.ListOptions): lofty.Pond[]?, lofty.Error? every item

---tags of leads: definitions (leadId 0) and uses
---@class lofty.TeamFeatures.tags.list
---@overload fun(self: any): lofty.LeadTag[]?, lofty.Response|lofty.Error
---@field each fun(self: any, filter?: nil, opt?: lofty.ListOptions): fun(): lofty.LeadTag?, string? an item and its cursor; raises
---@field pages fun(self: any, filter?: nil, opt?: lofty.ListOptions): fun(): lofty.LeadTag[]?, string? a page and its cursor; raises
---@field all fun(self: any, filter?: nil, opt?: lofty.ListOptions): lofty.LeadTag[]?, lofty.Error? every item

---@class lofty.TeamFeatures
---@field custom_fields lofty.TeamFeatures.custom_fields.list the custom fields that leads have
---@field pipelines lofty.TeamFeatures.pipelines.list the pipelines of leads
---@field ponds lofty.TeamFeatures.ponds.list lead ponds
---@field tags lofty.TeamFeatures.tags.list tags of leads: definitions (leadId 0) and uses
local TeamFeatures = {}

---create a custom field of leads
---@param fields lofty.team_features.create_custom_field
---@return string? value
---@return lofty.Response|lofty.Error
function TeamFeatures:create_custom_field(fields) end

---one lead pond
---@param id lofty.id
---@return lofty.Pond? value
---@return lofty.Response|lofty.Error
function TeamFeatures:get_pond(id) end

---@class lofty.transactions.create
---@field agentRevenue? number
---@field agreementSignedDate? lofty.id
---@field appointmentDate? lofty.id
---@field appraisalDate? lofty.id
---@field assignedAgent? lofty.id
---@field closeDate? lofty.id
---@field commissionRate? number
---@field commissions? lofty.input.Commissions
---@field contractDate? lofty.id
---@field customFields? lofty.input.CustomField[]
---@field escrowDate? lofty.id
---@field expectedCloseDate? lofty.id
---@field expiration? lofty.id
---@field gci? number
---@field homeInspectionDate? lofty.id
---@field homePrice? number
---@field leadName? string
---@field offerDate? lofty.id
---@field teamRevenue? number
---@field transactionName string
---@field transactionStatus? string
---@field transactionType? "Purchase"|"Listing"|"Lease"|"Other"

---@class lofty.transactions.list
---@field leadId? lofty.id
---@field pageNum? integer
---@field pageSize? integer
---@field queryKey? string
---@field transactionType? "Purchase"|"Listing"|"Lease"|"Other"|"All"

---@class lofty.transactions.update
---@field agentRevenue? number
---@field agreementSignedDate? lofty.id
---@field appointmentDate? lofty.id
---@field appraisalDate? lofty.id
---@field assignedAgent? lofty.id
---@field closeDate? lofty.id
---@field commissionRate? number
---@field commissions? lofty.input.Commissions
---@field contractDate? lofty.id
---@field customFields? lofty.input.CustomField[]
---@field escrowDate? lofty.id
---@field expectedCloseDate? lofty.id
---@field expiration? lofty.id
---@field gci? number
---@field homeInspectionDate? lofty.id
---@field homePrice? number
---@field leadName? string
---@field offerDate? lofty.id
---@field teamRevenue? number
---@field transactionName? string
---@field transactionStatus? string
---@field transactionType? "Purchase"|"Listing"|"Lease"|"Other"

---@class lofty.transactions.update_address
---@field city? string
---@field county? string
---@field label? string
---@field state? string
---@field streetAddress? string
---@field transactionId lofty.id
---@field unit? string
---@field zipCode? string

---all deals of a lead
---@class lofty.Transactions.by_lead.list
---@overload fun(self: any, leadId: lofty.id): lofty.Transaction[]?, lofty.Response|lofty.Error
---@field each fun(self: any, leadId: lofty.id, filter?: nil, opt?: lofty.ListOptions): fun(): lofty.Transaction?, string? an item and its cursor; raises
---@field pages fun(self: any, leadId: lofty.id, filter?: nil, opt?: lofty.ListOptions): fun(): lofty.Transaction[]?, string? a page and its cursor; raises
---@field all fun(self: any, leadId: lofty.id, filter?: nil, opt?: lofty.ListOptions): lofty.Transaction[]?, lofty.Error? every item

---the custom fields that deals have
---@class lofty.Transactions.custom_fields.list
---@overload fun(self: any): lofty.TransactionCustomField[]?, lofty.Response|lofty.Error
---@field each fun(self: any, filter?: nil, opt?: lofty.ListOptions): fun(): lofty.TransactionCustomField?, string? an item and its cursor; raises
---@field pages fun(self: any, filter?: nil, opt?: lofty.ListOptions): fun(): lofty.TransactionCustomField[]?, string? a page and its cursor; raises
---@field all fun(self: any, filter?: nil, opt?: lofty.ListOptions): lofty.TransactionCustomField[]?, lofty.Error? every item

---deals; only purchases unless transactionType says more (All)
---@class lofty.Transactions.list.list
---@overload fun(self: any, filter?: lofty.transactions.list): lofty.TransactionPage?, lofty.Response|lofty.Error
---@field each fun(self: any, filter?: lofty.transactions.list, opt?: lofty.ListOptions): fun(): lofty.TransactionItem?, string? an item and its cursor; raises
---@field pages fun(self: any, filter?: lofty.transactions.list, opt?: lofty.ListOptions): fun(): lofty.TransactionPage?, string? a page and its cursor; raises
---@field all fun(self: any, filter?: lofty.transactions.list, opt?: lofty.ListOptions): lofty.TransactionItem[]?, lofty.Error? every item

---the pipelines of deals and their stages
---@class lofty.Transactions.pipelines.list
---@overload fun(self: any): lofty.TransactionPipelines?, lofty.Response|lofty.Error
---@field each fun(self: any, filter?: nil, opt?: lofty.ListOptions): fun(): lofty.TransactionPipeline?, string? an item and its cursor; raises
---@field pages fun(self: any, filter?: nil, opt?: lofty.ListOptions): fun(): lofty.TransactionPipelines?, string? a page and its cursor; raises
---@field all fun(self: any, filter?: nil, opt?: lofty.ListOptions): lofty.TransactionPipeline[]?, lofty.Error? every item

---@class lofty.Transactions
---@field by_lead lofty.Transactions.by_lead.list all deals of a lead
---@field custom_fields lofty.Transactions.custom_fields.list the custom fields that deals have
---@field list lofty.Transactions.list.list deals; only purchases unless transactionType says more (All)
---@field pipelines lofty.Transactions.pipelines.list the pipelines of deals and their stages
---@field each fun(self: any, filter?: lofty.transactions.list, opt?: lofty.ListOptions): fun(): lofty.TransactionItem?, string? an item and its cursor; raises
---@field pages fun(self: any, filter?: lofty.transactions.list, opt?: lofty.ListOptions): fun(): lofty.TransactionPage?, string? a page and its cursor; raises
---@field all fun(self: any, filter?: lofty.transactions.list, opt?: lofty.ListOptions): lofty.TransactionItem[]?, lofty.Error? every item
local Transactions = {}

---create a deal for a lead
---@param leadId lofty.id
---@param fields lofty.transactions.create
---@return lofty.Transaction? value
---@return lofty.Response|lofty.Error
function Transactions:create(leadId, fields) end

---one deal of a lead
---@param leadId lofty.id
---@param transactionId lofty.id
---@return lofty.Transaction? value
---@return lofty.Response|lofty.Error
function Transactions:get(leadId, transactionId) end

---the address of a deal's property
---@param leadId lofty.id
---@param transactionId lofty.id
---@return lofty.TransactionAddress? value
---@return lofty.Response|lofty.Error
function Transactions:get_address(leadId, transactionId) end

---change some fields of a deal
---@param leadId lofty.id
---@param transactionId lofty.id
---@param fields lofty.transactions.update
---@return lofty.Transaction? value
---@return lofty.Response|lofty.Error
function Transactions:update(leadId, transactionId, fields) end

---replace the whole address of a deal's property
---@param leadId lofty.id
---@param fields lofty.transactions.update_address
---@return lofty.CodeMessage? value
---@return lofty.Response|lofty.Error
function Transactions:update_address(leadId, fields) end

---@class lofty.v1.appointments.list
---@field leadId lofty.id

---the appointments of a lead
---@class lofty.V1Appointments.list.list
---@overload fun(self: any, filter: lofty.v1.appointments.list): lofty.Appointment[]?, lofty.Response|lofty.Error
---@field each fun(self: any, filter: lofty.v1.appointments.list, opt?: lofty.ListOptions): fun(): lofty.Appointment?, string? an item and its cursor; raises
---@field pages fun(self: any, filter: lofty.v1.appointments.list, opt?: lofty.ListOptions): fun(): lofty.Appointment[]?, string? a page and its cursor; raises
---@field all fun(self: any, filter: lofty.v1.appointments.list, opt?: lofty.ListOptions): lofty.Appointment[]?, lofty.Error? every item

---@class lofty.V1Appointments
---@field list lofty.V1Appointments.list.list the appointments of a lead
---@field each fun(self: any, filter: lofty.v1.appointments.list, opt?: lofty.ListOptions): fun(): lofty.Appointment?, string? an item and its cursor; raises
---@field pages fun(self: any, filter: lofty.v1.appointments.list, opt?: lofty.ListOptions): fun(): lofty.Appointment[]?, string? a page and its cursor; raises
---@field all fun(self: any, filter: lofty.v1.appointments.list, opt?: lofty.ListOptions): lofty.Appointment[]?, lofty.Error? every item
local V1Appointments = {}

---@class lofty.v1.communication.by_agent
---@field endTime? lofty.id
---@field limit? integer
---@field offset? integer
---@field startTime? lofty.id
---@field teamView? boolean
---@field type "CALL"|"TEXT"|"EMAIL"|"ALL"

---the communications of at most 24 hours
---@class lofty.V1Communication.by_agent.list
---@overload fun(self: any, fields?: lofty.v1.communication.by_agent): lofty.CommunicationV1Page?, lofty.Response|lofty.Error
---@field each fun(self: any, fields?: lofty.v1.communication.by_agent, opt?: lofty.ListOptions): fun(): table?, string? an item and its cursor; raises
---@field pages fun(self: any, fields?: lofty.v1.communication.by_agent, opt?: lofty.ListOptions): fun(): lofty.CommunicationV1Page?, string? a page and its cursor; raises
---@field all fun(self: any, fields?: lofty.v1.communication.by_agent, opt?: lofty.ListOptions): table[]?, lofty.Error? every item

---@class lofty.V1Communication
---@field by_agent lofty.V1Communication.by_agent.list the communications of at most 24 hours
local V1Communication = {}

---@class lofty.v1.tasks.create
---@field assignedRole "Agent"|"Assistant"
---@field content string
---@field deadline lofty.id
---@field finishFlag? boolean
---@field leadId lofty.id
---@field type "Other"|"Call"|"Email"|"Text"

---@class lofty.v1.tasks.list
---@field leadId lofty.id

---@class lofty.v1.tasks.update
---@field assignedRole? "Agent"|"Assistant"
---@field content? string
---@field deadline? lofty.id
---@field finishFlag? boolean
---@field leadId? lofty.id
---@field type? "Other"|"Call"|"Email"|"Text"

---the tasks of a lead
---@class lofty.V1Tasks.list.list
---@overload fun(self: any, filter: lofty.v1.tasks.list): lofty.TaskV1Page?, lofty.Response|lofty.Error
---@field each fun(self: any, filter: lofty.v1.tasks.list, opt?: lofty.ListOptions): fun(): lofty.TaskV1?, string? an item and its cursor; raises
---@field pages fun(self: any, filter: lofty.v1.tasks.list, opt?: lofty.ListOptions): fun(): lofty.TaskV1Page?, string? a page and its cursor; raises
---@field all fun(self: any, filter: lofty.v1.tasks.list, opt?: lofty.ListOptions): lofty.TaskV1[]?, lofty.Error? every item

---@class lofty.V1Tasks
---@field list lofty.V1Tasks.list.list the tasks of a lead
---@field each fun(self: any, filter: lofty.v1.tasks.list, opt?: lofty.ListOptions): fun(): lofty.TaskV1?, string? an item and its cursor; raises
---@field pages fun(self: any, filter: lofty.v1.tasks.list, opt?: lofty.ListOptions): fun(): lofty.TaskV1Page?, string? a page and its cursor; raises
---@field all fun(self: any, filter: lofty.v1.tasks.list, opt?: lofty.ListOptions): lofty.TaskV1[]?, lofty.Error? every item
local V1Tasks = {}

---create a task; deadline in ms
---@param fields lofty.v1.tasks.create
---@return lofty.TaskId? value
---@return lofty.Response|lofty.Error
function V1Tasks:create(fields) end

---remove a task
---@param taskId lofty.id
---@return true|table? value
---@return lofty.Response|lofty.Error
function V1Tasks:delete(taskId) end

---one task
---@param taskId lofty.id
---@return lofty.TaskV1? value
---@return lofty.Response|lofty.Error
function V1Tasks:get(taskId) end

---change some fields of a task; with finishFlag = true it is finished and the other fields are ignored
---@param taskId lofty.id
---@param fields lofty.v1.tasks.update
---@return true|table? value
---@return lofty.Response|lofty.Error
function V1Tasks:update(taskId, fields) end

---the team's vendors
---@class lofty.Vendors.list.list
---@overload fun(self: any): lofty.Vendor[]?, lofty.Response|lofty.Error
---@field each fun(self: any, filter?: nil, opt?: lofty.ListOptions): fun(): lofty.Vendor?, string? an item and its cursor; raises
---@field pages fun(self: any, filter?: nil, opt?: lofty.ListOptions): fun(): lofty.Vendor[]?, string? a page and its cursor; raises
---@field all fun(self: any, filter?: nil, opt?: lofty.ListOptions): lofty.Vendor[]?, lofty.Error? every item

---@class lofty.Vendors
---@field list lofty.Vendors.list.list the team's vendors
---@field each fun(self: any, filter?: nil, opt?: lofty.ListOptions): fun(): lofty.Vendor?, string? an item and its cursor; raises
---@field pages fun(self: any, filter?: nil, opt?: lofty.ListOptions): fun(): lofty.Vendor[]?, string? a page and its cursor; raises
---@field all fun(self: any, filter?: nil, opt?: lofty.ListOptions): lofty.Vendor[]?, lofty.Error? every item
local Vendors = {}

---@class lofty.webhooks.create
---@field callbackUrl string
---@field limit? integer
---@field listId 1|2|3|4|5|6|7|8|9|10|11|12
---@field permissionMode? 0|1

---all subscriptions
---@class lofty.Webhooks.list.list
---@overload fun(self: any): lofty.Subscription[]?, lofty.Response|lofty.Error
---@field each fun(self: any, filter?: nil, opt?: lofty.ListOptions): fun(): lofty.Subscription?, string? an item and its cursor; raises
---@field pages fun(self: any, filter?: nil, opt?: lofty.ListOptions): fun(): lofty.Subscription[]?, string? a page and its cursor; raises
---@field all fun(self: any, filter?: nil, opt?: lofty.ListOptions): lofty.Subscription[]?, lofty.Error? every item

---@class lofty.Webhooks
---@field list lofty.Webhooks.list.list all subscriptions
---@field each fun(self: any, filter?: nil, opt?: lofty.ListOptions): fun(): lofty.Subscription?, string? an item and its cursor; raises
---@field pages fun(self: any, filter?: nil, opt?: lofty.ListOptions): fun(): lofty.Subscription[]?, string? a page and its cursor; raises
---@field all fun(self: any, filter?: nil, opt?: lofty.ListOptions): lofty.Subscription[]?, lofty.Error? every item
local Webhooks = {}

---subscribe to one list
---@param fields lofty.webhooks.create
---@return lofty.Subscription? value
---@return lofty.Response|lofty.Error
function Webhooks:create(fields) end

---end a subscription
---@param subscribeId lofty.id
---@return true|table? value
---@return lofty.Response|lofty.Error
function Webhooks:delete(subscribeId) end

---Makes the subscriptions of one address what you say, and no more.
---@param wanted lofty.ensure.wanted
---@return lofty.Subscription[]? subscriptions
---@return lofty.ensure.changes|lofty.Error
function Webhooks:ensure(wanted) end

---@class lofty.V1
---@field appointments lofty.V1Appointments
---@field communication lofty.V1Communication
---@field tasks lofty.V1Tasks

---@class lofty.Client
---@field agents lofty.Agents
---@field ai lofty.Ai
---@field brokermint lofty.Brokermint
---@field calendar lofty.Calendar
---@field calls lofty.Calls
---@field communication lofty.Communication
---@field leads lofty.Leads
---@field listings lofty.Listings
---@field logs lofty.Logs
---@field members lofty.Members
---@field notes lofty.Notes
---@field notifications lofty.Notifications
---@field org lofty.Org
---@field routing lofty.Routing
---@field sales_agents lofty.SalesAgents
---@field tasks lofty.Tasks
---@field team_features lofty.TeamFeatures
---@field transactions lofty.Transactions
---@field vendors lofty.Vendors
---@field webhooks lofty.Webhooks
---@field v1 lofty.V1 what newer operations do better
local Client = {}

---@class lofty.Stats
---@field calls integer
---@field requests integer with retries
---@field retries integer
---@field refreshes integer
---@field waits integer calls that waited for the rate limit
---@field waited number seconds during which at least one call waited for it

---@class lofty.ViewOptions
---@field timeout? number|{ connect?: number, total?: number } seconds for one request
---@field deadline? number seconds for a whole call, all its waits and attempts included
---@field retry? false|{ attempts?: integer, base?: number, cap?: number, total?: number }
---@field validate? boolean
---@field json? "strict"|"repair"
---@field dry_run? boolean true: writes are checked and shown, and not sent
---@field on_dry_run? fun(call: { operation: string, method: string, path: string, url: string, params?: table, query?: table, body?: any })

---GET by path: names in the template are taken from params, the rest goes to the query.
---@param template string
---@param params? table
---@return any value
---@return lofty.Response|lofty.Error
function Client:get(template, params) end

---POST by path: the rest goes to the JSON body.
---@param template string
---@param params? table
---@return any value
---@return lofty.Response|lofty.Error
function Client:post(template, params) end

---PUT by path: as post.
---@param template string
---@param params? table
---@return any value
---@return lofty.Response|lofty.Error
function Client:put(template, params) end

---DELETE by path: as get.
---@param template string
---@param params? table
---@return any value
---@return lofty.Response|lofty.Error
function Client:delete(template, params) end

---Who this client acts for.
---@return lofty.Member? value
---@return lofty.Response|lofty.Error
function Client:me() end

---A view of this client with other options; it shares credential, rate limit and counters.
---@param opt lofty.ViewOptions
---@return lofty.Client
function Client:with(opt) end

---What this client has done.
---@return lofty.Stats
function Client:stats() end

---@class lofty.Stores
---@field memory fun(opt?: { now?: fun(): number }): lofty.Store for tests and short scripts
---@field file fun(opt: { path: string, prefix?: string, now?: fun(): number }): lofty.Store one file for each account
---@field shdict fun(opt: { dict: string, backing?: lofty.Store, prefix?: string, now?: fun(): number }): lofty.Store nginx's shared memory
---@field redis fun(opt: lofty.RedisOptions): lofty.Store

---@class lofty.RedisOptions
---@field url string redis://user:password@host:6379/0, rediss:// for TLS, unix:///path/to.sock?db=0
---@field prefix? string
---@field timeout? number seconds for connecting and for each whole reply
---@field server_name? string with TLS
---@field ca? string with TLS, a PEM file
---@field certificate? string with TLS, a PEM file
---@field key? string with TLS, a PEM file
---@field connections? integer in nginx: idle connections of a worker
---@field idle? number in nginx: seconds

---@class lofty.Time
---@field parse fun(value: string|number): number?, lofty.Error? epoch seconds of a time in any of the API's forms
---@field format fun(epoch: number, offset?: string|number): string ISO 8601 with an offset

---@class lofty.Webhook
---@field parse fun(body: string, opt?: { max_events?: integer, json?: "strict"|"repair" }): lofty.Event[]?, lofty.Error?
---@field key fun(event: lofty.Event): string the same for the same event, however it was batched
---@field handler fun(opt: lofty.HandlerOptions): fun(request?: lofty.HandlerRequest): integer, string, table<string, string> inside nginx the function reads the request itself

---@class lofty.Spool
---@field run fun(self: lofty.Spool, seconds?: number): true?, lofty.Error? handles what is there, until nothing is left to try again
---@field failed fun(self: lofty.Spool): { id: string, event: lofty.Event, attempts: integer, error: string }[]?, lofty.Error?
---@field retry fun(self: lofty.Spool, id: string): true?, lofty.Error?

---@class lofty
---@field _VERSION string
---@field null any JSON's null
---@field placeholder any stands for an id in what a dry run returns
---@field sanitize fun(text: string, max?: integer): string makes text from outside safe to print
---@field json { decode: fun(text: string, opt?: { repair?: boolean }): any, string?, integer?; encode: fun(value: any): string?, string? }
---@field store lofty.Stores
---@field time lofty.Time
---@field webhook lofty.Webhook
---@field spool { file: fun(opt: { path: string }): lofty.Spool } webhook deliveries on disk
local lofty = {}

---A client of one account.
---@param opt? lofty.ClientOptions
---@return lofty.Client
function lofty.client(opt) end

---A vendor's application.
---@param opt? lofty.AppOptions
---@return lofty.App
function lofty.app(opt) end

---Returns its arguments, or raises the err of a failed call.
---@generic T
---@param value T?
---@param ... any
---@return T
---@return any ...
function lofty.assert(value, ...) end

---Calls fn(item, index) for every item, many at the same time in one thread.
---@generic T, R
---@param list T[]
---@param fn fun(item: T, index: integer): R?, lofty.Error?
---@param opt? { concurrency?: integer, on_progress?: fun(done: integer, total: integer) }
---@return R[] results
---@return table<integer, lofty.Error|any>? errors
function lofty.map(list, fn, opt) end

---Marks a table as an array, so that an empty one is [].
---@generic T: table
---@param list T
---@return T
function lofty.array(list) end

---Digits that go out as an integer, whatever its size.
---@param digits string
---@return userdata
function lofty.integer(digits) end

---Gives a plain table of a token's fields its methods back.
---@param fields table
---@return lofty.Token? token
---@return lofty.Error? err
function lofty.token(fields) end

return lofty
