/*
** outcome.c - what became of a transfer. What libcurl calls success is judged
** again: it takes a cut head, and would take a cut body, for a whole one.
*/
#include <string.h>

#include "transfer.h"

static Outcome verdict_of (const char *kind, const char *words, int quote) {
  Outcome v;
  memset(&v, 0, sizeof(v));
  v.kind = kind;
  v.words = words;
  v.quote = quote;
  return v;
}

/* True if libcurl's message has these words; some of its codes mean several things. */
static int transfer_says (const Transfer *t, const char *words) {
  return strstr(t->error, words) != NULL;
}

/* What libcurl calls success: the answer must be whole by our own account too. */
static Outcome verdict_success (Transfer *t) {
  const LoftyHttpFacts *facts = lofty_http_head_facts(t->head);
  int bodyless = t->is_head || facts->status == 204 || facts->status == 304;
  int framed = bodyless || facts->chunked || facts->has_length || facts->http2;
  int whole = framed; /* if no byte came: no gzip is empty, so only framing can say that none do */
  if (facts->coding == LOFTY_CODING_GZIP && t->inflate && t->any)
    whole = lofty_gunzip_feed(t->inflate, &t->answer, "", 0) == LOFTY_DONE;
  if (facts->coding == LOFTY_CODING_GZIP && !whole) {
    return framed ? verdict_of("decode", "the gzip body was cut short", 0)
                  : verdict_of("network", "the connection broke in the middle of the body", 0);
  }
  return verdict_of(NULL, NULL, 0);
}

static Outcome judge (Transfer *t, int whole_head, int connected) {
  const char *broke = whole_head ? "the connection broke in the middle of the body"
                                 : "the connection broke before the whole head had come";
  if (t->code == LOFTY_NO_MEMORY) return verdict_of("network", "not enough memory", 0);
  if (t->code != LOFTY_OK) return verdict_of("decode", t->problem, 0);
  if (t->doubled)
    return verdict_of("network",
                      "the connection broke before an answer came, and this request "
                      "may not be sent twice",
                      0);
  switch (t->result) {
    case CURLE_OK: return whole_head ? verdict_success(t) : verdict_of("network", broke, 0);
    case CURLE_OPERATION_TIMEDOUT:
      return verdict_of("timeout",
                        connected ? "no whole answer within the time allowed"
                                  : "no connection within the time allowed",
                        0);
    case CURLE_COULDNT_RESOLVE_HOST:
      return verdict_of("network", "the host's name is not known", 0);
    case CURLE_COULDNT_RESOLVE_PROXY:
      return verdict_of("network", "the proxy's name is not known", 0);
    case CURLE_COULDNT_CONNECT: return verdict_of("network", "could not connect", 1);
    case CURLE_SSL_CACERT_BADFILE:
      return verdict_of("tls", "the file of trusted certificates could not be read", 0);
    case CURLE_PEER_FAILED_VERIFICATION:
      return verdict_of("tls", "the server's certificate was not accepted", 1);
    case CURLE_SSL_CONNECT_ERROR:
      if (transfer_says(t, "SYSCALL") || transfer_says(t, "reset by peer"))
        return verdict_of("network", "the connection broke during the TLS handshake", 0);
      return verdict_of("tls", "the TLS handshake failed", 1);
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CIPHER:
    case CURLE_SSL_ENGINE_NOTFOUND:
    case CURLE_SSL_ENGINE_SETFAILED:
    case CURLE_SSL_ENGINE_INITFAILED:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_INVALIDCERTSTATUS:
    case CURLE_USE_SSL_FAILED: return verdict_of("tls", "the TLS handshake failed", 1);
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_WEIRD_SERVER_REPLY:
    case CURLE_BAD_CONTENT_ENCODING: return verdict_of("decode", "the answer is not HTTP", 1);
    case CURLE_GOT_NOTHING: return verdict_of("network", broke, 0);
    case CURLE_RECV_ERROR:
      if (transfer_says(t, "chunk"))
        return verdict_of("decode", "a chunk of the body is badly framed", 0);
      if (transfer_says(t, "CONNECT"))
        return verdict_of("network", "the proxy made no connection", 1);
      return verdict_of("network", broke, 1);
    case CURLE_PARTIAL_FILE: return verdict_of("network", broke, 0);
    case CURLE_ABORTED_BY_CALLBACK: return verdict_of("network", "the transport was closed", 0);
    case CURLE_URL_MALFORMAT: return verdict_of("invalid", "the URL was refused by libcurl", 0);
    case CURLE_OUT_OF_MEMORY: return verdict_of("network", "not enough memory", 0);
    default: return verdict_of("network", broke, 1);
  }
}

Outcome lofty_outcome (Transfer *t) {
  long sent = 0;
  curl_off_t connecting = 0;
  int head = lofty_http_head_done(t->head), connected;
  Outcome outcome;
  curl_easy_getinfo(t->easy, CURLINFO_REQUEST_SIZE, &sent);
  curl_easy_getinfo(t->easy, CURLINFO_CONNECT_TIME_T, &connecting);
  connected = t->attempts > 0 || sent > 0 || connecting > 0;
  outcome = judge(t, head, connected);
  outcome.sent =
      sent > 0 && (t->attempts > 0 || !LOFTY_HAVE_PREREQ); /* a CONNECT counts in 'sent' */
  outcome.connected = connected;
  outcome.head = head;
  return outcome;
}
