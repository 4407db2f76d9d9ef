/* SPDX-License-Identifier: MIT */
/*
** multi.c - the multi handle: its life, I/O for all its transfers, its sockets,
** and what a fork does to it.
*/
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sys/socket.h>

#include "transfer.h"

#define IDLE_CONNECTIONS 64L
#define MAX_SOCKETS ((size_t)65536 * sizeof(curl_socket_t))

/* --- the library --- */

static CURLcode global_code;
static unsigned global_version;

unsigned lofty_curl_version (void) {
  return global_version;
}

/* libcurl would write the keys of every TLS session to the file that SSLKEYLOGFILE names. */
static void global_init (void) {
  const char *file = getenv("SSLKEYLOGFILE");
  char *copy = file ? strdup(file) : NULL;
  if (file) unsetenv("SSLKEYLOGFILE");
  global_code = curl_global_init(CURL_GLOBAL_DEFAULT);
  if (copy) setenv("SSLKEYLOGFILE", copy, 1); /* for the programs that this one starts */
  free(copy);
  global_version = curl_version_info(CURLVERSION_NOW)->version_num;
}

/* curl_global_cleanup is never called: no moment is safe for all threads. */
int lofty_transport_init (void) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, global_init);
  return global_code == CURLE_OK;
}

/* --- SIGPIPE --- */

void lofty_guard_sigpipe (SigpipeGuard *guard) {
  guard->active = global_version < 0x075700;
  if (guard->active) lofty_hold_signal(&guard->state, SIGPIPE);
}

void lofty_unguard_sigpipe (const SigpipeGuard *guard) {
  if (guard->active) lofty_release_signal(&guard->state);
}

/* --- sockets --- */

/* Children that the program starts must not inherit the connection. */
curl_socket_t lofty_on_socket (void *closure, curlsocktype purpose, struct curl_sockaddr *address) {
  Multi *m = (Multi *)closure;
  curl_socket_t fd;
  (void)purpose;
#ifdef SOCK_CLOEXEC
  fd = socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
#else
  fd = socket(address->family, address->socktype, address->protocol);
  if (fd >= 0) fcntl(fd, F_SETFD, FD_CLOEXEC);
#endif
  if (fd < 0) return CURL_SOCKET_BAD;
  if (lofty_buf_add(&m->sockets, &fd, sizeof fd)) {
    lofty_buf_free(&m->sockets);
    close(fd);
    return CURL_SOCKET_BAD;
  }
  return fd;
}

int lofty_on_close (void *closure, curl_socket_t fd) {
  Multi *m = (Multi *)closure;
  curl_socket_t *list = (curl_socket_t *)(void *)m->sockets.data;
  size_t i, count = m->sockets.size / sizeof fd;
  for (i = 0; i < count; i++)
    if (list[i] == fd) {
      list[i] = list[count - 1];
      m->sockets.size -= sizeof fd;
      break;
    }
  return close(fd);
}

/*
** The pipe that wakes libcurl's poll cannot be reached from outside, and has no close-on-exec
** flag before 8.8. It gets the two lowest free descriptors, so the flag is set on those.
*/
static CURLM *multi_init (void) {
  int low = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 0),
      high = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 0);
  CURLM *handle;
  if (low >= 0) close(low);
  if (high >= 0) close(high);
  handle = curl_multi_init();
  if (low >= 0) fcntl(low, F_SETFD, FD_CLOEXEC);
  if (high >= 0) fcntl(high, F_SETFD, FD_CLOEXEC);
  return handle;
}

/* --- the multi handle --- */

Multi *lofty_multi_new (void) {
  Multi *m = (Multi *)lofty_realloc(NULL, sizeof(Multi));
  if (!m) return NULL;
  memset(m, 0, sizeof(Multi));
  lofty_buf_init(&m->sockets, MAX_SOCKETS);
  m->references = 1;
  return m;
}

int lofty_multi_open (Multi *m) {
  m->handle = multi_init();
  if (!m->handle) return 0;
  m->owner = getpid();
  curl_multi_setopt(m->handle, CURLMOPT_PIPELINING, (long)CURLPIPE_MULTIPLEX);
  curl_multi_setopt(m->handle, CURLMOPT_MAXCONNECTS, IDLE_CONNECTIONS);
  return 1;
}

int lofty_multi_is_open (const Multi *m) {
  return m->handle != NULL;
}

void lofty_multi_release (Multi *m) {
  if (--m->references > 0) return;
  lofty_buf_free(&m->sockets);
  lofty_realloc(m, 0);
}

unsigned long lofty_multi_protected (const Multi *m) {
  return m->protected_done;
}

/* Removes a running transfer from its multi handle. */
static void transfer_detach (Transfer *t) {
  Multi *m = t->multi;
  if (t->easy) { /* NULL: it is the parent process's */
    SigpipeGuard guard;
    lofty_guard_sigpipe(&guard);
    curl_multi_remove_handle(m->handle, t->easy);
    lofty_unguard_sigpipe(&guard);
  }
  if (t->previous)
    t->previous->next = t->next;
  else
    m->running = t->next;
  if (t->next) t->next->previous = t->previous;
  t->previous = t->next = NULL;
}

/* Marks a transfer as ended and appends it to the finished ones. */
static void transfer_finish (Transfer *t, CURLcode result) {
  Multi *m = t->multi;
  transfer_detach(t);
  t->state = TRANSFER_DONE;
  t->result = result;
  if (t->protect && result == CURLE_OK) m->protected_done++;
  t->next_finished = NULL;
  if (m->last_finished)
    m->last_finished->next_finished = t;
  else
    m->finished = t;
  m->last_finished = t;
}

