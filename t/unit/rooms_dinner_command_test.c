
/*
 * Copyright (C) nginx rooms contributors
 *
 * The rules of a session, named after the rows of its acceptance list.
 */


#include "rooms_dinner_play.h"


#define DEADLINE        "deadline 1759237496789\n"
#define OK              "answer {\"success\":true}\n"


static void
D_10_join_without_session(void **state)
{
    play_t  *p = *state;

    assert_string_equal(play_event(p, "s1", "session:join",
                                   "{\"sessionCode\":\"ZZZZZZ\","
                                   "\"displayName\":\"Bob\"}"),
                        DINNER_NOT_FOUND);
}


static void
D_11_create(void **state)
{
    char                   expected[400];
    play_t                *p = *state;
    const char            *out;
    rooms_dinner_state_t  *s;

    play_done(p);
    dinner_init(p);

    out = play_rest(p, "createSession", NULL, "{\"hostName\":\"Alice\"}");
    s = p->state;

    assert_true(rooms_dinner_is_code(rooms_str(s->code, 6)));

    (void) snprintf(expected, sizeof(expected),
                    "answer 201 {\"sessionCode\":\"%.6s\","
                    "\"hostName\":\"Alice\",\"participantCount\":1,"
                    "\"state\":\"waiting\","
                    "\"expiresAt\":\"2025-09-30T13:04:56.789Z\","
                    "\"shareableLink\":"
                    "\"http://localhost:3000/join?code=%.6s\"}\nfact\n"
                    DEADLINE, s->code, s->code);

    assert_string_equal(out, expected);
}


static void
D_12_host_name(void **state)
{
    play_t  *p = *state;

    play_done(p);
    dinner_init(p);

    assert_string_equal(play_rest(p, "createSession", NULL, "{}"),
                        DINNER_REST_FAIL("400", "Invalid request",
                                         "VALIDATION_ERROR",
                                         "Invalid payload: "
                                         "Host name required"));
    assert_null(p->state);
}


static void
D_13_codes_differ(void **state)
{
    play_t           *p = *state;
    unsigned          i, k;
    rooms_buf_t       codes[40];
    rooms_command_t   cmd;

    play_command(p, &cmd, ROOMS_CMD_REST);
    cmd.name = play_str("createSession");

    for (i = 0; i < 40; i++) {

        /* the first half: attempts of one command, then other commands */

        if (i >= 20) {
            p->random[i % 16]++;
        }

        cmd.attempt = i < 20 ? i : 0;

        rooms_buf_init(&codes[i], 0);
        assert_int_equal(rooms_dinner_route(p->conf, &cmd, &codes[i]),
                         ROOMS_OK);
        assert_true(rooms_dinner_is_code(rooms_str(codes[i].data,
                                                   codes[i].len)));

        for (k = 0; k < i; k++) {
            assert_memory_not_equal(codes[i].data, codes[k].data, 6);
        }
    }

    for (i = 0; i < 40; i++) {
        rooms_buf_free(&codes[i]);
    }
}


static void
D_13_every_character_of_a_code(void **state)
{
    play_t           *p = *state;
    unsigned          i, k, count[256], n;
    rooms_buf_t       room;
    rooms_command_t   cmd;

    play_command(p, &cmd, ROOMS_CMD_REST);
    cmd.name = play_str("createSession");

    memset(count, 0, sizeof(count));
    rooms_buf_init(&room, 0);

    for (i = 0; i < 60000; i++) {
        cmd.attempt = i;
        rooms_buf_reset(&room);
        (void) rooms_dinner_route(p->conf, &cmd, &room);

        for (k = 0; k < 6; k++) {
            count[room.data[k]]++;
        }
    }

    rooms_buf_free(&room);

    /* 10000 of each are expected; octets modulo 36 would give A 11250 */

    n = 0;

    for (i = 0; i < 256; i++) {
        if (count[i]) {
            assert_in_range(count[i], 9500, 10500);
            n++;
        }
    }

    assert_int_equal(n, 36);
}


