
/*
 * Copyright (C) nginx rooms contributors
 */


#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <rooms_emitter.h>


#define BYTES(s)  (s), sizeof(s) - 1


static const rooms_msgpack_limits_t  wide = { 32, 100, 4 };


static rooms_str_t
text(const char *s)
{
    return rooms_str(s, strlen(s));
}


static void
expect_str(rooms_str_t s, const char *expected)
{
    assert_int_equal(s.len, strlen(expected));
    assert_memory_equal(s.data, expected, s.len);
}


static void
test_channels(void **state)
{
    size_t       i;
    unsigned     request;
    rooms_str_t  nsp, room;

    static const struct {
        const char  *channel;
        const char  *nsp;                  /* NULL: not one of ours */
        const char  *room;
        unsigned     request;
    } cases[] = {
        { "io#/#", "/", "", 0 },
        { "io#/custom#", "/custom", "", 0 },
        { "io#/#room#", "/", "room", 0 },
        { "io#/#a#b#", "/", "a#b", 0 },
        { "io#/###", "/", "#", 0 },
        { "io-request#/#", "/", "", 1 },
        { "io-request#/custom#", "/custom", "", 1 },
        { "", NULL, NULL, 0 },
        { "io", NULL, NULL, 0 },
        { "io#", NULL, NULL, 0 },
        { "io##", NULL, NULL, 0 },
        { "io#/", NULL, NULL, 0 },
        { "io#/#room", NULL, NULL, 0 },
        { "io#custom#", NULL, NULL, 0 },
        { "iox#/#", NULL, NULL, 0 },
        { "ix#/#", NULL, NULL, 0 },
        { "io-request#/#room#", NULL, NULL, 0 },
        { "io-response#/#", NULL, NULL, 0 }
    };

    (void) state;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {

        if (cases[i].nsp == NULL) {
            assert_int_equal(rooms_emitter_channel(text(cases[i].channel),
                                                   text("io"), &nsp, &room,
                                                   &request),
                             ROOMS_DECLINED);
            continue;
        }

        assert_int_equal(rooms_emitter_channel(text(cases[i].channel),
                                               text("io"), &nsp, &room,
                                               &request),
                         ROOMS_OK);
        expect_str(nsp, cases[i].nsp);
        expect_str(room, cases[i].room);
        assert_int_equal(request, cases[i].request);
    }
}


/* As the emitter's own encoder writes them. */

#define HEAD  "\x93\xa7" "emitter"
#define PACKET  "\x83\xa4type\x02\xa4" "data\x92\xa3new\x07\xa3nsp\xa1/"

static void
test_emit(void **state)
{
    char             buf[ROOMS_EMITTER_NAME];
    rooms_emitter_t  e;

    (void) state;

    memset(&e, 0, sizeof(rooms_emitter_t));

    assert_int_equal(rooms_emitter_read(&e, text("/"), 0,
        rooms_str(BYTES(HEAD PACKET "\x83\xa5rooms\x92\xa1r\x2a\xa5" "flags"
                        "\x82\xa8volatile\xc3\xa8" "compress\xc2\xa6" "except"
                        "\x91\xa1x")), &wide), ROOMS_OK);

    assert_int_equal(e.kind, ROOMS_EMITTER_EMIT);
    expect_str(e.args, "[\"new\",7]");
    assert_int_equal(e.nbins, 0);
    assert_int_equal(rooms_emitter_names(e.rooms), 2);
    expect_str(rooms_emitter_name(e.rooms, 0, buf), "r");
    expect_str(rooms_emitter_name(e.rooms, 1, buf), "42");
    assert_int_equal(rooms_emitter_names(e.except), 1);
    expect_str(rooms_emitter_name(e.except, 0, buf), "x");
    assert_true(e.is_volatile);
    assert_true(e.plain);

    rooms_emitter_free(&e);

    assert_int_equal(rooms_emitter_read(&e, text("/a"), 0,
        rooms_str(BYTES(HEAD "\x83\xa4type\x02\xa4" "data\x92\xa1" "b\xc4\x02"
                        "hi\xa3nsp\xa2/a\x83\xa5rooms\x90\xa5" "flags\x80"
                        "\xa6" "except\x90")), &wide), ROOMS_OK);

    expect_str(e.args, "[\"b\",{\"_placeholder\":true,\"num\":0}]");
    assert_int_equal(e.nbins, 1);
    expect_str(e.bins[0], "hi");
    assert_int_equal(rooms_emitter_names(e.rooms), 0);
    assert_false(e.is_volatile);
    assert_false(e.plain);

    rooms_emitter_free(&e);
    rooms_buf_free(&e.text);
}


