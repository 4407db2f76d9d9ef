/* SPDX-License-Identifier: MIT */
/*
** file.c - lofty.file: private files, file locks and durable writes, which plain
** Lua does not have. lofty.store.file decides which file is used when.
**
** Failures of the system are returned as nil, message, code. The code is "absent"
** (no such file), "owner" (it belongs to another user), "mode" (other users may
** read or write it), "unsafe" (it is a link or no regular file) or "failed".
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

#include "core/held_signal.h"
#include "core/limits.h"
#include "file.h"

#define FILE_T "lofty.file"
#define DIRECTORY_T "lofty.directory"
#define LISTING_T "lofty.listing"

#define NAME_ROOM 64      /* bytes of a temporary file's name */
#define NAME_ATTEMPTS 100 /* temporary names to try before giving up */
#define TEMPORARY ".lofty-%ld-%lx-%lx.tmp"
#define OTHERS (S_IRWXG | S_IRWXO)

typedef struct File {
  int fd;      /* -1: closed */
  pid_t owner; /* the process that locked the file; 0: not locked */
} File;

typedef struct Directory {
  int fd; /* -1: closed */
} Directory;

/* The directory stream of one list() call; a userdata, so that an error in between leaks nothing. */
typedef struct Listing {
  DIR *stream; /* NULL: closed */
} Listing;

static int refuse (lua_State *L, const char *message, const char *code) {
  lua_pushnil(L);
  lua_pushstring(L, message);
  lua_pushstring(L, code);
  return 0;
}

/*
** True if 'st' has the right type, belongs to us, and no other user can read or
** change it; else pushes nil, message, code.
*/
static int is_private (lua_State *L, const struct stat *st, int directory) {
  char why[128];
  if (directory ? !S_ISDIR(st->st_mode) : !S_ISREG(st->st_mode))
    return refuse(L, directory ? "it is not a directory" : "it is not a regular file", "unsafe");
  if (st->st_uid != geteuid()) {
    (void)snprintf(why, sizeof why, "it belongs to user %lu, and this process runs as user %lu",
                   (unsigned long)st->st_uid, (unsigned long)geteuid());
    return refuse(L, why, "owner");
  }
  if (st->st_mode & OTHERS) {
    (void)snprintf(why, sizeof why, "other users can reach it (mode %04o)",
                   (unsigned)st->st_mode & 07777u);
    return refuse(L, why, "mode");
  }
  return 1;
}

/* --- handles: created closed, so that __gc can release them whatever raises --- */

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
** A flock lock belongs to the open file, which forked children share. So the
** process that locked it unlocks explicitly: closing would leave the lock to a
** child that still has the descriptor. A child must not unlock it.
*/
static void file_release (File *file) {
  if (file->fd < 0) return;
  if (file->owner == getpid()) flock(file->fd, LOCK_UN);
  close(file->fd);
  file->fd = -1;
  file->owner = 0;
}

static void directory_release (Directory *dir) {
  if (dir->fd >= 0) close(dir->fd);
  dir->fd = -1;
}

