/* SPDX-License-Identifier: MIT */
/*
** bare.c - the bare libcurl loop that lofty is measured against:
** one easy handle, the body kept, nothing judged.
**   bare URL COUNT HEADER... -> microseconds a request
*/
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <curl/curl.h>

typedef struct Body {
  char *data;
  size_t size, capacity;
} Body;

static size_t on_body (char *bytes, size_t one, size_t size, void *closure) {
  Body *body = (Body *)closure;
  (void)one;
  if (body->size + size > body->capacity) {
    size_t capacity = 2 * (body->size + size);
    char *data = (char *)realloc(body->data, capacity);
    if (!data) return 0;
    body->data = data;
    body->capacity = capacity;
  }
  memcpy(body->data + body->size, bytes, size);
  body->size += size;
  return size;
}

static double now (void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

/* The microseconds that one of 'count' requests took, or 0 if one failed. */
static double round_of (CURL *easy, Body *body, long count) {
  double began = now();
  long i;
  for (i = 0; i < count; i++) {
    long status = 0;
    body->size = 0;
    if (curl_easy_perform(easy) != CURLE_OK) return 0;
    curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
    if (status != 200) return 0;
  }
  return (now() - began) / (double)count * 1e6;
}

int main (int argc, char **argv) {
  long count = argc > 2 ? atol(argv[2]) : 0;
  struct curl_slist *headers = NULL;
  Body body = {NULL, 0, 0};
  CURL *easy;
  double took;
  int i;
  if (count < 4) return 2;
  curl_global_init(CURL_GLOBAL_DEFAULT);
  easy = curl_easy_init();
  for (i = 3; i < argc; i++) headers = curl_slist_append(headers, argv[i]);
  if (!easy || !headers) return 2;
  curl_easy_setopt(easy, CURLOPT_URL, argv[1]);
  curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
  curl_easy_setopt(easy, CURLOPT_ACCEPT_ENCODING,
                   "gzip"); /* as lofty asks, so that the server works alike */
  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
  curl_easy_setopt(easy, CURLOPT_WRITEDATA, &body);
  took = round_of(easy, &body, count / 4); /* warms up */
  if (took > 0) took = round_of(easy, &body, count);
  printf("%.3f\n", took);
  curl_easy_cleanup(easy);
  curl_slist_free_all(headers);
  curl_global_cleanup();
  free(body.data);
  return took <= 0;
}
