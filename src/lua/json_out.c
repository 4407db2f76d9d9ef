/* SPDX-License-Identifier: MIT */
/*
** json_out.c - encodes Lua values as JSON: exact numbers, members sorted by name, and error
** messages with the path to the invalid value.
*/
#include <stdio.h>

#include "core/json.h"
#include "core/limits.h"
#include "buffer.h"
#include "value.h"

#define MAX_MEMBERS                                                                                \
  512 /* sorted members of all open objects together; beyond it, members are not sorted */
#define MAX_INDENT 16
#define MAX_MESSAGE 320
#define MAX_SHOWN_NAME 40 /* bytes of a name in a message */
#define MAX_SHOWN (MAX_SHOWN_NAME + 16)
#define DEEP_SHOWN 6 /* steps shown of a path that is too deep: a cycle repeats its names */

/* A member of an object that is to be written. */
typedef struct Member {
  uint64_t head; /* the name's first eight bytes, big-endian, so that numbers sort like names */
  const char *name;
  size_t size;
  int slot; /* the stack slot of its value */
} Member;

/* A step of the path to a value: a member's name, or an array index if name is NULL. */
typedef struct Step {
  const char *name;
  size_t size;
  int index;
} Step;

typedef struct Encoder {
  lua_State *L;
  LoftyBuf *out;
  int indent; /* spaces for each level; 0 writes everything on one line */
  int depth;
  int member_count;    /* entries of 'members' in use */
  const char *problem; /* why the value cannot be encoded; NULL if there is nothing wrong with it */
  int path_size;       /* steps to what is wrong */
  Step steps[LOFTY_MAX_DEPTH];
  Member members[MAX_MEMBERS];
  Member spare[MAX_MEMBERS / 2];
} Encoder;

static const char bad_key[] = "an object with a key that is not a string";
static const char too_deep[] = "nested too deeply or cyclic";

static int encode_value (Encoder *e, int index);

/* --- errors --- */

/* Writes a step as .name, [2] or ["a name"], with "?" for unprintable bytes; returns the size. */
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

/* Returns 0. On the way back from here, encode_item records the path. */
static int fail (Encoder *e, const char *problem) {
  e->problem = problem;
  return 0;
}

/*
** Pushes the message: the problem and the path to it. Since the failure nothing was allocated in
** Lua, so the names of the path have not been collected, though they are no longer on the stack.
*/
static void push_message (Encoder *e) {
  char message[MAX_MESSAGE];
  int i, count = e->problem == too_deep && e->path_size > DEEP_SHOWN ? DEEP_SHOWN : e->path_size;
  size_t size =
      (size_t)snprintf(message, sizeof(message), "%s%s", e->problem, count > 0 ? " at " : "");
  for (i = 0; i < count; i++) {
    char shown[MAX_SHOWN];
    size_t more = show_step(&e->steps[i], shown);
    if (size + more + 4 > sizeof(message)) break;
    memcpy(message + size, shown, more);
    size += more;
  }
  lua_pushlstring(e->L, message, size);
  if (i < count || e->problem == too_deep) {
    lua_pushliteral(e->L, "...");
    lua_concat(e->L, 2);
  }
}

static int fail_type (Encoder *e, int index) {
  switch (lua_type(e->L, index)) {
    case LUA_TNIL: return fail(e, "nil has no JSON form (null is lofty.null)");
    case LUA_TFUNCTION: return fail(e, "a function has no JSON form");
    case LUA_TTHREAD: return fail(e, "a coroutine has no JSON form");
    case LOFTY_TCDATA: return fail(e, "a cdata that is not a 64-bit integer has no JSON form");
    default: return fail(e, "a userdata has no JSON form");
  }
}

/* --- arrays of lua-cjson --- */

/*
** True if the value at 'index' is the field 'name' of lua-cjson, if the program has loaded
** it.
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

/* --- encoding --- */

static inline void put (Encoder *e, char c) {
  LoftyBuf *out = e->out;
  if (out->size < out->capacity)
    out->data[out->size++] = c;
  else
    (void)lofty_buf_add_byte(out, c);
}

