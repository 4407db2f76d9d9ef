/* SPDX-License-Identifier: MIT */
/*
** interrupt.c - signals while C code waits, see interrupt.h.
*/
#include "interrupt.h"

static const char empty_key = 0; /* its address names an empty Lua function in the registry */

LoftyInterrupt *lofty_newinterrupt (lua_State *L) {
  LoftyInterrupt *interrupt = (LoftyInterrupt *)lua_newuserdata(L, sizeof(LoftyInterrupt));
  memset(interrupt, 0, sizeof(LoftyInterrupt));
  interrupt->main = lofty_mainthread(L);
  if (luaL_loadstring(L, "") != 0) lua_error(L);
  lofty_rawsetp(L, LUA_REGISTRYINDEX, &empty_key);
  return interrupt;
}

/* Blocks all but the signals of program errors, which must not be blocked. */
static void block_signals (sigset_t *before) {
  sigset_t signals;
  sigfillset(&signals);
  sigdelset(&signals, SIGSEGV);
  sigdelset(&signals, SIGBUS);
  sigdelset(&signals, SIGFPE);
  sigdelset(&signals, SIGILL);
  sigdelset(&signals, SIGABRT);
  sigdelset(&signals, SIGTRAP);
  pthread_sigmask(SIG_BLOCK, &signals, before);
}

void lofty_leave_section (LoftyInterrupt *interrupt) {
  if (interrupt->sections == 0 || --interrupt->sections > 0) return;
  interrupt->committed = 0;
  if (interrupt->hook && !lua_gethook(interrupt->main))
    lua_sethook(interrupt->main, interrupt->hook, interrupt->mask, interrupt->count);
  interrupt->hook = NULL;
  pthread_sigmask(SIG_SETMASK, &interrupt->before, NULL);
}

void lofty_begin_wait (LoftyInterrupt *interrupt) {
  if (interrupt->sections > 0 && !interrupt->committed)
    pthread_sigmask(SIG_SETMASK, &interrupt->before, NULL);
}

/*
** Makes the hook run by calling an empty Lua function in the thread that has it: the running
** one, or the main thread, which waits in a resume. (LuaJIT has one hook for all threads.)
*/
static int run_hook (lua_State *L, lua_State *owner) {
  lua_State *runner = lua_gethook(L) == lua_gethook(owner) ? L : owner;
  if (!lua_checkstack(L, 4) || !lua_checkstack(runner, 4)) return 0;
  lofty_rawgetp(runner, LUA_REGISTRYINDEX, &empty_key);
  if (lua_pcall(runner, 0, 0, 0) == 0) return 0;
  if (runner != L) lua_xmove(runner, L, 1);
  return 1;
}

/* Only the main thread itself can tell on 5.1 that it is. */
static int knows_main (lua_State *L, LoftyInterrupt *interrupt) {
  if (!interrupt->main) {
    if (lua_pushthread(L)) interrupt->main = L;
    lua_pop(L, 1);
  }
  return interrupt->main != NULL;
}

int lofty_enter_section (lua_State *L, LoftyInterrupt *interrupt) {
  if (interrupt->sections == 0) {
    block_signals(&interrupt->before);
    if (knows_main(L, interrupt) && lua_gethook(interrupt->main) && run_hook(L, interrupt->main)) {
      pthread_sigmask(SIG_SETMASK, &interrupt->before, NULL);
      return 1;
    }
  }
  interrupt->sections++;
  return 0;
}

int lofty_end_wait (lua_State *L, LoftyInterrupt *interrupt, int commit) {
  if (interrupt->sections > 0) {
    if (!interrupt->committed) block_signals(NULL);
    interrupt->committed |= commit;
  }
  if (!knows_main(L, interrupt)) return 0;
  if (!lua_gethook(interrupt->main)) return 0;
  if (!interrupt->committed) return run_hook(L, interrupt->main);
  if (!interrupt->hook) {
    interrupt->hook = lua_gethook(interrupt->main);
    interrupt->mask = lua_gethookmask(interrupt->main);
    interrupt->count = lua_gethookcount(interrupt->main);
    lua_sethook(interrupt->main, NULL, 0, 0);
  }
  return 0;
}