void lofty_transfer_cancel (Transfer *t) {
  if (t->state != TRANSFER_RUNNING) return;
  t->cancelled = 1;
  transfer_finish(t, CURLE_ABORTED_BY_CALLBACK);
}

void lofty_multi_unlist (Transfer *t) {
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

Transfer *lofty_multi_finished (Multi *m) {
  Transfer *t = m->finished;
  if (t) lofty_multi_unlist(t);
  return t;
}

/*
** After a fork the connections are shared with the parent, which goes on with
** them. This process closes its copies of the sockets without writing and never
** touches the handles that it has inherited: freeing them would write to the
** server (close_notify). They stay reachable, for leak checkers.
*/
static void multi_abandon (Multi *m) {
  static void *abandoned[4]; /* the last ones */
  static unsigned count;
  const curl_socket_t *list = (const curl_socket_t *)(const void *)m->sockets.data;
  size_t i;
  for (i = 0; i < m->sockets.size / sizeof *list; i++) close(list[i]);
  lofty_buf_clear(&m->sockets);
  while (m->running) {
    Transfer *t = m->running;
    t->easy = NULL;
    t->process_changed = 1;
    transfer_finish(t, CURLE_ABORTED_BY_CALLBACK);
  }
  abandoned[count++ % 4] = m->handle;
  (void)abandoned[0];
  m->handle = NULL;
}

int lofty_multi_renew (Multi *m) {
  if (m->owner == getpid()) return m->handle != NULL;
  if (m->handle) multi_abandon(m);
  return lofty_multi_open(m);
}

void lofty_multi_close (Multi *m) {
  SigpipeGuard guard;
  if (!m->handle) return;
  if (m->owner != getpid()) {
    multi_abandon(m);
    return;
  }
  while (m->running) transfer_finish(m->running, CURLE_ABORTED_BY_CALLBACK);
  lofty_guard_sigpipe(&guard);
  curl_multi_cleanup(m->handle);
  lofty_unguard_sigpipe(&guard);
  m->handle = NULL;
}

/* After an error of the multi handle all running transfers end, since they would never make progress. */
static void multi_check (Multi *m, CURLMcode code) {
  CURLcode result = code == CURLM_OUT_OF_MEMORY ? CURLE_OUT_OF_MEMORY : CURLE_FAILED_INIT;
  if (code == CURLM_OK) return;
  while (m->running) transfer_finish(m->running, result);
}

/*
** If the reused connection had been closed by the server before anything was sent, starts the
** transfer again on a new one, with the time that is left, and returns true.
*/
static int transfer_restart (Transfer *t) {
  curl_off_t spent = 0;
  long left;
  if (!t->stale || t->restarted) return 0;
  curl_easy_getinfo(t->easy, CURLINFO_TOTAL_TIME_T, &spent);
  left = t->total - (long)(spent / 1000);
  curl_multi_remove_handle(t->multi->handle, t->easy);
  t->stale = 0;
  t->restarted = 1;
  t->error[0] = '\0';
  t->total = left > 0 ? left : 1;
  if (curl_easy_setopt(t->easy, CURLOPT_TIMEOUT_MS, t->total) != CURLE_OK ||
      curl_easy_setopt(t->easy, CURLOPT_FRESH_CONNECT, 1L) != CURLE_OK ||
      curl_multi_add_handle(t->multi->handle, t->easy) != CURLM_OK)
    transfer_finish(t, CURLE_OUT_OF_MEMORY);
  return 1;
}

/* Does the I/O that is possible without waiting; finishes the transfers that have ended. */
static void multi_perform (Multi *m) {
  int running, left, again;
  CURLMsg *message;
  SigpipeGuard guard;
  lofty_guard_sigpipe(&guard);
  m->has_new = 0;
  do {
    again = 0;
    multi_check(m, curl_multi_perform(m->handle, &running));
    while ((message = curl_multi_info_read(m->handle, &left)) != NULL) {
      CURLcode result = message->data.result; /* removing the handle frees the message */
      char *closure = NULL;
      Transfer *t;
      if (message->msg != CURLMSG_DONE) continue;
      curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &closure);
      if (!closure) continue;
      t = (Transfer *)(void *)closure;
      if (transfer_restart(t))
        again = 1;
      else
        transfer_finish(t, result);
    }
  } while (again);
  lofty_unguard_sigpipe(&guard);
}

static int multi_poll (Multi *m, int wait) {
  int ready = 0;
  multi_check(m, curl_multi_poll(m->handle, NULL, 0, wait, &ready));
  return ready;
}

int lofty_multi_wait (Multi *m, int wait) {
  if (!lofty_multi_renew(m)) return m->finished != NULL;
  /* multi_perform visits all transfers, so it is left out while they only wait. */
  if (m->has_new || wait <= 0) multi_perform(m);
  if (!m->finished && wait > 0) {
    multi_poll(m, wait);
    multi_perform(m);
  }
  return m->finished != NULL;
}

int lofty_transfer_wait (Transfer *t, int wait) {
  int ready = 1;
  if (t->state != TRANSFER_RUNNING || !lofty_multi_renew(t->multi)) return 1;
  multi_perform(t->multi);
  while (t->state == TRANSFER_RUNNING && ready > 0) {
    ready = multi_poll(t->multi, wait);
    if (t->state == TRANSFER_RUNNING) multi_perform(t->multi);
  }
  return t->state != TRANSFER_RUNNING;
}
