/* SPDX-License-Identifier: MIT */
/*
** redis.c - lofty.redis: one connection to a Redis server, with or without TLS, for
** plain Lua (in nginx a cosocket does this). hiredis connects, writes the protocol
** and parses it; this file sends and receives, so that one deadline bounds a whole
** reply. lofty.store.redis decides when to connect anew.
*/
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include <hiredis/hiredis.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "core/limits.h"
#include "core/held_signal.h"
#include "compat.h"

#define CONNECTION_T "lofty.redis"
#define REPLY_T "lofty.redis.reply"

#define MAX_ARGUMENTS 32
#define MAX_TIMEOUT 3600.0 /* seconds */
#define READ_SIZE 16384    /* bytes asked of the socket at once; also the size of a TLS record */
#define MESSAGE_SIZE 256

typedef struct Connection {
  redisContext *context; /* NULL: closed */
  SSL *tls;              /* NULL: not encrypted */
  pid_t owner;           /* the process that connected: a forked child must not use the socket */
  double timeout;        /* seconds for each reply */
  double deadline;       /* of the reply that is awaited, on the monotonic clock */
  int awaiting;          /* a command was begun and its reply is not complete */
  char *command;         /* what is left to send begins at 'sent'; NULL: all was sent */
  size_t size, sent, received;
  char message[MESSAGE_SIZE]; /* why it failed */
} Connection;

/* A reply until it has become a Lua value; a userdata, since making that value can raise. */
typedef struct Reply {
  redisReply *reply;
} Reply;

typedef enum Progress { DONE, INTERRUPTED, FAILED } Progress;

static double monotonic (void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* Closes and frees. Sends nothing, so that a forked child does not disturb its parent's connection. */
static void release (Connection *c) {
  if (c->command) redisFreeCommand(c->command);
  if (c->tls) SSL_free(c->tls);
  if (c->context) redisFree(c->context);
  c->command = NULL;
  c->tls = NULL;
  c->context = NULL;
  c->awaiting = 0;
}

static Progress failed (Connection *c, const char *message) {
  (void)snprintf(c->message, sizeof c->message, "%s", message);
  return FAILED;
}

/* --- sending and receiving --- */

/*
** Why the TLS connection failed, in words that say what to do. A server that refuses
** this client sends an alert and resets the connection: writing fails with the reset,
** and the alert, which says more, is still to be read.
*/
static Progress tls_failed (Connection *c, int error) {
  long verified = SSL_get_verify_result(c->tls);
  unsigned long code = ERR_peek_last_error();
  const char *reason;
  int saved = errno;
  if (error == SSL_ERROR_SYSCALL) { /* OpenSSL 3.6 lists errno as an error of its own */
    char byte;
    ERR_clear_error();
    SSL_read(c->tls, &byte, 1);
    code = ERR_peek_last_error();
  }
  reason = code ? ERR_reason_error_string(code) : NULL;
  if (error == SSL_ERROR_ZERO_RETURN) return failed(c, "the server closed the connection");
  if (verified == X509_V_ERR_HOSTNAME_MISMATCH || verified == X509_V_ERR_IP_ADDRESS_MISMATCH)
    return failed(c, "TLS: the server's certificate is for another host: set server_name if this "
                     "is intended");
  if (verified != X509_V_OK) {
    (void)snprintf(c->message, sizeof c->message,
                   "TLS: the server's certificate was not accepted: %s (set ca to the "
                   "file of the authority that issued it)",
                   X509_verify_cert_error_string(verified));
    return FAILED;
  }
  if (code && ERR_GET_REASON(code) == SSL_R_WRONG_VERSION_NUMBER)
    return failed(c,
                  "TLS: the server does not speak TLS on this port: use redis:// or its TLS port");
  if (reason) {
    (void)snprintf(c->message, sizeof c->message, "TLS: %s%s", reason,
                   ERR_GET_REASON(code) == SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED
                       ? ": set certificate and key"
                       : "");
    return FAILED;
  }
  return failed(c, error == SSL_ERROR_SYSCALL && saved != 0
                       ? strerror(saved)
                       : "the server closed the connection during TLS");
}

/* Bytes moved by SSL_read or SSL_write; 0: wait for '*events' first; -1: failed. */
static ptrdiff_t tls_result (Connection *c, int n, short *events) {
  int error;
  if (n > 0) return n;
  error = SSL_get_error(c->tls, n);
  *events = error == SSL_ERROR_WANT_WRITE ? POLLOUT : POLLIN;
  if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE) return 0;
  tls_failed(c, error);
  return -1;
}

