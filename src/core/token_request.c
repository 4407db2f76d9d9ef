/* SPDX-License-Identifier: MIT */
/*
** token_request.c - Basic credentials (RFC 7617, RFC 6749 section 2.3.1) and the token
** requests of RFC 6749 and RFC 7636, for a client that authenticates either way.
*/
#include <string.h>

#include "token_request.h"
#include "base64.h"
#include "limits.h"
#include "uri.h"

/* A field's name and the messages about it, none of which shows its value. */
typedef struct Field {
  const char *name; /* in the form */
  const char *missing, *has_control, *too_long;
} Field;

/* Versions of clang-format lay out such a macro differently. */
/* clang-format off */
#define FIELD(name, text) { \
  name, text " is missing or empty", \
  text " holds a control character, such as a line break or a NUL byte", \
  text " is longer than 65536 bytes" }
/* clang-format on */

static const Field client_id = FIELD("client_id", "the client id");
static const Field client_secret = FIELD("client_secret", "the client secret");
static const Field code = FIELD("code", "the authorization code");
static const Field redirect_uri = FIELD("redirect_uri", "the redirect URI");
static const Field code_verifier = FIELD("code_verifier", "the code verifier");
static const Field refresh_token = FIELD("refresh_token", "the refresh token");
static const Field customer_key = FIELD("customer_key", "the customer key");

/*
** NULL, or what is wrong with a credential. No credential has control characters
** (RFC 6749 appendix A, RFC 7617 section 2); most often it is a line break from
** a file. An empty one is mostly a variable that is not set.
*/
static const char *field_problem (LoftySpan value, const Field *field) {
  size_t i;
  if (!value.data || value.size == 0) return field->missing;
  if (value.size > LOFTY_MAX_CREDENTIAL) return field->too_long;
  for (i = 0; i < value.size; i++) {
    unsigned char c = (unsigned char)value.data[i];
    if (c < 0x20 || c == 0x7F) return field->has_control;
  }
  return NULL;
}

/* NULL, or what is wrong with the pair for a Basic header; 'how' as in lofty_basic. */
static const char *pair_problem (LoftySpan id, LoftySpan secret, LoftyBasic how) {
  const char *problem = field_problem(id, &client_id);
  if (!problem) problem = field_problem(secret, &client_secret);
  if (!problem && how == LOFTY_BASIC_PLAIN && memchr(id.data, ':', id.size))
    problem = "the client id holds a colon, which would end it in a plain Basic header; if the "
              "server decodes the pair (RFC 6749 section 2.3.1), set basic = \"form\"";
  return problem;
}

/*
** Base64 of the plain pair, as Lofty documents it, or of a pair whose halves are
** form-encoded first, as RFC 6749 section 2.3.1 requires.
*/
static LoftyCode add_basic (LoftyBuf *out, LoftySpan id, LoftySpan secret, LoftyBasic how) {
  LoftyBuf pair;
  LoftySpan joined;
  lofty_buf_init(&pair, 6 * LOFTY_MAX_CREDENTIAL + 1);
  if (how == LOFTY_BASIC_FORM) {
    lofty_form_encode(&pair, id);
    lofty_buf_add_byte(&pair, ':');
    lofty_form_encode(&pair, secret);
  } else {
    lofty_buf_add(&pair, id.data, id.size);
    lofty_buf_add_byte(&pair, ':');
    lofty_buf_add(&pair, secret.data, secret.size);
  }
  if (pair.status != LOFTY_OK && out->status == LOFTY_OK) out->status = pair.status;
  joined.data = pair.data;
  joined.size = pair.size;
  lofty_buf_add(out, "Basic ", 6);
  lofty_base64_encode(out, joined, LOFTY_BASE64_STANDARD);
  lofty_buf_free(&pair);
  return out->status;
}

LoftyCode lofty_basic (LoftyBuf *out, LoftySpan id, LoftySpan secret, LoftyBasic how,
                       const char **problem) {
  *problem = pair_problem(id, secret, how);
  return *problem ? LOFTY_BAD : add_basic(out, id, secret, how);
}

