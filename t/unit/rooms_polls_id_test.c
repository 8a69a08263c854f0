
/*
 * Copyright (C) nginx rooms contributors
 */


#include "rooms_polls_play.h"


static const unsigned char  key[] = { 1, 2, 3, 4, 5, 0xfe };
static const unsigned char  secret[] = "0123456789abcdef";


static void
test_round(void **state)
{
    char              text[ROOMS_POLLS_UUID + 1];
    size_t            i;
    rooms_polls_id_t  id;

    (void) state;

    rooms_polls_id_make(key, secret, ROOMS_POLLS_ID_OPTION, 0x12345678, 9,
                        text);
    assert_int_equal(strlen(text), ROOMS_POLLS_UUID);
    assert_int_equal(text[14], '8');

    assert_int_equal(rooms_polls_id_parse(polls_str(text), &id), ROOMS_OK);
    assert_int_equal(id.kind, ROOMS_POLLS_ID_OPTION);
    assert_int_equal(id.number, 0x12345678);
    assert_int_equal(id.sub, 9);
    assert_int_equal(rooms_polls_id_check(&id, ROOMS_POLLS_ID_OPTION, key,
                                          secret), 1);
    assert_int_equal(rooms_polls_id_check(&id, ROOMS_POLLS_ID_POLL, key,
                                          secret), 0);
    assert_int_equal(rooms_polls_id_check(&id, ROOMS_POLLS_ID_OPTION, key,
                                          secret + 1), 0);

    /* no digit of it may change */

    for (i = 0; i < ROOMS_POLLS_UUID; i++) {
        if (text[i] == '-') {
            continue;
        }

        text[i] = text[i] == '0' ? '1' : '0';

        if (rooms_polls_id_parse(polls_str(text), &id) == ROOMS_OK) {
            assert_int_equal(rooms_polls_id_check(&id, ROOMS_POLLS_ID_OPTION,
                                                  key, secret), 0);
        }

        rooms_polls_id_make(key, secret, ROOMS_POLLS_ID_OPTION, 0x12345678,
                            9, text);
    }
}


static void
test_malformed(void **state)
{
    unsigned          i;
    rooms_polls_id_t  id;

    static const char *const  bad[] = {
        "", "x", "0123456789abcdef0123456789abcdef",
        "01234567-89ab-cdef-0123-456789abcdeg",
        "01234567089ab-cdef-0123-456789abcdef"
    };

    (void) state;

    for (i = 0; i < 5; i++) {
        assert_int_equal(rooms_polls_id_parse(polls_str(bad[i]), &id),
                         ROOMS_ERROR);
    }

    assert_int_equal(rooms_polls_id_parse(
                         polls_str("01234567-89AB-4def-8123-456789abcdef"),
                         &id), ROOMS_DECLINED);
}


/* P-21, P-67: two votes' ids have the key in common, and no more. */

static void
test_vote(void **state)
{
    char              text[ROOMS_POLLS_UUID + 1];
    rooms_polls_id_t  id;

    (void) state;

    rooms_polls_id_vote(key, (unsigned char *) "\xff\xff\0\1\2\3\4\5", text);
    assert_string_equal(text, "01020304-05fe-85ff-bfff-000102030405");
    assert_int_equal(rooms_polls_id_parse(polls_str(text), &id), ROOMS_OK);
    assert_int_equal(id.kind, ROOMS_POLLS_ID_VOTE);
}


static void
test_tokens(void **state)
{
    char  token[ROOMS_POLLS_TOKEN + 1], one[ROOMS_POLLS_UUID + 1];
    char  two[ROOMS_POLLS_UUID + 1], pass[ROOMS_POLLS_PASS + 1];
    char  other[ROOMS_POLLS_PASS + 1], bearer[80];

    (void) state;

    rooms_polls_token((unsigned char *) "abcdefghijklmnopqrstuvwxyz", token);
    assert_int_equal(strlen(token), ROOMS_POLLS_TOKEN);
    assert_int_equal(rooms_polls_token_id(polls_str(token), one), ROOMS_OK);
    token[0] = token[0] == '0' ? '1' : '0';
    assert_int_equal(rooms_polls_token_id(polls_str(token), two), ROOMS_OK);
    assert_string_not_equal(one, two);
    token[0] = 'A';
    assert_int_equal(rooms_polls_token_id(polls_str(token), two),
                     ROOMS_ERROR);
    assert_int_equal(rooms_polls_token_id(polls_str("short"), two),
                     ROOMS_ERROR);

    rooms_polls_pass(secret, 1, pass);
    rooms_polls_pass(secret, 2, other);
    assert_int_equal(strlen(pass), ROOMS_POLLS_PASS);
    assert_string_not_equal(pass, other);

    snprintf(bearer, sizeof(bearer), "bearer  %s", pass);
    assert_int_equal(rooms_polls_equal(rooms_polls_bearer(polls_str(bearer)),
                                       polls_str(pass)), 1);
    assert_int_equal(rooms_polls_bearer(polls_str("Basic x")).len, 0);
}


static void
test_slug(void **state)
{
    unsigned char  slug[ROOMS_POLLS_SLUG];

    (void) state;

    rooms_polls_slug((unsigned char *) "\0\0\0\0\0\0\0\0", slug);
    assert_memory_equal(slug, "AAAAAA", 6);
    rooms_polls_slug((unsigned char *) "\xff\xff\xff\xff\xff\xff\xff\xff",
                     slug);
    assert_int_equal(rooms_polls_is_slug(rooms_str(slug, 6)), 1);
    assert_int_equal(rooms_polls_is_slug(polls_str("ABC12")), 0);
    assert_int_equal(rooms_polls_is_slug(polls_str("abc123")), 0);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_round),
        cmocka_unit_test(test_malformed),
        cmocka_unit_test(test_vote),
        cmocka_unit_test(test_tokens),
        cmocka_unit_test(test_slug),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
