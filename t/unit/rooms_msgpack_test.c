
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

#include <rooms_msgpack.h>


#define BYTES(s)  (s), sizeof(s) - 1


static const rooms_msgpack_limits_t  wide = { 32, 100, 4 };


/* The octets in memory of their own, so that reading too far is seen. */

static rooms_str_t
own(const char *data, size_t n)
{
    unsigned char  *p;

    p = malloc(n ? n : 1);
    assert_non_null(p);
    memcpy(p, data, n);

    return rooms_str(p, n);
}


static void
disown(rooms_str_t s)
{
    free((void *) s.data);
}


static rooms_int_t
check(const char *data, size_t n, const rooms_msgpack_limits_t *limits)
{
    rooms_int_t  rc;
    rooms_str_t  all, in, value;

    all = own(data, n);
    in = all;

    rc = rooms_msgpack_value(&in, limits, &value);

    if (rc == ROOMS_OK) {
        assert_int_equal(value.len + in.len, n);

    } else {
        assert_int_equal(in.len, n);
    }

    disown(all);

    return rc;
}


/* octets come out as text; NULL: they pass the check and are refused. */

static void
expect_json(const char *data, size_t n, const char *text)
{
    unsigned     nbins;
    rooms_buf_t  b;
    rooms_int_t  rc;
    rooms_str_t  all, in, value, bins[4];

    all = own(data, n);
    in = all;

    rooms_buf_init(&b, 0);

    assert_int_equal(rooms_msgpack_value(&in, &wide, &value), ROOMS_OK);
    assert_int_equal(in.len, 0);

    rc = rooms_msgpack_to_json(value, &b, bins, &nbins);

    if (text == NULL) {
        assert_int_equal(rc, ROOMS_ERROR);

    } else {
        rooms_buf_byte(&b, '\0');
        assert_int_equal(rc, ROOMS_OK);
        assert_string_equal((char *) b.data, text);
    }

    rooms_buf_free(&b);
    disown(all);
}


static void
expect_octets(const char *text, const char *data, size_t n)
{
    rooms_buf_t  b;
    rooms_str_t  json, bins[2];

    json = own(text, strlen(text));
    bins[0] = rooms_str("\x00\xff", 2);
    bins[1] = rooms_str("", 0);

    rooms_buf_init(&b, 0);
    rooms_msgpack_from_json(&b, json, bins, 2);

    assert_false(b.failed);
    assert_int_equal(b.len, n);
    assert_memory_equal(b.data, data, n);

    rooms_buf_free(&b);
    disown(json);
}


static void
test_scalars(void **state)
{
    (void) state;

    expect_json(BYTES("\xc0"), "null");
    expect_json(BYTES("\xc2"), "false");
    expect_json(BYTES("\xc3"), "true");
    expect_json(BYTES("\x00"), "0");
    expect_json(BYTES("\x7f"), "127");
    expect_json(BYTES("\xe0"), "-32");
    expect_json(BYTES("\xff"), "-1");
    expect_json(BYTES("\xcc\xff"), "255");
    expect_json(BYTES("\xcd\xff\xff"), "65535");
    expect_json(BYTES("\xce\xff\xff\xff\xff"), "4294967295");
    expect_json(BYTES("\xcf\xff\xff\xff\xff\xff\xff\xff\xff"),
                "18446744073709551615");
    expect_json(BYTES("\xd0\x80"), "-128");
    expect_json(BYTES("\xd0\x7f"), "127");
    expect_json(BYTES("\xd1\x80\x00"), "-32768");
    expect_json(BYTES("\xd2\x80\x00\x00\x00"), "-2147483648");
    expect_json(BYTES("\xd3\x80\x00\x00\x00\x00\x00\x00\x00"),
                "-9223372036854775808");
    expect_json(BYTES("\xd3\xff\xe0\x00\x00\x00\x00\x00\x00"),
                "-9007199254740992");
    expect_json(BYTES("\xd3\x00\x20\x00\x00\x00\x00\x00\x00"),
                "9007199254740992");
    expect_json(BYTES("\xd4\x00\x00"), "null");
}


