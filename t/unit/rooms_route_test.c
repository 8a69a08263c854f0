
/*
 * Copyright (C) nginx rooms contributors
 */


#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include <rooms_route.h>


static rooms_str_t
str(const char *text)
{
    return rooms_str(text, strlen(text));
}


static rooms_route_t *
routes(void)
{
    const char     *reason;
    unsigned        i;
    rooms_route_t  *route;

    static const struct {
        rooms_route_method_t  method;
        const char           *path;
        const char           *data;
    } all[] = {
        { ROOMS_ROUTE_POST, "/api/sessions", "create" },
        { ROOMS_ROUTE_GET, "/api/sessions/{code}", "get" },
        { ROOMS_ROUTE_DELETE, "/api/sessions/{id}", "delete" },
        { ROOMS_ROUTE_POST, "/api/sessions/{code}/join", "join" },
        { ROOMS_ROUTE_GET, "/api/sessions/code/{code}", "by-code" },
        { ROOMS_ROUTE_GET, "/a/{x}/{y}", "two" },
        { ROOMS_ROUTE_GET, "/", "root" },
        { ROOMS_ROUTE_GET, "/slash/", "slash" }
    };

    route = rooms_route_create();
    assert_non_null(route);

    for (i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        assert_int_equal(rooms_route_add(route, all[i].method,
                                         str(all[i].path),
                                         (void *) all[i].data, &reason),
                         ROOMS_OK);
        assert_null(reason);
    }

    return route;
}


static void
found(const rooms_route_t *route, rooms_route_method_t method,
    const char *path, const char *data, const char *params)
{
    char                 text[256];
    size_t               n;
    unsigned             i;
    rooms_route_match_t  match;

    if (rooms_route_find(route, method, str(path), &match) != ROOMS_OK) {
        fail_msg("%s is not found", path);
    }

    assert_string_equal(match.data, data);

    n = 0;
    text[0] = '\0';

    for (i = 0; i < match.n; i++) {
        n += snprintf(text + n, sizeof(text) - n, "%s%.*s=%.*s", i ? "&" : "",
                      (int) match.params[i].name.len,
                      match.params[i].name.data,
                      (int) match.params[i].value.len,
                      match.params[i].value.data);
    }

    assert_string_equal(text, params);
}


static void
test_find(void **state)
{
    rooms_route_t  *r;

    (void) state;

    r = routes();

    found(r, ROOMS_ROUTE_POST, "/api/sessions", "create", "");
    found(r, ROOMS_ROUTE_GET, "/api/sessions/ABC", "get", "code=ABC");
    found(r, ROOMS_ROUTE_DELETE, "/api/sessions/ABC", "delete", "id=ABC");
    found(r, ROOMS_ROUTE_POST, "/api/sessions/x/join", "join", "code=x");
    found(r, ROOMS_ROUTE_GET, "/a/1/2", "two", "x=1&y=2");
    found(r, ROOMS_ROUTE_GET, "/", "root", "");
    found(r, ROOMS_ROUTE_GET, "/slash/", "slash", "");

    /* literals first, then back to the parameter */

    found(r, ROOMS_ROUTE_GET, "/api/sessions/code/x", "by-code", "code=x");
    found(r, ROOMS_ROUTE_GET, "/api/sessions/code/join", "by-code",
          "code=join");
    found(r, ROOMS_ROUTE_GET, "/api/sessions/code", "get", "code=code");

    /* decoded after splitting */

    found(r, ROOMS_ROUTE_GET, "/api/sessions/A%2fB%20+", "get",
          "code=A/B +");
    found(r, ROOMS_ROUTE_GET, "/a/%C3%a9/%41b", "two", "x=\xc3\xa9&y=Ab");

    found(r, ROOMS_ROUTE_HEAD, "/api/sessions/ABC", "get", "code=ABC");

    rooms_route_free(r);
}


static void
refused(const rooms_route_t *route, rooms_route_method_t method,
    const char *path, rooms_int_t rc, const char *allow)
{
    rooms_route_match_t  match;

    if (rooms_route_find(route, method, str(path), &match) != rc) {
        fail_msg("%s", path);
    }

    assert_null(match.data);
    assert_string_equal(match.allow, allow);
}


