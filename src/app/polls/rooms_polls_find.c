
/*
 * Copyright (C) nginx rooms contributors
 *
 * The session or poll that a REST command names, for whom it is.  Where there
 * is none, or not for the caller, the command has been answered so.
 */


#include <string.h>

#include <rooms_polls.h>


/* ROOMS_DECLINED: there is no such session, which has been answered. */

rooms_int_t
rooms_polls_session_found(rooms_polls_ctx_t *ctx)
{
    rooms_str_t       text;
    rooms_polls_id_t  id;

    text = rooms_polls_param(ctx->cmd, "sessionId");

    if (text.len && !rooms_polls_is_slug(text)
        && rooms_polls_id_parse(text, &id) == ROOMS_ERROR)
    {
        (void) rooms_polls_fail(ctx, &rooms_polls_bad_request, NULL, text);
        return ROOMS_DECLINED;
    }

    if (ctx->state == NULL
        || (text.len == ROOMS_POLLS_UUID
            && strncasecmp((const char *) text.data, ctx->state->id,
                           ROOMS_POLLS_UUID) != 0))
    {
        (void) rooms_polls_fail(ctx, &rooms_polls_no_session, NULL, text);
        return ROOMS_DECLINED;
    }

    return ROOMS_OK;
}


rooms_int_t
rooms_polls_session_own(rooms_polls_ctx_t *ctx)
{
    if (rooms_polls_session_found(ctx) != ROOMS_OK) {
        return ROOMS_DECLINED;
    }

    if (!rooms_polls_is_presenter(ctx)) {
        (void) rooms_polls_fail(ctx, &rooms_polls_unauthorized, NULL,
                                rooms_str(NULL, 0));
        return ROOMS_DECLINED;
    }

    return ROOMS_OK;
}


const rooms_polls_poll_t *
rooms_polls_poll_found(rooms_polls_ctx_t *ctx)
{
    rooms_str_t                text;
    rooms_polls_id_t           id;
    const rooms_polls_poll_t  *p;

    text = rooms_polls_param(ctx->cmd, "pollId");

    if (rooms_polls_id_parse(text, &id) == ROOMS_ERROR) {
        (void) rooms_polls_fail(ctx, &rooms_polls_bad_request, NULL, text);
        return NULL;
    }

    p = NULL;

    if (ctx->state != NULL
        && rooms_polls_id_check(&id, ROOMS_POLLS_ID_POLL, ctx->state->key,
                                ctx->state->secret))
    {
        p = rooms_polls_poll(ctx->state, id.number);
    }

    if (p == NULL) {
        (void) rooms_polls_fail(ctx, &rooms_polls_no_poll, NULL, text);
    }

    return p;
}


/* The same for what only the presenter may do. */

const rooms_polls_poll_t *
rooms_polls_poll_own(rooms_polls_ctx_t *ctx)
{
    const rooms_polls_poll_t  *p;

    p = rooms_polls_poll_found(ctx);

    if (p != NULL && !rooms_polls_is_presenter(ctx)) {
        (void) rooms_polls_fail(ctx, &rooms_polls_unauthorized, NULL,
                                rooms_str(NULL, 0));
        return NULL;
    }

    return p;
}
