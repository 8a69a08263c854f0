
/*
 * Copyright (C) nginx rooms contributors
 */


#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <rooms_jwt_cache.h>


#define ROOMS_JWT_CACHE_TAIL  16         /* octets that choose the slot */


typedef struct {
    unsigned char        *token;         /* NULL: the slot is free */
    size_t                len;
    json_t               *claims;
    char                  digest[ROOMS_JWT_DIGEST + 1];
} rooms_jwt_cache_slot_t;


struct rooms_jwt_cache_s {
    rooms_jwt_cache_slot_t  slots[ROOMS_JWT_CACHE_SLOTS];
};


static rooms_jwt_cache_slot_t *rooms_jwt_cache_slot(rooms_jwt_cache_t *cache,
    rooms_str_t token);
static void rooms_jwt_cache_forget(rooms_jwt_cache_slot_t *slot);


rooms_jwt_cache_t *
rooms_jwt_cache_create(void)
{
    return calloc(1, sizeof(rooms_jwt_cache_t));
}


void
rooms_jwt_cache_free(rooms_jwt_cache_t *cache)
{
    size_t  i;

    if (cache == NULL) {
        return;
    }

    for (i = 0; i < ROOMS_JWT_CACHE_SLOTS; i++) {
        rooms_jwt_cache_forget(&cache->slots[i]);
    }

    free(cache);
}


rooms_jwt_e
rooms_jwt_cache_verify(rooms_jwt_cache_t *cache, const rooms_jwks_t *jwks,
    const rooms_jwt_rules_t *rules, rooms_str_t token, uint64_t now,
    json_t **claims, char digest[ROOMS_JWT_DIGEST + 1])
{
    rooms_jwt_e              rc;
    rooms_jwt_cache_slot_t  *slot;

    slot = rooms_jwt_cache_slot(cache, token);

    /* octet by octet: how long it takes tells nothing of another's token */

    if (slot != NULL && slot->token != NULL && slot->len == token.len
        && CRYPTO_memcmp(slot->token, token.data, token.len) == 0)
    {
        rc = rooms_jwt_check(slot->claims, rules, now);

        if (rc != ROOMS_JWT_OK) {
            rooms_jwt_cache_forget(slot);
            return rc;
        }

        memcpy(digest, slot->digest, ROOMS_JWT_DIGEST + 1);
        *claims = json_incref(slot->claims);

        return ROOMS_JWT_OK;
    }

    rc = rooms_jwt_verify(jwks, rules, token, now, claims);

    if (rc != ROOMS_JWT_OK) {
        return rc;
    }

    rooms_jwt_digest(token, digest);

    if (slot == NULL) {
        return ROOMS_JWT_OK;
    }

    rooms_jwt_cache_forget(slot);

    slot->token = malloc(token.len);

    if (slot->token != NULL) {
        memcpy(slot->token, token.data, token.len);
        memcpy(slot->digest, digest, ROOMS_JWT_DIGEST + 1);
        slot->len = token.len;
        slot->claims = json_incref(*claims);
    }

    return ROOMS_JWT_OK;
}


/*
 * The signature is at the end, and differs with every claim.  NULL: tokens of
 * that length are not kept.
 */

static rooms_jwt_cache_slot_t *
rooms_jwt_cache_slot(rooms_jwt_cache_t *cache, rooms_str_t token)
{
    size_t    i;
    uint64_t  hash;

    if (token.len < ROOMS_JWT_CACHE_TAIL || token.len > ROOMS_JWT_CACHE_TOKEN)
    {
        return NULL;
    }

    /* FNV-1a */

    hash = UINT64_C(0xcbf29ce484222325);

    for (i = token.len - ROOMS_JWT_CACHE_TAIL; i < token.len; i++) {
        hash = (hash ^ token.data[i]) * UINT64_C(0x100000001b3);
    }

    return &cache->slots[(hash ^ hash >> 32) % ROOMS_JWT_CACHE_SLOTS];
}


static void
rooms_jwt_cache_forget(rooms_jwt_cache_slot_t *slot)
{
    if (slot->token == NULL) {
        return;
    }

    OPENSSL_cleanse(slot->token, slot->len);
    free(slot->token);
    json_decref(slot->claims);

    slot->token = NULL;
    slot->claims = NULL;
}


void
rooms_jwt_digest(rooms_str_t text, char digest[ROOMS_JWT_DIGEST + 1])
{
    unsigned       i, n;
    unsigned char  md[EVP_MAX_MD_SIZE];

    static const char  digits[] = "0123456789abcdef";

    memset(md, 0, sizeof(md));

    (void) EVP_Digest(text.data, text.len, md, &n, EVP_sha256(), NULL);

    for (i = 0; i < ROOMS_JWT_DIGEST / 2; i++) {
        digest[2 * i] = digits[md[i] >> 4];
        digest[2 * i + 1] = digits[md[i] & 0xf];
    }

    digest[ROOMS_JWT_DIGEST] = '\0';
}
