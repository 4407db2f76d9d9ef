/*
** redis.c - lofty.redis: one blocking connection to a Redis server, over hiredis.
** For plain Lua; in nginx a cosocket does this. When to connect anew is Lua's to decide.
*/
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#include <hiredis/hiredis.h>

#include "compat.h"

#define CONNECTION_T "lofty.redis"

#define MAX_ARGUMENTS 32
#define MAX_TIMEOUT 3600.0 /* seconds */

typedef struct Connection {
  redisContext *context; /* NULL: closed */
  redisReply *reply; /* the one in hand; here, so that an error while it is read leaks nothing */
  pid_t owner;       /* the process that connected: two must not share a socket */
} Connection;

/* --- SIGPIPE: hiredis writes to a connection that may be dead, which would end the process --- */

typedef struct Mask {
  sigset_t before;
  int was_pending;
} Mask;

static void hold_sigpipe (Mask *mask) {
  sigset_t pipe, pending;
  sigemptyset(&pipe);
  sigaddset(&pipe, SIGPIPE);
  sigemptyset(&pending);
  sigpending(&pending);
  mask->was_pending = sigismember(&pending, SIGPIPE);
  pthread_sigmask(SIG_BLOCK, &pipe, &mask->before);
}

/* Takes back the SIGPIPE that we caused, and no other. */
static void release_sigpipe (const Mask *mask) {
  static const struct timespec at_once = {0, 0};
  sigset_t pipe, pending;
  int saved = errno;
  sigemptyset(&pipe);
  sigaddset(&pipe, SIGPIPE);
  sigemptyset(&pending);
  sigpending(&pending);
  if (!mask->was_pending && sigismember(&pending, SIGPIPE))
    while (sigtimedwait(&pipe, NULL, &at_once) < 0 && errno == EINTR) continue;
  pthread_sigmask(SIG_SETMASK, &mask->before, NULL);
  errno = saved;
}

/* --- helpers --- */

static void drop (Connection *connection) {
  if (connection->reply) freeReplyObject(connection->reply);
  if (connection->context) redisFree(connection->context);
  connection->reply = NULL;
  connection->context = NULL;
}

/* nil, message; and the connection is closed, for nothing more can come over it. */
static int fail (lua_State *L, Connection *connection, int error) {
  const redisContext *context = connection->context;
  char why[sizeof context->errstr];
  if (!context)
    strcpy(why, "not enough memory");
  else if (context->err == REDIS_ERR_IO && (error == EAGAIN || error == EWOULDBLOCK))
    strcpy(why, "no answer in time");
  else
    snprintf(why, sizeof why, "%s", context->errstr);
  drop(connection);
  lua_pushnil(L);
  lua_pushstring(L, why);
  return 2;
}

/*
** A reply as a Lua value: text, an integer, an array, or a null (the light
** userdata NULL, which ngx.null is too) where there is nothing.
*/
static void push_reply (lua_State *L, const redisReply *reply) {
  size_t i;
  switch (reply->type) {
    case REDIS_REPLY_STRING:
    case REDIS_REPLY_STATUS:
    case REDIS_REPLY_ERROR: lua_pushlstring(L, reply->str, reply->len); break;
    case REDIS_REPLY_INTEGER: lua_pushinteger(L, (lua_Integer)reply->integer); break;
    case REDIS_REPLY_ARRAY:
      luaL_checkstack(L, 2, "a reply nested too deep");
      lua_newtable(L);
      for (i = 0; i < reply->elements; i++) {
        push_reply(L, reply->element[i]);
        lua_rawseti(L, -2, (int)(i + 1));
      }
      break;
    default: lua_pushlightuserdata(L, NULL);
  }
}

/* --- bindings --- */

