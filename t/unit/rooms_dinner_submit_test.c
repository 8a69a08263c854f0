
/*
 * Copyright (C) nginx rooms contributors
 *
 * Selections, results and restarts, named after the rows of the acceptance
 * list.
 */


#include "rooms_dinner_behind.h"


static void
D_35_D_44_D_50_submit(void **state)
{
    play_t  *p = *state;

    (void) dinner_join(p, "s1", "Alice");
    (void) dinner_join(p, "s2", "Bob");

    assert_string_equal(dinner_submit(p, "s1", "[\"thai\"]"),
                        OK "others s1 [\"participant:submitted\","
                        "{\"participantId\":\"s1\",\"submittedCount\":1,"
                        "\"participantCount\":2}]\n" DEADLINE);

    assert_string_equal(dinner_submit(p, "s2", "[\"thai\",\"sushi\"]"),
                        OK "others s2 [\"participant:submitted\","
                        "{\"participantId\":\"s2\",\"submittedCount\":2,"
                        "\"participantCount\":2}]\n"
                        "all [\"session:results\","
                        "{\"sessionCode\":\"ABC123\",\"overlappingOptions\":"
                        "[{\"optionId\":\"thai\",\"displayName\":\"Thai\"}],"
                        "\"allSelections\":{\"Alice\":[\"thai\"],"
                        "\"Bob\":[\"thai\",\"sushi\"]},"
                        "\"hasOverlap\":true}]\n" DEADLINE);

    /* one record, so that nothing comes between the two */

    assert_int_equal(p->d.nrecords, 1);
    assert_int_equal(dinner_state(p)->phase, ROOMS_DINNER_COMPLETE);
}


static void
D_36_D_41_D_59_strangers(void **state)
{
    play_t  *p = *state;

    static const char  stranger[] =
        DINNER_FAIL("NOT_IN_SESSION",
                    "You are not a participant in this session");

    assert_string_equal(play_event(p, "s1", "selection:submit",
                                   "{\"sessionCode\":\"ZZZZZZ\","
                                   "\"selections\":[\"thai\"]}"),
                        DINNER_NOT_FOUND);
    assert_string_equal(play_event(p, "s1", "session:restart",
                                   "{\"sessionCode\":\"ZZZZZZ\"}"),
                        DINNER_NOT_FOUND);

    assert_string_equal(dinner_submit(p, "s1", "[\"thai\"]"), stranger);
    assert_string_equal(dinner_restart(p, "s1"), stranger);

    /* nor is who has left */

    (void) dinner_join(p, "s1", "Alice");
    (void) play_life(p, ROOMS_CMD_DISCONNECT, "s1");
    assert_string_equal(dinner_submit(p, "s1", "[\"thai\"]"), stranger);
}


static void
D_37_nothing_selected(void **state)
{
    play_t  *p = *state;

    (void) dinner_join(p, "s1", "Alice");

    assert_string_equal(dinner_submit(p, "s1", "[]"),
                        DINNER_FAIL("VALIDATION_ERROR", "Invalid payload: "
                                    "Must select at least 1 option"));
    assert_string_equal(dinner_submit(p, "s1", "7"),
                        DINNER_FAIL("VALIDATION_ERROR", "Invalid payload: "
                                    "Must select at least 1 option"));
}


static void
D_39_invalid_options(void **state)
{
    play_t  *p = *state;

    (void) dinner_join(p, "s1", "Alice");

    assert_string_equal(dinner_submit(p, "s1", "[\"thai\",\"soup\",7]"),
                        "answer {\"success\":false,\"error\":"
                        "\"Invalid options: some of the selections are not "
                        "in the list\",\"code\":\"INVALID_OPTIONS\"}\n"
                        "emit [\"error\",{\"code\":\"INVALID_OPTIONS\","
                        "\"message\":\"Invalid options: some of the "
                        "selections are not in the list\",\"details\":"
                        "{\"invalidOptions\":[\"soup\",7]}}]\n");
    assert_int_equal(dinner_state(p)->members[0].submitted, 0);
}


