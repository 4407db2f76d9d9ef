/* SPDX-License-Identifier: MIT */
/*
** core.h - the parts of the module lofty.core.
*/
#ifndef LOFTY_LUA_CORE_H
#define LOFTY_LUA_CORE_H

#include "compat.h"

/* Each adds its functions to the table on the top of the stack. */
void lofty_open_encodings (lua_State *L); /* encodings.c: base64*, percent_*, equal */
void lofty_open_params (lua_State *L);    /* params.c: query_*, form_encode, path_expand */
void lofty_open_grant (lua_State *L);     /* oauth.c: basic, token_request */
void lofty_open_json (lua_State *L);      /* json_in.c: json_*, null, array, integer, number_text */
void lofty_open_url_policy (lua_State *L); /* url_policy.c: url_parse, field_problem */
void lofty_open_http1 (lua_State *L);      /* http1.c: http_reader */
void lofty_open_library (lua_State *L);    /* library.c: load_lazily */

#endif
