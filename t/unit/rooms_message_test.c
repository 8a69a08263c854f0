
/*
 * Copyright (C) nginx rooms contributors
 */


#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include <rooms_message.h>


static const rooms_message_t  messages[] = {
    { ROOMS_TO_ALL, 0, 0, 0, rooms_null_string, rooms_string("[\"a\",1]"), 0,
      0, rooms_null_string },
    { ROOMS_TO_OTHERS, 0, 0, 1, rooms_string("sid1"), rooms_string("[\"b\"]"),
      3, 0, rooms_null_string },
    { ROOMS_TO_SOCKET, 0, 0x82, 0, rooms_string("sid2"), rooms_string("[]"), 0,
      2, rooms_string("\3\0\0\0abc\0\0\0\0") }
};

#define NMESSAGES  3


static void
write_all(rooms_buf_t *b)
{
    unsigned  i;

    rooms_buf_init(b, 0);

    for (i = 0; i < NMESSAGES; i++) {
        rooms_message_write(b, &messages[i]);
    }

    assert_int_equal(b->failed, 0);
}


static void
assert_same(rooms_str_t a, rooms_str_t b)
{
    assert_int_equal(a.len, b.len);

    if (a.len) {
        assert_memory_equal(a.data, b.data, a.len);
    }
}


static void
test_there_and_back(void **state)
{
    unsigned         i;
    rooms_buf_t      b;
    rooms_str_t      in;
    rooms_message_t  m;

    (void) state;

    write_all(&b);
    in = rooms_str(b.data, b.len);

    for (i = 0; i < NMESSAGES; i++) {
        assert_int_equal(rooms_message_read(&in, &m), ROOMS_OK);
        assert_int_equal(m.audience, messages[i].audience);
        assert_int_equal(m.variants, messages[i].variants);
        assert_int_equal(m.ephemeral, messages[i].ephemeral);
        assert_int_equal(m.id_at, messages[i].id_at);
        assert_int_equal(m.nattachments, messages[i].nattachments);
        assert_same(m.sid, messages[i].sid);
        assert_same(m.args, messages[i].args);
        assert_same(m.attachments, messages[i].attachments);
    }

    assert_int_equal(rooms_message_read(&in, &m), ROOMS_DONE);
    rooms_buf_free(&b);
}


static void
test_octets(void **state)
{
    rooms_buf_t  b;

    static const char  expected[] =
        "\1\0\3" "\4\0" "sid1" "\5\0\0\0" "[\"b\"]" "\3\0\0\0"
        "\0\0";

    (void) state;

    rooms_buf_init(&b, 0);
    rooms_message_write(&b, &messages[1]);
    assert_int_equal(b.len, sizeof(expected) - 1);
    assert_memory_equal(b.data, expected, b.len);
    rooms_buf_free(&b);
}


static void
test_cut_anywhere(void **state)
{
    size_t           n, at, len[NMESSAGES + 1];
    unsigned         i;
    rooms_buf_t      b;
    rooms_str_t      in;
    rooms_int_t      rc;
    rooms_message_t  m;

    (void) state;

    write_all(&b);
    in = rooms_str(b.data, b.len);
    len[0] = 0;

    for (i = 0; i < NMESSAGES; i++) {
        assert_int_equal(rooms_message_read(&in, &m), ROOMS_OK);
        len[i + 1] = b.len - in.len;
    }

    for (n = 0; n <= b.len; n++) {
        in = rooms_str(b.data, n);
        i = 0;

        for ( ;; ) {
            at = n - in.len;
            rc = rooms_message_read(&in, &m);

            if (rc != ROOMS_OK) {
                break;
            }

            i++;
            assert_int_equal(n - in.len, len[i]);
        }

        /* cut between messages, it is just shorter; nothing is taken else */

        assert_int_equal(rc, n == len[i] ? ROOMS_DONE : ROOMS_ERROR);
        assert_int_equal(n - in.len, at);
    }

    rooms_buf_free(&b);
}


static void
test_damaged(void **state)
{
    rooms_buf_t      b;
    rooms_str_t      in;
    rooms_message_t  m;

    (void) state;

    rooms_buf_init(&b, 0);
    rooms_message_write(&b, &messages[0]);
    b.data[0] = 3;
    in = rooms_str(b.data, b.len);
    assert_int_equal(rooms_message_read(&in, &m), ROOMS_ERROR);
    assert_int_equal(in.len, b.len);
    rooms_buf_free(&b);
}


static void
test_meant(void **state)
{
    rooms_str_t      one = rooms_string("one"), two = rooms_string("two");
    rooms_str_t      on = rooms_string("on");
    rooms_message_t  m;

    (void) state;

    memset(&m, 0, sizeof(rooms_message_t));

    m.audience = ROOMS_TO_ALL;
    assert_int_equal(rooms_message_meant(&m, one, 0), 1);
    assert_int_equal(rooms_message_meant(&m, one, 7), 1);

    m.audience = ROOMS_TO_OTHERS;
    m.sid = one;
    assert_int_equal(rooms_message_meant(&m, one, 0), 0);
    assert_int_equal(rooms_message_meant(&m, two, 0), 1);
    assert_int_equal(rooms_message_meant(&m, on, 0), 1);

    m.audience = ROOMS_TO_SOCKET;
    assert_int_equal(rooms_message_meant(&m, one, 0), 1);
    assert_int_equal(rooms_message_meant(&m, two, 0), 0);
    assert_int_equal(rooms_message_meant(&m, on, 0), 0);

    /* the variant has to fit as well */

    m.variants = 0x81;
    assert_int_equal(rooms_message_meant(&m, one, 0), 1);
    assert_int_equal(rooms_message_meant(&m, one, 1), 0);
    assert_int_equal(rooms_message_meant(&m, one, 7), 1);
    assert_int_equal(rooms_message_meant(&m, two, 7), 0);
}


static void
test_ids(void **state)
{
    unsigned  i;
    uint64_t  id, last;

    (void) state;

    /* the ids of a record's messages rise, and stay within the record's */

    for (last = 800, i = 0; i < 7; i++) {
        id = rooms_message_id(800, i, 0);

        assert_true(i == 0 ? id == 800 : id > last);
        assert_int_equal(rooms_message_record(id), 800);
        assert_int_equal(rooms_message_whole(id), 807);
        last = id;
    }

    /* those that are too many share one, which is not the last */

    assert_int_equal(rooms_message_id(800, 7, 0), last);
    assert_int_equal(rooms_message_id(800, 70, 0), last);

    /* the last message says that the whole record was had */

    for (i = 0; i < 70; i++) {
        assert_int_equal(rooms_message_id(800, i, 1),
                         rooms_message_whole(800));
    }

    assert_int_equal(rooms_message_record(rooms_message_whole(800)), 800);
    assert_true(rooms_message_whole(800) < 808);
}


int
main(void)
{
    static const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_there_and_back),
        cmocka_unit_test(test_octets),
        cmocka_unit_test(test_cut_anywhere),
        cmocka_unit_test(test_damaged),
        cmocka_unit_test(test_meant),
        cmocka_unit_test(test_ids),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
