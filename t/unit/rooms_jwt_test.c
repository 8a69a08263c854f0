
/*
 * Copyright (C) nginx rooms contributors
 */


#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <setjmp.h>
#include <string.h>
#include <cmocka.h>

#include <cjose/cjose.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>

#include <rooms_jwt.h>


#define NOW     UINT64_C(1700000000000)
#define SECRET  "platform-demo-secret-0123456789abcdef"
#define OCT     "{\"kty\":\"oct\",\"alg\":\"HS256\",\"kid\":\"demo\",\"k\":"  \
    "\"cGxhdGZvcm0tZGVtby1zZWNyZXQtMDEyMzQ1Njc4OWFiY2RlZg\"}"
#define GOOD    "{\"userId\":\"usr_1\",\"exp\":1700000060}"


static const rooms_jwt_rules_t  any = { NULL, NULL, 0 };


static rooms_jwks_t *
keys(const char *json)
{
    char           err[200], text[16384];
    json_t        *set;
    rooms_jwks_t  *jwks;

    (void) snprintf(text, sizeof(text), "{\"keys\":[%s]}", json);

    set = json_loads(text, 0, NULL);
    assert_non_null(set);

    jwks = rooms_jwks_create(set, err, sizeof(err));
    json_decref(set);

    return jwks;
}


static void
base64url(char *out, const void *data, size_t len)
{
    size_t  i;

    (void) EVP_EncodeBlock((unsigned char *) out, data, (int) len);

    for (i = 0; out[i] != '\0'; i++) {
        out[i] = (out[i] == '+') ? '-' : (out[i] == '/') ? '_' : out[i];

        if (out[i] == '=') {
            out[i] = '\0';
            break;
        }
    }
}


/* A token whose HMAC is made of these octets, whatever the header says. */

static char *
forge(const char *header, const char *payload, const void *secret, size_t len)
{
    char           h[1024], p[4096], s[256];
    unsigned       n;
    static char    token[8192];
    unsigned char  mac[EVP_MAX_MD_SIZE];

    base64url(h, header, strlen(header));
    base64url(p, payload, strlen(payload));

    (void) snprintf(token, sizeof(token), "%s.%s", h, p);

    if (len == 0) {
        strcat(token, ".");
        return token;
    }

    assert_non_null(HMAC(EVP_sha256(), secret, (int) len,
                         (unsigned char *) token, strlen(token), mac, &n));
    base64url(s, mac, n);

    strcat(token, ".");
    strcat(token, s);

    return token;
}


static char *
hs256(const char *payload)
{
    return forge("{\"alg\":\"HS256\",\"typ\":\"JWT\"}", payload, SECRET,
                 strlen(SECRET));
}


static rooms_jwt_e
verify(const rooms_jwks_t *jwks, const rooms_jwt_rules_t *rules,
    const char *token, uint64_t now)
{
    json_t       *claims;
    rooms_jwt_e   rc;

    claims = NULL;
    rc = rooms_jwt_verify(jwks, rules, rooms_str(token, strlen(token)), now,
                          &claims);

    assert_int_equal(rc == ROOMS_JWT_OK, claims != NULL);
    json_decref(claims);

    return rc;
}


static void
test_sign(void **state)
{
    char          *token;
    json_t        *claims, *seen;
    rooms_jwks_t  *jwks;

    (void) state;

    jwks = keys(OCT);
    assert_non_null(jwks);
    assert_true(rooms_jwks_signs(jwks));

    claims = json_pack("{s:s, s:I}", "userId", "usr_1", "exp",
                       (json_int_t) NOW / 1000 + 60);
    token = rooms_jwt_sign(jwks, claims);
    assert_non_null(token);

    assert_int_equal(rooms_jwt_verify(jwks, &any,
                                      rooms_str(token, strlen(token)), NOW,
                                      &seen),
                     ROOMS_JWT_OK);
    assert_true(json_equal(claims, seen));

    json_decref(seen);
    json_decref(claims);
    free(token);
    rooms_jwks_free(jwks);
}


