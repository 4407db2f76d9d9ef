-- SPDX-License-Identifier: MIT

--- The operations of `crm.listings`; `lofty.api.operations` describes the fields.
-- @module lofty.api.operations.listings

local shapes = require "lofty.api.operations.shapes"

local str, bool, i64, strs, i32_from_1, i32_to_100, i32_to_1000 =
  shapes.str, shapes.bool, shapes.i64, shapes.strs, shapes.i32_from_1, shapes.i32_to_100, shapes.i32_to_1000

local open = { open = true }

return {
  list = {
    method = "GET", path = "/v1.0/listing", class = "read", returns = "ListingPage",
    about = "active and sold listings of an agent, an office or by MLS id",
    page = {
      style = "key", items = "listIng", size = 100,
      keys = { listIng = "nextPageKey", soldListing = "soldNextPageKey" },
      totals = { listIng = "activeTotal", soldListing = "soldTotal" },
    },
    query = {
      one_of = {
        {
          "agentListings", "officeListings", "listingId", "soldListingId", "mlsListingIds", "buildingName",
          "buildingAddress",
        },
      },
      instead = { agentId = "userId" },
      fields = {
        userId = i64, listingId = str, nextPageKey = str, soldNextPageKey = str, mlsListingIds = str, street = str,
        limit = i32_to_1000, soldListingId = str, officeListings = bool, agentListings = bool, buildingName = str,
        buildingAddress = str, showCondition = bool,
      },
    },
  },
  search = {
    method = "POST", path = "/v2.0/listings/search", class = "read", returns = "ListingSearchPage",
    about = "search MLS listings; an unknown condition finds nothing",
    page = { style = "page", items = "listing", number = "pageNum", count = "pageSize", base = 1, size = 100 },
    body = {
      instead = {
        scope = "searchScope", sold = "soldFlag", filter = "filterConditions", keyword = "filterConditions",
        priceMin = "filterConditions", page = "pageNum", limit = "pageSize",
      },
      fields = {
        searchScope = { type = "string", enum = { "my", "office", "all" } }, soldFlag = bool, filterConditions = open,
        sortFields = strs, returnFields = strs, pageNum = i32_from_1, pageSize = i32_to_100,
      },
    },
  },
  get_published = {
    method = "GET", path = "/v1.0/getPublishedListings", class = "read", returns = "string", accept = "application/xml",
    about = "the feed of published listings: XML, as text",
    query = {
      required = { "type" }, fields = { type = { type = "string", enum = { "LuxVT", "AptCom", "AllOnMarket" } } },
    },
  },
}
