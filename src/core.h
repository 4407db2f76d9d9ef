/*
** core.h - the whole contract of the pure core: codes, limits, the allocator
** seam, and what each file of it offers. No Lua, no socket, no clock.
*/
#ifndef LOFTY_CORE_H
#define LOFTY_CORE_H

#include <stddef.h>
#include <stdint.h>

/*
** What a step came to. MORE and DONE are for what is fed piece by piece; all
** above LOFTY_DONE are failures, and the first one sticks.
*/
typedef enum {
  LOFTY_OK = 0,
  LOFTY_MORE,      /* nothing wrong yet, feed more bytes */
  LOFTY_DONE,      /* complete */
  LOFTY_NO_MEMORY, /* the allocator said no */
  LOFTY_TOO_LONG,  /* a maximum was reached */
  LOFTY_BAD        /* the bytes break the rules */
} LoftyCode;

/* The one table of limits. Each is in bytes unless its comment says otherwise. */
#define LOFTY_MAX_HEAD ((size_t)64 * 1024)           /* status line and all header fields */
#define LOFTY_MAX_BODY ((size_t)16 * 1024 * 1024)    /* a decoded answer, by default */
#define LOFTY_MAX_REQUEST ((size_t)64 * 1024 * 1024) /* a body or an encoding that we make */
#define LOFTY_MAX_URI ((size_t)64 * 1024)            /* a path, a query, a whole URL */
#define LOFTY_MAX_CREDENTIAL ((size_t)64 * 1024)     /* an id, a secret, a code, a token */
#define LOFTY_MAX_DEPTH 128                          /* levels of arrays and objects in JSON */
#define LOFTY_MAX_FIELDS 256                    /* header lines of one head, and its trailers */
#define LOFTY_MAX_STORED ((size_t)1024 * 1024)  /* what a store keeps for one account */
#define LOFTY_MAX_CHUNK_LINE ((size_t)4 * 1024) /* a chunk's size line with its extensions */

/* The allocator seam: size 0 frees. Every allocation of the pure core goes through it. */
typedef void *(*LoftyRealloc)(void *block, size_t size);
extern LoftyRealloc lofty_realloc;

/* --- buf.c: a byte buffer with a mandatory maximum and a sticky failure --- */

typedef struct LoftyBuf {
  char *data; /* NULL while empty; not NUL-terminated */
  size_t size;
  size_t capacity;
  size_t max; /* size never grows past it */
  LoftyCode
      status; /* LOFTY_OK, LOFTY_NO_MEMORY or LOFTY_TOO_LONG; once failed, appends do nothing */
} LoftyBuf;

void lofty_buf_init (LoftyBuf *buf, size_t max);
void lofty_buf_free (LoftyBuf *buf);  /* idempotent; leaves an empty buffer with the same maximum */
void lofty_buf_clear (LoftyBuf *buf); /* forgets bytes and failure, keeps the memory */
char *lofty_buf_reserve (LoftyBuf *buf, size_t extra); /* room at the end, or NULL (sticky) */
LoftyCode lofty_buf_add (LoftyBuf *buf, const void *bytes, size_t size);
LoftyCode lofty_buf_add_byte (LoftyBuf *buf, char byte);

/* Bytes that belong to someone else; data NULL means absent, size 0 means empty. */
typedef struct LoftySpan {
  const char *data;
  size_t size;
} LoftySpan;

/* --- base64.c (RFC 4648) --- */

typedef enum {
  LOFTY_BASE64_STANDARD, /* section 4, padded */
  LOFTY_BASE64_URL       /* section 5, unpadded: what RFC 7636 appendix A calls base64url */
} LoftyBase64;

LoftyCode lofty_base64_encode (LoftyBuf *out, LoftySpan in, LoftyBase64 alphabet);
/* Strict: no white space, padding exactly as the alphabet has it, unused bits zero.
   On LOFTY_BAD, *at is the offset of the first offending byte. */
LoftyCode lofty_base64_decode (LoftyBuf *out, LoftySpan in, LoftyBase64 alphabet, size_t *at);

/* Compares in a time that depends on the sizes alone. */
int lofty_equal (LoftySpan a, LoftySpan b);

/* --- uri.c (RFC 3986; forms: RFC 6749 appendix B) --- */

