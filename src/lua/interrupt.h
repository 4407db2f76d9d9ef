/* SPDX-License-Identifier: MIT */
/*
** interrupt.h - signals while C code waits.
** A signal handler of Lua's (lua.c's for Ctrl-C, lua-posix's) sets a debug hook
** of the main thread, and the hook does the work, raising as a rule. It runs when
** the main thread executes Lua code: not while C waits, and not while the main
** thread waits for a coroutine.
*/
#ifndef LOFTY_LUA_INTERRUPT_H
#define LOFTY_LUA_INTERRUPT_H

#include <signal.h>

#include "compat.h"

typedef struct LoftyInterrupt {
  lua_State *main; /* NULL: not known yet (5.1) */
  int sections;    /* see lofty_enter_section */
  int committed;   /* in a section: nothing may be interrupted before its end */
  sigset_t before; /* the thread's mask outside of sections */
  lua_Hook hook;   /* the main thread's, removed until the section ends; NULL: none */
  int mask, count; /* of that hook */
} LoftyInterrupt;

/* Pushes a userdata; called once per Lua state. */
LoftyInterrupt *lofty_newinterrupt (lua_State *L);

/*
** Signals are blocked from the outermost enter to its leave, except while C waits before the
** section is committed. A signal that came just before the outermost enter runs its hook
** here: true if that raised, then the value is pushed and nothing is entered.
*/
int lofty_enter_section (lua_State *L, LoftyInterrupt *interrupt);
void lofty_leave_section (LoftyInterrupt *interrupt);

/* To be called before each wait; lofty_end_wait after it. */
void lofty_begin_wait (LoftyInterrupt *interrupt);
/*
** Runs the main thread's hook, if there is one. True: it raised, and the value is
** pushed. With 'commit' the section, if this is one, is committed.
*/
int lofty_end_wait (lua_State *L, LoftyInterrupt *interrupt, int commit);

#endif
