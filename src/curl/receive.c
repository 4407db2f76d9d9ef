/* SPDX-License-Identifier: MIT */
/*
** receive.c - the callbacks of libcurl. They use only the transfer's own data and never call
** Lua, since an error of Lua's must not longjmp across libcurl.
*/
#define _GNU_SOURCE /* POLLRDHUP. NOLINT(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp) */
#include <poll.h>

#include <netinet/in.h>
#include <sys/socket.h>

#include "transfer.h"

#if defined(__linux__) && !defined(POLLRDHUP)
#error "without POLLRDHUP a request may go out on a connection that the server has closed"
#endif

#define TOO_LONG "the body of the response is longer than max_body"

static size_t transfer_refuse (Transfer *t, LoftyCode code, const char *problem) {
  t->code = code;
  t->problem = problem;
  return 0; /* fewer bytes than were given: libcurl stops */
}

/*
** True if the head says that the body is longer than max_body: then none of it is read. A gzip
** body is measured when it is decoded.
*/
static int is_too_long (const Transfer *t) {
  const LoftyHttpFacts *facts = lofty_http_head_facts(t->head);
  return !lofty_http_bodyless(facts, t->is_head) && facts->has_length &&
         facts->coding != LOFTY_CODING_GZIP && facts->length > t->response.max;
}

/* Called with one complete line of a head or of trailers, line end included. */
size_t lofty_on_header (char *bytes, size_t one, size_t size, void *closure) {
  Transfer *t = (Transfer *)closure;
  size_t used;
  LoftyCode code = lofty_http_head_feed(t->head, bytes, size, &used);
  (void)one;
  if (code > LOFTY_DONE) return transfer_refuse(t, code, lofty_http_head_problem(t->head));
  if (used != size) return transfer_refuse(t, LOFTY_BAD, "header lines after the end");
  if (code == LOFTY_DONE && is_too_long(t)) return transfer_refuse(t, LOFTY_TOO_LONG, TOO_LONG);
  return size;
}

/*
** From 7.84 to 8.0 libcurl joins a folded first header line to the last header line of the
** response before, which it has freed: on a handle that was used before, memory is freed twice.
** It does so before it calls lofty_on_header. With CURLOPT_HEADER a line of a head comes to
** lofty_on_body before that.
*/
int lofty_must_see_head_first (void) {
  return lofty_curl_version() >= 0x075400 && lofty_curl_version() < 0x080100;
}

/* Refuses a folded line. A long line comes in several pieces. */
static size_t check_head_line (Transfer *t, const char *bytes, size_t size) {
  int folded = !t->within_line && (*bytes == ' ' || *bytes == '\t');
  t->within_line = bytes[size - 1] != '\n';
  return folded ? transfer_refuse(t, LOFTY_BAD, "a folded header line") : size;
}

/* Called with bytes of the body, or of the head: see lofty_must_see_head_first. */
size_t lofty_on_body (char *bytes, size_t one, size_t size, void *closure) {
  Transfer *t = (Transfer *)closure;
  LoftyCode code;
  (void)one;
  if (size == 0) return 0;
  if (lofty_must_see_head_first() && !lofty_http_head_done(t->head))
    return check_head_line(t, bytes, size);
  t->got_body = 1;
  if (lofty_http_head_facts(t->head)->coding == LOFTY_CODING_GZIP) {
    if (!t->inflate && !(t->inflate = lofty_gunzip_new()))
      return transfer_refuse(t, LOFTY_NO_MEMORY, NULL);
    code = lofty_gunzip_feed(t->inflate, &t->response, bytes, size);
  } else
    code = lofty_buf_add(&t->response, bytes, size);
  if (code == LOFTY_TOO_LONG) return transfer_refuse(t, code, TOO_LONG);
  if (code == LOFTY_BAD) return transfer_refuse(t, code, "the gzip body is damaged");
  if (code == LOFTY_NO_MEMORY) return transfer_refuse(t, code, NULL);
  return size;
}

#ifdef POLLRDHUP
static int port_of (const struct sockaddr_storage *address) {
  if (address->ss_family == AF_INET)
    return ntohs(((const struct sockaddr_in *)(const void *)address)->sin_port);
  if (address->ss_family == AF_INET6)
    return ntohs(((const struct sockaddr_in6 *)(const void *)address)->sin6_port);
  return -1;
}

/* True if the server has closed the connection between these two ports. */
static int is_closed_by_server (const Multi *m, int port, int local_port) {
  const curl_socket_t *list = (const curl_socket_t *)(const void *)m->sockets.data;
  size_t i;
  for (i = 0; i < m->sockets.size / sizeof *list; i++) {
    struct sockaddr_storage address;
    socklen_t size = sizeof address;
    struct pollfd entry;
    address.ss_family = AF_UNSPEC;
    if (getsockname(list[i], (struct sockaddr *)(void *)&address, &size) != 0 ||
        port_of(&address) != local_port)
      continue;
    size = sizeof address;
    if (getpeername(list[i], (struct sockaddr *)(void *)&address, &size) != 0)
      return 1; /* no longer connected */
    if (port_of(&address) != port) continue;
    entry.fd = list[i];
    entry.events = POLLRDHUP;
    entry.revents = 0;
    return poll(&entry, 1, 0) > 0;
  }
  return 0;
}
#else
static int is_closed_by_server (const Multi *m, int port, int local_port) {
  (void)m;
  (void)port;
  (void)local_port;
  return 0;
}
#endif

/*
** Called each time that a request is about to be sent (libcurl 7.80 and newer).
** libcurl sends a request again, also a POST, when a reused connection is closed without a
** response. And it may reuse a connection that the server has closed: 8.22 checks kept
** connections at most once a second.
*/
int lofty_on_request (void *closure, char *ip, char *local, int port, int local_port) {
  Transfer *t = (Transfer *)closure;
  long connects = 0;
  (void)ip;
  (void)local;
  if (t->once) {
    if (t->attempts > 0) {
      t->resend_blocked = 1;
      return 1; /* CURL_PREREQFUNC_ABORT */
    }
    curl_easy_getinfo(t->easy, CURLINFO_NUM_CONNECTS, &connects);
    if (connects == 0 && is_closed_by_server(t->multi, port, local_port)) {
      t->stale = 1; /* see transfer_restart */
      return 1;
    }
  }
  t->attempts++;
  return 0; /* CURL_PREREQFUNC_OK */
}