static void
D_13_code_is_taken(void **state)
{
    play_t           *p = *state;
    json_t           *body;
    rooms_command_t   cmd;

    body = json_pack("{s:s}", "hostName", "Bob");

    play_command(p, &cmd, ROOMS_CMD_REST);
    cmd.name = play_str("createSession");
    cmd.room = play_str("ABC123");
    cmd.body = body;

    assert_string_equal(play_decide(p, &cmd, p->state), "again\n");

    /* also where the session that lives there is over */

    cmd.now += DINNER_TTL + 1;
    assert_string_equal(play_decide(p, &cmd, p->state), "again\n");
    assert_int_equal(p->d.nrecords, 0);

    json_decref(body);
}


static void
D_14_get(void **state)
{
    play_t  *p = *state;

    static const char  expected[] =
        "answer 200 {\"sessionCode\":\"ABC123\",\"hostName\":\"Alice\","
        "\"participantCount\":1,\"state\":\"waiting\","
        "\"expiresAt\":\"2025-09-30T13:04:56.789Z\","
        "\"shareableLink\":\"http://localhost:3000/join?code=ABC123\"}\n";

    static const char  not_found[] =
        DINNER_REST_FAIL("404", "Session not found", "SESSION_NOT_FOUND",
                         "Session not found");

    assert_string_equal(play_rest(p, "getSession", "ABC123", NULL), expected);

    /* no refresh */

    p->now += 60000;
    assert_string_equal(play_rest(p, "getSession", "ABC123", NULL), expected);

    assert_string_equal(play_rest(p, "getSession", "ABC124", NULL), not_found);
    assert_string_equal(play_rest(p, "getSession", "abc123", NULL), not_found);
    assert_string_equal(play_rest(p, "getSession", "ABC1234", NULL),
                        not_found);
    assert_string_equal(play_rest(p, "getSession", NULL, NULL), not_found);
}


static void
D_16_rest_join(void **state)
{
    play_t      *p = *state;
    const char  *out;

    out = dinner_rest_join(p, "Bob");

    dinner_has(out, "answer 200 {\"participantId\":\"");
    dinner_has(out, "\",\"sessionCode\":\"ABC123\","
                    "\"participantName\":\"Bob\",\"participantCount\":2}\n");
    dinner_has(out, "all [\"participant:joined\",{\"participantId\":\"");
    dinner_has(out, "\"displayName\":\"Bob\",\"participantCount\":1}]\n");
    dinner_has(out, DEADLINE);

    assert_int_equal(dinner_state(p)->members[0].id.len, 20);
    assert_int_equal(dinner_state(p)->phase, ROOMS_DINNER_SELECTING);

    dinner_has(dinner_rest_join(p, "Bob"), "\"participantCount\":3}");
    dinner_has(dinner_rest_join(p, "Bob"), "\"participantCount\":4}");

    /* the host's place counts: this one is the fifth */

    assert_string_equal(dinner_rest_join(p, "Eve"),
                        DINNER_REST_FAIL("403", "Session is full",
                                         "SESSION_FULL", "Session full"));

    assert_string_equal(play_rest(p, "joinSession", "abc",
                                  "{\"participantName\":\"Eve\"}"),
                        DINNER_REST_FAIL("404", "Session not found",
                                         "SESSION_NOT_FOUND",
                                         "Session not found"));
}


static void
D_17_options_and_health(void **state)
{
    play_t  *p = *state;

    static const char  expected[] =
        "answer 200 {\"options\":" DINNER_OPTIONS "}\n";

    assert_string_equal(play_rest(p, "listOptions", NULL, NULL), expected);
    assert_string_equal(play_rest(p, "listOptions", NULL, NULL), expected);

    assert_string_equal(play_rest(p, "getHealth", NULL, NULL),
                        "answer 200 {\"status\":\"healthy\","
                        "\"redis\":true}\n");
    p->healthy = 0;
    assert_string_equal(play_rest(p, "getHealth", NULL, NULL),
                        "answer 503 {\"status\":\"unhealthy\","
                        "\"redis\":false}\n");
}


