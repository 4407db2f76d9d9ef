/* SPDX-License-Identifier: MIT */
/*
** text.c - libFuzzer target for src/core/uri.c, base64.c, number.c, url_policy.c, token_request.c and
** gunzip.c: no read out of bounds, what is encoded decodes to the same bytes, and what is accepted keeps
** the promises of its header. `make fuzz` builds and runs it.
*/
#include <math.h>

#include <zlib.h>

#include "core/ascii.h"
#include "core/base64.h"
#include "core/buf.h"
#include "core/gunzip.h"
#include "core/limits.h"
#include "core/number.h"
#include "core/token_request.h"
#include "core/uri.h"
#include "core/url_policy.h"
#include "fuzz.h"

#define MAX_OUT ((size_t)100000)

static LoftySpan span_of (const LoftyBuf *buf) {
  LoftySpan span;
  span.data = buf->data ? buf->data : "";
  span.size = buf->size;
  return span;
}

static void require_same (const LoftyBuf *out, LoftySpan in) {
  require(out->status == LOFTY_OK && out->size == in.size);
  require(in.size == 0 || memcmp(out->data, in.data, in.size) == 0);
}

static void check_base64 (LoftySpan in) {
  LoftyBase64 alphabet;
  for (alphabet = LOFTY_BASE64_STANDARD; alphabet <= LOFTY_BASE64_URL; alphabet++) {
    LoftyBuf text, back;
    size_t at = 0;
    lofty_buf_init(&text, MAX_OUT);
    lofty_buf_init(&back, MAX_OUT);
    lofty_base64_encode(&text, in, alphabet);
    require(text.status == LOFTY_OK);
    require(lofty_base64_decode(&back, span_of(&text), alphabet, &at) != LOFTY_BAD);
    require_same(&back, in);
    lofty_buf_clear(&back);
    /* A text has one encoding: what decodes is what encoding gives. */
    if (lofty_base64_decode(&back, in, alphabet, &at) != LOFTY_BAD) {
      lofty_buf_clear(&text);
      lofty_base64_encode(&text, span_of(&back), alphabet);
      require_same(&text, in);
    } else
      require(at <= in.size);
    lofty_buf_free(&text);
    lofty_buf_free(&back);
  }
}

static void check_percent (LoftySpan in) {
  LoftyBuf text, back;
  size_t at = 0, i;
  int form;
  lofty_buf_init(&text, MAX_OUT);
  lofty_buf_init(&back, MAX_OUT);
  for (form = 0; form <= 1; form++) {
    lofty_buf_clear(&text);
    lofty_buf_clear(&back);
    if (form)
      lofty_form_encode(&text, in);
    else
      lofty_percent_encode(&text, in);
    require(text.status == LOFTY_OK);
    for (i = 0; i < text.size; i++)
      require((unsigned char)text.data[i] > 0x20 && (unsigned char)text.data[i] < 0x7F &&
              text.data[i] != '&' && text.data[i] != '=');
    require(lofty_percent_decode(&back, span_of(&text), form, &at) != LOFTY_BAD);
    require_same(&back, in);
  }
  lofty_buf_clear(&back);
  if (lofty_percent_decode(&back, in, 1, &at) == LOFTY_BAD)
    require(at < in.size);
  else
    require(back.size <= in.size);
  lofty_buf_free(&text);
  lofty_buf_free(&back);
}

static void check_template (LoftySpan in) {
  LoftySpan rest = in, piece;
  LoftyCode code;
  int is_name = 0;
  while ((code = lofty_template_next(&rest, &piece, &is_name)) == LOFTY_MORE) {
    size_t i;
    require(piece.size > 0 && piece.data >= in.data &&
            piece.data + piece.size <= in.data + in.size);
    for (i = 0; i < piece.size; i++) require(piece.data[i] != '{' && piece.data[i] != '}');
  }
  require(code == LOFTY_DONE || code == LOFTY_BAD);
  require(rest.size <= in.size);
  (void)lofty_path_dotted(in);
}

static void check_path (LoftySpan in) {
  LoftyBuf out;
  const char *problem = NULL;
  size_t i;
  lofty_buf_init(&out, MAX_OUT);
  if (lofty_path_add(&out, in, &problem) == LOFTY_BAD)
    require(problem != NULL);
  else
    for (i = 0; i < out.size; i++)
      require(out.data[i] != '/' && out.data[i] != '?' && out.data[i] != '#' &&
              (unsigned char)out.data[i] > 0x20);
  lofty_buf_clear(&out);
  if (lofty_query_add(&out, in, in, 0) == LOFTY_BAD) require(lofty_line_problem(in) != NULL);
  lofty_buf_free(&out);
}

static void check_url (LoftySpan in) {
  LoftyUrl url;
  size_t i;
  const char *problem = lofty_url_parse(in, &url);
  if (problem) {
    require(strlen(problem) < 300);
    return;
  }
  require(url.port >= 1 && url.port <= 65535);
  require(url.secure || url.loopback);
  require(url.host[0] != '\0' && strlen(url.host) <= LOFTY_MAX_HOST);
  require(!strpbrk(url.host, "@/\\?#% ") && (url.literal || !strchr(url.host, ':')));
  require(url.origin_size <= in.size);
  for (i = 0; i < url.target.size; i++)
    require((unsigned char)url.target.data[i] > 0x20 && (unsigned char)url.target.data[i] < 0x7F &&
            url.target.data[i] != '#' && url.target.data[i] != '\\');
}

