/* SPDX-License-Identifier: MIT */
/*
** buffer.h - shared by the bindings: buffers that Lua's collector releases, string
** arguments as spans, and names made safe to show in messages.
*/
#ifndef LOFTY_LUA_BUFFER_H
#define LOFTY_LUA_BUFFER_H

#include "core/buf.h"
#include "compat.h"

/* Creates the metatable of buffers; must run before lofty_newbuf. */
void lofty_open_buf (lua_State *L);

/*
** Pushes a userdata with an empty buffer. Its __gc frees the bytes, so the caller needs no
** cleanup when something raises.
*/
LoftyBuf *lofty_newbuf (lua_State *L, size_t max);

/*
** Pushes the buffer's bytes as a string and frees them at once, since the collector does
** not know their size. If the buffer failed, raises when memory ran out, otherwise pushes
** nil and "<what> is longer than <max> bytes". Returns the number of values pushed, so that
** a binding can end with 'return lofty_pushbuf(...)'.
*/
int lofty_pushbuf (lua_State *L, LoftyBuf *buf, const char *what);

/* The string argument 'index'; raises for any other type, numbers included. */
LoftySpan lofty_checkspan (lua_State *L, int index);

/* The string at 'index', which must be a string. */
LoftySpan lofty_tospan (lua_State *L, int index);

/* Pushes a name from input, shortened and with "?" for bytes that are not printable ASCII. */
const char *lofty_pushshown (lua_State *L, LoftySpan name);

/* Pushes nil and "<what> at byte N"; 'at' counts from 0, N from 1. Returns 2. */
int lofty_pushbad (lua_State *L, const char *what, size_t at);

#endif
