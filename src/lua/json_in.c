/*
** json_in.c - JSON to Lua values and back. Reading builds each table once, at its
** final size: what belongs to it waits on the Lua stack until it is complete.
*/
#include "core/json.h"
#include "core/limits.h"
#include "core/number.h"
#include "buffer.h"
#include "core.h"
#include "value.h"
#include "string_cache.h"

/* --- reading --- */

#define NAMES 192        /* different names that are known again during one text */
#define MAX_PENDING 256  /* items, or names and values, that wait for one table */
#define MAX_WAITING 4096 /* slots for all that waits together: 5.1 allows 8000 */
#define STEP 256         /* slots asked for at a time, at most */
#define LEAST 24         /* and at least */
#define EXACT_DIGITS 14  /* without integers in Lua: what "%.14g" still prints */

/* Where things stand on the stack of json_decode. */
enum { TEXT = 1, SCRATCH, FIRST_KEPT };

/* A name met before in this text. */
typedef struct Name {
  LoftyWord word;
  int kept; /* its string's slot, from FIRST_KEPT; 0: none */
} Name;

/* An open array or object. */
typedef struct Level {
  int table;   /* the slot that its table has, or will have; the waiting ones follow */
  int waiting; /* slots taken by what waits; -1 once the table is there */
  int count;   /* items in the table of an array */
  int is_array;
  int in_order;              /* a name came twice, or may have: the members go in as they came */
  uint64_t seen[NAMES / 64]; /* which of the names met came */
} Level;

typedef struct Builder {
  lua_State *L;
  int top;   /* lua_gettop, kept by hand */
  int limit; /* up to where the stack was asked for */
  int step;  /* slots to ask for */
  int names; /* in 'met' */
  int kept;  /* slots that hold a name's string */
  int max_kept;
  int depth;
  Level levels[LOFTY_MAX_DEPTH];
  LoftyJson json;
  LoftyWords *words;
  Name met[NAMES];
  unsigned char slots[LOFTY_WORD_SLOTS]; /* 0: free, else an index into 'met' plus 1 */
} Builder;

static void need_stack (Builder *b) {
  luaL_checkstack(b->L, b->step, "too much at once in JSON");
  b->limit = b->top + b->step;
}

/* A string with escapes: resolved in room that the collector owns. */
static void push_escaped (Builder *b) {
  char small[256], *room = small;
  LoftySpan text = b->json.text;
  if (text.size > sizeof(small)) {
    room = (char *)lua_touserdata(b->L, SCRATCH);
    if (!room || lofty_rawlen(b->L, SCRATCH) < text.size) {
      room = (char *)lua_newuserdata(b->L, text.size * 2);
      lua_replace(b->L, SCRATCH);
    }
  }
  lua_pushlstring(b->L, room, lofty_json_unescape(text, room));
}

static void push_text (Builder *b) {
  if (b->json.escaped)
    push_escaped(b);
  else
    lua_pushlstring(b->L, b->json.text.data, b->json.text.size);
}

/* Whether the name i came before in this object; from now on it did. */
static void note (Level *level, unsigned i) {
  uint64_t bit = UINT64_C(1) << i % 64;
  if (level->seen[i / 64] & bit) level->in_order = 1;
  level->seen[i / 64] |= bit;
}

/* A name that was met before; from the second time on its string is on the stack, if there is room. */
static void push_met (Builder *b, Name *name) {
  if (name->kept) {
    lua_pushvalue(b->L, name->kept);
    return;
  }
  lofty_pushword(b->L, b->words, lua_upvalueindex(3), &name->word);
  if (b->kept == b->max_kept) return;
  name->kept = FIRST_KEPT + b->kept++;
  lua_pushvalue(b->L, -1);
  lua_replace(b->L, name->kept);
}

/*
** A member's name. Records in a list repeat theirs, so what was met twice in this
** text is copied from its slot on the stack. When 'met' is full, who can say whether
** a name came twice?
*/
static void push_name (Builder *b) {
  Level *level = &b->levels[b->depth - 1];
  LoftyWord word;
  unsigned slot;
  if (b->json.escaped) {
    push_escaped(b);
    level->in_order = 1;
    return;
  }
  word = lofty_word(b->json.text);
  slot = lofty_word_slot(&word);
  for (; b->slots[slot]; slot = (slot + 1) % LOFTY_WORD_SLOTS) {
    unsigned i = b->slots[slot] - 1u;
    if (!lofty_word_same(&b->met[i].word, &word)) continue;
    push_met(b, &b->met[i]);
    note(level, i);
    return;
  }
  lofty_pushword(b->L, b->words, lua_upvalueindex(3), &word);
  if (b->names == NAMES) {
    level->in_order = 1;
    return;
  }
  b->met[b->names].word = word;
  b->met[b->names].kept = 0;
  note(level, (unsigned)b->names);
  b->slots[slot] = (unsigned char)++b->names;
}