static ptrdiff_t socket_result (Connection *c, ptrdiff_t n) {
  if (n > 0) return n;
  if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)) return 0;
  failed(c, n == 0 ? "the server closed the connection" : strerror(errno));
  return -1;
}

static ptrdiff_t send_some (Connection *c, short *events) {
  const char *bytes = c->command + c->sent;
  size_t size = c->size - c->sent;
  *events = POLLOUT;
  if (!c->tls) return socket_result(c, send(c->context->fd, bytes, size, 0));
  ERR_clear_error();
  errno = 0;
  return tls_result(c, SSL_write(c->tls, bytes, size < READ_SIZE ? (int)size : READ_SIZE), events);
}

static ptrdiff_t receive_some (Connection *c, char *bytes, short *events) {
  *events = POLLIN;
  if (!c->tls) return socket_result(c, recv(c->context->fd, bytes, READ_SIZE, 0));
  ERR_clear_error();
  errno = 0;
  return tls_result(c, SSL_read(c->tls, bytes, READ_SIZE), events);
}

/* Waits until the socket is ready or the deadline is over. */
static Progress wait_ready (Connection *c, short events) {
  struct pollfd socket;
  double left = c->deadline - monotonic();
  int ready = 0;
  socket.fd = c->context->fd;
  socket.events = events;
  if (left > 0) ready = poll(&socket, 1, (int)(left * 1e3) + 1);
  if (ready > 0) return DONE;
  if (ready < 0 && errno == EINTR) return INTERRUPTED;
  if (ready < 0) return failed(c, strerror(errno));
  (void)snprintf(c->message, sizeof c->message,
                 c->tls && !SSL_is_init_finished(c->tls)
                     ? "no TLS handshake within %.14g s: does the server speak TLS on this port"
                     : "no complete reply within %.14g s",
                 c->timeout);
  return FAILED;
}

/*
** Sends what is left of the command and receives until its reply is complete. No Lua
** function is called meanwhile. INTERRUPTED: a signal came; call it again to go on.
*/
static Progress exchange (Connection *c, redisReply **reply) {
  redisReader *reader = c->context->reader;
  char bytes[READ_SIZE];
  for (;;) {
    void *parsed = NULL;
    short events = 0;
    ptrdiff_t n;
    Progress progress;
    if (c->command) {
      n = send_some(c, &events);
      if (n > 0) c->sent += (size_t)n;
      if (c->sent == c->size) {
        redisFreeCommand(c->command);
        c->command = NULL;
      }
    } else {
      n = receive_some(c, bytes, &events);
      if (n > 0) c->received += (size_t)n;
      if (c->received > LOFTY_MAX_BODY) return failed(c, "the reply is too long");
      if (n > 0 && redisReaderFeed(reader, bytes, (size_t)n) != REDIS_OK)
        return failed(c, reader->errstr);
      if (n > 0 && redisReaderGetReply(reader, &parsed) != REDIS_OK)
        return failed(c, reader->errstr);
    }
    if (parsed) {
      *reply = (redisReply *)parsed;
      return DONE;
    }
    if (n < 0) return FAILED;
    if (n > 0 && monotonic() < c->deadline) continue;
    progress = wait_ready(c, events);
    if (progress != DONE) return progress;
  }
}

