
/*
 * Copyright (C) nginx rooms contributors
 */


#include "rooms_orchestrator_play.h"


static const char *
tick(play_t *p, uint64_t ms)
{
    p->now += ms;

    return play_life(p, ROOMS_CMD_TICK, NULL);
}


static void
G_14_updates_keep_their_distance(void **state)
{
    play_t      *p = *state;
    unsigned     i, told;
    const char  *out;

    game_identify(p, "s1", "GM_1");
    told = 0;

    for (i = 0; i < 1000; i++) {
        if (i % 10 == 0) {
            game_submit(p, "s1", "NONE", "TEAM_A");
        }

        out = tick(p, 1);
        told += strstr(out, "state:update") != NULL;
    }

    assert_in_range(told, 8, 10);

    /* the last change is told, and then nothing more */

    (void) tick(p, 200);
    assert_null(strstr(tick(p, 200), "state:update"));
}


static void
G_44_silence(void **state)
{
    play_t      *p = *state;
    const char  *out;

    game_identify(p, "s1", "GM_1");
    (void) tick(p, 1);

    out = tick(p, 29000);
    assert_null(strstr(out, "device:disconnected"));

    out = tick(p, 1000);
    assert_non_null(strstr(out, "\"deviceId\":\"GM_1\","
                                "\"reason\":\"timeout\""));

    /* held for a while, then forgotten */

    (void) tick(p, 29000);
    assert_non_null(rooms_orchestrator_get(game_root(p), "devices", "GM_1"));
    (void) tick(p, 2000);
    assert_null(rooms_orchestrator_get(game_root(p), "devices", "GM_1"));
}


/*
 * Of many stations each goes when its own time has come, also where those
 * that are due first are heard again and again.
 */

static void
G_44_each_has_its_time(void **state)
{
    char         sid[16], id[16], args[64];
    play_t      *p = *state;
    uint64_t     began, heard[5];
    unsigned     i, ms, gone;
    const char  *out;

    gone = 0;

    for (i = 0; i < 5; i++) {
        (void) snprintf(sid, sizeof(sid), "s%u", i);
        (void) snprintf(id, sizeof(id), "GM_%u", i);
        game_identify(p, sid, id);
        heard[i] = p->now;
        (void) tick(p, 1000);
    }

    began = p->now;

    for (ms = 0; ms < 120000; ms += 500) {
        out = tick(p, 500);

        for (i = 0; i < 5; i++) {
            (void) snprintf(args, sizeof(args), "\"deviceId\":\"GM_%u\","
                            "\"reason\":\"timeout\"", i);

            if (strstr(out, args) != NULL) {
                assert_in_range(p->now, heard[i] + 30000, heard[i] + 30500);
                gone++;
            }
        }

        /* GM_0 for a minute, GM_1 for half of one */

        for (i = 0; i < 2; i++) {
            if (ms % 10000 == 0 && p->now < began + (2 - i) * 30000) {
                (void) snprintf(sid, sizeof(sid), "s%u", i);
                (void) snprintf(args, sizeof(args),
                                "{\"stationId\":\"GM_%u\"}", i);
                (void) play_event(p, sid, "heartbeat", args);
                heard[i] = p->now;
            }
        }
    }

    assert_int_equal(gone, 5);
}


/* What is refused keeps a station, and takes a record only now and then. */

static void
XG_10_refused_events_are_heard(void **state)
{
    play_t           *p = *state;
    unsigned          i, records;
    const char       *out;
    rooms_command_t   cmd;

    game_identify(p, "s1", "GM_1");
    game_identify(p, "s2", "GM_2");
    game_identify(p, "s3", "GM_3");
    (void) tick(p, 1);

    records = 0;

    for (i = 0; i < 60; i++) {
        (void) tick(p, 1000);

        /* by what is before the application, and by itself */

        play_command(p, &cmd, ROOMS_CMD_HEARD);
        play_from(p, &cmd, "s1");
        (void) play_decide(p, &cmd, p->state);
        records += p->d.nrecords;

        out = play_event(p, "s2", "heartbeat", "{\"stationId\":\"GM_1\"}");
        assert_non_null(strstr(out, "AUTH_REQUIRED"));
        records += p->d.nrecords;
    }

    assert_in_range(records, 4, 2 * 2 * ROOMS_ORCHESTRATOR_BEATS);
    assert_string_equal(rooms_orchestrator_text(rooms_orchestrator_get(
                            game_root(p), "devices", "GM_1"), "status"),
                        "connected");
    assert_string_equal(rooms_orchestrator_text(rooms_orchestrator_get(
                            game_root(p), "devices", "GM_2"), "status"),
                        "connected");
    assert_null(rooms_orchestrator_get(game_root(p), "devices", "GM_3"));

    /* who is no station takes none */

    play_command(p, &cmd, ROOMS_CMD_HEARD);
    play_from(p, &cmd, "s4");
    assert_string_equal(play_decide(p, &cmd, p->state), "");
}


