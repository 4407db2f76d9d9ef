--- A page of 100 leads, as GET /v1.0/leads answers it: decoded and encoded by lofty and by
-- lua-cjson in the same run. Ratios above 1 say how many times as fast lofty is.
--   eval "$(make -s env)"; lua5.4 bench/json.lua

local core = require "lofty.core"
local cjson = require "cjson"
local format, clock, floor = string.format, os.clock, math.floor

-- The page is made here, the same on every Lua: no random source, no file.
local seed = 20
local function below(n)
  seed = (seed * 1103 + 12345) % 65521
  return seed % n
end
local function pick(list) return list[below(#list) + 1] end

local firsts = { "Jane", "Miguel", "Aisha", "Tom", "Zoë", "Li Wei", "Priya", "Olga", "Noah", "Fatima" }
local lasts = { "Miller", "García", "Okafor", "Nguyen", "Smith", "O'Neil", "Kowalski", "Haddad", "Chen" }
local streets = { "Maple Street", "Ocean Ave", "Sunset Blvd", "Route 9", "Via Appia", "King's Road" }
local cities = { "Phoenix", "San José", "Austin", "Newark", "Portland", "Santa Fe", "Boise" }
local stages = { "New Lead", "Contacted", "Qualified", "Appointment Set", "Under Contract", "Closed" }
local sources = { "Website", "Zillow", "Open House", "Referral", "Facebook Ads" }

local function bool() return below(2) == 0 and "true" or "false" end
local function time()
  return format("2026-%02d-%02dT%02d:%02d:%02dZ", below(12) + 1, below(28) + 1, below(24), below(60), below(60))
end

local function property()
  return format([[{"id":%d,"streetAddress":"%d %s","city":"%s","state":"AZ","zipCode":"85%03d","county":"Maricopa",]]
    .. [["price":%d,"bedrooms":%d,"bathrooms":%.1f,"squareFeet":%d,"latitude":%.6f,"longitude":%.6f,"label":"%s",]]
    .. [["propertyType":"Single Family Home","note":null}]],
    below(60000) + 1, below(9000) + 1, pick(streets), pick(cities), below(1000), (below(900) + 100) * 1000, below(5) + 1,
    (below(6) + 2) / 2, below(4000) + 600, 33 + below(60000) / 60000, -112 - below(60000) / 60000, pick(sources))
end

local function lead(i)
  local first, last, city = pick(firsts), pick(lasts), pick(cities)
  local mail = format("lead%d@example.com", i)
  return format([[{"cannotText":%s,"cannotCall":%s,"cannotEmail":false,"leadId":6510959601%05d,"leadUserId":8445109720%05d,]]
    .. [["firstName":"%s","lastName":"%s","birthday":"19%02d-0%d-1%d","emails":["%s"],"phones":["+1415555%04d"],]]
    .. [["leadSource":%d,"source":"%s","stageId":%d,"stage":"%s","assignedUserId":844510972070138,]]
    .. [["assignedUser":"Dana Whitfield","lenderUserId":null,"score":%d,"tags":[{"tagId":40091926934%04d,"tagName":"portal"},]]
    .. [[{"tagId":40091926934%04d,"tagName":"past client"}],"teamId":400919269340348,"streetAddress":"%d %s","city":"%s",]]
    .. [["state":"AZ","zipCode":"85%03d","createTime":"%s","assignTime":"%s","facebook":"","twitter":"","hiddenFlag":%s,]]
    .. [["referredBy":null,"leadInquiry":{"priceMin":%d,"priceMax":%d,"bedroomsMin":%d,"bathroomsMin":1.5,]]
    .. [["propertyType":["Condo","Townhouse"],"locations":[{"city":"%s","stateCode":"AZ"}]},"leadPropertyList":[%s],]]
    .. [["customAttributes":[],"lastUpdateTime":"%s","groups":["Phoenix Buyers"],"segments":["First-Time Buyers"],]]
    .. [["unsubscription":%s,"leadTypes":[1,2],"lastTouch":"%s","lastVisit":"%s","phoneStatuses":[2],]]
    .. [["assignCompletionStatus":%s,"buyingTimeFrame":"3-6","preQual":"Yes","houseToSell":"No","fthb":"Yes",]]
    .. [["mortgage":"No","language":"English","ownershipId":%d,"ownershipScope":"TEAM",]]
    .. [["content":"Called back, wants \"%s\" near %s.\nAsked for a viewing."}]],
    bool(), bool(), i, below(60000), first, last, below(99), below(9) + 1, below(9), mail, below(10000), below(20),
    pick(sources), below(40), pick(stages), below(100), below(10000), below(10000), below(9000), pick(streets), city,
    below(1000), time(), time(), bool(), (below(300) + 100) * 1000, (below(300) + 500) * 1000, below(4) + 1, city,
    property(), time(), bool(), time(), time(), bool(), below(60000), pick(streets), city)
end

local leads = {}
for i = 1, 100 do leads[i] = lead(i) end
local page = [[{"_metadata":{"collection":"leads","limit":100,"offset":0,"total":4211,"scrollId":"cXVlcnlBbmRGZXRjaA=="},]]
  .. [["leads":[]] .. table.concat(leads, ",") .. "]}"

-- The best of several rounds, each with a collected heap; seconds a call.
local function best(fn, value)
  local least = math.huge
  for _ = 1, 7 do
    collectgarbage()
    local began = clock()
    for _ = 1, 60 do fn(value) end
    least = math.min(least, (clock() - began) / 60)
  end
  return least
end

local function report(what, ours, theirs)
  print(format("%-7s lofty %7.0f us   lua-cjson %7.0f us   ratio %.2f", what, ours * 1e6, theirs * 1e6, theirs / ours))
end

local name = type(jit) == "table" and jit.version or _VERSION -- luacheck: ignore
print(format("%s, lua-cjson %s, a page of %d leads, %d KB", name, cjson._VERSION, #leads, floor(#page / 1000)))
report("decode", best(core.json_decode, page), best(cjson.decode, page))
if core.json_encode then
  local value = assert(core.json_decode(page))
  report("encode", best(core.json_encode, value), best(cjson.encode, value))
end
