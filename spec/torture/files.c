/* SPDX-License-Identifier: MIT */
/*
** files.c - the file store and the spool, with system call n failing. It is lofty.file
** with functions in the place of its system calls, and a Lua that runs files.lua, which has the
** cases and what must hold after each.
** usage: files [CASE [FAULT N [on]]]
**
** A fault is counted on the calls that can have it:
**   EIO         any call fails
**   ENOSPC      a call that may need space fails
**   EINTR       a signal interrupts a call that can wait
**   short       a read or write moves half of its bytes
**   done        any call does its work and then fails with EIO
**   end, ended  the process ends before, or after, a call
*/
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <lualib.h>

#include "lua/compat.h"

#define DESCRIPTORS 256 /* more than the cases open at once */

typedef enum Fault { EIO_BEFORE, NO_SPACE, SIGNAL, SHORT, EIO_AFTER, END_BEFORE, END_AFTER } Fault;
static const char *const fault_names[] = {"EIO",  "ENOSPC", "EINTR", "short",
                                          "done", "end",    "ended", NULL};

/* What a call can have, beside what any call can have. */
#define SPACE 1 /* NO_SPACE */
#define WAITS 2 /* SIGNAL */
#define MOVES 4 /* SHORT */

static long refused_at; /* 0: no call fails */
static int and_later;
static Fault fault;
static long asked;
static int chosen;              /* the present call has the fault */
static const char *chosen_name; /* the last call that had it; NULL: none */

/* Counts a call. The errno that it fails with instead of being made, or 0. */
static int before (const char *name, int can) {
  chosen = 0;
  if (refused_at == 0) return 0;
  if ((fault == NO_SPACE && !(can & SPACE)) || (fault == SIGNAL && !(can & WAITS)) ||
      (fault == SHORT && !(can & MOVES)))
    return 0;
  asked++;
  chosen = asked == refused_at || (and_later && asked > refused_at);
  if (!chosen) return 0;
  chosen_name = name;
  switch (fault) {
    case EIO_BEFORE: return EIO;
    case NO_SPACE: return ENOSPC;
    case SIGNAL: return EINTR;
    case END_BEFORE: _exit(EXIT_SUCCESS);
    default: return 0;
  }
}

/* The error that a call returns although it was made, or 0. */
static int after (void) {
  if (chosen && fault == END_AFTER) _exit(EXIT_SUCCESS);
  return chosen && fault == EIO_AFTER ? EIO : 0;
}

/* The bytes that a call may move. */
static size_t part (size_t size) {
  return chosen && fault == SHORT ? (size + 1) / 2 : size;
}

#define REFUSE(name, can, type, call)                                                              \
  do {                                                                                             \
    type result_;                                                                                  \
    int error_ = before(name, can);                                                                \
    if (error_ == 0) {                                                                             \
      result_ = (call);                                                                            \
      if ((error_ = after()) == 0) return result_;                                                 \
    }                                                                                              \
    errno = error_;                                                                                \
    return -1;                                                                                     \
  } while (0)

static int refused_mkdir (const char *path, mode_t mode) {
  REFUSE("mkdir", SPACE, int, mkdir(path, mode));
}

/* A descriptor of a failed open is not given to the caller, but the file may exist. */
static int opened (int fd) {
  int error = after();
  if (error == 0 || fd < 0) return fd;
  close(fd);
  errno = error;
  return -1;
}

static int refused_open (const char *path, int flags) {
  int error = before("open", WAITS);
  if (error == 0) return opened(open(path, flags));
  errno = error;
  return -1;
}

static int refused_openat (int directory, const char *name, int flags, mode_t mode) {
  int error = before("openat", flags & O_CREAT ? SPACE | WAITS : WAITS);
  if (error == 0) return opened(openat(directory, name, flags, mode));
  errno = error;
  return -1;
}

static int refused_fstat (int fd, struct stat *st) {
  REFUSE("fstat", 0, int, fstat(fd, st));
}

static int refused_fstatat (int directory, const char *name, struct stat *st, int flags) {
  REFUSE("fstatat", 0, int, fstatat(directory, name, st, flags));
}

static ssize_t refused_pread (int fd, void *bytes, size_t size, off_t at) {
  REFUSE("pread", WAITS | MOVES, ssize_t, pread(fd, bytes, part(size), at));
}

static ssize_t refused_pwrite (int fd, const void *bytes, size_t size, off_t at) {
  REFUSE("pwrite", SPACE | WAITS | MOVES, ssize_t, pwrite(fd, bytes, part(size), at));
}

static off_t refused_lseek (int fd, off_t at, int from) {
  REFUSE("lseek", 0, off_t, lseek(fd, at, from));
}

static int refused_fallocate (int fd, off_t at, off_t size) {
  int error = before("posix_fallocate", SPACE | WAITS);
  if (error == 0) error = posix_fallocate(fd, at, size);
  return error == 0 ? after() : error;
}

static int refused_ftruncate (int fd, off_t size) {
  REFUSE("ftruncate", SPACE, int, ftruncate(fd, size));
}

static int refused_fsync (int fd) {
  REFUSE("fsync", SPACE | WAITS, int, fsync(fd));
}

static int refused_flock (int fd, int operation) {
  REFUSE("flock", WAITS, int, flock(fd, operation));
}