static void
D_19_to_D_29_join(void **state)
{
    play_t  *p = *state;

    assert_string_equal(dinner_join(p, "s1", "Alice"),
                        "answer {\"success\":true,\"participantId\":\"s1\","
                        "\"sessionCode\":\"ABC123\","
                        "\"displayName\":\"Alice\",\"participantCount\":1,"
                        "\"participants\":[{\"participantId\":\"s1\","
                        "\"displayName\":\"Alice\",\"isHost\":true}],"
                        "\"state\":\"selecting\",\"hasSubmitted\":false}\n"
                        "join ABC123\n"
                        "others s1 [\"participant:joined\","
                        "{\"participantId\":\"s1\",\"displayName\":\"Alice\","
                        "\"participantCount\":1}]\n" DEADLINE);

    assert_string_equal(dinner_join(p, "s2", "Bob"),
                        "answer {\"success\":true,\"participantId\":\"s2\","
                        "\"sessionCode\":\"ABC123\","
                        "\"displayName\":\"Bob\",\"participantCount\":2,"
                        "\"participants\":[{\"participantId\":\"s1\","
                        "\"displayName\":\"Alice\",\"isHost\":true},"
                        "{\"participantId\":\"s2\",\"displayName\":\"Bob\","
                        "\"isHost\":false}],"
                        "\"state\":\"selecting\",\"hasSubmitted\":false}\n"
                        "join ABC123\n"
                        "others s2 [\"participant:joined\","
                        "{\"participantId\":\"s2\",\"displayName\":\"Bob\","
                        "\"participantCount\":2}]\n" DEADLINE);
}


static void
D_23_join_without_name(void **state)
{
    play_t  *p = *state;

    assert_string_equal(dinner_join(p, "s1", ""),
                        DINNER_FAIL("VALIDATION_ERROR", "Invalid payload: "
                                    "Display name required"));
    assert_int_equal(dinner_state(p)->n, 0);
}


static void
dinner_four(play_t *p)
{
    (void) dinner_join(p, "s1", "Alice");
    (void) dinner_join(p, "s2", "Bob");
    (void) dinner_join(p, "s3", "Charlie");
    (void) dinner_join(p, "s4", "Dana");

    assert_int_equal(dinner_state(p)->n, 4);
}


static void
D_25_D_30_fifth_join(void **state)
{
    play_t  *p = *state;

    dinner_four(p);

    assert_string_equal(dinner_join(p, "s5", "Eve"),
                        DINNER_FAIL("SESSION_FULL", "Session full"));
    assert_int_equal(dinner_state(p)->n, 4);
    assert_int_equal(p->d.nrecords, 0);

    dinner_has(dinner_rest_join(p, "Eve"), "\"code\":\"SESSION_FULL\"");
}


/* Decides on a copy of the state that has not seen the latest records. */

static const char *
dinner_behind(play_t *p, void *copy, rooms_command_t *cmd)
{
    rooms_int_t  rc;

    rooms_decision_reset(&p->d);
    rc = p->app->decide(p->conf, copy, cmd, &p->d);
    assert_int_equal(rc, ROOMS_OK);

    return (const char *) p->d.text.data;
}


static void *
dinner_copy_state(play_t *p)
{
    void         *copy;
    rooms_buf_t   b;

    rooms_buf_init(&b, 0);
    rooms_dinner_snapshot(p->state, &b);
    copy = NULL;
    assert_int_equal(rooms_dinner_restore(p->conf, &copy,
                                          rooms_str(b.data, b.len)),
                     ROOMS_OK);
    rooms_buf_free(&b);

    return copy;
}


static json_t *
dinner_args(play_t *p, rooms_command_t *cmd, const char *sid,
    const char *event, const char *args)
{
    json_t  *array;

    array = json_loads(args, 0, NULL);
    assert_non_null(array);

    play_command(p, cmd, ROOMS_CMD_EVENT);
    play_from(p, cmd, sid);
    cmd->name = play_str(event);
    cmd->args = array;
    cmd->ack = 1;
    cmd->room = play_str("ABC123");

    return array;
}


static void
D_26_last_slot(void **state)
{
    void             *behind;
    play_t           *p = *state;
    json_t           *args;
    rooms_str_t       fact;
    rooms_command_t   cmd;

    (void) dinner_join(p, "s1", "Alice");
    (void) dinner_join(p, "s2", "Bob");
    (void) dinner_join(p, "s3", "Charlie");

    behind = dinner_copy_state(p);

    dinner_has(dinner_join(p, "s4", "Dana"), "\"success\":true");

    args = dinner_args(p, &cmd, "s5",  "session:join",
                       "[{\"sessionCode\":\"ABC123\","
                       "\"displayName\":\"Eve\"}]");

    /* another worker gave away the place in between: append conflicts */

    dinner_behind(p, behind, &cmd);
    assert_int_equal(p->d.nrecords, 1);

    /* even by mistake the fact does nothing, */

    fact = rooms_decision_str(&p->d, p->d.records[0].fact);
    assert_int_equal(rooms_dinner_evolve(p->conf, &p->state, 9, fact),
                     ROOMS_ERROR);
    assert_int_equal(dinner_state(p)->n, 4);

    /* and decided again, it is as if it had come later */

    assert_string_equal(play_decide(p, &cmd, p->state),
                        DINNER_FAIL("SESSION_FULL", "Session full"));

    json_decref(args);
    rooms_dinner_release(behind);
}