static void
D_40_second_submit(void **state)
{
    play_t  *p = *state;

    static const char  already[] =
        DINNER_FAIL("ALREADY_SUBMITTED",
                    "You have already submitted your selections");

    (void) dinner_join(p, "s1", "Alice");
    (void) dinner_join(p, "s2", "Bob");
    (void) dinner_submit(p, "s1", "[\"thai\"]");

    assert_string_equal(dinner_submit(p, "s1", "[\"sushi\"]"), already);

    /* which is looked at before the options are */

    assert_string_equal(dinner_submit(p, "s1", "[\"soup\"]"), already);

    dinner_has(dinner_submit(p, "s2", "[\"thai\"]"),
               "\"Alice\":[\"thai\"]");
}


static void
D_40_same_submit_twice_at_once(void **state)
{
    void             *behind;
    play_t           *p = *state;
    json_t           *args;
    rooms_str_t       fact;
    rooms_command_t   cmd;

    (void) dinner_join(p, "s1", "Alice");
    behind = dinner_copy_state(p);
    (void) dinner_submit(p, "s1", "[\"thai\"]");

    args = dinner_args(p, &cmd, "s1", "selection:submit",
                       "[{\"sessionCode\":\"ABC123\","
                       "\"selections\":[\"sushi\"]}]");

    dinner_behind(p, behind, &cmd);
    fact = rooms_decision_str(&p->d, p->d.records[0].fact);
    assert_int_equal(rooms_dinner_evolve(p->conf, &p->state, 9, fact),
                     ROOMS_ERROR);

    dinner_has(play_decide(p, &cmd, p->state), "ALREADY_SUBMITTED");

    json_decref(args);
    rooms_dinner_release(behind);
}


static void
D_45_no_selection_leaks(void **state)
{
    play_t      *p = *state;
    const char  *out;

    (void) dinner_join(p, "s1", "Alice");
    (void) dinner_join(p, "s2", "Bob");

    out = dinner_submit(p, "s1", "[\"thai\",\"curry\"]");
    dinner_lacks(out, "thai");
    dinner_lacks(out, "curry");

    out = dinner_join(p, "s3", "Charlie");
    dinner_lacks(out, "thai");
    dinner_lacks(play_life(p, ROOMS_CMD_DISCONNECT, "s1"), "thai");
    dinner_lacks(dinner_join(p, "s4", "Alice"), "thai");
}


static void
D_49_results_once_per_round(void **state)
{
    play_t      *p = *state;
    const char  *out;

    (void) dinner_join(p, "s1", "Alice");
    dinner_has(dinner_submit(p, "s1", "[\"thai\"]"), "session:results");

    /* a join leaves the session complete until it is restarted */

    out = dinner_join(p, "s2", "Bob");
    dinner_has(out, "\"state\":\"complete\"");
    dinner_lacks(out, "session:results");

    out = dinner_submit(p, "s2", "[\"sushi\"]");
    dinner_has(out, "\"submittedCount\":2,\"participantCount\":2");
    dinner_lacks(out, "session:results");

    /* who returns sees the round's results as they were */

    (void) play_life(p, ROOMS_CMD_DISCONNECT, "s1");
    dinner_has(dinner_join(p, "s3", "Alice"),
               "\"overlappingOptions\":[{\"optionId\":\"thai\","
               "\"displayName\":\"Thai\"}],"
               "\"allSelections\":{\"Alice\":[\"thai\"]}");
}


static void
D_49_last_two_at_once(void **state)
{
    void             *behind;
    play_t           *p = *state;
    json_t           *args;
    rooms_command_t   cmd;

    (void) dinner_join(p, "s1", "Alice");
    (void) dinner_join(p, "s2", "Bob");
    behind = dinner_copy_state(p);

    dinner_lacks(dinner_submit(p, "s1", "[\"thai\"]"), "session:results");

    args = dinner_args(p, &cmd, "s2", "selection:submit",
                       "[{\"sessionCode\":\"ABC123\","
                       "\"selections\":[\"thai\"]}]");

    /* on the older copy it was not the last; asked again, it is */

    dinner_behind(p, behind, &cmd);
    assert_null(memmem(p->d.messages.data, p->d.messages.len,
                       "session:results", 15));

    dinner_has(play_decide(p, &cmd, p->state), "session:results");

    json_decref(args);
    rooms_dinner_release(behind);
}


