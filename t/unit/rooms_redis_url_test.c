
/*
 * Copyright (C) nginx rooms contributors
 */


#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <string.h>
#include <cmocka.h>

#include <rooms_redis_url.h>


static rooms_redis_url_t  url;


static void
taken(const char *text)
{
    const char  *reason;

    reason = NULL;

    assert_int_equal(rooms_redis_url(rooms_str(text, strlen(text)), &url,
                                     &reason),
                     ROOMS_OK);
    assert_null(reason);
}


static void
refused(const char *text)
{
    const char  *reason;

    reason = NULL;

    assert_int_equal(rooms_redis_url(rooms_str(text, strlen(text)), &url,
                                     &reason),
                     ROOMS_ERROR);
    assert_non_null(reason);
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
next_host(rooms_str_t *hosts, const char *name, unsigned number)
{
    unsigned     port;
    rooms_str_t  host;

    assert_int_equal(rooms_redis_url_host(hosts, ROOMS_REDIS_PORT, &host,
                                          &port),
                     ROOMS_OK);
    is(host, name);
    assert_int_equal(port, number);
}


static void
test_plain(void **unused)
{
    (void) unused;

    taken("redis://127.0.0.1");
    assert_int_equal(url.tls, 0);
    assert_int_equal(url.db, 0);
    is(url.user, "");
    is(url.password, "");
    next_host(&url.hosts, "127.0.0.1", 6379);

    taken("redis://localhost:7000/15");
    assert_int_equal(url.db, 15);
    next_host(&url.hosts, "localhost", 7000);

    taken("rediss://[::1]:7001/");
    assert_int_equal(url.tls, 1);
    next_host(&url.hosts, "::1", 7001);

    taken("redis://[fe80::1]");
    next_host(&url.hosts, "fe80::1", 6379);

    taken("rediss://a:1,b,c:3/0");
    next_host(&url.hosts, "a", 1);
    next_host(&url.hosts, "b", 6379);
    next_host(&url.hosts, "c", 3);
}


static void
test_user(void **unused)
{
    (void) unused;

    taken("redis://rooms:p%40ss%3Aword@host");
    is(url.user, "rooms");
    is(url.password, "p@ss:word");

    taken("redis://:secret@host");
    is(url.user, "");
    is(url.password, "secret");

    taken("redis://rooms@host");
    is(url.user, "rooms");
    is(url.password, "");

    refused("redis://rooms:%zz@host");
}


static void
test_sentinel(void **unused)
{
    unsigned     port;
    rooms_str_t  host;

    (void) unused;

    taken("sentinel://a:1,b,[::1]:3/main/2");
    assert_int_equal(url.sentinel, 1);
    assert_int_equal(url.db, 2);
    is(url.name, "main");
    next_host(&url.hosts, "a", 1);
    next_host(&url.hosts, "b", 6379);
    next_host(&url.hosts, "::1", 3);
    assert_int_equal(rooms_redis_url_host(&url.hosts, 1, &host, &port),
                     ROOMS_DONE);

    refused("sentinel://a,b");
    refused("sentinel://a,b/");
    refused("sentinel://a,:1/main");
    refused("sentinel:///main");
}


static void
test_refused(void **unused)
{
    (void) unused;

    refused("");
    refused("http://host");
    refused("redis://");
    refused("redis://:6379");
    refused("redis://host:");
    refused("redis://host:0");
    refused("redis://host:65536");
    refused("redis://host:6379x");
    refused("redis://host/x");
    refused("redis://host/65536");
    refused("redis://host/0/1");
    refused("redis://[::1");
    refused("redis://[]:1");
    refused("redis://[::1]1");
    refused("redis://a,");
    refused("redis://a,,b");
    refused("redis://a,b:0");
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_plain),
        cmocka_unit_test(test_user),
        cmocka_unit_test(test_sentinel),
        cmocka_unit_test(test_refused)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