static void
test_times(void **state)
{
    rooms_jwks_t       *jwks;
    rooms_jwt_rules_t   rules;

    (void) state;

    jwks = keys(OCT);
    rules = any;

    assert_int_equal(verify(jwks, &any, hs256(GOOD), NOW), ROOMS_JWT_OK);
    assert_int_equal(verify(jwks, &any, hs256(GOOD), NOW + 59999),
                     ROOMS_JWT_OK);
    assert_int_equal(verify(jwks, &any, hs256(GOOD), NOW + 60000),
                     ROOMS_JWT_EXPIRED);

    assert_int_equal(verify(jwks, &any, hs256("{\"exp\":1700000060,"
                                              "\"nbf\":1700000001}"), NOW),
                     ROOMS_JWT_EARLY);
    assert_int_equal(verify(jwks, &any, hs256("{\"exp\":1700000060,"
                                              "\"nbf\":1700000001}"),
                            NOW + 1000),
                     ROOMS_JWT_OK);

    rules.leeway = 5;

    assert_int_equal(verify(jwks, &rules, hs256(GOOD), NOW + 64999),
                     ROOMS_JWT_OK);
    assert_int_equal(verify(jwks, &rules, hs256(GOOD), NOW + 65000),
                     ROOMS_JWT_EXPIRED);
    assert_int_equal(verify(jwks, &rules, hs256("{\"exp\":1700000060,"
                                                "\"nbf\":1700000006}"), NOW),
                     ROOMS_JWT_EARLY);

    assert_int_equal(verify(jwks, &any, hs256("{}"), NOW), ROOMS_JWT_INVALID);
    assert_int_equal(verify(jwks, &any, hs256("{\"exp\":\"1700000060\"}"),
                            NOW),
                     ROOMS_JWT_INVALID);
    assert_int_equal(verify(jwks, &any, hs256("{\"exp\":1700000060,"
                                              "\"nbf\":\"x\"}"), NOW),
                     ROOMS_JWT_INVALID);
    assert_int_equal(verify(jwks, &any, hs256("[]"), NOW),
                     ROOMS_JWT_INVALID);

    rooms_jwks_free(jwks);
}


static void
test_audience(void **state)
{
    rooms_jwks_t       *jwks;
    rooms_jwt_rules_t   rules;

    (void) state;

    jwks = keys(OCT);
    rules = any;
    rules.audience = "rooms";
    rules.issuer = "us";

    assert_int_equal(verify(jwks, &rules, hs256("{\"exp\":1700000060,"
                                "\"aud\":\"rooms\",\"iss\":\"us\"}"), NOW),
                     ROOMS_JWT_OK);
    assert_int_equal(verify(jwks, &rules, hs256("{\"exp\":1700000060,"
                                "\"aud\":[\"a\",\"rooms\"],\"iss\":\"us\"}"),
                            NOW),
                     ROOMS_JWT_OK);
    assert_int_equal(verify(jwks, &rules, hs256("{\"exp\":1700000060,"
                                "\"aud\":\"other\",\"iss\":\"us\"}"), NOW),
                     ROOMS_JWT_INVALID);
    assert_int_equal(verify(jwks, &rules, hs256("{\"exp\":1700000060,"
                                "\"iss\":\"us\"}"), NOW),
                     ROOMS_JWT_INVALID);
    assert_int_equal(verify(jwks, &rules, hs256("{\"exp\":1700000060,"
                                "\"aud\":\"rooms\",\"iss\":\"them\"}"), NOW),
                     ROOMS_JWT_INVALID);

    rooms_jwks_free(jwks);
}


static void
test_header(void **state)
{
    const char    *s;
    rooms_jwks_t  *jwks;

    (void) state;

    jwks = keys(OCT);
    s = SECRET;

    /* alg none, in every spelling, with and without a signature */

    assert_int_equal(verify(jwks, &any, forge("{\"alg\":\"none\"}", GOOD,
                                              NULL, 0), NOW),
                     ROOMS_JWT_INVALID);
    assert_int_equal(verify(jwks, &any, forge("{\"alg\":\"None\"}", GOOD,
                                              s, strlen(s)), NOW),
                     ROOMS_JWT_INVALID);
    assert_int_equal(verify(jwks, &any, forge("{}", GOOD, s, strlen(s)), NOW),
                     ROOMS_JWT_INVALID);
    assert_int_equal(verify(jwks, &any, forge("{\"alg\":\"HS256\"}", GOOD,
                                              NULL, 0), NOW),
                     ROOMS_JWT_INVALID);

    /* another alg of the same family is another key */

    assert_int_equal(verify(jwks, &any, forge("{\"alg\":\"HS512\"}", GOOD,
                                              s, strlen(s)), NOW),
                     ROOMS_JWT_INVALID);

    /* kid */

    assert_int_equal(verify(jwks, &any, forge("{\"alg\":\"HS256\","
                                              "\"kid\":\"demo\"}", GOOD,
                                              s, strlen(s)), NOW),
                     ROOMS_JWT_OK);
    assert_int_equal(verify(jwks, &any, forge("{\"alg\":\"HS256\","
                                              "\"kid\":\"../demo\"}", GOOD,
                                              s, strlen(s)), NOW),
                     ROOMS_JWT_INVALID);
    assert_int_equal(verify(jwks, &any, forge("{\"alg\":\"HS256\","
                                              "\"kid\":7}", GOOD,
                                              s, strlen(s)), NOW),
                     ROOMS_JWT_INVALID);
    assert_int_equal(verify(jwks, &any, forge("{\"alg\":\"HS256\","
                                              "\"kid\":\"demo\\u0000x\"}",
                                              GOOD, s, strlen(s)), NOW),
                     ROOMS_JWT_INVALID);

    /* a key or a demand that the token brings itself */

    assert_int_equal(verify(jwks, &any, forge("{\"alg\":\"HS256\",\"jwk\":"
                                              "{\"kty\":\"oct\",\"k\":\"eA\"}"
                                              "}", GOOD, "x", 1), NOW),
                     ROOMS_JWT_INVALID);
    assert_int_equal(verify(jwks, &any, forge("{\"alg\":\"HS256\",\"crit\":"
                                              "[\"b64\"],\"b64\":false}",
                                              GOOD, s, strlen(s)), NOW),
                     ROOMS_JWT_INVALID);

    assert_int_equal(verify(jwks, &any, forge("{\"alg\":\"HS256\"}", GOOD,
                                              "another-secret-of-32-octets-..",
                                              30), NOW),
                     ROOMS_JWT_INVALID);

    rooms_jwks_free(jwks);
}


