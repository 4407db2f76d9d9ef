/* SPDX-License-Identifier: MIT */
/*
** request.c - sets the options of an easy handle: those that never change, and
** those of a request (URL, method, headers), as far as they differ from the last.
*/
#include <string.h>
#include <unistd.h>

#include "core/url_policy.h"
#include "transfer.h"

enum { ROUTE_UNKNOWN, ROUTE_DIRECT, ROUTE_ENVIRONMENT, ROUTE_NAMED };

/* 'code' keeps the first failure: an option that libcurl does not know must not be ignored. */
#define SET(option, value)                                                                         \
  do {                                                                                             \
    if (code == CURLE_OK) code = curl_easy_setopt(t->easy, option, value);                         \
  } while (0)

/* Records that nothing is set on a new handle. */
static void forget_settings (Transfer *t) {
  lofty_buf_clear(&t->url);
  lofty_buf_clear(&t->ca);
  t->list_set = 0;
  t->plain_get = 0;
  t->route = ROUTE_UNKNOWN;
  t->connect = t->total = 0;
}

/* Everything that is the same for every request. */
static CURLcode handle_setup (Transfer *t) {
  CURLcode code = CURLE_OK;
  SET(CURLOPT_PRIVATE, (char *)t);
  SET(CURLOPT_ERRORBUFFER, t->error);
  SET(CURLOPT_HEADERFUNCTION, lofty_on_header);
  SET(CURLOPT_HEADERDATA, t);
  SET(CURLOPT_WRITEFUNCTION, lofty_on_body);
  SET(CURLOPT_WRITEDATA, t);
  SET(CURLOPT_HEADER, (long)lofty_must_see_head_first());
#if LOFTY_HAVE_PREREQ
  SET(CURLOPT_PREREQFUNCTION, lofty_on_request);
  SET(CURLOPT_PREREQDATA, t);
#endif
  SET(CURLOPT_OPENSOCKETFUNCTION, lofty_on_socket);
  SET(CURLOPT_OPENSOCKETDATA, t->multi);
  SET(CURLOPT_CLOSESOCKETFUNCTION, lofty_on_close);
  SET(CURLOPT_CLOSESOCKETDATA, t->multi);
  SET(CURLOPT_NOSIGNAL, 1L);
  SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
  SET(CURLOPT_SSL_VERIFYPEER, 1L);
  SET(CURLOPT_SSL_VERIFYHOST, 2L);
  SET(CURLOPT_FOLLOWLOCATION, 0L);
  SET(CURLOPT_HTTPAUTH, (long)CURLAUTH_NONE);
  SET(CURLOPT_PROXYAUTH, (long)CURLAUTH_BASIC);
  SET(CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
  SET(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
  SET(CURLOPT_PATH_AS_IS, 1L);
  SET(CURLOPT_HTTP09_ALLOWED, 0L);
#if LIBCURL_VERSION_NUM >= 0x075700
  SET(CURLOPT_QUICK_EXIT, 1L); /* a resolver that stalls does not hold up a timeout */
#endif
  return code;
}

/* Does not touch a handle of the parent process. */
void lofty_handle_discard (Transfer *t) {
  SigpipeGuard guard;
  if (t->easy && t->owner == getpid()) {
    lofty_guard_sigpipe(&guard);
    curl_easy_cleanup(t->easy);
    lofty_unguard_sigpipe(&guard);
  }
  t->easy = NULL;
}

int lofty_handle_ensure (Transfer *t) {
  if (t->owner != t->multi->owner) t->easy = NULL; /* see multi_abandon */
  if (t->easy) return 1;
  t->easy = curl_easy_init();
  t->owner = t->multi->owner;
  forget_settings(t);
  if (t->easy && handle_setup(t) != CURLE_OK) lofty_handle_discard(t);
  return t->easy != NULL;
}

/*
** Replaces the handle by a new one. (curl_easy_reset does not report that it ran out of
** memory, and then leaves some defaults unset.)
*/
static int handle_renew (Transfer *t) {
  lofty_handle_discard(t);
  return lofty_handle_ensure(t);
}

/* Allows the one scheme of the URL. */
static CURLcode set_scheme (Transfer *t) {
  CURLcode code = CURLE_OK;
#if LIBCURL_VERSION_NUM >= 0x075500
  SET(CURLOPT_PROTOCOLS_STR, t->secure ? "https" : "http");
#else
  SET(CURLOPT_PROTOCOLS, t->secure ? (long)CURLPROTO_HTTPS : (long)CURLPROTO_HTTP);
#endif
  /* With TLS, concurrent requests wait until the first connection is made and tells whether they
     can share it over HTTP/2. Without TLS only the first response tells, so they do not wait. A
     libcurl without HTTP/2 refuses CURL_HTTP_VERSION_2TLS and uses HTTP/1.1. */
  SET(CURLOPT_PIPEWAIT, (long)t->secure);
  if (code == CURLE_OK && t->secure)
    curl_easy_setopt(t->easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_2TLS);
  return code;
}

static const char *set_url (Transfer *t, const char *text, size_t size) {
  CURLcode code = CURLE_OK;
  const char *problem;
  LoftySpan span;
  LoftyUrl url;
  int same_scheme;
  if (size + 1 == t->url.size && memcmp(text, t->url.data, size) == 0) return NULL;
  span.data = text;
  span.size = size;
  if ((problem = lofty_url_parse(span, &url)) != NULL) return problem;
  same_scheme = t->url.size > 0 && t->secure == url.secure;
  lofty_buf_clear(&t->url); /* unknown until it is set */
  t->secure = url.secure;
  t->loopback = url.loopback;
  lofty_buf_clear(&t->origin);
  if (lofty_buf_add(&t->origin, text, url.origin_size) || lofty_buf_add_byte(&t->origin, '\0'))
    return "not enough memory";
  if (!same_scheme && set_scheme(t) != CURLE_OK)
    return "this libcurl does not support the URL's scheme";
  SET(CURLOPT_URL, text);
  if (code != CURLE_OK) return "the URL was refused by libcurl";
  if (lofty_buf_add(&t->url, text, size + 1))
    lofty_buf_free(&t->url); /* so it is set again the next time */
  return NULL;
}

static void add_line (LoftyBuf *out, const char *line) {
  lofty_buf_add(out, line, strlen(line) + 1);
}

/*
** Sets the trusted certificates: the file that the request names and no other, or the
** defaults. Other ones need a new handle, since the options cannot be unset.
*/
static CURLcode set_trust (Transfer *t, const Request *request) {
  CURLcode code = CURLE_OK;
  const char *file = request->ca ? request->ca : request->default_ca;
  const char *dir = request->ca ? NULL : request->default_ca_dir;
  LoftyBuf wanted;
  int same;
  if (!file && !dir && t->ca.size == 0) return CURLE_OK;
  lofty_buf_init(&wanted, t->ca.max);
  if (file || dir) {
    lofty_buf_add_byte(&wanted, request->ca ? 'c' : 'd');
    add_line(&wanted, file ? file : "");
    add_line(&wanted, dir ? dir : "");
  }
  same = !wanted.status && wanted.size == t->ca.size &&
         memcmp(wanted.data, t->ca.data, wanted.size) == 0;
  if (wanted.status) code = CURLE_OUT_OF_MEMORY;
  if (same || code != CURLE_OK) {
    lofty_buf_free(&wanted);
    return code;
  }
  if (t->ca.size > 0 && !handle_renew(t)) code = CURLE_OUT_OF_MEMORY;
  if (code == CURLE_OK && wanted.size > 0) {
    if (file) SET(CURLOPT_CAINFO, file);
    if (request->ca || dir) SET(CURLOPT_CAPATH, dir);
    if (code == CURLE_OK && lofty_buf_add(&t->ca, wanted.data, wanted.size))
      code = CURLE_OUT_OF_MEMORY;
  }
  lofty_buf_free(&wanted);
  return code;
}

static CURLcode set_method (Transfer *t, const Request *request) {
  CURLcode code = CURLE_OK;
  const char *method = request->method;
  int post = strcmp(method, "POST") == 0;
  int plain_get = !request->body.data && strcmp(method, "GET") == 0;
  if (plain_get && t->plain_get) return CURLE_OK;
  t->plain_get = 0;
  if (request->body.data || post || strcmp(method, "PUT") == 0 || strcmp(method, "PATCH") == 0) {
    SET(CURLOPT_POST, 1L);
    SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)t->body.size);
    SET(CURLOPT_POSTFIELDS, t->body.size > 0 ? t->body.data : "");
    SET(CURLOPT_CUSTOMREQUEST, post ? NULL : method);
  } else if (strcmp(method, "HEAD") == 0) {
    SET(CURLOPT_CUSTOMREQUEST, NULL);
    SET(CURLOPT_NOBODY, 1L);
  } else {
    SET(CURLOPT_HTTPGET, 1L);
    SET(CURLOPT_CUSTOMREQUEST, plain_get ? NULL : method);
    t->plain_get = plain_get && code == CURLE_OK;
  }
  return code;
}

