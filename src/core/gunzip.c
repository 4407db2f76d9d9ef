/* SPDX-License-Identifier: MIT */
/*
** gunzip.c - incremental gunzip (RFC 1952) over zlib, with a maximum decoded size.
** A member is complete only after its trailer (CRC and size) was checked.
*/
#include <limits.h>
#include <string.h>

#include <zlib.h>

#include "gunzip.h"

#define GZIP_ONLY (15 + 16) /* windowBits: the largest window, a gzip header required */
#define INFLATE_STEP ((size_t)16 * 1024) /* decoded bytes asked for at once */

#define INFLATE_SLACK 65536 /* compressed bytes allowed for the headers of members */

struct LoftyGunzip {
  z_stream stream;
  uint64_t taken; /* bytes fed */
  LoftyCode code; /* LOFTY_MORE, LOFTY_DONE between members, or the first failure */
};

/* Makes zlib allocate through lofty_realloc. */
static voidpf zlib_alloc (voidpf opaque, uInt items, uInt size) {
  (void)opaque;
  if (size != 0 && items > UINT_MAX / size) return Z_NULL;
  return lofty_realloc(NULL, (size_t)items * size);
}

static void zlib_free (voidpf opaque, voidpf block) {
  (void)opaque;
  lofty_realloc(block, 0);
}

LoftyGunzip *lofty_gunzip_new (void) {
  LoftyGunzip *inflate = (LoftyGunzip *)lofty_realloc(NULL, sizeof(LoftyGunzip));
  if (!inflate) return NULL;
  memset(inflate, 0, sizeof(LoftyGunzip));
  inflate->stream.zalloc = zlib_alloc;
  inflate->stream.zfree = zlib_free;
  inflate->code = LOFTY_MORE;
  if (inflateInit2(&inflate->stream, GZIP_ONLY) != Z_OK) {
    lofty_realloc(inflate, 0);
    return NULL;
  }
  return inflate;
}

void lofty_gunzip_free (LoftyGunzip *inflate) {
  if (!inflate) return;
  inflateEnd(&inflate->stream);
  lofty_realloc(inflate, 0);
}

void lofty_gunzip_reset (LoftyGunzip *inflate) {
  inflateReset(&inflate->stream);
  inflate->code = LOFTY_MORE;
  inflate->taken = 0;
}

/*
** Calls inflate() once into the buffer's free space. When the buffer is full, it gets
** one byte elsewhere: the data is too long only if that byte is written, since just
** the member's trailer may be left to read.
*/
static int inflate_once (z_stream *stream, LoftyBuf *out) {
  size_t left = out->max - out->size;
  size_t room = left < INFLATE_STEP ? left : INFLATE_STEP;
  unsigned char spare;
  int result;
  if (room == 0) {
    stream->next_out = &spare;
    stream->avail_out = 1;
    result = inflate(stream, Z_NO_FLUSH);
    if (stream->avail_out == 0) out->status = LOFTY_TOO_LONG;
    stream->next_out = Z_NULL; /* 'spare' goes out of scope */
    return result;
  }
  stream->next_out = (Bytef *)lofty_buf_reserve(out, room);
  if (!stream->next_out) return Z_MEM_ERROR;
  stream->avail_out = (uInt)room;
  result = inflate(stream, Z_NO_FLUSH);
  out->size += room - stream->avail_out;
  return result;
}

/* Decodes 'size' bytes; zlib counts in unsigned int. */
static LoftyCode inflate_piece (LoftyGunzip *inflate, LoftyBuf *out, const char *bytes, uInt size) {
  z_stream *stream = &inflate->stream;
  stream->next_in = (z_const Bytef *)(size_t)bytes;
  stream->avail_in = size;
  for (;;) {
    int result;
    if (inflate->code == LOFTY_DONE) { /* the next member; trailing bytes fail its header check */
      if (stream->avail_in == 0) return LOFTY_DONE;
      inflateReset(stream);
      inflate->code = LOFTY_MORE;
    }
    result = inflate_once(stream, out);
    if (out->status != LOFTY_OK) return out->status;
    switch (result) {
      case Z_STREAM_END: inflate->code = LOFTY_DONE; break;
      case Z_OK:
        if (stream->avail_in == 0 && stream->avail_out > 0) return LOFTY_MORE;
        break;
      case Z_BUF_ERROR: return LOFTY_MORE; /* no progress possible without more input */
      case Z_MEM_ERROR: return LOFTY_NO_MEMORY;
      default: return LOFTY_BAD;
    }
  }
}

/*
** The compressed size is limited as well, because empty members could follow each
** other without end. The limit exceeds what any gzip encoder needs for out->max bytes.
*/
LoftyCode lofty_gunzip_feed (LoftyGunzip *inflate, LoftyBuf *out, const char *bytes, size_t size) {
  if (inflate->code > LOFTY_DONE) return inflate->code;
  if (out->status != LOFTY_OK) return inflate->code = out->status;
  inflate->taken += size;
  if (inflate->taken > (uint64_t)out->max + out->max / 512 + INFLATE_SLACK)
    return inflate->code = LOFTY_TOO_LONG;
  while (size > 0) {
    uInt piece = size > UINT_MAX ? UINT_MAX : (uInt)size;
    inflate->code = inflate_piece(inflate, out, bytes, piece);
    if (inflate->code > LOFTY_DONE) break;
    bytes += piece;
    size -= piece;
  }
  return inflate->code;
}
