/*
** file.c - lofty.file: what plain Lua cannot say of files: private ones, locks,
** and writes that last. Which file, and in which order, is Lua's to decide.
**
** What the world refuses comes back as nil, message, code; the code is "absent",
** "unsafe" (others could reach it) or "failed".
*/
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "core/limits.h"
#include "compat.h"

#define FILE_T "lofty.file"
#define DIRECTORY_T "lofty.directory"

#define NAME_ROOM 64      /* of a temporary file's name */
#define NAME_ATTEMPTS 100 /* names tried before it is said that none is free */
#define TEMPORARY ".lofty-%ld-%lx-%lx.tmp"
#define OTHERS (S_IRWXG | S_IRWXO)

typedef struct File {
  int fd;      /* -1: closed */
  pid_t owner; /* the process that took the lock, 0: none */
} File;

typedef struct Directory {
  int fd;    /* -1: closed */
  DIR *list; /* open only while list() runs, here so that an error in it leaks nothing */
} Directory;

/* nil, message, code. errno is taken as an argument, since Lua may change it. */
static int fail (lua_State *L, int error, const char *what) {
  lua_pushnil(L);
  lua_pushfstring(L, "%s: %s", what, strerror(error));
  lua_pushstring(L, error == ENOENT ? "absent" : "failed");
  return 3;
}

static int done (lua_State *L) {
  lua_pushboolean(L, 1);
  return 1;
}

/*
** True if 'st' is what it should be, belongs to us, and nobody else can read
** or change it; else pushes nil, message, code.
*/
static int is_private (lua_State *L, const struct stat *st, int directory) {
  const char *kind = directory ? "directory" : "regular file";
  unsigned mode = (unsigned)st->st_mode & 07777u;
  char why[128];
  if (directory ? !S_ISDIR(st->st_mode) : !S_ISREG(st->st_mode))
    snprintf(why, sizeof why, "it is no %s", kind);
  else if (st->st_uid != geteuid())
    snprintf(why, sizeof why, "it belongs to user %lu, and this process runs as user %lu",
             (unsigned long)st->st_uid, (unsigned long)geteuid());
  else if (st->st_mode & OTHERS)
    snprintf(why, sizeof why, "others can reach it (mode %04o); chmod %s makes it private", mode,
             directory ? "700" : "600");
  else
    return 1;
  lua_pushnil(L);
  lua_pushstring(L, why);
  lua_pushliteral(L, "unsafe");
  return 0;
}

/* --- handles: made closed, so that whatever raises leaves something to collect --- */

static File *new_file (lua_State *L) {
  File *file = (File *)lua_newuserdata(L, sizeof(File));
  file->fd = -1;
  file->owner = 0;
  luaL_getmetatable(L, FILE_T);
  lua_setmetatable(L, -2);
  return file;
}

static File *check_file (lua_State *L) {
  File *file = (File *)luaL_checkudata(L, 1, FILE_T);
  if (file->fd < 0) luaL_error(L, "attempt to use a closed file");
  return file;
}

static Directory *check_directory (lua_State *L) {
  Directory *dir = (Directory *)luaL_checkudata(L, 1, DIRECTORY_T);
  if (dir->fd < 0) luaL_error(L, "attempt to use a closed directory");
  return dir;
}

/*
** A lock belongs to the open file, and a forked child has that too: it is given
** back in so many words, but only by its taker.
*/
static void file_release (File *file) {
  if (file->fd < 0) return;
  if (file->owner == getpid()) flock(file->fd, LOCK_UN);
  close(file->fd);
  file->fd = -1;
  file->owner = 0;
}

static void directory_release (Directory *dir) {
  if (dir->list) closedir(dir->list);
  if (dir->fd >= 0) close(dir->fd);
  dir->list = NULL;
  dir->fd = -1;
}

/*
** nil, message, code, for a file that nobody gets: closed at once, since whoever
** asks again and again would run out of descriptors before the collector comes.
*/
static int fail_file (lua_State *L, File *file, int error, const char *what) {
  file_release(file);
  return fail(L, error, what);
}

/* A plain name inside the directory: no path, no NUL. */
static const char *check_name (lua_State *L, int arg) {
  size_t size;
  const char *name = luaL_checklstring(L, arg, &size);
  luaL_argcheck(L, size > 0 && strlen(name) == size && !strchr(name, '/'), arg,
                "not a file's name");
  luaL_argcheck(L, strcmp(name, ".") != 0 && strcmp(name, "..") != 0, arg, "not a file's name");
  return name;
}