static void
test_reals(void **state)
{
    (void) state;

    expect_json(BYTES("\xca\x3f\xc0\x00\x00"), "1.5");
    expect_json(BYTES("\xca\x3d\xcc\xcc\xcd"), "0.10000000149011612");
    expect_json(BYTES("\xcb\x3f\xb9\x99\x99\x99\x99\x99\x9a"), "0.1");
    expect_json(BYTES("\xcb\x3f\xd3\x33\x33\x33\x33\x33\x34"),
                "0.30000000000000004");
    expect_json(BYTES("\xcb\x40\x59\x00\x00\x00\x00\x00\x00"), "100");
    expect_json(BYTES("\xcb\x80\x00\x00\x00\x00\x00\x00\x00"), "-0");
    expect_json(BYTES("\xcb\x00\x00\x00\x00\x00\x00\x00\x01"),
                "4.94065645841247e-324");
    expect_json(BYTES("\xcb\x7f\xef\xff\xff\xff\xff\xff\xff"),
                "1.7976931348623157e+308");
    expect_json(BYTES("\xcb\x7f\xf8\x00\x00\x00\x00\x00\x00"), "null");
    expect_json(BYTES("\xcb\xff\xf0\x00\x00\x00\x00\x00\x00"), "null");
}


static void
test_strings(void **state)
{
    (void) state;

    expect_json(BYTES("\xa0"), "\"\"");
    expect_json(BYTES("\xa3" "a\"\n"), "\"a\\\"\\n\"");
    expect_json(BYTES("\xd9\x01z"), "\"z\"");
    expect_json(BYTES("\xda\x00\x03\xe2\x82\xac"), "\"\xe2\x82\xac\"");
    expect_json(BYTES("\xdb\x00\x00\x00\x01z"), "\"z\"");
    expect_json(BYTES("\xa1\xff"), NULL);
    expect_json(BYTES("\xa3\xed\xa0\x80"), NULL);
    expect_json(BYTES("\xa2\xe2\x82"), NULL);
}


static void
test_times(void **state)
{
    (void) state;

    expect_json(BYTES("\xd6\xff\x38\x6d\x43\x80"),
                "\"2000-01-01T00:00:00.000Z\"");
    expect_json(BYTES("\xd7\xff\x1d\xcd\x65\x00\x38\x6d\x43\x80"),
                "\"2000-01-01T00:00:00.125Z\"");
    expect_json(BYTES("\xc7\x0c\xff\x00\x0f\x42\x40"
                      "\xff\xff\xff\xff\xff\xff\xff\xff"),
                "\"1969-12-31T23:59:59.001Z\"");
    expect_json(BYTES("\xd7\x00\x00\x00\x00\xdc\x6a\xcf\xac\x05"),
                "\"2000-01-01T00:00:00.005Z\"");
    expect_json(BYTES("\xd7\x00\x7f\xff\xff\xff\xff\xff\xff\xff"), "null");
    expect_json(BYTES("\xc7\x0c\xff\xff\xff\xff\xff"
                      "\x80\xff\xff\xff\xff\xff\xff\xff"), "null");
}


static void
test_containers(void **state)
{
    (void) state;

    expect_json(BYTES("\x90"), "[]");
    expect_json(BYTES("\x80"), "{}");
    expect_json(BYTES("\x93\x01\x90\x81\xa1" "a\xc0"), "[1,[],{\"a\":null}]");
    expect_json(BYTES("\xdc\x00\x01\x05"), "[5]");
    expect_json(BYTES("\xdd\x00\x00\x00\x01\x05"), "[5]");
    expect_json(BYTES("\xde\x00\x01\xa1k\x05"), "{\"k\":5}");
    expect_json(BYTES("\xdf\x00\x00\x00\x01\xa1k\x05"), "{\"k\":5}");

    /* what is undefined is as in JSON.stringify() */

    expect_json(BYTES("\x92\xd4\x00\x00\x01"), "[null,1]");
    expect_json(BYTES("\x83\xa1" "a\xd4\x00\x00\xa1" "b\x01\xa1" "c\xd4\x00"
                      "\x00"), "{\"b\":1}");

    expect_json(BYTES("\x81\x01\x02"), NULL);
    expect_json(BYTES("\x81\xc4\x01" "a\x02"), NULL);
}


