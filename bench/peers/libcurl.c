/* SPDX-License-Identifier: MIT */
/*
** libcurl.c - libcurl's own loops, against which the library is measured: one easy handle, or a multi handle with
** IN_FLIGHT transfers. The bodies are kept and neither checked nor decoded.
**   libcurl BASE_URL PATH COUNT IN_FLIGHT, with BENCH_KEY and BENCH_CA in the environment
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

static double now (clockid_t clock) {
  struct timespec time;
  clock_gettime(clock, &time);
  return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static long resident (void) {
  char line[256];
  long size = 0;
  FILE *status = fopen("/proc/self/status", "r");
  while (status && fgets(line, sizeof line, status)) {
    if (strncmp(line, "VmRSS:", 6) == 0) size = atol(line + 6);
  }
  if (status) fclose(status);
  return size;
}

static int is_ok (CURL *easy) {
  long status = 0;
  curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
  return status == 200;
}

static int run_easy (CURL *easy, Body *body, long calls) {
  while (calls-- > 0) {
    body->size = 0;
    if (curl_easy_perform(easy) != CURLE_OK || !is_ok(easy)) return 0;
  }
  return 1;
}

static int run_multi (CURLM *multi, CURL **easies, Body *bodies, long flight, long calls) {
  long started = 0, ended = 0;
  for (; started < flight && started < calls; started++) {
    bodies[started].size = 0;
    curl_multi_add_handle(multi, easies[started]);
  }
  while (ended < calls) {
    int running, left;
    CURLMsg *message;
    if (curl_multi_perform(multi, &running) != CURLM_OK) return 0;
    while ((message = curl_multi_info_read(multi, &left)) != NULL) {
      CURL *easy = message->easy_handle;
      Body *body;
      if (message->data.result != CURLE_OK || !is_ok(easy)) return 0;
      ended++;
      curl_multi_remove_handle(multi, easy);
      curl_easy_getinfo(easy, CURLINFO_PRIVATE, (char **)&body);
      if (started < calls) {
        started++;
        body->size = 0;
        curl_multi_add_handle(multi, easy);
      }
    }
    if (ended < calls && curl_multi_poll(multi, NULL, 0, 1000, NULL) != CURLM_OK) return 0;
  }
  return 1;
}

int main (int argc, char **argv) {
  long count = argc > 4 ? atol(argv[3]) : 0, flight = argc > 4 ? atol(argv[4]) : 0, i;
  const char *key = getenv("BENCH_KEY"), *ca = getenv("BENCH_CA");
  char url[1024], authorization[256];
  struct curl_slist *headers = NULL;
  CURLM *multi;
  CURL **easies;
  Body *bodies;
  int is_done = 0;
  if (count < 1 || flight < 1 || flight > 1000 || !key) return 2;
  snprintf(url, sizeof url, "%s%s", argv[1], argv[2]);
  snprintf(authorization, sizeof authorization, "Authorization: token %s", key);
  curl_global_init(CURL_GLOBAL_DEFAULT);
  headers = curl_slist_append(headers, authorization);
  headers = curl_slist_append(headers, "Content-Type: application/json");
  headers = curl_slist_append(headers, "Accept: application/json");
  multi = curl_multi_init();
  if (multi) curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, flight);
  easies = (CURL **)calloc((size_t)flight, sizeof(CURL *));
  bodies = (Body *)calloc((size_t)flight, sizeof(Body));
  if (!headers || !multi || !easies || !bodies) return 2;
  for (i = 0; i < flight; i++) {
    CURL *easy = easies[i] = curl_easy_init();
    if (!easy) return 2;
    curl_easy_setopt(easy, CURLOPT_URL, url);
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(easy, CURLOPT_USERAGENT, "bench");
    curl_easy_setopt(easy, CURLOPT_ACCEPT_ENCODING, "gzip");
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, &bodies[i]);
    curl_easy_setopt(easy, CURLOPT_PRIVATE, &bodies[i]);
    if (ca) curl_easy_setopt(easy, CURLOPT_CAINFO, ca);
  }
  for (i = 0; i < 2; i++) { /* the first round warms up */
    long calls = i == 0 ? (count + 3) / 4 : count, before = resident();
    double wall = now(CLOCK_MONOTONIC), cpu = now(CLOCK_PROCESS_CPUTIME_ID);
    is_done = flight == 1 ? run_easy(easies[0], bodies, calls)
                          : run_multi(multi, easies, bodies, flight, calls);
    if (!is_done) break;
    if (i == 1) {
      printf("%.6f %.6f %ld %ld\n", now(CLOCK_MONOTONIC) - wall,
             now(CLOCK_PROCESS_CPUTIME_ID) - cpu, before, resident());
    }
  }
  for (i = 0; i < flight; i++) {
    curl_easy_cleanup(easies[i]);
    free(bodies[i].data);
  }
  curl_multi_cleanup(multi);
  curl_slist_free_all(headers);
  curl_global_cleanup();
  free(easies);
  free(bodies);
  return !is_done;
}
