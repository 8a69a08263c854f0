
/*
 * Copyright (C) nginx rooms contributors
 *
 * What the reader makes of a run of octets is written down as text: "t(..)"
 * and "b(..)" are messages, "T(..)" and "B(..)" compressed ones, "i(..)" and
 * "o(..)" ping and pong, "c1000(..)" a close, "!1002" the end by an error.
 */


#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <rooms_ws.h>


#define TEXT   (ROOMS_WS_FIN|ROOMS_WS_TEXT)
#define BIN    (ROOMS_WS_FIN|ROOMS_WS_BINARY)
#define CONT   (ROOMS_WS_FIN|ROOMS_WS_CONTINUATION)
#define PING   (ROOMS_WS_FIN|ROOMS_WS_PING)
#define PONG   (ROOMS_WS_FIN|ROOMS_WS_PONG)
#define CLOSE  (ROOMS_WS_FIN|ROOMS_WS_CLOSE)

#define frame(first, s)   add_frame(first, s, sizeof(s) - 1)
#define raw(s)            rooms_buf_append(&wire, s, sizeof(s) - 1)


static rooms_buf_t        wire, seen;
static rooms_ws_limits_t  limits;


static int
setup(void **state)
{
    (void) state;

    rooms_buf_reset(&wire);

    limits.max_message = 1000000;
    limits.max_fragments = 100;
    limits.deflate = 0;

    return 0;
}


static int
teardown(void **state)
{
    (void) state;

    rooms_buf_free(&wire);
    rooms_buf_free(&seen);

    return 0;
}


static void
add_frame(unsigned first, const void *payload, size_t n)
{
    size_t         i, at;
    unsigned char  h[ROOMS_WS_HEADER_MAX], mask[4];

    at = rooms_ws_header(h, first, n);
    h[1] |= 0x80;

    for (i = 0; i < 4; i++) {
        mask[i] = (unsigned char) (0x3d + 0x51 * i + wire.len);
    }

    rooms_buf_append(&wire, h, at);
    rooms_buf_append(&wire, mask, 4);

    for (i = 0; i < n; i++) {
        rooms_buf_byte(&wire, ((unsigned char *) payload)[i] ^ mask[i & 3]);
    }
}


static void
note(const rooms_ws_event_t *ev)
{
    static const char  names[] = " tb.....cio";

    char  name;

    name = names[ev->opcode];

    rooms_buf_byte(&seen, (unsigned char) (ev->compressed ? name - 32 : name));

    if (ev->opcode == ROOMS_WS_CLOSE) {
        rooms_buf_uint(&seen, ev->code);

    } else {
        assert_int_equal(ev->code, 0);
    }

    rooms_buf_byte(&seen, '(');
    rooms_buf_append(&seen, ev->payload, ev->len);
    rooms_buf_byte(&seen, ')');
}


/* Reads one piece; its memory is its own, so that overruns show. */

static rooms_int_t
piece(rooms_ws_reader_t *r, const unsigned char *data, size_t n)
{
    size_t             used, at;
    rooms_int_t        rc;
    unsigned char     *copy;
    rooms_ws_event_t   ev;

    copy = malloc(n ? n : 1);
    assert_non_null(copy);

    if (n) {
        memcpy(copy, data, n);
    }

    at = 0;

    do {
        rc = rooms_ws_read(r, &limits, copy + at, n - at, &used, &ev);

        assert_true(used <= n - at);
        at += used;

        if (rc == ROOMS_OK) {
            note(&ev);
        }

    } while (rc == ROOMS_OK);

    if (rc == ROOMS_ERROR) {
        rooms_buf_byte(&seen, '!');
        rooms_buf_uint(&seen, r->close);

    } else {
        assert_int_equal(rc, ROOMS_AGAIN);
        assert_int_equal(at, n);
    }

    free(copy);

    return rc;
}


/* Reads the wire in pieces: up to a, up to b, and then step by step. */

static void
expect_cut(size_t a, size_t b, size_t step, const char *expected)
{
    size_t             n, at;
    rooms_int_t        rc;
    rooms_ws_reader_t  r;

    memset(&r, 0, sizeof(r));
    rooms_buf_reset(&seen);

    rc = piece(&r, wire.data, a);

    if (rc == ROOMS_AGAIN && b > a) {
        rc = piece(&r, wire.data + a, b - a);
    }

    for (at = b; rc == ROOMS_AGAIN && at < wire.len; at += n) {
        n = wire.len - at < step ? wire.len - at : step;
        rc = piece(&r, wire.data + at, n);
    }

    rooms_ws_reader_free(&r);

    rooms_buf_byte(&seen, '\0');
    assert_string_equal((char *) seen.data, expected);
}


