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
** Parses an absolute URL. Accepts only hosts that every parser reads alike, so that
** what is judged here is what libcurl and nginx connect to. Returns NULL, or what is
** wrong, without any part of the URL.
*/
const char *lofty_url_parse (LoftySpan text, LoftyUrl *url);

/*
** Judges a header field (RFC 9110, section 5). Returns NULL, or what is wrong:
** the name is not a token, the value holds a control character, or the field frames the message
** or routes it, which is the transport's business.
*/
const char *lofty_field_problem (LoftySpan name, LoftySpan value);

#endif
