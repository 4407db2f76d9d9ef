/*
** lcore.c - luaopen_lofty_core: the encodings as Lua functions, and the scratch
** buffers that all of lofty.core uses.
*/
#include "lcore.h"

#define BUF_T "lofty.buf"
#define SHOWN_NAME 60 /* how much of a name from data goes into a message */

/* --- what the bindings share --- */

static int buf_gc (lua_State *L) {
  lofty_buf_free((LoftyBuf *)luaL_checkudata(L, 1, BUF_T));
  return 0;
}

LoftyBuf *lofty_newbuf (lua_State *L, size_t max) {
  LoftyBuf *buf = (LoftyBuf *)lua_newuserdata(L, sizeof(LoftyBuf));
  lofty_buf_init(buf, max);
  luaL_getmetatable(L, BUF_T);
  lua_setmetatable(L, -2);
  return buf;
}

int lofty_pushbuf (lua_State *L, LoftyBuf *buf, const char *what) {
  if (buf->status == LOFTY_NO_MEMORY) return luaL_error(L, "not enough memory");
  if (buf->status != LOFTY_OK) {
    lofty_buf_free(buf);
    lua_pushnil(L);
    lua_pushfstring(L, "%s is longer than %d bytes", what, (int)buf->max);
    return 2;
  }
  lua_pushlstring(L, buf->size > 0 ? buf->data : "", buf->size);
  lofty_buf_free(buf);
  return 1;
}

LoftySpan lofty_checkspan (lua_State *L, int index) {
  LoftySpan span;
  luaL_checktype(L, index, LUA_TSTRING);
  span.data = lua_tolstring(L, index, &span.size);
  return span;
}

LoftySpan lofty_tospan (lua_State *L, int index) {
  LoftySpan span;
  span.data = lua_tolstring(L, index, &span.size);
  return span;
}

const char *lofty_pushshown (lua_State *L, LoftySpan name) {
  char shown[SHOWN_NAME];
  size_t i, size = name.size < SHOWN_NAME ? name.size : SHOWN_NAME;
  for (i = 0; i < size; i++) {
    unsigned char c = (unsigned char)name.data[i];
    shown[i] = c < 0x20 || c > 0x7E ? '?' : (char)c;
  }
  lua_pushlstring(L, shown, size);
  return lua_tostring(L, -1);
}

int lofty_pushbad (lua_State *L, const char *what, size_t at) {
  lua_pushnil(L);
  lua_pushfstring(L, "%s at byte %d", what, (int)at + 1);
  return 2;
}

/* --- encodings --- */

static int base64_encode (lua_State *L) {
  LoftySpan in = lofty_checkspan(L, 1);
  LoftyBuf *out = lofty_newbuf(L, LOFTY_MAX_REQUEST);
  lofty_base64_encode(out, in, LOFTY_BASE64_STANDARD);
  return lofty_pushbuf(L, out, "the text");
}

static int base64url_encode (lua_State *L) {
  LoftySpan in = lofty_checkspan(L, 1);
  LoftyBuf *out = lofty_newbuf(L, LOFTY_MAX_REQUEST);
  lofty_base64_encode(out, in, LOFTY_BASE64_URL);
  return lofty_pushbuf(L, out, "the text");
}

static int decode_base64 (lua_State *L, LoftyBase64 alphabet, const char *what) {
  LoftySpan in = lofty_checkspan(L, 1);
  LoftyBuf *out = lofty_newbuf(L, LOFTY_MAX_REQUEST);
  size_t at = 0;
  if (in.size > LOFTY_MAX_REQUEST) out->status = LOFTY_TOO_LONG;
  if (lofty_base64_decode(out, in, alphabet, &at) == LOFTY_BAD) return lofty_pushbad(L, what, at);
  return lofty_pushbuf(L, out, "the text");
}

static int base64_decode (lua_State *L) {
  return decode_base64(L, LOFTY_BASE64_STANDARD, "not Base64");
}

static int base64url_decode (lua_State *L) {
  return decode_base64(L, LOFTY_BASE64_URL, "not base64url");
}

static int percent_encode (lua_State *L) {
  LoftySpan in = lofty_checkspan(L, 1);
  LoftyBuf *out = lofty_newbuf(L, LOFTY_MAX_REQUEST);
  lofty_percent_encode(out, in);
  return lofty_pushbuf(L, out, "the text");
}

static int percent_decode (lua_State *L) {
  LoftySpan in = lofty_checkspan(L, 1);
  LoftyBuf *out = lofty_newbuf(L, LOFTY_MAX_REQUEST);
  size_t at = 0;
  if (lofty_percent_decode(out, in, 0, &at) == LOFTY_BAD)
    return lofty_pushbad(L, "a \"%\" without two hex digits", at);
  return lofty_pushbuf(L, out, "the text");
}

/* core.equal(a, b) -> boolean, in a time that tells nothing but the lengths. */
static int equal (lua_State *L) {
  lua_pushboolean(L, lofty_equal(lofty_checkspan(L, 1), lofty_checkspan(L, 2)));
  return 1;
}

static const luaL_Reg functions[] = {{"base64_decode", base64_decode},
                                     {"base64_encode", base64_encode},
                                     {"base64url_decode", base64url_decode},
                                     {"base64url_encode", base64url_encode},
                                     {"equal", equal},
                                     {"percent_decode", percent_decode},
                                     {"percent_encode", percent_encode},
                                     {NULL, NULL}};

LOFTY_EXPORT int luaopen_lofty_core (lua_State *L) {
  lofty_checkversion(L);
  if (luaL_newmetatable(L, BUF_T)) {
    lua_pushcfunction(L, buf_gc);
    lua_setfield(L, -2, "__gc");
  }
  lua_pop(L, 1);
  lofty_newlib(L, functions);
  lofty_open_params(L);
  lofty_open_grant(L);
  lofty_open_json(L);
  lofty_open_http1(L);
  return 1;
}