/* The same must come of the wire wherever it is cut. */

static void
expect(const char *expected)
{
    size_t  i;

    expect_cut(wire.len, wire.len, 1, expected);

    for (i = 0; i <= wire.len; i++) {
        expect_cut(i, i, wire.len, expected);
    }

    for (i = 0; i < wire.len; i++) {
        expect_cut(i, i + 1, wire.len, expected);
    }

    for (i = 1; i < 18; i++) {
        expect_cut(0, 0, i, expected);
    }

    rooms_buf_reset(&wire);
}


static void
test_messages(void **state)
{
    (void) state;

    expect("");

    frame(TEXT, "Hello");
    expect("t(Hello)");

    frame(BIN, "\x01\xff\xfe");
    expect("b(\x01\xff\xfe)");

    frame(TEXT, "");
    frame(BIN, "");
    frame(TEXT, "a");
    frame(BIN, "0123456789abcdef0123456789abcdef");
    expect("t()b()t(a)b(0123456789abcdef0123456789abcdef)");

    /* the examples of RFC 6455, section 5.7 */

    raw("\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58");
    raw("\x8a\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58");
    expect("t(Hello)o(Hello)");
}


static void
test_fragments(void **state)
{
    (void) state;

    frame(ROOMS_WS_TEXT, "Hel");
    frame(CONT, "lo");
    expect("t(Hello)");

    frame(ROOMS_WS_BINARY, "");
    frame(ROOMS_WS_CONTINUATION, "");
    frame(CONT, "");
    expect("b()");

    frame(ROOMS_WS_TEXT, "");
    frame(ROOMS_WS_CONTINUATION, "a");
    frame(ROOMS_WS_CONTINUATION, "");
    frame(ROOMS_WS_CONTINUATION, "bc");
    frame(CONT, "");
    frame(TEXT, "d");
    expect("t(abc)t(d)");

    frame(ROOMS_WS_TEXT, "");
    frame(CONT, "all in the last");
    expect("t(all in the last)");
}


static void
test_control_between_fragments(void **state)
{
    (void) state;

    frame(ROOMS_WS_TEXT, "one ");
    frame(PING, "ping payload");
    frame(ROOMS_WS_CONTINUATION, "two ");
    frame(PONG, "");
    frame(PING, "");
    frame(CONT, "three");
    frame(CLOSE, "\x03\xe8" "bye");
    expect("i(ping payload)o()i()t(one two three)c1000(bye)");
}


static void
test_control_frames(void **state)
{
    char  payload[126], expected[200];

    (void) state;

    memset(payload, 'p', sizeof(payload));

    add_frame(PING, payload, 125);
    (void) snprintf(expected, sizeof(expected), "i(%.125s)", payload);
    expect(expected);

    add_frame(PING, payload, 126);
    expect("!1002");

    frame(ROOMS_WS_PING, "fragmented");
    expect("!1002");

    /* a control frame's length in the extended form */

    raw("\x89\xfe\x00\x05\1\2\3\4xxxxx");
    expect("!1002");

    frame(PING, "\xff not text");
    expect("i(\xff not text)");
}


static void
test_bad_fragmentation(void **state)
{
    (void) state;

    frame(CONT, "nothing to go on with");
    expect("!1002");

    frame(ROOMS_WS_CONTINUATION, "");
    expect("!1002");

    frame(ROOMS_WS_TEXT, "begun");
    frame(TEXT, "begun again");
    expect("!1002");

    frame(ROOMS_WS_TEXT, "a");
    frame(CONT, "b");
    frame(CONT, "c");
    expect("t(ab)!1002");
}


static void
test_bad_headers(void **state)
{
    unsigned  opcode, rsv;

    (void) state;

    for (opcode = 0; opcode < 16; opcode++) {

        if (opcode < 3 || (opcode > 7 && opcode < 11)) {
            continue;
        }

        frame(TEXT, "ok");
        frame(ROOMS_WS_FIN | opcode, "");
        expect("t(ok)!1002");
    }

    for (rsv = 0x10; rsv <= 0x70; rsv += 0x10) {
        frame(TEXT | rsv, "reserved");
        expect("!1002");

        frame(PING | rsv, "reserved");
        expect("!1002");
    }

    raw("\x81\x05Hello");
    expect("!1002");

    raw("\x89\x00");
    expect("!1002");
}