/* --- Lua values --- */

/* nil, message; and the connection is closed. */
static int push_failure (lua_State *L, Connection *c) {
  release(c);
  lua_pushnil(L);
  lua_pushstring(L, c->message);
  return 2;
}

static Connection *check_connection (lua_State *L) {
  return (Connection *)luaL_checkudata(L, 1, CONNECTION_T);
}

/*
** A reply as a Lua value: a string, an integer, an array, or for a null reply the
** light userdata NULL, which ngx.null is too.
*/
static void push_value (lua_State *L, const redisReply *reply) {
  size_t i;
  switch (reply->type) {
    case REDIS_REPLY_STRING:
    case REDIS_REPLY_STATUS:
    case REDIS_REPLY_ERROR: lua_pushlstring(L, reply->str, reply->len); break;
    case REDIS_REPLY_INTEGER: lua_pushinteger(L, (lua_Integer)reply->integer); break;
    case REDIS_REPLY_ARRAY:
      luaL_checkstack(L, 2, "a reply is nested too deep");
      lua_newtable(L);
      for (i = 0; i < reply->elements; i++) {
        push_value(L, reply->element[i]);
        lua_rawseti(L, -2, (int)(i + 1));
      }
      break;
    default: lua_pushlightuserdata(L, NULL);
  }
}

static void reply_free (Reply *box) {
  if (box->reply) freeReplyObject(box->reply);
  box->reply = NULL;
}

static int reply_release (lua_State *L) {
  reply_free((Reply *)luaL_checkudata(L, 1, REPLY_T));
  return 0;
}

static Reply *new_reply (lua_State *L) {
  Reply *box = (Reply *)lua_newuserdata(L, sizeof(Reply));
  box->reply = NULL;
  luaL_getmetatable(L, REPLY_T);
  lua_setmetatable(L, -2);
  return box;
}

/*
** Runs an exchange and returns what connection:command returns. While the Lua value
** is made, the garbage collector may run a finalizer that uses or closes this
** connection: then the exchange is over and the reply belongs to 'box'.
*/
static int finish_exchange (lua_State *L, Connection *c, Reply *box) {
  LoftyHeldSignal state;
  Progress progress;
  int refused;
  lofty_hold_signal(&state, SIGPIPE);
  progress = exchange(c, &box->reply);
  lofty_release_signal(&state);
  if (progress == INTERRUPTED) return 0;
  if (progress == FAILED) return push_failure(L, c);
  c->awaiting = 0;
  /* DONE comes with a reply. NOLINTNEXTLINE(clang-analyzer-core.NullDereference) */
  refused = box->reply->type == REDIS_REPLY_ERROR;
  if (refused) lua_pushboolean(L, 0);
  push_value(L, box->reply);
  reply_free(box);
  return refused ? 2 : 1;
}

/* --- bindings --- */

/* A string without NUL bytes. */
static const char *check_text (lua_State *L, int arg) {
  size_t size;
  const char *text = luaL_checklstring(L, arg, &size);
  luaL_argcheck(L, strlen(text) == size, arg, "it has a NUL byte");
  return text;
}

static const char *opt_text (lua_State *L, int arg) {
  return lua_isnoneornil(L, arg) ? NULL : check_text(L, arg);
}

typedef struct Trust {
  const char *server_name; /* what the certificate must be for */
  const char *ca;          /* a PEM file; NULL: the system's */
  const char *certificate; /* of this client, a PEM file, or NULL */
  const char *key;         /* a PEM file; NULL: it is in 'certificate' */
} Trust;

static Progress file_failed (Connection *c, const char *option, const char *path) {
  const char *reason = ERR_reason_error_string(ERR_peek_last_error());
  (void)snprintf(c->message, sizeof c->message, "TLS: %s: %s cannot be used: %s", option, path,
                 reason ? reason : "unknown reason");
  return FAILED;
}