static void
D_51_to_D_57_example(void **state)
{
    play_t      *p = *state;
    const char  *out;

    (void) dinner_join(p, "s1", "Alice");
    (void) dinner_join(p, "s2", "Bob");
    (void) dinner_join(p, "s3", "Charlie");

    (void) dinner_submit(p, "s1", "[\"pizza\",\"sushi\",\"thai\"]");
    (void) dinner_submit(p, "s2", "[\"sushi\",\"thai\",\"tacos\"]");
    out = dinner_submit(p, "s3", "[\"thai\",\"sushi\",\"curry\"]");

    dinner_has(out, "\"overlappingOptions\":[{\"optionId\":\"sushi\","
                    "\"displayName\":\"Sushi\"},{\"optionId\":\"thai\","
                    "\"displayName\":\"Thai\"}],\"allSelections\":"
                    "{\"Alice\":[\"pizza\",\"sushi\",\"thai\"],"
                    "\"Bob\":[\"sushi\",\"thai\",\"tacos\"],"
                    "\"Charlie\":[\"thai\",\"sushi\",\"curry\"]},"
                    "\"hasOverlap\":true}");

    dinner_has(play_rest(p, "getSession", "ABC123", NULL),
               "\"participantCount\":3,\"state\":\"complete\"");
}


static void
D_58_to_D_64_restart(void **state)
{
    play_t  *p = *state;

    (void) dinner_join(p, "s1", "Alice");
    (void) dinner_join(p, "s2", "Bob");
    (void) dinner_submit(p, "s1", "[\"thai\"]");
    (void) dinner_submit(p, "s2", "[\"sushi\"]");

    /* not only the host may */

    assert_string_equal(dinner_restart(p, "s2"),
                        OK "all [\"session:restarted\","
                        "{\"sessionCode\":\"ABC123\",\"message\":"
                        "\"Session restarted. Make new selections.\"}]\n"
                        DEADLINE);

    assert_int_equal(dinner_state(p)->phase, ROOMS_DINNER_SELECTING);
    assert_int_equal(dinner_state(p)->n, 2);
    assert_int_equal(rooms_dinner_nsubmitted(p->state), 0);
    assert_int_equal(dinner_state(p)->members[0].selections.len, 0);

    dinner_lacks(dinner_submit(p, "s1", "[\"pizza\"]"), "session:results");
    dinner_has(dinner_submit(p, "s2", "[\"pizza\"]"),
               "\"allSelections\":{\"Alice\":[\"pizza\"],"
               "\"Bob\":[\"pizza\"]}");
}


static void
D_65_restarts_at_once(void **state)
{
    void             *behind;
    play_t           *p = *state;
    json_t           *args;
    rooms_command_t   cmd;

    (void) dinner_join(p, "s1", "Alice");
    (void) dinner_join(p, "s2", "Bob");
    (void) dinner_submit(p, "s1", "[\"thai\"]");
    behind = dinner_copy_state(p);

    dinner_has(dinner_restart(p, "s1"), OK);

    args = dinner_args(p, &cmd, "s2", "session:restart",
                       "[{\"sessionCode\":\"ABC123\"}]");
    dinner_behind(p, behind, &cmd);
    dinner_has(play_decide(p, &cmd, p->state), OK);

    assert_int_equal(dinner_state(p)->round, 2);
    assert_int_equal(dinner_state(p)->n, 2);

    json_decref(args);
    rooms_dinner_release(behind);
}


int
main(void)
{
    static const struct CMUnitTest  tests[] = {
        dinner_test(D_35_D_44_D_50_submit),
        dinner_test(D_36_D_41_D_59_strangers),
        dinner_test(D_37_nothing_selected),
        dinner_test(D_39_invalid_options),
        dinner_test(D_40_second_submit),
        dinner_test(D_40_same_submit_twice_at_once),
        dinner_test(D_45_no_selection_leaks),
        dinner_test(D_49_results_once_per_round),
        dinner_test(D_49_last_two_at_once),
        dinner_test(D_51_to_D_57_example),
        dinner_test(D_58_to_D_64_restart),
        dinner_test(D_65_restarts_at_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
