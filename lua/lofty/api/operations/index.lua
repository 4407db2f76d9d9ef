-- SPDX-License-Identifier: MIT

--- The resources of the API, each of which is loaded at its first use.
-- @module lofty.api.operations.index

local require = require

local index = {}

--- The names of all resources: name -> true.
index.names = {
  leads = true, notes = true, tasks = true, calendar = true, calls = true, communication = true, logs = true,
  transactions = true, listings = true, members = true, agents = true, notifications = true, routing = true,
  webhooks = true, sales_agents = true, ai = true, team_features = true, org = true, vendors = true,
  brokermint = true, ["v1.tasks"] = true, ["v1.appointments"] = true, ["v1.communication"] = true,
}

--- The operations of one resource.
-- @param name "leads" or "v1.tasks"
-- @treturn ?table verb -> operation; nil when there is no such resource
function index.verbs(name)
  if not index.names[name] then return nil end
  return require("lofty.api.operations." .. name)
end

return index
