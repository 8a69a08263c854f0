
/*
 * Copyright (C) nginx rooms contributors
 *
 * REST: polls.
 */


#include <stdlib.h>
#include <string.h>

#include <rooms_polls.h>


static int
rooms_polls_by_order(const void *one, const void *two)
{
    json_int_t     a, b;
    const json_t  *x, *y;

    x = *(json_t *const *) one;
    y = *(json_t *const *) two;
    a = json_integer_value(json_object_get(x, "order"));
    b = json_integer_value(json_object_get(y, "order"));

    return (a > b) - (a < b);
}


/* Texts of options as they are to stand; a sentence where they cannot. */

static const char *
rooms_polls_take_options(rooms_polls_poll_t *p, const json_t *list)
{
    unsigned  i, k, ordered;
    json_t   *sorted[ROOMS_POLLS_OPTIONS];

    p->n = (unsigned) json_array_size(list);
    ordered = 1;

    for (i = 0; i < p->n; i++) {
        sorted[i] = json_array_get(list, i);
        ordered &= json_object_get(sorted[i], "order") != NULL;
    }

    if (ordered) {
        qsort(sorted, p->n, sizeof(json_t *), rooms_polls_by_order);
    }

    for (i = 0; i < p->n; i++) {
        p->options[i].text = rooms_polls_text(sorted[i], "text");

        for (k = 0; k < i; k++) {
            if (p->options[k].text.len == p->options[i].text.len
                && strncasecmp((const char *) p->options[k].text.data,
                               (const char *) p->options[i].text.data,
                               p->options[i].text.len) == 0)
            {
                return "The options must differ";
            }
        }

        if (ordered && i
            && rooms_polls_by_order(&sorted[i - 1], &sorted[i]) == 0)
        {
            return "The order of the options must differ";
        }
    }

    return NULL;
}


static rooms_int_t
rooms_polls_set_options(rooms_polls_ctx_t *ctx, rooms_polls_poll_t *p,
    const json_t *list)
{
    const char  *why;

    if (json_array_size(list) > ROOMS_POLLS_OPTIONS) {
        (void) rooms_polls_fail(ctx, &rooms_polls_many_options, NULL,
                                rooms_str(NULL, 0));
        return ROOMS_DECLINED;
    }

    if (json_array_size(list) < 2) {
        (void) rooms_polls_fail(ctx, &rooms_polls_few_options, NULL,
                                rooms_str(NULL, 0));
        return ROOMS_DECLINED;
    }

    why = rooms_polls_take_options(p, list);

    if (why != NULL) {
        (void) rooms_polls_invalid(ctx, why);
        return ROOMS_DECLINED;
    }

    return ROOMS_OK;
}


static rooms_int_t
rooms_polls_describe(rooms_polls_ctx_t *ctx, rooms_polls_poll_t *p)
{
    json_t       *body, *v;
    rooms_str_t   type;

    body = ctx->cmd->body;

    p->question = rooms_polls_text(body, "question");
    p->multiple = json_is_true(json_object_get(body, "allowMultiple"));

    v = json_object_get(body, "isAnonymous");
    p->anonymous = v == NULL || json_is_true(v);

    type = rooms_polls_text(body, "pollType");

    if (rooms_option_is(type, "open_text")) {
        p->type = ROOMS_POLLS_TEXT;

    } else if (rooms_option_is(type, "rating_scale")) {
        p->type = ROOMS_POLLS_SCALE;

        v = json_object_get(body, "minRating");
        p->min = v ? (unsigned) json_integer_value(v) : 1;

        v = json_object_get(body, "maxRating");
        p->max = v ? (unsigned) json_integer_value(v)
                   : p->min > 4 ? ROOMS_POLLS_RATING : 5;

        if (p->min < 1 || p->max > ROOMS_POLLS_RATING || p->min >= p->max) {
            (void) rooms_polls_invalid(ctx, "minRating must be less than "
                                            "maxRating");
            return ROOMS_DECLINED;
        }

    } else {
        return rooms_polls_set_options(ctx, p,
                                       json_object_get(body, "options"));
    }

    if (json_array_size(json_object_get(body, "options"))) {
        (void) rooms_polls_invalid(ctx, "Only multiple_choice has options");
        return ROOMS_DECLINED;
    }

    return ROOMS_OK;
}


