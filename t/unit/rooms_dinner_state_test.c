
/*
 * Copyright (C) nginx rooms contributors
 *
 * Snapshots: there and back, and what is refused.
 */


#include "rooms_dinner_play.h"


static void
snapshot(play_t *p, rooms_buf_t *b)
{
    rooms_buf_reset(b);
    rooms_dinner_snapshot(p->state, b);
    assert_int_equal(b->failed, 0);
}


/* Goes on with a restored copy, whose snapshot must be the same. */

static void
restore(play_t *p)
{
    void         *copy;
    rooms_buf_t   one, two;

    rooms_buf_init(&one, 0);
    rooms_buf_init(&two, 0);

    snapshot(p, &one);

    copy = NULL;
    assert_int_equal(rooms_dinner_restore(p->conf, &copy,
                                          rooms_str(one.data, one.len)),
                     ROOMS_OK);

    rooms_dinner_release(p->state);
    p->state = copy;

    snapshot(p, &two);
    assert_int_equal(one.len, two.len);
    assert_memory_equal(one.data, two.data, one.len);

    rooms_buf_free(&one);
    rooms_buf_free(&two);
}


static void
test_a_whole_evening_from_snapshots(void **state)
{
    play_t  *p = *state;

    restore(p);
    (void) dinner_join(p, "s1", "Alice");
    restore(p);
    (void) dinner_rest_join(p, "B\xc3\xa4r");
    restore(p);
    (void) dinner_join(p, "s2", "B\xc3\xa4r");
    restore(p);
    (void) dinner_submit(p, "s1", "[\"thai\",\"sushi\",\"thai\"]");
    restore(p);
    (void) play_life(p, ROOMS_CMD_DISCONNECT, "s1");
    restore(p);
    dinner_has(dinner_submit(p, "s2", "[\"thai\"]"), "\"hasOverlap\":true");
    restore(p);
    (void) dinner_join(p, "s3", "Late");
    restore(p);
    (void) dinner_submit(p, "s3", "[\"curry\"]");
    restore(p);

    dinner_has(dinner_join(p, "s4", "Alice"),
               "\"allSelections\":{\"Alice\":[\"thai\",\"sushi\"],"
               "\"B\xc3\xa4r\":[\"thai\"]}");
    restore(p);
    (void) dinner_restart(p, "s4");
    restore(p);

    assert_int_equal(dinner_state(p)->n, 3);
    assert_int_equal(dinner_state(p)->round, 1);
    assert_int_equal(dinner_state(p)->phase, ROOMS_DINNER_SELECTING);
    assert_true(dinner_state(p)->members[0].joined == PLAY_NOW);
    assert_true(dinner_state(p)->created == PLAY_NOW);
}


static void
test_restore_replaces(void **state)
{
    play_t       *p = *state;
    rooms_buf_t   b;

    rooms_buf_init(&b, 0);
    snapshot(p, &b);

    (void) dinner_join(p, "s1", "Alice");
    assert_int_equal(rooms_dinner_restore(p->conf, &p->state,
                                          rooms_str(b.data, b.len)),
                     ROOMS_OK);
    assert_int_equal(dinner_state(p)->n, 0);

    /* damaged, it leaves what is there */

    (void) dinner_join(p, "s1", "Alice");
    assert_int_equal(rooms_dinner_restore(p->conf, &p->state,
                                          rooms_str(b.data, b.len - 1)),
                     ROOMS_ERROR);
    assert_int_equal(dinner_state(p)->n, 1);

    rooms_buf_free(&b);
}


