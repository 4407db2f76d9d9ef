/*
** transfer.h - requests over libcurl, many at once on one multi handle: what
** transfer.c, request.c and outcome.c share with their binding. No Lua.
*/
#ifndef LOFTY_TRANSFER_H
#define LOFTY_TRANSFER_H

#include <curl/curl.h>

#include "core/buf.h"
#include "core/gunzip.h"
#include "core/head.h"

#if LIBCURL_VERSION_NUM < 0x074200
#error "libcurl 7.66 or newer is needed (curl_multi_poll)"
#endif
#if LIBCURL_VERSION_NUM >= 0x075000
#define LOFTY_HAVE_PREREQ 1
#else
#define LOFTY_HAVE_PREREQ 0
#endif

typedef struct Transfer Transfer;

/*
** The multi handle, shared by its userdata and those of its transfers: whichever
** the collector takes last frees it, in whatever order.
*/
typedef struct Multi {
  CURLM *handle; /* NULL: closed */
  int references;
  Transfer *running;  /* doubly linked */
  Transfer *finished; /* singly linked, in order: ended and not yet reported */
  Transfer *last_finished;
} Multi;

typedef enum { TRANSFER_IDLE, TRANSFER_RUNNING, TRANSFER_DONE } TransferState;

/* One request after the other on one easy handle. It may not move in memory. */
struct Transfer {
  Multi *multi;
  CURL *easy; /* NULL: closed */
  TransferState state;
  Transfer *previous, *next; /* among the running */
  Transfer *next_finished;
  int64_t id; /* the caller's name for it */
  CURLcode result;
  /* the request */
  LoftyBuf origin;               /* scheme://authority of the last URL, NUL-terminated */
  LoftyBuf url, ca;              /* NUL-terminated; what the handle was told last */
  LoftyBuf headers, headers_set; /* lines, each NUL-terminated: wanted, and in 'list' */
  LoftyBuf body;                 /* what libcurl reads while it sends */
  struct curl_slist *list;
  int has_type; /* the wanted headers have a Content-Type */
  int loopback;
  int plain_get;       /* the handle is told a GET without body */
  int route;           /* which proxy it was told, see request.c */
  long connect, total; /* the times it was told */
  int once;
  int is_head;  /* the answer has no body, whatever its head says */
  int attempts; /* how often libcurl was about to send */
  int doubled;  /* it was stopped from sending again */
  /* the answer */
  LoftyHttpHead *head;
  LoftyGunzip *inflate;
  LoftyBuf answer;
  LoftyCode code;      /* of head or body; the first failure */
  const char *problem; /* its words */
  int any;             /* body bytes came */
  char error[CURL_ERROR_SIZE];
};

/* A request, but for its headers, which are added one by one before it starts. */
typedef struct Request {
  const char *method, *url; /* NUL-terminated */
  size_t url_size;
  LoftySpan body;      /* data NULL: none */
  int once;            /* never sent a second time */
  long connect, total; /* ms, above 0 */
  size_t max_head, max_body;
  LoftySpan ca;      /* NUL-terminated path of a file of certificates; data NULL: the system's */
  const char *proxy; /* NULL: the environment's */
} Request;

/* How a transfer ended. */
typedef struct Outcome {
  const char *kind;  /* NULL: a good answer */
  const char *words; /* what is wrong, in plain words */
  int quote;         /* libcurl's own words say more */
  int sent;          /* the server may have seen the request */
  int connected;     /* a connection had been made */
  int head;          /* the whole head had come */
} Outcome;

/* --- transfer.c --- */

Multi *lofty_multi_new (void);       /* one reference, still closed; NULL: no memory */
int lofty_multi_open (Multi *m);     /* false: no memory */
void lofty_multi_close (Multi *m);   /* ends what runs, closes every connection; idempotent */
void lofty_multi_release (Multi *m); /* gives a reference back */
void lofty_multi_perform (Multi *m); /* what can be done without waiting; lists who has ended */
/* Waits for I/O, for at most 'wait' ms; returns how many connections are ready. */
int lofty_multi_poll (Multi *m, int wait);
Transfer *lofty_multi_finished (Multi *m); /* takes the first off the list; NULL: none */

void lofty_transfer_init (Transfer *t); /* closed; owns nothing */
int lofty_transfer_open (Transfer *t, Multi *m);
void lofty_transfer_close (Transfer *t); /* stops it if it runs; idempotent */
/* Ends in TRANSFER_RUNNING, or returns what is wrong; nothing has been sent then. */
const char *lofty_transfer_start (Transfer *t, const Request *request);
void lofty_transfer_rest (Transfer *t); /* its answer was taken */

/* --- receive.c: what libcurl calls back; the closure is the transfer --- */

size_t lofty_on_header (char *bytes, size_t one, size_t size, void *closure);
size_t lofty_on_body (char *bytes, size_t one, size_t size, void *closure);
int lofty_on_request (void *closure, char *ip, char *local, int port, int local_port);

/* --- request.c: what a handle is told; CURLE_OK or NULL is success --- */

int lofty_handle_equip (Transfer *t);    /* makes the handle, if there is none; false: no memory */
void lofty_handle_discard (Transfer *t); /* idempotent */
void lofty_request_begin (Transfer *t);  /* no headers yet */
const char *lofty_request_header (Transfer *t, LoftySpan name, LoftySpan value);
int lofty_is_token (const char *bytes, size_t size); /* RFC 9110, section 5.6.2 */
const char *lofty_request_set (Transfer *t, const Request *request);

/* --- outcome.c --- */

Outcome lofty_outcome (Transfer *t);

#endif
