/* SPDX-License-Identifier: MIT */
/*
** process.c - the functions of lofty.file about this process: its id, user and clock, its
** standard output and its working directory.
*/
#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "file.h"

#define MAX_PATH_SIZE 4096 /* bytes of the working directory's path, with its NUL */

/* file.process() -> the id of this process, which tells a forked child from its parent */
static int process (lua_State *L) {
  lua_pushinteger(L, (lua_Integer)getpid());
  return 1;
}

/* file.user() -> the effective user id of this process */
static int user (lua_State *L) {
  lua_pushinteger(L, (lua_Integer)geteuid());
  return 1;
}

/* file.monotonic() -> seconds on the monotonic clock, which setting the time of day does not change */
static int monotonic (lua_State *L) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  lua_pushnumber(L, (lua_Number)now.tv_sec + (lua_Number)now.tv_nsec / 1e9);
  return 1;
}

/* file.size_of_output() -> bytes of the file that is standard output; nil when it is not a regular file */
static int size_of_output (lua_State *L) {
  struct stat st;
  if (fstat(STDOUT_FILENO, &st) != 0 || !S_ISREG(st.st_mode))
    lua_pushnil(L);
  else
    lua_pushnumber(L, (lua_Number)st.st_size); /* exact up to 2^53 bytes */
  return 1;
}

/*
** file.cut_output(size) -> true | nil, message, code
** Cuts the file that is standard output to 'size' bytes and goes on writing at its end.
*/
static int cut_output (lua_State *L) {
  lua_Number size = luaL_checknumber(L, 1);
  luaL_argcheck(L, size >= 0 && size < 9007199254740992.0, 1, "out of range");
  if (ftruncate(STDOUT_FILENO, (off_t)size) != 0 || lseek(STDOUT_FILENO, 0, SEEK_END) < 0)
    return lofty_file_fail(L, errno, "standard output cannot be cut");
  return lofty_file_done(L);
}

/*
** file.lock_output() -> true | false (another process has locked it) | nil, message, code
** Locks the file that is standard output; it stays locked until it is closed.
*/
static int lock_output (lua_State *L) {
  int held = lofty_flock(STDOUT_FILENO) == 0;
  if (!held && errno != EWOULDBLOCK)
    return lofty_file_fail(L, errno, "standard output cannot be locked");
  lua_pushboolean(L, held);
  return 1;
}

/*
** file.working_directory(pwd) -> path | nil, message, code
** 'pwd', the value of PWD or nil, keeps the symbolic links by which a shell came there. Another
** process may have changed the directory without it, so it is only used when it names this directory.
*/
static int working_directory (lua_State *L) {
  const char *logical = luaL_optstring(L, 1, NULL);
  char path[MAX_PATH_SIZE];
  struct stat named, here;
  if (logical && logical[0] == '/' && stat(logical, &named) == 0 && stat(".", &here) == 0 &&
      named.st_dev == here.st_dev && named.st_ino == here.st_ino) {
    lua_pushstring(L, logical);
    return 1;
  }
  if (!getcwd(path, sizeof path))
    return lofty_file_fail(L, errno, "the working directory is not known");
  lua_pushstring(L, path);
  return 1;
}

void lofty_open_process (lua_State *L) {
  static const luaL_Reg functions[] = {{"process", process},
                                       {"user", user},
                                       {"monotonic", monotonic},
                                       {"size_of_output", size_of_output},
                                       {"cut_output", cut_output},
                                       {"lock_output", lock_output},
                                       {"working_directory", working_directory},
                                       {NULL, NULL}};
  lofty_setfuncs(L, functions, 0);
}