static void
test_bad_emits(void **state)
{
    size_t           i;
    rooms_emitter_t  e;

    static const struct {
        const char  *data;
        size_t       len;
    } bad[] = {
        { BYTES("") },
        { BYTES("\x93") },
        { BYTES("{\"type\":2}") },
        { BYTES(HEAD PACKET) },
        { BYTES("\x92\xa7" "emitter" PACKET) },
        { BYTES(HEAD PACKET "\x80\x00") },
        { BYTES(HEAD PACKET "\x90") },
        { BYTES(HEAD PACKET "\xc0") },
        { BYTES(HEAD PACKET "\x81\xa5rooms\xa1r") },
        { BYTES(HEAD PACKET "\x81\xa5rooms\x91\xc0") },
        { BYTES(HEAD PACKET "\x81\xa5rooms\x91\xc4\x01r") },
        { BYTES(HEAD PACKET "\x81\xa6" "except\x91\x90") },
        { BYTES(HEAD "\x83\xa4type\x02\xa4" "data\x91\xa1x\xa3nsp\xa2/a"
                "\x80") },
        { BYTES(HEAD "\x83\xa4type\x00\xa4" "data\x80\xa3nsp\xa1/\x80") },
        { BYTES(HEAD "\x83\xa4type\x03\xa4" "data\x91\xa1x\xa3nsp\xa1/\x80") },
        { BYTES(HEAD "\x83\xa4type\x02\xa4" "data\x90\xa3nsp\xa1/\x80") },
        { BYTES(HEAD "\x83\xa4type\x02\xa4" "data\x91\x01\xa3nsp\xa1/\x80") },
        { BYTES(HEAD "\x83\xa4type\x02\xa4" "data\x91\xa7" "connect\xa3nsp"
                "\xa1/\x80") },
        { BYTES(HEAD "\x83\xa4type\x02\xa4" "data\x92\xaa" "disconnect\x01\xa3"
                "nsp\xa1/\x80") },
        { BYTES(HEAD "\x83\xa4type\x02\xa4" "data\x91\xa1\xff\xa3nsp\xa1/"
                "\x80") }
    };

    (void) state;

    memset(&e, 0, sizeof(rooms_emitter_t));

    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_int_equal(rooms_emitter_read(&e, text("/"), 0,
                                            rooms_str(bad[i].data,
                                                      bad[i].len), &wide),
                         ROOMS_ERROR);
        rooms_emitter_free(&e);
    }

    rooms_buf_free(&e.text);
}


