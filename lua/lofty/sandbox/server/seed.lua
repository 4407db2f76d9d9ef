-- SPDX-License-Identifier: MIT

--- Generates records: ids as long as Lofty's, people, times.
--
-- Everything is computed from an account and a number, so every worker generates the same.
-- @module lofty.sandbox.server.seed

local json = require "lofty.sandbox.server.json"

local seed = {}

local FIRST = { "Maria", "James", "Wei", "Aisha", "Liam", "Sofía", "Noah", "Priya", "Ethan", "Chloé", "Omar", "Grace",
                "Mateo", "Hannah", "Yuki", "Daniel", "Zoë", "Ivan", "Leila", "Marcus", "Ana", "Tobias", "Ngozi",
                "Samuel", "Elena", "Kofi", "Julia", "Ravi", "Nora", "Andre", "Sinead" }
local LAST = { "Alvarez", "Bennett", "Chen", "Diallo", "Evans", "Fischer", "Garcia", "Hughes", "Ito", "Jensen", "Khan",
               "Lopez", "Müller", "Nguyen", "O'Brien", "Patel", "Quinn", "Rossi", "Schmidt", "Thompson", "Usman",
               "Vargas", "Walker", "Xu", "Young", "Zhang", "Adeyemi", "Brooks", "Castillo", "Dubois", "Eriksen",
               "Foster", "Gupta", "Hernández", "Ivanova", "Johnson", "Kowalski" }
local CITIES = { { "Austin", "TX", "78701" }, { "Phoenix", "AZ", "85004" }, { "Denver", "CO", "80202" },
                 { "Tampa", "FL", "33602" }, { "Raleigh", "NC", "27601" }, { "Seattle", "WA", "98101" } }
local STREETS = { "Maple Avenue", "Oak Street", "Juniper Lane", "Barton Road", "Lakeview Drive", "3rd Street" }

--- Stages, sources and tags that the sandbox's team uses.
seed.stages = { "New Lead", "Attempted Contact", "Contacted", "Appointment Set", "Under Contract", "Closed" }
seed.sources = { "Website", "Zillow", "Referral", "Open House", "Facebook" }
seed.tags = { "portal", "first-time buyer", "investor", "relocation", "vip" }

-- What the two digits after an account's block mean.
local KINDS = { lead = 0, note = 1, task = 2, call = 3, text = 4, email = 5, log = 6, transaction = 7, property = 8,
                user = 9, timeline = 10, webhook = 11, tag = 12, appointment = 13, other = 14, office = 15 }
-- The first lead of the first account is 651095960136641, of the second 1738234566814937089.
local FROM = { ["6510959"] = 136641, ["17382345668"] = 937089 }

--- The n-th id of a kind in an account, n from 0.
function seed.id(person, kind, n)
  local number = ((FROM[person.block] or 100001) + n * 7) % 1000000
  return json.int(("%s%02d%06d"):format(person.block, person.kinds + KINDS[kind], number))
end

--- The id of the n-th record of a kind that a caller created.
function seed.new_id(person, kind, n)
  return json.int(("%s%02d%06d"):format(person.block, (person.kinds + KINDS[kind] + 16) % 100, n))
end

--- The team that every account belongs to, and the user id of an account.
seed.team = json.int("400919269340348")
function seed.user(person) return seed.id(person, "user", 0) end

--- A generated person by number.
function seed.person(n)
  local first, last = FIRST[n % #FIRST + 1], LAST[(n * 7 + math.floor(n / #FIRST)) % #LAST + 1]
  local city = CITIES[n % #CITIES + 1]
  return {
    first = first, last = last, email = ("lead%d@mail.example"):format(n + 1),
    phone = ("%d555%04d"):format(512 + n % 80, n % 10000),
    street = ("%d %s"):format(100 + n * 3 % 9000, STREETS[n % #STREETS + 1]),
    city = city[1], state = city[2], zip = city[3],
  }
end

-- 2026-01-05 12:00:00 UTC; later records are older.
local NEWEST = 1767614400

--- Epoch seconds of the n-th record, a little over an hour before the one before it.
function seed.time(n) return NEWEST - n * 3917 end

--- The time formats of the real server.
function seed.utc(seconds) return os.date("!%Y-%m-%d %H:%M:%S", seconds) end
function seed.iso(seconds) return os.date("!%Y-%m-%dT%H:%M:%S+00:00", seconds) end
function seed.zulu(seconds) return os.date("!%Y-%m-%dT%H:%M:%SZ", seconds) end
function seed.gmt(seconds) return os.date("!%Y-%m-%dT%H:%M:%SGMT", seconds) end
function seed.millis(seconds) return seconds * 1000 end

return seed
