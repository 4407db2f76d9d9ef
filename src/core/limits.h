/* SPDX-License-Identifier: MIT */
/*
** limits.h - the maximum size of everything that input can make grow, and the default
** timeouts: C reads the constants, Lua reads the field 'limits' of lofty.core.
*/
#ifndef LOFTY_LIMITS_H
#define LOFTY_LIMITS_H

#include <stddef.h>
#include <stdint.h>

/* Each is in bytes unless its comment says otherwise. */
#define LOFTY_MAX_HEAD ((size_t)64 * 1024)           /* status line and all header fields */
#define LOFTY_MAX_BODY ((size_t)16 * 1024 * 1024)    /* a decoded response body, by default */
#define LOFTY_MAX_REQUEST ((size_t)64 * 1024 * 1024) /* a request body or any other encoded text */
#define LOFTY_MAX_URI ((size_t)64 * 1024)            /* a path, a query, a whole URL */
#define LOFTY_MAX_HOST 253                           /* a host name (RFC 1035) */
#define LOFTY_MAX_CREDENTIAL ((size_t)64 * 1024)     /* an id, a secret, a code, a token */
#define LOFTY_MAX_DEPTH 128                          /* levels of arrays and objects in JSON */
#define LOFTY_MAX_FIELDS 256                         /* field lines of one head and its trailers */
#define LOFTY_MAX_STORED ((size_t)1024 * 1024)       /* one account's token in a store */
#define LOFTY_MAX_CHUNK_LINE ((size_t)4 * 1024)      /* a chunk's size line with its extensions */
#define LOFTY_MAX_TOKEN_RESPONSE ((size_t)1024 * 1024) /* the body of a token response */
#define LOFTY_MAX_CURSOR ((size_t)8 * 1024)            /* a list's cursor: scrollId or page key */
#define LOFTY_MAX_WEBHOOK ((size_t)1024 * 1024)        /* a webhook delivery, by default */
#define LOFTY_MAX_MESSAGE ((size_t)500)                /* an error's message */
#define LOFTY_MAX_CODE ((size_t)100)                   /* an error's code, where it is text */
#define LOFTY_MAX_SERVER_MESSAGE ((size_t)200) /* the server's message, quoted in an error */
#define LOFTY_MAX_RAW_BODY ((size_t)64 * 1024) /* err.body where the response is not JSON */
#define LOFTY_MAX_WORKER_QUEUE 1024            /* nginx: queued detached jobs per worker */
#define LOFTY_MAX_OPERATION_BUDGETS 256        /* operations with their own rate limit */
#define LOFTY_MAX_WAIT 600 /* seconds that a call without a deadline waits for the rate limit */
#define LOFTY_MAX_IDLE_CONNECTIONS 128 /* idle connections per pool: nginx, event loops */
#define LOFTY_CONNECT_TIMEOUT 10       /* seconds to connect, by default */
#define LOFTY_TOTAL_TIMEOUT 60         /* seconds for a whole request, by default */

#define LOFTY_MAX_WEBHOOK_EVENTS 5000                     /* events per delivery, by default */
#define LOFTY_MAX_WEBHOOK_QUEUE ((size_t)4 * 1024 * 1024) /* queued deliveries per process */

/*
** The fields of core.limits: X(name, value) for each. Add every new limit here, too:
** only these are visible to Lua.
*/
#define LOFTY_LIMITS(X)                                                                            \
  X(head, LOFTY_MAX_HEAD)                                                                          \
  X(body, LOFTY_MAX_BODY)                                                                          \
  X(request, LOFTY_MAX_REQUEST)                                                                    \
  X(uri, LOFTY_MAX_URI)                                                                            \
  X(host, LOFTY_MAX_HOST)                                                                          \
  X(credential, LOFTY_MAX_CREDENTIAL)                                                              \
  X(cursor, LOFTY_MAX_CURSOR)                                                                      \
  X(depth, LOFTY_MAX_DEPTH)                                                                        \
  X(fields, LOFTY_MAX_FIELDS)                                                                      \
  X(stored, LOFTY_MAX_STORED)                                                                      \
  X(chunk_line, LOFTY_MAX_CHUNK_LINE)                                                              \
  X(token_response, LOFTY_MAX_TOKEN_RESPONSE)                                                      \
  X(webhook, LOFTY_MAX_WEBHOOK)                                                                    \
  X(webhook_events, LOFTY_MAX_WEBHOOK_EVENTS)                                                      \
  X(webhook_queue, LOFTY_MAX_WEBHOOK_QUEUE)                                                        \
  X(message, LOFTY_MAX_MESSAGE)                                                                    \
  X(code, LOFTY_MAX_CODE)                                                                          \
  X(server_message, LOFTY_MAX_SERVER_MESSAGE)                                                      \
  X(raw_body, LOFTY_MAX_RAW_BODY)                                                                  \
  X(worker_queue, LOFTY_MAX_WORKER_QUEUE)                                                          \
  X(operation_budgets, LOFTY_MAX_OPERATION_BUDGETS)                                                \
  X(max_wait, LOFTY_MAX_WAIT)                                                                      \
  X(idle_connections, LOFTY_MAX_IDLE_CONNECTIONS)                                                  \
  X(connect_timeout, LOFTY_CONNECT_TIMEOUT)                                                        \
  X(total_timeout, LOFTY_TOTAL_TIMEOUT)

#endif
