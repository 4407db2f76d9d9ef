/* SPDX-License-Identifier: MIT */
/*
** encodings.c - out-of-memory cases of the buffer, the encodings and the token requests.
*/
#include <string.h>

#include "core/base64.h"
#include "core/token_request.h"
#include "core/uri.h"
#include "torture.h"

/* Appends byte by byte; the contents must stay when an allocation fails. */
static LoftyCode buf_growth (void) {
  LoftyBuf buf;
  LoftyCode code = LOFTY_OK;
  size_t i, written = 0;
  lofty_buf_init(&buf, 5000);
  for (i = 0; i < 5000; i++) {
    if (lofty_buf_add_byte(&buf, (char)(i % 251)) == LOFTY_OK) written++;
  }
  torture_check_buf(&buf);
  torture_check(buf.size == written);
  for (i = 0; i < written; i++) torture_check(buf.data[i] == (char)(i % 251));
  code = buf.status;
  if (code == LOFTY_OK) { /* full: exceeding the maximum is a failure, too */
    torture_check(lofty_buf_add_byte(&buf, 'x') == LOFTY_TOO_LONG);
    torture_check(lofty_buf_reserve(&buf, 0) == NULL);
  }
  lofty_buf_free(&buf);
  lofty_buf_free(&buf);
  torture_check(buf.size == 0 && buf.status == LOFTY_OK && buf.max == 5000);
  return code;
}

/* A buffer that failed can be cleared and used again. */
static LoftyCode buf_reuse (void) {
  LoftyBuf buf;
  LoftyCode first, second;
  lofty_buf_init(&buf, 1000);
  lofty_buf_add(&buf, "some bytes", 10);
  lofty_buf_reserve(&buf, 900);
  first = buf.status;
  torture_check_buf(&buf);
  lofty_buf_clear(&buf);
  torture_check(buf.status == LOFTY_OK && buf.size == 0);
  second = lofty_buf_add(&buf, "others", 6);
  torture_check_buf(&buf);
  lofty_buf_free(&buf);
  return first != LOFTY_OK ? first : second;
}

/* Encodes 1,000 bytes of all values and decodes them again. */
static LoftyCode base64_round_trip (LoftyBase64 alphabet) {
  char bytes[1000];
  LoftyBuf text, back;
  LoftySpan in, encoded;
  LoftyCode code;
  size_t i, at = 0;
  for (i = 0; i < sizeof bytes; i++) bytes[i] = (char)(i * 7);
  in.data = bytes;
  in.size = sizeof bytes;
  lofty_buf_init(&text, 2000);
  lofty_buf_init(&back, 2000);
  code = lofty_base64_encode(&text, in, alphabet);
  if (code == LOFTY_OK) {
    encoded.data = text.data;
    encoded.size = text.size;
    code = lofty_base64_decode(&back, encoded, alphabet, &at);
  }
  torture_check_buf(&text);
  torture_check_buf(&back);
  if (code == LOFTY_OK)
    torture_check(back.size == sizeof bytes && memcmp(back.data, bytes, sizeof bytes) == 0);
  else
    torture_check(back.size == 0);
  lofty_buf_free(&text);
  lofty_buf_free(&back);
  return code;
}

static LoftyCode base64 (void) {
  return base64_round_trip(LOFTY_BASE64_STANDARD);
}

static LoftyCode base64url (void) {
  return base64_round_trip(LOFTY_BASE64_URL);
}

static LoftyCode percent_round_trip (void) {
  static const char text[] =
      "a b+c/d?e=f&g%h\xC3\xA9 and so on, and on, and on, and on, and on, and on";
  LoftyBuf coded, back;
  LoftySpan in;
  LoftyCode code;
  int form;
  size_t at = 0;
  lofty_buf_init(&coded, 1000);
  lofty_buf_init(&back, 1000);
  for (form = 0; form <= 1; form++) {
    lofty_buf_clear(&coded);
    lofty_buf_clear(&back);
    code = form ? lofty_form_encode(&coded, torture_span(text))
                : lofty_percent_encode(&coded, torture_span(text));
    in.data = coded.data;
    in.size = coded.size;
    if (code == LOFTY_OK) code = lofty_percent_decode(&back, in, form, &at);
    torture_check_buf(&coded);
    torture_check_buf(&back);
    if (code != LOFTY_OK) break;
    torture_check(back.size == strlen(text) && memcmp(back.data, text, back.size) == 0);
  }
  lofty_buf_free(&coded);
  lofty_buf_free(&back);
  return code;
}

