-- SPDX-License-Identifier: MIT

-- What make bench does with figures: made-up ones here.

local chart = require "bench.chart"
local measure = require "bench.measure"
local median = require "bench.median"
local report = require "bench.report"

local COLUMNS = { { name = "wall time", unit = "µs" }, { name = "CPU", unit = "µs" } }

-- A way that returns the numbers of a list one after the other, and half of each as CPU.
local function way(name, list)
  local round = 0
  return {
    name = name,
    run = function()
      round = round + 1
      return list[round], list[round] / 2
    end,
  }
end

local function rows_of(...)
  return measure.rows({ ... }, COLUMNS)
end

local function sampled(name, walls, cpus, more)
  local of = { name = name, samples = { walls, cpus } }
  for key, value in pairs(more or {}) do of[key] = value end
  return of
end

local function table_of(rows)
  return { name = "made-up", title = "A made-up table", columns = COLUMNS, rows = rows }
end

-- The names of an SVG's elements, in order; raises where one is not closed, or a reserved character is not escaped.
local function elements(svg)
  local open, names = {}, {}
  local rest = svg:gsub("<(/?)(%a+)([^<>]*)>", function(closing, name, attributes)
    local is_empty = attributes:find "/$"
    attributes = attributes:gsub("/$", ""):gsub('%s+[%a:-]+="[^"&<]*"', "")
    assert(attributes == "", attributes)
    if closing == "/" then
      assert(table.remove(open) == name, name)
    else
      names[#names + 1] = name
      if not is_empty then open[#open + 1] = name end
    end
    return ""
  end)
  assert(#open == 0, open[1])
  rest = rest:gsub("&%a+;", ""):gsub("&#%d+;", "")
  assert(not rest:find "[<>&]", rest)
  return names
end

describe("make bench", function()
  it("takes the middle of an odd number of rounds, and the mean of the two middle ones of an even number", function()
    assert.equal(3, median { 9, 3, 1 })
    assert.equal(2.5, median { 4, 1, 3, 2 })
    assert.is_nil(median {})
  end)

  it("leaves the list as it is", function()
    local list = { 3, 1, 2 }
    median(list)
    assert.same({ 3, 1, 2 }, list)
  end)

  it("gives the median of the rounds' ratios, not the ratio of the medians", function()
    local rows = rows_of(sampled("lofty", { 10, 20, 60 }, { 1, 1, 1 }), sampled("other", { 10, 40, 20 }, { 2, 2, 2 }))
    assert.same({ 20, 1 }, rows[1].values)
    assert.same({}, rows[1].ratios)
    assert.is_nil(rows[1].peer)
    assert.equal("other", rows[2].peer)
    assert.same({ 20, 2 }, rows[2].values)
    assert.same({ 1, 0.5 }, rows[2].ratios)
    assert.equal(3, rows[2].rounds)
  end)

  it("gives no ratio for a column that is not compared, and none to zero", function()
    local rows = measure.rows({ sampled("lofty", { 1 }, { 5 }), sampled("other", { 8 }, { 0 }) },
      { { name = "grants", is_own = true }, { name = "failed" } })
    assert.same({}, rows[2].ratios)
  end)

  it("runs each way once a round, in an order that changes", function()
    local order = {}
    local function noted(name)
      return { name = name, run = function() order[#order + 1] = name return 1, 1 end }
    end
    measure.compare({ noted "a", noted "b", noted "c" }, 3, COLUMNS)
    local rounds = {}
    for i = 1, 9, 3 do rounds[#rounds + 1] = table.concat(order, "", i, i + 2) end
    table.sort(rounds)
    assert.same({ "abc", "bca", "cab" }, rounds)
  end)

  it("takes all figures of all rounds", function()
    local rows = measure.compare({ way("lofty", { 1, 2, 3 }), way("other", { 2, 4, 6 }) }, 3, COLUMNS)
    assert.same({ 2, 1 }, rows[1].values)
    assert.same({ 4, 2 }, rows[2].values)
    assert.same({ 0.5, 0.5 }, rows[2].ratios)
  end)

  it("lists where lofty needs more than a peer, with the reason, and nothing where it needs the same or less", function()
    local of = table_of(rows_of(sampled("lofty", { 100 }, { 30 }), sampled("slower", { 200 }, { 60 }),
      sampled("equal", { 98 }, { 29 }), sampled("faster", { 50 }, { 20 }, { why = "It does less." }),
      sampled("lean", { 100 }, { 20 })))
    local figures = "A made-up table: 2.00 times the wall time and 1.50 times the CPU of faster; 1.50 times the CPU of lean. "
    assert.same({ figures .. "It does less. No reason is known for lean." }, report.worse { of })
    of.why = "Lua."
    assert.same({ figures .. "Lua. It does less." }, report.worse { of })
    assert.same({}, report.worse { table_of(rows_of(sampled("lofty", { 1 }, { 1 }), sampled("slower", { 2 }, { 2 }))) })
  end)

  it("shows a table as aligned text", function()
    assert.equal([[
A made-up table
           wall time, µs  CPU, µs  ratio, wall time  ratio, CPU
  lofty            1,234     0.50
  other               20        5             61.70        0.10
  missing  not installed: a package
]], report.text(table_of(rows_of(sampled("lofty", { 1234 }, { 0.5 }), sampled("other", { 20 }, { 5 }),
      { name = "missing", missing = "not installed: a package" }))))
  end)

  it("writes a page with the machine, what is worse, and a section with a chart for each table", function()
    local page = report.page({ "A machine." }, {
      table_of(rows_of(sampled("lofty", { 2, 2 }, { 1, 1 }), sampled("other", { 1, 1 }, { 1, 1 }, { why = "Because." }))),
    })
    assert.truthy(page:find("\n\nA machine.\n\n", 1, true))
    assert.truthy(page:find("- A made-up table: 2.00 times the wall time of other. Because.\n", 1, true))
    assert.truthy(page:find([[
## A made-up table

![A made-up table](made-up.svg)

|  | wall time, µs | CPU, µs | ratio, wall time | ratio, CPU |
|---|---:|---:|---:|---:|
| lofty | 2 | 1 |  |  |
| other | 1 | 1 | 2.00 | 1.00 |

Medians of 2 rounds.
]], 1, true))
  end)

  it("draws a well-formed chart whose text alternative has all figures", function()
    local svg = chart.draw(table_of(rows_of(sampled('lofty\'s "<get> & put"', { 1234 }, { 1 }), sampled("other", { 617 }, { 1 }),
      { name = "missing", missing = "not installed" })))
    local names = elements(svg)
    assert.equal("svg title desc style text text rect text text rect text", table.concat(names, " "))
    assert.truthy(svg:find("<title id=\"t\">A made-up table: wall time, µs</title>", 1, true))
    assert.truthy(svg:find("lofty&#39;s &quot;&lt;get&gt; &amp; put&quot; 1,234; other 617.</desc>", 1, true))
    assert.truthy(svg:find('class="own" x="290" y="34" width="400.0"', 1, true))
    assert.truthy(svg:find('class="peer" x="290" y="60" width="200.0"', 1, true))
    assert.truthy(svg:find("prefers-color-scheme: dark", 1, true))
  end)

  it("draws bars of no length where all figures are zero", function()
    local svg = chart.draw(table_of(rows_of(sampled("lofty", { 0 }, { 0 }), sampled("other", { 0 }, { 0 }))))
    elements(svg)
    assert.truthy(svg:find('width="0.0"', 1, true))
  end)

  it("writes three digits, or all before the point", function()
    local shown = {}
    for i, value in ipairs { 0, 0.1234, 9.876, 12.34, 99.96, 123.4, 1234567.8, 7 } do shown[i] = chart.number(value) end
    assert.same({ "0", "0.12", "9.88", "12.3", "100", "123", "1,234,568", "7" }, shown)
  end)
end)