static void
test_binaries(void **state)
{
    unsigned     n;
    rooms_buf_t  b;
    rooms_str_t  in, value, bins[4];

    (void) state;

    in = rooms_str(BYTES("\x94\xc4\x02hi\xc7\x01\x00x\xc5\x00\x00\xc6\x00\x00"
                         "\x00\x01z"));

    rooms_buf_init(&b, 0);

    assert_int_equal(rooms_msgpack_value(&in, &wide, &value), ROOMS_OK);
    assert_int_equal(rooms_msgpack_to_json(value, &b, bins, &n), ROOMS_OK);

    rooms_buf_byte(&b, '\0');
    assert_string_equal((char *) b.data,
                        "[{\"_placeholder\":true,\"num\":0},"
                        "{\"_placeholder\":true,\"num\":1},"
                        "{\"_placeholder\":true,\"num\":2},"
                        "{\"_placeholder\":true,\"num\":3}]");

    assert_int_equal(n, 4);
    assert_int_equal(bins[0].len, 2);
    assert_memory_equal(bins[0].data, "hi", 2);
    assert_int_equal(bins[1].len, 1);
    assert_memory_equal(bins[1].data, "x", 1);
    assert_int_equal(bins[2].len, 0);
    assert_memory_equal(bins[3].data, "z", 1);

    rooms_buf_free(&b);
}


/* Every beginning of a good value is refused, and so is what does not exist. */

static void
test_damage(void **state)
{
    size_t  n;

    static const char  good[] =
        "\x9c\xcc\xff\xcd\xff\xff\xce\xff\xff\xff\xff\xca\x3f\xc0\x00\x00"
        "\xcb\x3f\xb9\x99\x99\x99\x99\x99\x9a\xa1x\xd9\x01y\xc4\x01z"
        "\xd6\xff\x00\x00\x00\x00\xd4\x00\x00\xc7\x01\x00z\x81\xa1k\xd1"
        "\x01\x02";

    (void) state;

    assert_int_equal(check(BYTES(good), &wide), ROOMS_OK);

    for (n = 0; n < sizeof(good) - 1; n++) {
        assert_int_equal(check(good, n, &wide), ROOMS_ERROR);
    }

    assert_int_equal(check(BYTES("\xc1"), &wide), ROOMS_ERROR);
    assert_int_equal(check(BYTES("\xd4\x01\x00"), &wide), ROOMS_ERROR);
    assert_int_equal(check(BYTES("\xd5\x00\x00\x00"), &wide), ROOMS_ERROR);
    assert_int_equal(check(BYTES("\xd6\x00\x00\x00\x00\x00"), &wide),
                     ROOMS_ERROR);
    assert_int_equal(check(BYTES("\xc7\x01\x05\x00"), &wide), ROOMS_ERROR);
    assert_int_equal(check(BYTES("\xc7\x03\xff\x00\x00\x00"), &wide),
                     ROOMS_ERROR);
    assert_int_equal(check(BYTES("\xc7\x00"), &wide), ROOMS_ERROR);
}


/* Counts and lengths that are not there are never believed. */

