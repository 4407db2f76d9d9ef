-- SPDX-License-Identifier: MIT

--- Lofty's error responses: code, HTTP status and the shapes of the body.
-- @module lofty.sandbox.server.errors

local json = require "lofty.sandbox.server.json"
local settings = require "lofty.sandbox.server.settings"

local errors = {}

-- name = { HTTP status, Lofty's code or nil }
local KNOWN = {
  CONTENT_TYPE = { 400, 20001 }, USER_NOT_EXIST = { 404, 20003 }, BAD_CREDENTIALS = { 401, 20004 },
  INTERNAL_ERROR = { 500, 20005 }, LEAD_NOT_EXIST = { 404, 20006 }, LEAD_NOT_FOUND = { 404, 20006 },
  RESOURCE_NOT_EXIST = { 404, 20007 }, INVALID_PARAMETER = { 400, 20012 }, PERMISSION_DENIED = { 400, 20017 },
  LIMIT_NOT_VALID = { 400, 20042 }, PARAMETER_TOO_LONG = { 400, 20043 }, PROPERTY_ADDRESS_EMPTY = { 400, 200057 },
  TRANSACTION_NOT_EXIST = { 404, 200060 }, TRANSACTION_NAME_BLANK = { 400, 200062 },
  SCOPE_NOT_GRANTED = { 403, 200100 }, OFFSET_EXCEED_LIMIT = { 400, 200104 },
  LEAD_PROPERTY_NOT_EXIST = { 404, 200108 }, TRANSACTION_STATUS_INVALID = { 400, 200125 },
  TASK_NOT_EXIST = { 404 }, TASK_IS_SMARTPLAN = { 400 }, MISSING_PARAMETER = { 400 },
  INVALID_UPDATE_OPERATION_LEADID = { 400 }, LIMIT_PARAM_OVERSIZE = { 400 }, LISTING_LIMIT_NOT_VALID = { 400 },
  ATTRIBUTE_NAME_EMPTY = { 400 }, ATTRIBUTE_TYPE_EMPTY = { 400 }, PARAM_FIRST_NAME_FILL = { 400 },
  PARAM_EMAIL_MUST_FILL = { 400 }, WEBHOOK_TYPE_ERROR = { 400 }, WEBHOOK_CALLBACK_URL_INVALID = { 400 },
  WEBHOOK_EXCEED_LIMIT = { 400 }, WEBHOOK_DELETE_NOT_EXIST = { 400 }, BUSINESS_TYPE_ERROR = { 400 },
  STRATEGY_TYPE_ERROR = { 400 }, INVAID_ID = { 400 }, INVAID_ROLE_ID = { 400 }, NO_ACCESS_WEBSITE = { 403 },
}

-- Messages that differ from the name.
local TEXTS = {
  CONTENT_TYPE = "Content-Type must be application/json", INTERNAL_ERROR = "Internal server error",
  SCOPE_NOT_GRANTED = "The scope for this endpoint was not granted",
}

local SHAPES = {
  code = function(code, name) return { code = code, message = name } end,
  text = function(code, name)
    return { message = "BaseApplicationException:errorCode=" .. tostring(code or name) .. ",errorMsg=" .. name }
  end,
  string = function(_, name) return name end,
  error_code = function(code, name) return { errorCode = code or 20012, errorMsg = name, data = json.null } end,
  status = function(code, name) return { status = { code = code or 20012, msg = name }, data = json.null } end,
}

--- Makes an error response by its name.
-- @treturn table {status, body}
function errors.answer(name)
  local known = assert(KNOWN[name], name)
  local status, code, text = known[1], known[2], TEXTS[name] or name
  local shape = settings.get().error_shape
  if shape == "live" then -- as seen live: 404, 500 and 20042 have the code inside the text
    shape = code and (status == 404 or status == 500 or code == 20042) and "text" or "code"
  end
  return { status = status, body = SHAPES[shape](code, text) }
end

--- Ends the handler with an error response.
function errors.raise(name)
  error(errors.answer(name), 0)
end

--- Ends the handler with a response of its own.
function errors.respond(status, body, headers)
  error({ status = status, body = body, headers = headers }, 0)
end

--- Returns `value`, or ends the handler with the error when it is nil or false.
function errors.need(value, name)
  if value == nil or value == false then errors.raise(name) end
  return value
end

return errors