static int flock_now (int fd) {
  int result;
  do result = flock(fd, LOCK_EX | LOCK_NB);
  while (result != 0 && errno == EINTR);
  return result;
}

/* --- a file --- */

/* file:close() -> true; idempotent */
static int file_close (lua_State *L) {
  file_release((File *)luaL_checkudata(L, 1, FILE_T));
  return done(L);
}

/* file:read() -> the whole contents | nil, message, code */
static int file_read (lua_State *L) {
  File *file = check_file(L);
  struct stat st;
  size_t size, got = 0;
  char *bytes;
  if (fstat(file->fd, &st) != 0) return fail(L, errno, "cannot be read");
  if (st.st_size < 0 || (uintmax_t)st.st_size > LOFTY_MAX_STORED)
    return fail(L, EFBIG, "cannot be read");
  size = (size_t)st.st_size;
  bytes = (char *)lua_newuserdata(L, size + 1);
  while (got < size) {
    ssize_t n = pread(file->fd, bytes + got, size - got, (off_t)got);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return fail(L, errno, "cannot be read");
    if (n == 0) break;
    got += (size_t)n;
  }
  lua_pushlstring(L, bytes, got);
  return 1;
}

/* file:write(bytes) -> true | nil, message, code; all of them, at the end */
static int file_write (lua_State *L) {
  File *file = check_file(L);
  size_t size, put = 0;
  const char *bytes = luaL_checklstring(L, 2, &size);
  if (size > LOFTY_MAX_STORED) return fail(L, EFBIG, "cannot be written");
  while (put < size) {
    ssize_t n = write(file->fd, bytes + put, size - put);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return fail(L, n < 0 ? errno : EIO, "cannot be written");
    put += (size_t)n;
  }
  return done(L);
}

/*
** file:sync() -> true | nil, message, code. Never repeated here: after a failure
** the kernel may have dropped the pages and would say yes to the next one.
*/
static int file_sync (lua_State *L) {
  File *file = check_file(L);
  if (fsync(file->fd) != 0) return fail(L, errno, "cannot be made to last (fsync)");
  return done(L);
}

/* file:lock() -> true | false (another open file has it) | nil, message, code; never waits */
static int file_lock (lua_State *L) {
  File *file = check_file(L);
  int held = flock_now(file->fd) == 0;
  if (!held && errno != EWOULDBLOCK) return fail(L, errno, "cannot be locked (flock)");
  if (held) file->owner = getpid();
  lua_pushboolean(L, held);
  return 1;
}

/* --- a directory --- */

/* directory:close() -> true; idempotent */
static int directory_close (lua_State *L) {
  directory_release((Directory *)luaL_checkudata(L, 1, DIRECTORY_T));
  return done(L);
}