static void
test_cut_anywhere(void **state)
{
    void         *copy;
    size_t        n;
    play_t       *p = *state;
    rooms_buf_t   b;

    (void) dinner_join(p, "s1", "Alice");
    (void) dinner_join(p, "s2", "Bob");
    (void) dinner_submit(p, "s1", "[\"thai\",\"sushi\"]");

    rooms_buf_init(&b, 0);
    snapshot(p, &b);
    rooms_buf_byte(&b, 0);

    for (n = 0; n <= b.len; n++) {
        copy = NULL;

        assert_int_equal(rooms_dinner_restore(p->conf, &copy,
                                              rooms_str(b.data, n)),
                         n == b.len - 1 ? ROOMS_OK : ROOMS_ERROR);

        if (copy != NULL) {
            rooms_dinner_release(copy);
        }
    }

    rooms_buf_free(&b);
}


/* A snapshot of a state that breaks a rule is not taken. */

static void
refused(play_t *p)
{
    void         *copy;
    rooms_buf_t   b;

    rooms_buf_init(&b, 0);
    snapshot(p, &b);

    copy = NULL;
    assert_int_equal(rooms_dinner_restore(p->conf, &copy,
                                          rooms_str(b.data, b.len)),
                     ROOMS_ERROR);
    assert_null(copy);

    rooms_buf_free(&b);
}


static void
test_rules(void **state)
{
    play_t                *p = *state;
    rooms_dinner_state_t  *s;

    (void) dinner_join(p, "s1", "Alice");
    (void) dinner_join(p, "s2", "Bob");
    (void) dinner_submit(p, "s1", "[\"thai\"]");
    s = p->state;
    restore(p);
    s = p->state;

    s->code[2] = 'c';
    refused(p);
    s->code[2] = 'C';

    s->members[1].host = 1;
    refused(p);
    s->members[1].host = 0;

    s->claimed = 0;
    refused(p);
    s->claimed = 1;

    s->phase = ROOMS_DINNER_WAITING;
    refused(p);
    s->phase = 3;
    refused(p);
    s->phase = ROOMS_DINNER_SELECTING;

    s->members[0].counted = 0;
    refused(p);
    s->phase = ROOMS_DINNER_COMPLETE;
    refused(p);
    s->phase = ROOMS_DINNER_SELECTING;
    s->members[0].counted = 1;

    s->members[0].submitted = 0;
    refused(p);
    s->members[0].submitted = 1;
    s->members[1].submitted = 1;
    refused(p);
    s->members[1].submitted = 0;

    s->members[1].id.data[1] = '1';
    refused(p);
    s->members[1].id.data[1] = '2';

    s->members[1].sid.data[1] = '1';
    refused(p);
    s->members[1].sid.len = 0;
    refused(p);
    s->members[1].sid.len = 2;
    s->members[1].sid.data[1] = '2';

    s->members[1].id.len = 0;
    refused(p);
    s->members[1].id.len = 2;

    restore(p);
}


static void
test_is_code(void **state)
{
    (void) state;

    assert_int_equal(rooms_dinner_is_code(play_str("ABCXYZ")), 1);
    assert_int_equal(rooms_dinner_is_code(play_str("019ABZ")), 1);
    assert_int_equal(rooms_dinner_is_code(play_str("")), 0);
    assert_int_equal(rooms_dinner_is_code(play_str("ABC12")), 0);
    assert_int_equal(rooms_dinner_is_code(play_str("ABC1234")), 0);
    assert_int_equal(rooms_dinner_is_code(play_str("ABC12a")), 0);
    assert_int_equal(rooms_dinner_is_code(play_str("ABC12@")), 0);
    assert_int_equal(rooms_dinner_is_code(play_str("ABC12[")), 0);
    assert_int_equal(rooms_dinner_is_code(play_str("ABC12/")), 0);
    assert_int_equal(rooms_dinner_is_code(play_str("ABC12:")), 0);
    assert_int_equal(rooms_dinner_is_code(play_str("ABC12\n")), 0);
}


int
main(void)
{
    static const struct CMUnitTest  tests[] = {
        dinner_test(test_a_whole_evening_from_snapshots),
        dinner_test(test_restore_replaces),
        dinner_test(test_cut_anywhere),
        dinner_test(test_rules),
        cmocka_unit_test(test_is_code),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