/* Ids of options that do not stand in the state yet. */

static void
rooms_polls_option_ids(const rooms_polls_state_t *s, rooms_polls_poll_t *p)
{
    unsigned  i;

    for (i = 0; i < p->n; i++) {
        rooms_polls_id_make(s->key, s->secret, ROOMS_POLLS_ID_OPTION,
                            p->number, i + 1, p->options[i].id);
    }
}


static rooms_int_t
rooms_polls_create_poll(rooms_polls_ctx_t *ctx)
{
    rooms_polls_poll_t          p;
    const rooms_polls_state_t  *s;

    if (rooms_polls_session_found(ctx) != ROOMS_OK) {
        return ROOMS_OK;
    }

    s = ctx->state;

    if (!rooms_polls_is_presenter(ctx)) {
        return rooms_polls_fail(ctx, &rooms_polls_unauthorized, NULL,
                                rooms_str(NULL, 0));
    }

    if (s->status == ROOMS_POLLS_ENDED || s->npolls == ROOMS_POLLS_POLLS) {
        return rooms_polls_fail(ctx, &rooms_polls_bad_state, NULL,
                                rooms_str(NULL, 0));
    }

    memset(&p, 0, sizeof(rooms_polls_poll_t));

    if (rooms_polls_describe(ctx, &p) != ROOMS_OK) {
        return ROOMS_OK;
    }

    p.number = s->npolls + 1;
    p.created = ctx->cmd->now;
    rooms_polls_id_make(s->key, s->secret, ROOMS_POLLS_ID_POLL, p.number, 0,
                        p.id);
    rooms_polls_option_ids(s, &p);

    rooms_polls_answer(ctx, 201, rooms_polls_poll_json(s, &p));

    rooms_polls_fact_poll(ctx, 0, &p);
    rooms_polls_event(ctx, "poll:created", rooms_polls_created_json(s, &p));

    return ROOMS_OK;
}


static rooms_int_t
rooms_polls_update_poll(rooms_polls_ctx_t *ctx)
{
    json_t                    *body, *options;
    rooms_polls_poll_t         p;
    const rooms_polls_poll_t  *from;

    from = rooms_polls_poll_own(ctx);

    if (from == NULL) {
        return ROOMS_OK;
    }

    if (from->status != ROOMS_POLLS_DRAFT
        || ctx->state->status == ROOMS_POLLS_ENDED)
    {
        return rooms_polls_fail(ctx, &rooms_polls_bad_state, NULL,
                                rooms_str(NULL, 0));
    }

    p = *from;
    body = ctx->cmd->body;
    options = json_object_get(body, "options");

    if (json_object_get(body, "question") != NULL) {
        p.question = rooms_polls_text(body, "question");
    }

    if (options != NULL) {

        if (p.type != ROOMS_POLLS_CHOICE) {
            return rooms_polls_invalid(ctx,
                                       "Only multiple_choice has options");
        }

        if (rooms_polls_set_options(ctx, &p, options) != ROOMS_OK) {
            return ROOMS_OK;
        }

        rooms_polls_option_ids(ctx->state, &p);
    }

    rooms_polls_answer(ctx, 200, rooms_polls_poll_json(ctx->state, &p));
    rooms_polls_fact_poll(ctx, p.number, &p);

    return ROOMS_OK;
}


