/* SPDX-License-Identifier: MIT */
/*
** url_policy.c - which URLs and header fields a request may have. URL parsers differ
** (RFC 3986, the WHATWG standard, inet_aton's short IPv4 addresses); a URL that two of
** them could read differently is refused.
*/
#include <string.h>

#include "ascii.h"
#include "head.h"
#include "url_policy.h"

static char to_lower (char c) {
  return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* RFC 3986: only visible ASCII. Refuses "\", because browsers treat it as a slash. */
static int all_url_bytes (LoftySpan text) {
  size_t i;
  for (i = 0; i < text.size; i++)
    if (text.data[i] <= 0x20 || text.data[i] >= 0x7F || text.data[i] == '\\') return 0;
  return 1;
}

/*
** Four decimal numbers from 0 to 255 without leading zeros (RFC 3986's IPv4address).
** *first is set to the first number.
*/
static int is_ipv4 (const char *host, int *first) {
  int part, value, digits;
  for (part = 0; part < 4; part++) {
    if (part > 0 && *host++ != '.') return 0;
    for (value = digits = 0; lofty_is_digit(*host) && digits < 4; digits++)
      value = value * 10 + (*host++ - '0');
    if (digits == 0 || value > 255 || (digits > 1 && host[-digits] == '0')) return 0;
    if (part == 0) *first = value;
  }
  return *host == '\0';
}

/*
** True if the last label is a number, so that a resolver may parse the host as an address:
** inet_aton reads "127.1", "0x7f.1" and "2130706433" as 127.0.0.1.
*/
static int ends_in_number (const char *host) {
  size_t end = strlen(host), begin, i;
  if (end > 0 && host[end - 1] == '.') end--;
  for (begin = end; begin > 0 && host[begin - 1] != '.'; begin--) continue;
  i = begin;
  if (end - begin >= 2 && host[begin] == '0' && host[begin + 1] == 'x') {
    for (i = begin + 2; i < end && lofty_hex_value(host[i]) >= 0; i++) continue;
  } else {
    for (; i < end && lofty_is_digit(host[i]); i++) continue;
  }
  return i == end && end > begin;
}

/* Parses a port; 0 if it is not a number from 1 to 65535. */
static int read_port (const char *digits, size_t size) {
  int port = 0;
  size_t i;
  if (size == 0 || size > 5) return 0;
  for (i = 0; i < size; i++) {
    if (!lofty_is_digit(digits[i])) return 0;
    port = port * 10 + (digits[i] - '0');
  }
  return port <= 65535 ? port : 0;
}

/* Checks the name or IPv4 address in url->host. */
static const char *check_name (LoftyUrl *url) {
  const char *host = url->host;
  int first = 0;
  size_t i;
  for (i = 0; host[i] != '\0'; i++) {
    if (!lofty_is_digit(host[i]) && !(host[i] >= 'a' && host[i] <= 'z') && !strchr("-._", host[i]))
      return "the URL's host has a character that no host name may have";
    if (host[i] == '.' && (i == 0 || host[i + 1] == '.'))
      return "the URL's host has an empty part between its dots";
  }
  if (ends_in_number(host)) {
    if (!is_ipv4(host, &first))
      return "the URL's host ends in a number but is not an IPv4 address: write it as four "
             "decimal numbers from 0 to 255";
    url->loopback = first == 127;
  } else {
    url->loopback = strcmp(host, "localhost") == 0; /* RFC 6761, section 6.3 */
  }
  return NULL;
}

/* Checks the IPv6 address in url->host. Only "::1" counts as loopback. */
static const char *check_ipv6 (LoftyUrl *url) {
  size_t i;
  for (i = 0; url->host[i] != '\0'; i++)
    if (lofty_hex_value(url->host[i]) < 0 && !strchr(":.", url->host[i])) break;
  if (url->host[i] != '\0' || !strchr(url->host, ':'))
    return "the URL's host in brackets is not an IPv6 address";
  url->loopback = strcmp(url->host, "::1") == 0;
  return NULL;
}

/* "host", "host:port", "[address]" or "[address]:port". */
static const char *read_authority (LoftySpan text, LoftyUrl *url) {
  size_t begin, end, i;
  if (text.size == 0) return "the URL has no host after \"//\"";
  if (memchr(text.data, '@', text.size))
    return "the URL has a user name or credentials before its host: leave them out";
  url->literal = text.data[0] == '[';
  begin = url->literal ? 1 : 0;
  for (end = begin; end < text.size && text.data[end] != (url->literal ? ']' : ':'); end++)
    continue;
  if (end == begin || (url->literal && end == text.size)) return "the URL's host can't be read";
  if (end - begin > LOFTY_MAX_HOST) return "the URL's host is longer than 253 characters";
  for (i = begin; i < end; i++) url->host[i - begin] = to_lower(text.data[i]);
  url->host[end - begin] = '\0';
  if (url->literal) end++;
  url->port = url->secure ? 443 : 80;
  if (end < text.size) {
    url->port = text.data[end] == ':' ? read_port(text.data + end + 1, text.size - end - 1) : 0;
    if (url->port == 0) return "the URL's port is not a number from 1 to 65535";
  }
  return url->literal ? check_ipv6(url) : check_name(url);
}

const char *lofty_url_parse (LoftySpan text, LoftyUrl *url) {
  LoftySpan scheme, authority;
  const char *problem;
  size_t begin, end;
  if (text.size > LOFTY_MAX_URI) return "the URL is too long";
  if (!all_url_bytes(text))
    return "the URL holds a space, a backslash, a control character or a byte beyond ASCII: it has "
           "to be percent-encoded";
  for (begin = 0; begin < text.size && !strchr(":/?#", text.data[begin]); begin++) continue;
  if (text.size - begin < 3 || memcmp(text.data + begin, "://", 3) != 0)
    return "the URL is not absolute: it has to begin with https://";
  scheme.data = text.data;
  scheme.size = begin;
  url->secure = lofty_token_equals(scheme.data, scheme.size, "https");
  if (!url->secure && !lofty_token_equals(scheme.data, scheme.size, "http"))
    return "the URL has to begin with https://";
  begin += 3;
  for (end = begin; end < text.size && !strchr("/?#", text.data[end]); end++) continue;
  authority.data = text.data + begin;
  authority.size = end - begin;
  if ((problem = read_authority(authority, url)) != NULL) return problem;
  if (!url->secure && !url->loopback)
    return "plain http, which would carry a credential in clear, is allowed to this machine alone: "
           "use https";
  url->origin_size = end;
  url->target.data = text.data + end;
  for (; end < text.size && text.data[end] != '#'; end++) continue;
  url->target.size = end - url->origin_size;
  return NULL;
}

/* Fields that frame or route the message or control the connection (RFC 9110, sections 7 and 8). */
#define NAME(text)                                                                                 \
  { (text), sizeof(text) - 1 }
static const LoftySpan RESERVED[] = {NAME("accept-encoding"),
                                     NAME("connection"),
                                     NAME("content-length"),
                                     NAME("expect"),
                                     NAME("host"),
                                     NAME("keep-alive"),
                                     NAME("te"),
                                     NAME("trailer"),
                                     NAME("upgrade"),
                                     NAME("proxy-connection"),
                                     NAME("transfer-encoding")};

const char *lofty_field_problem (LoftySpan name, LoftySpan value) {
  size_t i;
  if (!lofty_is_token(name.data, name.size))
    return "the name has a character that no header name may have";
  if (!lofty_is_field_value(value.data, value.size))
    return "the value has a line end or another control character";
  for (i = 0; i < sizeof RESERVED / sizeof RESERVED[0]; i++)
    if (name.size == RESERVED[i].size && lofty_token_equals(name.data, name.size, RESERVED[i].data))
      return "this header is written by lofty itself";
  return NULL;
}