/* RFC 7636, section 4.1: 43 to 128 unreserved characters. */
static const char *verifier_problem (LoftySpan verifier) {
  const char *problem = field_problem(verifier, &code_verifier);
  size_t i;
  if (problem) return problem;
  for (i = 0; i < verifier.size; i++) {
    /* field_problem refuses NULL. NOLINTNEXTLINE(clang-analyzer-core.NullDereference) */
    char c = verifier.data[i];
    if (!((c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
          c == '.' || c == '_' || c == '~'))
      break;
  }
  if (i == verifier.size && i >= 43 && i <= 128) return NULL;
  return "the code verifier is not 43 to 128 letters, digits, \"-\", \".\", \"_\" or \"~\"";
}

/* NULL, or what is wrong with the fields of the grant type. */
static const char *grant_problem (const LoftyTokenRequest *grant) {
  const char *problem = NULL;
  switch (grant->type) {
    case LOFTY_GRANT_AUTHORIZATION_CODE:
      problem = field_problem(grant->code, &code);
      if (!problem) problem = field_problem(grant->redirect_uri, &redirect_uri);
      if (!problem && (grant->code_verifier.data || grant->authentication == LOFTY_CLIENT_NONE))
        problem = verifier_problem(grant->code_verifier);
      break;
    case LOFTY_GRANT_REFRESH_TOKEN:
      problem = field_problem(grant->refresh_token, &refresh_token);
      break;
    case LOFTY_GRANT_CLIENT_CREDENTIALS:
      if (grant->authentication == LOFTY_CLIENT_NONE)
        return "client_credentials needs a client secret (RFC 6749 section 4.4)";
      problem = field_problem(grant->customer_key, &customer_key);
      break;
    default: return "unknown grant type";
  }
  return problem;
}

/* NULL, or what is wrong with the fields that authenticate the client. */
static const char *client_problem (const LoftyTokenRequest *grant) {
  const char *problem;
  if (grant->authentication == LOFTY_CLIENT_BASIC)
    return pair_problem(grant->client_id, grant->client_secret, grant->basic);
  problem = field_problem(grant->client_id, &client_id);
  if (!problem && grant->authentication == LOFTY_CLIENT_BODY)
    problem = field_problem(grant->client_secret, &client_secret);
  return problem;
}

static void add_field (LoftyBuf *body, const Field *field, LoftySpan value) {
  LoftySpan name;
  name.data = field->name;
  name.size = strlen(field->name);
  lofty_query_add(body, name, value, 1);
}

static void add_grant_type (LoftyBuf *body, LoftyGrantType type) {
  static const Field grant_type = FIELD("grant_type", "the grant type");
  LoftySpan value;
  value.data = type == LOFTY_GRANT_AUTHORIZATION_CODE ? "authorization_code"
               : type == LOFTY_GRANT_REFRESH_TOKEN    ? "refresh_token"
                                                      : "client_credentials";
  value.size = strlen(value.data);
  add_field(body, &grant_type, value);
}

/*
** The client id is in the body when it is not in the header, and for an
** authorization code in both, as in Lofty's sample. The secret is in one place
** only: a client must not authenticate in two ways (RFC 6749 section 2.3).
*/
static void add_client (LoftyBuf *body, const LoftyTokenRequest *grant) {
  if (grant->authentication != LOFTY_CLIENT_BASIC || grant->type == LOFTY_GRANT_AUTHORIZATION_CODE)
    add_field(body, &client_id, grant->client_id);
  if (grant->authentication == LOFTY_CLIENT_BODY)
    add_field(body, &client_secret, grant->client_secret);
}

LoftyCode lofty_token_request (const LoftyTokenRequest *grant, LoftyBuf *body,
                               LoftyBuf *authorization, const char **problem) {
  *problem = grant_problem(grant);
  if (!*problem) *problem = client_problem(grant);
  if (*problem) return LOFTY_BAD; /* nothing has been written yet */
  if (grant->authentication == LOFTY_CLIENT_BASIC &&
      add_basic(authorization, grant->client_id, grant->client_secret, grant->basic) != LOFTY_OK)
    return authorization->status;
  add_grant_type(body, grant->type);
  if (grant->type == LOFTY_GRANT_AUTHORIZATION_CODE) add_field(body, &code, grant->code);
  if (grant->type == LOFTY_GRANT_REFRESH_TOKEN)
    add_field(body, &refresh_token, grant->refresh_token);
  add_client(body, grant);
  if (grant->type == LOFTY_GRANT_AUTHORIZATION_CODE) {
    add_field(body, &redirect_uri, grant->redirect_uri);
    if (grant->code_verifier.data) add_field(body, &code_verifier, grant->code_verifier);
  }
  if (grant->type == LOFTY_GRANT_CLIENT_CREDENTIALS)
    add_field(body, &customer_key, grant->customer_key);
  return body->status;
}
