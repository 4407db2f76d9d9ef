-- SPDX-License-Identifier: MIT

--- The operations of the Open API by resource and verb: facts, no code. Those of one resource are in the file of its
-- name in the folder operations; this table has them all.
--
-- Names: `list`, `get`, `create`, `update`, `delete` concern the resource itself; a plural noun (`texts`, `ponds`) is
-- another list; `get_x`, `create_x`, `update_x` concern one thing that belongs to the resource; `by_x` looks up by x;
-- `send_x` sends a message to a person. `v1` has the operations with a newer counterpart.
--
-- An operation has: `method`, `path`, `class` ("read"; "idempotent", which may be repeated; "create"; "notify", which
-- sends a message to a person), `about`, `params` (of the path), `query` or `body` (never both), `page` (see
-- `lofty.api.pages`: `style`, `items`, `size` to ask for and, by style, `number`, `count`, `base`, `cursor`, `keys`,
-- `totals`, `sends_both`, `loose`), `unwrap` (the field that holds the one record), `accept`, `find` (the call that
-- shows whether a lost write arrived), `reaches` (fields that, when true, make it class "notify"), `wait` (a get that
-- may respond 404 right after the create), `deprecated`, `returns` (the response's type, for the annotations).
--
-- A shape has: `type` and `format`, `enum`, `min`, `max`, `max_length`, `without` (characters that the text must not
-- contain), `items`, `min_items`, `max_items`; or `fields` with `required`, `one_of` (sets of which one field is
-- needed) and `when` ({ field, value, needed }). `as` is the type that a text holds; `known` lists usual values, others
-- are accepted; `readonly` fields are not sent; `open` is a table of any shape; `many` accepts an array of them too;
-- `instead` maps names that others use to the right ones; `hint` shows the right form. Text `as = "time"`
-- takes what `lofty.time.text` takes.
--
-- What is required follows the operations' own descriptions where they differ from the schemas, which create and update
-- share.
-- @module lofty.api.operations

local index = require "lofty.api.operations.index"

local pairs = pairs

local operations = {}
for name in pairs(index.names) do operations[name] = index.verbs(name) end

return operations