static void check_field (LoftySpan name, LoftySpan value) {
  size_t i;
  if (lofty_field_problem(name, value)) return;
  require(name.size > 0);
  for (i = 0; i < name.size; i++)
    require(name.data[i] != ':' && (unsigned char)name.data[i] > 0x20);
  for (i = 0; i < value.size; i++)
    require(value.data[i] != '\r' && value.data[i] != '\n' && value.data[i] != '\0');
}

static void check_number (LoftySpan in) {
  char text[64];
  double value, again;
  int64_t integer;
  size_t size;
  if (in.size < 8) return;
  memcpy(&value, in.data, 8);
  memcpy(&integer, in.data, 8);
  size = lofty_integer_text(integer, text);
  require(size > 0 && size < sizeof text);
  text[size] = '\0';
  require(strtoll(text, NULL, 10) == integer);
  if (!isfinite(value)) return;
  size = lofty_real_text(value, text);
  require(size > 0 && size < sizeof text);
  {
    LoftySpan written = {text, size};
    again = lofty_real(written);
  }
  require(memcmp(&again, &value, 8) == 0 || (value == 0 && again == 0));
}

static void check_token_request (LoftySpan first, LoftySpan second, unsigned char choice) {
  LoftyTokenRequest grant;
  LoftyBuf body, authorization;
  const char *problem = NULL;
  size_t i;
  memset(&grant, 0, sizeof grant);
  grant.type = (LoftyGrantType)(choice % 3);
  grant.authentication = (LoftyClientAuthentication)(choice / 3 % 3);
  grant.basic = (LoftyBasic)(choice / 9 % 2);
  grant.client_id = grant.code = grant.refresh_token = first;
  grant.client_secret = grant.redirect_uri = grant.customer_key = second;
  lofty_buf_init(&body, LOFTY_MAX_REQUEST);
  lofty_buf_init(&authorization, LOFTY_MAX_REQUEST);
  if (lofty_token_request(&grant, &body, &authorization, &problem) == LOFTY_BAD)
    require(problem != NULL);
  else {
    for (i = 0; i < body.size; i++)
      require((unsigned char)body.data[i] > 0x20 && (unsigned char)body.data[i] < 0x7F);
    for (i = 0; i < authorization.size; i++)
      require(authorization.data[i] != '\r' && authorization.data[i] != '\n');
  }
  lofty_buf_free(&body);
  lofty_buf_free(&authorization);
}

/* Decodes in pieces of 'step' bytes; the code, and what was decoded in 'out'. */
static LoftyCode gunzip (LoftySpan in, size_t step, LoftyBuf *out) {
  LoftyGunzip *inflate = lofty_gunzip_new();
  LoftyCode code = LOFTY_MORE;
  size_t at;
  require(inflate != NULL);
  for (at = 0; at < in.size && code <= LOFTY_DONE; at += step) {
    size_t piece = in.size - at < step ? in.size - at : step;
    char *copy = exact_copy(in.data + at, piece);
    code = lofty_gunzip_feed(inflate, out, copy, piece);
    free(copy);
  }
  require(out->size <= out->max);
  lofty_gunzip_free(inflate);
  return code;
}

/* The bytes as gzip decode to themselves, and to an error once one of them is changed or lost. */
static void check_gunzip (LoftySpan in, unsigned char choice) {
  z_stream stream;
  LoftyBuf out, split;
  LoftySpan zipped;
  Bytef *bytes = (Bytef *)malloc(in.size + 1000);
  LoftyCode whole, pieces;
  require(bytes != NULL);
  memset(&stream, 0, sizeof stream);
  require(deflateInit2(&stream, 1 + choice % 9, Z_DEFLATED, 31, 9, Z_DEFAULT_STRATEGY) == Z_OK);
  stream.next_in = (z_const Bytef *)(size_t)in.data;
  stream.avail_in = (uInt)in.size;
  stream.next_out = bytes;
  stream.avail_out = (uInt)in.size + 1000;
  require(deflate(&stream, Z_FINISH) == Z_STREAM_END);
  zipped.data = (const char *)bytes;
  zipped.size = stream.total_out;
  deflateEnd(&stream);
  lofty_buf_init(&out, MAX_OUT);
  lofty_buf_init(&split, MAX_OUT);
  require(gunzip(zipped, 1 + choice, &out) == LOFTY_DONE);
  require_same(&out, in);
  lofty_buf_clear(&out);
  zipped.size--;
  require(gunzip(zipped, zipped.size, &out) != LOFTY_DONE);
  lofty_buf_clear(&out);
  whole = gunzip(in, in.size ? in.size : 1, &out); /* the bytes as they came */
  pieces = gunzip(in, 1, &split);
  require(whole == pieces || (whole > LOFTY_DONE) == (pieces > LOFTY_DONE));
  lofty_buf_free(&out);
  lofty_buf_free(&split);
  free(bytes);
}

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size) {
  LoftySpan all, first, second;
  char *copy;
  if (size < 1 || size > 5000) return 0;
  copy = exact_copy(data, size);
  all.data = copy + 1;
  all.size = size - 1;
  first.data = all.data;
  first.size = all.size / 2;
  second.data = all.data + first.size;
  second.size = all.size - first.size;
  switch (data[0] % 8) {
    case 0: check_base64(all); break;
    case 1: check_percent(all); break;
    case 2: check_template(all); break;
    case 3: check_path(all); break;
    case 4: check_url(all); break;
    case 5: check_field(first, second); break;
    case 6:
      check_number(all);
      check_token_request(first, second, (unsigned char)(data[0] / 8));
      break;
    default: check_gunzip(all, (unsigned char)(data[0] / 8)); break;
  }
  free(copy);
  return 0;
}
