
/*
 * Copyright (C) nginx rooms contributors
 *
 * Votes, over either way: whose they are, what they choose, whether they count.
 */


#include <string.h>

#include <rooms_polls.h>


/* A vote as it was asked for. */

typedef struct {
    rooms_str_t                poll;
    rooms_str_t                participant;
    const json_t              *data;     /* an object that holds the choice */
    const rooms_polls_poll_t  *p;
    uint32_t                   who;
    uint16_t                   choice;
    rooms_str_t                text;
} rooms_polls_ballot_t;


typedef struct {
    const char                *reason;
    const char                *message;
    rooms_polls_error_t        rest;
} rooms_polls_reject_t;


static const rooms_polls_reject_t  rooms_polls_closed = {
    "poll_closed", "The poll is closed",
    { "INVALID_STATE", 400, "The poll is closed" }
};

static const rooms_polls_reject_t  rooms_polls_draft = {
    "poll_not_active", "The poll is not active",
    { "INVALID_STATE", 400, "The poll is not active" }
};

static const rooms_polls_reject_t  rooms_polls_quiet = {
    "poll_not_active", "The session is not active",
    { "SESSION_NOT_ACTIVE", 400, "The session is not active" }
};

static const rooms_polls_reject_t  rooms_polls_twice = {
    "duplicate_vote", "You have voted already",
    { "DUPLICATE_VOTE", 409, "You have voted already" }
};

static const rooms_polls_reject_t  rooms_polls_option = {
    "invalid_option", "This is not an option of the poll",
    { "INVALID_OPTION", 400, "This is not an option of the poll" }
};

static const rooms_polls_reject_t  rooms_polls_rating = {
    "invalid_rating", "The rating is out of range",
    { "INVALID_RATING", 400, "The rating is out of range" }
};


/* Of one id: its bit, or 0. */

static uint16_t
rooms_polls_option_bit(const rooms_polls_poll_t *p, const json_t *id)
{
    unsigned  i;

    if (json_string_length(id) != ROOMS_POLLS_UUID) {
        return 0;
    }

    for (i = 0; i < p->n; i++) {
        if (strcasecmp(json_string_value(id), p->options[i].id) == 0) {
            return (uint16_t) (1u << i);
        }
    }

    return 0;
}


static const rooms_polls_reject_t *
rooms_polls_choose_options(rooms_polls_ballot_t *b)
{
    size_t     i, n;
    json_t    *list, *one;
    uint16_t   bit;

    one = json_object_get(b->data, "selectedOptionId");

    if (one == NULL) {
        one = json_object_get(b->data, "optionId");
    }

    list = json_object_get(b->data, "selectedOptionIds");

    if (one != NULL) {
        b->choice = rooms_polls_option_bit(b->p, one);
        return (b->choice == 0 || list != NULL) ? &rooms_polls_option : NULL;
    }

    n = json_array_size(list);

    if (n == 0 || (n > 1 && !b->p->multiple)) {
        return &rooms_polls_option;
    }

    for (i = 0; i < n; i++) {
        bit = rooms_polls_option_bit(b->p, json_array_get(list, i));

        if (bit == 0) {
            return &rooms_polls_option;
        }

        b->choice |= bit;
    }

    return NULL;
}


/* P-54: what belongs to another type is refused even beside the right one. */

static const rooms_polls_reject_t *
rooms_polls_choose(rooms_polls_ballot_t *b)
{
    json_t    *rating, *text;
    unsigned   options;

    rating = json_object_get(b->data, "ratingValue");
    text = json_object_get(b->data, "textResponse");
    options = json_object_get(b->data, "selectedOptionId") != NULL
              || json_object_get(b->data, "optionId") != NULL
              || json_object_get(b->data, "selectedOptionIds") != NULL;

    switch (b->p->type) {

    case ROOMS_POLLS_CHOICE:

        if (rating != NULL || text != NULL) {
            return &rooms_polls_option;
        }

        return rooms_polls_choose_options(b);

    case ROOMS_POLLS_SCALE:

        if (rating == NULL || options || text != NULL) {
            return &rooms_polls_option;
        }

        if (!json_is_integer(rating)
            || json_integer_value(rating) < (json_int_t) b->p->min
            || json_integer_value(rating) > (json_int_t) b->p->max)
        {
            return &rooms_polls_rating;
        }

        b->choice = (uint16_t) json_integer_value(rating);
        return NULL;

    default:

        if (json_string_length(text) == 0 || options || rating != NULL) {
            return &rooms_polls_option;
        }

        b->text = rooms_str(json_string_value(text),
                            json_string_length(text));
        return NULL;
    }
}


