
/*
 * Copyright (C) nginx rooms contributors
 */


#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <rooms_eio.h>


static rooms_str_t
str(const char *s)
{
    return rooms_str(s, strlen(s));
}


/* A copy without a zero octet behind it, so that overruns show. */

static rooms_str_t
tight(const char *s)
{
    char    *copy;
    size_t   n;

    n = strlen(s);
    copy = malloc(n ? n : 1);
    assert_non_null(copy);

    memcpy(copy, s, n);

    return rooms_str(copy, n);
}


static void
test_packet(void **state)
{
    unsigned            i;
    unsigned char       c;
    rooms_eio_packet_t  pkt;

    (void) state;

    for (i = 0; i < 256; i++) {
        c = (unsigned char) i;

        assert_int_equal(rooms_eio_packet(rooms_str(&c, 1), &pkt),
                         c >= '0' && c <= '6' ? ROOMS_OK : ROOMS_ERROR);
    }

    assert_int_equal(rooms_eio_packet(rooms_str(NULL, 0), &pkt), ROOMS_ERROR);

    assert_int_equal(rooms_eio_packet(str("42[\"a\"]"), &pkt), ROOMS_OK);
    assert_int_equal(pkt.type, ROOMS_EIO_MESSAGE);
    assert_int_equal(pkt.data.len, 6);
    assert_memory_equal(pkt.data.data, "2[\"a\"]", 6);

    assert_int_equal(rooms_eio_packet(str("2probe"), &pkt), ROOMS_OK);
    assert_int_equal(pkt.type, ROOMS_EIO_PING);
    assert_memory_equal(pkt.data.data, "probe", 5);

    assert_int_equal(rooms_eio_packet(str("bAQID"), &pkt), ROOMS_ERROR);
}


/* Writes a payload's packets down as "4:data;", and how it ends. */

static void
expect_payload(const char *text, const char *expected)
{
    rooms_int_t         rc;
    rooms_buf_t         b;
    rooms_str_t         copy, payload;
    rooms_eio_packet_t  pkt;

    rooms_buf_init(&b, 0);

    copy = tight(text);
    payload = copy;

    while ((rc = rooms_eio_next(&payload, &pkt)) == ROOMS_OK) {
        rooms_buf_byte(&b, pkt.type);
        rooms_buf_byte(&b, ':');
        rooms_buf_str(&b, pkt.data);
        rooms_buf_byte(&b, ';');
    }

    rooms_buf_byte(&b, rc == ROOMS_DONE ? '.' : '!');
    rooms_buf_byte(&b, '\0');

    assert_string_equal((char *) b.data, expected);

    rooms_buf_free(&b);
    free((void *) copy.data);
}


static void
test_payload(void **state)
{
    (void) state;

    expect_payload("", ".");
    expect_payload("4hello", "4:hello;.");
    expect_payload("2", "2:;.");
    expect_payload("4a\x1e" "4b\x1e" "bAQID\x1e" "1",
                   "4:a;4:b;b:AQID;1:;.");
    expect_payload("b", "b:;.");
    expect_payload("4a\\u001eb", "4:a\\u001eb;.");

    /* empty packets: at the front, between, at the end */

    expect_payload("\x1e", "!");
    expect_payload("\x1e" "4a", "!");
    expect_payload("4a\x1e\x1e" "4b", "4:a;!");
    expect_payload("4a\x1e", "4:a;!");

    expect_payload("7", "!");
    expect_payload("4a\x1e" "abc", "4:a;!");
    expect_payload("xbAQID", "!");
}


static void
expect_decoded(const char *base64, const char *data, size_t n)
{
    rooms_buf_t  b;
    rooms_str_t  copy;

    copy = tight(base64);
    rooms_buf_init(&b, 0);
    rooms_buf_append(&b, "..", 2);

    assert_int_equal(rooms_eio_decode(copy, &b), ROOMS_OK);
    assert_int_equal(b.len, n + 2);
    assert_memory_equal(b.data, "..", 2);
    assert_memory_equal(b.data + 2, data, n);

    rooms_buf_free(&b);
    free((void *) copy.data);
}


