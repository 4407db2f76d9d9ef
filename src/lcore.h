/*
** lcore.h - the parts of lofty.core: who opens which.
*/
#ifndef LOFTY_LCORE_H
#define LOFTY_LCORE_H

#include "lcompat.h"

/* Each adds its functions to the table on the top of the stack. */
void lofty_open_encodings (lua_State *L); /* lencodings.c: base64*, percent_*, equal */
void lofty_open_params (lua_State *L);    /* lparams.c: query_*, form_encode, path_expand */
void lofty_open_grant (lua_State *L);     /* lgrant.c: basic, token_request */
void lofty_open_json (lua_State *L);      /* ljson.c: json_*, null, array, integer, number_text */
void lofty_open_http1 (lua_State *L);     /* lhttp1.c: http_reader */

#endif