/* Every prefix, and every octet changed. */

static void
test_damaged(void **state)
{
    char           token[512], copy[512];
    size_t         i, len;
    rooms_jwks_t  *jwks;

    static const char *const  bad[] = {
        "eyJhbGciOiJub25lI=0.e30.AAAA", "e30=.e30.AAAA", "e30.e30=.AAAA",
        "e30.e30.AA==", "e30.e30.AAAAA", "e.e30.AAAA", "e30 .e30.AAAA",
        "e30.e30.AA+/", "e30..AAAA", ".e30.AAAA", "e30.e30.", "e30.e30"
    };

    (void) state;

    jwks = keys(OCT);
    strcpy(token, hs256(GOOD));
    len = strlen(token);

    for (i = 0; i < len; i++) {
        strcpy(copy, token);
        copy[i] = '\0';
        assert_int_equal(verify(jwks, &any, copy, NOW), ROOMS_JWT_INVALID);

        /* the last character has bits that are not used */

        if (i < len - 1) {
            strcpy(copy, token);
            copy[i] = (copy[i] == 'A') ? 'B' : 'A';
            assert_int_equal(verify(jwks, &any, copy, NOW),
                             ROOMS_JWT_INVALID);
        }
    }

    assert_int_equal(verify(jwks, &any, "..", NOW), ROOMS_JWT_INVALID);
    assert_int_equal(verify(jwks, &any, "a.b.c.d.e", NOW), ROOMS_JWT_INVALID);

    /* padding, white space, lengths that cannot be, alphabets of others */

    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_int_equal(verify(jwks, &any, bad[i], NOW), ROOMS_JWT_INVALID);
    }

    rooms_jwks_free(jwks);
}


/* Signs with the key of a JWK whose alg is the header's. */

static char *
signed_by(const cjose_jwk_t *jwk, const char *alg)
{
    const char      *out;
    static char      token[8192];
    cjose_jws_t     *jws;
    cjose_header_t  *header;

    header = cjose_header_new(NULL);
    assert_true(cjose_header_set(header, "alg", alg, NULL));

    jws = cjose_jws_sign(jwk, header, (const uint8_t *) GOOD, strlen(GOOD),
                         NULL);
    assert_non_null(jws);
    assert_true(cjose_jws_export(jws, &out, NULL));
    strcpy(token, out);

    cjose_jws_release(jws);
    cjose_header_release(header);

    return token;
}


static char *
public_jwk(const cjose_jwk_t *jwk, const char *alg)
{
    char    *text, *out;
    json_t  *json;

    text = cjose_jwk_to_json(jwk, false, NULL);
    json = json_loads(text, 0, NULL);
    assert_int_equal(json_object_set_new(json, "alg", json_string(alg)), 0);

    out = json_dumps(json, 0);

    json_decref(json);
    free(text);

    return out;
}


