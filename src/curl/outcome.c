/* SPDX-License-Identifier: MIT */
/*
** outcome.c - how a transfer ended. A success is checked again: libcurl reports a truncated
** head, and would report a truncated gzip body, as complete.
*/
#include <string.h>

#include "transfer.h"

static Outcome failure (const char *kind, const char *message) {
  Outcome outcome;
  memset(&outcome, 0, sizeof outcome);
  outcome.kind = kind;
  outcome.message = message;
  return outcome;
}

/* Adds libcurl's own message, unless it may show a user name and password. */
static void add_detail (Outcome *outcome, const Transfer *t) {
  const char *detail = t->error[0] != '\0' ? t->error : curl_easy_strerror(t->result);
  if (!strchr(detail, '@')) outcome->detail = detail;
}

static Outcome failure_detailed (const Transfer *t, const char *kind, const char *message) {
  Outcome outcome = failure(kind, message);
  add_detail(&outcome, t);
  return outcome;
}

/* For a success by libcurl: a gzip body must be complete, too. */
static Outcome classify_success (Transfer *t) {
  const LoftyHttpFacts *facts = lofty_http_head_facts(t->head);
  int framed =
      lofty_http_bodyless(facts, t->is_head) || facts->chunked || facts->has_length || facts->http2;
  int whole = framed; /* an empty body is not gzip: complete only if the framing says so */
  if (facts->coding == LOFTY_CODING_GZIP && t->inflate && t->got_body)
    whole = lofty_gunzip_feed(t->inflate, &t->response, "", 0) == LOFTY_DONE;
  if (facts->coding != LOFTY_CODING_GZIP || whole) return failure(NULL, NULL);
  return framed ? failure("decode", "the gzip body was cut short")
                : failure("network", "the connection was closed before the body was complete");
}

/* True if it failed before the proxy had made a tunnel. */
static int failed_at_proxy (const Transfer *t, long tunnel_status) {
  curl_off_t tls = 0;
  if (!t->secure || t->loopback || t->attempts > 0) return 0;
  if (tunnel_status != 0) return tunnel_status / 100 != 2;
  if (t->result == CURLE_COULDNT_CONNECT) return t->proxy_host.size > 0;
  /* Without a proxy these codes come only after the TLS handshake. */
  curl_easy_getinfo(t->easy, CURLINFO_APPCONNECT_TIME_T, &tls);
  return tls == 0 && (t->result == CURLE_RECV_ERROR || t->result == CURLE_SEND_ERROR ||
                      t->result == CURLE_GOT_NOTHING
#if LIBCURL_VERSION_NUM >= 0x074900
                      || t->result == CURLE_PROXY
#endif
                     );
}

static Outcome classify_proxy (const Transfer *t, long tunnel_status) {
  Outcome outcome = failure("network", "the proxy");
  outcome.subject = t->proxy_host.size > 0 ? t->proxy_host.data : "";
  outcome.final = tunnel_status == 407 || tunnel_status == 403;
  if (tunnel_status == 407)
    outcome.rest = "wants other credentials (407 to CONNECT): correct the user name and password "
                   "in the proxy's URL";
  else if (tunnel_status == 403)
    outcome.rest = "does not allow connections to this host (403 to CONNECT)";
  else {
    outcome.rest = "made no connection";
    add_detail(&outcome, t);
  }
  return outcome;
}

/* True if the certificate leads to no CA that is trusted. The codes are OpenSSL's X509_V_ERR_*. */
static int is_issuer_unknown (const Transfer *t) {
  long code = 0;
  curl_easy_getinfo(t->easy, CURLINFO_SSL_VERIFYRESULT, &code);
  return code == 2 || (code >= 18 && code <= 21);
}

/* True if libcurl's message has these words; for codes with several meanings. */
static int has_words (const Transfer *t, const char *words) {
  return strstr(t->error, words) != NULL;
}

