/* SPDX-License-Identifier: MIT */
/*
** torture.h - the interface between torture.c and the files of cases. To add cases, write a
** file that ends with a table of them, declare the table below, and list it in torture.c.
*/
#ifndef LOFTY_TORTURE_H
#define LOFTY_TORTURE_H

#include "core/buf.h"

/*
** 'run' does one complete job with the core, frees everything, and returns LOFTY_OK, or
** LOFTY_NO_MEMORY if and only if an allocation failed.
*/
typedef struct TortureCase {
  const char *name;
  LoftyCode (*run)(void);
} TortureCase;

extern const TortureCase torture_encodings[]; /* each ends with { NULL, NULL } */
extern const TortureCase torture_http[];

/* If the condition is false, prints the command that repeats the case and exits. */
#define torture_check(condition) torture_verify((condition), #condition, __FILE__, __LINE__)
void torture_verify (int condition, const char *what, const char *file, int line);

LoftySpan torture_span (const char *text);
/* Checks the invariants of a buffer's size, capacity, maximum and status. */
void torture_check_buf (const LoftyBuf *buf);

#endif
