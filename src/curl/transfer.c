/* SPDX-License-Identifier: MIT */
/*
** transfer.c - the life of a transfer.
*/
#include <string.h>

#include "core/limits.h"
#include "transfer.h"

#define MAX_ORIGIN ((size_t)1024)
#define MAX_HEADERS (2 * LOFTY_MAX_CREDENTIAL)
#define KEEP_BUFFER ((size_t)1 << 20) /* a larger body buffer is not kept for the next request */

Transfer *lofty_transfer_new (Multi *m) {
  Transfer *t = (Transfer *)lofty_realloc(NULL, sizeof(Transfer));
  if (!t) return NULL;
  memset(t, 0, sizeof(Transfer));
  lofty_buf_init(&t->origin, MAX_ORIGIN);
  lofty_buf_init(&t->url, LOFTY_MAX_URI);
  lofty_buf_init(&t->ca, LOFTY_MAX_URI);
  lofty_buf_init(&t->headers, MAX_HEADERS);
  lofty_buf_init(&t->headers_set, MAX_HEADERS);
  lofty_buf_init(&t->proxy_host, MAX_ORIGIN);
  lofty_buf_init(&t->body, LOFTY_MAX_REQUEST);
  lofty_buf_init(&t->response, 0);
  t->multi = m;
  m->references++;
  if (lofty_handle_ensure(t)) return t;
  lofty_transfer_free(t);
  return NULL;
}

void lofty_transfer_free (Transfer *t) {
  if (!t) return;
  if (lofty_multi_is_open(t->multi)) lofty_transfer_cancel(t);
  lofty_multi_unlist(t);
  lofty_handle_discard(t);
  curl_slist_free_all(t->list);
  lofty_http_head_free(t->head);
  lofty_gunzip_free(t->inflate);
  lofty_buf_free(&t->origin);
  lofty_buf_free(&t->url);
  lofty_buf_free(&t->ca);
  lofty_buf_free(&t->headers);
  lofty_buf_free(&t->headers_set);
  lofty_buf_free(&t->proxy_host);
  lofty_buf_free(&t->body);
  lofty_buf_free(&t->response);
  lofty_multi_release(t->multi);
  lofty_realloc(t, 0);
}

Multi *lofty_transfer_multi (const Transfer *t) {
  return t->multi;
}

TransferState lofty_transfer_state (const Transfer *t) {
  return t->state;
}

int64_t lofty_transfer_id (const Transfer *t) {
  return t->id;
}

const char *lofty_transfer_host (const Transfer *t) {
  const char *host = t->origin.size > 0 ? strstr(t->origin.data, "://") : NULL;
  return host ? host + 3 : "";
}

/*
** A handle counts the connections that were closed under it over its whole life, and gives up
** at the sixth although a new one would succeed (7.88: "Connection died, tried 5 times"). After
** running out of memory it may report the next response as empty. So a handle is not used again
** after a failure.
*/
void lofty_transfer_recycle (Transfer *t) {
  lofty_multi_unlist(t);
  if (t->state == TRANSFER_DONE && (t->result != CURLE_OK || t->attempts > 1 || t->restarted))
    lofty_handle_discard(t);
  t->state = TRANSFER_IDLE;
  if (t->response.capacity > KEEP_BUFFER) lofty_buf_free(&t->response);
  if (t->body.capacity > KEEP_BUFFER) lofty_buf_free(&t->body);
}

static const char *transfer_start (Transfer *t, const Request *request) {
  Multi *m = t->multi;
  const char *problem;
  if (!lofty_multi_renew(m) || !lofty_handle_ensure(t)) return "not enough memory";
  if ((problem = lofty_request_set(t, request)) != NULL) return problem;
  if (t->head)
    lofty_http_head_reset(t->head, request->max_head);
  else if (!(t->head = lofty_http_head_new(request->max_head, LOFTY_HTTP_CURL)))
    return "not enough memory";
  if (t->inflate) lofty_gunzip_reset(t->inflate);
  lofty_buf_reuse(&t->response, request->max_body);
  t->once = request->once;
  t->protect = request->protect;
  t->is_head = strcmp(request->method, "HEAD") == 0;
  t->attempts = t->resend_blocked = t->stale = t->restarted = 0;
  t->cancelled = t->process_changed = t->got_body = t->within_line = 0;
  t->code = LOFTY_OK;
  t->problem = NULL;
  t->error[0] = '\0';
  if (curl_multi_add_handle(m->handle, t->easy) != CURLM_OK)
    return "libcurl accepted no further request";
  t->state = TRANSFER_RUNNING;
  m->has_new = 1;
  t->previous = NULL;
  t->next = m->running;
  if (t->next) t->next->previous = t;
  m->running = t;
  return NULL;
}

const char *lofty_transfer_start (Transfer *t, int64_t id, const Request *request) {
  const char *problem;
  t->id = id;
  problem = transfer_start(t, request);
  if (problem) lofty_handle_discard(t);
  return problem;
}
