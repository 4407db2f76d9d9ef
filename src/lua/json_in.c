/* SPDX-License-Identifier: MIT */
/*
** json_in.c - decodes JSON to Lua values, and opens the JSON functions of lofty.core. Items
** and members wait on the Lua stack, so that each table is created at its final size.
*/
#include "core/json.h"
#include "core/limits.h"
#include "core/number.h"
#include "buffer.h"
#include "core.h"
#include "value.h"
#include "string_cache.h"

/* --- decoding --- */

#define MAX_NAMES 192   /* distinct names that are remembered during one text */
#define MAX_PENDING 256 /* values on the stack for one table; then it is created */
#define MAX_STACK 4096  /* stack slots for all pending values together; 5.1 allows 8000 */
#define MAX_GROWTH 256  /* the stack grows by at most this many slots at a time */
#define MIN_GROWTH 24   /* and by at least this many */
#define EXACT_DIGITS 14 /* without integers in Lua: tostring uses "%.14g" */

/* Stack slots of json_decode; from FIRST_NAME on are the strings of names. */
enum { TEXT = 1, SCRATCH, FIRST_NAME };

/* A member name that occurred in this text. */
typedef struct Name {
  LoftyStringKey key;
  int slot; /* the stack slot of its string; 0: none */
} Name;

/* An array or object that is not complete. */
typedef struct Level {
  int table;   /* the slot reserved for its table; pending values follow */
  int pending; /* slots with pending values; -1 after the table was created */
  int count;   /* items in the table of an array */
  int is_array;
  int keep_order; /* a name may be repeated: set the members in their order in the text */
  uint64_t seen[MAX_NAMES / 64]; /* bit set: which of Builder.names this object has */
} Level;

typedef struct Builder {
  lua_State *L;
  int top;        /* lua_gettop() */
  int limit;      /* slots guaranteed by luaL_checkstack */
  int growth;     /* slots to request at a time */
  int name_count; /* entries of 'names' */
  int slot_count; /* stack slots in use for names */
  int max_slots;
  int depth;
  Level levels[LOFTY_MAX_DEPTH];
  LoftyJson json;
  LoftyStringCache *cache;
  Name names[MAX_NAMES];
  unsigned char index[LOFTY_CACHE_SLOTS]; /* hash table: 0, or an index into 'names' plus 1 */
} Builder;

static void need_stack (Builder *b) {
  luaL_checkstack(b->L, b->growth, "the JSON text needs too much of the Lua stack");
  b->limit = b->top + b->growth;
}

/* Pushes a string with escapes, decoded in a buffer that the collector owns. */
static void push_escaped (Builder *b) {
  char small[256], *out = small;
  LoftySpan text = b->json.text;
  if (text.size > sizeof(small)) {
    out = (char *)lua_touserdata(b->L, SCRATCH);
    if (!out || lofty_rawlen(b->L, SCRATCH) < text.size) {
      out = (char *)lua_newuserdata(b->L, text.size * 2);
      lua_replace(b->L, SCRATCH);
    }
  }
  lua_pushlstring(b->L, out, lofty_json_unescape(text, out));
}

static void push_text (Builder *b) {
  if (b->json.escaped)
    push_escaped(b);
  else
    lua_pushlstring(b->L, b->json.text.data, b->json.text.size);
}

/* Records that the object has the name i; sets keep_order if it is repeated. */
static void mark_seen (Level *level, unsigned i) {
  uint64_t bit = UINT64_C(1) << i % 64;
  if (level->seen[i / 64] & bit) level->keep_order = 1;
  level->seen[i / 64] |= bit;
}

/* Pushes a name that occurred before. From then on its string stays on the stack, if a slot is free. */
static void push_known_name (Builder *b, Name *name) {
  if (name->slot) {
    lua_pushvalue(b->L, name->slot);
    return;
  }
  lofty_pushcached(b->L, b->cache, lua_upvalueindex(3), &name->key);
  if (b->slot_count == b->max_slots) return;
  name->slot = FIRST_NAME + b->slot_count++;
  lua_pushvalue(b->L, -1);
  lua_replace(b->L, name->slot);
}