static void
test_limits(void **state)
{
    size_t                  limit;
    rooms_int_t             rc;
    rooms_emitter_t         e;
    rooms_msgpack_limits_t  narrow;

    static const char  data[] = HEAD PACKET "\x81\xa5rooms\x91\xa1r";
    static const char  json[] =
        "{\"type\":2,\"opts\":{\"rooms\":[\"r\"]},\"rooms\":[\"s\"]}";

    (void) state;

    memset(&e, 0, sizeof(rooms_emitter_t));

    narrow.depth = 1;
    narrow.nodes = 100;
    narrow.binaries = 0;

    assert_int_equal(rooms_emitter_read(&e, text("/"), 0,
                                        rooms_str(BYTES(data)), &narrow),
                     ROOMS_DECLINED);
    rooms_emitter_free(&e);

    assert_int_equal(rooms_emitter_read(&e, text("/"), 1,
                                        rooms_str(BYTES(json)), &narrow),
                     ROOMS_DECLINED);
    rooms_emitter_free(&e);

    narrow.depth = 8;
    narrow.nodes = 2;

    assert_int_equal(rooms_emitter_read(&e, text("/"), 0,
                                        rooms_str(BYTES(data)), &narrow),
                     ROOMS_DECLINED);
    rooms_emitter_free(&e);

    assert_int_equal(rooms_emitter_read(&e, text("/"), 0,
                                        rooms_str(BYTES(HEAD "\xdd\xff\xff"
                                                        "\xff\xff")), &wide),
                     ROOMS_ERROR);
    rooms_emitter_free(&e);
    rooms_buf_free(&e.text);

    /* a buffer that cannot grow */

    for (limit = 1; limit < 15; limit++) {
        rooms_buf_init(&e.text, limit);
        rc = rooms_emitter_read(&e, text("/"), 0, rooms_str(BYTES(data)),
                                &wide);
        assert_true(rc == ROOMS_ERROR || rc == ROOMS_DECLINED);
        rooms_emitter_free(&e);
        rooms_buf_free(&e.text);
    }
}


static void
test_requests(void **state)
{
    size_t           i;
    char             buf[ROOMS_EMITTER_NAME];
    rooms_emitter_t  e;

    static const char *const  bad[] = {
        "", "x", "[]", "1", "{}", "{\"type\":\"2\"}", "{\"type\":2}",
        "{\"type\":2,\"opts\":{},\"rooms\":\"a\"}",
        "{\"type\":3,\"opts\":{\"rooms\":{}},\"rooms\":[]}",
        "{\"type\":4,\"opts\":[]}",
        "{\"type\":4,\"opts\":{\"except\":[null]}}",
        "{\"type\":4,\"opts\":{}} x"
    };

    (void) state;

    memset(&e, 0, sizeof(rooms_emitter_t));

    assert_int_equal(rooms_emitter_read(&e, text("/"), 1,
        text("{\"type\":2,\"opts\":{\"rooms\":[\"a\"],\"except\":[]},"
             "\"rooms\":[\"b\",-7]}"), &wide), ROOMS_OK);
    assert_int_equal(e.kind, ROOMS_EMITTER_JOIN);
    assert_int_equal(rooms_emitter_names(e.names), 2);
    expect_str(rooms_emitter_name(e.names, 0, buf), "b");
    expect_str(rooms_emitter_name(e.names, 1, buf), "-7");
    rooms_emitter_free(&e);

    assert_int_equal(rooms_emitter_read(&e, text("/"), 1,
        text("{\"type\":3,\"opts\":{\"rooms\":[],\"except\":[]},"
             "\"rooms\":[\"b\"]}"), &wide), ROOMS_OK);
    assert_int_equal(e.kind, ROOMS_EMITTER_LEAVE);
    rooms_emitter_free(&e);

    assert_int_equal(rooms_emitter_read(&e, text("/"), 1,
        text("{\"type\":4,\"opts\":{\"rooms\":[\"a\"]},\"close\":true}"),
        &wide), ROOMS_OK);
    assert_int_equal(e.kind, ROOMS_EMITTER_DISCONNECT);
    assert_true(e.close);
    rooms_emitter_free(&e);

    assert_int_equal(rooms_emitter_read(&e, text("/"), 1,
        text("{\"uid\":\"emitter\",\"type\":6,\"data\":[\"x\"]}"), &wide),
        ROOMS_OK);
    assert_int_equal(e.kind, ROOMS_EMITTER_OTHER);
    rooms_emitter_free(&e);

    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_int_equal(rooms_emitter_read(&e, text("/"), 1, text(bad[i]),
                                            &wide), ROOMS_ERROR);
        rooms_emitter_free(&e);
    }

    rooms_buf_free(&e.text);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_channels),
        cmocka_unit_test(test_emit),
        cmocka_unit_test(test_bad_emits),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_requests)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
