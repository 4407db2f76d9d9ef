/* SPDX-License-Identifier: MIT */
/*
** held_signal.h - keeps a signal away that a write may raise in its own thread and that would
** end the process. SIGPIPE: the other side has closed the connection; OpenSSL and other libraries
** write with write(), which raises it. SIGXFSZ: the file is as large as ulimit -f allows.
*/
#ifndef LOFTY_HELD_SIGNAL_H
#define LOFTY_HELD_SIGNAL_H

#include <errno.h>
#include <signal.h>
#include <time.h>

typedef struct LoftyHeldSignal {
  sigset_t before; /* the thread's signal mask before the block */
  int number;
  int was_pending; /* it was pending before: it is not ours to remove */
} LoftyHeldSignal;

/* Blocks the signal in this thread until lofty_release_signal. */
static inline void lofty_hold_signal (LoftyHeldSignal *held, int number) {
  sigset_t one, pending;
  sigemptyset(&one);
  sigaddset(&one, number);
  sigemptyset(&pending);
  sigpending(&pending);
  held->number = number;
  held->was_pending = sigismember(&pending, number);
  pthread_sigmask(SIG_BLOCK, &one, &held->before);
}

/* Removes the signal if it came since lofty_hold_signal and restores the signal mask; keeps errno. */
static inline void lofty_release_signal (const LoftyHeldSignal *held) {
  sigset_t one, pending;
  int saved = errno;
  sigemptyset(&one);
  sigaddset(&one, held->number);
  sigemptyset(&pending);
  sigpending(&pending);
  if (!held->was_pending && sigismember(&pending, held->number)) {
#ifdef __APPLE__ /* it has no sigtimedwait */
    int signal;
    sigwait(&one, &signal);
#else
    static const struct timespec at_once = {0, 0};
    /* returns at once also when another thread has taken the signal */
    while (sigtimedwait(&one, NULL, &at_once) < 0 && errno == EINTR) continue;
#endif
  }
  pthread_sigmask(SIG_SETMASK, &held->before, NULL);
  errno = saved;
}

#endif
