/* SPDX-License-Identifier: MIT */
/*
** buffer.c - a LoftyBuf in a userdata, and Lua strings as spans.
*/
#include "buffer.h"

#define BUF_T "lofty.buf"
#define MAX_SHOWN_NAME 60 /* bytes of a name from input that a message shows */

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
  char shown[MAX_SHOWN_NAME];
  size_t i, size = name.size < MAX_SHOWN_NAME ? name.size : MAX_SHOWN_NAME;
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

void lofty_open_buf (lua_State *L) {
  luaL_newmetatable(
      L, BUF_T); /* it may exist already: an earlier load can have run out of memory here */
  lua_pushcfunction(L, buf_gc);
  lua_setfield(L, -2, "__gc");
  lua_pop(L, 1);
}