/*
** Pushes a member's name. The records of a list repeat their names, so a repeated name is
** copied from its stack slot. A name that 'names' has no space for may be repeated without
** being noticed, so it sets keep_order.
*/
static void push_name (Builder *b) {
  Level *level = &b->levels[b->depth - 1];
  LoftyStringKey key;
  unsigned slot;
  if (b->json.escaped) {
    push_escaped(b);
    level->keep_order = 1;
    return;
  }
  key = lofty_key(b->json.text);
  slot = lofty_key_slot(&key);
  for (; b->index[slot]; slot = (slot + 1) % LOFTY_CACHE_SLOTS) {
    unsigned i = b->index[slot] - 1u;
    if (!lofty_key_same(&b->names[i].key, &key)) continue;
    push_known_name(b, &b->names[i]);
    mark_seen(level, i);
    return;
  }
  lofty_pushcached(b->L, b->cache, lua_upvalueindex(3), &key);
  if (b->name_count == MAX_NAMES) {
    level->keep_order = 1;
    return;
  }
  b->names[b->name_count].key = key;
  b->names[b->name_count].slot = 0;
  mark_seen(level, (unsigned)b->name_count);
  b->index[slot] = (unsigned char)++b->name_count;
}

/*
** Pushes an integer, or the string of its digits if this Lua cannot represent it. Without
** integers in Lua, 15 digits and more give a string, although a double could hold some of
** them: tostring and .. use "%.14g", which would round them.
*/
static void push_integer (Builder *b) {
  const LoftyJson *json = &b->json;
#if LOFTY_HAS_INTEGERS
  if (json->fits && (int64_t)(lua_Integer)json->integer == json->integer)
    lua_pushinteger(b->L, (lua_Integer)json->integer);
  else
    lua_pushlstring(b->L, json->text.data, json->text.size);
#else
  if (json->digits <= EXACT_DIGITS)
    lua_pushnumber(b->L, (lua_Number)json->integer);
  else
    lua_pushlstring(b->L, json->text.data, json->text.size);
#endif
}

/*
** Creates the table of the pending values in its reserved slot. Values are popped from the
** top, the last one first, which needs no copies; with keep_order, members are set in their
** order in the text, so that the last of repeated names wins.
*/
static void build (Builder *b, Level *level) {
  lua_State *L = b->L;
  int table = level->table, i;
  if (level->is_array) {
    lua_createtable(L, level->pending, 0);
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_setmetatable(L, -2);
    lua_replace(L, table);
    for (i = level->pending; i > 0; i--) lua_rawseti(L, table, i);
    level->count = level->pending;
  } else {
    lua_createtable(L, 0, level->pending / 2);
    lua_replace(L, table);
    if (level->keep_order) {
      for (i = 1; i < level->pending; i += 2) {
        lua_pushvalue(L, table + i);
        lua_pushvalue(L, table + i + 1);
        lua_rawset(L, table);
      }
      lua_settop(L, table);
    } else {
      for (i = level->pending; i > 0; i -= 2) lua_rawset(L, table);
    }
  }
  b->top = table;
  level->pending = -1;
}

/* Adds the complete value on the top to its array or object: pending, or set in the table. */
static void add_value (Builder *b) {
  Level *level;
  if (b->depth == 0) return;
  level = &b->levels[b->depth - 1];
  if (level->pending >= 0) {
    level->pending += level->is_array ? 1 : 2;
    if (level->pending >= MAX_PENDING || b->top > MAX_STACK) build(b, level);
  } else if (level->is_array) {
    lua_rawseti(b->L, level->table, ++level->count);
    b->top--;
  } else {
    lua_rawset(b->L, level->table);
    b->top -= 2;
  }
}

static void open_level (Builder *b, int is_array) {
  Level *level = &b->levels[b->depth++];
  lua_pushnil(b->L);
  level->table = ++b->top;
  level->pending = 0;
  level->count = 0;
  level->is_array = is_array;
  level->keep_order = 0;
  if (!is_array) memset(level->seen, 0, sizeof(level->seen));
}

static void close_level (Builder *b) {
  Level *level = &b->levels[b->depth - 1];
  if (level->pending >= 0) build(b, level);
  b->depth--;
  add_value(b);
}

/*
** Reserves stack slots for names and the first values, few for a short text: in nginx each
** request is a coroutine with a small stack, and growing that can cost more than decoding.
*/
static void first_stack (Builder *b, size_t size) {
  size_t share = size / 32;
  b->max_slots = share < MAX_NAMES ? (int)share : MAX_NAMES;
  b->growth = size / 8 < MAX_GROWTH - MIN_GROWTH ? MIN_GROWTH + (int)(size / 8) : MAX_GROWTH;
  b->top = FIRST_NAME + b->max_slots - 1;
  luaL_checkstack(b->L, FIRST_NAME + b->max_slots + b->growth, "JSON");
  lua_settop(b->L, b->top);
  b->limit = b->top + b->growth;
}

