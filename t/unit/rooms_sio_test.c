
/*
 * Copyright (C) nginx rooms contributors
 */


#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <rooms_sio.h>


#define NO_ACK  ROOMS_SIO_NO_ACK


static rooms_int_t
parse(const char *text, rooms_sio_packet_t *pkt, char **copy)
{
    size_t  n;

    /* no zero octet behind it, so that overruns show */

    n = strlen(text);
    *copy = malloc(n ? n : 1);
    assert_non_null(*copy);

    memcpy(*copy, text, n);

    return rooms_sio_parse(rooms_str(*copy, n), 10, pkt);
}


static void
expect(const char *text, unsigned type, unsigned attachments,
    const char *nsp, uint64_t id, const char *data)
{
    char                *copy;
    rooms_sio_packet_t   pkt;

    assert_int_equal(parse(text, &pkt, &copy), ROOMS_OK);

    assert_int_equal(pkt.type, type);
    assert_int_equal(pkt.attachments, attachments);
    assert_int_equal(pkt.nsp.len, strlen(nsp));
    assert_memory_equal(pkt.nsp.data, nsp, pkt.nsp.len);
    assert_true(pkt.id == id);
    assert_int_equal(pkt.data.len, strlen(data));
    assert_memory_equal(pkt.data.data, data, pkt.data.len);

    free(copy);
}


static void
refuse(const char *text)
{
    char                *copy;
    rooms_sio_packet_t   pkt;

    assert_int_equal(parse(text, &pkt, &copy), ROOMS_ERROR);

    free(copy);
}


static void
test_connect(void **state)
{
    (void) state;

    expect("0", 0, 0, "/", NO_ACK, "");
    expect("0{\"token\":\"a\"}", 0, 0, "/", NO_ACK, "{\"token\":\"a\"}");
    expect("0/", 0, 0, "/", NO_ACK, "");
    expect("0/,", 0, 0, "/", NO_ACK, "");
    expect("0/,{}", 0, 0, "/", NO_ACK, "{}");
    expect("0/custom", 0, 0, "/custom", NO_ACK, "");
    expect("0/custom,", 0, 0, "/custom", NO_ACK, "");
    expect("0/custom,{}", 0, 0, "/custom", NO_ACK, "{}");
    expect("0/custom?token=a,{}", 0, 0, "/custom?token=a", NO_ACK, "{}");
    expect("0/\xc3\xa9,", 0, 0, "/\xc3\xa9", NO_ACK, "");

    refuse("0[]");
    refuse("0\"text\"");
    refuse("0null");
    refuse("0 ");
    refuse("0/custom,[]");
    refuse("0,");
}


static void
test_disconnect(void **state)
{
    (void) state;

    expect("1", 1, 0, "/", NO_ACK, "");
    expect("1/custom,", 1, 0, "/custom", NO_ACK, "");
    expect("1/custom", 1, 0, "/custom", NO_ACK, "");

    refuse("1{}");
    refuse("1/custom,[]");
}


static void
test_event(void **state)
{
    (void) state;

    expect("2[\"a\"]", 2, 0, "/", NO_ACK, "[\"a\"]");
    expect("20[\"a\"]", 2, 0, "/", 0, "[\"a\"]");
    expect("2/custom,[\"a\"]", 2, 0, "/custom", NO_ACK, "[\"a\"]");
    expect("2/custom,12[\"a\"]", 2, 0, "/custom", 12, "[\"a\"]");
    expect("2[\"/x,y\",1]", 2, 0, "/", NO_ACK, "[\"/x,y\",1]");

    refuse("2");
    refuse("2{}");
    refuse("212");
    refuse("2/custom");
    refuse("2/custom,");
    refuse("2\"text\"");
    refuse("2abc");
    refuse("2-[]");
    refuse("2 [\"a\"]");
}


static void
test_ack(void **state)
{
    (void) state;

    expect("30[]", 3, 0, "/", 0, "[]");
    expect("3/custom,7[1]", 3, 0, "/custom", 7, "[1]");
    expect("3[]", 3, 0, "/", NO_ACK, "[]");

    refuse("3");
    refuse("37");
    refuse("37{}");
}