/*
** Checks the URL of a proxy, and stores its host and port for messages, since the URL may hold a
** password. Returns NULL, or what is wrong.
*/
static const char *check_proxy (Transfer *t, const char *proxy) {
  static const char *const schemes[] = {"http", "https", "socks4", "socks4a", "socks5", "socks5h"};
  CURLU *parsed = curl_url();
  char *scheme = NULL, *host = NULL, *port = NULL;
  const char *problem = NULL;
  size_t i = 0;
  if (!parsed) return "not enough memory";
  if (curl_url_set(parsed, CURLUPART_URL, proxy, CURLU_DEFAULT_SCHEME | CURLU_NON_SUPPORT_SCHEME) !=
          CURLUE_OK ||
      curl_url_get(parsed, CURLUPART_SCHEME, &scheme, 0) != CURLUE_OK ||
      curl_url_get(parsed, CURLUPART_HOST, &host, 0) != CURLUE_OK)
    problem = "the proxy is not a URL such as http://host:port";
  else {
    if (strstr(proxy, "://"))
      while (i < 6 && strcmp(scheme, schemes[i]) != 0) i++;
    if (i == 6)
      problem = "the proxy's scheme is none of http, https, socks4, socks4a, socks5, socks5h";
    lofty_buf_clear(&t->proxy_host);
    lofty_buf_add(&t->proxy_host, host, strlen(host));
    if (curl_url_get(parsed, CURLUPART_PORT, &port, 0) == CURLUE_OK) {
      lofty_buf_add_byte(&t->proxy_host, ':');
      lofty_buf_add(&t->proxy_host, port, strlen(port));
    }
    if (lofty_buf_add_byte(&t->proxy_host, '\0')) problem = "the proxy's host is too long";
  }
  curl_free(scheme);
  curl_free(host);
  curl_free(port);
  curl_url_cleanup(parsed);
  return problem;
}

