
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

#include <rooms_jwt_cache.h>


#define NOW   UINT64_C(1700000000000)
#define KEYS  "{\"keys\":[{\"kty\":\"oct\",\"alg\":\"HS256\",\"k\":"          \
    "\"cGxhdGZvcm0tZGVtby1zZWNyZXQtMDEyMzQ1Njc4OWFiY2RlZg\"}]}"


typedef struct {
    rooms_jwks_t       *jwks;
    rooms_jwt_cache_t  *cache;
} fixture_t;


static const rooms_jwt_rules_t  any = { NULL, NULL, 0 };
static const rooms_jwt_rules_t  rooms = { "rooms", NULL, 0 };


static int
setup(void **state)
{
    char        err[200];
    json_t     *set;
    fixture_t  *f;

    f = calloc(1, sizeof(fixture_t));
    set = json_loads(KEYS, 0, NULL);
    f->jwks = rooms_jwks_create(set, err, sizeof(err));
    f->cache = rooms_jwt_cache_create();
    json_decref(set);
    *state = f;

    return f->jwks != NULL && f->cache != NULL ? 0 : -1;
}


static int
teardown(void **state)
{
    fixture_t *f = *state;

    rooms_jwks_free(f->jwks);
    rooms_jwt_cache_free(f->cache);
    free(f);

    return 0;
}


/* A token of n, with so many octets more. */

static char *
token_of(fixture_t *f, int n, size_t more)
{
    char    *token, *pad;
    json_t  *claims;

    pad = calloc(1, more + 1);
    memset(pad, 'x', more);
    claims = json_pack("{s:i, s:i, s:s, s:s}", "n", n, "exp", 1700000060,
                       "aud", "here", "pad", pad);
    token = rooms_jwt_sign(f->jwks, claims);
    json_decref(claims);
    free(pad);
    assert_non_null(token);

    return token;
}


/* The n of the token, or -1 and why. */

static int
verify(fixture_t *f, const rooms_jwt_rules_t *rules, const char *token,
    uint64_t now, rooms_jwt_e *why)
{
    int      n;
    char     digest[ROOMS_JWT_DIGEST + 1], wanted[ROOMS_JWT_DIGEST + 1];
    json_t  *claims;

    claims = NULL;
    *why = rooms_jwt_cache_verify(f->cache, f->jwks, rules,
                                  rooms_str(token, strlen(token)), now,
                                  &claims, digest);

    if (*why != ROOMS_JWT_OK) {
        assert_null(claims);
        return -1;
    }

    rooms_jwt_digest(rooms_str(token, strlen(token)), wanted);
    assert_string_equal(digest, wanted);

    n = (int) json_integer_value(json_object_get(claims, "n"));
    json_decref(claims);

    return n;
}


static void
test_again(void **state)
{
    char         *token;
    unsigned      i;
    fixture_t    *f = *state;
    rooms_jwt_e   why;

    token = token_of(f, 7, 0);

    for (i = 0; i < 3; i++) {
        assert_int_equal(verify(f, &any, token, NOW, &why), 7);
    }

    free(token);
}


static void
test_time_and_rules(void **state)
{
    char         *token;
    fixture_t    *f = *state;
    rooms_jwt_e   why;

    token = token_of(f, 7, 0);

    assert_int_equal(verify(f, &any, token, NOW + 59999, &why), 7);
    assert_int_equal(verify(f, &rooms, token, NOW, &why), -1);
    assert_int_equal(why, ROOMS_JWT_INVALID);
    assert_int_equal(verify(f, &any, token, NOW + 59999, &why), 7);
    assert_int_equal(verify(f, &any, token, NOW + 60000, &why), -1);
    assert_int_equal(why, ROOMS_JWT_EXPIRED);
    assert_int_equal(verify(f, &any, token, NOW + 60000, &why), -1);
    assert_int_equal(why, ROOMS_JWT_EXPIRED);

    free(token);
}


/* No octet of a token that is kept can be another. */

static void
test_altered(void **state)
{
    char         *token, was;
    size_t        i;
    fixture_t    *f = *state;
    rooms_jwt_e   why;

    token = token_of(f, 7, 0);
    assert_int_equal(verify(f, &any, token, NOW, &why), 7);

    /* the last digit of 32 octets has two bits that are nothing */

    for (i = 0; i < strlen(token) - 1; i++) {
        was = token[i];
        token[i] = (was == 'B') ? 'C' : 'B';
        assert_int_equal(verify(f, &any, token, NOW, &why), -1);
        token[i] = was;
    }

    assert_int_equal(verify(f, &any, token, NOW, &why), 7);

    token[strlen(token) - 1] = '\0';
    assert_int_equal(verify(f, &any, token, NOW, &why), -1);
    assert_int_equal(verify(f, &any, "", NOW, &why), -1);

    free(token);
}


/* More than there are places for, and such as are not kept. */

static void
test_many(void **state)
{
    int           i, round;
    char         *token;
    fixture_t    *f = *state;
    rooms_jwt_e   why;

    for (round = 0; round < 2; round++) {
        for (i = 0; i < 3 * ROOMS_JWT_CACHE_SLOTS; i++) {
            token = token_of(f, i, i % 64 ? 0 : ROOMS_JWT_CACHE_TOKEN);
            assert_int_equal(verify(f, &any, token, NOW, &why), i);
            assert_int_equal(verify(f, &any, token, NOW, &why), i);
            free(token);
        }
    }
}


int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_again, setup, teardown),
        cmocka_unit_test_setup_teardown(test_time_and_rules, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_altered, setup, teardown),
        cmocka_unit_test_setup_teardown(test_many, setup, teardown)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
