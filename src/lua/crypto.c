/* SPDX-License-Identifier: MIT */
/*
** crypto.c - luaopen_lofty_crypto: random bytes, SHA-256, and sealing with
** AES-256-GCM, by OpenSSL; for plain Lua and nginx.
*/
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <openssl/sha.h>

#include "core/limits.h"
#include "compat.h"

#define MAX_RANDOM 4096
#define KEY_SIZE 32
#define NONCE_SIZE 12 /* before the ciphertext: NIST SP 800-38D, section 8.2.2 */
#define TAG_SIZE 16   /* after it */
#define OVERHEAD (NONCE_SIZE + TAG_SIZE)

static const unsigned char *check_bytes (lua_State *L, int index, size_t *size) {
  luaL_checktype(L, index, LUA_TSTRING);
  return (const unsigned char *)lua_tolstring(L, index, size);
}

/* crypto.random(n) -> n bytes from a cryptographic generator; raises when that fails */
static int crypto_random (lua_State *L) {
  unsigned char bytes[MAX_RANDOM];
  lua_Integer n = luaL_checkinteger(L, 1);
  luaL_argcheck(L, 0 < n && n <= MAX_RANDOM, 1, "out of range");
  if (RAND_bytes(bytes, (int)n) != 1) return luaL_error(L, "the random number generator failed");
  lua_pushlstring(L, (const char *)bytes, (size_t)n);
  OPENSSL_cleanse(bytes, (size_t)n);
  return 1;
}

/* crypto.sha256(s) -> 32 bytes */
static int crypto_sha256 (lua_State *L) {
  unsigned char digest[SHA256_DIGEST_LENGTH];
  size_t size;
  const unsigned char *s = check_bytes(L, 1, &size);
  if (!SHA256(s, size, digest)) return luaL_error(L, "not enough memory"); /* OpenSSL 3 allocates */
  lua_pushlstring(L, (const char *)digest, sizeof digest);
  return 1;
}

/* The inputs and outputs of one sealing or opening. */
typedef struct Job {
  const unsigned char *key, *nonce, *in, *aad;
  unsigned char *out, *tag;
  int size, aad_size; /* of 'in' and 'out'; of 'aad' */
} Job;

/*
** Runs the cipher. Nothing can raise between making the context and freeing it.
** True on success; when opening, 'out' is authentic only then.
*/
static int run (const Job *job, int sealing) {
  EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
  int n = 0, ok;
  if (!context) return 0;
  ok = EVP_CipherInit_ex(context, EVP_aes_256_gcm(), NULL, job->key, job->nonce, sealing) == 1;
  if (ok && !sealing)
    ok = EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_GCM_SET_TAG, TAG_SIZE, job->tag) == 1;
  if (ok && job->aad_size > 0)
    ok = EVP_CipherUpdate(context, NULL, &n, job->aad, job->aad_size) == 1;
  if (ok && job->size > 0)
    ok = EVP_CipherUpdate(context, job->out, &n, job->in, job->size) == 1 && n == job->size;
  if (ok) ok = EVP_CipherFinal_ex(context, job->out + job->size, &n) == 1;
  if (ok && sealing)
    ok = EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_GCM_GET_TAG, TAG_SIZE, job->tag) == 1;
  EVP_CIPHER_CTX_free(context);
  return ok;
}

/* Reads the arguments (key, text, aad) into a job; returns the text's size. */
static size_t check_job (lua_State *L, Job *job) {
  size_t key_size, size, aad_size;
  job->key = check_bytes(L, 1, &key_size);
  job->in = check_bytes(L, 2, &size);
  job->aad = check_bytes(L, 3, &aad_size);
  luaL_argcheck(L, key_size == KEY_SIZE, 1, "a key has 32 bytes");
  luaL_argcheck(L, size <= LOFTY_MAX_BODY, 2, "too long"); /* and so it fits an int */
  luaL_argcheck(L, aad_size <= LOFTY_MAX_BODY, 3, "too long");
  job->aad_size = (int)aad_size;
  return size;
}

/*
** crypto.seal(key, plain, aad) -> sealed: a random nonce, the ciphertext, the tag.
** 'aad' (associated data, here the key of the store) is not part of it, but must be
** the same to open it, so that a token cannot be moved to another account.
*/
static int crypto_seal (lua_State *L) {
  Job job;
  size_t size = check_job(L, &job);
  unsigned char *sealed = (unsigned char *)lua_newuserdata(L, size + OVERHEAD);
  if (RAND_bytes(sealed, NONCE_SIZE) != 1)
    return luaL_error(L, "the random number generator failed");
  job.nonce = sealed;
  job.out = sealed + NONCE_SIZE;
  job.tag = job.out + size;
  job.size = (int)size;
  if (!run(&job, 1)) return luaL_error(L, "sealing failed");
  lua_pushlstring(L, (const char *)sealed, size + OVERHEAD);
  return 1;
}

/* crypto.open(key, sealed, aad) -> plain, or nil and a message */
static int crypto_open (lua_State *L) {
  Job job;
  size_t size = check_job(L, &job);
  unsigned char tag[TAG_SIZE];
  if (size >= OVERHEAD) {
    job.nonce = job.in;
    job.in += NONCE_SIZE;
    job.size = (int)(size - OVERHEAD);
    memcpy(tag, job.in + job.size, TAG_SIZE);
    job.tag = tag;
    job.out = (unsigned char *)lua_newuserdata(L, (size_t)job.size + 1);
    if (run(&job, 0)) {
      lua_pushlstring(L, (const char *)job.out, (size_t)job.size);
      OPENSSL_cleanse(job.out, (size_t)job.size);
      return 1;
    }
    OPENSSL_cleanse(job.out, (size_t)job.size);
  }
  lua_pushnil(L);
  lua_pushliteral(L, "cannot be opened: another key, another account, or damaged bytes");
  return 2;
}

static const luaL_Reg functions[] = {{"open", crypto_open},
                                     {"random", crypto_random},
                                     {"seal", crypto_seal},
                                     {"sha256", crypto_sha256},
                                     {NULL, NULL}};

int luaopen_lofty_crypto (lua_State *L) {
  lofty_checkversion(L);
  lofty_newlib(L, functions);
  return 1;
}
