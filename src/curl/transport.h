/* SPDX-License-Identifier: MIT */
/*
** transport.h - HTTP requests over libcurl, many at once on one multi handle.
** The interface for the Lua binding; it contains neither Lua's nor libcurl's types.
*/
#ifndef LOFTY_TRANSPORT_H
#define LOFTY_TRANSPORT_H

#include "core/buf.h"
#include "core/head.h"

typedef struct Multi Multi;       /* a libcurl multi handle with its connections */
typedef struct Transfer Transfer; /* one request after the other on a multi handle */

typedef enum { TRANSFER_IDLE, TRANSFER_RUNNING, TRANSFER_DONE } TransferState;

/* A request without its headers, which are added one by one before it starts. */
typedef struct Request {
  const char *method, *url; /* NUL-terminated */
  size_t url_size;
  LoftySpan body;             /* data NULL: none */
  int once;                   /* never sent a second time */
  int protect;                /* counted by lofty_multi_protected when its response has come */
  long connect, total;        /* ms, above 0 */
  size_t max_head;            /* bytes of the head, trailers included */
  size_t max_body;            /* bytes of the body, decoded */
  const char *ca;             /* path of a file of certificates; NULL: the ones below */
  const char *default_ca;     /* path of a file, NULL: libcurl's default */
  const char *default_ca_dir; /* path of a directory, NULL: libcurl's default */
  const char *proxy;          /* URL, "" for none; NULL: the environment's */
} Request;

/* How a transfer ended. The strings are valid until the transfer starts again. */
typedef struct Outcome {
  const char *kind;    /* NULL: the response is complete */
  const char *message; /* what was wrong; with a subject, how the message begins */
  const char *subject; /* appended to the message, such as a path; NULL: none */
  const char *rest;    /* what follows the subject */
  const char *detail;  /* libcurl's own message; NULL: it adds nothing */
  int sent;            /* the server may have seen the request */
  int connected;       /* a connection had been made */
  int head;            /* the response's head was complete */
  int final;           /* a retry would fail in the same way */
  /* the response */
  const LoftyHttpHead *fields;
  LoftySpan body;
  int reused; /* over a connection that was kept */
  double elapsed;
} Outcome;

/* Once a process, before anything else; false: libcurl can't be used. */
int lofty_transport_init (void);

/* The version of the libcurl that is loaded, as in LIBCURL_VERSION_NUM; after lofty_transport_init. */
unsigned lofty_curl_version (void);

Multi *lofty_multi_new (void);   /* one reference, still closed; NULL: no memory */
int lofty_multi_open (Multi *m); /* false: no memory */
int lofty_multi_is_open (const Multi *m);
void lofty_multi_close (Multi *m);   /* ends what runs, closes every connection; idempotent */
void lofty_multi_release (Multi *m); /* drops a reference */
/* Does I/O until a transfer has ended or 'wait' ms are over, possibly less; true: one has ended. */
int lofty_multi_wait (Multi *m, int wait);
/* The next transfer that has ended, each once; NULL: no more. */
Transfer *lofty_multi_finished (Multi *m);
/* How many responses to requests with 'protect' have come; only grows. */
unsigned long lofty_multi_protected (const Multi *m);

Transfer *lofty_transfer_new (Multi *m); /* NULL: no memory, or a libcurl that lacks an option */
void lofty_transfer_free (Transfer *t);  /* stops it if it runs; NULL is fine */
Multi *lofty_transfer_multi (const Transfer *t);
TransferState lofty_transfer_state (const Transfer *t);
int64_t lofty_transfer_id (const Transfer *t);
/* Frees the last response, if there is one; the transfer is idle then. */
void lofty_transfer_recycle (Transfer *t);
void lofty_transfer_begin (Transfer *t); /* no headers yet */
/* NULL, or what is wrong. */
const char *lofty_transfer_header (Transfer *t, LoftySpan name, LoftySpan value);
/* Starts it under the caller's 'id'. NULL, or what is wrong; nothing has been sent then. */
const char *lofty_transfer_start (Transfer *t, int64_t id, const Request *request);
/* Does I/O for all transfers until this one has ended or 'wait' ms passed idle; true: it has ended. */
int lofty_transfer_wait (Transfer *t, int wait);
void lofty_transfer_cancel (Transfer *t);            /* ends it if it runs */
const char *lofty_transfer_host (const Transfer *t); /* host and port of its URL; "" if none */
Outcome lofty_transfer_outcome (Transfer *t);        /* of one that has ended */

#endif