static void
test_limits(void **state)
{
    char                    deep[40];
    rooms_msgpack_limits_t  limits;

    (void) state;

    assert_int_equal(check(BYTES("\xdd\xff\xff\xff\xff\xc0"), &wide),
                     ROOMS_ERROR);
    assert_int_equal(check(BYTES("\xdf\xff\xff\xff\xff\xc0"), &wide),
                     ROOMS_ERROR);
    assert_int_equal(check(BYTES("\xc6\xff\xff\xff\xff\xc0"), &wide),
                     ROOMS_ERROR);
    assert_int_equal(check(BYTES("\xc9\xff\xff\xff\xff\xff"), &wide),
                     ROOMS_ERROR);
    assert_int_equal(check(BYTES("\xdb\xff\xff\xff\xff\xff"), &wide),
                     ROOMS_ERROR);

    memset(deep, 0x91, sizeof(deep));
    deep[32] = 0x01;

    assert_int_equal(check(deep, 33, &wide), ROOMS_OK);

    deep[32] = (char) 0x91;
    deep[33] = 0x01;

    assert_int_equal(check(deep, 34, &wide), ROOMS_DECLINED);

    limits.depth = 4;
    limits.nodes = 4;
    limits.binaries = 1;

    assert_int_equal(check(BYTES("\x93\x01\x02\x03"), &limits), ROOMS_OK);
    assert_int_equal(check(BYTES("\x94\x01\x02\x03\x04"), &limits),
                     ROOMS_DECLINED);
    assert_int_equal(check(BYTES("\x83\xa1" "a\x01\xa1" "b\x02\xa1" "c\x03"),
                           &limits), ROOMS_OK);
    assert_int_equal(check(BYTES("\x84\xa1" "a\x01\xa1" "b\x02\xa1" "c\x03"
                                 "\xa1" "d\x04"), &limits), ROOMS_DECLINED);
    assert_int_equal(check(BYTES("\x92\xc4\x00\xc4\x00"), &limits),
                     ROOMS_DECLINED);
}


static void
test_from_json(void **state)
{
    (void) state;

    expect_octets("[]", BYTES("\x90"));
    expect_octets(" { } ", BYTES("\x80"));
    expect_octets("[null,true,false]", BYTES("\x93\xc0\xc3\xc2"));
    expect_octets("[ 0 , 127 , 128 , 255 , 256 ]",
                  BYTES("\x95\x00\x7f\xcc\x80\xcc\xff\xcd\x01\x00"));
    expect_octets("[65535,65536,4294967295,4294967296]",
                  BYTES("\x94\xcd\xff\xff\xce\x00\x01\x00\x00\xce\xff\xff\xff"
                        "\xff\xcf\x00\x00\x00\x01\x00\x00\x00\x00"));
    expect_octets("[9007199254740993,18446744073709551615]",
                  BYTES("\x92\xcf\x00\x20\x00\x00\x00\x00\x00\x01"
                        "\xcf\xff\xff\xff\xff\xff\xff\xff\xff"));
    expect_octets("[-1,-32,-33,-128,-129,-32768,-32769]",
                  BYTES("\x97\xff\xe0\xd0\xdf\xd0\x80\xd1\xff\x7f\xd1\x80\x00"
                        "\xd2\xff\xff\x7f\xff"));
    expect_octets("[-2147483649,-9223372036854775808]",
                  BYTES("\x92\xd3\xff\xff\xff\xff\x7f\xff\xff\xff"
                        "\xd3\x80\x00\x00\x00\x00\x00\x00\x00"));
    expect_octets("[0.1,-0,1e2,18446744073709551616]",
                  BYTES("\x94\xcb\x3f\xb9\x99\x99\x99\x99\x99\x9a"
                        "\xcb\x80\x00\x00\x00\x00\x00\x00\x00"
                        "\xcb\x40\x59\x00\x00\x00\x00\x00\x00"
                        "\xcb\x43\xf0\x00\x00\x00\x00\x00\x00"));
    expect_octets("[\"\",\"a\\n\\u00e9\\ud83d\\ude00\",\"\\ud800\"]",
                  BYTES("\x93\xa0\xa8" "a\n\xc3\xa9\xf0\x9f\x98\x80"
                        "\xa3\xef\xbf\xbd"));
    expect_octets("{\"a\":[{}],\"b\":{\"c\":1}}",
                  BYTES("\x82\xa1" "a\x91\x80\xa1" "b\x81\xa1" "c\x01"));
    expect_octets("[{\"_placeholder\":true,\"num\":0},"
                  "{\"num\":1,\"_placeholder\":true}]",
                  BYTES("\x92\xc4\x02\x00\xff\xc4\x00"));
    expect_octets("[{\"_placeholder\":true,\"num\":2}]",
                  BYTES("\x91\x82\xac_placeholder\xc3\xa3num\x02"));
}


