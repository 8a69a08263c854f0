
/*
 * Copyright (C) nginx rooms contributors
 */


#include "rooms_polls_play.h"


static void
test_options(void **state)
{
    char                 err[ROOMS_APP_ERROR];
    unsigned             i;
    rooms_polls_conf_t  *conf;

    static const char *const  good[][2] = {
        { "participants", "3" }, { "grace", "1m" }, { "heartbeat", "10s" },
        { "keep", "1h" }, { "idle", "2d" }, { "flush", "50ms" },
        { "tokens", "on" }
    };

    static const char *const  bad[][2] = {
        { "participants", "0" }, { "grace", "x" }, { "tokens", "maybe" },
        { "colour", "red" }
    };

    (void) state;

    conf = rooms_polls_app.create();
    assert_int_equal(conf->flush, 100);
    assert_int_equal(conf->heartbeat, 30000);
    assert_int_equal(conf->keep, 86400000);

    for (i = 0; i < 7; i++) {
        assert_int_equal(rooms_polls_app.option(conf, polls_str(good[i][0]),
                                                polls_str(good[i][1]), err),
                         ROOMS_OK);
    }

    assert_int_equal(conf->participants, 3);
    assert_int_equal(conf->grace, 60000);
    assert_int_equal(conf->flush, 50);
    assert_int_equal(conf->tokens, 1);

    for (i = 0; i < 4; i++) {
        assert_int_equal(rooms_polls_app.option(conf, polls_str(bad[i][0]),
                                                polls_str(bad[i][1]), err),
                         ROOMS_ERROR);
    }

    assert_int_equal(rooms_polls_app.init(conf, NULL, err), ROOMS_OK);
    rooms_polls_app.destroy(conf);
}


/* P-102: created, created, started, activated */

static void
test_flow(void **state)
{
    polls_t  p;

    (void) state;

    polls_open(&p);
    polls_created(&p);
    assert_string_equal(p.events, "session:created");
    assert_int_equal(p.d.nrecords, 3);
    assert_int_equal(p.d.records[1].claim, 1);

    polls_poll(&p, POLLS_TWO);
    assert_string_equal(p.events, "poll:created");

    polls_rest(&p, "startSession", "sessionId", polls_session(&p), NULL);
    assert_string_equal(p.events, "session:started");

    polls_rest(&p, "activatePoll", "pollId", p.poll, NULL);
    assert_string_equal(p.events, "poll:activated");

    polls_join(&p);
    assert_string_equal(p.events, "participant:joined");

    assert_int_equal(polls_vote_first(&p), 202);
    assert_string_equal(p.events, "vote:accepted results:updated");

    polls_rest(&p, "endSession", "sessionId", polls_session(&p), NULL);
    assert_string_equal(p.events, "session:ended poll:closed results:updated "
                                  "participant:left");

    polls_done(&p);
}


/* P-61: what comes within 100 ms is told by the tick, once, with the last */

static void
test_conflation(void **state)
{
    polls_t                   p;
    unsigned                  i;
    const rooms_polls_poll_t *poll;

    (void) state;

    polls_running(&p, POLLS_TWO);

    for (i = 0; i < 5; i++) {
        polls_join(&p);
        assert_int_equal(polls_vote_first(&p), 202);
        assert_string_equal(p.events,
                            i ? "" : "vote:accepted results:updated");
        p.now += 10;
    }

    poll = rooms_polls_poll(p.state, 1);
    assert_int_equal(poll->pending, 1);

    polls_tick(&p);
    assert_string_equal(p.events, "");
    assert_int_equal(p.d.deadline, poll->counted + 100);

    p.now = p.d.deadline;
    polls_tick(&p);
    assert_string_equal(p.events, "vote:accepted results:updated");
    assert_int_equal(poll->pending, 0);
    assert_int_equal(poll->tally.counts[0], 5);

    polls_tick(&p);
    assert_string_equal(p.events, "");

    /* and what is left is told before the poll is closed */

    polls_join(&p);
    assert_int_equal(polls_vote_first(&p), 202);
    polls_join(&p);
    assert_int_equal(polls_vote_first(&p), 202);
    polls_rest(&p, "closePoll", "pollId", p.poll, NULL);
    assert_string_equal(p.events, "vote:accepted poll:closed "
                                  "results:updated");

    polls_done(&p);
}