static void
expect_refused(const char *base64)
{
    rooms_buf_t  b;
    rooms_str_t  copy;

    copy = tight(base64);
    rooms_buf_init(&b, 0);

    assert_int_equal(rooms_eio_decode(copy, &b), ROOMS_ERROR);
    assert_int_equal(b.len, 0);

    rooms_buf_free(&b);
    free((void *) copy.data);
}


/* RFC 4648, section 10 */

static void
test_decode(void **state)
{
    (void) state;

    expect_decoded("", "", 0);
    expect_decoded("Zg==", "f", 1);
    expect_decoded("Zm8=", "fo", 2);
    expect_decoded("Zm9v", "foo", 3);
    expect_decoded("Zm9vYg==", "foob", 4);
    expect_decoded("Zm9vYmE=", "fooba", 5);
    expect_decoded("Zm9vYmFy", "foobar", 6);
    expect_decoded("+/+/", "\xfb\xff\xbf", 3);
}


static void
test_decode_is_strict(void **state)
{
    unsigned  i, at;
    char      text[9];

    (void) state;

    expect_refused("Z");
    expect_refused("Zg");
    expect_refused("Zg=");
    expect_refused("Zg===");
    expect_refused("====");
    expect_refused("Z===");
    expect_refused("=g==");
    expect_refused("Zg=A");
    expect_refused("Zg==Zg==");
    expect_refused("Zm9vYg=");
    expect_refused("Zm9v ");
    expect_refused(" Zm9v");
    expect_refused("Zm\n9v===");
    expect_refused("-_-_");

    /* bits that go nowhere */

    expect_refused("Zh==");
    expect_refused("Zm9=");

    for (i = 1; i < 256; i++) {

        if (strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                   "0123456789+/", (int) i) != NULL)
        {
            continue;
        }

        for (at = 0; at < 8; at++) {
            memcpy(text, "Zm9vYmFy", 9);
            text[at] = (char) i;

            if (i == '=' && at == 7) {
                continue;
            }

            expect_refused(text);
        }
    }
}


static void
test_decode_limit(void **state)
{
    rooms_buf_t  b;

    (void) state;

    rooms_buf_init(&b, 4);

    assert_int_equal(rooms_eio_decode(str("Zm9vYg=="), &b), ROOMS_OK);
    assert_int_equal(b.len, 4);

    rooms_buf_reset(&b);
    assert_int_equal(rooms_eio_decode(str("Zm9vYmE="), &b), ROOMS_ERROR);
    assert_int_equal(b.failed, 1);

    rooms_buf_free(&b);
}


static void
test_encode(void **state)
{
    size_t         i, n;
    rooms_buf_t    b, back;
    unsigned char  data[100];

    (void) state;

    rooms_buf_init(&b, 0);
    rooms_buf_init(&back, 0);

    for (i = 0; i < sizeof(data); i++) {
        data[i] = (unsigned char) (i * 151 + 3);
    }

    for (n = 0; n <= sizeof(data); n++) {
        rooms_buf_reset(&b);
        rooms_buf_reset(&back);
        rooms_eio_encode(&b, rooms_str(data, n));

        assert_int_equal(b.failed, 0);
        assert_int_equal(b.len, 1 + (n + 2) / 3 * 4);
        assert_int_equal(b.data[0], 'b');

        assert_int_equal(rooms_eio_decode(rooms_str(b.data + 1, b.len - 1),
                                          &back), ROOMS_OK);
        assert_int_equal(back.len, n);
        assert_memory_equal(back.data, data, n);
    }

    rooms_buf_reset(&b);
    rooms_eio_encode(&b, str("fooba"));
    rooms_eio_encode(&b, str("\xfb\xff\xbf"));
    rooms_eio_encode(&b, str("f"));
    assert_int_equal(b.len, 19);
    assert_memory_equal(b.data, "bZm9vYmE=b+/+/bZg==", 19);

    rooms_buf_free(&b);
    rooms_buf_free(&back);
}