/* The sizes at which heads grow, there and back. */

static void
test_sizes(void **state)
{
    size_t                  i, k;
    unsigned                nbins;
    rooms_buf_t             json, packed, again;
    rooms_str_t             in, value;
    rooms_msgpack_limits_t  limits;

    static const size_t  sizes[] = {
        0, 1, 15, 16, 31, 32, 255, 256, 65535, 65536, 70000
    };

    (void) state;

    limits.depth = 3;
    limits.nodes = 0;
    limits.binaries = 0;

    for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        rooms_buf_init(&json, 0);
        rooms_buf_init(&packed, 0);
        rooms_buf_init(&again, 0);

        rooms_buf_append(&json, "[[", 2);

        for (k = 0; k < sizes[i]; k++) {
            rooms_buf_append(&json, ",7" + (k == 0), 2 - (k == 0));
        }

        rooms_buf_append(&json, "],\"", 3);

        for (k = 0; k < sizes[i]; k++) {
            rooms_buf_byte(&json, 'x');
        }

        rooms_buf_append(&json, "\",{", 3);

        for (k = 0; k < sizes[i]; k++) {
            rooms_buf_append(&json, ",\"k\":1" + (k == 0), 6 - (k == 0));
        }

        rooms_buf_append(&json, "}]", 2);

        rooms_msgpack_from_json(&packed, rooms_str(json.data, json.len),
                                NULL, 0);
        assert_false(packed.failed);

        in = rooms_str(packed.data, packed.len);

        assert_int_equal(rooms_msgpack_value(&in, &limits, &value), ROOMS_OK);
        assert_int_equal(in.len, 0);
        assert_int_equal(rooms_msgpack_to_json(value, &again, NULL, &nbins),
                         ROOMS_OK);
        assert_int_equal(again.len, json.len);
        assert_memory_equal(again.data, json.data, json.len);

        rooms_buf_free(&json);
        rooms_buf_free(&packed);
        rooms_buf_free(&again);
    }
}


static void
test_not_json(void **state)
{
    size_t       i;
    char         deep[ROOMS_MSGPACK_DEPTH_MAX + 1];
    rooms_buf_t  b;

    static const char *const  texts[] = {
        "", "1", "\"a\"", "[", "[1", "[\"", "[\"\\", "[\"a", "]", "[}", "{]",
        "[nul]", "[-]", "[.5]", "[0x", "[x]", "[\"\\u"
    };

    (void) state;

    for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        rooms_buf_init(&b, 0);
        rooms_msgpack_from_json(&b, rooms_str(texts[i], strlen(texts[i])),
                                NULL, 0);
        assert_true(b.failed);
        rooms_buf_free(&b);
    }

    memset(deep, '[', sizeof(deep));

    rooms_buf_init(&b, 0);
    rooms_msgpack_from_json(&b, rooms_str(deep, sizeof(deep)), NULL, 0);
    assert_true(b.failed);
    rooms_buf_free(&b);
}


/* Nothing is written beyond a buffer that cannot grow. */