static rooms_int_t
rooms_polls_reject(rooms_polls_ctx_t *ctx, rooms_polls_ballot_t *b,
    const rooms_polls_reject_t *why)
{
    json_t  *payload;

    payload = json_pack("{s:s, s:o, s:s, s:s, s:s, s:s}",
                        "pollId", b->p->id,
                        "participantId", rooms_polls_string(b->participant),
                        "reason", why->reason,
                        "message", why->message,
                        "pollType", b->p->type == ROOMS_POLLS_CHOICE
                                    ? "multiple_choice"
                                    : b->p->type == ROOMS_POLLS_SCALE
                                      ? "rating_scale" : "open_text",
                        "timestamp", ctx->now);

    if (ctx->cmd->kind == ROOMS_CMD_EVENT) {
        rooms_polls_answer(ctx, 0,
                           json_pack("{s:b, s:s, s:s}", "success", 0,
                                     "reason", why->reason,
                                     "message", why->message));
        rooms_polls_emit(ctx, "vote:rejected", payload, 0);

        return ROOMS_OK;
    }

    (void) rooms_polls_fail(ctx, &why->rest, NULL, rooms_str(NULL, 0));

    if (b->who != ROOMS_POLLS_NONE
        && rooms_polls_participant(ctx->state, b->who)->socket
           != ROOMS_POLLS_NONE)
    {
        rooms_decide_record(ctx->d, rooms_str(NULL, 0));
        rooms_polls_tell(ctx, b->who, "vote:rejected", payload);

    } else {
        json_decref(payload);
    }

    return ROOMS_OK;
}


/* Answer and confirmation of an accepted vote. */

static void
rooms_polls_confirm(rooms_polls_ctx_t *ctx, const rooms_polls_ballot_t *b,
    const rooms_polls_tally_t *t, const unsigned char *id)
{
    char       vote[ROOMS_POLLS_UUID + 1], who[ROOMS_POLLS_UUID + 1];
    json_t    *v, *ids;
    unsigned   i;

    rooms_polls_id_vote(ctx->state->key, id, vote);
    rooms_polls_id_make(ctx->state->key, ctx->state->secret,
                        ROOMS_POLLS_ID_PARTICIPANT, b->who, 0, who);

    rooms_polls_tell(ctx, b->who, "vote:accepted",
                     rooms_polls_accepted_json(ctx->state, b->p, t, id,
                                               ctx->cmd->now, who));

    if (ctx->cmd->kind == ROOMS_CMD_EVENT) {
        rooms_polls_answer(ctx, 0,
                           json_pack("{s:b, s:s, s:I}", "success", 1,
                                     "voteId", vote, "currentVoteCount",
                                     (json_int_t) t->ballots));
        return;
    }

    v = json_pack("{s:s, s:s, s:s, s:s, s:s, s:I}",
                  "voteId", vote, "pollId", b->p->id, "participantId", who,
                  "status", "Accepted", "submittedAt", ctx->now,
                  "currentVoteCount", (json_int_t) t->ballots);

    if (b->p->type == ROOMS_POLLS_CHOICE) {
        ids = json_array();

        for (i = 0; i < b->p->n; i++) {
            if ((b->choice >> i) & 1) {
                (void) json_array_append_new(ids,
                                       json_string(b->p->options[i].id));
            }
        }

        if (json_array_size(ids) == 1) {
            (void) json_object_set(v, "selectedOptionId",
                                   json_array_get(ids, 0));
        }

        (void) json_object_set_new(v, "selectedOptionIds", ids);

    } else if (b->p->type == ROOMS_POLLS_SCALE) {
        (void) json_object_set_new(v, "ratingValue", json_integer(b->choice));

    } else {
        (void) json_object_set_new(v, "textResponse",
                                   rooms_polls_string(b->text));
    }

    rooms_polls_answer(ctx, 202, v);
}


static rooms_int_t
rooms_polls_accept(rooms_polls_ctx_t *ctx, const rooms_polls_ballot_t *b)
{
    const unsigned char        *id;
    rooms_polls_tally_t         t;
    const rooms_polls_poll_t   *p;

    p = b->p;
    id = ctx->cmd->random + 30;

    t = p->tally;
    rooms_polls_count(p, &t, b->choice);

    rooms_polls_fact_vote(ctx, p->number, b->who, id, b->choice, b->text);
    rooms_polls_confirm(ctx, b, &t, id);

    if (p->pending) {
        return ROOMS_OK;
    }

    if (p->counted + ctx->conf->flush <= ctx->cmd->now) {
        rooms_polls_tell_counts(ctx, p, &t, id, ctx->cmd->now);

    } else {
        ctx->due = p->counted + ctx->conf->flush;
    }

    return ROOMS_OK;
}


