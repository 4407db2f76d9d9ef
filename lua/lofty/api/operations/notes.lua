-- SPDX-License-Identifier: MIT

--- The operations of `crm.notes`; `lofty.api.operations` describes the fields.
-- @module lofty.api.operations.notes

local shapes = require "lofty.api.operations.shapes"

local bool, i64, id, note_text = shapes.bool, shapes.i64, shapes.id, shapes.note_text

local note_fields = { content = note_text, leadId = i64, isPin = bool }

return {
  list = {
    method = "GET", path = "/v1.0/notes", class = "read", returns = "NotePage", about = "all notes of a lead",
    page = { style = "all", items = "notes" },
    query = { required = { "leadId" }, fields = { leadId = id, includeSystemNote = bool } },
  },
  create = {
    method = "POST", path = "/v1.0/notes", class = "create", returns = "NoteId", about = "add a note to a lead",
    body = { required = { "content", "leadId" }, fields = note_fields }, find = "crm.notes:list{ leadId = ... }",
  },
  get = {
    method = "GET", path = "/v1.0/notes/{noteId}", class = "read", returns = "Note", about = "one note",
    params = { noteId = id }, unwrap = "note", wait = true,
  },
  update = {
    method = "PUT", path = "/v1.0/notes/{noteId}", class = "idempotent", params = { noteId = id },
    about = "replace the text of a note and its isPin; without isPin a pinned note may lose its pin",
    body = { required = { "content" }, fields = note_fields },
  },
  delete = {
    method = "DELETE", path = "/v1.0/notes/{noteId}", class = "idempotent", about = "remove a note", params = { noteId = id },
  },
}
