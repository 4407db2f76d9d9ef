/*
** torture.h - what a file of torture cases gives and gets. To add cases: write
** a file here that ends with such a table, and name the table in torture.c.
*/
#ifndef LOFTY_TORTURE_H
#define LOFTY_TORTURE_H

#include "core/buf.h"

/*
** 'run' does one job with the pure core from nothing to its end, frees what it
** owns, and returns what the job came to: LOFTY_OK if all was well, and
** LOFTY_NO_MEMORY if and only if an allocation was refused.
*/
typedef struct TortureCase {
  const char *name;
  LoftyCode (*run)(void);
} TortureCase;

extern const TortureCase torture_encodings[]; /* each ends with { NULL, NULL } */
extern const TortureCase torture_http[];

/* Ends the program with the command that repeats this one case. */
#define torture_check(condition) torture_verify((condition), #condition, __FILE__, __LINE__)
void torture_verify (int truth, const char *what, const char *file, int line);

LoftySpan torture_span (const char *text);
/* Size, capacity, maximum and status of a buffer agree with each other. */
void torture_check_buf (const LoftyBuf *buf);

#endif
