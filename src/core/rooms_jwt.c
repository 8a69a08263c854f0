
/*
 * Copyright (C) nginx rooms contributors
 */


#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjose/cjose.h>

#include <rooms_jwt.h>


#define ROOMS_JWT_SECRET  16             /* least octets of an HS key */


typedef struct {
    cjose_jwk_t   *jwk;
    const char    *alg;                  /* of the table below */
    char          *kid;                  /* or NULL */
} rooms_jwt_key_t;


struct rooms_jwks_s {
    size_t            n;
    rooms_jwt_key_t  *keys;
};


static const struct {
    const char       *alg;
    const char       *kty;
    const char       *crv;
} rooms_jwt_algs[] = {
    { "HS256", "oct", NULL },
    { "HS384", "oct", NULL },
    { "HS512", "oct", NULL },
    { "RS256", "RSA", NULL },
    { "RS384", "RSA", NULL },
    { "RS512", "RSA", NULL },
    { "PS256", "RSA", NULL },
    { "PS384", "RSA", NULL },
    { "PS512", "RSA", NULL },
    { "ES256", "EC", "P-256" },
    { "ES384", "EC", "P-384" },
    { "ES512", "EC", "P-521" }
};

#define ROOMS_JWT_ALGS  (sizeof(rooms_jwt_algs) / sizeof(rooms_jwt_algs[0]))


static rooms_int_t rooms_jwks_add(rooms_jwks_t *jwks, const json_t *json,
    size_t at, char *err, size_t size);
static const char *rooms_jwt_suits(const json_t *json);
static cjose_jwk_t *rooms_jwt_import(const json_t *json);
static unsigned rooms_jwt_base64url(rooms_str_t text);
static unsigned rooms_jwt_compact(rooms_str_t token);
static unsigned rooms_jwt_header(cjose_jws_t *jws,
    const char **alg, const char **kid);
static unsigned rooms_jwt_signed(const rooms_jwt_key_t *key,
    rooms_str_t token);
static json_t *rooms_jwt_payload(cjose_jws_t *jws);
static unsigned rooms_jwt_audience(const json_t *claims, const char *wanted);


rooms_jwks_t *
rooms_jwks_create(const json_t *set, char *err, size_t size)
{
    size_t         i, n;
    json_t        *keys;
    rooms_jwks_t  *jwks;

    keys = json_object_get(set, "keys");
    n = json_array_size(keys);

    if (n == 0) {
        (void) snprintf(err, size, "must be an object whose \"keys\" are a "
                        "list of one key or more");
        return NULL;
    }

    jwks = calloc(1, sizeof(rooms_jwks_t));
    if (jwks == NULL) {
        (void) snprintf(err, size, "out of memory");
        return NULL;
    }

    jwks->keys = calloc(n, sizeof(rooms_jwt_key_t));
    if (jwks->keys == NULL) {
        (void) snprintf(err, size, "out of memory");
        free(jwks);
        return NULL;
    }

    for (i = 0; i < n; i++) {
        if (rooms_jwks_add(jwks, json_array_get(keys, i), i + 1, err, size)
            != ROOMS_OK)
        {
            rooms_jwks_free(jwks);
            return NULL;
        }
    }

    return jwks;
}


void
rooms_jwks_free(rooms_jwks_t *jwks)
{
    size_t  i;

    if (jwks == NULL) {
        return;
    }

    for (i = 0; i < jwks->n; i++) {
        cjose_jwk_release(jwks->keys[i].jwk);
        free(jwks->keys[i].kid);
    }

    free(jwks->keys);
    free(jwks);
}


static rooms_int_t
rooms_jwks_add(rooms_jwks_t *jwks, const json_t *json, size_t at, char *err,
    size_t size)
{
    json_t           *kid;
    rooms_jwt_key_t  *key;

    key = &jwks->keys[jwks->n];
    key->alg = rooms_jwt_suits(json);

    if (key->alg == NULL) {
        (void) snprintf(err, size, "key %zu must have a \"kty\" and an "
                        "\"alg\" that suits it", at);
        return ROOMS_ERROR;
    }

    kid = json_object_get(json, "kid");

    if (kid != NULL && json_string_length(kid) == 0) {
        (void) snprintf(err, size, "key %zu has a \"kid\" that is no string",
                        at);
        return ROOMS_ERROR;
    }

    key->jwk = rooms_jwt_import(json);

    if (key->jwk == NULL) {
        (void) snprintf(err, size, "key %zu cannot be read", at);
        return ROOMS_ERROR;
    }

    jwks->n++;

    if (key->alg[0] == 'H'
        && cjose_jwk_get_keysize(key->jwk, NULL) < ROOMS_JWT_SECRET * 8)
    {
        (void) snprintf(err, size, "key %zu is shorter than %u octets", at,
                        ROOMS_JWT_SECRET);
        return ROOMS_ERROR;
    }

    if (kid != NULL) {
        key->kid = strdup(json_string_value(kid));

        if (key->kid == NULL) {
            (void) snprintf(err, size, "out of memory");
            return ROOMS_ERROR;
        }
    }

    return ROOMS_OK;
}


