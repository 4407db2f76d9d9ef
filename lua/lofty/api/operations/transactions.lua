-- SPDX-License-Identifier: MIT

--- The operations of `crm.transactions`; `lofty.api.operations` describes the fields.
-- @module lofty.api.operations.transactions

local shapes = require "lofty.api.operations.shapes"

local str, i64, i32_from_0, i32_to_100, new_deal, deal, whole =
  shapes.str, shapes.i64, shapes.i32_from_0, shapes.i32_to_100, shapes.new_deal, shapes.deal, shapes.whole

return {
  list = {
    method = "GET", path = "/v2.0/transactions", class = "read", returns = "TransactionPage",
    about = "deals; only purchases unless transactionType says more (All)",
    page = { style = "page", items = "pageData", number = "pageNum", count = "pageSize", base = 0, size = 100 },
    query = {
      instead = { page = "pageNum", limit = "pageSize" },
      fields = {
        pageSize = i32_to_100, pageNum = i32_from_0, queryKey = { type = "string", max_length = 15 }, leadId = i64,
        transactionType = { type = "string", enum = { "Purchase", "Listing", "Lease", "Other", "All" } },
      },
    },
  },
  by_lead = {
    method = "GET", path = "/v1.0/leads/{leadId}/transactions", class = "read", returns = "Transaction[]",
    about = "all deals of a lead", page = whole, params = { leadId = i64 },
  },
  create = {
    method = "POST", path = "/v1.0/leads/{leadId}/transaction", class = "create", returns = "Transaction",
    about = "create a deal for a lead", params = { leadId = i64 }, body = new_deal,
    find = "crm.transactions:by_lead(leadId)",
  },
  get = {
    method = "GET", path = "/v1.0/leads/{leadId}/transaction/{transactionId}", class = "read", returns = "Transaction",
    about = "one deal of a lead", params = { leadId = i64, transactionId = i64 },
  },
  update = {
    method = "PUT", path = "/v1.0/leads/{leadId}/transaction/{transactionId}", class = "idempotent", returns = "Transaction",
    about = "change some fields of a deal", params = { leadId = i64, transactionId = i64 }, body = deal,
  },
  get_address = {
    method = "GET", path = "/v1.0/leads/{leadId}/transaction/{transactionId}/property/address", class = "read",
    about = "the address of a deal's property", params = { leadId = i64, transactionId = i64 },
    returns = "TransactionAddress",
  },
  update_address = {
    method = "POST", path = "/v1.0/leads/{leadId}/transaction/property/address", class = "idempotent", returns = "CodeMessage",
    about = "replace the whole address of a deal's property", params = { leadId = i64 },
    find = "crm.transactions:get_address(leadId, transactionId)",
    body = {
      required = { "transactionId" },
      fields = {
        transactionId = i64, unit = str, label = str, state = str, city = str, zipCode = str, streetAddress = str,
        county = str,
      },
    },
  },
  pipelines = {
    method = "GET", path = "/v2.0/transactions/pipelines", class = "read", returns = "TransactionPipelines",
    about = "the pipelines of deals and their stages", page = { style = "all", items = "pipelines" },
  },
  custom_fields = {
    method = "GET", path = "/v1.0/transaction/customfields", class = "read", returns = "TransactionCustomField[]",
    about = "the custom fields that deals have", page = whole,
  },
}
