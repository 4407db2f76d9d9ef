/* SPDX-License-Identifier: MIT */
/*
** encodings.c - Lua functions for Base64, percent-encoding, whole numbers and comparison in constant time.
*/
#include "core/ascii.h"
#include "core/base64.h"
#include "core/limits.h"
#include "core/uri.h"
#include "buffer.h"
#include "core.h"

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

/* core.equal(a, b) -> boolean; the time taken depends only on the lengths. */
static int equal (lua_State *L) {
  lua_pushboolean(L, lofty_equal(lofty_checkspan(L, 1), lofty_checkspan(L, 2)));
  return 1;
}

#define WHOLE_DIGITS 15 /* every Lua holds such a number exactly */

/*
** core.whole_number(text) -> number | nil: more than 15 digits | false: not digits alone, or no text.
** (tonumber also takes signs, white space, fractions and hexadecimal digits.)
*/
static int whole_number (lua_State *L) {
  LoftySpan in = {NULL, 0};
  int64_t number = 0;
  size_t i;
  if (lua_isstring(L, 1)) in.data = lua_tolstring(L, 1, &in.size);
  for (i = 0; i < in.size && lofty_is_digit(in.data[i]); i++)
    if (i < WHOLE_DIGITS) number = 10 * number + (in.data[i] - '0');
  if (in.size == 0 || i < in.size)
    lua_pushboolean(L, 0);
  else if (in.size > WHOLE_DIGITS)
    lua_pushnil(L);
  else
    lofty_pushint64(L, number);
  return 1;
}

static const luaL_Reg functions[] = {{"base64_decode", base64_decode},
                                     {"base64_encode", base64_encode},
                                     {"base64url_decode", base64url_decode},
                                     {"base64url_encode", base64url_encode},
                                     {"equal", equal},
                                     {"percent_decode", percent_decode},
                                     {"percent_encode", percent_encode},
                                     {"whole_number", whole_number},
                                     {NULL, NULL}};

void lofty_open_encodings (lua_State *L) {
  lofty_setfuncs(L, functions, 0);
}