static Outcome classify (Transfer *t, int whole_head, int connected) {
  const char *broke = whole_head
                          ? "the connection was closed before the body was complete"
                          : "the connection was closed before the response's head was complete";
  long tunnel_status = 0;
  Outcome outcome;
  if (t->code == LOFTY_NO_MEMORY) return failure("network", "not enough memory");
  if (t->code != LOFTY_OK) return failure("decode", t->problem);
  if (t->cancelled) return failure("network", "the call was interrupted");
  if (t->process_changed)
    return failure("network",
                   "the process was forked while this call ran: the parent continues it");
  if (t->resend_blocked)
    return failure("network", "the connection broke before a response came, and this request "
                              "may not be sent twice");
  if (!t->easy) return failure("network", "the transport was closed");
  curl_easy_getinfo(t->easy, CURLINFO_HTTP_CONNECTCODE, &tunnel_status);
  if (t->result != CURLE_OK && failed_at_proxy(t, tunnel_status))
    return classify_proxy(t, tunnel_status);
  switch (t->result) {
    case CURLE_OK: return whole_head ? classify_success(t) : failure("network", broke);
    case CURLE_OPERATION_TIMEDOUT:
      return failure("timeout", connected ? "no complete response within the time allowed"
                                          : "no connection within the time allowed");
    case CURLE_COULDNT_RESOLVE_HOST: return failure("network", "the host's name is not known");
    case CURLE_COULDNT_RESOLVE_PROXY: return failure("network", "the proxy's name is not known");
    case CURLE_COULDNT_CONNECT: return failure_detailed(t, "network", "could not connect");
    case CURLE_SSL_CACERT_BADFILE:
      outcome = failure("tls", "the file of trusted certificates");
      outcome.subject = t->ca.size > 1 ? t->ca.data + 1 : "";
      outcome.rest = "could not be read";
      return outcome;
    case CURLE_PEER_FAILED_VERIFICATION:
      return failure_detailed(t, "tls",
                              is_issuer_unknown(t)
                                  ? "the server's certificate was not accepted: set ca to a file "
                                    "with the CA that issued it, such as that of a proxy that "
                                    "intercepts TLS"
                                  : "the server's certificate was not accepted");
    case CURLE_SSL_CONNECT_ERROR: /* a handshake that failed, or a connection that broke in it */
      if (has_words(t, "SYSCALL") || has_words(t, "reset by peer"))
        return failure("network", "the connection broke during the TLS handshake");
      return failure_detailed(t, "tls", "the TLS handshake failed");
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CIPHER:
    case CURLE_SSL_ENGINE_NOTFOUND:
    case CURLE_SSL_ENGINE_SETFAILED:
    case CURLE_SSL_ENGINE_INITFAILED:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_INVALIDCERTSTATUS:
    case CURLE_USE_SSL_FAILED: return failure_detailed(t, "tls", "the TLS handshake failed");
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_WEIRD_SERVER_REPLY:
    case CURLE_BAD_CONTENT_ENCODING:
    case CURLE_BAD_FUNCTION_ARGUMENT: /* a header line that its API for header lines refuses */
      return failure_detailed(t, "decode", "the response is not HTTP");
    case CURLE_GOT_NOTHING: return failure("network", broke);
    case CURLE_RECV_ERROR: /* a connection that broke, or a chunk that can't be read */
      if (has_words(t, "chunk")) return failure("decode", "a chunk of the body is badly framed");
      return failure_detailed(t, "network", broke);
    case CURLE_PARTIAL_FILE: return failure("network", broke);
    case CURLE_ABORTED_BY_CALLBACK: return failure("network", "the transport was closed");
    case CURLE_URL_MALFORMAT: return failure("invalid", "the URL was refused by libcurl");
    case CURLE_OUT_OF_MEMORY: /* below 8.6 the code for a header line of more than 100 KiB, too */
      if (t->attempts > 0 && !whole_head)
        return failure("decode", "a header line is too long, or memory ran out");
      return failure("network", "not enough memory");
#if LIBCURL_VERSION_NUM >= 0x080600
    case CURLE_TOO_LARGE: return failure("decode", "a header line is too long");
#endif
    default: return failure_detailed(t, "network", broke);
  }
}

Outcome lofty_transfer_outcome (Transfer *t) {
  long bytes = 0, connects = 0;
  curl_off_t connecting = 0, total = 0;
  int head = lofty_http_head_done(t->head), sent = t->attempts > 0, connected;
  Outcome outcome;
  if (t->easy) {
    curl_easy_getinfo(t->easy, CURLINFO_CONNECT_TIME_T, &connecting);
    curl_easy_getinfo(t->easy, CURLINFO_TOTAL_TIME_T, &total);
    curl_easy_getinfo(t->easy, CURLINFO_NUM_CONNECTS, &connects);
    if (!LOFTY_HAVE_PREREQ) curl_easy_getinfo(t->easy, CURLINFO_REQUEST_SIZE, &bytes);
  }
  if (bytes > 0) sent = 1; /* those of a CONNECT count, too */
  connected = sent || t->stale || connecting > 0;
  outcome = classify(t, head, connected);
  outcome.sent = sent || t->process_changed;
  outcome.connected = connected || t->process_changed;
  outcome.head = head;
  outcome.fields = t->head;
  outcome.body.data = t->response.data ? t->response.data : "";
  outcome.body.size = t->response.size;
  outcome.reused = connects == 0;
  outcome.elapsed = (double)total / 1e6;
  return outcome;
}
