-- SPDX-License-Identifier: MIT

--- The operations of the Open API as the vendor's document has them: parameters, body, response.
--
-- Types: i64 i32 n(umber) s(tring) b(oolean) time object, s<a|b> one of these words (a space is written _), [x] an
-- array of x, @Name a shape of shapes.lua; `!` marks what is required. `optional` names fields of the body that the
-- shape requires and the operation's own description does not.
-- @module lofty.sandbox.server.operations

return [[
POST /v1.0/agent/communication
  body @CommunicationRequest
  optional startTime endTime
  gives @PageResult
POST /v1.0/agent/profile/add
  body @AgentProfile
  gives @AddAgentResponse
POST /v1.0/agent/send-notification
  body @OpportunityNotificationRequest
  gives @SendOpportunityNotificationResponse
POST /v1.0/agent/{agentId}/tag/add
  path agentId:i64
  body @AgentTagRequest
  gives @AddAgentTagResponse
GET /v1.0/appts
  query leadId:i64!
  gives [@Appointment]
PUT /v1.0/brokermint/lead
  body @Contacts
  gives @CommonResponse
PUT /v1.0/brokermint/transaction
  body @IncomingTransaction
  gives @TransactionCallbackResponse
GET /v1.0/call/url/{callId}
  path callId:i64
  gives @CallUrlResponse
GET /v1.0/calls
  query limit:i32 offset:i32 leadId:i64!
  gives @CallListResponseV1
GET /v1.0/calls/{callId}
  path callId:i64
  gives @CallDetailResponse
GET /v1.0/communication/call
  query leadId:i64! offset:i32 limit:i32 currentId:i64
  gives @CommunicationCallListResponse
GET /v1.0/communication/call/v2
  query leadId:i64! offset:i32 limit:i32 currentId:i64
  gives @CommunicationCallV2ListResponse
GET /v1.0/communication/email
  query leadId:i64! offset:i32 limit:i32 currentId:i64
  gives @CommunicationEmailListResponse
GET /v1.0/communication/text
  query leadId:i64! offset:i32 limit:i32 currentId:i64
  gives @CommunicationTextListResponse
GET /v1.0/getPublishedListings
  query type:s<LuxVT|AptCom|AllOnMarket>!
  gives xml
GET /v1.0/leads
  query stage:s source:s phone:s email:s assignedUserId:i64 contacted:b groups:s segments:s allTags:s anyTags:s
    groupIds:i64 querySubGroup:b scrollId:s offset:i32 limit:i32 sort:s desc:b languages:s preciseSearchFlag:b
    roleAssigneeFilters:s key:s otherFilters:s returnFields:s
  gives @LeadListResponse
POST /v1.0/leads
  body @LeadRequest
  gives @LeadIdResponse
POST /v1.0/leads/assignee
  body @LeadAssigneeRequest
  gives [@LeadCustomRoleAssigneeInfo]
GET /v1.0/leads/{leadId}
  path leadId:i64
  query withTrash:b
  gives @LeadResponse
PUT /v1.0/leads/{leadId}
  path leadId:i64
  body @EditLeadRequest
  optional leadTransaction.transactionName
  gives @LeadIdResponse
DELETE /v1.0/leads/{leadId}
  path leadId:i64
  query reason:s!
  gives object
GET /v1.0/leads/{leadId}/activities
  path leadId:i64
  query curPage:i32
  gives [@LeadActivity]
POST /v1.0/leads/{leadId}/activity
  path leadId:i64
  body @LeadActivity
  gives @LeadIdResponse
POST /v1.0/leads/{leadId}/assignment
  path leadId:i64
  body [@LeadAssigineeRequest]
  gives @LeadIdResponse
POST /v1.0/leads/{leadId}/inquiry
  path leadId:i64
  body @LeadInquiry
  gives @LeadIdResponse
POST /v1.0/leads/{leadId}/property
  path leadId:i64
  body @LeadProperty
  gives @LeadIdResponse
POST /v1.0/leads/{leadId}/transaction
  path leadId:i64
  body @LeadTransaction
  gives @LeadTransaction
POST /v1.0/leads/{leadId}/transaction/property/address
  path leadId:i64
  body @LeadTransactionPropertyAddress
  gives @TransactionCallbackResponse
GET /v1.0/leads/{leadId}/transaction/{transactionId}
  path leadId:i64 transactionId:i64
  gives @LeadTransaction
PUT /v1.0/leads/{leadId}/transaction/{transactionId}
  path leadId:i64 transactionId:i64
  body @LeadTransaction
  optional transactionName
  gives @LeadTransaction
GET /v1.0/leads/{leadId}/transaction/{transactionId}/property/address
  path leadId:i64 transactionId:i64
  gives @LeadTransactionPropertyAddress
GET /v1.0/leads/{leadId}/transactions
  path leadId:i64
  gives [@LeadTransaction]
GET /v1.0/listing
  query userId:i64 listingId:s nextPageKey:s soldNextPageKey:s mlsListingIds:s street:s limit:i32
    soldListingId:s officeListings:b agentListings:b buildingName:s buildingAddress:s showCondition:b
  gives @ListingSearchResponse
GET /v1.0/logType
  query leadId:i64! logType:s<logCall|logEmail|logText>! offset:i32 limit:i32 currentId:i64
    sort:s<createTime|id> order:s<asc|desc>
  gives @LogTypeListResponse
POST /v1.0/logType
  body @LogTypeRequest
  gives @LogTypeSingleResponse
GET /v1.0/logType/{logTypeId}
  path logTypeId:i64
  gives @LogTypeSingleResponse
DELETE /v1.0/logType/{logTypeId}
  path logTypeId:i64
  gives nothing
GET /v1.0/me
  gives @UserResponse
GET /v1.0/members
  query groupIds:[i64] offset:i32 limit:i32
  gives @MemberListResponse
GET /v1.0/members/{account}
  path account:s
  gives @UserResponse
POST /v1.0/message/email/send
  body @EmailSendRequest
  gives @EmailSendResponse
POST /v1.0/message/sms/send
  body @SmsRequest
  gives @SmsResponse
GET /v1.0/notes
  query leadId:i64! includeSystemNote:b
  gives @NoteListResponse
POST /v1.0/notes
  body @NoteRequest
  optional isPin
  gives @NoteIdResponse
GET /v1.0/notes/{noteId}
  path noteId:i64
  gives @NoteSingleResponse
PUT /v1.0/notes/{noteId}
  path noteId:i64
  body @NoteRequest
  optional leadId isPin
  gives nothing
DELETE /v1.0/notes/{noteId}
  path noteId:i64
  gives nothing
GET /v1.0/org
  gives @OrganizationInfo
POST /v1.0/org/company
  body @CompanyRequest
  gives @OrganizationOpResponse
PUT /v1.0/org/office
  body @OfficeRequest
  gives @OrganizationOpResponse
POST /v1.0/org/office
  body @OfficeRequest
  gives @OrganizationOpResponse
GET /v1.0/org/permission/profiles
  gives [@PermissionProfile]
GET /v1.0/routing/member/list/{type}
  path type:i32
  query roleId:i32
  gives [@AssignMember]
GET /v1.0/routing/role/list
  gives [@AssignRole]
GET /v1.0/routing/rule/list/{type}
  path type:i32
  query roleId:i32
  gives [@RoutingRule]
GET /v1.0/routing/rule/supplement/{type}
  path type:i32
  query roleId:i32
  gives @SupplementRoutingRule
PUT /v1.0/routing/rule/supplement/{type}
  path type:i32
  body @SupplementRoutingRuleRequest
  gives s
PUT /v1.0/routing/rule/{type}
  path type:i32
  body @RoutingRuleRequest
  gives s
GET /v1.0/systemLogs
  query leadId:i64! startTime:i64 endTime:i64 pageNumber:i32 pageSize:i32
  gives @SystemLogPageResponse
GET /v1.0/tasks
  query leadId:i64!
  gives @TaskListResponse
POST /v1.0/tasks
  body @TaskRequest
  gives @TaskIdResponse
GET /v1.0/tasks/{taskId}
  path taskId:i64
  gives @TaskSingleResponse
PUT /v1.0/tasks/{taskId}
  path taskId:i64
  body @TaskRequest
  optional content leadId deadline type assignedRole
  gives nothing
DELETE /v1.0/tasks/{taskId}
  path taskId:i64
  gives nothing
GET /v1.0/team-features/lead-pond/{id}
  path id:i64
  gives @LeadPond
GET /v1.0/team-features/lead-ponds
  gives [@LeadPond]
POST /v1.0/teamFeatures/custom-field
  body @CustomAttribute
  optional value
  gives s
GET /v1.0/teamFeatures/lead-pipelines
  query name:s currPage:i32 pageSize:i32
  gives @PipelineListResponse
GET /v1.0/teamFeatures/listCustomField
  gives [@CustomAttribute]
GET /v1.0/teamFeatures/listTag
  gives [@UserLeadTag]
GET /v1.0/transaction/customfields
  gives [@CustomFieldResponse]
GET /v1.0/users/{userId}
  path userId:i64
  gives @UserResponse
GET /v1.0/vendor/list
  gives [@VendorInfo]
POST /v1.0/webhook
  body @WebhookRequest
  gives @WebhookResponse
DELETE /v1.0/webhook/{subscribeId}
  path subscribeId:i64
  gives nothing
GET /v1.0/webhooks
  gives [@WebhookResponse]
POST /v2.0/agents/{agentId}/deactivate
  path agentId:i64
  gives @ApiCommonResponse
POST /v2.0/agents/{agentId}/reactivate
  path agentId:i64
  gives @ApiCommonResponse
POST /v2.0/ai/call-script
  body @GenerateCallScriptRequest
  gives @CallScriptResponse
GET /v2.0/ai/call-summary
  query callRecordId:i64!
  gives @CallSummaryResponse
POST /v2.0/ai/call-summary/generate
  body @GenerateCallSummaryRequest
  gives @MessageResponse
GET /v2.0/ai/lead-analysis
  query pageNum:i32 pageSize:i32
  gives @ApiCommonResponse
POST /v2.0/ai/lead-analysis
  body @CreateLeadAnalysisRequest
  gives @ApiCommonResponse
POST /v2.0/ai/prepare-insight
  body @GeneratePrepareInsightRequest
  gives @ApiCommonResponse
GET /v2.0/calendar
  query leadId:s startTime:s endTime:s startTimeMs:s endTimeMs:s timeZoneCode:s includeFinished:s page:s
    pageSize:s sort:s desc:s sourceType:s
  gives @CalendarListResponseEnvelope
POST /v2.0/calendar
  body @CalendarRequestV2
  optional timeZoneCode
  gives @CreateCalendarResponseEnvelope
GET /v2.0/calendar/meetings/available
  query startTime:s endTime:s startTimeMs:i64 endTimeMs:i64 timeZoneCode:s limit:i32
  gives @AvailableMeetingsResponseEnvelope
PUT /v2.0/calendar/{calendarId}
  path calendarId:s
  body @CalendarUpdateRequestV2
  gives @CalendarMessageResponseEnvelope
DELETE /v2.0/calendar/{calendarId}
  path calendarId:s
  gives @CalendarMessageResponseEnvelope
POST /v2.0/calendar/{calendarId}/finish
  path calendarId:s
  gives @CalendarMessageResponseEnvelope
POST /v2.0/calendar/{calendarId}/unfinish
  path calendarId:s
  gives @CalendarMessageResponseEnvelope
GET /v2.0/communication/agent
  query type:s<CALL|TEXT|EMAIL|ALL> startTime:i64! endTime:i64! limit:i32 cursor:s teamView:b
  gives @CommunicationCursorPage
GET /v2.0/communication/call/{communicationId}
  path communicationId:i64
  gives @CallResponse
GET /v2.0/communication/email/{communicationId}
  path communicationId:i64
  gives @EmailResponse
GET /v2.0/communication/text/{communicationId}
  path communicationId:i64
  gives @TextResponse
GET /v2.0/leads/{leadId}/activities
  path leadId:i64
  query currentId:i64 offset:i32 limit:i32 timeZoneCode:s
  gives @ActivityListResponse
POST /v2.0/listings/search
  body @ListingQueryRequest
  gives @ListingV2SearchResponse
POST /v2.0/plan-tasks/create
  body @BatchCreatePlanTaskRequestV2
  gives @ApiCommonResponse
GET /v2.0/plan-tasks/lead/{leadId}
  path leadId:i64
  gives [@PlanTaskResponseV2]
POST /v2.0/sales-agent/ai-number/send-sms-to-agent
  body @SendSmsToAgentRequest
  gives @MessageResponse
GET /v2.0/sales-agent/lead/mute-status
  query leadId:i64!
  gives @MuteStatusResponse
POST /v2.0/sales-agent/message/email/send-to-agent
  body @SendEmailToAgentRequest
  gives @MessageResponse
POST /v2.0/sales-agent/message/sms/send-to-agent
  body @SendSmsToAgentRequest
  gives @MessageResponse
POST /v2.0/sales-agent/notification/app-push/send-task-reminder
  body @SendTaskReminderPushRequest
  gives @MessageResponse
GET /v2.0/sales-agent/settings
  gives @SalesAgentSettingResponse
PUT /v2.0/sales-agent/settings
  body @SalesAgentSettingRequest
  gives @MessageResponse
GET /v2.0/sales-agents/by-lead
  query leadId:i64!
  gives @SalesAgentResponseV2
GET /v2.0/sales-agents/current
  gives @SalesAgentResponseV2
GET /v2.0/sales-agents/quota
  gives @SalesAgentQuotaResponseV2
GET /v2.0/sales-agents/working-lead/{leadId}
  path leadId:i64
  gives @WorkingLeadV2
PUT /v2.0/sales-agents/working-lead/{leadId}/mute
  path leadId:i64
  gives @MessageResponse
GET /v2.0/tasks
  query leadId:i64!
  gives @TaskV2ListResponse
POST /v2.0/tasks
  body @TaskRequestV2
  gives @TaskV2IdResponse
GET /v2.0/tasks/my-tasks
  query userId:i64 currentId:i64 limit:i32 timeZoneCode:s
  gives @TaskV2ListResponse
GET /v2.0/tasks/{taskId}
  path taskId:i64
  gives @TaskV2SingleResponse
PUT /v2.0/tasks/{taskId}
  path taskId:i64
  body @UpdateTaskRequestV2
  gives @MessageResponse
DELETE /v2.0/tasks/{taskId}
  path taskId:i64
  gives @MessageResponse
POST /v2.0/tasks/{taskId}/finish
  path taskId:i64
  gives @MessageResponse
POST /v2.0/tasks/{taskId}/unfinish
  path taskId:i64
  gives @MessageResponse
GET /v2.0/transactions
  query pageSize:i32 pageNum:i32 queryKey:s leadId:i64 transactionType:s<Purchase|Listing|Lease|Other|All>
  gives @TransactionV2PageResponse
GET /v2.0/transactions/pipelines
  gives @TransactionPipelinesV2Response
GET /v2.0/working-leads
  query aiStage:s limit:s offset:s sort:s desc:s
  gives @WorkingLeadListResponseV2
POST /v2.0/working-leads/add
  body @AddWorkingLeadRequestV2
  gives @MessageResponse
]]
