/* SPDX-License-Identifier: MIT */
/*
** sigpipe.h - keeps SIGPIPE away from code that writes to sockets. OpenSSL and other
** libraries write with write(), which raises SIGPIPE on a connection that the other
** side has closed and would end the process.
*/
#ifndef LOFTY_SIGPIPE_H
#define LOFTY_SIGPIPE_H

#include <errno.h>
#include <signal.h>
#include <time.h>

typedef struct LoftySigpipe {
  sigset_t before; /* the thread's signal mask before the block */
  int was_pending; /* a SIGPIPE was pending before: it is not ours to remove */
} LoftySigpipe;

/* Blocks SIGPIPE in this thread until lofty_sigpipe_release. */
static inline void lofty_sigpipe_block (LoftySigpipe *state) {
  sigset_t sigpipe, pending;
  sigemptyset(&sigpipe);
  sigaddset(&sigpipe, SIGPIPE);
  sigemptyset(&pending);
  sigpending(&pending);
  state->was_pending = sigismember(&pending, SIGPIPE);
  pthread_sigmask(SIG_BLOCK, &sigpipe, &state->before);
}

/* Removes a SIGPIPE that came since lofty_sigpipe_block and restores the signal mask; keeps errno. */
static inline void lofty_sigpipe_release (const LoftySigpipe *state) {
  sigset_t sigpipe, pending;
  int saved = errno;
  sigemptyset(&sigpipe);
  sigaddset(&sigpipe, SIGPIPE);
  sigemptyset(&pending);
  sigpending(&pending);
  if (!state->was_pending && sigismember(&pending, SIGPIPE)) {
#ifdef __APPLE__ /* it has no sigtimedwait */
    int signal;
    sigwait(&sigpipe, &signal);
#else
    static const struct timespec at_once = {0, 0};
    /* returns at once also when another thread has taken the signal */
    while (sigtimedwait(&sigpipe, NULL, &at_once) < 0 && errno == EINTR) continue;
#endif
  }
  pthread_sigmask(SIG_SETMASK, &state->before, NULL);
  errno = saved;
}

#endif
