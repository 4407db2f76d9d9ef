-- SPDX-License-Identifier: MIT

--- Guesses from the first line of a file which field of a lead each column holds.
-- @module lofty.cli.import.columns

local ascii = require "lofty.internal.ascii"
local sorted_keys = require "lofty.cli.sorted_keys"

local columns = {}

-- The names of columns that are understood, in lower case, without spaces and punctuation.
local NAMES = {
  leadId = "leadid id",
  firstName = "firstname first givenname forename",
  lastName = "lastname last surname familyname",
  name = "name fullname contact contactname leadname",
  emails = "email emails emailaddress email1 email2 email3 emailaddress1 emailaddress2 primaryemail secondaryemail "
    .. "workemail homeemail mail",
  phones = "phone phones phonenumber phone1 phone2 phone3 mobile mobilephone mobilenumber cell cellphone cellnumber "
    .. "telephone tel homephone workphone primaryphone secondaryphone",
  stage = "stage leadstage pipelinestage",
  source = "source leadsource",
  tags = "tags tag labels",
  groups = "groups group",
  segments = "segments segment",
  streetAddress = "streetaddress address street address1 addressline1 mailingaddress homeaddress",
  city = "city town",
  state = "state province region",
  zipCode = "zipcode zip postalcode postcode",
  birthday = "birthday birthdate dateofbirth dob",
  language = "language",
  referredBy = "referredby referral",
  assignedUserId = "assigneduserid",
  content = "note notes comment comments",
}

--- Fields that hold several values, separated by semicolons or commas.
columns.lists = { emails = true, phones = true, tags = true, groups = true, segments = true }

local by_name = {}
for field, names in pairs(NAMES) do
  for name in names:gmatch "%S+" do by_name[name] = field end
end

local function simple(name)
  return (ascii.lower(name):gsub("[%s%p]", ""))
end

--- Guesses the fields of the columns.
-- @tparam {string,...} head the first line
-- @tparam {string=string} given from --map: column -> field, "" for none
-- @treturn[1] table array of field names, false for a column that is not imported
-- @treturn[2] nil
-- @treturn[2] string what is wrong
function columns.guess(head, given)
  local list, used, wanted = {}, {}, {}
  for column in pairs(given) do wanted[column] = true end
  for i, column in ipairs(head) do
    local field = by_name[simple(column)] or false
    if given[column] then
      wanted[column], field = nil, given[column] ~= "" and given[column] or false
      if field and not NAMES[field] then
        return nil, ("there is no field %s; fields: %s"):format(field, table.concat(sorted_keys(NAMES), ", "))
      end
    end
    if field and used[field] and not columns.lists[field] then
      if head[used[field]] == column then return nil, ("two columns are named %q: rename one"):format(column) end
      return nil, ("the columns %q and %q both seem to hold %s: leave one out with --map %q"):format(
        head[used[field]], column, field, column .. "=")
    end
    if field then used[field] = i end
    list[i] = field
  end
  local missing = next(wanted)
  if missing then return nil, ("--map: the file has no column %q"):format(missing) end
  if not (used.firstName or used.name or used.emails or used.phones or used.leadId) then
    return nil, "no column seems to hold names, e-mail addresses or phone numbers: does the first line name the "
      .. "columns? --map COLUMN=FIELD says what a column holds"
  end
  return list
end

return columns
