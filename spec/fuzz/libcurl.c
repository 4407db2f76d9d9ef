/* SPDX-License-Identifier: MIT */
/*
** libcurl.c - libFuzzer target that compares src/core/http1.c with libcurl: the same bytes are the
** response to a GET or HEAD, over a socket pair. A response that libcurl refuses must not be accepted
** by ours, and one that both accept must have the same status and the same body. What libcurl accepts
** and ours refuses is not compared: ours is stricter on purpose (docs/internals/http-head.md).
** `make fuzz` builds and runs it.
*/
#include <stdio.h>

#include <curl/curl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/buf.h"
#include "core/gunzip.h"
#include "core/http1.h"
#include "fuzz.h"

#define MAX_BODY ((size_t)16 * 1024 * 1024)
#define MAX_HEAD ((size_t)64 * 1024)

static curl_socket_t give_socket (void *closure, curlsocktype purpose,
                                  struct curl_sockaddr *address) {
  int *fd = (int *)closure;
  curl_socket_t given = *fd;
  (void)purpose;
  (void)address;
  *fd = -1; /* libcurl closes it; a second connection gets none */
  return given;
}

/*
** Takes the place of the C library's: the socket is connected. (CURL_SOCKOPT_ALREADY_CONNECTED says so,
** too, but libcurl 7.88 connects nevertheless.)
*/
int connect (int fd, const struct sockaddr *address, socklen_t size) {
  (void)fd;
  (void)address;
  (void)size;
  return 0;
}

static size_t add_body (char *bytes, size_t one, size_t size, void *closure) {
  (void)one;
  require(lofty_buf_add((LoftyBuf *)closure, bytes, size) == LOFTY_OK);
  return size;
}

#define SET(option, value) require(curl_easy_setopt(easy, option, value) == CURLE_OK)

/* Gives libcurl the bytes as the response to a request; its body goes to 'body'. */
static CURLcode perform (CURL *easy, const char *bytes, size_t size, int is_head, LoftyBuf *body) {
  CURLcode code;
  int pair[2], given;
  require(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
  require(write(pair[1], bytes, size) == (ssize_t)size);
  require(shutdown(pair[1], SHUT_WR) == 0);
  given = pair[0];
  SET(CURLOPT_URL, "http://127.0.0.1:1/");
  SET(CURLOPT_PROXY, "");
  SET(CURLOPT_NOSIGNAL, 1L);
  SET(CURLOPT_TIMEOUT_MS, 5000L);
  SET(CURLOPT_FORBID_REUSE, 1L);
  SET(CURLOPT_NOBODY, (long)is_head);
  SET(CURLOPT_OPENSOCKETFUNCTION, give_socket);
  SET(CURLOPT_OPENSOCKETDATA, &given);
  SET(CURLOPT_WRITEFUNCTION, add_body);
  SET(CURLOPT_WRITEDATA, body);
  code = curl_easy_perform(easy);
  require(code != CURLE_OPERATION_TIMEDOUT && given == -1);
  close(pair[1]);
  return code;
}

/* True if libcurl has the field with the same value, its lines joined by ", ". */
static int same_field (CURL *easy, LoftySpan name, LoftySpan value, size_t *lines) {
  char text[4096];
  struct curl_header *line;
  LoftyBuf joined;
  size_t i = 0;
  int same;
  require(name.size < sizeof text);
  memcpy(text, name.data, name.size);
  text[name.size] = '\0';
  lofty_buf_init(&joined, MAX_HEAD);
  do {
    if (curl_easy_header(easy, text, i, CURLH_HEADER, -1, &line) != CURLHE_OK) return 0;
    if (i > 0) lofty_buf_add(&joined, ", ", 2);
    /* libcurl 7.88 leaves the CR of the line end in an empty value. */
    lofty_buf_add(&joined, line->value, strcmp(line->value, "\r") ? strlen(line->value) : 0);
    ++*lines;
  } while (++i < line->amount);
  require(joined.status == LOFTY_OK);
  same = joined.size == value.size &&
         (value.size == 0 || !memcmp(joined.data, value.data, value.size));
  lofty_buf_free(&joined);
  return same;
}

static int same_fields (CURL *easy, const LoftyHttpHead *head) {
  struct curl_header *line = NULL;
  LoftySpan name, value;
  size_t index = 0, found = 0, lines = 0;
  while ((line = curl_easy_nextheader(easy, CURLH_HEADER, -1, line)) != NULL) lines++;
  while (lofty_http_head_field(head, &index, &name, &value))
    if (!same_field(easy, name, value, &found)) return 0;
  return found == lines;
}

/* True if the body that libcurl received is the one that ours has, which is decoded. */
static int same_body (const LoftyHttp *http, LoftyBuf *body) {
  LoftySpan ours = lofty_http_body(http);
  LoftyBuf decoded;
  int same;
  lofty_buf_init(&decoded, MAX_BODY);
  if (lofty_http_head_facts(lofty_http_head(http))->coding == LOFTY_CODING_GZIP && body->size > 0) {
    LoftyGunzip *inflate = lofty_gunzip_new();
    require(inflate != NULL);
    require(lofty_gunzip_feed(inflate, &decoded, body->data, body->size) == LOFTY_DONE);
    lofty_gunzip_free(inflate);
    body = &decoded;
  }
  same = body->size == ours.size && (ours.size == 0 || !memcmp(body->data, ours.data, ours.size));
  lofty_buf_free(&decoded);
  return same;
}

/* What differs between libcurl's response and ours, or NULL. */
static const char *difference (CURL *easy, CURLcode code, const LoftyHttp *http, LoftyBuf *body) {
  const LoftyHttpHead *head = lofty_http_head(http);
  long status = 0;
  if (code != CURLE_OK) return curl_easy_strerror(code);
  curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
  if (status != lofty_http_head_facts(head)->status) return "another status";
  if (!same_fields(easy, head)) return "other fields";
  return same_body(http, body) ? NULL : "another body";
}

static void compare (const char *bytes, size_t size, int is_head, const LoftyHttp *http) {
  CURL *easy = curl_easy_init();
  LoftyBuf body;
  const char *different;
  require(easy != NULL);
  lofty_buf_init(&body, MAX_BODY);
  different = difference(easy, perform(easy, bytes, size, is_head, &body), http, &body);
  if (different) {
    fprintf(stderr, "libcurl: %s, where ours accepts:\n", different);
    fwrite(bytes, 1, size, stderr);
    abort();
  }
  lofty_buf_free(&body);
  curl_easy_cleanup(easy);
}

int LLVMFuzzerInitialize (int *count, char ***words);
int LLVMFuzzerInitialize (int *count, char ***words) {
  (void)count;
  (void)words;
  require(curl_global_init(CURL_GLOBAL_ALL) == CURLE_OK);
  return 0;
}

/* The inputs have the form of http.c: two bytes, then the response. */
int LLVMFuzzerTestOneInput (const unsigned char *data, size_t size);
int LLVMFuzzerTestOneInput (const unsigned char *data, size_t size) {
  const char *bytes = (const char *)data + 2;
  LoftyHttp *http;
  size_t used;
  int is_head;
  if (size < 3) return 0;
  size -= 2;
  is_head = (data[0] & 7) == 7;
  http = lofty_http_new(MAX_HEAD, MAX_BODY, is_head);
  require(http != NULL);
  if (lofty_http_feed(http, bytes, size, &used) == LOFTY_DONE || lofty_http_eof(http) == LOFTY_DONE)
    compare(bytes, size, is_head, http);
  lofty_http_free(http);
  return 0;
}