/* json_decode(text) -> value | nil, message, position of the invalid byte, from 1 */
static int json_decode (lua_State *L) {
  Builder b;
  LoftySpan text = lofty_checkspan(L, TEXT);
  b.L = L;
  b.cache = (LoftyStringCache *)lua_touserdata(L, lua_upvalueindex(2));
  lofty_json_init(&b.json, text);
  first_stack(&b, text.size);
  b.name_count = b.slot_count = b.depth = 0;
  memset(b.index, 0, sizeof(b.index));
  for (;;) {
    if (b.top + 4 > b.limit) need_stack(&b);
    switch (lofty_json_next(&b.json)) {
      case LOFTY_JSON_NAME:
        push_name(&b);
        b.top++;
        continue;
      case LOFTY_JSON_ARRAY: open_level(&b, 1); continue;
      case LOFTY_JSON_OBJECT: open_level(&b, 0); continue;
      case LOFTY_JSON_CLOSE: close_level(&b); continue;
      case LOFTY_JSON_END: return 1;
      case LOFTY_JSON_BAD: {
        size_t at = (size_t)(b.json.at - b.json.begin) + 1;
        char where[LOFTY_NUMBER_TEXT];
        lua_pushnil(L);
        lua_pushfstring(L, "%s at byte ", b.json.problem);
        lua_pushlstring(L, where, lofty_integer_text((int64_t)at, where));
        lua_concat(L, 2);
        lua_pushinteger(L, (lua_Integer)at);
        return 3;
      }
      case LOFTY_JSON_STRING: push_text(&b); break;
      case LOFTY_JSON_INTEGER: push_integer(&b); break;
      case LOFTY_JSON_REAL: lua_pushnumber(L, (lua_Number)b.json.real); break;
      case LOFTY_JSON_TRUE: lua_pushboolean(L, 1); break;
      case LOFTY_JSON_FALSE: lua_pushboolean(L, 0); break;
      case LOFTY_JSON_NULL: lua_pushlightuserdata(L, NULL); break;
    }
    b.top++;
    add_value(&b);
  }
}

/*
** json_repair(text) -> text in which all strings are valid (see lofty_json_repair)
**                    | nil, message when it would be too long
*/
static int json_repair (lua_State *L) {
  LoftySpan in = lofty_checkspan(L, 1);
  LoftyBuf *out = lofty_newbuf(L, 3 * LOFTY_MAX_REQUEST);
  lofty_json_repair(out, in);
  return lofty_pushbuf(L, out, "the text");
}

/* --- other functions of lofty.core --- */

/* array(t) -> t, encoded as an array even when empty; array() -> a new empty array */
static int json_array (lua_State *L) {
  if (lua_isnoneornil(L, 1)) {
    lua_settop(L, 0);
    lua_newtable(L);
  }
  luaL_checktype(L, 1, LUA_TTABLE);
  lua_settop(L, 1);
  lua_pushvalue(L, lua_upvalueindex(1));
  lua_setmetatable(L, 1);
  return 1;
}

/* number_text(n) -> the exact text of a number for a path or a query | nil, message */
static int number_text (lua_State *L) {
  char text[LOFTY_VALUE_TEXT];
  const char *problem = NULL;
  size_t size;
  luaL_checkany(L, 1);
  luaL_argcheck(L, !lua_isboolean(L, 1), 1, "number expected");
  size = lofty_value_text(L, 1, text, &problem);
  if (size) {
    lua_pushlstring(L, text, size);
    return 1;
  }
  luaL_argcheck(L, lua_type(L, 1) == LUA_TNUMBER, 1, "number expected");
  lua_pushnil(L);
  lua_pushstring(L, problem);
  return 2;
}

/* Pushes the metatable of arrays, one per Lua state, even if the module is opened again. */
static void push_array_mt (lua_State *L) {
  if (!luaL_newmetatable(L, "lofty.array")) return;
  lua_pushliteral(L, "lofty.array"); /* 5.1 and 5.2 do not set it */
  lua_setfield(L, -2, "__name");
}

void lofty_open_json (lua_State *L) {
  static const luaL_Reg functions[] = {{"json_decode", json_decode},
                                       {"json_encode", lofty_json_encode},
                                       {"json_repair", json_repair},
                                       {"array", json_array},
                                       {"integer", lofty_integer_new},
                                       {"number_text", number_text},
                                       {NULL, NULL}};
  push_array_mt(L);
  lua_pushvalue(L, -1);
  lua_setfield(L, -3, "array_mt");
  lofty_newstringcache(L);
  lofty_setfuncs(L, functions, 3);
  lua_pushlightuserdata(L, NULL);
  lua_setfield(L, -2, "null");
}
