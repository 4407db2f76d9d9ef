-- SPDX-License-Identifier: MIT

--- The operations of `crm.brokermint`; `lofty.api.operations` describes the fields.
-- @module lofty.api.operations.brokermint

local shapes = require "lofty.api.operations.shapes"

local str, bool, num, i64, moment, deal_type, look_for_lead =
  shapes.str, shapes.bool, shapes.num, shapes.i64, shapes.moment, shapes.deal_type, shapes.look_for_lead

return {
  update_lead = {
    method = "PUT", path = "/v1.0/brokermint/lead", class = "idempotent", returns = "CodeMessage",
    about = "sync a contact from Brokermint; not for other callers", find = look_for_lead,
    body = {
      fields = {
        email = str, firstName = str, lastName = str, contactType = str, externalId = str, address = str, city = str,
        state = str, zip = str, phone = str, bmPrivate = bool, leadSource = str,
      },
    },
  },
  update_transaction = {
    method = "PUT", path = "/v1.0/brokermint/transaction", class = "idempotent", returns = "CodeMessage",
    about = "sync a deal from Brokermint; not for other callers", find = "crm.transactions:list{ transactionType = \"All\" }",
    body = {
      required = { "id" },
      fields = {
        id = i64, agentId = i64, agentName = str, address = str, city = str, state = str, zip = str,
        status = { type = "string", enum = { "Closed", "Cancelled" } }, transactionType = deal_type, price = num,
        representing = str, acceptanceDate = moment, expirationDate = moment, closedAt = moment, closingDate = moment,
      },
    },
  },
}
