-- The examples, each run as its reader would, against the sandbox.
local child = require "spec.support.child"
local lofty = require "lofty"
local sandbox = require "lofty.sandbox"

local box

local function run(name, arguments, environment)
  local words = { "LOFTY_BASE_URL='" .. box.url .. "'" }
  for variable, value in pairs(environment or { LOFTY_API_KEY = box.api_key }) do
    words[#words + 1] = variable .. "='" .. value .. "'"
  end
  return child.script("examples/" .. name .. ".lua", arguments, table.concat(words, " "))
end

describe("the example", function()
  setup(function() box = sandbox.start {} end)
  teardown(function() box:stop() end)
  before_each(function() box:control("reset") end)

  it("quickstart goes through the whole flow", function()
    local printed = run("quickstart", "", {
      LOFTY_CLIENT_ID = box.client_id, LOFTY_CLIENT_SECRET = box.client_secret, LOFTY_REDIRECT_URI = box.redirect_uri,
      LOFTY_OAUTH_TOKEN_URL = box.token_url, LOFTY_AUTHORIZE_URL = box.authorize_url,
      LOFTY_BROWSER = child.lua .. " lua/lofty/sandbox/click.lua",
    })
    assert.truthy(printed:find("Hello Ada", 1, true), printed)
    assert.truthy(printed:find("651095960136641 now has", 1, true), printed)
    assert.is_nil(printed:find(box.client_secret, 1, true))
  end)

  it("quickstart reads leads with a key", function()
    assert.truthy(run("quickstart", ""):find("calls left in this minute", 1, true))
  end)

  it("tag_hygiene empties the tags of a stage, as an empty array", function()
    local printed = run("tag_hygiene", "'Closed'")
    local done, all = printed:match("(%d+) of (%d+) leads in stage Closed")
    assert.equal(all, done, printed)
    assert.is_true(tonumber(all) > 0)
    local empty = 0
    for _, request in ipairs(box:journal()) do
      if request.method == "PUT" then
        assert.equal('{"tags":[]}', request.body)
        empty = empty + 1
      end
    end
    assert.equal(tonumber(all), empty)
  end)

  it("sync copies every lead once, and goes on where it stopped", function()
    local path = os.tmpname()
    local total = lofty.assert(lofty.client { api_key = box.api_key, base_url = box.url }:get("/v1.0/leads"))._metadata.total
    local function ids()
      local seen, count = {}, 0
      for line in io.lines(path) do
        local id = line:match("^(%d+)\t")
        if not seen[id] then count = count + 1 end
        seen[id] = true
      end
      return count
    end
    local printed = run("sync", path)
    assert.equal(total, ids(), printed)
    -- The fourth page fails for good: the next run goes on from there.
    box:control("fault", { path = "/v1.0/leads", skip = 3, times = 1, status = 400, body = '"no"' })
    printed = run("sync", path)
    assert.truthy(printed:find("(invalid, HTTP 400)", 1, true), printed)
    assert.is_true(ids() < total)
    printed = run("sync", path)
    assert.equal(total, ids(), printed)
    assert.is_nil(io.open(path .. ".cursor"))
    os.remove(path)
  end)

  it("bulk_notes makes each note once", function()
    local printed = run("bulk_notes", "'Hello' 20")
    assert.truthy(printed:find("20 notes made; ", 1, true), printed)
    local posts = 0
    for _, request in ipairs(box:journal()) do if request.method == "POST" and request.path == "/v1.0/notes" then posts = posts + 1 end end
    assert.equal(20, posts)
  end)
end)