/* Makes the entry of a new directory last, where its parent may be opened. */
static int sync_parent (int fd) {
  int parent = openat(fd, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  int error = 0;
  if (parent < 0) return errno == EACCES ? 0 : errno;
  if (fsync(parent) != 0 && errno != EINVAL) error = errno;
  close(parent);
  return error;
}

/*
** file.directory(path [, create]) -> directory | nil, message, code
** Only the last part of the path is ever created. A link may lead to it; what
** counts is that the directory itself is ours alone.
*/
static int open_directory (lua_State *L) {
  size_t size;
  const char *path = luaL_checklstring(L, 1, &size);
  int create = lua_toboolean(L, 2), made = 0;
  Directory *dir;
  struct stat st;
  luaL_argcheck(L, size > 0 && strlen(path) == size, 1, "not a path");
  dir = (Directory *)lua_newuserdata(L, sizeof(Directory));
  dir->fd = -1;
  dir->list = NULL;
  luaL_getmetatable(L, DIRECTORY_T);
  lua_setmetatable(L, -2);
  if (create) {
    made = mkdir(path, S_IRWXU) == 0;
    if (!made && errno != EEXIST) return fail(L, errno, "cannot be created");
  }
  dir->fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (dir->fd < 0) return fail(L, errno, "cannot be opened");
  if (fstat(dir->fd, &st) != 0) return fail(L, errno, "cannot be opened");
  if (!is_private(L, &st, 1)) {
    directory_release(dir);
    return 3;
  }
  if (made) {
    int error = sync_parent(dir->fd);
    if (error != 0) return fail(L, error, "cannot be made to last (fsync of its parent)");
  }
  return 1;
}

/* Opens and looks: pushes the file and returns it, or pushes nil, message, code and returns NULL. */
static File *open_private (lua_State *L, Directory *dir, const char *name, int flags) {
  File *file = new_file(L);
  struct stat st;
  /* O_NONBLOCK: a FIFO in its place must not hang us */
  file->fd = openat(dir->fd, name, flags | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY,
                    S_IRUSR | S_IWUSR);
  if (file->fd < 0 && errno == ELOOP) {
    lua_pushnil(L);
    lua_pushliteral(L, "it is a symbolic link");
    lua_pushliteral(L, "unsafe");
    return NULL;
  }
  if (file->fd < 0 || fstat(file->fd, &st) != 0) {
    fail_file(L, file, errno, "cannot be opened");
    return NULL;
  }
  if (is_private(L, &st, 0)) return file;
  file_release(file);
  return NULL;
}

/*
** directory:open(name, "read" | "create") -> file | nil, message, code
** "create" opens for reading and writing, and makes the file if it is absent. Links
** are not followed; a file that others can reach is refused.
*/
static int directory_open (lua_State *L) {
  static const char *const modes[] = {"read", "create", NULL};
  static const int flags[] = {O_RDONLY, O_RDWR | O_CREAT};
  Directory *dir = check_directory(L);
  const char *name = check_name(L, 2);
  return open_private(L, dir, name, flags[luaL_checkoption(L, 3, NULL, modes)]) ? 1 : 3;
}

/* false, for a file that somebody else has. */
static int not_ours (lua_State *L, File *file) {
  file_release(file);
  lua_pushboolean(L, 0);
  return 1;
}

/*
** directory:claim(name [, create]) -> file | false (somebody has it) | nil, message, code
** Whoever writes a file and then renames it holds its lock meanwhile; so who gets
** the lock, and finds that the name still leads to the same file, has a file that
** nobody works on. With 'create' it is made if absent, and emptied.
*/
static int directory_claim (lua_State *L) {
  Directory *dir = check_directory(L);
  const char *name = check_name(L, 2);
  int create = lua_toboolean(L, 3);
  File *file = open_private(L, dir, name, create ? O_RDWR | O_CREAT : O_RDWR);
  struct stat ours, theirs;
  if (!file) return 3;
  if (flock_now(file->fd) != 0) {
    if (errno != EWOULDBLOCK) return fail_file(L, file, errno, "cannot be locked (flock)");
    return not_ours(L, file);
  }
  file->owner = getpid();
  if (fstat(file->fd, &ours) != 0) return fail_file(L, file, errno, "cannot be opened");
  if (fstatat(dir->fd, name, &theirs, AT_SYMLINK_NOFOLLOW) != 0 || ours.st_ino != theirs.st_ino ||
      ours.st_dev != theirs.st_dev)
    return not_ours(L, file);
  if (create && ftruncate(file->fd, 0) != 0) return fail_file(L, file, errno, "cannot be written");
  return 1;
}

/*
** directory:create() -> file, name | nil, message, code
** A new temporary file, private and locked: the lock tells whoever tidies up that
** its writer lives. One who tidied between open and flock has locked or unlinked
** it; then the next name is tried.
*/
static int directory_create (lua_State *L) {
  static unsigned long count = 0;
  Directory *dir = check_directory(L);
  File *file = new_file(L);
  int attempt;
  for (attempt = 0; attempt < NAME_ATTEMPTS; attempt++) {
    char name[NAME_ROOM];
    struct timespec now;
    struct stat st;
    clock_gettime(CLOCK_REALTIME, &now);
    snprintf(name, sizeof name, TEMPORARY, (long)getpid(), (unsigned long)now.tv_nsec, count++);
    file->fd = openat(dir->fd, name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
                      S_IRUSR | S_IWUSR);
    if (file->fd < 0 && errno == EEXIST) continue;
    if (file->fd < 0) return fail(L, errno, "no file can be created in it");
    if (flock_now(file->fd) != 0) {
      if (errno != EWOULDBLOCK) {
        int error = errno;
        unlinkat(dir->fd, name, 0);
        return fail_file(L, file, error, "no file can be locked in it (flock)");
      }
    } else if (fstat(file->fd, &st) == 0 && st.st_nlink > 0) {
      file->owner = getpid();
      lua_pushstring(L, name);
      return 2;
    }
    close(file->fd);
    file->fd = -1;
  }
  return fail(L, EEXIST, "no file can be created in it");
}

/* directory:rename(from, to) -> true | nil, message, code; 'to' is replaced at one stroke */
static int directory_rename (lua_State *L) {
  Directory *dir = check_directory(L);
  const char *from = check_name(L, 2);
  const char *to = check_name(L, 3);
  if (renameat(dir->fd, from, dir->fd, to) != 0) return fail(L, errno, "cannot be replaced");
  return done(L);
}

/* directory:unlink(name) -> true | nil, message, code */
static int directory_unlink (lua_State *L) {
  Directory *dir = check_directory(L);
  const char *name = check_name(L, 2);
  if (unlinkat(dir->fd, name, 0) != 0) return fail(L, errno, "cannot be deleted");
  return done(L);
}

/* directory:sync() -> true | nil, message, code. EINVAL: this file system has no such thing. */
static int directory_sync (lua_State *L) {
  Directory *dir = check_directory(L);
  if (fsync(dir->fd) != 0 && errno != EINVAL)
    return fail(L, errno, "cannot be made to last (fsync of the directory)");
  return done(L);
}

/* directory:list() -> array of all names but . and .. | nil, message, code */
static int directory_list (lua_State *L) {
  Directory *dir = check_directory(L);
  int count = 0, fd;
  if (dir->list) closedir(dir->list); /* an error in the last one left it open */
  dir->list = NULL;
  fd = openat(dir->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return fail(L, errno, "cannot be listed");
  dir->list = fdopendir(fd);
  if (!dir->list) {
    int error = errno;
    close(fd);
    return fail(L, error, "cannot be listed");
  }
  lua_newtable(L);
  for (;;) {
    struct dirent *entry;
    errno = 0;
    entry = readdir(dir->list);
    if (!entry) break;
    if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
    lua_pushstring(L, entry->d_name);
    lua_rawseti(L, -2, ++count);
  }
  {
    int error = errno;
    closedir(dir->list);
    dir->list = NULL;
    return error == 0 ? 1 : fail(L, error, "cannot be listed");
  }
}

/* --- the module --- */

/* file.process() -> the number of this process: a fork inherits handles and what Lua knows of them */
static int process (lua_State *L) {
  lua_pushinteger(L, (lua_Integer)getpid());
  return 1;
}

/* file.monotonic() -> seconds on a clock that nobody sets */
static int monotonic (lua_State *L) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  lua_pushnumber(L, (lua_Number)now.tv_sec + (lua_Number)now.tv_nsec / 1e9);
  return 1;
}

static const luaL_Reg file_methods[] = {{"read", file_read},   {"write", file_write},
                                        {"sync", file_sync},   {"lock", file_lock},
                                        {"close", file_close}, {NULL, NULL}};

static const luaL_Reg directory_methods[] = {
    {"open", directory_open},     {"claim", directory_claim},   {"create", directory_create},
    {"rename", directory_rename}, {"unlink", directory_unlink}, {"sync", directory_sync},
    {"list", directory_list},     {"close", directory_close},   {NULL, NULL}};

static const luaL_Reg functions[] = {
    {"directory", open_directory}, {"process", process}, {"monotonic", monotonic}, {NULL, NULL}};

/* A type whose close is also what the collector and a "local x <close>" call. */
static void new_type (lua_State *L, const char *name, const luaL_Reg *methods,
                      lua_CFunction close_handle) {
  luaL_newmetatable(L, name);
  lua_pushcfunction(L, close_handle);
  lua_setfield(L, -2, "__gc");
  lua_pushcfunction(L, close_handle);
  lua_setfield(L, -2, "__close");
  lua_pushstring(L, name);
  lua_setfield(L, -2, "__name");
  lofty_newlib(L, methods);
  lua_setfield(L, -2, "__index");
  lua_pop(L, 1);
}

LOFTY_EXPORT int luaopen_lofty_file (lua_State *L) {
  lofty_checkversion(L);
  new_type(L, FILE_T, file_methods, file_close);
  new_type(L, DIRECTORY_T, directory_methods, directory_close);
  lofty_newlib(L, functions);
  return 1;
}
