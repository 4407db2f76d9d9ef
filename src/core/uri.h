/*
** uri.h - percent-encoding, queries and path templates (RFC 3986; forms: RFC 6749, appendix B).
*/
#ifndef LOFTY_URI_H
#define LOFTY_URI_H

#include "buf.h"

/* Everything but the unreserved characters of RFC 3986 section 2.3 becomes %XX. */
LoftyCode lofty_percent_encode (LoftyBuf *out, LoftySpan in);
/* The same for application/x-www-form-urlencoded: a space becomes "+". */
LoftyCode lofty_form_encode (LoftyBuf *out, LoftySpan in);
/* plus_is_space: forms and queries. LOFTY_BAD: "%" without two hex digits; *at is its offset. */
LoftyCode lofty_percent_decode (LoftyBuf *out, LoftySpan in, int plus_is_space, size_t *at);
/* NULL, or in plain words that a text holds CR, LF or NUL, which paths and queries may not. */
const char *lofty_line_problem (LoftySpan text);
/*
** Adds name=value, with "&" before it when out is not empty. form: a space becomes
** "+". LOFTY_BAD in a query (a form is a body, and may hold them): CR, LF or NUL.
*/
LoftyCode lofty_query_add (LoftyBuf *out, LoftySpan name, LoftySpan value, int form);
/*
** Cuts a path template ("/v1.0/leads/{leadId}") into literals and names.
** LOFTY_MORE: a piece (is_name tells which, braces stripped); LOFTY_DONE: the end;
** LOFTY_BAD: a brace that is not closed, opened twice or empty, or a byte that no path may
** hold; the rest then starts at the offending byte.
*/
LoftyCode lofty_template_next (LoftySpan *rest, LoftySpan *piece, int *is_name);
/* Adds the value of a name, percent-encoded. LOFTY_BAD, *problem: it would change the path. */
LoftyCode lofty_path_add (LoftyBuf *out, LoftySpan value, const char **problem);
/* True if a segment is "." or "..", which servers and libcurl take out (RFC 3986, 5.2.4). */
int lofty_path_dotted (LoftySpan path);

#endif
