/*
** core.c - luaopen_lofty_core: opens all parts of lofty.core into one table.
*/
#include "buffer.h"
#include "core.h"

LOFTY_EXPORT int luaopen_lofty_core (lua_State *L) {
  lofty_checkversion(L);
  lofty_open_buf(L);
  lua_newtable(L);
  lofty_open_encodings(L);
  lofty_open_params(L);
  lofty_open_grant(L);
  lofty_open_json(L);
  lofty_open_http1(L);
  return 1;
}