static void
G_36_video_by_the_clock(void **state)
{
    play_t  *p = *state;

    game_identify(p, "s1", "GM_1");
    (void) tick(p, 1);

    assert_non_null(strstr(play_rest(p, "scanToken", NULL,
                                     "{\"tokenId\":\"V\","
                                     "\"teamId\":\"TEAM_A\","
                                     "\"scannerId\":\"p\"}"),
                           "\"status\":\"loading\""));
    (void) tick(p, 1);
    assert_non_null(strstr(tick(p, 500), "\"status\":\"playing\""));
    (void) tick(p, 1);
    assert_null(strstr(tick(p, 1900), "\"status\":\"completed\""));
    assert_non_null(strstr(tick(p, 100), "\"status\":\"completed\""));
    assert_non_null(strstr(tick(p, 500), "\"status\":\"idle\""));
}


static void
G_71_state_survives_as_octets(void **state)
{
    void         *copy;
    play_t       *p = *state;
    json_t       *a, *b;
    rooms_buf_t   octets;

    game_identify(p, "s1", "GM_1");
    game_submit(p, "s1", "A", "TEAM_A");

    rooms_buf_init(&octets, 0);
    p->app->snapshot(p->state, &octets);

    copy = NULL;
    assert_int_equal(p->app->restore(p->conf, &copy,
                                     rooms_str(octets.data, octets.len)),
                     ROOMS_OK);

    a = (json_t *) game_root(p);
    b = ((rooms_orchestrator_state_t *) copy)->root;
    assert_true(json_equal(a, b));
    p->app->release(copy);

    copy = NULL;
    assert_int_equal(p->app->restore(p->conf, &copy,
                                     rooms_str(octets.data, octets.len - 1)),
                     ROOMS_ERROR);
    assert_int_equal(p->app->restore(p->conf, &copy, play_str("{}")),
                     ROOMS_ERROR);
    assert_null(copy);
    rooms_buf_free(&octets);
}


static void
G_53_what_is_no_fact(void **state)
{
    void      *data;
    play_t    *p = *state;
    unsigned   i;

    static const char *const  facts[] = {
        "", "x", "{}", "[]", "{\"f\":\"tx\"}", "{\"f\":\"tx\",\"at\":1}",
        "{\"f\":\"none\",\"at\":1}", "{\"f\":\"away\",\"at\":1,\"id\":\"x\"}",
        "{\"f\":\"session\",\"at\":-1,\"id\":\"x\",\"name\":\"x\"}",
        "{\"f\":\"video\",\"at\":1,\"status\":\"playing\"}"
    };

    for (i = 0; i < sizeof(facts) / sizeof(facts[0]); i++) {
        data = NULL;
        assert_int_equal(p->app->evolve(p->conf, &data, 8,
                                        play_str(facts[i])),
                         ROOMS_ERROR);
        assert_null(data);
    }
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test_setup_teardown(G_14_updates_keep_their_distance,
                                        game_setup, game_teardown),
        cmocka_unit_test_setup_teardown(G_44_silence, game_setup,
                                        game_teardown),
        cmocka_unit_test_setup_teardown(G_44_each_has_its_time, game_setup,
                                        game_teardown),
        cmocka_unit_test_setup_teardown(XG_10_refused_events_are_heard,
                                        game_setup, game_teardown),
        cmocka_unit_test_setup_teardown(G_36_video_by_the_clock, game_setup,
                                        game_teardown),
        cmocka_unit_test_setup_teardown(G_71_state_survives_as_octets,
                                        game_setup, game_teardown),
        cmocka_unit_test_setup_teardown(G_53_what_is_no_fact, game_setup,
                                        game_teardown)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