/*
** An integer: Lua's own where it is one there exactly, else its digits. Without
** integers in Lua, 15 digits and more are a string although a double could hold
** them: "%.14g", which tostring and .. use, would not print them.
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
** Makes the table of what waits, at its size, in the slot kept for it. What is
** on the top goes in first, which needs no copies; only where a name may have
** come twice, members go in as they came, so that the last one stays.
*/
static void build (Builder *b, Level *level) {
  lua_State *L = b->L;
  int table = level->table, i;
  if (level->is_array) {
    lua_createtable(L, level->waiting, 0);
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_setmetatable(L, -2);
    lua_replace(L, table);
    for (i = level->waiting; i > 0; i--) lua_rawseti(L, table, i);
    level->count = level->waiting;
  } else {
    lua_createtable(L, 0, level->waiting / 2);
    lua_replace(L, table);
    if (level->in_order) {
      for (i = 1; i < level->waiting; i += 2) {
        lua_pushvalue(L, table + i);
        lua_pushvalue(L, table + i + 1);
        lua_rawset(L, table);
      }
      lua_settop(L, table);
    } else {
      for (i = level->waiting; i > 0; i -= 2) lua_rawset(L, table);
    }
  }
  b->top = table;
  level->waiting = -1;
}

/* The value on the top is complete: it waits for its table, or goes into it. */
static void place (Builder *b) {
  Level *level;
  if (b->depth == 0) return;
  level = &b->levels[b->depth - 1];
  if (level->waiting >= 0) {
    level->waiting += level->is_array ? 1 : 2;
    if (level->waiting >= MAX_PENDING || b->top > MAX_WAITING) build(b, level);
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
  level->waiting = 0;
  level->count = 0;
  level->is_array = is_array;
  level->in_order = 0;
  if (!is_array) memset(level->seen, 0, sizeof(level->seen));
}

static void close_level (Builder *b) {
  Level *level = &b->levels[b->depth - 1];
  if (level->waiting >= 0) build(b, level);
  b->depth--;
  place(b);
}

/*
** Room for the names and the first values. A short text asks for little: where
** each request is a coroutine of its own, as in nginx, its stack is new and small,
** and growing it costs more than reading the text.
*/
static void first_stack (Builder *b, size_t size) {
  size_t share = size / 32;
  b->max_kept = share < NAMES ? (int)share : NAMES;
  b->step = size / 8 < STEP - LEAST ? LEAST + (int)(size / 8) : STEP;
  b->top = FIRST_KEPT + b->max_kept - 1;
  luaL_checkstack(b->L, FIRST_KEPT + b->max_kept + b->step, "JSON");
  lua_settop(b->L, b->top);
  b->limit = b->top + b->step;
}

/* json_decode(text) -> value | nil, message, offset of the byte, from 1 */
static int json_decode (lua_State *L) {
  Builder b;
  LoftySpan text = lofty_checkspan(L, TEXT);
  b.L = L;
  b.words = (LoftyWords *)lua_touserdata(L, lua_upvalueindex(2));
  lofty_json_init(&b.json, text);
  first_stack(&b, text.size);
  b.names = b.kept = b.depth = 0;
  memset(b.slots, 0, sizeof(b.slots));
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
    place(&b);
  }
}

/*
** json_repair(text) -> text whose strings hold valid characters only: see lofty_json_repair
** | nil, message: too long
*/
static int json_repair (lua_State *L) {
  LoftySpan in = lofty_checkspan(L, 1);
  LoftyBuf *out = lofty_newbuf(L, 3 * LOFTY_MAX_REQUEST);
  lofty_json_repair(out, in);
  return lofty_pushbuf(L, out, "the text");
}

/* --- the rest of the Lua face --- */

/* array(t) -> t, an array from now on, even when empty; array() makes one */
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

/* number_text(n) -> its exact text for a path or a query | nil, message */
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

/* The metatable of arrays; there is one a Lua state, whoever opens the module again. */
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
  lofty_newwords(L);
  lofty_setfuncs(L, functions, 3);
  lua_pushlightuserdata(L, NULL);
  lua_setfield(L, -2, "null");
}