/* Everything but the unreserved characters of RFC 3986 section 2.3 becomes %XX. */
LoftyCode lofty_percent_encode (LoftyBuf *out, LoftySpan in);
/* The same for application/x-www-form-urlencoded: a space becomes "+". */
LoftyCode lofty_form_encode (LoftyBuf *out, LoftySpan in);
/* plus_is_space: forms and queries. LOFTY_BAD: "%" without two hex digits; *at is its offset. */
LoftyCode lofty_percent_decode (LoftyBuf *out, LoftySpan in, int plus_is_space, size_t *at);
/* NULL, or in plain words that a text holds CR, LF or NUL, which paths and queries may not. */
const char *lofty_line_problem (LoftySpan text);
/*
** Adds name=value, with "&" before it when out is not empty. form: a space becomes
** "+". LOFTY_BAD in a query (a form is a body, and may hold them): CR, LF or NUL.
*/
LoftyCode lofty_query_add (LoftyBuf *out, LoftySpan name, LoftySpan value, int form);
/*
** Cuts a path template ("/v1.0/leads/{leadId}") into literals and names.
** LOFTY_MORE: a piece (is_name tells which, braces stripped); LOFTY_DONE: the end;
** LOFTY_BAD: a brace that is not closed, opened twice or empty, or a byte that no path may
** hold; the rest then starts at the offending byte.
*/
LoftyCode lofty_template_next (LoftySpan *rest, LoftySpan *piece, int *is_name);
/* Adds the value of a name, percent-encoded. LOFTY_BAD, *problem: it would change the path. */
LoftyCode lofty_path_add (LoftyBuf *out, LoftySpan value, const char **problem);
/* True if a segment is "." or "..", which servers and libcurl take out (RFC 3986, 5.2.4). */
int lofty_path_dotted (LoftySpan path);

/* --- grant.c (RFC 6749, RFC 7636): Basic credentials and token requests --- */

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

typedef struct LoftyGrant {
  LoftyGrantType type;
  LoftyClientAuthentication authentication;
  LoftyBasic basic;
  LoftySpan client_id, client_secret;
  LoftySpan code, redirect_uri, code_verifier; /* authorization_code; verifier: RFC 7636 4.5 */
  LoftySpan refresh_token;
  LoftySpan customer_key; /* client_credentials: Lofty's name for whom the token acts */
} LoftyGrant;

/* "Basic ..." ; *problem says in plain words what is wrong, without the secret, on LOFTY_BAD. */
LoftyCode lofty_basic (LoftyBuf *out, LoftySpan id, LoftySpan secret, LoftyBasic how,
                       const char **problem);
/* The form body, and the Authorization value (left empty when there is none). */
LoftyCode lofty_grant_request (const LoftyGrant *grant, LoftyBuf *body, LoftyBuf *authorization,
                               const char **problem);

/* --- head.c: heads of HTTP responses (RFC 9112), judged strictly --- */

typedef enum {
  LOFTY_HTTP_WIRE, /* bytes as they come from a connection */
  LOFTY_HTTP_CURL  /* lines as libcurl's header callback hands them: "HTTP/2 200" is allowed too */
} LoftyHttpFrom;
typedef enum { LOFTY_CODING_NONE, LOFTY_CODING_GZIP } LoftyCoding;

/* What a whole head said. */
typedef struct LoftyHttpFacts {
  int status;
  int http2;
  int chunked;     /* Transfer-Encoding: chunked */
  int has_length;  /* Content-Length was there */
  uint64_t length; /* its value */
  LoftyCoding coding;
  int keep_alive; /* the connection may serve again, as far as the head can tell */
} LoftyHttpFacts;

typedef struct LoftyHttpHead LoftyHttpHead;

/* The byte in lower case if it may be part of a token (RFC 9110, section 5.6.2), else NUL. */
char lofty_token_char (char c);

/* max counts all the bytes of the head: 1xx heads before it and trailers after it too. */
LoftyHttpHead *lofty_http_head_new (size_t max, LoftyHttpFrom from); /* NULL: no memory */
void lofty_http_head_free (LoftyHttpHead *head);                     /* NULL is fine */
void lofty_http_head_reset (LoftyHttpHead *head, size_t max);        /* for the next answer */
/*
** LOFTY_MORE, LOFTY_DONE (the empty line was seen; bytes fed after it are trailers, judged and
** counted but not kept) or a failure, which sticks. *used is how many bytes were taken: feed
** stops at the end of the head, and at the empty line that ends the trailers.
*/
LoftyCode lofty_http_head_feed (LoftyHttpHead *head, const char *bytes, size_t size, size_t *used);
int lofty_http_head_done (const LoftyHttpHead *head); /* the empty line after the fields was seen */
int lofty_http_head_ended (
    const LoftyHttpHead *head); /* the empty line after the trailers was seen */