static void
test_vote_rules(void **state)
{
    char     two[128];
    polls_t  p;

    (void) state;

    polls_running(&p, POLLS_TWO);
    polls_join(&p);

    assert_int_equal(polls_vote(&p, "\"optionId\":\"x\""), 400);
    assert_string_equal(polls_code(&p), "INVALID_OPTION");
    assert_int_equal(polls_vote(&p, "\"ratingValue\":1"), 400);
    assert_int_equal(polls_vote(&p, "\"selectedOptionIds\":[]"), 400);

    snprintf(two, sizeof(two), "\"selectedOptionIds\":[\"%s\",\"%s\"]",
             p.option, p.option);
    assert_int_equal(polls_vote(&p, two), 400);
    assert_int_equal(p.d.nrecords, 0);

    assert_int_equal(polls_vote_first(&p), 202);
    assert_int_equal(polls_vote_first(&p), 409);
    assert_string_equal(polls_code(&p), "DUPLICATE_VOTE");
    assert_int_equal(p.d.nrecords, 0);

    /* P-108: over REST the voter's sockets hear of it */

    polls_connect(&p, "sid1");
    assert_int_equal(polls_vote_first(&p), 409);
    assert_int_equal(p.told, 2);
    assert_string_equal(p.events, "");

    polls_done(&p);
}


static void
test_ratings(void **state)
{
    json_t   *v;
    polls_t   p;

    (void) state;

    polls_running(&p, "{\"question\":\"?\",\"pollType\":\"rating_scale\","
                      "\"minRating\":3,\"maxRating\":10}");
    polls_join(&p);

    assert_int_equal(polls_vote(&p, "\"ratingValue\":2"), 400);
    assert_string_equal(polls_code(&p), "INVALID_RATING");
    assert_int_equal(polls_vote(&p, "\"ratingValue\":11"), 400);
    assert_int_equal(polls_vote(&p, "\"ratingValue\":4.5"), 400);
    assert_int_equal(polls_vote(&p, "\"ratingValue\":10"), 202);
    polls_join(&p);
    assert_int_equal(polls_vote(&p, "\"ratingValue\":3"), 202);

    polls_rest(&p, "getResults", "pollId", p.poll, NULL);
    assert_true(json_real_value(json_object_get(p.answer, "averageRating"))
                == 6.5);
    v = json_object_get(p.answer, "ratingDistribution");
    assert_int_equal(json_object_size(v), 8);
    assert_int_equal(json_integer_value(json_object_get(v, "10")), 1);

    polls_done(&p);
}


/* P-15, P-75: presence by sockets, and by time */

static void
test_presence(void **state)
{
    polls_t                     p;
    const rooms_polls_state_t  *s;

    (void) state;

    polls_running(&p, POLLS_TWO);
    polls_join(&p);
    s = p.state;

    polls_connect(&p, "sid1");
    assert_string_equal(p.events, "");
    polls_connect(&p, "sid2");
    assert_int_equal(s->nsockets, 2);

    polls_from(&p, ROOMS_CMD_DISCONNECT, "sid1", "", "", NULL);
    assert_string_equal(p.events, "");
    polls_from(&p, ROOMS_CMD_DISCONNECT, "sid1", "", "", NULL);
    assert_int_equal(p.d.nrecords, 0);
    polls_from(&p, ROOMS_CMD_DISCONNECT, "sid2", "", "", NULL);
    assert_string_equal(p.events, "participant:disconnected");
    assert_int_equal(s->connected, 0);
    assert_int_equal(s->nsockets, 0);

    polls_connect(&p, "sid3");
    assert_string_equal(p.events, "participant:reconnected");
    polls_from(&p, ROOMS_CMD_DISCONNECT, "sid3", "", "", NULL);

    p.now += p.conf->grace - 1;
    polls_tick(&p);
    assert_string_equal(p.events, "");
    p.now += 1;
    polls_tick(&p);
    assert_string_equal(p.events, "participant:left");

    /* Left is final: connection:error, and sent away */

    polls_connect(&p, "sid4");
    assert_int_equal(p.d.nrecords, 0);
    assert_int_equal(p.d.effects[p.d.neffects - 1].type, ROOMS_EFFECT_KICK);

    polls_done(&p);
}


static void
test_heartbeat_and_end(void **state)
{
    polls_t  p;

    (void) state;

    polls_running(&p, POLLS_TWO);
    polls_join(&p);
    polls_connect(&p, "sid1");
    assert_int_equal(p.d.deadline, p.now + 30000);

    p.now += 30000;
    polls_tick(&p);
    assert_int_equal(p.d.nrecords, 1);
    assert_string_equal(p.events, "");

    p.now += 1000;
    polls_from(&p, ROOMS_CMD_EVENT, "sid1", "heartbeat:pong", "", "[]");
    assert_int_equal(rooms_polls_participant(p.state, 0)->seen, p.now);

    polls_rest(&p, "endSession", "sessionId", polls_session(&p), NULL);
    p.now += p.conf->keep;
    polls_tick(&p);
    assert_int_equal(p.d.remove, 1);
    assert_int_equal(p.d.records[0].drop, 1);
    assert_null(p.state);

    polls_done(&p);
}


