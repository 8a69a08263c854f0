
/*
 * Copyright (C) nginx rooms contributors
 */


#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include <rooms_decision.h>


static rooms_str_t
str(const char *s)
{
    return rooms_str(s, strlen(s));
}


#define assert_str_equal(s, text)                                             \
    do {                                                                      \
        rooms_str_t  s_ = (s);                                                \
                                                                              \
        assert_int_equal(s_.len, strlen(text));                               \
        if (s_.len) {                                                         \
            assert_memory_equal(s_.data, text, s_.len);                       \
        }                                                                     \
    } while (0)


static int
setup(void **state)
{
    static rooms_decision_t  d;

    rooms_decision_init(&d);
    *state = &d;

    return 0;
}


static int
teardown(void **state)
{
    rooms_decision_free(*state);

    return 0;
}


static void
test_fresh(void **state)
{
    rooms_decision_t  *d = *state;

    assert_int_equal(d->answered, 0);
    assert_int_equal(d->keep_deadline, 1);
    assert_int_equal(d->nrecords, 0);
    assert_int_equal(d->neffects, 0);
    assert_int_equal(rooms_decision_failed(d), 0);
    assert_str_equal(rooms_decision_str(d, d->answer), "");
}


static void
test_answer(void **state)
{
    json_t            *value;
    rooms_str_t        parts[2] = { rooms_string("ab"), rooms_string("") };
    rooms_decision_t  *d = *state;

    rooms_decide_answer(d, 0, str("1,\"two\""));
    assert_int_equal(d->answered, 1);
    assert_int_equal(d->status, 0);
    assert_str_equal(rooms_decision_str(d, d->answer), "1,\"two\"");

    /* the last one counts; compact, as UTF-8 */

    value = json_pack("{s:s, s:[i,n]}", "name", "J\xc3\xbcrgen", "list", 1);
    rooms_decide_answer_json(d, 201, value);
    json_decref(value);

    assert_int_equal(d->status, 201);
    assert_str_equal(rooms_decision_str(d, d->answer),
                     "{\"name\":\"J\xc3\xbcrgen\",\"list\":[1,null]}");

    value = json_string("bare");
    rooms_decide_answer_json(d, 0, value);
    json_decref(value);
    assert_str_equal(rooms_decision_str(d, d->answer), "\"bare\"");

    rooms_decide_answer_attach(d, parts, 2);
    assert_int_equal(d->nanswer, 2);
    assert_int_equal(d->attachments.len, 10);
    assert_memory_equal(d->text.data + d->attachments.pos,
                        "\2\0\0\0ab\0\0\0\0", 10);
}


static void
test_reject(void **state)
{
    json_t            *data;
    rooms_decision_t  *d = *state;

    rooms_decide_reject(d, "say \"please\"", NULL);
    assert_int_equal(d->rejected, 1);
    assert_int_equal(d->answered, 1);
    assert_int_not_equal(d->status, 0);
    assert_str_equal(rooms_decision_str(d, d->answer),
                     "{\"message\":\"say \\\"please\\\"\"}");

    data = json_pack("{s:s}", "code", "E_AUTH");
    rooms_decide_reject(d, "no", data);
    json_decref(data);
    assert_str_equal(rooms_decision_str(d, d->answer),
                     "{\"message\":\"no\",\"data\":{\"code\":\"E_AUTH\"}}");
}


