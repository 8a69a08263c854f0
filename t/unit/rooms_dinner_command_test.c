
/*
 * Copyright (C) nginx rooms contributors
 *
 * Making a session, reading and joining it, named after the rows of the
 * acceptance list.
 */


#include "rooms_dinner_behind.h"


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


int
main(void)
{
    static const struct CMUnitTest  tests[] = {
        dinner_test(D_1_namespace),
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
        dinner_test(D_78_odd_payloads),
        dinner_test(D_79_without_callback),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
