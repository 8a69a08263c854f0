
/*
 * Copyright (C) nginx rooms contributors
 *
 * What everybody is told of the counts of a poll.
 *
 * They go out with a vote when the poll has been quiet, else at most every
 * "flush" with the latest totals: by a tick, as a record like any other, so
 * that all sockets of all workers have the same events, and so has a replay.
 * What is told does not grow with the votes, and what a vote costs does not
 * grow with the audience.
 */


#include <rooms_polls.h>


void
rooms_polls_tell_counts(rooms_polls_ctx_t *ctx, const rooms_polls_poll_t *p,
    const rooms_polls_tally_t *t, const unsigned char *vote, uint64_t at)
{
    rooms_polls_fact_counted(ctx, p->number);
    rooms_polls_event(ctx, "vote:accepted",
                      rooms_polls_accepted_json(ctx->state, p, t, vote, at,
                                                NULL));

    rooms_polls_fact_told(ctx);
    rooms_polls_event(ctx, "results:updated",
                      rooms_polls_updated_json(ctx->state, p, t));
}


void
rooms_polls_close(rooms_polls_ctx_t *ctx, const rooms_polls_poll_t *p)
{
    if (p->pending) {
        rooms_polls_fact_counted(ctx, p->number);
        rooms_polls_event(ctx, "vote:accepted",
                          rooms_polls_accepted_json(ctx->state, p, &p->tally,
                                                    p->last, p->latest,
                                                    NULL));
    }

    rooms_polls_fact_closed(ctx, p->number);
    rooms_polls_event(ctx, "poll:closed",
                      rooms_polls_closed_json(ctx->state, p, ctx->now));

    rooms_polls_fact_told(ctx);
    rooms_polls_event(ctx, "results:updated",
                      rooms_polls_updated_json(ctx->state, p, &p->tally));
}