static void
test_records(void **state)
{
    json_t            *payload;
    rooms_str_t        in;
    rooms_message_t    m, raw;
    rooms_decision_t  *d = *state;

    payload = json_pack("{s:i}", "n", 1);

    rooms_decide_record(d, str("fact"));
    rooms_decide_message(d, ROOMS_TO_OTHERS, str("s1"), "joined", payload);
    rooms_decide_message(d, ROOMS_TO_ALL, str(""), "results", payload);

    rooms_decide_record(d, str(""));

    rooms_decide_in(d, str("elsewhere"));

    memset(&raw, 0, sizeof(rooms_message_t));
    raw.audience = ROOMS_TO_SOCKET;
    raw.variants = 5;
    raw.ephemeral = 1;
    raw.sid = str("s2");
    raw.args = str("[\"x\"]");
    raw.nattachments = 1;
    raw.attachments = rooms_str("\1\0\0\0z", 5);
    rooms_decide_message_raw(d, &raw);

    json_decref(payload);

    assert_int_equal(rooms_decision_failed(d), 0);
    assert_int_equal(d->nrecords, 3);

    assert_int_equal(d->records[0].room.len, 0);
    assert_str_equal(rooms_decision_str(d, d->records[0].fact), "fact");

    in = rooms_str(d->messages.data + d->records[0].messages.pos,
                   d->records[0].messages.len);
    assert_int_equal(rooms_message_read(&in, &m), ROOMS_OK);
    assert_int_equal(m.audience, ROOMS_TO_OTHERS);
    assert_str_equal(m.sid, "s1");
    assert_str_equal(m.args, "[\"joined\",{\"n\":1}]");
    assert_int_equal(rooms_message_read(&in, &m), ROOMS_OK);
    assert_int_equal(m.audience, ROOMS_TO_ALL);
    assert_str_equal(m.args, "[\"results\",{\"n\":1}]");
    assert_int_equal(rooms_message_read(&in, &m), ROOMS_DONE);

    assert_int_equal(d->records[1].fact.len, 0);
    assert_int_equal(d->records[1].messages.len, 0);

    assert_str_equal(rooms_decision_str(d, d->records[2].room), "elsewhere");
    assert_int_equal(d->records[2].fact.len, 0);

    in = rooms_str(d->messages.data + d->records[2].messages.pos,
                   d->records[2].messages.len);
    assert_int_equal(rooms_message_read(&in, &m), ROOMS_OK);
    assert_int_equal(m.audience, ROOMS_TO_SOCKET);
    assert_int_equal(m.variants, 5);
    assert_int_equal(m.ephemeral, 1);
    assert_int_equal(m.nattachments, 1);
    assert_int_equal(m.attachments.len, 5);
    assert_int_equal(rooms_message_read(&in, &m), ROOMS_DONE);
}


static void
test_effects(void **state)
{
    json_t                *payload;
    unsigned               i;
    rooms_str_t            part = rooms_string("bin");
    const rooms_effect_t  *e;
    rooms_decision_t      *d = *state;

    static const rooms_effect_e  types[] = {
        ROOMS_EFFECT_EMIT, ROOMS_EFFECT_EMIT, ROOMS_EFFECT_ASK,
        ROOMS_EFFECT_JOIN, ROOMS_EFFECT_LEAVE, ROOMS_EFFECT_DATA,
        ROOMS_EFFECT_VARIANT, ROOMS_EFFECT_KICK, ROOMS_EFFECT_REVOKE
    };

    payload = json_pack("{s:b}", "ok", 1);

    rooms_decide_emit(d, "hello", payload);
    rooms_decide_emit_raw(d, str("[\"raw\",1]"), &part, 1);
    rooms_decide_ask_raw(d, str("why"), str("[\"ask\"]"), NULL, 0);
    rooms_decide_join(d, str("in"));
    rooms_decide_leave(d, str("out"));
    rooms_decide_data(d, str("{\"k\":1}"));
    rooms_decide_variant(d, 3);
    rooms_decide_kick(d, 1);
    rooms_decide_revoke(d, str("old"));

    json_decref(payload);

    e = d->effects;
    assert_int_equal(d->neffects, 9);

    for (i = 0; i < 9; i++) {
        assert_int_equal(e[i].type, types[i]);
    }

    assert_str_equal(rooms_decision_str(d, e[0].text),
                     "[\"hello\",{\"ok\":true}]");
    assert_str_equal(rooms_decision_str(d, e[1].text), "[\"raw\",1]");
    assert_int_equal(e[1].nattachments, 1);
    assert_memory_equal(d->text.data + e[1].attachments.pos, "\3\0\0\0bin",
                        7);
    assert_str_equal(rooms_decision_str(d, e[2].name), "why");
    assert_str_equal(rooms_decision_str(d, e[2].text), "[\"ask\"]");
    assert_str_equal(rooms_decision_str(d, e[3].name), "in");
    assert_str_equal(rooms_decision_str(d, e[4].name), "out");
    assert_str_equal(rooms_decision_str(d, e[5].text), "{\"k\":1}");
    assert_int_equal(e[6].number, 3);
    assert_int_equal(e[7].number, 1);
    assert_str_equal(rooms_decision_str(d, e[8].name), "old");
}


