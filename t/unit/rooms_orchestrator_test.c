
/*
 * Copyright (C) nginx rooms contributors
 */


#include "rooms_orchestrator_play.h"


static void
G_71_snapshot_there_and_back(void **state)
{
    play_t       *p = *state;
    void         *again;
    rooms_buf_t   one, two;

    game_identify(p, "s1", "GM_1");
    game_submit(p, "s1", "A", "TEAM_A");
    game_submit(p, "s1", "B", "TEAM_B");

    rooms_buf_init(&one, 0);
    rooms_buf_init(&two, 0);

    p->app->snapshot(p->state, &one);
    assert_false(one.failed);
    assert_true(one.len > 0);

    again = NULL;
    assert_int_equal(p->app->restore(p->conf, &again,
                                     rooms_str(one.data, one.len)),
                     ROOMS_OK);

    p->app->snapshot(again, &two);
    assert_int_equal(one.len, two.len);
    assert_memory_equal(one.data, two.data, one.len);

    /* and the game goes on from there */

    p->app->release(p->state);
    p->state = again;

    assert_int_equal(game_score(p, "TEAM_A", "currentScore"), 10);
    assert_non_null(strstr(game_submit(p, "s1", "A", "TEAM_B"),
                           "\"status\":\"duplicate\""));

    rooms_buf_free(&one);
    rooms_buf_free(&two);
}


static void
G_71_cut_snapshots_change_nothing(void **state)
{
    play_t       *p = *state;
    void         *again;
    size_t        n;
    rooms_buf_t   b;

    game_identify(p, "s1", "GM_1");
    game_submit(p, "s1", "A", "TEAM_A");

    rooms_buf_init(&b, 0);
    p->app->snapshot(p->state, &b);

    for (n = 0; n < b.len; n++) {
        again = NULL;
        assert_int_equal(p->app->restore(p->conf, &again,
                                         rooms_str(b.data, n)),
                         ROOMS_ERROR);
        assert_null(again);
    }

    rooms_buf_free(&b);
}


static void
G_53_foreign_facts_change_nothing(void **state)
{
    play_t       *p = *state;
    size_t        i;
    rooms_buf_t   one, two;

    static const char  *facts[] = {
        "", "x", "{", "[]", "{}", "null", "\"fact\"",
        "{\"fact\":\"no such\"}", "{\"fact\":1}", "\xff\xfe"
    };

    game_identify(p, "s1", "GM_1");
    game_submit(p, "s1", "A", "TEAM_A");

    rooms_buf_init(&one, 0);
    rooms_buf_init(&two, 0);
    p->app->snapshot(p->state, &one);

    for (i = 0; i < sizeof(facts) / sizeof(facts[0]); i++) {
        assert_int_equal(p->app->evolve(p->conf, &p->state, p->id + 1,
                                        play_str(facts[i])),
                         ROOMS_ERROR);

        rooms_buf_reset(&two);
        p->app->snapshot(p->state, &two);
        assert_int_equal(one.len, two.len);
        assert_memory_equal(one.data, two.data, one.len);
    }

    rooms_buf_free(&one);
    rooms_buf_free(&two);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test_setup_teardown(G_71_snapshot_there_and_back,
                                        game_setup, game_teardown),
        cmocka_unit_test_setup_teardown(G_71_cut_snapshots_change_nothing,
                                        game_setup, game_teardown),
        cmocka_unit_test_setup_teardown(G_53_foreign_facts_change_nothing,
                                        game_setup, game_teardown)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