static void
test_connect_error(void **state)
{
    (void) state;

    expect("4", 4, 0, "/", NO_ACK, "");
    expect("4/x,{\"message\":\"no\"}", 4, 0, "/x", NO_ACK,
           "{\"message\":\"no\"}");
    expect("4\"no\"", 4, 0, "/", NO_ACK, "\"no\"");

    refuse("4no");
    refuse("4[\"no\"]");
    refuse("4/,/2<905|o");
}


static void
test_ack_ids(void **state)
{
    (void) state;

    expect("200[]", 2, 0, "/", 0, "[]");
    expect("2007[]", 2, 0, "/", 7, "[]");
    expect("24294967296[]", 2, 0, "/", UINT64_C(4294967296), "[]");
    expect("29007199254740992[]", 2, 0, "/", UINT64_C(9007199254740992),
           "[]");
    expect("2000000000000000000000000000000001[]", 2, 0, "/", 1, "[]");

    refuse("29007199254740993[]");
    refuse("218446744073709551615[]");
    refuse("218446744073709551616[]");
    refuse("299999999999999999999999999999999999999999999[]");
    refuse("2-1[]");
    refuse("21.5[]");
}


static void
test_binary(void **state)
{
    (void) state;

    expect("51-[\"a\"]", 5, 1, "/", NO_ACK, "[\"a\"]");
    expect("510-/custom,13[\"a\"]", 5, 10, "/custom", 13, "[\"a\"]");
    expect("62-/custom,1[]", 6, 2, "/custom", 1, "[]");
    expect("5010-[]", 5, 10, "/", NO_ACK, "[]");

    refuse("5");
    refuse("5-[]");
    refuse("50-[]");
    refuse("5000-[]");
    refuse("511-[]");
    refuse("5999-[]");
    refuse("50001-[]");
    refuse("54294967297-[]");
    refuse("51");
    refuse("51[]");
    refuse("51-");
    refuse("51-{}");
    refuse("5[\"a\"]");
    refuse("5/custom,1-[]");
    refuse("61-");
    refuse("6[]");
}


static void
test_types(void **state)
{
    unsigned            i;
    unsigned char       c;
    rooms_sio_packet_t  pkt;

    (void) state;

    refuse("");
    refuse("7");
    refuse("9[]");
    refuse("a");
    refuse("-1");
    refuse("[\"a\"]");

    for (i = 0; i < 256; i++) {
        c = (unsigned char) i;

        assert_int_equal(rooms_sio_parse(rooms_str(&c, 1), 10, &pkt),
                         c == '0' || c == '1' || c == '4'
                         ? ROOMS_OK : ROOMS_ERROR);
    }

    assert_int_equal(rooms_sio_parse(rooms_str("51-[]", 5), 0, &pkt),
                     ROOMS_ERROR);
}


/* A packet's header has to come out as it was parsed. */

static void
expect_header(const char *text)
{
    char                *copy;
    rooms_buf_t          b;
    rooms_sio_packet_t   pkt;

    assert_int_equal(parse(text, &pkt, &copy), ROOMS_OK);

    rooms_buf_init(&b, 0);
    rooms_sio_header(&b, &pkt);
    rooms_buf_str(&b, pkt.data);
    rooms_buf_byte(&b, '\0');

    assert_string_equal((char *) b.data, text);

    rooms_buf_free(&b);
    free(copy);
}


static void
test_header(void **state)
{
    (void) state;

    expect_header("0{\"sid\":\"x\"}");
    expect_header("0/custom,{\"sid\":\"x\"}");
    expect_header("1");
    expect_header("1/custom,");
    expect_header("2[\"a\"]");
    expect_header("20[\"a\"]");
    expect_header("2/custom,9007199254740992[\"a\"]");
    expect_header("3/custom,1[]");
    expect_header("4/x?a=b,{\"message\":\"Invalid namespace\"}");
    expect_header("51-[\"a\"]");
    expect_header("610-/custom,3[]");
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_connect),
        cmocka_unit_test(test_disconnect),
        cmocka_unit_test(test_event),
        cmocka_unit_test(test_ack),
        cmocka_unit_test(test_connect_error),
        cmocka_unit_test(test_ack_ids),
        cmocka_unit_test(test_binary),
        cmocka_unit_test(test_types),
        cmocka_unit_test(test_header)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