/* Texts truncated at every byte, each in a block of exactly its size, so that overruns are detected. */
static LoftyCode truncated_texts (void) {
  static const char text[] = "/%4a/{id}/Zm9vYg==%2e%2E/..";
  LoftyCode code = LOFTY_OK;
  size_t size, at = 0;
  for (size = 1; size < sizeof text && code == LOFTY_OK; size++) {
    LoftySpan in, rest, piece;
    LoftyBuf out;
    int is_name = 0;
    char *block = (char *)lofty_realloc(NULL, size);
    if (!block) return LOFTY_NO_MEMORY;
    memcpy(block, text, size);
    in.data = block;
    in.size = size;
    rest = in;
    lofty_buf_init(&out, 1000);
    lofty_percent_decode(&out, in, 1, &at);
    lofty_base64_decode(&out, in, LOFTY_BASE64_STANDARD, &at);
    lofty_base64_decode(&out, in, LOFTY_BASE64_URL, &at);
    lofty_path_dotted(in);
    while (lofty_template_next(&rest, &piece, &is_name) == LOFTY_MORE) {
      torture_check(piece.size > 0 && piece.data + piece.size <= block + size);
    }
    torture_check(rest.data + rest.size == block + size);
    code = out.status;
    lofty_buf_free(&out);
    lofty_realloc(block, 0);
  }
  return code;
}

static LoftyCode query (void) {
  LoftyBuf out;
  LoftyCode code = LOFTY_OK;
  int i;
  lofty_buf_init(&out, 10000);
  for (i = 0; i < 100; i++)
    code = lofty_query_add(&out, torture_span("a name"), torture_span("its value"), i % 2);
  torture_check_buf(&out);
  torture_check(code == out.status);
  lofty_buf_free(&out);
  return code;
}

static LoftyCode path (void) {
  LoftySpan rest =
      torture_span("/v1.0/leads/{leadId}/a-rather-long-piece-of-a-path-and-then/{name}");
  LoftySpan piece;
  LoftyBuf out;
  LoftyCode step, code;
  const char *problem = NULL;
  int is_name = 0;
  lofty_buf_init(&out, 1000);
  while ((step = lofty_template_next(&rest, &piece, &is_name)) == LOFTY_MORE) {
    if (is_name)
      lofty_path_add(&out, torture_span("9007199254740993 or so, and long"), &problem);
    else
      lofty_buf_add(&out, piece.data, piece.size);
  }
  torture_check(step == LOFTY_DONE && !problem);
  torture_check_buf(&out);
  code = out.status;
  lofty_buf_free(&out);
  return code;
}

static LoftyCode basic_as (LoftyBasic how) {
  LoftyBuf out;
  const char *problem = NULL;
  LoftyCode code;
  lofty_buf_init(&out, 1000);
  code = lofty_basic(&out, torture_span("an id with spaces and more of them, to make it grow"),
                     torture_span("a secret that is long enough to need another allocation"), how,
                     &problem);
  torture_check(!problem);
  torture_check_buf(&out);
  torture_check(code == out.status);
  lofty_buf_free(&out);
  return code;
}

static LoftyCode basic_plain (void) {
  return basic_as(LOFTY_BASIC_PLAIN);
}

static LoftyCode basic_form (void) {
  return basic_as(LOFTY_BASIC_FORM);
}

/* Every grant type with every client authentication. */
static LoftyCode grants (void) {
  LoftyTokenRequest grant;
  LoftyCode code = LOFTY_OK;
  int type, how;
  memset(&grant, 0, sizeof grant);
  grant.client_id = torture_span("client");
  grant.client_secret = torture_span("secret");
  grant.code = torture_span("a code of the sort that is sent once and never again");
  grant.redirect_uri = torture_span("https://example.com/lofty/callback");
  grant.code_verifier = torture_span("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk");
  grant.refresh_token =
      torture_span("a refresh token, which is longer than sixty-four bytes, or so");
  grant.customer_key = torture_span("a customer key, which is longer than sixty-four bytes, or so");
  for (type = 0; type <= LOFTY_GRANT_CLIENT_CREDENTIALS && code == LOFTY_OK; type++) {
    for (how = 0; how <= LOFTY_CLIENT_NONE && code == LOFTY_OK; how++) {
      LoftyBuf body, authorization;
      const char *problem = NULL;
      if (type == LOFTY_GRANT_CLIENT_CREDENTIALS && how == LOFTY_CLIENT_NONE) continue;
      grant.type = (LoftyGrantType)type;
      grant.authentication = (LoftyClientAuthentication)how;
      lofty_buf_init(&body, 10000);
      lofty_buf_init(&authorization, 10000);
      code = lofty_token_request(&grant, &body, &authorization, &problem);
      torture_check(!problem);
      torture_check_buf(&body);
      torture_check_buf(&authorization);
      lofty_buf_free(&body);
      lofty_buf_free(&authorization);
    }
  }
  return code;
}

const TortureCase torture_encodings[] = {{"buf_growth", buf_growth},
                                         {"buf_reuse", buf_reuse},
                                         {"base64", base64},
                                         {"base64url", base64url},
                                         {"percent_round_trip", percent_round_trip},
                                         {"truncated_texts", truncated_texts},
                                         {"query", query},
                                         {"path", path},
                                         {"basic_plain", basic_plain},
                                         {"basic_form", basic_form},
                                         {"grants", grants},
                                         {NULL, NULL}};
