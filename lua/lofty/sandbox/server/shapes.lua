-- SPDX-License-Identifier: MIT

--- The shapes of bodies and responses that operations.lua names, as the vendor's document has them; `!` marks what it
-- requires. LogTypeRequest's callingOutcome is any text, because the operation's description accepts other words.
-- @module lofty.sandbox.server.shapes

return [[
AccountInfo headUrl:s lastName:s! firstName:s! emailAddress:s! phoneNumber:s phoneCode:s phoneCountry:s
  tagIds:[i64] sendingEmail:s domain:s allowChangeDomain:b roleName:s groupId:i64 roleId:i64 seatTypeName:s
ActiveHours activeDays:[i32] hoursStart:i32 hoursEnd:i32
ActivityItem id:i64 leadId:i64 agentId:i64 activityTime:s channel:s communicationType:s direction:s
  callingOutcome:s leadPhoneNumber:s emailEventType:s emailSubject:s note:s
ActivityListResponse activities:[@ActivityItem]
AddAgentResponse data:i64 errorCode:i32 errorMsg:s
AddAgentTagResponse data:b errorCode:i32 errorMsg:s
AddWorkingLeadRequestV2 leadIds:[i64]! createPlanTask:b
AgentInfo licenseId:s position:s companyName:s companyAddress:s mlsAgentId:s agentPid:s
AgentProfile accountType:i32! accountInfo:@AccountInfo! workInfo:@WorkInfo socialMedias:@SocialMedias
  personalPhotos:@PersonalPhotos hasBackOffice:b agentPid:s fullSync:b shouldSync:b checkRosterNum:b
AgentTagRequest tagNames:[s] autoCreate:b
ApiCommonResponse code:i32 message:s data:object
Appointment id:i64 descr:s address:s createTime:time lastUpdate:time deadline:i64 endTime:i64 allDay:b
  finishFlag:b deleteFlag:b overdue:b finishTime:i64 leadId:i64 assignToUid:i64 assignRoleType:i32 creatorId:i64
AssignMember id:i64 name:s type:i32
AssignRole id:i64 name:s
AvailableMeetingSlotV2 startTime:s endTime:s startTimeMs:i64 endTimeMs:i64
AvailableMeetingsResponseEnvelope data:@AvailableMeetingsResponseV2
AvailableMeetingsResponseV2 total:i32 slots:[@AvailableMeetingSlotV2]
BatchCreatePlanTaskRequestV2 leadIds:[i64]!
CalendarCreateResult id:s type:s message:s
CalendarItemV2 id:s type:s taskId:i64 sourceType:i32 content:s title:s finished:b startAt:s endAt:s
  startAtMs:i64 endAtMs:i64 timeZoneCode:s leadId:i64
CalendarListResponseEnvelope data:@CalendarListResponseV2
CalendarListResponseV2 total:i64 page:i32 pageSize:i32 items:[@CalendarItemV2]
CalendarMessageResponseEnvelope message:s
CalendarRequestV2 type:s! content:s! leadId:i64! startAt:s endAt:s startAtMs:i64 endAtMs:i64 timeZoneCode:s!
  taskWay:s assignedRole:s address:s
CalendarUpdateRequestV2 content:s startAt:s endAt:s startAtMs:i64 endAtMs:i64 timeZoneCode:s reminderType:s
  reminderTime:s leadId:i64 address:s
CallDetailResponse calls:@CallResponse
CallHistory id:i64 agentId:i64 leadId:i64 createTime:s direction:s leadPhoneNumber:s
CallListResponseV1 get_metadata:@MetaData calls:[@CallResponse]
CallRecordingUrl id:i64 url:s
CallResponse id:i64 dialerCallRecordId:i64 userId:i64 userPhoneNumber:s leadId:i64 leadPhoneNumber:s
  direction:s<Outbound|Inbound> status:s<Completed|Missed|Failed|Busy|NoAnswer|VoiceMail> startTime:s endTime:s
  duration:i32 callingOutcome:s<Talked|VoiceMessage|NoAnswer|BadNumber|DNCNumber|DNCContact> rateScore:i32
  recordingSwitch:b showUserNumber:s createTime:s updateTime:s note:s isMachineAnswered:b price:n agentId:i64
  elapsedTime:s
CallScriptResponse context:s objectiveSuggestion:[s] keyTalkingPoints:[@KeyTalkingPoint]
CallSummaryResponse status:@Status data:@RecordingSummary
CallUrlResponse calls:@CallRecordingUrl
Commission id:i64 splitPayType:s<TEAM|AGENT|VENDOR_PARTNER|LEAD|OTHER|BROKERAGE|UPLINE> splitPayTo:i64
  splitPayToName:s payType:s<TEAM|AGENT|VENDOR_PARTNER|LEAD|OTHER|BROKERAGE|UPLINE> payTo:i64 payToName:s
  value:i64 calculateType:s<PERCENT|AMOUNT> desc:s
Commissions preSplit:[@Commission] split:[@Commission] postSplit:[@Commission]
CommonResponse code:i32 message:s
CommunicationCallListResponse calls:[@CallResponse]
CommunicationCallV2ListResponse calls:[@CallHistory]
CommunicationCursorPage data:[@CommunicationResponse] nextCursor:s hasMore:b limit:i32 totalCount:i64
CommunicationEmailListResponse emails:[@EmailResponse]
CommunicationRequest type:s<CALL|TEXT|EMAIL|ALL>! startTime:i64! endTime:i64! offset:i32 limit:i32 teamView:b
CommunicationResponse id:i64 leadId:i64 agentId:i64 direction:s callOutcome:s callDuration:s status:s
  communicationTime:s communicationType:s eventType:s fromPond:b
CommunicationTextListResponse texts:[@TextResponse]
CompanyRequest name:s phone:s phoneCode:s phoneCountry:s email:s city:s state:s zipcode:s streetAddress:s
  header:s
Contacts email:s firstName:s lastName:s contactType:s externalId:s address:s city:s state:s zip:s phone:s
  bmPrivate:b leadSource:s
CreateCalendarResponseEnvelope data:@CalendarCreateResult
CreateLeadAnalysisRequest leadIds:[i64]!
CustomAttribute attributeName:s! attributeType:s! value:s! params:s
CustomFieldRequest id:i64 value:s
CustomFieldResponse id:i64 name:s type:s<DATE|TEXT|NUMBER|PERCENTAGE|Single-Select|Multi-Select|CURRENCY|HTML>
  params:s
CustomRole roleId:i32! role:s! assigneeId:i64 assignee:s
CustomRoleAssignee agentFullName:s roleId:i32 role:s assigneeId:i64 assignee:s permissionProfileName:s
EditLeadRequest cannotText:b cannotCall:b cannotEmail:b firstName:s lastName:s emails:[s] phones:[s]
  leadTypes:[i32] assignedUserId:i64 streetAddress:s city:s state:s zipCode:s referredBy:s isHidden:b stage:s
  groups:[s] segments:[s] tags:[s] tagsAdd:[s] source:s inquiry:@LeadInquiry property:@LeadProperty
  customAttributeList:[@CustomAttribute] birthday:s buyingTimeFrame:s preQual:s houseToSell:s fthb:s
  withBuyerAgent:s sellingTimeFrame:s mortgage:s buyHouse:s withListingAgent:s
  leadFamilyMemberList:[@LeadFamilyMember] language:s ownershipId:i64 ownershipScope:s unsubscription:b
  leadTransaction:@LeadTransaction tagsRemove:[s] clearAllTags:b
EmailResponse id:i64 leadId:i64 direction:s agentId:i64 eventType:s emailEventTime:s emailType:s emailSubject:s
  fromPond:b
EmailSendRequest subject:s! content:s! leadId:i64! toEmail:s
EmailSendResponse messageId:s toEmail:s subject:s
EnterpriseInfo groupId:i64 groupName:s profileId:i64 profileName:s visibleOrgInfoList:[@VisibleOrgInfo]
FileInfo fileName:s size:i32 queryLink:s contentType:s
GenerateCallScriptRequest leadId:i64! taskId:i64!
GenerateCallSummaryRequest callRecordId:i64! leadId:i64!
GeneratePrepareInsightRequest leadId:i64! appointmentId:i64!
IncomingTransaction id:i64! agentId:i64 agentName:s address:s city:s state:s zip:s status:s<Closed|Cancelled>
  transactionType:s<Purchase|Listing|Lease|Other> price:n representing:s acceptanceDate:time expirationDate:time
  closedAt:time closingDate:time
Item type:s name:s value:s
KeyTalkingPoint title:s value:[s]
Keyword content:s
  type:s
  params:[object]
LeadActivity type:s! text:s! link:s! picture:s! listing:@LeadProperty created:i64! scheduledDate:s pageName:s
LeadAssigineeRequest role:s! assignee:s
LeadAssigneeRequest firstName:s! lastName:s email:s! phone:s birthday:s
LeadCustomRoleAssigneeInfo leadId:i64 leadUserId:i64 firstName:s lastName:s
  customRoleAssignees:[@CustomRoleAssignee]
LeadFamilyMember relationship:s firstName:s! lastName:s phones:[s] emails:[s] birthday:s
LeadIdResponse leadId:i64
LeadInquiry priceMin:i64 priceMax:i64 propertyType:[s] bedroomsMin:i32 bathroomsMin:s locations:[@Location]
  id:i64 leadUserId:i64 bedroomsMax:i32 bathroomsMax:s modifyByAgent:b createTime:time updateTime:time
  defaultValue:b
LeadListResponse get_metadata:@MetaData leads:[@LeadResponse]
LeadPond id:i64! pondName:s! pondOwnerId:i64! agentIds:[i64]
LeadProperty price:i64 state:s city:s streetAddress:s zipCode:s county:s propertyType:s bedrooms:i32 bathrooms:n
  squareFeet:i64 lotSize:n parkingSpace:i64 floors:i32 mailAddress:b id:i64 leadUserId:i64 listingId:s
  autoListingId:i64 label:s note:s listingStatus:s labelList:s pictureUrl:s siteListingUrl:s labelType:s
  priceMax:i64 priceMin:i64
LeadRequest cannotText:b cannotCall:b cannotEmail:b firstName:s! lastName:s emails:[s] phones:[s]
  leadTypes:[i32] assignedUserId:i64 streetAddress:s city:s state:s zipCode:s referredBy:s stage:s groups:[s]
  segments:[s] tags:[s] tagsAdd:[s] source:s inquiry:@LeadInquiry property:@LeadProperty unsubscription:b
  welcomeEmail:b leadAlert:b customAttributeList:[@CustomAttribute] birthday:s leadRouting:b assignGroupId:i64
  buyingTimeFrame:s preQual:s houseToSell:s fthb:s withBuyerAgent:s sellingTimeFrame:s mortgage:s buyHouse:s
  withListingAgent:s leadTransaction:@LeadTransaction leadFamilyMemberList:[@LeadFamilyMember] language:s
  content:s isPin:b ownershipId:i64 ownershipScope:s defaultInquiryParam:b specifiedAssignGroupId:b
LeadResponse cannotText:b cannotCall:b cannotEmail:b leadId:i64 leadUserId:i64 firstName:s lastName:s birthday:s
  emails:[s] phones:[s] leadSource:i32 source:s stageId:i64 stage:s assignedUserId:i64 assignedUser:s
  lenderUserId:i64 score:i32 tags:[@UserLeadTagVo] teamId:i64 streetAddress:s city:s state:s zipCode:s
  createTime:s assignTime:s facebook:s twitter:s hiddenFlag:b referredBy:s leadInquiry:@LeadInquiry
  leadPropertyList:[@LeadProperty] customAttributes:[@CustomAttribute] lastUpdateTime:s groups:[s] segments:[s]
  unsubscription:b leadTypes:[i32] lastTouch:s lastVisit:s phoneStatuses:[i32] assignCompletionStatus:b
  buyingTimeFrame:s preQual:s houseToSell:s fthb:s withBuyerAgent:s sellingTimeFrame:s mortgage:s buyHouse:s
  withListingAgent:s opportunity:s<High_Interest|Sell|Back_to_Site|Back_on_Market>
  leadFamilyMemberList:[@LeadFamilyMember] pondId:i64 pondName:s customRoleList:[@CustomRole] language:s
  ownershipId:i64 ownershipScope:s
LeadTransaction created:i64 updated:i64 transactionId:i64 transactionName:s! leadName:s assignedAgent:i64
  transactionType:s<Purchase|Listing|Lease|Other> homePrice:n transactionStatus:s expectedCloseDate:i64
  closeDate:i64 commissionRate:n gci:n teamRevenue:n agentRevenue:n appointmentDate:i64 agreementSignedDate:i64
  offerDate:i64 contractDate:i64 appraisalDate:i64 homeInspectionDate:i64 escrowDate:i64 expiration:i64
  customFields:[@CustomFieldRequest] commissions:@Commissions
LeadTransactionPropertyAddress transactionId:i64! unit:s label:s state:s city:s zipCode:s streetAddress:s
  county:s
ListingItem listingId:s mlsListingId:s listingStreetName:s listingCity:s listingState:s listingZipcode:[s]
  county:s area:s chimeArea:s subDivisionName:s community:s chimeComplex:s price:s beds:n baths:n sqft:n
  builtYear:i32 totalAvailableAcres:s detailsDescribe:s listingStatus:s purchaseType:s propertyTypes:[s]
  propertyTypePrimary:s propertyTypeSecondary:s pictureList:[s] openHouseSchedules:s openHouseSchedulesStart:s
  openHouseSchedulesEnd:s agentId:s agentName:s agentOrgId:s agentOrgName:s coAgentId:s coAgentName:s
  coAgentOrgId:s coAgentOrgName:s hoaFee:n hoaFeeFrequency:s condoFee:n condoFeeFrequency:s
  chimeMaintenanceFee:n garageParkingSpaces:n interiorFeatures:s exterior:s mlsListDateL:i64
ListingMetaData collection:s limit:i32 total:i64 activeTotal:i64 soldTotal:i64 nextPageKey:s soldNextPageKey:s
ListingQueryRequest searchScope:s<my|office|all> soldFlag:b filterConditions:object sortFields:[s]
  returnFields:[s] pageNum:i32 pageSize:i32
ListingSearchResponse listIng:object soldListing:object get_listingMetadata:@ListingMetaData
ListingV2Metadata collection:s pageSize:i32 pageNum:i64 totalCount:i64 totalPage:i64 hasMore:b
ListingV2SearchResponse listing:[@ListingItem] metadata:@ListingV2Metadata
Location stateCode:s city:s zipCode:s county:s streetAddress:s description:s
LocationRule locationMatchType:i32 state:s county:s city:s zipcode:s streetAddress:s
LogTypeListResponse logType:[@LogTypeResponse]
LogTypeRequest leadId:i64! logType:s<logCall|logEmail|logText>! leadPhoneNumber:s
  callingOutcome:s content:s!
  outboundOrInbound:s<outbound|inbound> isPin:b emailSubject:s toEmail:s fromEmail:s
LogTypeResponse id:i64 leadId:i64 leadPhoneNumber:s
  callingOutcome:s<Talked|VoiceMessage|NoAnswer|BadNumber|DNCNumber|DNCContact> content:s createTime:s
  outboundOrInbound:s<outbound|inbound> isPin:b agentId:i64 emailSubject:s toEmail:s fromEmail:s
LogTypeSingleResponse logType:@LogTypeResponse
MemberListResponse get_metadata:@MetaData members:[@UserResponse]
MessageResponse message:s
MetaData collection:s limit:i32 offset:i64 total:i64 scrollId:s
MultiTeamInfo multiTeamId:i64 multiTeamName:s
MuteStatusResponse data:@MuteStatusResponse.Data
MuteStatusResponse.Data mute:s
NoteIdResponse noteId:i64
NoteListResponse notes:[@NoteResponse]
NoteRequest content:s! leadId:i64! isPin:b!
NoteResponse id:i64 noteId:i64 creatorId:i64 leadId:i64 createTime:s deleteFlag:b content:s lastUpdate:s
  lastEditorId:i64 creatorName:s lastEditorName:s isPin:b systemNote:b
NoteSingleResponse note:@NoteResponse
OfficeBo id:i64 teamId:i64 parentId:i64 websiteOwnerId:i64 name:s type:i32 phone:s phoneCode:s phoneCountry:s
  email:s city:s state:s zipcode:s streetAddress:s webSiteUrl:s createTime:time updateTime:time path:s
  showInSite:b defaultFlag:b allowManageSub:b agentCount:i32 boundNumber:s status:s<ACTIVE|PENDING|INACTIVE>
  layer:i32 childPath:s
OfficeRequest id:i64 parentId:i64 name:s phone:s phoneCode:s phoneCountry:s email:s city:s state:s zipcode:s
  streetAddress:s allowManageSub:b
OpportunityNotificationRequest leadId:i64! description:s link:s message:s notificationType:i32!
OrganizationInfo orgType:i64 enterpriseInfo:@EnterpriseInfo multiTeamInfo:@MultiTeamInfo
OrganizationOpResponse code:i32 message:s data:object
PageResult offset:i32 limit:i32 pageData:[object] hasMore:b
PaginationMetadata total:i64 count:i32 offset:i32 limit:i32
PermissionProfile id:i64 name:s
PersonalPhotos urls:[s]
PipelineListResponse get_metadata:@MetaData pipelines:[@PipelineResponse]
PipelineResponse id:i64 name:s
PipelineStageV2Item id:i64 name:s default:b
PipelineV2Item transactionType:s<Purchase|Listing|Lease|Other> stages:[@PipelineStageV2Item]
PlanTaskResponseV2 id:i64 content:s taskType:s status:s dueAt:s createdAt:s assignedTo:i64 creatorId:i64
RecordingSummary id:i64 recordingId:i64 status:i32 userId:i64 text:s summary:s keywords:[@Keyword] score:i32
  comment:s
RoutingRule id:i64 name:s locationRule:@LocationRule sourceName:s sourceMatchType:i32 tagNames:[s]
  tagMatchType:i32 groupNames:[s] groupMatchType:i32 phone:s priceMin:i64 priceMax:i64 leadType:s
  leadTypeFilters:s activeHours:@ActiveHours routingStrategy:@RoutingStrategy ruleSwitch:b updateTime:i64
RoutingRuleRequest id:i64 activeHours:@ActiveHours routingStrategy:@RoutingStrategy
RoutingStrategy strategyType:i32 groupId:i64 groupName:s touchMinutes:i32 memberWeights:object
SalesAgentQuotaResponseV2 totalQuota:i64 usedQuota:i32 remainingQuota:i64 hasQuotaAvailable:b usagePercentage:n
  isBorrowed:b borrowLevel:s borrowedFrom:i64
SalesAgentResponseV2 id:i64 userId:i64 agentName:s agentHeadUrl:s assistantName:s assistantHeadUrl:s
  virtualNumber:s virtualNumberCountry:s followUpRole:s agentExperience:s email:s status:s createdAt:s
  updatedAt:s hasQuotaSeat:b borrowLevel:s borrowId:i64
SalesAgentSettingRequest id:i64 assistantName:s virtualNumber:s virtualNumberCountry:s callTransferType:s
  fixedNumber:s agentExperience:s rentalBusiness:b websiteChannel:b textChannel:b emailChannel:b
  startActiveHour:i32 endActiveHour:i32 activeDays:[i32] leadTypes:[i32] leadSources:[i64] leadPipelines:[i64]
  agentIds:[i64] officeIds:[i64] leadPondIds:[i64] newLeadEnable:b visitorsEnable:b followUpRole:s
SalesAgentSettingResponse id:i64 assistantName:s headUrl:s virtualNumber:s virtualNumberCountry:s
  callTransferType:s fixedNumber:s agentExperience:s rentalBusiness:b websiteChannel:b textChannel:b
  emailChannel:b startActiveHour:i32 endActiveHour:i32 activeDays:[i32] leadTypes:[i32] leadSources:[i64]
  leadPipelines:[i64] agentIds:[i64] officeIds:[i64] leadPondIds:[i64] newLeadEnable:b visitorsEnable:b
  followUpRole:s hostedStatus:s
SendEmailToAgentRequest subject:s! content:s!
SendOpportunityNotificationResponse status:@SendOpportunityNotificationResponse.Status data:b
SendOpportunityNotificationResponse.Status code:i32 msg:s
SendSmsToAgentRequest content:s!
SendTaskReminderPushRequest taskId:i64! type:s<TASK|APPOINTMENT>!
SmsRequest phoneNumber:s phoneCode:s content:s! leadId:i64!
SmsResponse messageId:s phoneNumber:s phoneCode:s
SocialMedias items:[@Item]
Status code:i32 msg:s
SupplementRoutingRule roleId:i32 businessType:i32 strategyType:i32 touchMinutes:i32 assigneeAgentName:s
  assigneeAgentId:i64 assigneeGroupName:s assigneeGroupId:i64 updateTime:i64
SupplementRoutingRuleRequest roleId:i32 strategyType:i32 touchMinutes:i32 assigneeAgentId:i64
  assigneeGroupId:i64
SystemLogPageResponse hasMore:i32 timeLines:[@SystemLogResponse]
SystemLogResponse id:s leadId:i64 agentId:i64 timelineType:i32 timelineTypeDesc:s timelineTime:s createTime:s
  updateTime:s fromId:i64 fromType:i32 toId:i64 toType:i32 fromFirstName:s fromLastName:s toFirstName:s
  toLastName:s refId:i64 sticky:b canSticky:b content:object
TaskIdResponse taskId:i64
TaskListResponse taskList:[@TaskResponse]
TaskRequest content:s! leadId:i64! deadline:i64! type:s<Other|Call|Email|Text>! assignedRole:s<Agent|Assistant>!
  finishFlag:b
TaskRequestV2 content:s leadId:i64 type:s! assignedRole:s startAt:s endAt:s timeZoneCode:s address:s
TaskResponse id:i64 leadId:i64 creatorId:i64 content:s type:s<Other|Call|Email|Text> deadline:s finishTime:s
  createTime:s lastUpdate:s deleteFlag:b finishFlag:b overdueFlag:b leadName:s leadEmail:s leadPhone:s
  leadFirstName:s leadLastName:s reminderType:i32 assignedRole:s<Agent|Assistant> assignedUser:s teamId:i64
  subject:s body:s assignedUserId:i64 pipelineId:i64 queryInfo:s leadUserId:i64 queryId:i64
TaskResponseV2 id:i64 leadId:i64 creatorId:i64 content:s type:s startAt:s endAt:s timeZoneCode:s allDay:b
  finishFlag:b overdueFlag:b finishTime:s createTime:s lastUpdate:s leadName:s leadEmail:s leadPhone:s
  leadFirstName:s leadLastName:s reminderType:i32 assignedRole:s assignedUser:s teamId:i64 subject:s body:s
  assignedUserId:i64 pipelineId:i64 queryInfo:s leadUserId:i64 queryId:i64 address:s
TaskSingleResponse task:@TaskResponse
TaskV2IdResponse taskId:i64
TaskV2ListResponse tasks:[@TaskResponseV2]
TaskV2SingleResponse task:@TaskResponseV2
TextResponse id:i64 leadId:i64 direction:s agentId:i64 textOutcome:s textTime:s textType:s textContent:s
TransactionCallbackResponse code:i32 message:s
TransactionPipelinesV2Response pipelines:[@PipelineV2Item]
TransactionV2Item created:i64 updated:i64 transactionId:i64 leadId:i64 propertyId:i64 transactionName:s
  leadName:s agentName:s assignedAgent:i64 transactionType:s<Purchase|Listing|Lease|Other> transactionStatus:s
  homePrice:n expectedCloseDate:i64 closeDate:i64 commissionRate:n gci:n teamRevenue:n agentRevenue:n
  appointmentDate:i64 agreementSignedDate:i64 offerDate:i64 contractDate:i64 appraisalDate:i64
  homeInspectionDate:i64 escrowDate:i64 expiration:i64 customFields:[@CustomFieldRequest]
TransactionV2PageResponse pageNum:i32 pageSize:i32 totalCount:i64 pageData:[@TransactionV2Item]
UpdateTaskRequestV2 content:s startAt:s endAt:s timeZoneCode:s address:s
UserLeadTag leadId:i64 tagId:i64 createTime:time updateTime:time tagName:s creatorUserId:i64 visibleType:i32
UserLeadTagVo leadId:i64 tagId:i64 createTime:s updateTime:s tagName:s creatorUserId:i64 visibleType:i32
UserResponse id:i64 teamId:i64 invitorUserId:i64 memberUserId:i64 role:i32 roleName:s firstLetter:s email:s
  firstName:s lastName:s phoneNumber:s status:i32 virtualNumber:s newLeadCount:i32 assignedLeadCount:i32
  isAdmin:b agentInfo:@AgentInfo timeZoneId:s groupId:i64 groupName:s group:@OfficeBo accountStatus:s
VendorInfo id:i64 agentUserId:i64 firstName:s lastName:s phoneNumber:s phoneCode:s phoneCountry:s email:s
  roleName:s companyName:s companyAddress:s
VisibleOrgInfo groupId:i64 groupName:s parentId:i64
WebhookRequest listId:i32! callbackUrl:s! limit:i32 permissionMode:i32
WebhookResponse subscribeId:i64! teamId:i64! listId:i32! vendorId:i64 callbackUrl:s! limit:i32
  permissionMode:i32
WorkInfo streetAddress:s city:s country:s state:s zipcode:s licenseId:s companyName:s companyAddress:s
  position:s personalWebsite:s personalAttachments:[@FileInfo] personalDisclaimers:[@FileInfo]
  personalIntroduction:s
WorkingLeadListResponseV2 workingLeads:[@WorkingLeadV2] metadata:@PaginationMetadata
WorkingLeadV2 leadId:i64 firstName:s lastName:s email:s phone:s createdAt:s
]]
