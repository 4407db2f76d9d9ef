-- Tokens at rest: what stands in the store, plain or sealed, and what is read back.
local core = require "lofty.core"
local crypto = require "lofty.crypto"
local kept = require "lofty.oauth.token_cache"
local lofty = require "lofty"
local token = require "lofty.token"

local KEY, OTHER = ("k"):rep(32), ("q"):rep(32)

local function new_token(name)
  return assert(token.read({
    access_token = name .. "+/=", refresh_token = "r-" .. name, expires_in = 3600, scope = "openApi",
    app_info = { limits = core.array {}, name = "ä\0" },
  }, 1000000, nil, core.null))
end

describe("a token at rest", function()
  local store
  before_each(function() store = lofty.store.memory() end)

  it("comes back as it was", function()
    local new = new_token("a")
    for _, key in ipairs { KEY, false } do
      assert.is_true(kept.stored(store, "app/7", "7", key or nil):write(new))
      local held = assert(kept.stored(store, "app/7", "7", key or nil):read())
      assert.same(new, held)
      assert.equal("Bearer a+/=", held:authorization())
    end
  end)

  it("shows nothing of itself in the store when it is sealed", function()
    assert.is_true(kept.stored(store, "app/7", "7", KEY):write(new_token("secret")))
    local text = store:get("app/7")
    for _, word in ipairs { "secret", "access_token", "Bearer" } do assert.is_nil(text:find(word, 1, true)) end
  end)

  -- Each is refused with its reason, and stays in the store as it is.
  for _, case in ipairs {
    { "sealed with another key", KEY, OTHER, "is encryption_key the one it was sealed with" },
    { "sealed, by who has no key", KEY, nil, "lofty.app needs its encryption_key" },
    { "plain, by who has a key", nil, KEY, "it is not sealed" },
  } do
    it("is not read when it is " .. case[1] .. ", and nothing is lost", function()
      assert.is_true(kept.stored(store, "app/7", "7", case[2]):write(new_token("secret")))
      local text = store:get("app/7")
      local held, err = kept.stored(store, "app/7", "7", case[3]):read()
      assert.is_nil(held)
      assert.equal("store", err.kind)
      assert.equal("7", err.account)
      assert.is_false(err.sent)
      assert.truthy(err.message:find(case[4], 1, true), err.message)
      assert.is_nil(err.message:find("secret", 1, true))
      assert.equal(text, store:get("app/7"))
    end)
  end

  for _, case in ipairs {
    { "damaged", function(text) return text:sub(1, -2) .. string.char((text:byte(-1) + 1) % 256) end },
    { "cut short", function(text) return text:sub(1, 20) end },
    { "empty", function() return "" end },
    { "another account's", function() return store:get("app/8") end },
  } do
    it("is not read when it is sealed and " .. case[1], function()
      for _, account in ipairs { "7", "8" } do
        assert.is_true(kept.stored(store, "app/" .. account, account, KEY):write(new_token(account)))
      end
      store:put("app/7", case[2](store:get("app/7")))
      local held, err = kept.stored(store, "app/7", "7", KEY):read()
      assert.is_nil(held)
      assert.equal("store", err.kind)
    end)
  end

  for _, text in ipairs { "", "null", "[]", "{}", "5", '{"access_token":5}', '{"access_token":"a b\\u0000"}', "{",
                          '{"access_token":"x","expires_at":"soon"}' } do
    it("is not read when it is " .. (text == "" and "nothing" or text), function()
      store:put("app/7", text)
      local held, err = kept.stored(store, "app/7", "7"):read()
      assert.is_nil(held)
      assert.equal("store", err.kind)
    end)
  end

  it("is sealed once for good by the loop that lofty.app's documentation gives", function()
    local options = { client_id = "app", client_secret = "s", store = store }
    for _, account in ipairs { "7", "8" } do
      assert.is_true(kept.stored(store, "app/" .. account, account):write(new_token(account)))
    end
    for _ = 1, 2 do
      for _, key in ipairs(store:keys()) do
        local text = store:get(key, true)
        if lofty.json.decode(text) then store:put(key, crypto.seal(KEY, text, key)) end
      end
    end
    options.encryption_key = KEY
    assert.same({ "7", "8" }, lofty.app(options):accounts())
    assert.equal("7+/=", assert(kept.stored(store, "app/7", "7", KEY):read()).access_token)
  end)

  it("is made by an application with an encryption_key, which no tostring or field shows", function()
    local app = lofty.app { client_id = "app", client_secret = "hidden", store = store, encryption_key = KEY }
    local function search(value, depth)
      if type(value) == "string" then
        assert.is_nil(value:find(KEY, 1, true))
        assert.is_nil(value:find("hidden", 1, true))
      elseif type(value) == "table" and depth < 4 then
        for name, field in pairs(value) do
          search(name, depth + 1)
          search(field, depth + 1)
        end
      end
    end
    search(app, 0)
    search(tostring(app), 0)
    search(app:client("7"), 0)
  end)
end)

describe("a store of one's own that fails", function()
  -- As a database does that recites the statement.
  local function reciting(raises)
    local own = lofty.store.memory()
    function own.put(_, _, text)
      if raises then error("near '" .. text .. "'", 0) end
      return nil, "near '" .. text .. "'"
    end
    function own.keys()
      if raises then error("no keys", 0) end
      return nil, "no keys"
    end
    return own
  end

  for _, raises in ipairs { true, false } do
    local how = raises and "raises" or "returns"
    it("makes an err of what it " .. how .. " where accounts are listed", function()
      local app = lofty.app { client_id = "c", client_secret = "s", store = reciting(raises) }
      local list, err = app:accounts()
      assert.is_nil(list)
      assert.equal("store", err.kind)
      assert.truthy(tostring(err):find("no keys", 1, true))
    end)
  end
end)