static void
test_lengths(void **state)
{
    (void) state;

    raw("\x82\xfe\x00\x7d\1\2\3\4");
    expect("!1002");

    raw("\x82\xff\0\0\0\0\0\0\xff\xff\1\2\3\4");
    expect("!1002");

    raw("\x82\xff\x80\0\0\0\0\0\0\1\1\2\3\4");
    expect("!1002");

    raw("\x82\xff\xff\xff\xff\xff\xff\xff\xff\xff\1\2\3\4");
    expect("!1002");

    raw("\x82\xff\x7f\xff\xff\xff\xff\xff\xff\xff\1\2\3\4");
    expect("!1009");
}


/* All lengths around the edges of the forms, and those of unmasking. */

static void
test_payload_sizes(void **state)
{
    static const size_t  sizes[] = { 124, 125, 126, 127, 128, 65535, 65536,
                                     65537, 300000 };

    size_t              i, k, n, used, at;
    rooms_int_t         rc;
    rooms_ws_event_t    ev;
    rooms_ws_reader_t   r;
    unsigned char      *payload;

    (void) state;

    payload = malloc(300000);
    assert_non_null(payload);

    for (i = 0; i < 300000; i++) {
        payload[i] = (unsigned char) (i * 7 + (i >> 8));
    }

    for (i = 0; i < 100 + sizeof(sizes) / sizeof(sizes[0]); i++) {
        n = i < 100 ? i : sizes[i - 100];

        for (k = 0; k < 3; k++) {
            rooms_buf_reset(&wire);
            add_frame(BIN, payload, n);
            memset(&r, 0, sizeof(r));

            at = k ? (k == 1 ? wire.len / 2 : wire.len - 1) : 0;

            rc = rooms_ws_read(&r, &limits, wire.data, at, &used, &ev);
            assert_int_equal(rc, ROOMS_AGAIN);
            assert_int_equal(used, at);

            rc = rooms_ws_read(&r, &limits, wire.data + at, wire.len - at,
                               &used, &ev);
            assert_int_equal(rc, ROOMS_OK);
            assert_int_equal(used, wire.len - at);
            assert_int_equal(ev.len, n);
            assert_memory_equal(ev.payload, payload, n);

            rooms_ws_reader_free(&r);
        }
    }

    free(payload);
}


static void
test_message_limit(void **state)
{
    (void) state;

    limits.max_message = 10;

    frame(BIN, "0123456789");
    expect("b(0123456789)");

    frame(BIN, "0123456789a");
    expect("!1009");

    frame(ROOMS_WS_TEXT, "01234");
    frame(ROOMS_WS_CONTINUATION, "56789");
    frame(CONT, "");
    expect("t(0123456789)");

    /* from the header alone, whatever the frame would be */

    frame(ROOMS_WS_TEXT, "01234");
    raw("\x00\x86\1\2\3\4");
    expect("!1009");

    raw("\x82\xfe\x12\x34\1\2\3\4");
    expect("!1009");

    limits.max_message = 0;

    frame(BIN, "");
    frame(BIN, "0");
    expect("b()!1009");

    /* control frames do not count */

    limits.max_message = 4;

    frame(ROOMS_WS_TEXT, "0123");
    frame(PING, "0123456789");
    frame(CONT, "");
    expect("i(0123456789)t(0123)");
}


static void
test_fragment_limit(void **state)
{
    (void) state;

    limits.max_fragments = 3;

    frame(ROOMS_WS_TEXT, "a");
    frame(ROOMS_WS_CONTINUATION, "");
    frame(PING, "");
    frame(PING, "");
    frame(CONT, "b");
    frame(ROOMS_WS_TEXT, "c");
    frame(ROOMS_WS_CONTINUATION, "d");
    frame(ROOMS_WS_CONTINUATION, "");
    frame(CONT, "");
    expect("i()i()t(ab)!1009");
}


static void
test_compressed(void **state)
{
    (void) state;

    limits.deflate = 1;

    frame(TEXT|ROOMS_WS_RSV1, "\xff\xfe");
    frame(TEXT, "plain");
    frame(ROOMS_WS_BINARY|ROOMS_WS_RSV1, "\xff");
    frame(PING, "");
    frame(CONT, "\xfe");
    expect("T(\xff\xfe)t(plain)i()B(\xff\xfe)");

    frame(ROOMS_WS_TEXT|ROOMS_WS_RSV1, "a");
    frame(CONT|ROOMS_WS_RSV1, "b");
    expect("!1002");

    frame(ROOMS_WS_TEXT, "a");
    frame(CONT|ROOMS_WS_RSV1, "b");
    expect("!1002");

    frame(PING|ROOMS_WS_RSV1, "a");
    expect("!1002");

    frame(TEXT|ROOMS_WS_RSV1|0x20, "a");
    expect("!1002");
}