/*
** redis.connect(host, port, timeout) -> connection | nil, message
** Without a port, 'host' is the path of a unix socket. The timeout, in seconds,
** holds for connecting and for every write and read from then on.
*/
static int connect_server (lua_State *L) {
  const char *host = luaL_checkstring(L, 1);
  int unix_socket = lua_isnoneornil(L, 2);
  lua_Integer port = unix_socket ? 0 : luaL_checkinteger(L, 2);
  lua_Number seconds = luaL_checknumber(L, 3);
  struct timeval limit;
  Connection *connection;
  redisContext *context;
  luaL_argcheck(L, unix_socket || (port > 0 && port < 65536), 2, "not a port");
  luaL_argcheck(L, seconds > 0 && seconds <= MAX_TIMEOUT, 3, "out of range");
  limit.tv_sec = (time_t)seconds;
  limit.tv_usec = (suseconds_t)((seconds - (lua_Number)limit.tv_sec) * 1e6);
  if (limit.tv_sec == 0 && limit.tv_usec == 0) limit.tv_usec = 1;
  connection = (Connection *)lua_newuserdata(L, sizeof(Connection));
  connection->context = NULL;
  connection->reply = NULL;
  connection->owner = getpid();
  luaL_getmetatable(L, CONNECTION_T);
  lua_setmetatable(L, -2);
  context = unix_socket ? redisConnectUnixWithTimeout(host, limit)
                        : redisConnectWithTimeout(host, (int)port, limit);
  connection->context = context;
  if (!context || context->err) return fail(L, connection, 0);
  if (redisSetTimeout(context, limit) != REDIS_OK) return fail(L, connection, 0);
  fcntl(context->fd, F_SETFD, FD_CLOEXEC);
  return 1;
}

/*
** connection:command(name, ...) -> reply | false, message | nil, message
** Arguments are strings, any bytes. false: the server refused the command, and
** the connection goes on; nil: the connection is gone, and nobody knows what
** became of the command.
*/
static int connection_command (lua_State *L) {
  Connection *connection = (Connection *)luaL_checkudata(L, 1, CONNECTION_T);
  const char *argv[MAX_ARGUMENTS];
  size_t sizes[MAX_ARGUMENTS];
  int i, error, count = lua_gettop(L) - 1;
  Mask mask;
  luaL_argcheck(L, count >= 1 && count <= MAX_ARGUMENTS, 2, "1 to 32 arguments expected");
  for (i = 0; i < count; i++) {
    luaL_checktype(L, i + 2, LUA_TSTRING);
    argv[i] = lua_tolstring(L, i + 2, &sizes[i]);
  }
  if (connection->owner != getpid())
    drop(connection); /* a fork's copy; the parent goes on with its own */
  if (!connection->context) {
    lua_pushnil(L);
    lua_pushliteral(L, "the connection is closed");
    return 2;
  }
  if (connection->reply)
    freeReplyObject(connection->reply); /* an error in the last one left it here */
  hold_sigpipe(&mask);
  errno = 0;
  connection->reply = (redisReply *)redisCommandArgv(connection->context, count, argv, sizes);
  error = errno;
  release_sigpipe(&mask);
  if (!connection->reply) return fail(L, connection, error);
  if (connection->reply->type == REDIS_REPLY_ERROR) lua_pushboolean(L, 0);
  push_reply(L, connection->reply);
  i = connection->reply->type == REDIS_REPLY_ERROR ? 2 : 1;
  freeReplyObject(connection->reply);
  connection->reply = NULL;
  return i;
}

/* connection:close() -> true; idempotent */
static int connection_close (lua_State *L) {
  drop((Connection *)luaL_checkudata(L, 1, CONNECTION_T));
  lua_pushboolean(L, 1);
  return 1;
}

/* --- the module --- */

static const luaL_Reg methods[] = {
    {"command", connection_command}, {"close", connection_close}, {NULL, NULL}};

static const luaL_Reg functions[] = {{"connect", connect_server}, {NULL, NULL}};

LOFTY_EXPORT int luaopen_lofty_redis (lua_State *L) {
  lofty_checkversion(L);
  luaL_newmetatable(L, CONNECTION_T);
  lua_pushcfunction(L, connection_close);
  lua_setfield(L, -2, "__gc");
  lua_pushcfunction(L, connection_close);
  lua_setfield(L, -2, "__close");
  lua_pushliteral(L, CONNECTION_T);
  lua_setfield(L, -2, "__name");
  lofty_newlib(L, methods);
  lua_setfield(L, -2, "__index");
  lua_pop(L, 1);
  lofty_newlib(L, functions);
  lua_pushlightuserdata(L, NULL);
  lua_setfield(L, -2, "null");
  return 1;
}