/* The alg of a key, where its type and its curve fit. */

static const char *
rooms_jwt_suits(const json_t *json)
{
    size_t       i;
    const char  *alg, *kty, *crv;

    alg = json_string_value(json_object_get(json, "alg"));
    kty = json_string_value(json_object_get(json, "kty"));
    crv = json_string_value(json_object_get(json, "crv"));

    if (alg == NULL || kty == NULL) {
        return NULL;
    }

    for (i = 0; i < ROOMS_JWT_ALGS; i++) {

        if (strcmp(rooms_jwt_algs[i].alg, alg) != 0) {
            continue;
        }

        if (strcmp(rooms_jwt_algs[i].kty, kty) != 0
            || (rooms_jwt_algs[i].crv != NULL
                && (crv == NULL
                    || strcmp(rooms_jwt_algs[i].crv, crv) != 0)))
        {
            return NULL;
        }

        return rooms_jwt_algs[i].alg;
    }

    return NULL;
}


static cjose_jwk_t *
rooms_jwt_import(const json_t *json)
{
    char         *text;
    size_t        i;
    json_t       *value;
    cjose_jwk_t  *jwk;

    static const char *const  numbers[] = {
        "k", "n", "e", "d", "p", "q", "dp", "dq", "qi", "x", "y"
    };

    for (i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        value = json_object_get(json, numbers[i]);

        if (value != NULL
            && !rooms_jwt_base64url(rooms_str(json_string_value(value),
                                              json_string_length(value))))
        {
            return NULL;
        }
    }

    text = json_dumps(json, JSON_COMPACT);
    if (text == NULL) {
        return NULL;
    }

    jwk = cjose_jwk_import(text, strlen(text), NULL);

    free(text);

    return jwk;
}


/*
 * Octets of base64url without padding, some, and as many as there can be.
 * cjose has assertions on what it decodes: nothing else may get there.
 */

