/*
** gunzip.h - gunzip (RFC 1952) over zlib, up to the end mark.
*/
#ifndef LOFTY_GUNZIP_H
#define LOFTY_GUNZIP_H

#include "buf.h"

typedef struct LoftyGunzip LoftyGunzip;

LoftyGunzip *lofty_gunzip_new (void); /* NULL: no memory */
void lofty_gunzip_free (LoftyGunzip *inflate);
void lofty_gunzip_reset (LoftyGunzip *inflate);
/*
** Adds what the bytes decode to; out->max bounds it. LOFTY_DONE: the end mark and its check sum
** were right (a further member may follow, RFC 1952 section 2.2); LOFTY_MORE: not there yet;
** LOFTY_BAD: not gzip, damaged, or bytes after the end; a failure sticks.
*/
LoftyCode lofty_gunzip_feed (LoftyGunzip *inflate, LoftyBuf *out, const char *bytes, size_t size);

#endif
