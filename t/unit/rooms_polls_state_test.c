
/*
 * Copyright (C) nginx rooms contributors
 */


#include <time.h>

#include "rooms_polls_play.h"


#define VOTERS  50000


static size_t
list_size(const rooms_polls_list_t *l, size_t size)
{
    size_t  blocks;

    blocks = (l->n + ROOMS_POLLS_BLOCK - 1) / ROOMS_POLLS_BLOCK;

    return blocks * ROOMS_POLLS_BLOCK * size
           + l->allocated * sizeof(unsigned char *);
}


static double
seconds(void)
{
    struct timespec  ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);

    return (double) ts.tv_sec + (double) ts.tv_nsec / 1e9;
}


/* VOTERS participants, each with a socket and a vote. */

static void
fill(polls_t *p)
{
    char                        sid[24];
    uint32_t                    i;
    rooms_command_t             cmd;
    rooms_polls_ctx_t           ctx;
    rooms_polls_state_t        *s;

    s = p->state;
    memset(&ctx, 0, sizeof(ctx));
    memset(&cmd, 0, sizeof(cmd));
    cmd.now = p->now;
    ctx.cmd = &cmd;
    ctx.d = &p->d;

    for (i = 0; i < VOTERS; i++) {
        snprintf(sid, sizeof(sid), "sid%017u", i);

        rooms_decision_reset(&p->d);
        rooms_polls_fact_joined(&ctx, NULL);
        rooms_polls_fact_attached(&ctx, i, polls_str(sid), 0, 0);
        rooms_polls_fact_vote(&ctx, 1, i, (unsigned char *) sid + 12,
                              (uint16_t) (1 + i % 2), rooms_str(NULL, 0));
        polls_apply(p);
    }

    assert_int_equal(s->participants.n, VOTERS);
    assert_int_equal(s->nsockets, VOTERS);
    assert_int_equal(s->votes, VOTERS);
}


/* Under 150 octets for each voter, and rebuilt in under a second. */

static void
test_many(void **state)
{
    void                       *again;
    double                      from, took;
    size_t                      size;
    polls_t                     p;
    rooms_buf_t                 one, two;
    const rooms_polls_poll_t   *poll;
    const rooms_polls_state_t  *s;

    (void) state;

    polls_running(&p, POLLS_TWO);
    fill(&p);

    s = p.state;
    poll = rooms_polls_poll(s, 1);

    size = list_size(&s->participants, sizeof(rooms_polls_participant_t))
           + list_size(&s->sockets, sizeof(rooms_polls_socket_t))
           + s->nheads * sizeof(uint32_t)
           + list_size(&poll->voted, 1)
           + list_size(&poll->votes, sizeof(rooms_polls_vote_t));

    print_message("%u voters: %zu octets each\n", VOTERS, size / VOTERS);
    assert_true(size / VOTERS < 150);

    rooms_buf_init(&one, 0);
    rooms_buf_init(&two, 0);
    rooms_polls_snapshot(s, &one);

    again = NULL;
    from = seconds();
    assert_int_equal(rooms_polls_restore(p.conf, &again,
                                         rooms_str(one.data, one.len)),
                     ROOMS_OK);
    took = seconds() - from;
    print_message("rebuilt from %zu octets in %.3f s\n", one.len, took);
    assert_true(took < 1);

    /* sockets are in another order, all else is the same */

    rooms_polls_snapshot(again, &two);
    assert_int_equal(one.len, two.len);
    assert_int_equal(rooms_polls_poll(again, 1)->tally.counts[0], VOTERS / 2);

    rooms_buf_free(&one);
    rooms_buf_free(&two);
    rooms_polls_release(again);
    polls_done(&p);
}


/* A snapshot is the whole state, at every step of a session. */

static void
check_snapshot(polls_t *p)
{
    void         *again;
    size_t        n;
    rooms_buf_t   one, two;

    rooms_buf_init(&one, 0);
    rooms_buf_init(&two, 0);
    rooms_polls_snapshot(p->state, &one);

    again = NULL;
    assert_int_equal(rooms_polls_restore(p->conf, &again,
                                         rooms_str(one.data, one.len)),
                     ROOMS_OK);
    rooms_polls_snapshot(again, &two);
    assert_int_equal(one.len, two.len);
    assert_memory_equal(one.data, two.data, one.len);
    rooms_polls_release(again);

    for (n = 0; n < one.len; n++) {
        again = NULL;
        assert_int_equal(rooms_polls_restore(p->conf, &again,
                                             rooms_str(one.data, n)),
                         ROOMS_ERROR);
        assert_null(again);
    }

    rooms_buf_free(&one);
    rooms_buf_free(&two);
}


static void
test_snapshot(void **state)
{
    polls_t  p;

    (void) state;

    polls_running(&p, POLLS_TWO);
    check_snapshot(&p);
    polls_join(&p);
    polls_connect(&p, "sid1");
    polls_vote_first(&p);
    polls_join(&p);
    polls_vote_first(&p);
    polls_connect(&p, "sid2");
    check_snapshot(&p);
    polls_from(&p, ROOMS_CMD_DISCONNECT, "sid2", "", "", NULL);
    polls_from(&p, ROOMS_CMD_DISCONNECT, "sid1", "", "", NULL);
    check_snapshot(&p);
    polls_poll(&p, "{\"question\":\"?\",\"pollType\":\"open_text\","
                   "\"isAnonymous\":false}");
    polls_rest(&p, "activatePoll", "pollId", p.poll, NULL);
    polls_vote(&p, "\"textResponse\":\"words\"");
    check_snapshot(&p);
    polls_rest(&p, "listVotes", "pollId", p.poll, NULL);
    assert_int_equal(json_array_size(json_object_get(p.answer, "votes")), 1);
    polls_rest(&p, "endSession", "sessionId", polls_session(&p), NULL);
    check_snapshot(&p);

    polls_done(&p);
}


static void
test_sockets(void **state)
{
    char                  sid[24];
    unsigned              i, k;
    rooms_polls_state_t  *s;

    (void) state;

    s = rooms_polls_state_new();

    for (k = 0; k < 3; k++) {
        for (i = 0; i < 100; i++) {
            snprintf(sid, sizeof(sid), "s%u", i);
            assert_int_equal(rooms_polls_socket_add(s, ROOMS_POLLS_NONE,
                                                    polls_str(sid), 0),
                             ROOMS_OK);
            assert_int_equal(rooms_polls_socket_add(s, ROOMS_POLLS_NONE,
                                                    polls_str(sid), 0),
                             ROOMS_ERROR);
        }

        for (i = 0; i < 100; i++) {
            snprintf(sid, sizeof(sid), "s%u", (i * 37) % 100);
            rooms_polls_socket_remove(s,
                               rooms_polls_socket_find(s, polls_str(sid)));
            assert_int_equal(rooms_polls_socket_find(s, polls_str(sid)),
                             ROOMS_POLLS_NONE);
        }

        assert_int_equal(s->nsockets, 0);
        assert_int_equal(s->sockets.n, 100);
    }

    assert_int_equal(rooms_polls_socket_add(s, ROOMS_POLLS_NONE,
                                polls_str("longer than twenty octets"), 0),
                     ROOMS_ERROR);
    rooms_polls_release(s);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_many),
        cmocka_unit_test(test_snapshot),
        cmocka_unit_test(test_sockets),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
