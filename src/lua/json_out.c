/*
** json_out.c - Lua values to JSON: exact numbers, members in the order of their
** names, and an error that names the place.
*/
#include <stdio.h>

#include "core/json.h"
#include "core/limits.h"
#include "buffer.h"
#include "value.h"

#define MAX_MEMBERS 512 /* of open objects together, up to which members are sorted */
#define MAX_MESSAGE 320
#define MAX_SHOWN_NAME 40 /* bytes of a name in a message */
#define MAX_SHOWN (MAX_SHOWN_NAME + 16)

/* A member of an object that waits to be written. */
typedef struct Member {
  uint64_t head; /* the name's first bytes, as one number that sorts like them */
  const char *name;
  size_t size;
  int slot; /* of its value */
} Member;

/* A step of the way to the value being written: a name, or without one an index. */
typedef struct Step {
  const char *name;
  size_t size;
  int index;
} Step;

typedef struct Encoder {
  lua_State *L;
  LoftyBuf *out;
  int depth;
  int way;     /* how many steps lead to where the encoder is */
  int waiting; /* members in use */
  char message[MAX_MESSAGE];
  Step steps[LOFTY_MAX_DEPTH];
  Member members[MAX_MEMBERS];
} Encoder;

static const char bad_key[] = "an object with a key that is no string";

static int encode_value (Encoder *e, int index);

/* --- errors --- */

/* Writes one step as ".name", "[2]" or ["a name"]; what is not printable shows as "?". */
static size_t show_step (const Step *step, char *out) {
  size_t size = step->size, i;
  int plain = size > 0 && size <= MAX_SHOWN_NAME;
  char shown[MAX_SHOWN_NAME + 1];
  if (!step->name) return (size_t)snprintf(out, MAX_SHOWN, "[%d]", step->index);
  if (size > MAX_SHOWN_NAME) size = MAX_SHOWN_NAME;
  for (i = 0; i < size; i++) {
    char c = step->name[i];
    plain = plain && ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
                      (i > 0 && c >= '0' && c <= '9'));
    shown[i] = c >= ' ' && c < 0x7F && c != '"' && c != '\\' ? c : '?';
  }
  shown[size] = '\0';
  if (plain) return (size_t)snprintf(out, MAX_SHOWN, ".%s", shown);
  return (size_t)snprintf(out, MAX_SHOWN, "[\"%s%s\"]", shown, size < step->size ? "..." : "");
}

/* Notes what is wrong and where; always 0. */
static int fail (Encoder *e, const char *problem) {
  size_t size = (size_t)snprintf(e->message, MAX_MESSAGE, "%s%s", problem, e->way ? " at " : "");
  int i;
  for (i = 0; i < e->way; i++) {
    char shown[MAX_SHOWN];
    size_t more = show_step(&e->steps[i], shown);
    if (size + more + 4 > MAX_MESSAGE) {
      memcpy(e->message + size, "...", 4);
      break;
    }
    memcpy(e->message + size, shown, more + 1);
    size += more;
  }
  return 0;
}

/* So many steps are shown of a way that is too deep: a circle's goes on in the same words. */
#define DEEP_SHOWN 6

static int fail_deep (Encoder *e) {
  size_t size;
  if (e->way > DEEP_SHOWN) e->way = DEEP_SHOWN;
  fail(e, "nested too deeply, or in a circle,");
  size = strlen(e->message);
  if (size + 4 <= MAX_MESSAGE) memcpy(e->message + size, "...", 4);
  return 0;
}

static int fail_type (Encoder *e, int index) {
  switch (lua_type(e->L, index)) {
    case LUA_TNIL: return fail(e, "nil has no JSON form (null is lofty.null)");
    case LUA_TFUNCTION: return fail(e, "a function has no JSON form");
    case LUA_TTHREAD: return fail(e, "a coroutine has no JSON form");
    case LOFTY_TCDATA: return fail(e, "a cdata that is no 64-bit integer has no JSON form");
    default: return fail(e, "a userdata has no JSON form");
  }
}

/* --- what other libraries mean --- */

/*
** Whether the value at 'index' is the field 'name' of the lua-cjson that the
** program has loaded. Asked only about what is not ours.
*/
static int is_cjson (lua_State *L, int index, const char *name) {
  static const char *const modules[] = {"cjson", "cjson.safe"};
  int value = lofty_absindex(L, index), found = 0, i;
  lua_getfield(L, LUA_REGISTRYINDEX, "_LOADED");
  for (i = 0; i < 2 && !found && lua_istable(L, -1); i++) {
    lua_pushstring(L, modules[i]);
    lua_rawget(L, -2);
    if (lua_istable(L, -1)) {
      lua_pushstring(L, name);
      lua_rawget(L, -2);
      found = !lua_isnil(L, -1) && lua_rawequal(L, -1, value);
      lua_pop(L, 1);
    }
    lua_pop(L, 1);
  }
  lua_pop(L, 1);
  return found;
}