/* Loads the certificates into 'context' and the name to verify into a new c->tls. */
static Progress configure_tls (Connection *c, SSL_CTX *context, const Trust *trust) {
  X509_VERIFY_PARAM *parameters;
  const char *key = trust->key ? trust->key : trust->certificate;
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
  SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  if (SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) != 1)
    return failed(c, "TLS 1.2 is not available");
  if (trust->ca ? SSL_CTX_load_verify_locations(context, trust->ca, NULL) != 1
                : SSL_CTX_set_default_verify_paths(context) != 1)
    return file_failed(c, "ca", trust->ca ? trust->ca : "the system's certificates");
  if (trust->certificate) {
    if (SSL_CTX_use_certificate_chain_file(context, trust->certificate) != 1)
      return file_failed(c, "certificate", trust->certificate);
    if (SSL_CTX_use_PrivateKey_file(context, key, SSL_FILETYPE_PEM) != 1)
      return file_failed(c, "key", key);
  }
  c->tls = SSL_new(context);
  if (!c->tls) return failed(c, "not enough memory");
  parameters = SSL_get0_param(c->tls);
  if (X509_VERIFY_PARAM_set1_ip_asc(parameters, trust->server_name) != 1 &&
      (X509_VERIFY_PARAM_set1_host(parameters, trust->server_name, 0) != 1 ||
       /* The macro casts to void *, and is not allowed to drop the const by itself. */
       SSL_set_tlsext_host_name(c->tls, (size_t)trust->server_name) != 1))
    return failed(c, "TLS: server_name is not a host name");
  if (SSL_set_fd(c->tls, c->context->fd) != 1) return failed(c, "not enough memory");
  SSL_set_connect_state(c->tls); /* the first SSL_write makes the handshake */
  return DONE;
}

static Progress start_tls (Connection *c, const Trust *trust) {
  SSL_CTX *context;
  Progress progress;
  ERR_clear_error();
  context = SSL_CTX_new(TLS_client_method());
  if (!context) return failed(c, "not enough memory");
  progress = configure_tls(c, context, trust);
  SSL_CTX_free(context); /* c->tls has a reference of its own */
  return progress;
}

static Progress open_connection (Connection *c, const char *host, int port, const Trust *trust) {
  struct timeval limit;
  int flags;
  limit.tv_sec = (time_t)c->timeout;
  limit.tv_usec = (suseconds_t)((c->timeout - (double)limit.tv_sec) * 1e6);
  if (limit.tv_sec == 0 && limit.tv_usec == 0) limit.tv_usec = 1;
  c->context = port == 0 ? redisConnectUnixWithTimeout(host, limit)
                         : redisConnectWithTimeout(host, port, limit);
  if (!c->context) return failed(c, "not enough memory");
  if (c->context->err) return failed(c, c->context->errstr);
  flags = fcntl(c->context->fd, F_GETFL);
  if (flags < 0 || fcntl(c->context->fd, F_SETFL, flags | O_NONBLOCK) != 0 ||
      fcntl(c->context->fd, F_SETFD, FD_CLOEXEC) != 0)
    return failed(c, strerror(errno));
  return trust->server_name ? start_tls(c, trust) : DONE;
}

