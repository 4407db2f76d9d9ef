-- SPDX-License-Identifier: MIT

--- HTML for the emulator's pages.
-- @module lofty.sandbox.server.html

local html = {}

local STYLE = [[
:root { color-scheme: light dark; --ink: #1d2733; --paper: #fff; --ground: #eef2f6; --line: #b9c4cf; --main: #0b5cab;
  --main-ink: #fff; --soft: #51606f; }
@media (prefers-color-scheme: dark) { :root { --ink: #e8edf2; --paper: #1b232c; --ground: #10161c; --line: #46535f;
  --main: #7db7f0; --main-ink: #0b1a29; --soft: #a9b6c2; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--ground); color: var(--ink); font: 1rem/1.5 system-ui, sans-serif; }
main { max-width: 34rem; margin: 8vh auto; padding: 2rem; background: var(--paper); border: 1px solid var(--line);
  border-radius: .75rem; }
h1 { margin: 0 0 1rem; font-size: 1.4rem; line-height: 1.25; }
ul { padding-left: 1.2rem; }
fieldset { margin: 1.5rem 0; padding: 0; border: 0; }
legend { padding: 0; font-weight: 600; }
label { display: flex; gap: .75rem; align-items: start; margin-top: .5rem; padding: .75rem; border: 1px solid var(--line);
  border-radius: .5rem; cursor: pointer; }
label:has(:checked) { border-color: var(--main); box-shadow: inset 0 0 0 1px var(--main); }
label input { margin: .3rem 0 0; accent-color: var(--main); }
label small, .small { display: block; color: var(--soft); font-size: .875rem; }
.buttons { display: flex; gap: .75rem; }
button { min-height: 2.75rem; padding: 0 1.5rem; border: 1px solid var(--main); border-radius: .5rem;
  background: transparent; color: var(--main); font: inherit; font-weight: 600; cursor: pointer; }
button.main { background: var(--main); color: var(--main-ink); }
:focus-visible { outline: 3px solid var(--main); outline-offset: 2px; }
@media (max-width: 36rem) { main { margin: 0; min-height: 100vh; border: 0; border-radius: 0; padding: 1.25rem; } }
]]

local ENTITIES = { ["&"] = "&amp;", ["<"] = "&lt;", [">"] = "&gt;", ['"'] = "&quot;", ["'"] = "&#39;" }

--- Escapes text for an element or an attribute.
function html.escape(text) return (text:gsub("[&<>\"']", ENTITIES)) end

--- An element that holds text.
function html.element(name, text) return "<" .. name .. ">" .. html.escape(text) .. "</" .. name .. ">\n" end

--- A hidden form field.
function html.hidden(name, value)
  return '<input type="hidden" name="' .. name .. '" value="' .. html.escape(value) .. '">'
end

--- One choice of several, with a line of explanation.
function html.radio(name, value, text, more, checked)
  return '<label><input type="radio" name="' .. name .. '" value="' .. html.escape(value) .. '"'
    .. (checked and " checked" or "") .. ' required><span>' .. html.escape(text) .. "<small>" .. html.escape(more)
    .. "</small></span></label>"
end

--- A whole page.
function html.page(title, body)
  return '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
    .. '<meta name="viewport" content="width=device-width, initial-scale=1">\n' .. html.element("title", title)
    .. "<style>\n" .. STYLE .. "</style>\n</head>\n<body>\n<main>\n" .. body .. "</main>\n</body>\n</html>\n"
end

return html