/*
** nil, message, code, and closes the file at once: a caller that retries would run
** out of descriptors before the garbage collector runs.
*/
static int fail_file (lua_State *L, File *file, int error, const char *what) {
  file_release(file);
  return lofty_file_fail(L, error, what);
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

/* --- a file --- */

/* file:close() -> true; idempotent */
static int file_close (lua_State *L) {
  file_release((File *)luaL_checkudata(L, 1, FILE_T));
  return lofty_file_done(L);
}

/* file:read([max]) -> the whole contents, at most 'max' bytes | nil, message, code */
static int file_read (lua_State *L) {
  File *file = check_file(L);
  lua_Number max = luaL_optnumber(L, 2, (lua_Number)LOFTY_MAX_STORED);
  struct stat st;
  size_t size, got = 0;
  char *bytes;
  luaL_argcheck(L, max >= 0 && max <= (lua_Number)LOFTY_MAX_REQUEST, 2, "out of range");
  if (fstat(file->fd, &st) != 0) return lofty_file_fail(L, errno, "cannot be read");
  if (st.st_size < 0 || (uintmax_t)st.st_size > (uintmax_t)max)
    return lofty_file_fail(L, EFBIG, "cannot be read");
  size = (size_t)st.st_size;
  bytes = (char *)lua_newuserdata(L, size + 1);
  while (got < size) {
    ssize_t n = pread(file->fd, bytes + got, size - got, (off_t)got);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return lofty_file_fail(L, errno, "cannot be read");
    if (n == 0) break;
    got += (size_t)n;
  }
  lua_pushlstring(L, bytes, got);
  return 1;
}

/* 0, or errno. */
static int allocate (int fd, off_t size) {
#if defined(_POSIX_ADVISORY_INFO) && _POSIX_ADVISORY_INFO > 0
  int error;
  do error = posix_fallocate(fd, 0, size);
  while (error == EINTR);
  return error == EOPNOTSUPP || error == EINVAL ? 0 : error;
#else
  (void)fd;
  (void)size;
  return 0;
#endif
}

/*
** file:allocate(size) -> true | nil, message, code
** Allocates disk space for 'size' bytes; the file gets that size, filled with zeros.
** Where the file system has no such operation this does nothing.
*/
static int file_allocate (lua_State *L) {
  File *file = check_file(L);
  lua_Integer size = luaL_checkinteger(L, 2);
  LoftyHeldSignal held;
  int error;
  luaL_argcheck(L, size > 0 && (size_t)size <= LOFTY_MAX_STORED, 2, "out of range");
  lofty_hold_signal(&held, SIGXFSZ);
  error = allocate(file->fd, (off_t)size);
  lofty_release_signal(&held);
  return error == 0 ? lofty_file_done(L) : lofty_file_fail(L, error, "no space can be allocated");
}

/* Writes from 'at' on; 0, or errno. */
static int write_bytes (int fd, const char *bytes, size_t size, off_t at) {
  LoftyHeldSignal held;
  size_t put = 0;
  int error = 0;
  lofty_hold_signal(&held, SIGXFSZ);
  while (put < size && error == 0) {
    ssize_t n = pwrite(fd, bytes + put, size - put, at + (off_t)put);
    if (n > 0)
      put += (size_t)n;
    else if (n == 0 || errno != EINTR)
      error = n < 0 ? errno : EIO;
  }
  lofty_release_signal(&held);
  return error;
}

/* file:write(bytes) -> true | nil, message, code. They become the whole contents of the file. */
static int file_write (lua_State *L) {
  File *file = check_file(L);
  size_t size;
  const char *bytes = luaL_checklstring(L, 2, &size);
  int error;
  if (size > LOFTY_MAX_STORED) return lofty_file_fail(L, EFBIG, "cannot be written");
  error = write_bytes(file->fd, bytes, size, 0);
  if (error == 0 && ftruncate(file->fd, (off_t)size) != 0) error = errno;
  return error == 0 ? lofty_file_done(L) : lofty_file_fail(L, error, "cannot be written");
}

/* file:append(bytes) -> true | nil, message, code. A failure may leave a part of the bytes at the end. */
static int file_append (lua_State *L) {
  File *file = check_file(L);
  size_t size;
  const char *bytes = luaL_checklstring(L, 2, &size);
  off_t end = lseek(file->fd, 0, SEEK_END);
  int error = end < 0 ? errno : write_bytes(file->fd, bytes, size, end);
  return error == 0 ? lofty_file_done(L) : lofty_file_fail(L, error, "cannot be written");
}

/*
** file:sync() -> true | nil, message, code. Not repeated after a failure: the kernel
** may have dropped the unwritten pages, and a second fsync would succeed without them.
*/
static int file_sync (lua_State *L) {
  File *file = check_file(L);
  if (fsync(file->fd) != 0) return lofty_file_fail(L, errno, "cannot be written to disk (fsync)");
  return lofty_file_done(L);
}

/* file:lock() -> true | false (another open file has the lock) | nil, message, code; never waits */
static int file_lock (lua_State *L) {
  File *file = check_file(L);
  int held = lofty_flock(file->fd) == 0;
  if (!held && errno != EWOULDBLOCK) return lofty_file_fail(L, errno, "cannot be locked (flock)");
  if (held) file->owner = getpid();
  lua_pushboolean(L, held);
  return 1;
}

/* --- a directory --- */

/* directory:close() -> true; idempotent */
static int directory_close (lua_State *L) {
  directory_release((Directory *)luaL_checkudata(L, 1, DIRECTORY_T));
  return lofty_file_done(L);
}

/* Writes the entry of a new directory to disk, if its parent may be opened. */
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
** Only the last part of the path is created. The path may contain symbolic links;
** the directory itself must be private.
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
  luaL_getmetatable(L, DIRECTORY_T);
  lua_setmetatable(L, -2);
  if (create) {
    made = mkdir(path, S_IRWXU) == 0;
    if (!made && errno != EEXIST) return lofty_file_fail(L, errno, "cannot be created");
  }
  dir->fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (dir->fd < 0) return lofty_file_fail(L, errno, "cannot be opened");
  if (fstat(dir->fd, &st) != 0) return lofty_file_fail(L, errno, "cannot be opened");
  if (!is_private(L, &st, 1)) {
    directory_release(dir);
    return 3;
  }
  if (made) {
    int error = sync_parent(dir->fd);
    if (error != 0)
      return lofty_file_fail(L, error, "cannot be written to disk (fsync of its parent)");
  }
  return 1;
}