static void
D_28_D_62_D_68_refresh(void **state)
{
    play_t  *p = *state;

    p->now += 60000;
    dinner_has(dinner_join(p, "s1", "Alice"), "deadline 1759237556789\n");

    p->now += 60000;
    dinner_has(dinner_submit(p, "s1", "[\"thai\"]"),
               "deadline 1759237616789\n");

    p->now += 60000;
    dinner_has(dinner_restart(p, "s1"), "deadline 1759237676789\n");

    p->now += 60000;
    dinner_has(dinner_rest_join(p, "Bob"), "deadline 1759237736789\n");

    dinner_has(play_rest(p, "getSession", "ABC123", NULL),
               "\"expiresAt\":\"2025-09-30T13:08:56.789Z\"");

    /* leaving and returning is no activity */

    p->now += 60000;
    dinner_lacks(play_life(p, ROOMS_CMD_DISCONNECT, "s1"), "deadline");
    dinner_lacks(play_life(p, ROOMS_CMD_RECOVER, "s1"), "deadline");
    assert_int_equal(dinner_state(p)->activity, PLAY_NOW + 240000);
}


static void
D_33_D_55_alone(void **state)
{
    play_t  *p = *state;

    (void) dinner_join(p, "s1", "Alice");

    dinner_has(dinner_submit(p, "s1", "[\"curry\",\"thai\"]"),
               "all [\"session:results\",{\"sessionCode\":\"ABC123\","
               "\"overlappingOptions\":[{\"optionId\":\"thai\","
               "\"displayName\":\"Thai\"},{\"optionId\":\"curry\","
               "\"displayName\":\"Curry\"}],\"allSelections\":"
               "{\"Alice\":[\"curry\",\"thai\"]},\"hasOverlap\":true}]\n");
}


static void
D_34_one_host(void **state)
{
    play_t      *p = *state;
    unsigned     i, hosts;

    /* neither over REST nor by a takeover */

    (void) dinner_rest_join(p, "Bob");
    assert_int_equal(dinner_state(p)->claimed, 0);
    (void) dinner_join(p, "s1", "Bob");
    assert_int_equal(dinner_state(p)->claimed, 0);
    assert_int_equal(dinner_state(p)->n, 1);

    dinner_has(dinner_join(p, "s2", "Charlie"), "\"isHost\":true");
    (void) dinner_join(p, "s3", "Dana");
    (void) dinner_join(p, "s4", "Eve");

    hosts = 0;

    for (i = 0; i < 4; i++) {
        hosts += dinner_state(p)->members[i].host;
    }

    assert_int_equal(hosts, 1);
    assert_int_equal(dinner_state(p)->members[1].host, 1);
}


static void
XD_2_placeholder(void **state)
{
    play_t  *p = *state;

    (void) dinner_rest_join(p, "Bob");
    (void) dinner_rest_join(p, "Charlie");
    (void) dinner_rest_join(p, "Dana");
    dinner_has(dinner_rest_join(p, "Eve"), "SESSION_FULL");

    /* the place kept free is the host's, and sockets do not count it */

    dinner_has(dinner_join(p, "s1", "Alice"), "\"participantCount\":4");
    dinner_has(dinner_join(p, "s2", "Eve"), "SESSION_FULL");
}


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


#define EXPIRED                                                               \
    "all [\"session:expired\",{\"sessionCode\":\"ABC123\","                   \
    "\"reason\":\"Session expired due to inactivity\",\"message\":"           \
    "\"This session has expired. Please create a new one.\"}]\nremove\n"


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


