/* SPDX-License-Identifier: MIT */
/*
** token_request.h - Basic credentials and token requests (RFC 6749, RFC 7636).
*/
#ifndef LOFTY_TOKEN_REQUEST_H
#define LOFTY_TOKEN_REQUEST_H

#include "buf.h"

typedef enum { LOFTY_BASIC_PLAIN, LOFTY_BASIC_FORM } LoftyBasic;
typedef enum {
  LOFTY_CLIENT_BASIC, /* id and secret in an Authorization header, RFC 6749 section 2.3.1 */
  LOFTY_CLIENT_BODY,  /* id and secret as fields of the body */
  LOFTY_CLIENT_NONE   /* a public client: the id alone, RFC 7636 in place of a secret */
} LoftyClientAuthentication;
typedef enum {
  LOFTY_GRANT_AUTHORIZATION_CODE,
  LOFTY_GRANT_REFRESH_TOKEN,
  LOFTY_GRANT_CLIENT_CREDENTIALS
} LoftyGrantType;

typedef struct LoftyTokenRequest {
  LoftyGrantType type;
  LoftyClientAuthentication authentication;
  LoftyBasic basic;
  LoftySpan client_id, client_secret;
  LoftySpan code, redirect_uri, code_verifier; /* authorization_code; verifier: RFC 7636 4.5 */
  LoftySpan refresh_token;
  LoftySpan customer_key; /* client_credentials: the API key of the user it acts for */
} LoftyTokenRequest;

/* Adds "Basic ..." to 'out'. On LOFTY_BAD *problem says what is wrong, without the secret. */
LoftyCode lofty_basic (LoftyBuf *out, LoftySpan id, LoftySpan secret, LoftyBasic how,
                       const char **problem);
/*
** Makes the form body and the Authorization value, which stays empty when there
** is none; *problem as above.
*/
LoftyCode lofty_token_request (const LoftyTokenRequest *grant, LoftyBuf *body,
                               LoftyBuf *authorization, const char **problem);

#endif
