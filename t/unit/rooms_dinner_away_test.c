
/*
 * Copyright (C) nginx rooms contributors
 *
 * Who goes, comes back or is there twice, and sessions that expire, named
 * after the rows of the acceptance list.
 */


#include "rooms_dinner_behind.h"


#define EXPIRED                                                               \
    "all [\"session:expired\",{\"sessionCode\":\"ABC123\","                   \
    "\"reason\":\"Session expired due to inactivity\",\"message\":"           \
    "\"This session has expired. Please create a new one.\"}]\nremove\n"


static void
D_48_D_71_D_73_D_74_away(void **state)
{
    play_t      *p = *state;
    const char  *out;

    (void) dinner_join(p, "s1", "Alice");
    (void) dinner_join(p, "s2", "Bob");

    assert_string_equal(play_life(p, ROOMS_CMD_DISCONNECT, "s2"),
                        "others s2 [\"participant:left\","
                        "{\"participantId\":\"s2\",\"displayName\":\"Bob\","
                        "\"participantCount\":2}]\n");

    /* the missing one counts */

    dinner_lacks(dinner_submit(p, "s1", "[\"thai\"]"), "session:results");

    /* who returns has the id of before, and may submit */

    out = dinner_join(p, "s9", "Bob");
    dinner_has(out, "\"participantId\":\"s2\"");
    dinner_has(out, "\"participantCount\":2");
    dinner_has(out, "revoke s2\njoin ABC123\n");
    dinner_has(out, "others s9 [\"participant:joined\","
                    "{\"participantId\":\"s2\",\"displayName\":\"Bob\","
                    "\"participantCount\":2}]\n" DEADLINE);
    dinner_lacks(out, "session:results");

    (void) play_life(p, ROOMS_CMD_DISCONNECT, "s1");

    dinner_has(dinner_submit(p, "s9", "[\"thai\"]"), "session:results");

    out = dinner_join(p, "s10", "Alice");
    dinner_has(out, "\"state\":\"complete\",\"hasSubmitted\":true}");
    dinner_has(out, "socket s10 [\"session:results\","
                    "{\"sessionCode\":\"ABC123\","
                    "\"overlappingOptions\":[{\"optionId\":\"thai\","
                    "\"displayName\":\"Thai\"}],\"allSelections\":"
                    "{\"Alice\":[\"thai\"],\"Bob\":[\"thai\"]},"
                    "\"hasOverlap\":true}]\n");
    dinner_lacks(out, "all [");
}


static void
D_66_D_67_expiry(void **state)
{
    play_t  *p = *state;

    (void) dinner_join(p, "s1", "Alice");

    p->now += DINNER_TTL - 1;
    assert_string_equal(play_life(p, ROOMS_CMD_TICK, NULL), DEADLINE);

    p->now += 1;
    assert_string_equal(play_life(p, ROOMS_CMD_TICK, NULL), EXPIRED);
    assert_null(p->state);

    /* a second tick finds nothing */

    assert_string_equal(play_life(p, ROOMS_CMD_TICK, NULL), "");
}


static void
D_69_after_expiry(void **state)
{
    play_t  *p = *state;

    (void) dinner_join(p, "s1", "Alice");
    p->now += DINNER_TTL;

    /* also before the tick has come; whoever is first ends it */

    assert_string_equal(dinner_submit(p, "s1", "[\"thai\"]"),
                        DINNER_NOT_FOUND EXPIRED);

    assert_string_equal(dinner_submit(p, "s1", "[\"thai\"]"),
                        DINNER_NOT_FOUND);
    assert_string_equal(dinner_join(p, "s1", "Alice"), DINNER_NOT_FOUND);
    assert_string_equal(dinner_restart(p, "s1"), DINNER_NOT_FOUND);
    dinner_has(play_rest(p, "getSession", "ABC123", NULL), "answer 404");
    dinner_has(dinner_rest_join(p, "Bob"), "answer 404");
}


static void
D_70_disconnect(void **state)
{
    play_t  *p = *state;

    (void) dinner_join(p, "s1", "Alice");

    dinner_has(play_life(p, ROOMS_CMD_DISCONNECT, "s1"),
               "others s1 [\"participant:left\"");

    /* once, and for members only */

    assert_string_equal(play_life(p, ROOMS_CMD_DISCONNECT, "s1"), "");
    assert_string_equal(play_life(p, ROOMS_CMD_DISCONNECT, "s7"), "");
}


static void
D_6_recover(void **state)
{
    play_t  *p = *state;

    (void) dinner_join(p, "s1", "Alice");
    (void) play_life(p, ROOMS_CMD_DISCONNECT, "s1");

    assert_string_equal(play_life(p, ROOMS_CMD_RECOVER, "s1"), "fact\n");
    assert_string_equal(play_life(p, ROOMS_CMD_RECOVER, "s1"), "");
    dinner_has(dinner_submit(p, "s1", "[\"thai\"]"), OK);

    /* the place has another socket meanwhile */

    (void) play_life(p, ROOMS_CMD_DISCONNECT, "s1");
    (void) dinner_join(p, "s2", "Alice");
    assert_string_equal(play_life(p, ROOMS_CMD_RECOVER, "s1"),
                        "leave ABC123\n");
}


