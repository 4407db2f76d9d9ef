/*
** buffer.h - what all bindings of lofty.core share: scratch buffers that Lua's
** collector releases, arguments as spans, names that are fit to be shown.
*/
#ifndef LOFTY_LUA_BUFFER_H
#define LOFTY_LUA_BUFFER_H

#include "core/buf.h"
#include "compat.h"

/* Makes the buffers' metatable; once, before any of them. */
void lofty_open_buf (lua_State *L);

/*
** Pushes a userdata that holds an empty buffer. Whatever raises from there on,
** its __gc frees the bytes, so code that uses it needs no cleanup of its own.
*/
LoftyBuf *lofty_newbuf (lua_State *L, size_t max);

/*
** Pushes the buffer's bytes as a string and frees them at once (the collector
** does not see their weight). A buffer that failed: raises when memory ran out,
** else pushes nil and "<what> is longer than <max> bytes". Returns how many
** values it pushed, so that a binding ends with 'return lofty_pushbuf(...)'.
*/
int lofty_pushbuf (lua_State *L, LoftyBuf *buf, const char *what);

/* The string argument 'index', or an argument error; numbers are not taken for strings. */
LoftySpan lofty_checkspan (lua_State *L, int index);

/* The string at 'index', which is known to be one. */
LoftySpan lofty_tospan (lua_State *L, int index);

/* Pushes a name that came from data, fit to be shown: short, one line, plain bytes. */
const char *lofty_pushshown (lua_State *L, LoftySpan name);

/* Pushes nil and "<what> at byte N"; 'at' counts from 0, N from 1. Returns 2. */
int lofty_pushbad (lua_State *L, const char *what, size_t at);

#endif
