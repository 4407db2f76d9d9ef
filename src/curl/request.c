/*
** request.c - what an easy handle is told: options that never change, URL,
** method, headers. What did not change since the last request is not told again.
*/
#include <string.h>

#include "core/url_policy.h"
#include "transfer.h"

enum { ROUTE_UNKNOWN, ROUTE_DIRECT, ROUTE_ENVIRONMENT, ROUTE_NAMED };

/* Keeps the first refusal of libcurl; an option it does not know would be a hole. */
#define SET(option, value)                                                                         \
  do {                                                                                             \
    if (code == CURLE_OK) code = curl_easy_setopt(t->easy, option, value);                         \
  } while (0)

/* Everything that is the same for every request. */
static CURLcode handle_setup (Transfer *t) {
  CURLcode code = CURLE_OK;
  lofty_buf_clear(&t->url);
  lofty_buf_clear(&t->origin);
  lofty_buf_clear(&t->ca);
  lofty_buf_clear(&t->headers_set);
  t->plain_get = 0;
  t->route = ROUTE_UNKNOWN;
  t->connect = t->total = 0;
  SET(CURLOPT_PRIVATE, (char *)t);
  SET(CURLOPT_ERRORBUFFER, t->error);
  SET(CURLOPT_HEADERFUNCTION, lofty_on_header);
  SET(CURLOPT_HEADERDATA, t);
  SET(CURLOPT_WRITEFUNCTION, lofty_on_body);
  SET(CURLOPT_WRITEDATA, t);
#if LOFTY_HAVE_PREREQ
  SET(CURLOPT_PREREQFUNCTION, lofty_on_request);
  SET(CURLOPT_PREREQDATA, t);
#endif
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

void lofty_handle_discard (Transfer *t) {
  if (t->easy) curl_easy_cleanup(t->easy);
  t->easy = NULL;
}

/* Gives it a handle that is told all that never changes, if it has none. */
int lofty_handle_equip (Transfer *t) {
  if (t->easy) return 1;
  t->easy = curl_easy_init();
  if (t->easy && handle_setup(t) == CURLE_OK) return 1;
  lofty_handle_discard(t);
  return 0;
}

/*
** A new handle in place of the old. (Not curl_easy_reset: where that runs out of
** memory it says nothing, and leaves half of the defaults unset.)
*/
static int handle_renew (Transfer *t) {
  lofty_handle_discard(t);
  return lofty_handle_equip(t);
}

/*
** Takes over the origin of a URL that was accepted, and allows its scheme alone.
** Returns NULL, or what is wrong.
*/
static const char *set_origin (Transfer *t, const char *text, const LoftyUrl *url) {
  CURLcode code = CURLE_OK;
  lofty_buf_clear(&t->origin);
  t->loopback = url->loopback;
#if LIBCURL_VERSION_NUM >= 0x075500
  SET(CURLOPT_PROTOCOLS_STR, url->secure ? "https" : "http");
#else
  SET(CURLOPT_PROTOCOLS, url->secure ? (long)CURLPROTO_HTTPS : (long)CURLPROTO_HTTP);
#endif
  /* Many at once wait for the first to learn whether the server speaks HTTP/2; without TLS
     it would be known with the first answer alone. A libcurl without HTTP/2 says no, and speaks 1.1. */
  SET(CURLOPT_PIPEWAIT, (long)url->secure);
  if (code == CURLE_OK && url->secure)
    curl_easy_setopt(t->easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_2TLS);
  if (code != CURLE_OK) return "this libcurl cannot speak the URL's scheme";
  if (lofty_buf_add(&t->origin, text, url->origin_size) || lofty_buf_add_byte(&t->origin, '\0')) {
    lofty_buf_clear(&t->origin);
    return "not enough memory";
  }
  return NULL;
}

/* Tells the handle its URL, unless it is the last one. */
static const char *set_url (Transfer *t, const char *text, size_t size) {
  CURLcode code = CURLE_OK;
  const char *problem;
  LoftySpan span;
  LoftyUrl url;
  if (size + 1 == t->url.size && memcmp(text, t->url.data, size) == 0) return NULL;
  lofty_buf_clear(&t->url); /* whatever is told from here on, it is another */
  span.data = text;
  span.size = size;
  if ((problem = lofty_url_parse(span, &url)) != NULL) return problem;
  if (t->origin.size != url.origin_size + 1 || memcmp(text, t->origin.data, url.origin_size) != 0)
    if ((problem = set_origin(t, text, &url)) != NULL) return problem;
  SET(CURLOPT_URL, text);
  if (code != CURLE_OK) return "the URL was refused by libcurl";
  if (lofty_buf_add(&t->url, text, size + 1))
    lofty_buf_free(&t->url); /* only told again next time */
  return NULL;
}

/* The CA file goes with the handle: what was once set cannot be taken back. */
static CURLcode set_trust (Transfer *t, LoftySpan file) {
  CURLcode code = CURLE_OK;
  size_t had = t->ca.size > 0 ? t->ca.size - 1 : 0;
  if (!file.data && t->ca.size == 0) return CURLE_OK;
  if (file.data && t->ca.size > 0 && had == file.size &&
      memcmp(t->ca.data, file.data, file.size) == 0)
    return CURLE_OK;
  if (t->ca.size > 0 && !handle_renew(t)) return CURLE_OUT_OF_MEMORY;
  if (!file.data) return CURLE_OK;
  if (lofty_buf_add(&t->ca, file.data, file.size + 1)) return CURLE_OUT_OF_MEMORY;
  SET(CURLOPT_CAINFO, file.data);
  SET(CURLOPT_CAPATH, NULL); /* this file alone */
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

/* Loopback never uses a proxy; https elsewhere the one that was named, else the environment's. */
static CURLcode set_route (Transfer *t, const char *proxy) {
  CURLcode code = CURLE_OK;
  int route = t->loopback ? ROUTE_DIRECT : proxy ? ROUTE_NAMED : ROUTE_ENVIRONMENT;
  if (route == t->route && route != ROUTE_NAMED) return CURLE_OK;
  SET(CURLOPT_PROXY, route == ROUTE_DIRECT ? "" : proxy);
  SET(CURLOPT_NOPROXY, route == ROUTE_DIRECT ? "*" : route == ROUTE_NAMED ? "" : NULL);
  t->route = code == CURLE_OK ? route : ROUTE_UNKNOWN;
  return code;
}

static CURLcode set_times (Transfer *t, long connect, long total) {
  CURLcode code = CURLE_OK;
  if (connect != t->connect) SET(CURLOPT_CONNECTTIMEOUT_MS, connect);
  if (total != t->total) SET(CURLOPT_TIMEOUT_MS, total);
  t->connect = connect;
  t->total = total;
  return code;
}

int lofty_is_token (const char *bytes, size_t size) { /* RFC 9110, section 5.6.2 */
  size_t i;
  for (i = 0; i < size; i++)
    if (lofty_tchar(bytes[i]) == '\0') return 0;
  return size > 0;
}

static int same_name (const char *name, size_t size, const char *lower) {
  size_t i;
  if (strlen(lower) != size) return 0;
  for (i = 0; i < size; i++) {
    char c = name[i];
    if (c >= 'A' && c <= 'Z') c = (char)(c - 'A' + 'a');
    if (c != lower[i]) return 0;
  }
  return 1;
}

static void add_line (LoftyBuf *out, const char *line) {
  lofty_buf_add(out, line, strlen(line) + 1);
}

void lofty_request_begin (Transfer *t) {
  lofty_buf_clear(&t->headers);
  t->has_type = 0;
}

const char *lofty_request_header (Transfer *t, LoftySpan name, LoftySpan value) {
  const char *problem = lofty_field_problem(name, value);
  if (problem) return problem;
  t->has_type |= same_name(name.data, name.size, "content-type");
  while (value.size > 0 && (*value.data == ' ' || *value.data == '\t')) {
    value.data++;
    value.size--;
  }
  lofty_buf_add(&t->headers, name.data, name.size);
  if (value.size == 0) { /* libcurl's way to say "empty" */
    add_line(&t->headers, ";");
    return NULL;
  }
  lofty_buf_add(&t->headers, ": ", 2);
  lofty_buf_add(&t->headers, value.data, value.size);
  lofty_buf_add_byte(&t->headers, '\0');
  return NULL;
}

/* Makes libcurl's list of t->headers, unless it is what the handle has. */
static CURLcode set_headers (Transfer *t) {
  LoftyBuf *wanted = &t->headers, *now = &t->headers_set;
  struct curl_slist *list = NULL;
  CURLcode code = CURLE_OK;
  size_t at;
  if (wanted->size == now->size && memcmp(wanted->data, now->data, now->size) == 0) return CURLE_OK;
  lofty_buf_clear(now);
  for (at = 0; at < wanted->size; at += strlen(wanted->data + at) + 1) {
    struct curl_slist *longer = curl_slist_append(list, wanted->data + at);
    if (!longer) {
      curl_slist_free_all(list);
      return CURLE_OUT_OF_MEMORY;
    }
    list = longer;
  }
  SET(CURLOPT_HTTPHEADER, list);
  curl_slist_free_all(t->list);
  t->list = list;
  if (code == CURLE_OK && lofty_buf_add(now, wanted->data, wanted->size)) lofty_buf_clear(now);
  return code;
}

/* The headers that the caller left to us. */
static const char *finish_headers (Transfer *t, int has_body) {
  add_line(&t->headers, "Accept-Encoding: gzip");
  if (has_body) { /* libcurl would call it a form, and wait for a 100 before a long one */
    if (!t->has_type) add_line(&t->headers, "Content-Type:");
    add_line(&t->headers, "Expect:");
  }
  if (t->headers.status == LOFTY_NO_MEMORY) return "not enough memory";
  return t->headers.status == LOFTY_OK ? NULL : "the headers are too long";
}

const char *lofty_request_set (Transfer *t, const Request *request) {
  CURLcode code;
  const char *problem;
  code = set_trust(t, request->ca);
  if (code != CURLE_OK) return curl_easy_strerror(code);
  if (!lofty_is_token(request->method, strlen(request->method))) return "this is no HTTP method";
  if ((problem = set_url(t, request->url, request->url_size)) != NULL) return problem;
  lofty_buf_clear(&t->body);
  if (request->body.data && lofty_buf_add(&t->body, request->body.data, request->body.size))
    return t->body.status == LOFTY_TOO_LONG ? "the body of the request is too long"
                                            : "not enough memory";
  code = set_method(t, request);
  if ((problem = finish_headers(t, !t->plain_get)) != NULL) return problem;
  if (code == CURLE_OK) code = set_headers(t);
  if (code == CURLE_OK) code = set_route(t, request->proxy);
  if (code == CURLE_OK) code = set_times(t, request->connect, request->total);
#if !LOFTY_HAVE_PREREQ
  SET(CURLOPT_FRESH_CONNECT, (long)request->once);
#endif
  return code == CURLE_OK ? NULL : curl_easy_strerror(code);
}
