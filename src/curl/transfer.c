/*
** transfer.c - the life of a transfer and of its multi handle.
*/
#include <string.h>

#include "core/limits.h"
#include "transfer.h"

#define IDLE_CONNECTIONS 64L
#define MAX_ORIGIN ((size_t)1024)
#define MAX_HEADERS (2 * LOFTY_MAX_CREDENTIAL)
#define KEEP_BUFFER ((size_t)1 << 20) /* a larger body buffer is not kept for the next request */

/* --- the life of a transfer --- */

void lofty_transfer_init (Transfer *t) {
  memset(t, 0, sizeof(Transfer));
  lofty_buf_init(&t->origin, MAX_ORIGIN);
  lofty_buf_init(&t->url, LOFTY_MAX_URI);
  lofty_buf_init(&t->ca, LOFTY_MAX_URI);
  lofty_buf_init(&t->headers, MAX_HEADERS);
  lofty_buf_init(&t->headers_set, MAX_HEADERS);
  lofty_buf_init(&t->body, LOFTY_MAX_REQUEST);
  lofty_buf_init(&t->answer, 0);
}

/* False: no memory, or a libcurl that lacks something. What there is then is closed as usual. */
int lofty_transfer_open (Transfer *t, Multi *m) {
  t->multi = m;
  m->references++;
  return lofty_handle_equip(t);
}

/* Takes a transfer that runs off its multi handle. */
static void transfer_detach (Transfer *t) {
  Multi *m = t->multi;
  curl_multi_remove_handle(m->handle, t->easy);
  if (t->previous)
    t->previous->next = t->next;
  else
    m->running = t->next;
  if (t->next) t->next->previous = t->previous;
  t->previous = t->next = NULL;
}

/* It has ended: from here on until its answer is taken it is on the list of those to report. */
static void transfer_finish (Transfer *t, CURLcode result) {
  Multi *m = t->multi;
  transfer_detach(t);
  t->state = TRANSFER_DONE;
  t->result = result;
  t->next_finished = NULL;
  if (m->last_finished)
    m->last_finished->next_finished = t;
  else
    m->finished = t;
  m->last_finished = t;
}

/* Takes a transfer off the list of those to report, if it is there. */
static void transfer_unlist (Transfer *t) {
  Multi *m = t->multi;
  Transfer **link = &m->finished, *before = NULL;
  for (; *link; before = *link, link = &(*link)->next_finished) {
    if (*link != t) continue;
    *link = t->next_finished;
    if (m->last_finished == t) m->last_finished = before;
    t->next_finished = NULL;
    return;
  }
}

/*
** A handle counts the connections that died under it over all its life, and at
** the sixth gives up although a new one would do (7.88: "Connection died, tried
** 5 times"); one that ran out of memory may think that an answer was empty. So
** one that has seen trouble is not used again.
*/
void lofty_transfer_rest (Transfer *t) {
  transfer_unlist(t);
  if (t->state == TRANSFER_DONE && (t->result != CURLE_OK || t->attempts > 1))
    lofty_handle_discard(t);
  t->state = TRANSFER_IDLE;
  if (t->answer.capacity > KEEP_BUFFER) lofty_buf_free(&t->answer);
  if (t->body.capacity > KEEP_BUFFER) lofty_buf_free(&t->body);
}

void lofty_transfer_close (Transfer *t) {
  Multi *m = t->multi;
  if (m && t->state == TRANSFER_RUNNING) transfer_detach(t);
  if (m) transfer_unlist(t);
  t->state = TRANSFER_IDLE;
  lofty_handle_discard(t);
  curl_slist_free_all(t->list);
  t->list = NULL;
  lofty_http_head_free(t->head);
  t->head = NULL;
  lofty_gunzip_free(t->inflate);
  t->inflate = NULL;
  lofty_buf_free(&t->origin);
  lofty_buf_free(&t->url);
  lofty_buf_free(&t->ca);
  lofty_buf_free(&t->headers);
  lofty_buf_free(&t->headers_set);
  lofty_buf_free(&t->body);
  lofty_buf_free(&t->answer);
  t->multi = NULL;
  if (m) lofty_multi_release(m);
}

