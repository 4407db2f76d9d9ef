/* SPDX-License-Identifier: MIT */
/*
** url_policy.h - which URLs and header fields a request may have: one set of rules
** for libcurl and nginx.
*/
#ifndef LOFTY_URL_POLICY_H
#define LOFTY_URL_POLICY_H

#include "common.h"
#include "limits.h"

/* The parts of a URL that was accepted. */
typedef struct LoftyUrl {
  int secure;                    /* https, else http */
  int loopback;                  /* the host is this machine */
  int literal;                   /* the host is an IPv6 address; in the URL it has brackets */
  int port;                      /* 1 to 65535; the scheme's default when there is none */
  char host[LOFTY_MAX_HOST + 1]; /* in lower case, without brackets */
  size_t origin_size;            /* scheme://host:port is this many bytes of the URL */
  LoftySpan target;              /* path and query as written, maybe empty; never a fragment */
} LoftyUrl;

/*
** Parses an absolute URL. Accepts only hosts that all parsers read alike, so that libcurl
** and nginx connect to the host that was checked. Returns NULL, or a message that contains
** no part of the URL.
*/
const char *lofty_url_parse (LoftySpan text, LoftyUrl *url);

/*
** Checks a header field (RFC 9110, section 5). Returns NULL, or a message: the name is not a
** token, the value contains a control character, or the field is one that the transport sets.
*/
const char *lofty_field_problem (LoftySpan name, LoftySpan value);

#endif