static void
D_79_without_callback(void **state)
{
    play_t  *p = *state;

    p->no_ack = 1;

    dinner_lacks(dinner_join(p, "s1", "Alice"), "answer");
    assert_int_equal(dinner_state(p)->n, 1);
    dinner_lacks(dinner_submit(p, "s1", "[\"thai\"]"), "answer");
    dinner_lacks(dinner_restart(p, "s1"), "answer");

    assert_string_equal(dinner_submit(p, "s7", "[\"thai\"]"),
                        "emit [\"error\",{\"code\":\"NOT_IN_SESSION\","
                        "\"message\":\"You are not a participant in this "
                        "session\"}]\n");

    p->no_ack = 0;
}


static void
D_1_namespace(void **state)
{
    play_t  *p = *state;

    assert_string_equal(play_connect(p, "s1", NULL), "");
    assert_string_equal(play_connect(p, "s1", "{\"token\":1}"), "");

    p->nsp = "/admin";
    assert_string_equal(play_connect(p, "s1", NULL),
                        "reject {\"message\":\"Invalid namespace\"}\n");
    p->nsp = "/";
}


static void
D_78_odd_payloads(void **state)
{
    play_t    *p = *state;
    unsigned   i;

    static const char *const  args[] = {
        "", "null", "\"ABC123\"", "[]", "7", "{}",
        "{\"sessionCode\":null}", "{\"sessionCode\":[\"ABC123\"]}",
        "{\"sessionCode\":\"ABC12\"}", "{\"sessionCode\":\"abc123\"}"
    };

    static const char *const  events[] = {
        "session:join", "selection:submit", "session:restart"
    };

    for (i = 0; i < 30; i++) {
        assert_string_equal(play_event(p, "s1", events[i % 3], args[i / 3]),
                            DINNER_NOT_FOUND);
    }

    assert_string_equal(play_event(p, "s1", "session:steal", "{}"),
                        DINNER_FAIL("VALIDATION_ERROR", "Unknown event"));
    assert_string_equal(dinner_event(p, "s1", "session:join",
                                     "{\"sessionCode\":\"ABC123\","
                                     "\"displayName\":7}"),
                        DINNER_FAIL("VALIDATION_ERROR", "Invalid payload: "
                                    "Display name required"));
}


#define dinner_test(name)                                                     \
    cmocka_unit_test_setup_teardown(name, dinner_setup, dinner_teardown)


int
main(void)
{
    static const struct CMUnitTest  tests[] = {
        dinner_test(D_1_namespace),
        dinner_test(D_6_recover),
        dinner_test(D_10_join_without_session),
        dinner_test(D_11_create),
        dinner_test(D_12_host_name),
        dinner_test(D_13_codes_differ),
        dinner_test(D_13_every_character_of_a_code),
        dinner_test(D_13_code_is_taken),
        dinner_test(D_14_get),
        dinner_test(D_16_rest_join),
        dinner_test(D_17_options_and_health),
        dinner_test(D_19_to_D_29_join),
        dinner_test(D_23_join_without_name),
        dinner_test(D_25_D_30_fifth_join),
        dinner_test(D_26_last_slot),
        dinner_test(D_28_D_62_D_68_refresh),
        dinner_test(D_33_D_55_alone),
        dinner_test(D_34_one_host),
        dinner_test(XD_2_placeholder),
        dinner_test(XD_3_takeover),
        dinner_test(XD_3_takeover_at_once),
        dinner_test(D_35_D_44_D_50_submit),
        dinner_test(D_36_D_41_D_59_strangers),
        dinner_test(D_37_nothing_selected),
        dinner_test(D_39_invalid_options),
        dinner_test(D_40_second_submit),
        dinner_test(D_40_same_submit_twice_at_once),
        dinner_test(D_45_no_selection_leaks),
        dinner_test(D_48_D_71_D_73_D_74_away),
        dinner_test(D_49_results_once_per_round),
        dinner_test(D_49_last_two_at_once),
        dinner_test(D_51_to_D_57_example),
        dinner_test(D_58_to_D_64_restart),
        dinner_test(D_65_restarts_at_once),
        dinner_test(D_66_D_67_expiry),
        dinner_test(D_66_recover_into_nothing),
        dinner_test(D_69_after_expiry),
        dinner_test(D_70_disconnect),
        dinner_test(D_78_odd_payloads),
        dinner_test(D_79_without_callback),
        dinner_test(join_again_is_idempotent),
        dinner_test(join_again_after_a_false_disconnect),
        dinner_test(join_while_elsewhere),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