static const char *transfer_begin (Transfer *t, const Request *request) {
  Multi *m = t->multi;
  const char *problem;
  if (!lofty_handle_equip(t)) return "not enough memory";
  if ((problem = lofty_request_set(t, request)) != NULL) return problem;
  if (t->head)
    lofty_http_head_reset(t->head, request->max_head);
  else if (!(t->head = lofty_http_head_new(request->max_head, LOFTY_HTTP_CURL)))
    return "not enough memory";
  if (t->inflate) lofty_gunzip_reset(t->inflate);
  lofty_buf_clear(&t->answer);
  t->answer.max = request->max_body;
  t->once = request->once;
  t->is_head = strcmp(request->method, "HEAD") == 0;
  t->attempts = t->doubled = t->any = 0;
  t->code = LOFTY_OK;
  t->problem = NULL;
  t->error[0] = '\0';
  if (curl_multi_add_handle(m->handle, t->easy) != CURLM_OK)
    return "libcurl took no further request";
  t->state = TRANSFER_RUNNING;
  t->previous = NULL;
  t->next = m->running;
  if (t->next) t->next->previous = t;
  m->running = t;
  return NULL;
}

const char *lofty_transfer_start (Transfer *t, const Request *request) {
  const char *problem = transfer_begin(t, request);
  if (problem) lofty_handle_discard(t);
  return problem;
}

/* --- the multi handle --- */

Multi *lofty_multi_new (void) {
  Multi *m = (Multi *)lofty_realloc(NULL, sizeof(Multi));
  if (!m) return NULL;
  memset(m, 0, sizeof(Multi));
  m->references = 1;
  return m;
}

int lofty_multi_open (Multi *m) {
  m->handle = curl_multi_init();
  if (!m->handle) return 0;
  curl_multi_setopt(m->handle, CURLMOPT_PIPELINING, (long)CURLPIPE_MULTIPLEX);
  curl_multi_setopt(m->handle, CURLMOPT_MAXCONNECTS, IDLE_CONNECTIONS);
  return 1;
}

void lofty_multi_release (Multi *m) {
  if (--m->references == 0) lofty_realloc(m, 0);
}

void lofty_multi_close (Multi *m) {
  if (!m->handle) return;
  while (m->running) transfer_finish(m->running, CURLE_ABORTED_BY_CALLBACK);
  curl_multi_cleanup(m->handle);
  m->handle = NULL;
}

/* A libcurl that cannot go on ends all that runs, rather than turn for ever. */
static void multi_check (Multi *m, CURLMcode code) {
  CURLcode result = code == CURLM_OUT_OF_MEMORY ? CURLE_OUT_OF_MEMORY : CURLE_FAILED_INIT;
  if (code == CURLM_OK) return;
  while (m->running) transfer_finish(m->running, result);
}

void lofty_multi_perform (Multi *m) {
  int running, left;
  CURLMsg *message;
  multi_check(m, curl_multi_perform(m->handle, &running));
  while ((message = curl_multi_info_read(m->handle, &left)) != NULL) {
    CURLcode result = message->data.result; /* the message ends with the handle's removal */
    char *closure = NULL;
    if (message->msg != CURLMSG_DONE) continue;
    curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &closure);
    if (closure) transfer_finish((Transfer *)(void *)closure, result);
  }
}

int lofty_multi_poll (Multi *m, int wait) {
  int ready = 0;
  multi_check(m, curl_multi_poll(m->handle, NULL, 0, wait, &ready));
  return ready;
}

Transfer *lofty_multi_finished (Multi *m) {
  Transfer *t = m->finished;
  if (t) transfer_unlist(t);
  return t;
}