/*
** redis.connect(host, port, timeout [, server_name, ca, certificate, key])
** -> connection | nil, message
** Without a port, 'host' is the path of a unix socket. 'timeout', in seconds, is the
** limit for connecting and for each reply. With a server_name the connection is
** encrypted, and the server's certificate must be for that name.
*/
static int connect_server (lua_State *L) {
  const char *host = check_text(L, 1);
  lua_Integer port = lua_isnoneornil(L, 2) ? 0 : luaL_checkinteger(L, 2);
  lua_Number seconds = luaL_checknumber(L, 3);
  Trust trust;
  Connection *c;
  trust.server_name = opt_text(L, 4);
  trust.ca = opt_text(L, 5);
  trust.certificate = opt_text(L, 6);
  trust.key = opt_text(L, 7);
  luaL_argcheck(L, lua_isnoneornil(L, 2) || (port > 0 && port < 65536), 2, "not a port");
  luaL_argcheck(L, seconds > 0 && seconds <= MAX_TIMEOUT, 3, "out of range");
  c = (Connection *)lua_newuserdata(L, sizeof(Connection));
  memset(c, 0, sizeof *c);
  c->owner = getpid();
  c->timeout = (double)seconds;
  luaL_getmetatable(L, CONNECTION_T);
  lua_setmetatable(L, -2);
  return open_connection(c, host, (int)port, &trust) == DONE ? 1 : push_failure(L, c);
}

/* Refuses a connection of the parent process, which a forked child must not use. */
static void check_owner (Connection *c) {
  if (c->owner != getpid()) release(c);
}

static int push_closed (lua_State *L) {
  lua_pushnil(L);
  lua_pushliteral(L, "the connection is closed");
  return 2;
}

/*
** connection:command(name, ...) -> reply | false, message | nil, message | nothing
** Arguments are strings, any bytes. false: the server refused the command. nil: the
** connection is closed, and whether the server ran the command is not known. Nothing:
** a signal came, so that its handler can run; connection:reply() goes on waiting.
*/
static int connection_command (lua_State *L) {
  Connection *c = check_connection(L);
  const char *argv[MAX_ARGUMENTS];
  size_t sizes[MAX_ARGUMENTS];
  int i, count = lua_gettop(L) - 1;
  long long size;
  Reply *box;
  luaL_argcheck(L, count >= 1 && count <= MAX_ARGUMENTS, 2, "1 to 32 arguments expected");
  for (i = 0; i < count; i++) {
    luaL_checktype(L, i + 2, LUA_TSTRING);
    argv[i] = lua_tolstring(L, i + 2, &sizes[i]);
  }
  box = new_reply(L); /* a finalizer may use the connection here, so it is checked after this */
  check_owner(c);
  if (c->awaiting) release(c); /* its reply would be read as this command's */
  if (!c->context) return push_closed(L);
  size = redisFormatCommandArgv(&c->command, count, argv, sizes);
  if (size < 0) {
    c->command = NULL;
    failed(c, "not enough memory");
    return push_failure(L, c);
  }
  c->size = (size_t)size;
  c->sent = c->received = 0;
  c->awaiting = 1;
  c->deadline = monotonic() + c->timeout;
  return finish_exchange(L, c, box);
}

/* connection:reply() -> as connection:command, after that returned nothing */
static int connection_reply (lua_State *L) {
  Connection *c = check_connection(L);
  Reply *box = new_reply(L);
  check_owner(c);
  if (!c->context || !c->awaiting) return push_closed(L);
  return finish_exchange(L, c, box);
}

/* connection:close() -> true; idempotent */
static int connection_close (lua_State *L) {
  release(check_connection(L));
  lua_pushboolean(L, 1);
  return 1;
}

/* --- the module --- */

static const luaL_Reg methods[] = {{"command", connection_command},
                                   {"reply", connection_reply},
                                   {"close", connection_close},
                                   {NULL, NULL}};

static const luaL_Reg functions[] = {{"connect", connect_server}, {NULL, NULL}};

int luaopen_lofty_redis (lua_State *L) {
  lofty_checkversion(L);
  luaL_newmetatable(L, REPLY_T);
  lua_pushcfunction(L, reply_release);
  lua_setfield(L, -2, "__gc");
  lua_pop(L, 1);
  lofty_newtype(L, CONNECTION_T, methods, connection_close);
  lofty_newlib(L, functions);
  lua_pushlightuserdata(L, NULL);
  lua_setfield(L, -2, "null");
  return 1;
}