enum { PLAIN, ARRAY, ARRAY_IF_EMPTY };

static int kind_of_table (lua_State *L, int index) {
  int kind = PLAIN;
  if (!lua_getmetatable(L, index)) return PLAIN;
  if (lua_rawequal(L, -1, lua_upvalueindex(1)) || is_cjson(L, -1, "array_mt"))
    kind = ARRAY;
  else if (is_cjson(L, -1, "empty_array_mt"))
    kind = ARRAY_IF_EMPTY;
  lua_pop(L, 1);
  return kind;
}

/* --- writing --- */

static inline void put (Encoder *e, char c) {
  LoftyBuf *out = e->out;
  if (out->size < out->capacity)
    out->data[out->size++] = c;
  else
    (void)lofty_buf_add_byte(out, c);
}

static int encode_string (Encoder *e, const char *text, size_t size) {
  LoftySpan span;
  size_t at;
  span.data = text;
  span.size = size;
  if (lofty_json_string(e->out, span, &at) != LOFTY_BAD) return 1;
  return fail(e, "a string that is not UTF-8");
}

static int encode_number (Encoder *e, int index) {
  char text[LOFTY_VALUE_TEXT];
  const char *problem = NULL;
  size_t size = lofty_json_number(e->L, index, text, &problem);
  if (size) {
    (void)lofty_buf_add(e->out, text, size);
    return 1;
  }
  return lua_type(e->L, index) == LUA_TNUMBER ? fail(e, problem) : fail_type(e, index);
}

/*
** The size of a table whose keys are 1 to n in no particular order; -1 and a
** message when they are not.
*/
static int array_size (Encoder *e, int table) {
  lua_State *L = e->L;
  lua_Number most = 0;
  int count = 0;
  lua_pushnil(L);
  while (lua_next(L, table)) {
    lua_Number key;
    lua_pop(L, 1);
    if (lua_type(L, -1) != LUA_TNUMBER) {
      lua_pop(L, 1);
      (void)fail(e, "an array with keys that are no numbers");
      return -1;
    }
    key = lua_tonumber(L, -1);
    if (key > most) most = key;
    if (key < 1) count = -1; /* never reaches 'most' again */
    count += count >= 0;
  }
  if (count >= 0 && most == (lua_Number)count) return count;
  (void)fail(e, "an array with holes");
  return -1;
}

/* The value in a slot, as the item or member that 'step' says. */
static int encode_inside (Encoder *e, Step step, int slot) {
  int done;
  e->steps[e->depth - 1] = step;
  e->way = e->depth;
  if (step.name) {
    if (!encode_string(e, step.name, step.size)) return 0;
    put(e, ':');
  }
  done = encode_value(e, slot);
  if (done) e->way = e->depth - 1;
  return done;
}

/*
** An array, whose first key and value lie on the top. Mostly lua_next gives the
** items in their order; from the first that it does not, they are counted and
** asked for one by one.
*/
static int encode_array (Encoder *e, int table) {
  lua_State *L = e->L;
  int key = lua_gettop(L) - 1, count;
  Step step = {NULL, 0, 1};
  put(e, '[');
  while (lua_type(L, key) == LUA_TNUMBER && lua_tonumber(L, key) == (lua_Number)step.index) {
    if (step.index > 1) put(e, ',');
    if (!encode_inside(e, step, key + 1)) return 0;
    step.index++;
    lua_pop(L, 1);
    if (!lua_next(L, table)) {
      put(e, ']');
      return 1;
    }
  }
  lua_settop(L, key - 1);
  count = array_size(e, table);
  if (count < 0) return 0;
  for (; step.index <= count; step.index++) {
    if (step.index > 1) put(e, ',');
    lua_rawgeti(L, table, step.index);
    if (!encode_inside(e, step, key)) return 0;
    lua_pop(L, 1);
  }
  put(e, ']');
  return 1;
}

static int is_before (const Member *a, const Member *b) {
  int order;
  if (a->head != b->head) return a->head < b->head;
  order = memcmp(a->name, b->name, a->size < b->size ? a->size : b->size);
  return order < 0 || (order == 0 && a->size < b->size);
}

/* Shell's sort: short, in place, quick enough for MAX_MEMBERS. */
static void sort_members (Member *list, int count) {
  static const int gaps[] = {132, 57, 23, 10, 4, 1};
  size_t g;
  for (g = 0; g < sizeof(gaps) / sizeof(gaps[0]); g++) {
    int gap = gaps[g], i, j;
    for (i = gap; i < count; i++) {
      Member moving = list[i];
      for (j = i; j >= gap && is_before(&moving, &list[j - gap]); j -= gap) list[j] = list[j - gap];
      list[j] = moving;
    }
  }
}

static uint64_t head_of (const char *name, size_t size) {
  unsigned char first[8] = {0};
  uint64_t head = 0;
  int i;
  memcpy(first, name, size < 8 ? size : 8);
  for (i = 0; i < 8; i++) head = head << 8 | first[i];
  return head;
}