/* Begins a line for what stands 'depth' levels deep. */
static void add_line (Encoder *e, int depth) {
  static const char spaces[MAX_INDENT + 1] = "                ";
  int left = e->indent * depth;
  put(e, '\n');
  for (; left > 0 && e->out->status == LOFTY_OK; left -= MAX_INDENT)
    (void)lofty_buf_add(e->out, spaces, left < MAX_INDENT ? (size_t)left : MAX_INDENT);
}

/* The same if the text is indented. */
static inline void put_line (Encoder *e, int depth) {
  if (e->indent) add_line(e, depth);
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
** The size n of a table whose keys are 1 to n, in any order; -1 and a message for other
** keys.
*/
static int array_size (Encoder *e, int table) {
  lua_State *L = e->L;
  lua_Number largest = 0;
  int count = 0;
  lua_pushnil(L);
  while (lua_next(L, table)) {
    lua_Number key;
    lua_pop(L, 1);
    if (lua_type(L, -1) != LUA_TNUMBER) {
      lua_pop(L, 1);
      (void)fail(e, "an array with keys that are not numbers");
      return -1;
    }
    key = lua_tonumber(L, -1);
    if (key > largest) largest = key;
    if (key < 1) count = -1; /* stays -1 */
    count += count >= 0;
  }
  if (count >= 0 && largest == (lua_Number)count) return count;
  (void)fail(e, "an array with holes");
  return -1;
}

/* Writes the value in a slot as the array item or the member given by 'step'. */
static int encode_item (Encoder *e, Step step, int slot) {
  int done = !step.name || encode_string(e, step.name, step.size);
  if (done && step.name) {
    put(e, ':');
    if (e->indent) put(e, ' ');
  }
  if (done && encode_value(e, slot)) return 1;
  e->steps[e->depth - 1] = step;
  if (e->path_size < e->depth) e->path_size = e->depth;
  return 0;
}

/*
** Writes an array whose first key and value are on the top. As long as lua_next returns the
** items in order, no lookup is needed; from the first one out of order on, they are counted
** and looked up by index.
*/
static int encode_array (Encoder *e, int table) {
  lua_State *L = e->L;
  int key = lua_gettop(L) - 1, count;
  Step step = {NULL, 0, 1};
  put(e, '[');
  while (lua_type(L, key) == LUA_TNUMBER && lua_tonumber(L, key) == (lua_Number)step.index) {
    if (step.index > 1) put(e, ',');
    put_line(e, e->depth);
    if (!encode_item(e, step, key + 1)) return 0;
    step.index++;
    lua_pop(L, 1);
    if (!lua_next(L, table)) {
      put_line(e, e->depth - 1);
      put(e, ']');
      return 1;
    }
  }
  lua_settop(L, key - 1);
  count = array_size(e, table);
  if (count < 0) return 0;
  for (; step.index <= count; step.index++) {
    if (step.index > 1) put(e, ',');
    put_line(e, e->depth);
    lua_rawgeti(L, table, step.index);
    if (!encode_item(e, step, key)) return 0;
    lua_pop(L, 1);
  }
  put_line(e, e->depth - 1);
  put(e, ']');
  return 1;
}

static int is_before (const Member *a, const Member *b) {
  int order;
  if (a->head != b->head) return a->head < b->head;
  order = memcmp(a->name, b->name, a->size < b->size ? a->size : b->size);
  return order < 0 || (order == 0 && a->size < b->size);
}

/* Merge sort: 'spare' has room for half of the members. */
static void sort_members (Member *list, int count, Member *spare) {
  int i, j, middle = count / 2, to = 0;
  if (count <= 6) {
    for (i = 1; i < count; i++) {
      Member moving = list[i];
      for (j = i; j > 0 && is_before(&moving, &list[j - 1]); j--) list[j] = list[j - 1];
      list[j] = moving;
    }
    return;
  }
  sort_members(list, middle, spare);
  sort_members(list + middle, count - middle, spare);
  memcpy(spare, list, (size_t)middle * sizeof(*list));
  for (i = 0, j = middle; i < middle; to++)
    list[to] = j < count && is_before(&list[j], &spare[i]) ? list[j++] : spare[i++];
}

static uint64_t head_of (const char *name, size_t size) {
  const unsigned char *p = (const unsigned char *)name;
  uint64_t head = 0;
  size_t i;
  if (size >= 8) /* written out, which compilers make one instruction */
    return (uint64_t)p[0] << 56 | (uint64_t)p[1] << 48 | (uint64_t)p[2] << 40 |
           (uint64_t)p[3] << 32 | (uint64_t)p[4] << 24 | (uint64_t)p[5] << 16 |
           (uint64_t)p[6] << 8 | (uint64_t)p[7];
  for (i = 0; i < size; i++) head |= (uint64_t)p[i] << (56 - 8 * i);
  return head;
}

/* Writes the members in Lua's order; for objects too large to be sorted. */
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
    put_line(e, e->depth);
    if (!encode_item(e, step, key + 1)) return 0;
    lua_pop(L, 1);
  }
  return 1;
}