static rooms_int_t
rooms_polls_activate(rooms_polls_ctx_t *ctx)
{
    json_t                    *answer;
    unsigned char              buf[16];
    rooms_polls_poll_t         p;
    const rooms_polls_poll_t  *from, *active;

    from = rooms_polls_poll_own(ctx);

    if (from == NULL) {
        return ROOMS_OK;
    }

    if (ctx->state->status != ROOMS_POLLS_ACTIVE) {
        return rooms_polls_fail(ctx, &rooms_polls_inactive, NULL,
                                rooms_str(NULL, 0));
    }

    if (from->status != ROOMS_POLLS_DRAFT) {
        return rooms_polls_fail(ctx, &rooms_polls_bad_state, NULL,
                                rooms_str(NULL, 0));
    }

    if (from->type == ROOMS_POLLS_CHOICE && from->n < 2) {
        return rooms_polls_fail(ctx, &rooms_polls_few_options, NULL,
                                rooms_str(NULL, 0));
    }

    active = rooms_polls_poll(ctx->state, ctx->state->active);

    if (active != NULL) {

        if (rooms_option_is(rooms_polls_handshake(ctx->cmd, "strict", buf,
                                                  sizeof(buf)), "true"))
        {
            return rooms_polls_fail(ctx, &rooms_polls_active_exists, NULL,
                                    rooms_str(NULL, 0));
        }

        rooms_polls_close(ctx, active);
    }

    p = *from;
    p.status = ROOMS_POLLS_ACTIVE;
    p.activated = ctx->cmd->now;

    answer = rooms_polls_poll_json(ctx->state, &p);
    rooms_polls_answer(ctx, 200, answer);

    rooms_polls_fact_activated(ctx, p.number);
    rooms_polls_event(ctx, "poll:activated",
                      rooms_polls_activated_json(ctx->state, &p, ctx->now));

    return ROOMS_OK;
}


static rooms_int_t
rooms_polls_close_poll(rooms_polls_ctx_t *ctx)
{
    rooms_polls_poll_t         p;
    const rooms_polls_poll_t  *from;

    from = rooms_polls_poll_own(ctx);

    if (from == NULL) {
        return ROOMS_OK;
    }

    if (from->status != ROOMS_POLLS_ACTIVE) {
        return rooms_polls_fail(ctx, &rooms_polls_bad_state, NULL,
                                rooms_str(NULL, 0));
    }

    p = *from;
    p.status = ROOMS_POLLS_ENDED;
    p.closed = ctx->cmd->now;

    rooms_polls_answer(ctx, 200, rooms_polls_poll_json(ctx->state, &p));
    rooms_polls_close(ctx, from);

    return ROOMS_OK;
}


static rooms_int_t
rooms_polls_list_polls(rooms_polls_ctx_t *ctx)
{
    json_t    *list;
    uint32_t   i;
    unsigned   all;

    if (rooms_polls_session_found(ctx) != ROOMS_OK) {
        return ROOMS_OK;
    }

    all = rooms_polls_is_presenter(ctx);
    list = json_array();

    for (i = 0; i < ctx->state->npolls; i++) {
        if (all || ctx->state->polls[i]->status != ROOMS_POLLS_DRAFT) {
            (void) json_array_append_new(list,
                         rooms_polls_poll_json(ctx->state,
                                               ctx->state->polls[i]));
        }
    }

    rooms_polls_answer(ctx, 200, json_pack("{s:o}", "polls", list));

    return ROOMS_OK;
}


static rooms_int_t
rooms_polls_active_poll(rooms_polls_ctx_t *ctx)
{
    const rooms_polls_poll_t  *p;

    if (rooms_polls_session_found(ctx) != ROOMS_OK) {
        return ROOMS_OK;
    }

    p = rooms_polls_poll(ctx->state, ctx->state->active);

    if (p == NULL) {
        return rooms_polls_fail(ctx, &rooms_polls_no_active, NULL,
                                rooms_str(NULL, 0));
    }

    rooms_polls_answer(ctx, 200, rooms_polls_poll_json(ctx->state, p));

    return ROOMS_OK;
}


static rooms_int_t
rooms_polls_get_poll(rooms_polls_ctx_t *ctx)
{
    const rooms_polls_poll_t  *p;

    p = rooms_polls_poll_found(ctx);

    if (p != NULL) {
        rooms_polls_answer(ctx, 200, rooms_polls_poll_json(ctx->state, p));
    }

    return ROOMS_OK;
}


const rooms_polls_operation_t  rooms_polls_poll_operations[] = {
    { "createPoll", rooms_polls_create_poll },
    { "updatePoll", rooms_polls_update_poll },
    { "activatePoll", rooms_polls_activate },
    { "closePoll", rooms_polls_close_poll },
    { "listPolls", rooms_polls_list_polls },
    { "getActivePoll", rooms_polls_active_poll },
    { "getPoll", rooms_polls_get_poll },
    { "getResults", rooms_polls_get_poll },
    { NULL, NULL }
};