/* Opens a private file and pushes it; or pushes nil, message, code and returns NULL. */
static File *open_private (lua_State *L, Directory *dir, const char *name, int flags) {
  File *file = new_file(L);
  struct stat st;
  /* O_NONBLOCK: if it is a FIFO, open must not wait */
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
** "create" opens for reading and writing, and creates the file if it is absent. Links
** are not followed; a file that is not private is refused.
*/
static int directory_open (lua_State *L) {
  static const char *const modes[] = {"read", "create", NULL};
  static const int flags[] = {O_RDONLY, O_RDWR | O_CREAT};
  Directory *dir = check_directory(L);
  const char *name = check_name(L, 2);
  return open_private(L, dir, name, flags[luaL_checkoption(L, 3, NULL, modes)]) ? 1 : 3;
}

/* false: another process has the file. */
static int not_ours (lua_State *L, File *file) {
  file_release(file);
  lua_pushboolean(L, 0);
  return 1;
}

/*
** directory:claim(name [, create]) -> file | false (another process has it) | nil, message, code
** Locks a file that its writer keeps locked until it has renamed it. After the lock
** is taken, the name must still lead to the same file: then no writer uses it. With
** 'create' the file is created if absent, and emptied.
*/
static int directory_claim (lua_State *L) {
  Directory *dir = check_directory(L);
  const char *name = check_name(L, 2);
  int create = lua_toboolean(L, 3);
  File *file = open_private(L, dir, name, create ? O_RDWR | O_CREAT : O_RDWR);
  struct stat ours, theirs;
  if (!file) return 3;
  if (lofty_flock(file->fd) != 0) {
    if (errno != EWOULDBLOCK) return fail_file(L, file, errno, "cannot be locked (flock)");
    return not_ours(L, file);
  }
  file->owner = getpid();
  if (fstat(file->fd, &ours) != 0) return fail_file(L, file, errno, "cannot be opened");
  if (fstatat(dir->fd, name, &theirs, AT_SYMLINK_NOFOLLOW) != 0) {
    if (errno != ENOENT) return fail_file(L, file, errno, "cannot be opened");
    return not_ours(L, file);
  }
  if (ours.st_ino != theirs.st_ino || ours.st_dev != theirs.st_dev) return not_ours(L, file);
  if (create && ftruncate(file->fd, 0) != 0) return fail_file(L, file, errno, "cannot be written");
  return 1;
}

/*
** directory:create() -> file, name | nil, message, code
** A new temporary file, private and locked. The lock says that its writer still
** runs. If another process locked or unlinked it between open and flock, the next
** name is tried.
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
    (void)snprintf(name, sizeof name, TEMPORARY, (long)getpid(), (unsigned long)now.tv_nsec,
                   count++);
    file->fd = openat(dir->fd, name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
                      S_IRUSR | S_IWUSR);
    if (file->fd < 0 && errno == EEXIST) continue;
    if (file->fd < 0) return lofty_file_fail(L, errno, "no file can be created in it");
    if (lofty_flock(file->fd) != 0) {
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
  return lofty_file_fail(L, EEXIST, "no file can be created in it");
}

/* directory:rename(from, to) -> true | nil, message, code; replaces 'to' atomically */
static int directory_rename (lua_State *L) {
  Directory *dir = check_directory(L);
  const char *from = check_name(L, 2);
  const char *to = check_name(L, 3);
  if (renameat(dir->fd, from, dir->fd, to) != 0)
    return lofty_file_fail(L, errno, "cannot be replaced");
  return lofty_file_done(L);
}

/* directory:unlink(name) -> true | nil, message, code */
static int directory_unlink (lua_State *L) {
  Directory *dir = check_directory(L);
  const char *name = check_name(L, 2);
  if (unlinkat(dir->fd, name, 0) != 0) return lofty_file_fail(L, errno, "cannot be deleted");
  return lofty_file_done(L);
}

/* directory:sync() -> true | nil, message, code. EINVAL: the file system cannot sync directories. */
static int directory_sync (lua_State *L) {
  Directory *dir = check_directory(L);
  if (fsync(dir->fd) != 0 && errno != EINVAL)
    return lofty_file_fail(L, errno, "cannot be written to disk (fsync of the directory)");
  return lofty_file_done(L);
}

static void listing_release (Listing *listing) {
  if (listing->stream) closedir(listing->stream);
  listing->stream = NULL;
}

static int listing_close (lua_State *L) {
  listing_release((Listing *)luaL_checkudata(L, 1, LISTING_T));
  return 0;
}

/*
** directory:list([ending]) -> array of names | nil, message, code
** All names but . and ..; or those with the ending, without it.
*/
static int directory_list (lua_State *L) {
  Directory *dir = check_directory(L);
  size_t ending_size;
  const char *ending = luaL_optlstring(L, 2, "", &ending_size);
  Listing *listing = (Listing *)lua_newuserdata(L, sizeof(Listing));
  int count = 0, fd, error;
  listing->stream = NULL;
  luaL_getmetatable(L, LISTING_T);
  lua_setmetatable(L, -2);
  fd = openat(dir->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return lofty_file_fail(L, errno, "cannot be listed");
  listing->stream = fdopendir(fd);
  if (!listing->stream) {
    error = errno;
    close(fd);
    return lofty_file_fail(L, error, "cannot be listed");
  }
  lua_newtable(L);
  for (;;) {
    struct dirent *entry;
    size_t size;
    errno = 0;
    entry = readdir(listing->stream);
    if (!entry) break;
    if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
    size = strlen(entry->d_name);
    if (size < ending_size || memcmp(entry->d_name + size - ending_size, ending, ending_size) != 0)
      continue;
    lua_pushlstring(L, entry->d_name, size - ending_size);
    lua_rawseti(L, -2, ++count);
  }
  error = errno;
  listing_release(listing);
  return error == 0 ? 1 : lofty_file_fail(L, error, "cannot be listed");
}

/* --- the module --- */

static const luaL_Reg file_methods[] = {{"allocate", file_allocate}, {"append", file_append},
                                        {"read", file_read},         {"write", file_write},
                                        {"sync", file_sync},         {"lock", file_lock},
                                        {"close", file_close},       {NULL, NULL}};

static const luaL_Reg directory_methods[] = {
    {"open", directory_open},     {"claim", directory_claim},   {"create", directory_create},
    {"rename", directory_rename}, {"unlink", directory_unlink}, {"sync", directory_sync},
    {"list", directory_list},     {"close", directory_close},   {NULL, NULL}};

static const luaL_Reg no_methods[] = {{NULL, NULL}};

static const luaL_Reg functions[] = {{"directory", open_directory}, {NULL, NULL}};

int luaopen_lofty_file (lua_State *L) {
  lofty_checkversion(L);
  lofty_newtype(L, FILE_T, file_methods, file_close);
  lofty_newtype(L, DIRECTORY_T, directory_methods, directory_close);
  lofty_newtype(L, LISTING_T, no_methods, listing_close);
  lofty_newlib(L, functions);
  lofty_open_process(L);
  return 1;
}
