/* SPDX-License-Identifier: MIT */
/*
** file.h - the parts of the module lofty.file, and what they share.
*/
#ifndef LOFTY_LUA_FILE_H
#define LOFTY_LUA_FILE_H

#include <errno.h>
#include <string.h>
#include <sys/file.h>

#include "compat.h"

/* nil, message, code. 'error' is a copy of errno, which calls into Lua may change. */
static inline int lofty_file_fail (lua_State *L, int error, const char *what) {
  lua_pushnil(L);
  lua_pushfstring(L, "%s: %s", what, strerror(error));
  lua_pushstring(L, error == ENOENT ? "absent" : "failed");
  return 3;
}

static inline int lofty_file_done (lua_State *L) {
  lua_pushboolean(L, 1);
  return 1;
}

/* Locks a file, without waiting; 0, or -1 and errno: EWOULDBLOCK when another process has locked it. */
static inline int lofty_flock (int fd) {
  int result;
  do result = flock(fd, LOCK_EX | LOCK_NB);
  while (result != 0 && errno == EINTR);
  return result;
}

/* process.c: adds its functions to the table on the top of the stack. */
void lofty_open_process (lua_State *L);

#endif