static void
test_many(void **state)
{
    unsigned           i;
    rooms_buf_t       *b;
    rooms_decision_t  *d = *state;

    for (i = 0; i < 1000; i++) {
        b = rooms_decision_scratch(d);
        assert_int_equal(b->len, 0);
        rooms_buf_uint(b, i);

        rooms_decide_record(d, rooms_str(b->data, b->len));
        rooms_decide_join(d, rooms_str(b->data, b->len));
    }

    assert_int_equal(d->nrecords, 1000);
    assert_int_equal(d->neffects, 1000);
    assert_str_equal(rooms_decision_str(d, d->records[999].fact), "999");
    assert_str_equal(rooms_decision_str(d, d->effects[7].name), "7");
}


static void
test_reset(void **state)
{
    void              *memory;
    rooms_decision_t  *d = *state;

    rooms_decide_record(d, str("fact"));
    rooms_decide_join(d, str("room"));
    rooms_decide_reject(d, "no", NULL);
    rooms_decide_remove(d);
    rooms_decide_deadline(d, 7);

    assert_int_equal(d->deadline, 7);
    assert_int_equal(d->keep_deadline, 0);
    assert_int_equal(d->remove, 1);

    memory = d->text.data;
    rooms_decision_reset(d);
    test_fresh(state);
    assert_int_equal(d->deadline, 0);
    assert_int_equal(d->remove, 0);
    assert_int_equal(d->rejected, 0);
    assert_ptr_equal(d->text.data, memory);
    assert_int_equal(d->text.len, 0);
    assert_int_equal(d->messages.len, 0);

    /* what one large command took is given back */

    assert_non_null(rooms_buf_reserve(&d->text, 2 * 1024 * 1024));
    rooms_decision_reset(d);
    assert_null(d->text.data);
    rooms_decide_answer(d, 0, str("1"));
    assert_str_equal(rooms_decision_str(d, d->answer), "1");
}


static void
test_failure_is_sticky(void **state)
{
    rooms_decision_t  *d = *state;

    /* a JSON value that could not be made */

    rooms_decide_answer_json(d, 200, NULL);
    assert_int_equal(rooms_decision_failed(d), 1);
    rooms_decide_answer(d, 200, str("{}"));
    assert_int_equal(rooms_decision_failed(d), 1);

    rooms_decision_reset(d);
    assert_int_equal(rooms_decision_failed(d), 0);

    /* a message of no record */

    rooms_decide_emit(d, "e", NULL);
    assert_int_equal(rooms_decision_failed(d), 1);
    rooms_decision_reset(d);

    rooms_decide_message(d, ROOMS_TO_ALL, str(""), "x", json_true());
    assert_int_equal(rooms_decision_failed(d), 1);
    rooms_decision_reset(d);

    /* the scratch buffer, though it is emptied */

    rooms_decision_scratch(d)->failed = 1;
    assert_int_equal(rooms_decision_failed(d), 1);
    (void) rooms_decision_scratch(d);
    assert_int_equal(d->scratch.failed, 0);
    assert_int_equal(rooms_decision_failed(d), 1);
    rooms_decision_reset(d);

    /* no memory for the text */

    rooms_buf_free(&d->text);
    d->text.limit = 8;
    rooms_decide_join(d, str("0123456789"));
    assert_int_equal(rooms_decision_failed(d), 1);
    d->text.limit = 0;
    rooms_decision_reset(d);
    assert_int_equal(rooms_decision_failed(d), 0);
}


#define decision_test(name)                                                   \
    cmocka_unit_test_setup_teardown(name, setup, teardown)


int
main(void)
{
    static const struct CMUnitTest  tests[] = {
        decision_test(test_fresh),
        decision_test(test_answer),
        decision_test(test_reject),
        decision_test(test_records),
        decision_test(test_effects),
        decision_test(test_many),
        decision_test(test_reset),
        decision_test(test_failure_is_sticky),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
