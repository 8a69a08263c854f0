
/*
 * Copyright (C) nginx rooms contributors
 *
 * The first octet chooses: facts after those of a session, each with its
 * length before it, or a snapshot.  Whatever they are, the counts are those
 * of the votes, and a restored snapshot is the same state.
 */


#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rooms_polls.h>


#define need(x)                                                               \
    if (!(x)) {                                                               \
        (void) fprintf(stderr, "%d: %s\n", __LINE__, #x);                     \
        abort();                                                              \
    }


static void
check(const rooms_polls_state_t *s)
{
    void                       *again;
    uint32_t                    i, k, connected, voted;
    rooms_buf_t                 one, two;
    const rooms_polls_poll_t   *p;

    if (s == NULL) {
        return;
    }

    connected = 0;

    for (i = 0; i < s->participants.n; i++) {
        connected += rooms_polls_participant(s, i)->presence
                     == ROOMS_POLLS_CONNECTED;
    }

    need(connected == s->connected);

    for (i = 0; i < s->npolls; i++) {
        p = s->polls[i];
        voted = 0;

        for (k = 0; k < s->participants.n; k++) {
            voted += rooms_polls_has_voted(p, k);
        }

        need(s->index || voted <= p->tally.ballots);
        need(p->tally.ballots == p->votes.n);
        need((p->status == ROOMS_POLLS_ACTIVE) == (s->active == p->number));
    }

    rooms_buf_init(&one, 0);
    rooms_buf_init(&two, 0);
    again = NULL;

    rooms_polls_snapshot(s, &one);
    need(rooms_polls_restore(NULL, &again, rooms_str(one.data, one.len))
         == ROOMS_OK);
    rooms_polls_snapshot(again, &two);
    need(one.len == two.len);

    rooms_polls_release(again);
    rooms_buf_free(&one);
    rooms_buf_free(&two);
}


static void
begin(void **state)
{
    rooms_command_t     cmd;
    rooms_decision_t    d;
    rooms_polls_ctx_t   ctx;
    unsigned            i;

    memset(&cmd, 0, sizeof(cmd));
    memset(&ctx, 0, sizeof(ctx));
    rooms_decision_init(&d);
    cmd.now = 1;
    ctx.cmd = &cmd;
    ctx.d = &d;

    rooms_polls_fact_created(&ctx, (unsigned char *) "KEYKEY",
                             (unsigned char *) "SECRETSECRETSECR",
                             (unsigned char *) "AB12CD",
                             rooms_str("01234567-89ab-8def-8123-456789abcdef",
                                       36), NULL);
    rooms_polls_fact_status(&ctx, ROOMS_POLLS_ACTIVE);
    rooms_polls_fact_joined(&ctx, NULL);
    rooms_polls_fact_joined(&ctx, NULL);

    for (i = 0; i < d.nrecords; i++) {
        need(rooms_polls_evolve(NULL, state, i + 1,
                                rooms_decision_str(&d, d.records[i].fact))
             == ROOMS_OK);
    }

    rooms_decision_free(&d);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    void         *state;
    uint8_t       len;
    rooms_str_t   in, fact;

    if (size == 0) {
        return 0;
    }

    state = NULL;
    in = rooms_str(data + 1, size - 1);

    if (data[0] & 1) {
        begin(&state);

        while (rooms_get_u8(&in, &len) == ROOMS_OK) {
            fact = rooms_str(in.data, len < in.len ? len : in.len);
            in.data += fact.len;
            in.len -= fact.len;

            (void) rooms_polls_evolve(NULL, &state, 9, fact);
        }

    } else if (rooms_polls_restore(NULL, &state, in) != ROOMS_OK) {
        need(state == NULL);
    }

    check(state);

    if (state != NULL) {
        rooms_polls_release(state);
    }

    return 0;
}
