
/*
 * Copyright (C) nginx rooms contributors
 *
 * REST: the votes of a poll, as they are shown.
 */


#include <stdlib.h>
#include <string.h>

#include <rooms_polls.h>


static int
rooms_polls_by_id(const void *one, const void *two, void *poll)
{
    return memcmp(rooms_polls_vote(poll, *(const uint32_t *) one)->id,
                  rooms_polls_vote(poll, *(const uint32_t *) two)->id,
                  ROOMS_POLLS_VOTE);
}


/* text: NULL where the poll is not of that type */

static json_t *
rooms_polls_vote_json(const rooms_polls_state_t *s,
    const rooms_polls_poll_t *p, const rooms_polls_vote_t *v,
    const rooms_str_t *text)
{
    char       id[ROOMS_POLLS_UUID + 1];
    json_t    *entry, *ids;
    unsigned   i;

    rooms_polls_id_vote(s->key, v->id, id);
    entry = json_pack("{s:s, s:s}", "voteId", id, "pollId", p->id);

    if (p->type == ROOMS_POLLS_SCALE) {
        (void) json_object_set_new(entry, "ratingValue",
                                   json_integer(v->choice));

    } else if (text != NULL) {
        (void) json_object_set_new(entry, "textResponse",
                                   rooms_polls_string(*text));

    } else {
        ids = json_array();

        for (i = 0; i < p->n; i++) {
            if ((v->choice >> i) & 1) {
                (void) json_array_append_new(ids,
                                          json_string(p->options[i].id));
            }
        }

        (void) json_object_set_new(entry, "selectedOptionIds", ids);
    }

    if (v->who != ROOMS_POLLS_NONE) {
        rooms_polls_id_make(s->key, s->secret, ROOMS_POLLS_ID_PARTICIPANT,
                            v->who, 0, id);
        (void) json_object_set_new(entry, "participantId", json_string(id));
        (void) json_object_set_new(entry, "submittedAt",
                                   rooms_polls_time(p->activated + v->at));
    }

    return entry;
}


/* In the order of their random ids where they are anonymous. */

static rooms_int_t
rooms_polls_list_votes(rooms_polls_ctx_t *ctx)
{
    json_t                    *list;
    uint32_t                   i, *order;
    const rooms_str_t         *text;
    const rooms_polls_poll_t  *p;

    p = rooms_polls_poll_own(ctx);

    if (p == NULL) {
        return ROOMS_OK;
    }

    order = malloc((p->votes.n + 1) * sizeof(uint32_t));
    if (order == NULL) {
        return ROOMS_ERROR;
    }

    for (i = 0; i < p->votes.n; i++) {
        order[i] = i;
    }

    if (p->anonymous) {
        qsort_r(order, p->votes.n, sizeof(uint32_t), rooms_polls_by_id,
                (void *) p);
    }

    list = json_array();
    text = NULL;

    for (i = 0; i < p->votes.n; i++) {

        if (p->type == ROOMS_POLLS_TEXT) {
            text = rooms_polls_list_at(&p->texts, sizeof(rooms_str_t),
                                       order[i]);
        }

        (void) json_array_append_new(list,
                         rooms_polls_vote_json(ctx->state, p,
                                               rooms_polls_vote(p, order[i]),
                                               text));
    }

    free(order);

    rooms_polls_answer(ctx, 200,
                       json_pack("{s:o, s:I, s:s}", "votes", list,
                                 "count", (json_int_t) p->tally.ballots,
                                 "pollId", p->id));

    return ROOMS_OK;
}


static rooms_int_t
rooms_polls_count_votes(rooms_polls_ctx_t *ctx)
{
    const rooms_polls_poll_t  *p;

    p = rooms_polls_poll_found(ctx);

    if (p != NULL) {
        rooms_polls_answer(ctx, 200,
                           json_pack("{s:s, s:I}", "pollId", p->id, "count",
                                     (json_int_t) p->tally.ballots));
    }

    return ROOMS_OK;
}


static rooms_int_t
rooms_polls_voted(rooms_polls_ctx_t *ctx)
{
    uint32_t                   who;
    rooms_str_t                text;
    const rooms_polls_poll_t  *p;

    p = rooms_polls_poll_found(ctx);

    if (p == NULL) {
        return ROOMS_OK;
    }

    text = rooms_polls_param(ctx->cmd, "participantId");
    who = rooms_polls_who(ctx->state, text);

    if (who == ROOMS_POLLS_NONE) {
        return rooms_polls_fail(ctx, &rooms_polls_no_participant, NULL, text);
    }

    rooms_polls_answer(ctx, 200,
                       json_pack("{s:s, s:o, s:b}", "pollId", p->id,
                                 "participantId", rooms_polls_string(text),
                                 "hasVoted",
                                 (int) rooms_polls_has_voted(p, who)));

    return ROOMS_OK;
}


const rooms_polls_operation_t  rooms_polls_vote_operations[] = {
    { "submitVote", rooms_polls_vote_submit },
    { "listVotes", rooms_polls_list_votes },
    { "countVotes", rooms_polls_count_votes },
    { "hasVoted", rooms_polls_voted },
    { NULL, NULL }
};
