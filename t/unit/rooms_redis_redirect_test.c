
/*
 * Copyright (C) nginx rooms contributors
 */


#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <string.h>
#include <cmocka.h>

#include <rooms_redis_redirect.h>


static rooms_redis_redirect_t  redirect;


static void
error(const char *text, rooms_redis_redirect_e kind)
{
    rooms_redis_redirect(rooms_str(text, strlen(text)), &redirect);
    assert_int_equal(redirect.kind, kind);
}


static void
is(rooms_str_t str, const char *text)
{
    assert_int_equal(str.len, strlen(text));

    if (str.len) {
        assert_memory_equal(str.data, text, str.len);
    }
}


static void
test_kinds(void **unused)
{
    (void) unused;

    error("TRYAGAIN Multiple keys request during rehashing of slot",
          ROOMS_REDIS_AGAIN);
    error("CLUSTERDOWN The cluster is down", ROOMS_REDIS_AGAIN);
    error("READONLY You can't write against a read only replica.",
          ROOMS_REDIS_AWAY);
    error("LOADING Redis is loading the dataset in memory",
          ROOMS_REDIS_AWAY);
    error("MASTERDOWN Link with MASTER is down", ROOMS_REDIS_AWAY);
    error("ERR unknown command", ROOMS_REDIS_FAILED);
    error("NOSCRIPT No matching script.", ROOMS_REDIS_NOSCRIPT);
    error("MOVEDX 1 a:1", ROOMS_REDIS_FAILED);
    error("ASKING", ROOMS_REDIS_FAILED);
    error("", ROOMS_REDIS_FAILED);
    error("   ", ROOMS_REDIS_FAILED);
}


static void
test_endpoints(void **unused)
{
    (void) unused;

    error("MOVED 3999 127.0.0.1:6381", ROOMS_REDIS_MOVED);
    assert_int_equal(redirect.slot, 3999);
    is(redirect.host, "127.0.0.1");
    assert_int_equal(redirect.port, 6381);

    error("ASK 16383 fe80::1:7000", ROOMS_REDIS_ASK);
    assert_int_equal(redirect.slot, 16383);
    is(redirect.host, "fe80::1");
    assert_int_equal(redirect.port, 7000);

    error("MOVED 0 node.example:65535", ROOMS_REDIS_MOVED);
    is(redirect.host, "node.example");

    error("MOVED 0 :6379", ROOMS_REDIS_MOVED);
    is(redirect.host, "");
}


static void
test_malformed(void **unused)
{
    (void) unused;

    error("MOVED", ROOMS_REDIS_FAILED);
    error("MOVED 1", ROOMS_REDIS_FAILED);
    error("MOVED 16384 a:1", ROOMS_REDIS_FAILED);
    error("MOVED x a:1", ROOMS_REDIS_FAILED);
    error("MOVED 1 a", ROOMS_REDIS_FAILED);
    error("MOVED 1 a:", ROOMS_REDIS_FAILED);
    error("MOVED 1 a:0", ROOMS_REDIS_FAILED);
    error("MOVED 1 a:65536", ROOMS_REDIS_FAILED);
    error("MOVED 1 ?:6379", ROOMS_REDIS_FAILED);
    assert_int_equal(redirect.port, 0);
}


static void
switched(const char *text, rooms_int_t rc, const char *host, unsigned number)
{
    unsigned     port;
    rooms_str_t  to;

    assert_int_equal(rooms_redis_switch(rooms_str(text, strlen(text)),
                                        rooms_str("main", 4), &to, &port),
                     rc);

    if (rc == ROOMS_OK) {
        is(to, host);
        assert_int_equal(port, number);
    }
}


static void
test_switch(void **unused)
{
    (void) unused;

    switched("main 10.0.0.1 6379 10.0.0.2 6380", ROOMS_OK, "10.0.0.2", 6380);
    switched("main ::1 1 fe80::2 2", ROOMS_OK, "fe80::2", 2);
    switched("mai 10.0.0.1 6379 10.0.0.2 6380", ROOMS_DECLINED, NULL, 0);
    switched("other 10.0.0.1 6379 10.0.0.2 6380", ROOMS_DECLINED, NULL, 0);
    switched("main 10.0.0.1 6379 10.0.0.2", ROOMS_ERROR, NULL, 0);
    switched("main 10.0.0.1 6379 10.0.0.2 0", ROOMS_ERROR, NULL, 0);
    switched("main 10.0.0.1", ROOMS_ERROR, NULL, 0);
    switched("", ROOMS_ERROR, NULL, 0);
}


/* The figures are those of CLUSTER KEYSLOT. */

static void
test_slot(void **unused)
{
    (void) unused;

    assert_int_equal(rooms_redis_slot(rooms_str("123456789", 9)), 12739);
    assert_int_equal(rooms_redis_slot(rooms_str("foo", 3)), 12182);
    assert_int_equal(rooms_redis_slot(rooms_str("a{foo}b", 7)), 12182);
    assert_int_equal(rooms_redis_slot(rooms_str("{foo}{bar}", 10)), 12182);
    assert_int_equal(rooms_redis_slot(rooms_str("", 0)), 0);

    /* without a tag, or with an empty one, the whole key counts */

    assert_int_not_equal(rooms_redis_slot(rooms_str("{}foo", 5)), 12182);
    assert_int_not_equal(rooms_redis_slot(rooms_str("{foo", 4)), 12182);
    assert_int_equal(rooms_redis_slot(rooms_str("{}foo", 5)), 9500);
}


static void
test_backoff(void **unused)
{
    unsigned  failures, random, delay, most;

    (void) unused;

    for (failures = 0; failures < 40; failures++) {
        most = failures < 6 ? 50u << failures : 2000;
        most = most < 2000 ? most : 2000;

        for (random = 0; random < 5000; random += 7) {
            delay = rooms_redis_backoff(failures, random);
            assert_in_range(delay, most - most / 2, most);
        }
    }

    assert_int_equal(rooms_redis_backoff(0, 0), 50);
    assert_int_equal(rooms_redis_backoff(100, 0), 2000);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_kinds),
        cmocka_unit_test(test_endpoints),
        cmocka_unit_test(test_malformed),
        cmocka_unit_test(test_switch),
        cmocka_unit_test(test_slot),
        cmocka_unit_test(test_backoff)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