static void
D_66_recover_into_nothing(void **state)
{
    play_t  *p = *state;

    (void) dinner_join(p, "s1", "Alice");
    (void) play_life(p, ROOMS_CMD_DISCONNECT, "s1");
    p->now += DINNER_TTL;

    /* it still hears the end */

    assert_string_equal(play_life(p, ROOMS_CMD_RECOVER, "s1"), EXPIRED);
    assert_string_equal(play_life(p, ROOMS_CMD_RECOVER, "s1"),
                        "leave ABC123\n");
}


static void
join_again_is_idempotent(void **state)
{
    char     first[600];
    play_t  *p = *state;

    (void) snprintf(first, sizeof(first), "%s",
                    dinner_join(p, "s1", "Alice"));

    *strstr(first, "others") = '\0';

    assert_string_equal(dinner_join(p, "s1", "Alice"), first);
    assert_string_equal(dinner_join(p, "s1", "Another"), first);
    assert_int_equal(dinner_state(p)->n, 1);

    /* also where it has seen the results already */

    (void) dinner_submit(p, "s1", "[\"thai\"]");
    dinner_lacks(dinner_join(p, "s1", "Alice"), "session:results");
}


static void
join_again_after_a_false_disconnect(void **state)
{
    play_t      *p = *state;
    const char  *out;

    (void) dinner_join(p, "s1", "Alice");
    (void) play_life(p, ROOMS_CMD_DISCONNECT, "s1");

    out = dinner_join(p, "s1", "Bob");
    dinner_has(out, "\"displayName\":\"Alice\",\"participantCount\":1");
    dinner_has(out, "fact\n");
    assert_int_equal(dinner_state(p)->members[0].live, 1);

    /* its place went to another: it is a new person with a new id */

    (void) play_life(p, ROOMS_CMD_DISCONNECT, "s1");
    (void) dinner_join(p, "s2", "Alice");
    out = dinner_join(p, "s1", "Bob");
    dinner_has(out, "\"participantCount\":2");
    assert_int_equal(dinner_state(p)->members[1].id.len, 20);
}


static void
join_while_elsewhere(void **state)
{
    play_t  *p = *state;

    p->rooms[0] = play_str("ZZZZZZ");
    p->caller.nrooms = 1;

    assert_string_equal(play_event(p, "s1", "session:join",
                                   "{\"sessionCode\":\"ABC123\","
                                   "\"displayName\":\"Bob\"}"),
                        DINNER_FAIL("VALIDATION_ERROR",
                                    "You are in another session already"));
    assert_int_equal(dinner_state(p)->n, 0);
}


static void
XD_3_takeover(void **state)
{
    play_t      *p = *state;
    const char  *out;

    /* the name of a live member is another person (FR-024) */

    (void) dinner_join(p, "s1", "Bob");
    dinner_has(dinner_join(p, "s2", "Bob"), "\"participantCount\":2");

    /* REST makes a new person, a socket takes its place */

    (void) dinner_rest_join(p, "Charlie");
    assert_int_equal(dinner_state(p)->n, 3);

    out = dinner_join(p, "s3", "Charlie");
    dinner_has(out, "\"participantCount\":3");
    dinner_lacks(out, "revoke");
    dinner_lacks(out, "\"participantId\":\"s3\"");
    assert_int_equal(dinner_state(p)->n, 3);

    /* a full session can be returned to */

    (void) dinner_join(p, "s4", "Dana");
    (void) play_life(p, ROOMS_CMD_DISCONNECT, "s4");
    dinner_has(dinner_join(p, "s5", "Eve"), "SESSION_FULL");
    dinner_has(dinner_join(p, "s6", "Dana"), "\"participantId\":\"s4\"");
}


static void
XD_3_takeover_at_once(void **state)
{
    void             *behind;
    play_t           *p = *state;
    json_t           *args;
    rooms_str_t       fact;
    rooms_command_t   cmd;

    (void) dinner_join(p, "s1", "Alice");
    (void) play_life(p, ROOMS_CMD_DISCONNECT, "s1");
    behind = dinner_copy_state(p);

    (void) dinner_join(p, "s2", "Alice");

    args = dinner_args(p, &cmd, "s3", "session:join",
                       "[{\"sessionCode\":\"ABC123\","
                       "\"displayName\":\"Alice\"}]");

    dinner_behind(p, behind, &cmd);
    fact = rooms_decision_str(&p->d, p->d.records[0].fact);
    assert_int_equal(rooms_dinner_evolve(p->conf, &p->state, 9, fact),
                     ROOMS_ERROR);

    dinner_has(play_decide(p, &cmd, p->state), "\"participantId\":\"s3\"");
    assert_int_equal(dinner_state(p)->n, 2);

    json_decref(args);
    rooms_dinner_release(behind);
}


int
main(void)
{
    static const struct CMUnitTest  tests[] = {
        dinner_test(D_6_recover),
        dinner_test(XD_3_takeover),
        dinner_test(XD_3_takeover_at_once),
        dinner_test(D_48_D_71_D_73_D_74_away),
        dinner_test(D_66_D_67_expiry),
        dinner_test(D_66_recover_into_nothing),
        dinner_test(D_69_after_expiry),
        dinner_test(D_70_disconnect),
        dinner_test(join_again_is_idempotent),
        dinner_test(join_again_after_a_false_disconnect),
        dinner_test(join_while_elsewhere),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