static void
test_utf8(void **state)
{
    (void) state;

    frame(TEXT, "\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5");
    expect("t(\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5)");

    frame(ROOMS_WS_TEXT, "\xf0");
    frame(ROOMS_WS_CONTINUATION, "\x9f");
    frame(PING, "\xff");
    frame(ROOMS_WS_CONTINUATION, "");
    frame(CONT, "\x98\x80");
    frame(TEXT, "next");
    expect("i(\xff)t(\xf0\x9f\x98\x80)t(next)");

    frame(TEXT, "cut within \xf0\x9f\x98");
    expect("!1007");

    frame(ROOMS_WS_TEXT, "cut within \xf0\x9f\x98");
    frame(CONT, "");
    expect("!1007");

    frame(ROOMS_WS_TEXT, "\xe2\x82");
    frame(CONT, "ascii");
    expect("!1007");

    frame(TEXT, "surrogate \xed\xa0\x80");
    expect("!1007");

    frame(BIN, "\xed\xa0\x80");
    expect("b(\xed\xa0\x80)");
}


/* Section 8.1 of RFC 6455: not later than at the first bad octet. */

static void
test_utf8_fails_fast(void **state)
{
    size_t             used;
    rooms_ws_event_t   ev;
    rooms_ws_reader_t  r;

    (void) state;

    frame(TEXT, "good\xff and so on");
    memset(&r, 0, sizeof(r));

    assert_int_equal(rooms_ws_read(&r, &limits, wire.data, 6 + 4, &used, &ev),
                     ROOMS_AGAIN);
    assert_int_equal(rooms_ws_read(&r, &limits, wire.data + 10, 1, &used, &ev),
                     ROOMS_ERROR);
    assert_int_equal(r.close, ROOMS_WS_INVALID);

    /* and that was the end */

    assert_int_equal(rooms_ws_read(&r, &limits, wire.data + 11, 1, &used,
                                   &ev), ROOMS_ERROR);
    assert_int_equal(used, 0);

    rooms_ws_reader_free(&r);
}


static void
test_close_codes(void **state)
{
    char      expected[32];
    unsigned  code, good, i;

    static const unsigned  codes[] = {
        0, 1, 999, 1000, 1001, 1002, 1003, 1004, 1005, 1006, 1007, 1008, 1009,
        1010, 1011, 1012, 1013, 1014, 1015, 1016, 1100, 2000, 2999, 3000,
        3999, 4000, 4999, 5000, 65535
    };

    (void) state;

    for (i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
        code = codes[i];

        good = (code >= 1000 && code <= 1014 && code != 1004 && code != 1005
                && code != 1006) || (code >= 3000 && code <= 4999);

        add_frame(CLOSE, (char []) { (char) (code >> 8), (char) code }, 2);

        (void) snprintf(expected, sizeof(expected), good ? "c%u()" : "!1002",
                        code);
        expect(expected);
    }
}


static void
test_close_bodies(void **state)
{
    (void) state;

    frame(CLOSE, "");
    expect("c1005()");

    frame(CLOSE, "\x03");
    expect("!1002");

    frame(CLOSE, "\x03\xe8\xe2\x82\xac");
    expect("c1000(\xe2\x82\xac)");

    frame(CLOSE, "\x03\xe8\xe2\x82");
    expect("!1007");

    frame(CLOSE, "\x03\xe8\xff");
    expect("!1007");

    frame(ROOMS_WS_CLOSE, "\x03\xe8");
    expect("!1002");
}


static void
test_in_place(void **state)
{
    size_t             used;
    rooms_ws_event_t   ev;
    rooms_ws_reader_t  r;

    (void) state;

    memset(&r, 0, sizeof(r));
    frame(TEXT, "in place");

    assert_int_equal(rooms_ws_read(&r, &limits, wire.data, wire.len, &used,
                                   &ev), ROOMS_OK);
    assert_int_equal(used, wire.len);
    assert_ptr_equal(ev.payload, wire.data + 6);
    assert_null(r.message.data);
    assert_null(r.partial);
}


/* What was collected goes with the next call, even an empty one. */