static void
test_asymmetric(void **state)
{
    char          *json;
    size_t         i;
    cjose_jwk_t   *rsa, *ec;
    rooms_jwks_t  *jwks;
    const char    *algs[] = { "RS256", "RS384", "RS512", "PS256", "PS384",
                              "PS512" };

    (void) state;

    rsa = cjose_jwk_create_RSA_random(2048, (const uint8_t *) "\x01\x00\x01",
                                      3, NULL);
    ec = cjose_jwk_create_EC_random(CJOSE_JWK_EC_P_256, NULL);

    for (i = 0; i < sizeof(algs) / sizeof(algs[0]); i++) {
        json = public_jwk(rsa, algs[i]);
        jwks = keys(json);
        assert_non_null(jwks);
        assert_false(rooms_jwks_signs(jwks));

        assert_int_equal(verify(jwks, &any, signed_by(rsa, algs[i]), NOW),
                         ROOMS_JWT_OK);

        /* the same key by another alg is refused: the key pins it */

        assert_int_equal(verify(jwks, &any,
                                signed_by(rsa, algs[(i + 1) % 6]), NOW),
                         ROOMS_JWT_INVALID);

        rooms_jwks_free(jwks);
        free(json);
    }

    json = public_jwk(ec, "ES256");
    jwks = keys(json);
    assert_non_null(jwks);
    assert_int_equal(verify(jwks, &any, signed_by(ec, "ES256"), NOW),
                     ROOMS_JWT_OK);
    assert_int_equal(verify(jwks, &any, signed_by(rsa, "RS256"), NOW),
                     ROOMS_JWT_INVALID);

    rooms_jwks_free(jwks);
    free(json);
    cjose_jwk_release(rsa);
    cjose_jwk_release(ec);
}


/* HS256 with what is public of an RSA key as the secret. */

static void
test_confusion(void **state)
{
    char          *json, *n;
    json_t        *jwk;
    cjose_jwk_t   *rsa;
    rooms_jwks_t  *jwks;

    (void) state;

    rsa = cjose_jwk_create_RSA_random(2048, (const uint8_t *) "\x01\x00\x01",
                                      3, NULL);
    json = public_jwk(rsa, "RS256");
    jwks = keys(json);
    assert_non_null(jwks);

    jwk = json_loads(json, 0, NULL);
    n = (char *) json_string_value(json_object_get(jwk, "n"));

    assert_int_equal(verify(jwks, &any, forge("{\"alg\":\"HS256\"}", GOOD,
                                              json, strlen(json)), NOW),
                     ROOMS_JWT_INVALID);
    assert_int_equal(verify(jwks, &any, forge("{\"alg\":\"HS256\"}", GOOD,
                                              n, strlen(n)), NOW),
                     ROOMS_JWT_INVALID);

    /* and with the alg of the key, but an HMAC for a signature */

    assert_int_equal(verify(jwks, &any, forge("{\"alg\":\"RS256\"}", GOOD,
                                              n, strlen(n)), NOW),
                     ROOMS_JWT_INVALID);

    json_decref(jwk);
    rooms_jwks_free(jwks);
    free(json);
    cjose_jwk_release(rsa);
}


static void
test_set(void **state)
{
    char    err[200];
    size_t  i;
    json_t  *empty;

    static const char *const  bad[] = {
        "{}", "7", "{\"kty\":\"oct\",\"k\":\"YWJj\"}",
        "{\"kty\":\"oct\",\"alg\":\"RS256\",\"k\":\"YWJj\"}",
        "{\"kty\":\"oct\",\"alg\":\"none\",\"k\":\"YWJj\"}",
        "{\"kty\":\"oct\",\"alg\":\"HS256\",\"k\":\"YWJj\"}",
        "{\"kty\":\"RSA\",\"alg\":\"HS256\",\"n\":\"YWJj\",\"e\":\"AQAB\"}",
        "{\"kty\":\"RSA\",\"alg\":\"RS256\"}",
        "{\"kty\":\"EC\",\"alg\":\"ES256\",\"crv\":\"P-384\"}",
        "{\"kty\":\"oct\",\"alg\":\"HS256\",\"k\":"
        "\"MDEyMzQ1Njc4OWFiY2RlZj=0MDEy\"}",
        "{\"kty\":\"oct\",\"alg\":\"HS256\",\"k\":7}"
    };

    (void) state;

    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_null(keys(bad[i]));
    }

    empty = json_object();
    err[0] = '\0';
    assert_null(rooms_jwks_create(empty, err, sizeof(err)));
    assert_true(err[0] != '\0');
    json_decref(empty);

    rooms_jwks_free(NULL);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_sign),
        cmocka_unit_test(test_times),
        cmocka_unit_test(test_audience),
        cmocka_unit_test(test_header),
        cmocka_unit_test(test_damaged),
        cmocka_unit_test(test_asymmetric),
        cmocka_unit_test(test_confusion),
        cmocka_unit_test(test_set)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