/* Whose vote it is.  NULL: it is theirs to give. */

static const rooms_polls_error_t *
rooms_polls_voter(rooms_polls_ctx_t *ctx, rooms_polls_ballot_t *b)
{
    char                              pass[ROOMS_POLLS_PASS + 1];
    const rooms_polls_participant_t  *p;

    b->who = rooms_polls_who(ctx->state, b->participant);
    p = rooms_polls_participant(ctx->state, b->who);

    if (ctx->cmd->kind == ROOMS_CMD_EVENT) {

        if (ctx->who == ROOMS_POLLS_NONE || ctx->session.len == 0
            || memcmp(ctx->session.data, ctx->state->id, ROOMS_POLLS_UUID)
               != 0)
        {
            return &rooms_polls_not_joined;
        }

        return b->who == ctx->who ? NULL : &rooms_polls_unauthorized;
    }

    if (p == NULL || (p->presence == ROOMS_POLLS_LEFT
                      && ctx->state->status != ROOMS_POLLS_ENDED))
    {
        return &rooms_polls_not_joined;
    }

    if (ctx->conf->tokens || ctx->cmd->authorization.len) {
        rooms_polls_pass(ctx->state->secret, b->who, pass);

        if (!rooms_polls_equal(rooms_polls_bearer(ctx->cmd->authorization),
                               rooms_str(pass, ROOMS_POLLS_PASS)))
        {
            return &rooms_polls_unauthorized;
        }
    }

    return NULL;
}


static rooms_int_t
rooms_polls_vote_check(rooms_polls_ctx_t *ctx, rooms_polls_ballot_t *b)
{
    const rooms_polls_error_t   *e;
    const rooms_polls_reject_t  *why;

    e = rooms_polls_voter(ctx, b);

    if (e != NULL) {
        return rooms_polls_fail(ctx, e, NULL, b->poll);
    }

    if (ctx->state->status != ROOMS_POLLS_ACTIVE) {
        return rooms_polls_reject(ctx, b, &rooms_polls_quiet);
    }

    if (b->p->status == ROOMS_POLLS_DRAFT) {
        return rooms_polls_reject(ctx, b, &rooms_polls_draft);
    }

    if (b->p->status != ROOMS_POLLS_ACTIVE) {
        return rooms_polls_reject(ctx, b, &rooms_polls_closed);
    }

    why = rooms_polls_choose(b);

    if (why == NULL && rooms_polls_has_voted(b->p, b->who)) {
        why = &rooms_polls_twice;
    }

    if (why != NULL) {
        return rooms_polls_reject(ctx, b, why);
    }

    return rooms_polls_accept(ctx, b);
}


rooms_int_t
rooms_polls_vote_submit(rooms_polls_ctx_t *ctx)
{
    const json_t          *body, *data;
    rooms_polls_id_t       id;
    rooms_polls_ballot_t   b;

    memset(&b, 0, sizeof(rooms_polls_ballot_t));

    if (ctx->cmd->kind == ROOMS_CMD_EVENT) {
        body = json_array_get(ctx->cmd->args, 0);
        b.poll = rooms_polls_text(body, "pollId");

    } else {
        body = ctx->cmd->body;
        b.poll = rooms_polls_param(ctx->cmd, "pollId");
    }

    data = json_object_get(body, "voteData");
    b.data = data ? data : body;
    b.participant = rooms_polls_text(body, "participantId");

    switch (rooms_polls_id_parse(b.poll, &id)) {

    case ROOMS_ERROR:
        return rooms_polls_fail(ctx, &rooms_polls_bad_request, NULL, b.poll);

    case ROOMS_OK:

        if (ctx->state != NULL
            && rooms_polls_id_check(&id, ROOMS_POLLS_ID_POLL, ctx->state->key,
                                    ctx->state->secret))
        {
            b.p = rooms_polls_poll(ctx->state, id.number);
        }
    }

    if (b.p == NULL) {
        return rooms_polls_fail(ctx, &rooms_polls_no_poll, NULL, b.poll);
    }

    return rooms_polls_vote_check(ctx, &b);
}
