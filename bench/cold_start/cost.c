/* SPDX-License-Identifier: MIT */
/*
** cost.c - the processor time of a command and its children, and how long it ran.
**   cost COMMAND ARGUMENT... -> "CPU WALL" in microseconds; the command's standard output is discarded
*/
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

static double now (void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec * 1e6 + (double)time.tv_nsec / 1e3;
}

static double micros (struct timeval time) {
  return (double)time.tv_sec * 1e6 + (double)time.tv_usec;
}

int main (int argc, char **argv) {
  posix_spawn_file_actions_t actions;
  struct rusage usage;
  double began, took;
  pid_t child;
  int status;
  if (argc < 2) return 2;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
  began = now();
  if (posix_spawnp(&child, argv[1], &actions, NULL, argv + 1, environ) != 0) return 2;
  if (waitpid(child, &status, 0) != child) return 2;
  took = now() - began;
  getrusage(RUSAGE_CHILDREN, &usage);
  printf("%.0f %.0f\n", micros(usage.ru_utime) + micros(usage.ru_stime), took);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 2;
}
