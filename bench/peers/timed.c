/* SPDX-License-Identifier: MIT */
/*
** timed.c - runs a command as a process of its own, with its standard output thrown away, and prints what it took:
** seconds of wall time and of CPU, and the largest resident set in KiB.
**   timed COMMAND ARGUMENT...
*/
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>

extern char **environ;

static double now (void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static double seconds (struct timeval time) {
  return (double)time.tv_sec + (double)time.tv_usec / 1e6;
}

int main (int argc, char **argv) {
  posix_spawn_file_actions_t actions;
  struct rusage usage;
  double began;
  pid_t pid;
  int status;
  if (argc < 2) return 2;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
  began = now();
  if (posix_spawnp(&pid, argv[1], &actions, NULL, argv + 1, environ) != 0) return 2;
  if (wait4(pid, &status, 0, &usage) != pid) return 2;
  printf("%.6f %.6f 0 %ld\n", now() - began, seconds(usage.ru_utime) + seconds(usage.ru_stime),
         usage.ru_maxrss);
  return status != 0;
}