/*
** Sets the proxy: none for loopback; otherwise the one that the request names ("": none), or
** the environment's. Returns NULL, or what is wrong.
*/
static const char *set_route (Transfer *t, const char *proxy) {
  CURLcode code = CURLE_OK;
  const char *problem;
  int route = t->loopback ? ROUTE_DIRECT : proxy ? ROUTE_NAMED : ROUTE_ENVIRONMENT;
  if (route == t->route && route != ROUTE_NAMED) return NULL;
  if (route == ROUTE_NAMED && *proxy && (problem = check_proxy(t, proxy)) != NULL) return problem;
  if (route != ROUTE_NAMED || !*proxy) lofty_buf_clear(&t->proxy_host);
  SET(CURLOPT_PROXY, route == ROUTE_DIRECT ? "" : proxy);
  SET(CURLOPT_NOPROXY, route == ROUTE_DIRECT ? "*" : route == ROUTE_NAMED ? "" : NULL);
  t->route = code == CURLE_OK ? route : ROUTE_UNKNOWN;
  return code == CURLE_OK ? NULL : curl_easy_strerror(code);
}

static CURLcode set_times (Transfer *t, long connect, long total) {
  CURLcode code = CURLE_OK;
  if (connect != t->connect) SET(CURLOPT_CONNECTTIMEOUT_MS, connect);
  if (total != t->total) SET(CURLOPT_TIMEOUT_MS, total);
  t->connect = connect;
  t->total = total;
  return code;
}

