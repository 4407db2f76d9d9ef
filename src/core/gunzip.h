/* SPDX-License-Identifier: MIT */
/*
** gunzip.h - incremental gunzip (RFC 1952) over zlib.
*/
#ifndef LOFTY_GUNZIP_H
#define LOFTY_GUNZIP_H

#include "buf.h"

typedef struct LoftyGunzip LoftyGunzip;

LoftyGunzip *lofty_gunzip_new (void); /* NULL: no memory */
void lofty_gunzip_free (LoftyGunzip *inflate);
void lofty_gunzip_reset (LoftyGunzip *inflate);
/*
** Appends the decoded bytes to 'out', at most out->max in all. LOFTY_DONE: a member ended with a
** valid CRC (another may follow, RFC 1952 section 2.2); LOFTY_MORE: incomplete; LOFTY_BAD: not gzip,
** damaged, or trailing bytes. After a failure every call returns the same code.
*/
LoftyCode lofty_gunzip_feed (LoftyGunzip *inflate, LoftyBuf *out, const char *bytes, size_t size);

#endif
