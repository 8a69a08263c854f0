
/*
 * Copyright (C) nginx rooms contributors
 *
 * Facts, also those that no honest worker would write.
 */


#include "rooms_dinner_play.h"


static rooms_int_t
evolve(play_t *p, rooms_str_t fact)
{
    return rooms_dinner_evolve(p->conf, &p->state, 1, fact);
}


static rooms_str_t
joined(play_t *p, const char *id, const char *sid, const char *name,
    unsigned host)
{
    return rooms_dinner_joined(&p->d, p->now, play_str(id), play_str(sid),
                               play_str(name), host);
}


static rooms_str_t
submitted(play_t *p, const char *id, const char *octets, size_t len)
{
    return rooms_dinner_submitted(&p->d, p->now, play_str(id),
                                  rooms_str(octets, len));
}


static void
test_created(void **state)
{
    play_t                      *p = *state;
    const rooms_dinner_state_t  *s;

    /* not over a session that lives */

    assert_int_equal(evolve(p, rooms_dinner_created(&p->d, 7,
                                                    play_str("ZZZZZZ"),
                                                    play_str("Bob"))),
                     ROOMS_ERROR);
    assert_memory_equal(dinner_state(p)->code, "ABC123", 6);

    assert_int_equal(evolve(p, rooms_dinner_expired(&p->d)), ROOMS_OK);
    assert_null(p->state);

    assert_int_equal(evolve(p, rooms_dinner_created(&p->d, 7,
                                                    play_str("zzzzzz"),
                                                    play_str("Bob"))),
                     ROOMS_ERROR);
    assert_null(p->state);

    assert_int_equal(evolve(p, rooms_dinner_created(&p->d, 7,
                                                    play_str("ZZZZZZ"),
                                                    play_str("Bob"))),
                     ROOMS_OK);
    s = dinner_state(p);
    assert_memory_equal(s->code, "ZZZZZZ", 6);
    assert_true(rooms_dinner_same(s->host, play_str("Bob")));
    assert_int_equal(s->created, 7);
    assert_int_equal(s->activity, 7);
    assert_int_equal(s->phase, ROOMS_DINNER_WAITING);
    assert_int_equal(rooms_dinner_count(s), 1);
}


static void
test_nothing_before_created(void **state)
{
    play_t  *p = *state;

    rooms_dinner_release(p->state);
    p->state = NULL;

    assert_int_equal(evolve(p, joined(p, "a", "a", "A", 1)), ROOMS_ERROR);
    assert_int_equal(evolve(p, rooms_dinner_restarted(&p->d, 1)), ROOMS_ERROR);
    assert_int_equal(evolve(p, rooms_dinner_expired(&p->d)), ROOMS_ERROR);
    assert_int_equal(evolve(p, rooms_str(NULL, 0)), ROOMS_ERROR);
    assert_null(p->state);
}


static void
test_joined(void **state)
{
    char                         id[80];
    play_t                      *p = *state;
    const rooms_dinner_state_t  *s;

    s = dinner_state(p);

    assert_int_equal(evolve(p, joined(p, "a", "a", "A", 1)), ROOMS_OK);
    assert_int_equal(s->phase, ROOMS_DINNER_SELECTING);
    assert_int_equal(s->claimed, 1);
    assert_int_equal(s->members[0].host, 1);
    assert_int_equal(s->members[0].live, 1);

    /* a second host; the same id; the same socket; no id; a long id */

    assert_int_equal(evolve(p, joined(p, "b", "b", "B", 1)), ROOMS_ERROR);
    assert_int_equal(evolve(p, joined(p, "a", "b", "B", 0)), ROOMS_ERROR);
    assert_int_equal(evolve(p, joined(p, "b", "a", "B", 0)), ROOMS_ERROR);
    assert_int_equal(evolve(p, joined(p, "", "b", "B", 0)), ROOMS_ERROR);

    memset(id, 'x', sizeof(id));
    id[65] = '\0';
    assert_int_equal(evolve(p, joined(p, id, "b", "B", 0)), ROOMS_ERROR);
    assert_int_equal(evolve(p, joined(p, "b", id, "B", 0)), ROOMS_ERROR);
    assert_int_equal(s->n, 1);

    id[64] = '\0';
    assert_int_equal(evolve(p, joined(p, id, "b", "B", 0)), ROOMS_OK);

    /* without a socket, for as many as there are */

    assert_int_equal(evolve(p, joined(p, "c", "", "C", 0)), ROOMS_OK);
    assert_int_equal(s->members[2].live, 0);
    assert_int_equal(evolve(p, joined(p, "d", "", "D", 0)), ROOMS_OK);
    assert_int_equal(evolve(p, joined(p, "e", "", "E", 0)), ROOMS_ERROR);
    assert_int_equal(s->n, 4);
    assert_non_null(rooms_dinner_absent(s, play_str("D")));
    assert_null(rooms_dinner_absent(s, play_str("A")));
    assert_null(rooms_dinner_latest(s, play_str("")));
}


