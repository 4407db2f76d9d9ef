/* SPDX-License-Identifier: MIT */
/*
** transfer.h - what the files of this folder share.
*/
#ifndef LOFTY_TRANSFER_H
#define LOFTY_TRANSFER_H

#include <sys/types.h>

#include <curl/curl.h>

#include "core/gunzip.h"
#include "core/held_signal.h"
#include "transport.h"

#if LIBCURL_VERSION_NUM < 0x074200
#error "libcurl 7.66 or newer is needed (curl_multi_poll)"
#endif
#if LIBCURL_VERSION_NUM >= 0x075000
#define LOFTY_HAVE_PREREQ 1
#else
#define LOFTY_HAVE_PREREQ 0
#endif

/*
** The multi handle, shared by its userdata and those of its transfers: whichever
** the collector takes last frees it, in whatever order.
*/
struct Multi {
  CURLM *handle; /* NULL: closed */
  pid_t owner;   /* the process that made the handle */
  int references;
  int has_new; /* there are transfers that libcurl has not started */
  unsigned long protected_done;
  LoftyBuf sockets;   /* curl_socket_t of each open connection */
  Transfer *running;  /* doubly linked */
  Transfer *finished; /* singly linked, in order: ended and not yet reported */
  Transfer *last_finished;
};

/* libcurl has its address: it must not move in memory. */
struct Transfer {
  Multi *multi;
  CURL *easy;  /* NULL: there is none yet */
  pid_t owner; /* the process that made it */
  TransferState state;
  Transfer *previous, *next; /* among the running */
  Transfer *next_finished;
  int64_t id; /* the caller's name for it */
  CURLcode result;
  /* the request */
  LoftyBuf origin; /* scheme://authority of the last URL, NUL-terminated */
  LoftyBuf url;    /* that the handle is set to, NUL-terminated */
  LoftyBuf ca;     /* the certificates that the handle is set to: see set_trust */
  LoftyBuf headers,
      headers_set;         /* lines, each NUL-terminated: the request's, and those in 'list' */
  LoftyBuf proxy_host;     /* host and port of the proxy that was named, NUL-terminated */
  LoftyBuf body;           /* what libcurl reads while it sends */
  struct curl_slist *list; /* of headers_set */
  int list_set;            /* the handle is set to it */
  int has_type;            /* 'headers' has a Content-Type */
  int loopback, secure;
  int plain_get;       /* the handle is set to a GET without body */
  int route;           /* which proxy it is set to, see request.c */
  long connect, total; /* the timeouts it is set to */
  int once, protect;
  int is_head;        /* the response has no body, whatever its head says */
  int attempts;       /* how often libcurl was about to send */
  int resend_blocked; /* libcurl was stopped from sending the request again */
  int stale;          /* the reused connection had been closed by the server: nothing was sent */
  int restarted;      /* after that it was started again, on a new connection */
  int cancelled;
  int process_changed; /* the parent process goes on with it */
  /* the response */
  LoftyHttpHead *head;
  LoftyGunzip *inflate;
  LoftyBuf response;
  LoftyCode code;      /* of head or body; the first failure */
  const char *problem; /* the message for 'code' */
  int got_body;        /* body bytes came */
  int within_line;     /* the bytes of the head that lofty_on_body got do not end a line yet */
  char error[CURL_ERROR_SIZE];
};

/* --- multi.c --- */

/*
** Up to 7.86 libcurl lets OpenSSL write to a connection that may be closed, which would end
** the process by SIGPIPE. Call these before and after each libcurl call that may write.
*/
typedef struct SigpipeGuard {
  int active; /* this libcurl needs it */
  LoftyHeldSignal state;
} SigpipeGuard;
void lofty_guard_sigpipe (SigpipeGuard *guard);
void lofty_unguard_sigpipe (const SigpipeGuard *guard);

/* Where libcurl gets its sockets; the closure is the multi handle. */
curl_socket_t lofty_on_socket (void *closure, curlsocktype purpose, struct curl_sockaddr *address);
int lofty_on_close (void *closure, curl_socket_t socket);

/* Makes a new handle if this process was forked since the last one was made; false: no memory. */
int lofty_multi_renew (Multi *m);
void lofty_multi_unlist (Transfer *t); /* removes it from the finished ones */

/* --- receive.c: what libcurl calls back; the closure is the transfer --- */

size_t lofty_on_header (char *bytes, size_t one, size_t size, void *closure);
size_t lofty_on_body (char *bytes, size_t one, size_t size, void *closure);
int lofty_on_request (void *closure, char *ip, char *local, int port, int local_port);
/* Whether lofty_on_body must get each line of a head, too: before libcurl stores it. */
int lofty_must_see_head_first (void);

/* --- request.c: setting the options of a handle; CURLE_OK or NULL is success --- */

int lofty_handle_ensure (Transfer *t);   /* makes the handle, if there is none; false: no memory */
void lofty_handle_discard (Transfer *t); /* idempotent */
const char *lofty_request_set (Transfer *t, const Request *request);

#endif