static unsigned
rooms_jwt_base64url(rooms_str_t text)
{
    size_t         i;
    unsigned char  c;

    for (i = 0; i < text.len; i++) {
        c = text.data[i];

        if (!((c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z')
              || (c >= '0' && c <= '9') || c == '-' || c == '_'))
        {
            return 0;
        }
    }

    return text.len != 0 && text.len % 4 != 1;
}


/* RFC 7515, 7.1: header, payload and signature */

static unsigned
rooms_jwt_compact(rooms_str_t token)
{
    unsigned              n;
    rooms_str_t           part;
    const unsigned char  *dot;

    for (n = 0; n < 2; n++) {
        dot = token.len ? memchr(token.data, '.', token.len) : NULL;

        if (dot == NULL) {
            return 0;
        }

        part = rooms_str(token.data, (size_t) (dot - token.data));

        if (!rooms_jwt_base64url(part)) {
            return 0;
        }

        token = rooms_str(dot + 1, token.len - part.len - 1);
    }

    return rooms_jwt_base64url(token);
}


rooms_jwt_e
rooms_jwt_verify(const rooms_jwks_t *jwks, const rooms_jwt_rules_t *rules,
    rooms_str_t token, uint64_t now, json_t **claims)
{
    size_t            i;
    json_t           *payload;
    const char       *alg, *kid;
    cjose_jws_t      *jws;
    rooms_jwt_e       rc;
    rooms_jwt_key_t  *key;

    if (token.len > ROOMS_JWT_MAX || !rooms_jwt_compact(token)) {
        return ROOMS_JWT_INVALID;
    }

    jws = cjose_jws_import((const char *) token.data, token.len, NULL);
    if (jws == NULL) {
        return ROOMS_JWT_INVALID;
    }

    payload = NULL;

    if (rooms_jwt_header(jws, &alg, &kid)) {

        for (i = 0; i < jwks->n; i++) {
            key = &jwks->keys[i];

            if (strcmp(key->alg, alg) != 0
                || (kid != NULL
                    && (key->kid == NULL || strcmp(key->kid, kid) != 0)))
            {
                continue;
            }

            if (rooms_jwt_signed(key, token)) {
                payload = rooms_jwt_payload(jws);
                break;
            }
        }
    }

    cjose_jws_release(jws);

    if (payload == NULL) {
        return ROOMS_JWT_INVALID;
    }

    rc = rooms_jwt_check(payload, rules, now);

    if (rc == ROOMS_JWT_OK) {
        *claims = payload;

    } else {
        json_decref(payload);
    }

    return rc;
}


/* 0: a header that is refused whatever the key. */

static unsigned
rooms_jwt_header(cjose_jws_t *jws, const char **alg,
    const char **kid)
{
    json_t          *value;
    cjose_header_t  *header;

    /* cjose hands out its own jansson object */

    header = cjose_jws_get_protected(jws);

    if (!json_is_object((json_t *) header)
        || json_object_get((json_t *) header, "crit") != NULL)
    {
        return 0;
    }

    *alg = json_string_value(json_object_get((json_t *) header, "alg"));
    *kid = NULL;

    value = json_object_get((json_t *) header, "kid");

    if (value != NULL) {
        *kid = json_string_value(value);

        if (*kid == NULL || strlen(*kid) != json_string_length(value)) {
            return 0;
        }
    }

    return *alg != NULL;
}


/* A failed check leaves its mark in a cjose_jws_t, so each has its own. */

static unsigned
rooms_jwt_signed(const rooms_jwt_key_t *key, rooms_str_t token)
{
    unsigned      ok;
    cjose_jws_t  *jws;

    jws = cjose_jws_import((const char *) token.data, token.len, NULL);
    if (jws == NULL) {
        return 0;
    }

    ok = cjose_jws_verify(jws, key->jwk, NULL);

    cjose_jws_release(jws);

    return ok;
}


static json_t *
rooms_jwt_payload(cjose_jws_t *jws)
{
    size_t    len;
    json_t   *payload;
    uint8_t  *text;

    if (!cjose_jws_get_plaintext(jws, &text, &len, NULL)) {
        return NULL;
    }

    payload = json_loadb((const char *) text, len, JSON_REJECT_DUPLICATES,
                         NULL);

    if (!json_is_object(payload)) {
        json_decref(payload);
        return NULL;
    }

    return payload;
}


rooms_jwt_e
rooms_jwt_check(const json_t *claims, const rooms_jwt_rules_t *rules,
    uint64_t now)
{
    double       at, leeway;
    json_t      *exp, *nbf;
    const char  *issuer;

    exp = json_object_get(claims, "exp");
    nbf = json_object_get(claims, "nbf");
    issuer = json_string_value(json_object_get(claims, "iss"));

    if (!json_is_number(exp) || (nbf != NULL && !json_is_number(nbf))
        || (rules->issuer != NULL
            && (issuer == NULL || strcmp(issuer, rules->issuer) != 0))
        || (rules->audience != NULL
            && !rooms_jwt_audience(claims, rules->audience)))
    {
        return ROOMS_JWT_INVALID;
    }

    at = now / 1000.0;
    leeway = rules->leeway;

    if (at >= json_number_value(exp) + leeway) {
        return ROOMS_JWT_EXPIRED;
    }

    if (nbf != NULL && at < json_number_value(nbf) - leeway) {
        return ROOMS_JWT_EARLY;
    }

    return ROOMS_JWT_OK;
}


/* RFC 7519, 4.1.3: one string or a list of them */

static unsigned
rooms_jwt_audience(const json_t *claims, const char *wanted)
{
    size_t       i;
    json_t      *aud;
    const char  *s;

    aud = json_object_get(claims, "aud");

    if (json_is_string(aud)) {
        return strcmp(json_string_value(aud), wanted) == 0;
    }

    for (i = 0; i < json_array_size(aud); i++) {
        s = json_string_value(json_array_get(aud, i));

        if (s != NULL && strcmp(s, wanted) == 0) {
            return 1;
        }
    }

    return 0;
}


static const rooms_jwt_key_t *
rooms_jwt_signer(const rooms_jwks_t *jwks)
{
    size_t  i;

    for (i = 0; i < jwks->n; i++) {
        if (strcmp(jwks->keys[i].alg, "HS256") == 0) {
            return &jwks->keys[i];
        }
    }

    return NULL;
}


unsigned
rooms_jwks_signs(const rooms_jwks_t *jwks)
{
    return rooms_jwt_signer(jwks) != NULL;
}


char *
rooms_jwt_sign(const rooms_jwks_t *jwks, const json_t *claims)
{
    char                   *text, *token;
    const char             *out;
    cjose_jws_t            *jws;
    cjose_header_t         *header;
    const rooms_jwt_key_t  *key;

    key = rooms_jwt_signer(jwks);
    if (key == NULL) {
        return NULL;
    }

    token = NULL;
    text = json_dumps(claims, JSON_COMPACT);
    header = cjose_header_new(NULL);

    if (text != NULL && header != NULL
        && cjose_header_set(header, "alg", "HS256", NULL)
        && cjose_header_set(header, "typ", "JWT", NULL)
        && (key->kid == NULL
            || cjose_header_set(header, "kid", key->kid, NULL)))
    {
        jws = cjose_jws_sign(key->jwk, header, (const uint8_t *) text,
                             strlen(text), NULL);

        if (jws != NULL) {
            if (cjose_jws_export(jws, &out, NULL)) {
                token = strdup(out);
            }

            cjose_jws_release(jws);
        }
    }

    cjose_header_release(header);
    free(text);

    return token;
}