static void
test_the_place_of_the_host_is_kept(void **state)
{
    play_t  *p = *state;

    assert_int_equal(evolve(p, joined(p, "a", "", "A", 0)), ROOMS_OK);
    assert_int_equal(evolve(p, joined(p, "b", "", "B", 0)), ROOMS_OK);
    assert_int_equal(evolve(p, joined(p, "c", "", "C", 0)), ROOMS_OK);
    assert_int_equal(evolve(p, joined(p, "d", "", "D", 0)), ROOMS_ERROR);
    assert_int_equal(evolve(p, joined(p, "d", "d", "D", 1)), ROOMS_OK);
}


static void
test_takenover(void **state)
{
    play_t                      *p = *state;
    const rooms_dinner_state_t  *s;

    s = dinner_state(p);

    (void) evolve(p, joined(p, "a", "a", "A", 1));
    (void) evolve(p, joined(p, "b", "", "B", 0));

    /* a live one; an unknown one; without a socket; with another's */

    assert_int_equal(evolve(p, rooms_dinner_takenover(&p->d, p->now,
                                                      play_str("a"),
                                                      play_str("x"))),
                     ROOMS_ERROR);
    assert_int_equal(evolve(p, rooms_dinner_takenover(&p->d, p->now,
                                                      play_str("z"),
                                                      play_str("x"))),
                     ROOMS_ERROR);
    assert_int_equal(evolve(p, rooms_dinner_takenover(&p->d, p->now,
                                                      play_str("b"),
                                                      play_str(""))),
                     ROOMS_ERROR);
    assert_int_equal(evolve(p, rooms_dinner_takenover(&p->d, p->now,
                                                      play_str("b"),
                                                      play_str("a"))),
                     ROOMS_ERROR);

    assert_int_equal(evolve(p, rooms_dinner_takenover(&p->d, p->now + 5,
                                                      play_str("b"),
                                                      play_str("x"))),
                     ROOMS_OK);
    assert_ptr_equal(rooms_dinner_live(s, play_str("x")), &s->members[1]);
    assert_int_equal(s->members[1].host, 0);
    assert_int_equal(s->activity, p->now + 5);
}


static void
test_submitted(void **state)
{
    play_t                      *p = *state;
    const rooms_dinner_state_t  *s;

    s = dinner_state(p);

    (void) evolve(p, joined(p, "a", "a", "A", 1));
    (void) evolve(p, joined(p, "b", "b", "B", 0));

    assert_int_equal(evolve(p, submitted(p, "a", "", 0)), ROOMS_ERROR);
    assert_int_equal(evolve(p, submitted(p, "a", "\0\0", 2)), ROOMS_ERROR);
    assert_int_equal(evolve(p, submitted(p, "a", "\4\0tha", 5)), ROOMS_ERROR);
    assert_int_equal(evolve(p, submitted(p, "a", "\1\0x\1", 4)), ROOMS_ERROR);
    assert_int_equal(evolve(p, submitted(p, "z", "\1\0x", 3)), ROOMS_ERROR);
    assert_int_equal(rooms_dinner_nsubmitted(s), 0);

    assert_int_equal(evolve(p, submitted(p, "a", "\1\0x\1\0y", 6)), ROOMS_OK);
    assert_int_equal(evolve(p, submitted(p, "a", "\1\0x", 3)), ROOMS_ERROR);
    assert_int_equal(s->members[0].selections.len, 6);
    assert_int_equal(s->phase, ROOMS_DINNER_SELECTING);

    assert_int_equal(evolve(p, submitted(p, "b", "\1\0x", 3)), ROOMS_OK);
    assert_int_equal(s->phase, ROOMS_DINNER_COMPLETE);

    /* who submits after the end is not part of the results */

    (void) evolve(p, joined(p, "c", "c", "C", 0));
    assert_int_equal(s->phase, ROOMS_DINNER_COMPLETE);
    assert_int_equal(evolve(p, submitted(p, "c", "\1\0x", 3)), ROOMS_OK);
    assert_int_equal(s->members[1].counted, 1);
    assert_int_equal(s->members[2].counted, 0);

    assert_int_equal(evolve(p, rooms_dinner_restarted(&p->d, p->now)),
                     ROOMS_OK);
    assert_int_equal(rooms_dinner_nsubmitted(s), 0);
    assert_int_equal(s->members[1].counted, 0);
    assert_int_equal(s->round, 1);
}