const LoftyHttpFacts *lofty_http_head_facts (const LoftyHttpHead *head); /* valid once done */
size_t lofty_http_head_lines (const LoftyHttpHead *head); /* at least as many as there are names */
/*
** The next field, in the order of arrival: *index starts as 0 and is moved on. Names are in lower
** case, values of repeated names joined by ", ". Returns 0 when there are no more.
*/
int lofty_http_head_field (const LoftyHttpHead *head, size_t *index, LoftySpan *name,
                           LoftySpan *value);
const char *lofty_http_head_problem (const LoftyHttpHead *head); /* plain words, NULL if none */

/* --- http1.c: whole responses --- */

typedef struct LoftyHttp LoftyHttp;

/* One response: head, framing, gunzip. is_head: it answers a HEAD request. */
LoftyHttp *lofty_http_new (size_t max_head, size_t max_body, int is_head); /* NULL: no memory */
void lofty_http_free (LoftyHttp *http);                                    /* NULL is fine */
/* For the next answer, over the same memory; a large body's is given back. */
void lofty_http_reset (LoftyHttp *http, size_t max_head, size_t max_body, int is_head);
/* As for a head. *used < size with LOFTY_DONE: bytes that no request asked for. */
LoftyCode lofty_http_feed (LoftyHttp *http, const char *bytes, size_t size, size_t *used);
LoftyCode lofty_http_eof (LoftyHttp *http); /* the peer closed: LOFTY_DONE or a failure */
const LoftyHttpHead *lofty_http_head (const LoftyHttp *http);
LoftySpan lofty_http_body (const LoftyHttp *http); /* decoded */
int lofty_http_reusable (const LoftyHttp *http);   /* the connection may carry another request */
const char *lofty_http_problem (const LoftyHttp *http);

/* --- inflate.c: gunzip (RFC 1952), over zlib, to its end mark --- */

typedef struct LoftyInflate LoftyInflate;

LoftyInflate *lofty_inflate_new (void); /* NULL: no memory */
void lofty_inflate_free (LoftyInflate *inflate);
void lofty_inflate_reset (LoftyInflate *inflate);
/*
** Adds what the bytes decode to; out->max bounds it. LOFTY_DONE: the end mark and its check sum
** were right (a further member may follow, RFC 1952 section 2.2); LOFTY_MORE: not there yet;
** LOFTY_BAD: not gzip, damaged, or bytes after the end; a failure sticks.
*/
LoftyCode lofty_inflate_feed (LoftyInflate *inflate, LoftyBuf *out, const char *bytes, size_t size);

/* --- number.c: decimal text of numbers and back, whatever the locale says --- */

#define LOFTY_NUMBER_TEXT 32 /* room for what the two writers below write */

size_t lofty_integer_text (int64_t value, char *out);
size_t lofty_real_text (double value,
                        char *out); /* finite; shortest, never looks like an integer */
double lofty_real (LoftySpan text); /* a valid JSON number; an infinity if it is too large */

/* --- json.c (RFC 8259) --- */

typedef enum {
  LOFTY_JSON_BAD,
  LOFTY_JSON_END, /* the whole text was read */
  LOFTY_JSON_NULL,
  LOFTY_JSON_FALSE,
  LOFTY_JSON_TRUE,
  LOFTY_JSON_INTEGER, /* no fraction, no exponent: text, digits, fits and then integer */
  LOFTY_JSON_REAL,    /* text, real */
  LOFTY_JSON_STRING,  /* text, escaped */
  LOFTY_JSON_NAME,    /* of an object's member, its value comes next: text, escaped */
  LOFTY_JSON_ARRAY,   /* opens, ... */
  LOFTY_JSON_OBJECT,  /* ... until the CLOSE that belongs to it */
  LOFTY_JSON_CLOSE
} LoftyJsonEvent;

/* A text being read. It stays the caller's, must outlive this, and needs no NUL. */
typedef struct LoftyJson {
  const unsigned char *begin, *at, *end;
  const char *problem; /* what is wrong at 'at', in plain words; NULL until then */
  LoftySpan text;      /* a number's bytes, or a string's between its quotes, as they stand */
  int escaped;         /* the string holds backslashes: see lofty_json_unescape */
  int fits;            /* the integer is in 'integer' */
  int64_t integer;
  double real;
  size_t digits; /* how many the integer has */
  int state;
  int depth;
  unsigned char closers[LOFTY_MAX_DEPTH];
} LoftyJson;

void lofty_json_init (LoftyJson *json, LoftySpan text);
LoftyJsonEvent lofty_json_next (LoftyJson *json);
/* For a text that lofty_json_next gave; 'out' has room for its size. */
size_t lofty_json_unescape (LoftySpan text, char *out);
/* LOFTY_BAD: not UTF-8, *at is the offset of the first wrong byte. */
LoftyCode lofty_json_string (LoftyBuf *out, LoftySpan in, size_t *at);

#endif
