-- SPDX-License-Identifier: MIT

--- Listings: the search, the lists of an agent, and the XML feed.
-- @module lofty.sandbox.server.api.listings

local accounts = require "lofty.sandbox.server.accounts"
local errors = require "lofty.sandbox.server.errors"
local json = require "lofty.sandbox.server.json"
local pages = require "lofty.sandbox.server.pages"
local seed = require "lofty.sandbox.server.seed"
local settings = require "lofty.sandbox.server.settings"
local state = require "lofty.sandbox.server.state"

local listings = {}

local TOTAL, SOLD_FROM = 260, 180 -- the last eighty are sold

local function made_up(person, n)
  local who, sold = seed.person(n + 900), n >= SOLD_FROM
  local id, price, beds, baths = ("TX-%07d"):format(n + 1000), 250000 + n * 1750, n % 5 + 1, n % 3 + 1.5
  local when = seed.time(n)
  return {
    listingId = id, mlsListingId = ("MLS%06d"):format(n), listingStreetName = who.street, listingCity = who.city,
    listingState = who.state, listingZipcode = json.array { who.zip }, county = "Travis", area = "Central",
    price = tostring(price), beds = beds, baths = baths, sqft = 900 + n * 5, builtYear = 1950 + n % 70,
    detailsDescribe = "A house on " .. who.street .. ".", listingStatus = sold and "Sold" or "Active",
    purchaseType = "For Sale", propertyTypes = json.array { "Single Family Home" }, propertyTypePrimary = "Residential",
    pictureList = json.array { "https://pictures.example/" .. id .. ".jpg" }, agentId = tostring(seed.user(person)),
    agentName = person.first .. " " .. person.last, agentOrgId = "1", agentOrgName = "Sandbox Realty",
    mlsListDateL = seed.millis(when), hoaFee = 25.5, openHouseSchedules = json.null, coAgentName = json.null,
    -- names that the live search uses beside or instead of the document's
    id = id, streetAddress = who.street, city = who.city, state = who.state, zipCode = who.zip, bedrooms = beds,
    bathrooms = baths, previewPicture = "https://pictures.example/" .. id .. ".jpg", latitude = 30.2672 + n / 1000,
    longitude = -97.7431 - n / 1000, siteDetailLink = "https://site.example/listing/" .. id,
  }
end

local function of(account)
  local person = accounts.find(account)
  return state.collection(account .. "/listings", "listingId", function()
    local list = {}
    for n = 0, TOTAL - 1 do list[#list + 1] = made_up(person, n) end
    return list
  end):list()
end

local function is_sold(listing) return listing.listingStatus == "Sold" end

local BODY = { searchScope = true, soldFlag = true, filterConditions = true, sortFields = true, returnFields = true,
               pageNum = true, pageSize = true }

-- A wrong name in the body is not an error, as seen live: the response has no rows.
local function misnamed(body)
  for name in pairs(body) do
    if not BODY[name] then return true end
  end
  return false
end

local function passes(listing, conditions)
  local city, beds = conditions.city, conditions.bedsMin
  if type(city) == "string" and listing.city ~= city then return false end
  return type(beds) ~= "number" or listing.beds >= beds
end

listings["POST /v2.0/listings/search"] = function(call)
  local body = call.body
  local number, size = pages.number(body, "pageNum", 1), pages.limit(body, 25, 100, "INVALID_PARAMETER", "pageSize")
  if number < 1 then errors.raise("INVALID_PARAMETER") end
  local list = misnamed(body) and {} or pages.filter(of(call.account), function(listing)
    return is_sold(listing) == (body.soldFlag == true) and passes(listing, body.filterConditions or {})
  end)
  if body.returnFields and #body.returnFields > 0 then list = pages.only(list, body.returnFields) end
  return {
    listing = pages.slice(list, (number - 1) * size, size),
    metadata = { collection = "listing", pageSize = size, pageNum = number, totalCount = #list,
                 totalPage = math.ceil(#list / size), hasMore = number * size < #list },
  }
end

local TARGETS = { "agentListings", "officeListings", "listingId", "soldListingId", "mlsListingIds", "buildingName",
                  "buildingAddress" }

local function named(query)
  for _, name in ipairs(TARGETS) do
    local value = query[name]
    if value and value ~= "" and value ~= "false" then return true end
  end
  return false
end

local function place_of(call, name)
  local word = call.query[name]
  if not word or word == "" then return 0 end
  local place = errors.need(pages.place(word), "INVALID_PARAMETER")
  if place.account ~= call.account or place.list ~= name then errors.raise("INVALID_PARAMETER") end
  return place.offset
end

-- The key of the next page, empty when there is none.
local function key(call, name, list, offset)
  if offset >= #list then return "" end
  return pages.keep(name, { account = call.account, list = name, offset = offset }, settings.get().scroll_ttl)
end

listings["GET /v1.0/listing"] = function(call)
  local query = call.query
  local one, sold_one = query.listingId or "", query.soldListingId or ""
  if one ~= "" and sold_one ~= "" then return { code = 20012, message = "INVALID_PARAMETER", data = json.null } end
  if not named(query) then errors.raise("INVALID_PARAMETER") end
  local limit = pages.limit(query, 25, 1000, "LISTING_LIMIT_NOT_VALID")
  local all, wanted = of(call.account), {}
  for id in (query.mlsListingIds or ""):gmatch("[^,]+") do wanted[id] = true end
  local function pick(sold, id)
    return pages.filter(all, function(listing)
      return is_sold(listing) == sold and (id == "" or listing.listingId == id)
        and (next(wanted) == nil or wanted[listing.mlsListingId])
    end)
  end
  local active = sold_one ~= "" and {} or pick(false, one)
  local sold = one ~= "" and {} or pick(true, sold_one)
  local at, sold_at = place_of(call, "nextPageKey"), place_of(call, "soldNextPageKey")
  return {
    listIng = pages.slice(active, at, limit), soldListing = pages.slice(sold, sold_at, limit),
    _listingMetadata = {
      collection = "listing", limit = limit, total = #active + #sold, activeTotal = #active, soldTotal = #sold,
      nextPageKey = key(call, "nextPageKey", active, at + limit),
      soldNextPageKey = key(call, "soldNextPageKey", sold, sold_at + limit),
    },
  }
end

local ENTITIES = { ["&"] = "&amp;", ["<"] = "&lt;", [">"] = "&gt;" }
local function element(name, text) return "<" .. name .. ">" .. text:gsub("[&<>]", ENTITIES) .. "</" .. name .. ">" end

listings["GET /v1.0/getPublishedListings"] = function(call)
  local out = { '<?xml version="1.0" encoding="UTF-8"?>\n<listings type="' .. call.query.type .. '">' }
  for i = 1, 20 do
    local listing = of(call.account)[i]
    out[#out + 1] = "  <listing>" .. element("id", listing.listingId) .. element("street", listing.listingStreetName)
      .. element("city", listing.listingCity) .. element("price", listing.price) .. "</listing>"
  end
  out[#out + 1] = "</listings>\n"
  return table.concat(out, "\n"), 200, { ["Content-Type"] = "application/xml;charset=UTF-8" }
end

return listings