static int refused_renameat (int from_directory, const char *from, int to_directory,
                             const char *to) {
  REFUSE("renameat", SPACE, int, renameat(from_directory, from, to_directory, to));
}

static int refused_unlinkat (int directory, const char *name, int flags) {
  REFUSE("unlinkat", 0, int, unlinkat(directory, name, flags));
}

static struct dirent *refused_readdir (DIR *stream) {
  struct dirent *entry;
  int error = before("readdir", 0);
  if (error == 0) {
    entry = readdir(stream);
    if ((error = after()) == 0) return entry;
  }
  errno = error;
  return NULL;
}

/* Linux releases the descriptor whatever close returns. */
static int refused_close (int fd) {
  int error = before("close", SPACE | WAITS), result = close(fd);
  if (error == 0) error = after();
  if (error == 0) return result;
  errno = error;
  return -1;
}

/* --- the module "torture" --- */

/* refuse(fault, n, later): call n that can have the fault has it; with 'later' all later ones too. */
static int set_fault (lua_State *L) {
  int option = luaL_checkoption(L, 1, NULL, fault_names);
  fault = (Fault)option;
  refused_at = (long)luaL_checkinteger(L, 2);
  and_later = lua_toboolean(L, 3);
  asked = 0;
  chosen_name = NULL;
  return 0;
}

/* allow() -> the name of the last call that had the fault, or nil */
static int clear_fault (lua_State *L) {
  refused_at = 0;
  lua_pushstring(L, chosen_name);
  return 1;
}

/*
** in_child(fn) -> how a child process that called fn() ended: 0 by the fault, 3 without it,
** 1 after an error, or another status
*/
static int in_child (lua_State *L) {
  int status;
  pid_t child = fork();
  if (child == 0) {
    int failed = lua_pcall(L, 0, 0, 0) != 0;
    if (failed) fprintf(stderr, "%s\n", lua_tostring(L, -1));
    _exit(failed ? 1 : 3);
  }
  if (child < 0 || waitpid(child, &status, 0) != child) return luaL_error(L, "no child process");
  lua_pushinteger(L, WIFEXITED(status) ? WEXITSTATUS(status) : -1);
  return 1;
}

/* descriptors() -> how many are open */
static int descriptors (lua_State *L) {
  int fd, count = 0;
  for (fd = 0; fd < DESCRIPTORS; fd++)
    if (fcntl(fd, F_GETFD) >= 0) count++;
  lua_pushinteger(L, count);
  return 1;
}

static const luaL_Reg torture[] = {{"refuse", set_fault},
                                   {"allow", clear_fault},
                                   {"in_child", in_child},
                                   {"descriptors", descriptors},
                                   {NULL, NULL}};

static void preload (lua_State *L, const char *name, lua_CFunction open_module) {
  lua_getglobal(L, "package");
  lua_getfield(L, -1, "preload");
  lua_pushcfunction(L, open_module);
  lua_setfield(L, -2, name);
  lua_pop(L, 2);
}

int main (int argc, char **argv) {
  lua_State *L = luaL_newstate();
  const luaL_Reg *function;
  int i, failed;
  if (!L) return 2;
  luaL_openlibs(L);
  preload(L, "lofty.core", luaopen_lofty_core);
  preload(L, "lofty.crypto", luaopen_lofty_crypto);
  preload(L, "lofty.file", luaopen_lofty_file);
  lua_newtable(L);
  for (function = torture; function->name; function++) {
    lua_pushcfunction(L, function->func);
    lua_setfield(L, -2, function->name);
  }
  lua_setglobal(L, "torture");
  failed = luaL_loadfile(L, "spec/torture/files.lua") != 0;
  for (i = 1; i < argc && !failed; i++) lua_pushstring(L, argv[i]);
  failed = failed || lua_pcall(L, argc - 1, 0, 0) != 0;
  if (failed) fprintf(stderr, "%s\n", lua_tostring(L, -1));
  lua_close(L);
  return failed;
}

/* --- lofty.file, with these functions in the place of the system's --- */

#define mkdir(path, mode) refused_mkdir(path, mode)
#define open(path, flags) refused_open(path, flags)
#define openat(...) openat_arguments(__VA_ARGS__, 0, 0) /* of three arguments or of four */
#define openat_arguments(directory, name, flags, mode, ...)                                        \
  refused_openat(directory, name, flags, mode)
#define fstat(fd, st) refused_fstat(fd, st)
#define fstatat(directory, name, st, flags) refused_fstatat(directory, name, st, flags)
#define pread(fd, bytes, size, at) refused_pread(fd, bytes, size, at)
#define pwrite(fd, bytes, size, at) refused_pwrite(fd, bytes, size, at)
#define lseek(fd, at, from) refused_lseek(fd, at, from)
#define posix_fallocate(fd, at, size) refused_fallocate(fd, at, size)
#define ftruncate(fd, size) refused_ftruncate(fd, size)
#define fsync(fd) refused_fsync(fd)
#define flock(fd, operation) refused_flock(fd, operation)
#define renameat(old, from, new, to) refused_renameat(old, from, new, to)
#define unlinkat(directory, name, flags) refused_unlinkat(directory, name, flags)
#define readdir(stream) refused_readdir(stream)
#define close(fd) refused_close(fd)

#include "lua/file.c"
