-- SPDX-License-Identifier: MIT

--- The account's leads, with search and paging. The address holds both, so a page can be bookmarked and shared.

local app = require "leadboard.app"
local html = require "leadboard.html"
local layout = require "leadboard.layout"
local lead_row = require "leadboard.lead_row"
local notice = require "leadboard.notice"
local problem = require "leadboard.problem"
local response = require "leadboard.response"

local SIZE, FURTHEST = 20, 1000

local body = html [[
<div class="head">
<h1>Leads</h1>
<form class="search" role="search" action="/leads">
<label for="q">Name or email</label>
<input id="q" name="q" type="search" value="{wanted}" maxlength="100" autocomplete="off">
<button class="main">Search</button>
</form>
</div>
<p class="count">{count}</p>
{list}{pager}]]

local table_of = html [[
<table role="table" class="leads card" aria-label="Leads">
<thead role="rowgroup"><tr role="row">
<th role="columnheader" scope="col">Name</th>
<th role="columnheader" scope="col">Contact</th>
<th role="columnheader" scope="col">Stage</th>
<th role="columnheader" scope="col">Source</th>
<th role="columnheader" scope="col">Changed</th>
</tr></thead>
<tbody role="rowgroup">
{rows}</tbody>
</table>
]]

local nothing = html [[<div class="card narrow empty"><p>{text}</p>{all}</div>
]]
local all_link = html [[<p><a class="button" href="/leads">Show all leads</a></p>]] {}

local pager = html [[
<nav class="pager" aria-label="Pages">
{before}
<p>Page {page}{last}</p>
{after}
</nav>
]]
local step = html [[<a class="button" rel="{rel}" href="{href}">{text}</a>]]
local no_step = html [[<span></span>]] {}

local function address(wanted, page)
  return "/leads?" .. ngx.encode_args { q = wanted ~= "" and wanted or nil, page = page }
end

local function whole(number)
  local text = ("%d"):format(number):reverse():gsub("(%d%d%d)", "%1,"):reverse()
  return (text:gsub("^,", ""))
end

-- The line above the list; `total` is nil when Lofty does not tell it.
local function count(total, shown, page, wanted)
  local found = wanted ~= "" and (" for “" .. wanted .. "”") or ""
  if shown == 0 then return "No leads" .. found end
  if total == shown then return total .. (total == 1 and " lead" or " leads") .. found end
  local first = (page - 1) * SIZE + 1
  local range = whole(first) .. "–" .. whole(first + shown - 1)
  return (total and range .. " of " .. whole(total) or range) .. " leads" .. found
end

local function show_pager(wanted, page, pages, more)
  return pager {
    page = page, last = pages and " of " .. whole(pages) or false,
    before = page > 1 and step { rel = "prev", href = address(wanted, page - 1), text = "Previous" } or no_step,
    after = more and step { rel = "next", href = address(wanted, page + 1), text = "Next" } or no_step,
  }
end

local function show_list(leads, page, wanted)
  if #leads == 0 then
    local text = page > 1 and "There is no such page." or wanted ~= "" and "No lead has that name or email."
      or "This account has no leads yet."
    return nothing { text = text, all = (page > 1 or wanted ~= "") and all_link }
  end
  local rows = {}
  for i, lead in ipairs(leads) do rows[i] = lead_row(type(lead) == "table" and lead or {}) end
  return table_of { rows = rows }
end

-- The search text, or "".
-- Cut first: the pattern takes time quadratic in the length.
local function text_of(value)
  return type(value) == "string" and value:sub(1, 200):match("^%s*(.-)%s*$"):sub(1, 100) or ""
end
local function page_of(value)
  local page = tonumber(type(value) == "string" and value:match("^%d+$"))
  return page and page >= 1 and page <= FURTHEST and page or 1
end

-- The number of leads, if the response has it: Lofty's documentation and its server use different names.
local function total_of(found)
  local about = found._metadata or found.get_metadata
  return type(about) == "table" and tonumber(about.total) or nil
end

return {
  private = true,
  get = function(request)
    local wanted, page = text_of(request.args.q), page_of(request.args.page)
    local found, err = app:client(request.session.account).leads:list {
      key = wanted ~= "" and wanted or nil, limit = SIZE, offset = (page - 1) * SIZE,
    }
    if not found then return problem.of(err, request.session) end
    -- A server in maintenance may respond with 200 and something else; an empty list may be null.
    if type(found) ~= "table" or found.leads == nil then return problem.show(502) end
    local leads = type(found.leads) == "table" and found.leads or {}
    local total = total_of(found)
    local pages = total and math.max(1, math.ceil(total / SIZE))
    local more = #leads == SIZE and (not pages or page < pages) and page < FURTHEST
    local title = (wanted ~= "" and "“" .. wanted .. "”, leads" or "Leads") .. (page > 1 and ", page " .. page or "")
    return response.page(200, layout {
      title = title, here = "/leads", session = request.session, notice = notice(request.args),
      body = body {
        wanted = wanted, count = count(total, #leads, page, wanted), list = show_list(leads, page, wanted),
        pager = (page > 1 or more) and show_pager(wanted, page, pages, more),
      },
    })
  end,
}