static void
test_refused(void **state)
{
    char            path[1024];
    unsigned        i;
    rooms_route_t  *r;

    (void) state;

    r = routes();

    refused(r, ROOMS_ROUTE_GET, "", ROOMS_DECLINED, "");
    refused(r, ROOMS_ROUTE_GET, "api", ROOMS_DECLINED, "");
    refused(r, ROOMS_ROUTE_GET, "/api", ROOMS_DECLINED, "");
    refused(r, ROOMS_ROUTE_GET, "/API/sessions", ROOMS_DECLINED, "");
    refused(r, ROOMS_ROUTE_GET, "/api/sessions/", ROOMS_DECLINED, "");
    refused(r, ROOMS_ROUTE_GET, "/api/sessions/x/", ROOMS_DECLINED, "");
    refused(r, ROOMS_ROUTE_POST, "/api/sessions//join", ROOMS_DECLINED, "");
    refused(r, ROOMS_ROUTE_GET, "//", ROOMS_DECLINED, "");
    refused(r, ROOMS_ROUTE_GET, "/slash", ROOMS_DECLINED, "");

    refused(r, ROOMS_ROUTE_GET, "/api/sessions", ROOMS_DONE, "POST");
    refused(r, ROOMS_ROUTE_PUT, "/api/sessions/x", ROOMS_DONE,
            "GET, HEAD, DELETE");
    refused(r, ROOMS_ROUTE_UNKNOWN, "/api/sessions/x", ROOMS_DONE,
            "GET, HEAD, DELETE");
    refused(r, ROOMS_ROUTE_HEAD, "/api/sessions", ROOMS_DONE, "POST");

    refused(r, ROOMS_ROUTE_GET, "/api/sessions/%", ROOMS_ERROR, "");
    refused(r, ROOMS_ROUTE_GET, "/api/sessions/%4", ROOMS_ERROR, "");
    refused(r, ROOMS_ROUTE_GET, "/api/sessions/%4g", ROOMS_ERROR, "");
    refused(r, ROOMS_ROUTE_GET, "/api/sessions/%00", ROOMS_ERROR, "");
    refused(r, ROOMS_ROUTE_GET, "/api/sessions/%ff", ROOMS_ERROR, "");
    refused(r, ROOMS_ROUTE_GET, "/api/sessions/\xff", ROOMS_ERROR, "");
    refused(r, ROOMS_ROUTE_GET, "/a/%ed%a0%80/x", ROOMS_ERROR, "");

    /* more segments than any route, and more octets than the store */

    for (i = 0; i < 100; i++) {
        memcpy(path + 2 * i, "/x", 3);
    }

    refused(r, ROOMS_ROUTE_GET, path, ROOMS_DECLINED, "");

    memset(path, 'x', sizeof(path));
    memcpy(path, "/api/sessions/%20", 17);
    path[17 + ROOMS_ROUTE_STORE - 1] = '\0';
    found(r, ROOMS_ROUTE_HEAD, "/", "root", "");

    refused(r, ROOMS_ROUTE_DELETE, path + 1, ROOMS_DECLINED, "");

    path[17 + ROOMS_ROUTE_STORE - 1] = 'x';
    path[17 + ROOMS_ROUTE_STORE] = '\0';
    refused(r, ROOMS_ROUTE_GET, path, ROOMS_ERROR, "");

    rooms_route_free(r);
}


static void
not_added(rooms_route_t *r, const char *path)
{
    const char  *reason;

    if (rooms_route_add(r, ROOMS_ROUTE_GET, str(path), "x", &reason)
        != ROOMS_ERROR)
    {
        fail_msg("%s is added", path);
    }

    assert_non_null(reason);
}


static void
test_add(void **state)
{
    char            path[256];
    unsigned        i;
    const char     *reason;
    rooms_route_t  *r;

    (void) state;

    r = routes();

    not_added(r, "");
    not_added(r, "x");
    not_added(r, "/{}");
    not_added(r, "/{a");
    not_added(r, "/a}");
    not_added(r, "/x{a}");
    not_added(r, "/{a}.json");
    not_added(r, "/{a}{b}");
    not_added(r, "/{a}/{a}");
    not_added(r, "/1/{a}/{b}/{c}/{d}/{e}/{f}/{g}/{h}/{i}");
    not_added(r, "/api/sessions/{code}");
    not_added(r, "/api/sessions/{other}");

    for (i = 0; i < ROOMS_ROUTE_SEGMENTS + 1; i++) {
        memcpy(path + 2 * i, "/x", 3);
    }

    not_added(r, path);

    path[2 * ROOMS_ROUTE_SEGMENTS] = '\0';
    assert_int_equal(rooms_route_add(r, ROOMS_ROUTE_GET, str(path), "deep",
                                     &reason),
                     ROOMS_OK);
    found(r, ROOMS_ROUTE_GET, path, "deep", "");

    assert_int_equal(rooms_route_add(r, ROOMS_ROUTE_UNKNOWN, str("/u"), "x",
                                     &reason),
                     ROOMS_ERROR);

    rooms_route_free(r);
    rooms_route_free(NULL);
}


static void
test_method(void **state)
{
    (void) state;

    assert_int_equal(rooms_route_method(str("GET")), ROOMS_ROUTE_GET);
    assert_int_equal(rooms_route_method(str("patch")), ROOMS_ROUTE_PATCH);
    assert_int_equal(rooms_route_method(str("OPTIONS")), ROOMS_ROUTE_OPTIONS);
    assert_int_equal(rooms_route_method(str("TRACE")), ROOMS_ROUTE_UNKNOWN);
    assert_int_equal(rooms_route_method(str("")), ROOMS_ROUTE_UNKNOWN);
    assert_int_equal(rooms_route_method(str("GETS")), ROOMS_ROUTE_UNKNOWN);
}


static void
test_decode(void **state)
{
    rooms_str_t    out;
    unsigned char  buf[4];

    (void) state;

    assert_int_equal(rooms_route_decode(rooms_str(NULL, 0), 1, buf, 0, &out),
                     ROOMS_OK);
    assert_int_equal(out.len, 0);

    assert_int_equal(rooms_route_decode(str("a+b"), 1, buf, 4, &out),
                     ROOMS_OK);
    assert_int_equal(out.len, 3);
    assert_memory_equal(out.data, "a b", 3);

    assert_int_equal(rooms_route_decode(str("a+b"), 0, buf, 0, &out),
                     ROOMS_OK);
    assert_memory_equal(out.data, "a+b", 3);

    assert_int_equal(rooms_route_decode(str("%41%42%43%44"), 0, buf, 4, &out),
                     ROOMS_OK);
    assert_int_equal(rooms_route_decode(str("%41%42%43%44"), 0, buf, 3, &out),
                     ROOMS_ERROR);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_find),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_add),
        cmocka_unit_test(test_method),
        cmocka_unit_test(test_decode)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
