-- SPDX-License-Identifier: MIT

--- Generated leads of the size and shape that GET /v1.0/leads returns; the same on every Lua.
-- @module bench.page

local concat, format = table.concat, string.format

local page = {}

local seed
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
  local month, day = below(12) + 1, below(28) + 1
  return format('"2026-%02d-%02dT%02d:%02d:%02dZ"', month, day, below(24), below(60), below(60))
end
local function quoted(text) return '"' .. text .. '"' end

-- { "name", text, "name", text, ... } as a JSON object; the texts are JSON.
local function object(parts)
  local members = {}
  for i = 1, #parts, 2 do members[#members + 1] = quoted(parts[i]) .. ":" .. parts[i + 1] end
  return "{" .. table.concat(members, ",") .. "}"
end

local function address(parts)
  for _, part in ipairs{
    "streetAddress", quoted(below(9000) .. " " .. pick(streets)), "city", quoted(pick(cities)), "state", '"AZ"',
    "zipCode", format('"85%03d"', below(1000)),
  } do parts[#parts + 1] = part end
  return parts
end

local function property()
  return object(address{
    "id", format("%d", below(60000) + 1), "county", '"Maricopa"', "price", format("%d000", below(900) + 100),
    "bedrooms", format("%d", below(5) + 1), "bathrooms", format("%.1f", (below(6) + 2) / 2),
    "squareFeet", format("%d", below(4000) + 600), "latitude", format("%.6f", 33 + below(60000) / 60000),
    "longitude", format("%.6f", -112 - below(60000) / 60000), "label", quoted(pick(sources)),
    "propertyType", '"Single Family Home"', "note", "null",
  })
end

local function inquiry()
  return object{
    "priceMin", format("%d000", below(300) + 100), "priceMax", format("%d000", below(300) + 500),
    "bedroomsMin", format("%d", below(4) + 1), "bathroomsMin", "1.5", "propertyType", '["Condo","Townhouse"]',
    "locations", "[" .. object{ "city", quoted(pick(cities)), "stateCode", '"AZ"' } .. "]",
  }
end

local function tag(name)
  return object{ "tagId", format("40091926934%04d", below(10000)), "tagName", quoted(name) }
end

local function lead(i)
  return object(address{
    "cannotText", bool(), "cannotCall", bool(), "cannotEmail", "false", "leadId", format("6510959601%05d", i),
    "leadUserId", format("8445109720%05d", below(60000)), "firstName", quoted(pick(firsts)),
    "lastName", quoted(pick(lasts)), "birthday", format('"19%02d-0%d-1%d"', below(99), below(9) + 1, below(9)),
    "emails", format('["lead%d@example.com"]', i), "phones", format('["+1415555%04d"]', below(10000)),
    "leadSource", format("%d", below(20)), "source", quoted(pick(sources)), "stageId", format("%d", below(40)),
    "stage", quoted(pick(stages)), "assignedUserId", "844510972070138", "assignedUser", '"Dana Whitfield"',
    "lenderUserId", "null", "score", format("%d", below(100)),
    "tags", "[" .. tag "portal" .. "," .. tag "past client" .. "]", "teamId", "400919269340348",
    "createTime", time(), "assignTime", time(), "facebook", '""', "twitter", '""', "hiddenFlag", bool(),
    "referredBy", "null", "leadInquiry", inquiry(), "leadPropertyList", "[" .. property() .. "]",
    "customAttributes", "[]", "lastUpdateTime", time(), "groups", '["Phoenix Buyers"]',
    "segments", '["First-Time Buyers"]', "unsubscription", bool(), "leadTypes", "[1,2]", "lastTouch", time(),
    "lastVisit", time(), "phoneStatuses", "[2]", "assignCompletionStatus", bool(), "buyingTimeFrame", '"3-6"',
    "preQual", '"Yes"', "houseToSell", '"No"', "fthb", '"Yes"', "mortgage", '"No"', "language", '"English"',
    "ownershipId", format("%d", below(60000)), "ownershipScope", '"TEAM"',
    "content", format([["Called back, wants \"%s\" near %s.\nAsked for a viewing."]], pick(streets), pick(cities)),
  })
end

--- @tparam number count
-- @treturn {string,...} leads as JSON texts; number i has the leadId 651095960100000 + i
function page.leads(count)
  seed = 20
  local leads = {}
  for i = 1, count do leads[i] = lead(i) end
  return leads
end

--- A page as JSON.
-- @tparam {string,...} leads
-- @tparam number offset
-- @tparam number total of the whole list
-- @treturn string
function page.text(leads, offset, total)
  local metadata = object {
    "collection", '"leads"', "limit", format("%d", #leads), "offset", format("%d", offset), "total", format("%d", total),
  }
  return object { "_metadata", metadata, "leads", "[" .. concat(leads, ",") .. "]" }
end

return page