static void
test_left_and_back(void **state)
{
    play_t                      *p = *state;
    const rooms_dinner_state_t  *s;

    s = dinner_state(p);
    (void) evolve(p, joined(p, "a", "a", "A", 1));

    assert_int_equal(evolve(p, rooms_dinner_left(&p->d, play_str("z"))),
                     ROOMS_ERROR);
    assert_int_equal(evolve(p, rooms_dinner_left(&p->d, play_str(""))),
                     ROOMS_ERROR);
    assert_int_equal(evolve(p, rooms_dinner_left(&p->d, play_str("a"))),
                     ROOMS_OK);
    assert_null(rooms_dinner_live(s, play_str("a")));
    assert_non_null(rooms_dinner_latest(s, play_str("a")));
    assert_int_equal(evolve(p, rooms_dinner_back(&p->d, play_str("a"))),
                     ROOMS_OK);
    assert_non_null(rooms_dinner_live(s, play_str("a")));
}


static void
test_time_goes_forward(void **state)
{
    play_t  *p = *state;

    p->now -= 1000;
    assert_int_equal(evolve(p, joined(p, "a", "a", "A", 1)), ROOMS_OK);
    assert_true(dinner_state(p)->activity == PLAY_NOW);
    p->now += 1000;
}


static void
test_cut_and_longer(void **state)
{
    size_t         n;
    play_t        *p = *state;
    unsigned       i;
    rooms_str_t    fact;
    unsigned char  octets[100];

    (void) evolve(p, joined(p, "b", "", "B", 0));

    for (i = 0; i < 6; i++) {
        fact = i == 0 ? joined(p, "a", "a", "A", 1)
               : i == 1 ? rooms_dinner_takenover(&p->d, p->now, play_str("b"),
                                                 play_str("x"))
               : i == 2 ? submitted(p, "b", "\1\0x", 3)
               : i == 3 ? rooms_dinner_restarted(&p->d, p->now)
               : i == 4 ? rooms_dinner_left(&p->d, play_str("a"))
               : rooms_dinner_expired(&p->d);

        assert_in_range(fact.len, 1, sizeof(octets) - 1);
        memcpy(octets, fact.data, fact.len);
        octets[fact.len] = 0;

        for (n = 0; n < fact.len; n++) {
            assert_int_equal(evolve(p, rooms_str(octets, n)), ROOMS_ERROR);
        }

        assert_int_equal(evolve(p, rooms_str(octets, fact.len + 1)),
                         ROOMS_ERROR);
        assert_int_equal(dinner_state(p)->n, i ? 2 : 1);
        assert_int_equal(evolve(p, rooms_str(octets, fact.len)), ROOMS_OK);
    }

    assert_null(p->state);
}


static void
test_unknown_type(void **state)
{
    play_t         *p = *state;
    unsigned        i;
    unsigned char   c;

    for (i = 9; i < 256; i++) {
        c = (unsigned char) i;
        assert_int_equal(evolve(p, rooms_str(&c, 1)), ROOMS_ERROR);
    }

    c = 0;
    assert_int_equal(evolve(p, rooms_str(&c, 1)), ROOMS_ERROR);
    assert_non_null(p->state);
}


int
main(void)
{
    static const struct CMUnitTest  tests[] = {
        dinner_test(test_created),
        dinner_test(test_nothing_before_created),
        dinner_test(test_joined),
        dinner_test(test_the_place_of_the_host_is_kept),
        dinner_test(test_takenover),
        dinner_test(test_submitted),
        dinner_test(test_left_and_back),
        dinner_test(test_time_goes_forward),
        dinner_test(test_cut_and_longer),
        dinner_test(test_unknown_type),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
