/*
** receive.c - what libcurl calls back. It touches only what hangs on the
** transfer: no Lua, which may not jump across libcurl.
*/
#include "transfer.h"

static size_t transfer_refuse (Transfer *t, LoftyCode code, const char *problem) {
  t->code = code;
  t->problem = problem;
  return 0; /* fewer than were given: libcurl stops */
}

/* One line of a head or a trailer, whole, with its end. */
size_t lofty_on_header (char *bytes, size_t one, size_t size, void *closure) {
  Transfer *t = (Transfer *)closure;
  size_t used;
  LoftyCode code = lofty_http_head_feed(t->head, bytes, size, &used);
  (void)one;
  if (code > LOFTY_DONE) return transfer_refuse(t, code, lofty_http_head_problem(t->head));
  if (used != size) return transfer_refuse(t, LOFTY_BAD, "header lines after the end");
  return size;
}

size_t lofty_on_body (char *bytes, size_t one, size_t size, void *closure) {
  Transfer *t = (Transfer *)closure;
  LoftyCode code;
  (void)one;
  if (size == 0) return 0;
  t->any = 1;
  if (lofty_http_head_facts(t->head)->coding == LOFTY_CODING_GZIP) {
    if (!t->inflate && !(t->inflate = lofty_gunzip_new()))
      return transfer_refuse(t, LOFTY_NO_MEMORY, NULL);
    code = lofty_gunzip_feed(t->inflate, &t->answer, bytes, size);
  } else
    code = lofty_buf_add(&t->answer, bytes, size);
  if (code == LOFTY_TOO_LONG)
    return transfer_refuse(t, code, "the body of the answer is longer than max_body");
  if (code == LOFTY_BAD) return transfer_refuse(t, code, "the gzip body is damaged");
  if (code == LOFTY_NO_MEMORY) return transfer_refuse(t, code, NULL);
  return size;
}

/*
** Called each time that a request is about to be sent. libcurl sends it again,
** a POST too, when a reused connection dies unanswered. (libcurl 7.80 and newer.)
*/
int lofty_on_request (void *closure, char *ip, char *local, int port, int local_port) {
  Transfer *t = (Transfer *)closure;
  (void)ip;
  (void)local;
  (void)port;
  (void)local_port;
  if (t->attempts > 0 && t->once) {
    t->doubled = 1;
    return 1; /* CURL_PREREQFUNC_ABORT */
  }
  t->attempts++;
  return 0; /* CURL_PREREQFUNC_OK */
}