static void
test_encode_limit(void **state)
{
    rooms_buf_t  b;

    (void) state;

    rooms_buf_init(&b, 5);
    rooms_eio_encode(&b, str("foo"));
    assert_int_equal(b.failed, 0);

    rooms_eio_encode(&b, rooms_str(NULL, 0));
    assert_int_equal(b.failed, 1);
    assert_int_equal(b.len, 5);

    rooms_buf_free(&b);
}


static void
expect_open(const rooms_eio_open_t *o, const char *expected)
{
    rooms_buf_t  b;

    rooms_buf_init(&b, 0);
    rooms_eio_open(&b, o);
    rooms_buf_byte(&b, '\0');

    assert_string_equal((char *) b.data, expected);

    rooms_buf_free(&b);
}


static void
test_open(void **state)
{
    rooms_eio_open_t  o;

    (void) state;

    memset(&o, 0, sizeof(o));

    o.sid = str("lv_VI97HAXpY6yYWAAAC");
    o.upgrade = 1;
    o.ping_interval = 25000;
    o.ping_timeout = 20000;
    o.max_payload = 1000000;

    expect_open(&o, "0{\"sid\":\"lv_VI97HAXpY6yYWAAAC\","
                "\"upgrades\":[\"websocket\"],\"pingInterval\":25000,"
                "\"pingTimeout\":20000,\"maxPayload\":1000000}");

    o.upgrade = 0;

    expect_open(&o, "0{\"sid\":\"lv_VI97HAXpY6yYWAAAC\","
                "\"upgrades\":[],\"pingInterval\":25000,"
                "\"pingTimeout\":20000,\"maxPayload\":1000000}");
}


static void
test_sid(void **state)
{
    unsigned       i, k;
    unsigned char  random[15], back[15], sid[ROOMS_EIO_SID_LEN];

    (void) state;

    for (k = 0; k < 256; k++) {
        for (i = 0; i < sizeof(random); i++) {
            random[i] = (unsigned char) (k + i * k);
        }

        rooms_eio_sid(sid, random);

        for (i = 0; i < sizeof(sid); i++) {
            assert_non_null(memchr("ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                   "abcdefghijklmnopqrstuvwxyz"
                                   "0123456789-_", sid[i], 64));
        }

        assert_int_equal(rooms_eio_sid_parse(rooms_str(sid, sizeof(sid)),
                                             back), ROOMS_OK);
        assert_memory_equal(back, random, sizeof(random));
    }

    memset(random, 0xff, sizeof(random));
    rooms_eio_sid(sid, random);
    assert_memory_equal(sid, "____________________", 20);
}


static void
test_sid_parse(void **state)
{
    unsigned       i, at;
    unsigned char  random[15], sid[ROOMS_EIO_SID_LEN + 1];

    (void) state;

    assert_int_equal(rooms_eio_sid_parse(rooms_str(NULL, 0), random),
                     ROOMS_ERROR);
    assert_int_equal(rooms_eio_sid_parse(str("AAAAAAAAAAAAAAAAAAA"), random),
                     ROOMS_ERROR);
    assert_int_equal(rooms_eio_sid_parse(str("AAAAAAAAAAAAAAAAAAAAA"),
                                         random), ROOMS_ERROR);

    for (at = 0; at < ROOMS_EIO_SID_LEN; at++) {
        for (i = 0; i < 256; i++) {
            memset(sid, 'A', sizeof(sid));
            sid[at] = (unsigned char) i;

            assert_int_equal(rooms_eio_sid_parse(rooms_str(sid, 20), random),
                (i >= 'A' && i <= 'Z') || (i >= 'a' && i <= 'z')
                || (i >= '0' && i <= '9') || i == '-' || i == '_'
                ? ROOMS_OK : ROOMS_ERROR);
        }
    }
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_packet),
        cmocka_unit_test(test_payload),
        cmocka_unit_test(test_decode),
        cmocka_unit_test(test_decode_is_strict),
        cmocka_unit_test(test_decode_limit),
        cmocka_unit_test(test_encode),
        cmocka_unit_test(test_encode_limit),
        cmocka_unit_test(test_open),
        cmocka_unit_test(test_sid),
        cmocka_unit_test(test_sid_parse)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