static void
test_no_memory(void **state)
{
    size_t       limit, whole;
    unsigned     nbins;
    rooms_buf_t  b;
    rooms_str_t  json, in, value, bins[1];

    static const char  text[] =
        "[\"a\\nb\",[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17],0.5,"
        "{\"k\":{\"_placeholder\":true,\"num\":0}}]";

    (void) state;

    json = rooms_str(text, sizeof(text) - 1);
    bins[0] = rooms_str("octets", 6);

    rooms_buf_init(&b, 0);
    rooms_msgpack_from_json(&b, json, bins, 1);
    assert_false(b.failed);
    whole = b.len;

    in = rooms_str(b.data, b.len);
    assert_int_equal(rooms_msgpack_value(&in, &wide, &value), ROOMS_OK);

    for (limit = 1; limit < whole; limit++) {
        rooms_buf_t  small;

        rooms_buf_init(&small, limit);
        rooms_msgpack_from_json(&small, json, bins, 1);
        assert_true(small.failed);
        assert_true(small.len <= limit);
        rooms_buf_free(&small);

        rooms_buf_init(&small, limit);
        (void) rooms_msgpack_to_json(value, &small, bins, &nbins);
        assert_true(small.failed);
        assert_true(small.len <= limit);
        rooms_buf_free(&small);
    }

    rooms_buf_free(&b);
}


static rooms_int_t
packet(const char *data, size_t n, rooms_sio_packet_t *pkt, rooms_buf_t *b,
    rooms_str_t *bins)
{
    return rooms_msgpack_packet(rooms_str(data, n), &wide, b, pkt, bins);
}


/* As the encoder of the client writes them. */

static void
test_packets(void **state)
{
    rooms_buf_t         b;
    rooms_str_t         bins[4];
    rooms_sio_packet_t  pkt;

    (void) state;

    rooms_buf_init(&b, 0);

    assert_int_equal(packet(BYTES("\x83\xa4type\x00\xa4" "data\xd4\x00\x00"
                                  "\xa3nsp\xa1/"), &pkt, &b, bins),
                     ROOMS_OK);
    assert_int_equal(pkt.type, ROOMS_SIO_CONNECT);
    assert_int_equal(pkt.data.len, 0);
    assert_int_equal(pkt.nsp.len, 1);
    assert_true(pkt.id == ROOMS_SIO_NO_ACK);

    assert_int_equal(packet(BYTES("\x85\xa4type\x02\xa4" "data\x92\xa1x\xc4"
                                  "\x01z\xa7options\x81\xa8" "compress\xc3"
                                  "\xa2id\xcd\x01\x00\xa3nsp\xa2/a"), &pkt,
                            &b, bins), ROOMS_OK);
    assert_int_equal(pkt.type, ROOMS_SIO_BINARY_EVENT);
    assert_int_equal(pkt.attachments, 1);
    assert_true(pkt.id == 256);
    assert_int_equal(pkt.nsp.len, 2);
    assert_memory_equal(pkt.data.data,
                        "[\"x\",{\"_placeholder\":true,\"num\":0}]",
                        pkt.data.len);
    assert_int_equal(bins[0].len, 1);

    assert_int_equal(packet(BYTES("\x82\xa4type\x01\xa3nsp\xa1/"), &pkt, &b,
                            bins), ROOMS_OK);
    assert_int_equal(pkt.type, ROOMS_SIO_DISCONNECT);

    rooms_buf_free(&b);
}