/*
** Writes an object whose first key and value are on the top. All keys and values are pushed
** and sorted by name, so that equal values give equal bytes whatever Lua's hash seed is;
** that takes about a sixth of the time.
*/
static int encode_object (Encoder *e, int table) {
  lua_State *L = e->L;
  int base = lua_gettop(L) - 2, count = 0, done = 1;
  Member *list = e->members + e->member_count;
  put(e, '{');
  do {
    Member *member = &list[count];
    if (lua_type(L, -2) != LUA_TSTRING) return fail(e, bad_key);
    if (e->member_count + count == MAX_MEMBERS) break;
    member->name = lua_tolstring(L, -2, &member->size);
    member->head = head_of(member->name, member->size);
    member->slot = base + 2 * ++count;
    if (count % 16 == 0) luaL_checkstack(L, 40, "the value needs too much of the Lua stack");
    lua_pushvalue(L, -2);
  } while (lua_next(L, table));
  if (lua_gettop(L) > base + 2 * count) {
    lua_settop(L, base);
    done = encode_unsorted(e, table);
  } else {
    int i;
    if (count > 1) sort_members(list, count, e->spare);
    e->member_count += count;
    for (i = 0; done && i < count; i++) {
      Step step;
      step.name = list[i].name;
      step.size = list[i].size;
      step.index = 0;
      if (i > 0) put(e, ',');
      put_line(e, e->depth);
      done = encode_item(e, step, list[i].slot);
    }
    e->member_count -= count;
  }
  lua_settop(L, base);
  put_line(e, e->depth - 1);
  put(e, '}');
  return done;
}

static int encode_table (Encoder *e, int table) {
  lua_State *L = e->L;
  int kind, done = 1;
  if (e->out->status != LOFTY_OK) return 0;
  if (e->depth == LOFTY_MAX_DEPTH) return fail(e, too_deep);
  luaL_checkstack(L, 48, "the value needs too much of the Lua stack");
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

/* Writes the value in the slot 'index'; 0 if it cannot be encoded. */
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
** json_encode(value [, indent]) -> text | nil, message
** 'indent' is a number of spaces, checked by lofty.json. Upvalue 1 is the metatable of arrays.
*/
int lofty_json_encode (lua_State *L) {
  Encoder e;
  lua_Integer indent;
  luaL_checkany(L, 1);
  indent = lua_type(L, 2) == LUA_TNUMBER ? lua_tointeger(L, 2) : 0;
  e.indent = indent > 0 && indent <= MAX_INDENT ? (int)indent : 0;
  lua_settop(L, 1);
  e.L = L;
  e.out = lofty_newbuf(L, LOFTY_MAX_REQUEST);
  e.depth = e.path_size = e.member_count = 0;
  e.problem = NULL;
  (void)lofty_buf_reserve(e.out, 256);
  if (!encode_value(&e, 1) && e.problem) {
    lofty_buf_free(e.out);
    lua_pushnil(L);
    push_message(&e);
    return 2;
  }
  return lofty_pushbuf(L, e.out, "the JSON text");
}