static void
test_replay(void **state)
{
    polls_t          p;
    rooms_caller_t   caller;
    rooms_command_t  cmd;

    (void) state;

    polls_running(&p, POLLS_TWO);

    polls_from(&p, ROOMS_CMD_EVENT, "sid1", "reconnect", "", "[\"7-1\"]");
    assert_int_equal(p.d.neffects, 1);
    assert_int_equal(p.d.effects[0].type, ROOMS_EFFECT_REPLAY);

    memset(&cmd, 0, sizeof(rooms_command_t));
    memset(&caller, 0, sizeof(rooms_caller_t));
    caller.sid = polls_str("sid1");
    caller.data = polls_str("1");
    cmd.kind = ROOMS_CMD_REPLAY;
    cmd.caller = &caller;
    cmd.text = polls_str("7-1");
    cmd.missed = 3;
    polls_decide(&p, &cmd);
    assert_int_equal(p.d.neffects, 2);
    assert_int_equal(p.d.effects[1].type, ROOMS_EFFECT_REPLAYED);
    assert_int_equal(p.d.keep_deadline, 1);

    cmd.missed = -1;
    polls_decide(&p, &cmd);
    assert_int_equal(p.d.neffects, 2);
    assert_int_equal(p.d.effects[1].type, ROOMS_EFFECT_EMIT);

    polls_done(&p);
}


/* A code leads to the session; ids of elsewhere do not. */

static void
test_route(void **state)
{
    void             *index;
    polls_t           p;
    rooms_buf_t       room;
    rooms_str_t       to;
    rooms_command_t   cmd;
    rooms_decided_t  *r;

    (void) state;

    polls_open(&p);
    polls_created(&p);
    r = &p.d.records[1];
    index = NULL;
    assert_int_equal(rooms_polls_evolve(p.conf, &index, 1,
                                        rooms_decision_str(&p.d, r->fact)),
                     ROOMS_OK);

    rooms_buf_init(&room, 0);
    memset(&cmd, 0, sizeof(rooms_command_t));
    cmd.kind = ROOMS_CMD_CONNECT;
    cmd.query = polls_str("EIO=4&sessionId=AB12CD");
    assert_int_equal(rooms_polls_route(p.conf, &cmd, &room), ROOMS_OK);
    assert_memory_equal(room.data, "slug:AB12CD", room.len);

    rooms_decision_reset(&p.d);
    assert_int_equal(rooms_polls_decide(p.conf, index, &cmd, &p.d),
                     ROOMS_AGAIN);
    to = rooms_decision_str(&p.d, p.d.redirect);
    assert_int_equal(to.len, ROOMS_POLLS_KEY_TEXT);
    assert_memory_equal(to.data, polls_session(&p), 8);

    cmd.query = polls_str("sessionId=nope");
    assert_int_equal(rooms_polls_route(p.conf, &cmd, &room),
                     ROOMS_DECLINED);

    rooms_buf_free(&room);
    rooms_polls_release(index);
    polls_done(&p);
}


static void
test_refuse(void **state)
{
    unsigned         i;
    polls_t          p;
    rooms_command_t  cmd;

    static const unsigned  statuses[] = { 422, 404, 405, 413, 429, 503, 500 };

    (void) state;

    polls_open(&p);
    memset(&cmd, 0, sizeof(rooms_command_t));
    cmd.kind = ROOMS_CMD_REST;
    cmd.random = p.random;

    for (i = 0; i < 7; i++) {
        rooms_decision_reset(&p.d);
        rooms_polls_refuse(p.conf, &cmd, i, polls_str("why"), &p.d);
        assert_int_equal(p.d.status, statuses[i]);
    }

    polls_done(&p);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_options),
        cmocka_unit_test(test_flow),
        cmocka_unit_test(test_conflation),
        cmocka_unit_test(test_vote_rules),
        cmocka_unit_test(test_ratings),
        cmocka_unit_test(test_presence),
        cmocka_unit_test(test_heartbeat_and_end),
        cmocka_unit_test(test_replay),
        cmocka_unit_test(test_route),
        cmocka_unit_test(test_refuse),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