static void
test_memory_is_given_back(void **state)
{
    size_t             used;
    rooms_ws_event_t   ev;
    rooms_ws_reader_t  r;

    (void) state;

    memset(&r, 0, sizeof(r));
    frame(TEXT, "in two parts");

    assert_int_equal(rooms_ws_read(&r, &limits, wire.data, 9, &used, &ev),
                     ROOMS_AGAIN);
    assert_non_null(r.message.data);
    assert_int_equal(rooms_ws_read(&r, &limits, wire.data + 9, wire.len - 9,
                                   &used, &ev), ROOMS_OK);
    assert_ptr_equal(ev.payload, r.message.data);

    assert_int_equal(rooms_ws_read(&r, &limits, NULL, 0, &used, &ev),
                     ROOMS_AGAIN);
    assert_null(r.message.data);

    rooms_buf_reset(&wire);
    frame(ROOMS_WS_TEXT, "open");
    frame(PING, "in two parts");

    assert_int_equal(rooms_ws_read(&r, &limits, wire.data, 10 + 9, &used, &ev),
                     ROOMS_AGAIN);
    assert_non_null(r.partial);
    assert_int_equal(rooms_ws_read(&r, &limits, wire.data + 19, wire.len - 19,
                                   &used, &ev), ROOMS_OK);
    assert_ptr_equal(ev.payload, r.partial);

    assert_int_equal(rooms_ws_read(&r, &limits, NULL, 0, &used, &ev),
                     ROOMS_AGAIN);
    assert_null(r.partial);
    assert_int_equal(r.message.len, 4);

    rooms_ws_reader_free(&r);
    assert_null(r.message.data);
}


/* A declared length takes no memory; what arrives takes at most twice. */

static void
test_memory_follows_arrival(void **state)
{
    size_t             i, used;
    unsigned char      c;
    rooms_ws_event_t   ev;
    rooms_ws_reader_t  r;

    (void) state;

    memset(&r, 0, sizeof(r));
    raw("\x82\xff\0\0\0\0\0\x0f\0\0\1\2\3\4");

    assert_int_equal(rooms_ws_read(&r, &limits, wire.data, wire.len, &used,
                                   &ev), ROOMS_AGAIN);
    assert_int_equal(r.message.cap, 0);

    for (i = 1; i < 10000; i++) {
        c = 'x';
        assert_int_equal(rooms_ws_read(&r, &limits, &c, 1, &used, &ev),
                         ROOMS_AGAIN);
        assert_true(r.message.cap <= 64 + 2 * i);
    }

    rooms_ws_reader_free(&r);
}


static void
test_many_fragments(void **state)
{
    size_t             i, n, used, at;
    rooms_int_t        rc;
    rooms_ws_event_t   ev;
    rooms_ws_reader_t  r;

    (void) state;

    limits.max_fragments = 65536;
    limits.max_message = 65536 * 3;

    frame(ROOMS_WS_TEXT, "\xe2\x82\xac");

    for (i = 1; i < 65535; i++) {
        frame(ROOMS_WS_CONTINUATION, "\xe2\x82\xac");
    }

    frame(CONT, "\xe2\x82\xac");

    memset(&r, 0, sizeof(r));
    rc = ROOMS_AGAIN;

    for (at = 0; at < wire.len && rc == ROOMS_AGAIN; at += used) {
        n = wire.len - at < 4000 ? wire.len - at : 4000;
        rc = rooms_ws_read(&r, &limits, wire.data + at, n, &used, &ev);
    }

    assert_int_equal(rc, ROOMS_OK);
    assert_int_equal(at, wire.len);
    assert_int_equal(ev.len, 65536 * 3);

    for (i = 0; i < ev.len; i += 3) {
        assert_memory_equal(ev.payload + i, "\xe2\x82\xac", 3);
    }

    rooms_ws_reader_free(&r);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test_setup_teardown(test_messages, setup, teardown),
        cmocka_unit_test_setup_teardown(test_fragments, setup, teardown),
        cmocka_unit_test_setup_teardown(test_control_between_fragments,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(test_control_frames, setup, teardown),
        cmocka_unit_test_setup_teardown(test_bad_fragmentation,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(test_bad_headers, setup, teardown),
        cmocka_unit_test_setup_teardown(test_lengths, setup, teardown),
        cmocka_unit_test_setup_teardown(test_payload_sizes, setup, teardown),
        cmocka_unit_test_setup_teardown(test_message_limit, setup, teardown),
        cmocka_unit_test_setup_teardown(test_fragment_limit, setup, teardown),
        cmocka_unit_test_setup_teardown(test_many_fragments, setup, teardown),
        cmocka_unit_test_setup_teardown(test_compressed, setup, teardown),
        cmocka_unit_test_setup_teardown(test_utf8, setup, teardown),
        cmocka_unit_test_setup_teardown(test_utf8_fails_fast,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(test_close_codes, setup, teardown),
        cmocka_unit_test_setup_teardown(test_close_bodies, setup, teardown),
        cmocka_unit_test_setup_teardown(test_in_place, setup, teardown),
        cmocka_unit_test_setup_teardown(test_memory_is_given_back,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(test_memory_follows_arrival,
                                        setup, teardown)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
