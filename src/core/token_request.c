/*
** token_request.c - Basic credentials (RFC 7617, RFC 6749 section 2.3.1) and the token
** requests of RFC 6749 and RFC 7636, for a client that authenticates either way.
*/
#include <string.h>

#include "token_request.h"
#include "base64.h"
#include "limits.h"
#include "uri.h"

/* What can be said of a field without showing it. */
typedef struct Words {
  const char *name; /* as it stands in the form */
  const char *missing, *dirty, *too_long;
} Words;

#define WORDS(name, text)                                                                          \
  {                                                                                                \
    name, text " is missing or empty",                                                             \
        text " holds a control character, such as a line break or a NUL byte",                     \
        text " is longer than 65536 bytes"                                                         \
  }

static const Words client_id = WORDS("client_id", "the client id");
static const Words client_secret = WORDS("client_secret", "the client secret");
static const Words code = WORDS("code", "the authorization code");
static const Words redirect_uri = WORDS("redirect_uri", "the redirect URI");
static const Words code_verifier = WORDS("code_verifier", "the code verifier");
static const Words refresh_token = WORDS("refresh_token", "the refresh token");
static const Words customer_key = WORDS("customer_key", "the customer key");

/*
** NULL, or what is wrong with a credential. Control characters are in none
** (RFC 6749 appendix A, RFC 7617 section 2): mostly a line break that came along
** from a file. An empty one is a variable that was never set.
*/
static const char *field_problem (LoftySpan value, const Words *words) {
  size_t i;
  if (!value.data || value.size == 0) return words->missing;
  if (value.size > LOFTY_MAX_CREDENTIAL) return words->too_long;
  for (i = 0; i < value.size; i++) {
    unsigned char c = (unsigned char)value.data[i];
    if (c < 0x20 || c == 0x7F) return words->dirty;
  }
  return NULL;
}

/* Checks the pair that goes into the header; 'how' as in lofty_basic. */
static const char *pair_problem (LoftySpan id, LoftySpan secret, LoftyBasic how) {
  const char *problem = field_problem(id, &client_id);
  if (!problem) problem = field_problem(secret, &client_secret);
  if (!problem && how == LOFTY_BASIC_PLAIN && memchr(id.data, ':', id.size))
    problem = "the client id holds a colon, which would end it in a plain Basic header; if the "
              "server decodes the pair (RFC 6749 section 2.3.1), say basic = \"form\"";
  return problem;
}

/*
** The pair as it is, which is what Lofty documents, or each half form-encoded
** first, which is what RFC 6749 section 2.3.1 asks for; then Base64.
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
    char c = verifier.data[i];
    if (!((c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
          c == '.' || c == '_' || c == '~'))
      break;
  }
  if (i == verifier.size && i >= 43 && i <= 128) return NULL;
  return "the code verifier is not 43 to 128 letters, digits, \"-\", \".\", \"_\" or \"~\"";
}

/* What the grant itself needs, apart from who the client is. */
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

static const char *client_problem (const LoftyTokenRequest *grant) {
  const char *problem;
  if (grant->authentication == LOFTY_CLIENT_BASIC)
    return pair_problem(grant->client_id, grant->client_secret, grant->basic);
  problem = field_problem(grant->client_id, &client_id);
  if (!problem && grant->authentication == LOFTY_CLIENT_BODY)
    problem = field_problem(grant->client_secret, &client_secret);
  return problem;
}

static void add_field (LoftyBuf *body, const Words *words, LoftySpan value) {
  LoftySpan name;
  name.data = words->name;
  name.size = strlen(words->name);
  lofty_query_add(body, name, value, 1);
}

static void add_grant_type (LoftyBuf *body, LoftyGrantType type) {
  static const Words grant_type = WORDS("grant_type", "the grant type");
  LoftySpan value;
  value.data = type == LOFTY_GRANT_AUTHORIZATION_CODE ? "authorization_code"
               : type == LOFTY_GRANT_REFRESH_TOKEN    ? "refresh_token"
                                                      : "client_credentials";
  value.size = strlen(value.data);
  add_field(body, &grant_type, value);
}

/*
** The client id stands in the body whenever it is not in the header, and also
** beside the header for a code, as Lofty's own sample has it. The secret is in
** one place only: a server must refuse a client that authenticates twice.
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
