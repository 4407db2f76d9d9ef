/* SPDX-License-Identifier: MIT */
/*
** uri.h - percent-encoding, queries and path templates (RFC 3986; forms: RFC 6749, appendix B).
*/
#ifndef LOFTY_URI_H
#define LOFTY_URI_H

#include "buf.h"

/* Encodes everything except the unreserved characters (RFC 3986 section 2.3). */
LoftyCode lofty_percent_encode (LoftyBuf *out, LoftySpan in);
/* As lofty_percent_encode, but a space becomes "+" (application/x-www-form-urlencoded). */
LoftyCode lofty_form_encode (LoftyBuf *out, LoftySpan in);
/* plus_is_space: for forms and queries. LOFTY_BAD: no two hex digits after the "%" at *at. */
LoftyCode lofty_percent_decode (LoftyBuf *out, LoftySpan in, int plus_is_space, size_t *at);
/* Returns NULL, or a message if a text contains CR, LF or NUL, which paths and queries must not. */
const char *lofty_line_problem (LoftySpan text);
/*
** Appends name=value, after "&" unless out is empty. form: a space becomes "+", and CR, LF
** and NUL are allowed; in a query they are LOFTY_BAD.
*/
LoftyCode lofty_query_add (LoftyBuf *out, LoftySpan name, LoftySpan value, int form);
/*
** Splits a path template such as "/v1.0/leads/{leadId}" into literals and names, one per
** call. LOFTY_MORE: *piece is a literal, or a name without its braces (*is_name);
** LOFTY_DONE: the end; LOFTY_BAD: an unclosed, nested or empty brace, or a byte that a path
** must not contain, at the start of *rest.
*/
LoftyCode lofty_template_next (LoftySpan *rest, LoftySpan *piece, int *is_name);
/* Appends a parameter's value, percent-encoded. LOFTY_BAD: *problem says why it is not allowed. */
LoftyCode lofty_path_add (LoftyBuf *out, LoftySpan value, const char **problem);
/* True if a segment is "." or "..", which servers and libcurl remove (RFC 3986, 5.2.4). */
int lofty_path_dotted (LoftySpan path);

#endif