void lofty_transfer_begin (Transfer *t) {
  lofty_buf_clear(&t->headers);
  t->has_type = 0;
}

const char *lofty_transfer_header (Transfer *t, LoftySpan name, LoftySpan value) {
  const char *problem = lofty_field_problem(name, value);
  if (problem) return problem;
  t->has_type |= lofty_token_equals(name.data, name.size, "content-type");
  while (value.size > 0 && (*value.data == ' ' || *value.data == '\t')) {
    value.data++;
    value.size--;
  }
  lofty_buf_add(&t->headers, name.data, name.size);
  if (value.size == 0) { /* libcurl's notation for a field without a value */
    add_line(&t->headers, ";");
    return NULL;
  }
  lofty_buf_add(&t->headers, ": ", 2);
  lofty_buf_add(&t->headers, value.data, value.size);
  lofty_buf_add_byte(&t->headers, '\0');
  return NULL;
}

/* Sets the list of the headers in t->headers, which is built only if they differ from the last. */
static CURLcode set_headers (Transfer *t) {
  LoftyBuf *wanted = &t->headers, *now = &t->headers_set;
  CURLcode code = CURLE_OK;
  size_t at;
  int same =
      now->size > 0 && wanted->size == now->size && memcmp(wanted->data, now->data, now->size) == 0;
  if (same && t->list_set) return CURLE_OK;
  t->list_set = 0;
  if (!same) {
    struct curl_slist *list = NULL;
    lofty_buf_clear(now);
    for (at = 0; at < wanted->size; at += strlen(wanted->data + at) + 1) {
      struct curl_slist *longer = curl_slist_append(list, wanted->data + at);
      if (!longer) {
        curl_slist_free_all(list);
        return CURLE_OUT_OF_MEMORY;
      }
      list = longer;
    }
    SET(CURLOPT_HTTPHEADER, NULL);
    curl_slist_free_all(t->list);
    t->list = list;
    if (lofty_buf_add(now, wanted->data, wanted->size)) lofty_buf_clear(now);
  }
  SET(CURLOPT_HTTPHEADER, t->list);
  t->list_set = code == CURLE_OK;
  return code;
}

/* Adds the headers that lofty itself writes. */
static const char *finish_headers (Transfer *t, int has_body) {
  add_line(&t->headers, "Accept-Encoding: gzip");
  if (has_body) { /* or libcurl sends a form's type, and waits for 100 (Continue) */
    if (!t->has_type) add_line(&t->headers, "Content-Type:");
    add_line(&t->headers, "Expect:");
  }
  if (t->headers.status == LOFTY_NO_MEMORY) return "not enough memory";
  return t->headers.status == LOFTY_OK ? NULL : "the headers are too long";
}

const char *lofty_request_set (Transfer *t, const Request *request) {
  CURLcode code;
  const char *problem;
  code = set_trust(t, request);
  if (code != CURLE_OK) return curl_easy_strerror(code);
  if (!lofty_is_token(request->method, strlen(request->method)))
    return "the method is not a token (RFC 9110, section 5.6.2)";
  if ((problem = set_url(t, request->url, request->url_size)) != NULL) return problem;
  lofty_buf_clear(&t->body);
  if (request->body.data && lofty_buf_add(&t->body, request->body.data, request->body.size))
    return t->body.status == LOFTY_TOO_LONG ? "the body of the request is too long"
                                            : "not enough memory";
  code = set_method(t, request);
  if ((problem = finish_headers(t, !t->plain_get)) != NULL) return problem;
  if (code == CURLE_OK) code = set_headers(t);
  if (code == CURLE_OK && (problem = set_route(t, request->proxy)) != NULL) return problem;
  if (code == CURLE_OK) code = set_times(t, request->connect, request->total);
#if !LOFTY_HAVE_PREREQ
  SET(CURLOPT_FRESH_CONNECT, (long)request->once);
#endif
  return code == CURLE_OK ? NULL : curl_easy_strerror(code);
}
