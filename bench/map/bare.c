/* SPDX-License-Identifier: MIT */
/*
** bare.c - the bare libcurl multi loop that lofty.map is measured against: easy handles that
** are used again, the bodies kept, nothing judged.
**   bare URL COUNT IN_FLIGHT HEADER... -> microseconds a request: wall time, processor time
*/
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <curl/curl.h>

typedef struct Slot {
  CURL *easy;
  char *data;
  size_t size, capacity;
} Slot;

static size_t on_body (char *bytes, size_t one, size_t size, void *closure) {
  Slot *slot = (Slot *)closure;
  (void)one;
  if (slot->size + size > slot->capacity) {
    size_t capacity = 2 * (slot->size + size);
    char *data = (char *)realloc(slot->data, capacity);
    if (!data) return 0;
    slot->data = data;
    slot->capacity = capacity;
  }
  memcpy(slot->data + slot->size, bytes, size);
  slot->size += size;
  return size;
}

static double now (clockid_t clock) {
  struct timespec time;
  clock_gettime(clock, &time);
  return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static int start (CURLM *multi, Slot *slot) {
  slot->size = 0;
  return curl_multi_add_handle(multi, slot->easy) == CURLM_OK;
}

/* Sends 'count' requests; false if one failed. */
static int run (CURLM *multi, Slot *slots, long in_flight, long count) {
  long started = 0, ended = 0;
  for (; started < in_flight && started < count; started++)
    if (!start(multi, &slots[started])) return 0;
  while (ended < count) {
    int running, left;
    CURLMsg *message;
    if (curl_multi_perform(multi, &running) != CURLM_OK) return 0;
    while ((message = curl_multi_info_read(multi, &left)) != NULL) {
      CURL *easy = message->easy_handle;
      CURLcode result = message->data.result;
      char *slot = NULL;
      long status = 0;
      curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
      curl_easy_getinfo(easy, CURLINFO_PRIVATE, &slot);
      curl_multi_remove_handle(multi, easy);
      if (result != CURLE_OK || status != 200) return 0;
      ended++;
      if (started < count && !start(multi, (Slot *)(void *)slot)) return 0;
      started++;
    }
    if (ended < count && curl_multi_poll(multi, NULL, 0, 1000, NULL) != CURLM_OK) return 0;
  }
  return 1;
}

int main (int argc, char **argv) {
  long count = argc > 3 ? atol(argv[2]) : 0, in_flight = argc > 3 ? atol(argv[3]) : 0, i;
  struct curl_slist *headers = NULL;
  Slot *slots = (Slot *)calloc((size_t)in_flight + 1, sizeof(Slot));
  CURLM *multi;
  double wall, used;
  int good;
  if (count < 4 || in_flight < 1 || !slots) return 2;
  curl_global_init(CURL_GLOBAL_DEFAULT);
  multi = curl_multi_init();
  for (i = 4; i < argc; i++) headers = curl_slist_append(headers, argv[i]);
  for (i = 0; i < in_flight; i++) {
    CURL *easy = slots[i].easy = curl_easy_init();
    if (!easy) return 2;
    curl_easy_setopt(easy, CURLOPT_URL, argv[1]);
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(easy, CURLOPT_ACCEPT_ENCODING,
                     "gzip"); /* as lofty asks, so that the server works alike */
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, &slots[i]);
    curl_easy_setopt(easy, CURLOPT_PRIVATE, (char *)&slots[i]);
  }
  curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, in_flight);
  good = run(multi, slots, in_flight, count / 4); /* warms up */
  wall = now(CLOCK_MONOTONIC);
  used = now(CLOCK_PROCESS_CPUTIME_ID);
  good = good && run(multi, slots, in_flight, count);
  wall = now(CLOCK_MONOTONIC) - wall;
  used = now(CLOCK_PROCESS_CPUTIME_ID) - used;
  if (good) printf("%.3f %.3f\n", wall / (double)count * 1e6, used / (double)count * 1e6);
  for (i = 0; i < in_flight; i++) {
    curl_easy_cleanup(slots[i].easy);
    free(slots[i].data);
  }
  curl_multi_cleanup(multi);
  curl_slist_free_all(headers);
  curl_global_cleanup();
  free(slots);
  return !good;
}
