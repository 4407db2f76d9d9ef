-- SPDX-License-Identifier: MIT

--- One lead as a table row. On a narrow screen the style sheet shows a row as a card, with headings from data-label;
-- the roles keep it a table for screen readers.

local html = require "leadboard.html"
local sanitize = require("lofty").sanitize

local row = html [[
<tr role="row">
<th role="rowheader" scope="row"><span class="name">{name}</span> <span class="id">{id}</span></th>
<td role="cell" data-label="Contact">{contact}</td>
<td role="cell" data-label="Stage">{stage}</td>
<td role="cell" data-label="Source">{source}</td>
<td role="cell" data-label="Changed">{changed}</td>
</tr>
]]

local mail = html [[<a href="mailto:{address}">{address}</a>]]
local call = html [[<a href="tel:{number}">{text}</a>]]
local line = html [[<span class="line">{inside}</span>]]
local badge = html [[<span class="badge">{text}</span>]]
local moment = html [[<time datetime="{exact}">{text}</time>]]
local none = html [[<span class="none">none</span>]] {}

local MONTHS = { "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" }

local function text_of(value) return type(value) == "string" and value ~= "" and sanitize(value) or nil end
local function first_of(list) return type(list) == "table" and text_of(list[1]) or nil end

local function full_name(lead)
  local first, last = text_of(lead.firstName), text_of(lead.lastName)
  return first and last and first .. " " .. last or first or last or "No name"
end

local function phone(number)
  local area, middle, rest = number:match("^(%d%d%d)(%d%d%d)(%d%d%d%d)$")
  return call { number = number, text = area and ("(%s) %s-%s"):format(area, middle, rest) or number }
end

local function contact(lead)
  local out, address, number = {}, first_of(lead.emails), first_of(lead.phones)
  if address then out[#out + 1] = line { inside = mail { address = address } } end
  if number then out[#out + 1] = line { inside = phone(number) } end
  return out[1] and out or none
end

-- "2026-01-05T12:10:00GMT" as "5 Jan 2026".
local function when(text)
  local year, month, day, clock = (text_of(text) or ""):match("^(%d%d%d%d)%-(%d%d)%-(%d%d)[T ](%d%d:%d%d:%d%d)")
  if not year then return none end
  return moment {
    exact = ("%s-%s-%sT%sZ"):format(year, month, day, clock),
    text = ("%d %s %s"):format(day, MONTHS[tonumber(month)] or month, year),
  }
end

return function(lead)
  local stage = text_of(lead.stage)
  return row {
    name = full_name(lead), id = lead.leadId or "", contact = contact(lead),
    stage = stage and badge { text = stage } or none, source = text_of(lead.source) or none,
    changed = when(lead.lastUpdateTime),
  }
end