static void
test_bad_packets(void **state)
{
    size_t              i;
    rooms_buf_t         b;
    rooms_str_t         bins[4];
    rooms_sio_packet_t  pkt;

    static const struct {
        const char  *data;
        size_t       len;
    } bad[] = {
        { BYTES("") },
        { BYTES("\x90") },
        { BYTES("\x80") },
        { BYTES("\x81\xa4type\x00") },
        { BYTES("\x81\xa3nsp\xa1/") },
        { BYTES("\x82\xa4type\x00\xa3nsp\xa1/ ") },
        { BYTES("\x82\xa4type\x05\xa3nsp\xa1/") },
        { BYTES("\x82\xa4type\xff\xa3nsp\xa1/") },
        { BYTES("\x82\xa4type\xc0\xa3nsp\xa1/") },
        { BYTES("\x82\xa4type\x00\xa3nsp\xa0") },
        { BYTES("\x82\xa4type\x00\xa3nsp\xa1x") },
        { BYTES("\x82\xa4type\x00\xa3nsp\xa3/,a") },
        { BYTES("\x82\xa4type\x00\xa3nsp\x01") },
        { BYTES("\x82\xa4type\x02\xa3nsp\xa1/") },
        { BYTES("\x83\xa4type\x02\xa3nsp\xa1/\xa4" "data\x80") },
        { BYTES("\x83\xa4type\x00\xa3nsp\xa1/\xa4" "data\x90") },
        { BYTES("\x83\xa4type\x00\xa3nsp\xa1/\xa4" "data\x81\xa1k\xc4\x00") },
        { BYTES("\x83\xa4type\x01\xa3nsp\xa1/\xa4" "data\xc0") },
        { BYTES("\x84\xa4type\x03\xa3nsp\xa1/\xa4" "data\x90\xa2id\xff") },
        { BYTES("\x84\xa4type\x03\xa3nsp\xa1/\xa4" "data\x90\xa2id\xa1x") },
        { BYTES("\x84\xa4type\x03\xa3nsp\xa1/\xa4" "data\x90\xa2id\xcf\x00\x20"
                "\x00\x00\x00\x00\x00\x01") },
        { BYTES("\x83\xa4type\x02\xa3nsp\xa1/\xa4" "data\x93\xa1x\xc4\x00\x82"
                "\xac_placeholder\xc3\xa3num\x07") },
        { BYTES("\x83\xa4type\x02\xa3nsp\xa1/\xa4" "data\x93\xa1x\xc4\x00\x82"
                "\xac_placeholder\xc3\xa3num\x00") },
        { BYTES("\x82\x01\x02\xa4type\x00\xa3nsp\xa1/") }
    };

    (void) state;

    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        rooms_buf_init(&b, 0);
        assert_int_equal(packet(bad[i].data, bad[i].len, &pkt, &b, bins),
                         ROOMS_ERROR);
        rooms_buf_free(&b);
    }

    rooms_buf_init(&b, 5);
    assert_int_equal(packet(BYTES("\x83\xa4type\x02\xa3nsp\xa1/\xa4" "data\x91"
                                  "\xa5xxxxx"), &pkt, &b, bins),
                     ROOMS_DECLINED);
    rooms_buf_free(&b);
}


static void
test_packet_write(void **state)
{
    rooms_buf_t         b;
    rooms_str_t         bins[1];
    rooms_sio_packet_t  pkt;

    (void) state;

    rooms_buf_init(&b, 0);
    bins[0] = rooms_str("z", 1);

    pkt.type = ROOMS_SIO_BINARY_ACK;
    pkt.attachments = 1;
    pkt.nsp = rooms_str("/a", 2);
    pkt.id = 300;
    pkt.data = rooms_str(BYTES("[{\"_placeholder\":true,\"num\":0}]"));

    rooms_msgpack_packet_write(&b, &pkt, bins);

    assert_int_equal(b.len, 29);
    assert_memory_equal(b.data, "\x84\xa4type\x03\xa3nsp\xa2/a\xa4" "data\x91"
                        "\xc4\x01z\xa2id\xcd\x01\x2c", 29);

    rooms_buf_reset(&b);

    pkt.type = ROOMS_SIO_DISCONNECT;
    pkt.attachments = 0;
    pkt.nsp = rooms_str("/", 1);
    pkt.id = ROOMS_SIO_NO_ACK;
    pkt.data = rooms_str(NULL, 0);

    rooms_msgpack_packet_write(&b, &pkt, NULL);

    assert_int_equal(b.len, 13);
    assert_memory_equal(b.data, "\x82\xa4type\x01\xa3nsp\xa1/", 13);

    rooms_buf_free(&b);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_scalars),
        cmocka_unit_test(test_reals),
        cmocka_unit_test(test_strings),
        cmocka_unit_test(test_times),
        cmocka_unit_test(test_containers),
        cmocka_unit_test(test_binaries),
        cmocka_unit_test(test_damage),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_from_json),
        cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_not_json),
        cmocka_unit_test(test_no_memory),
        cmocka_unit_test(test_packets),
        cmocka_unit_test(test_bad_packets),
        cmocka_unit_test(test_packet_write)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