/* Members that are too many to wait, in the order in which Lua has them. */
static int encode_unsorted (Encoder *e, int table) {
  lua_State *L = e->L;
  int key = lua_gettop(L) + 1, first = 1;
  lua_pushnil(L);
  while (lua_next(L, table)) {
    Step step;
    if (lua_type(L, key) != LUA_TSTRING) return fail(e, bad_key);
    step.name = lua_tolstring(L, key, &step.size);
    step.index = 0;
    if (!first) put(e, ',');
    first = 0;
    if (!encode_inside(e, step, key + 1)) return 0;
    lua_pop(L, 1);
  }
  return 1;
}

/*
** An object, whose first key and value lie on the top: all keys and values are
** put there, so that they can be written in the order of their names. The same
** value then gives the same bytes, whatever seed Lua's hashes have; it costs
** about a fifth of the time.
*/
static int encode_object (Encoder *e, int table) {
  lua_State *L = e->L;
  int base = lua_gettop(L) - 2, count = 0, done = 1;
  Member *list = e->members + e->waiting;
  put(e, '{');
  do {
    Member *member = &list[count];
    if (lua_type(L, -2) != LUA_TSTRING) return fail(e, bad_key);
    if (e->waiting + count == MAX_MEMBERS) break;
    member->name = lua_tolstring(L, -2, &member->size);
    member->head = head_of(member->name, member->size);
    member->slot = base + 2 * ++count;
    if (count % 16 == 0) luaL_checkstack(L, 40, "too much at once for JSON");
    lua_pushvalue(L, -2);
  } while (lua_next(L, table));
  if (lua_gettop(L) > base + 2 * count) {
    lua_settop(L, base);
    done = encode_unsorted(e, table);
  } else {
    int i;
    if (count > 1) sort_members(list, count);
    e->waiting += count;
    for (i = 0; done && i < count; i++) {
      Step step;
      step.name = list[i].name;
      step.size = list[i].size;
      step.index = 0;
      if (i > 0) put(e, ',');
      done = encode_inside(e, step, list[i].slot);
    }
    e->waiting -= count;
  }
  lua_settop(L, base);
  put(e, '}');
  return done;
}

static int encode_table (Encoder *e, int table) {
  lua_State *L = e->L;
  int kind, done = 1;
  if (e->out->status != LOFTY_OK) return 0;
  if (e->depth == LOFTY_MAX_DEPTH) return fail_deep(e);
  luaL_checkstack(L, 48, "too much at once for JSON");
  e->depth++;
  kind = kind_of_table(L, table);
  lua_pushnil(L);
  if (!lua_next(L, table))
    (void)lofty_buf_add(e->out, kind == PLAIN ? "{}" : "[]", 2);
  else if (kind == ARRAY || lua_type(L, -2) == LUA_TNUMBER)
    done = encode_array(e, table);
  else
    done = encode_object(e, table);
  e->depth--;
  return done;
}

/* Writes the value in the slot 'index'; 0 when that cannot be, and then all ends. */
static int encode_value (Encoder *e, int index) {
  lua_State *L = e->L;
  switch (lua_type(L, index)) {
    case LUA_TSTRING: {
      size_t size;
      const char *text = lua_tolstring(L, index, &size);
      return encode_string(e, text, size);
    }
    case LUA_TBOOLEAN:
      (void)(lua_toboolean(L, index) ? lofty_buf_add(e->out, "true", 4)
                                     : lofty_buf_add(e->out, "false", 5));
      return 1;
    case LUA_TTABLE: return encode_table(e, index);
    case LUA_TLIGHTUSERDATA:
      if (!lua_touserdata(L, index)) {
        (void)lofty_buf_add(e->out, "null", 4);
        return 1;
      }
      if (!is_cjson(L, index, "empty_array")) return fail_type(e, index);
      (void)lofty_buf_add(e->out, "[]", 2);
      return 1;
    case LUA_TNUMBER:
    case LUA_TUSERDATA:
    case LOFTY_TCDATA: return encode_number(e, index);
    default: return fail_type(e, index);
  }
}

/*
** json_encode(value) -> text | nil, message
** Upvalue 1 is the metatable of arrays.
*/
int lofty_json_encode (lua_State *L) {
  Encoder e;
  luaL_checkany(L, 1);
  lua_settop(L, 1);
  e.L = L;
  e.out = lofty_newbuf(L, LOFTY_MAX_REQUEST);
  e.depth = e.way = e.waiting = 0;
  e.message[0] = '\0';
  (void)lofty_buf_reserve(e.out, 256);
  if (!encode_value(&e, 1) && e.message[0]) {
    lofty_buf_free(e.out);
    lua_pushnil(L);
    lua_pushstring(L, e.message);
    return 2;
  }
  return lofty_pushbuf(L, e.out, "the JSON text");
}
