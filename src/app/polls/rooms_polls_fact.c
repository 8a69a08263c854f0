
/*
 * Copyright (C) nginx rooms contributors
 *
 * The facts of a session, as they are written: see rooms_polls_fact.h.
 */


#include <rooms_polls.h>
#include <rooms_polls_fact.h>


static rooms_buf_t *
rooms_polls_begin(rooms_polls_ctx_t *ctx, unsigned type)
{
    rooms_buf_t  *b;

    b = rooms_decision_scratch(ctx->d);

    rooms_buf_byte(b, (unsigned char) type);
    rooms_buf_u64(b, ctx->cmd->now);

    return b;
}


static void
rooms_polls_end(rooms_polls_ctx_t *ctx, const rooms_buf_t *b)
{
    rooms_decide_record(ctx->d, rooms_str(b->data, b->len));
}


void
rooms_polls_fact_created(rooms_polls_ctx_t *ctx, const unsigned char *key,
    const unsigned char *secret, const unsigned char *slug,
    rooms_str_t presenter, const json_t *body)
{
    rooms_buf_t  *b;

    b = rooms_polls_begin(ctx, ROOMS_POLLS_CREATED | ROOMS_POLLS_STORED);

    rooms_buf_append(b, key, ROOMS_POLLS_KEY);
    rooms_buf_append(b, secret, ROOMS_POLLS_SECRET);
    rooms_buf_append(b, slug, ROOMS_POLLS_SLUG);
    rooms_buf_str16(b, presenter);
    rooms_buf_str16(b, rooms_polls_text(body, "title"));
    rooms_buf_str16(b, rooms_polls_text(body, "description"));
    rooms_buf_str16(b, rooms_polls_text(body, "presenterName"));

    rooms_polls_end(ctx, b);
}


void
rooms_polls_fact_claim(rooms_polls_ctx_t *ctx, rooms_str_t room,
    const unsigned char *key)
{
    rooms_buf_t  *b;

    b = rooms_polls_begin(ctx, ROOMS_POLLS_CLAIM);
    rooms_buf_append(b, key, ROOMS_POLLS_KEY);

    rooms_decide_claim(ctx->d, room, rooms_str(b->data, b->len));
}


void
rooms_polls_fact_status(rooms_polls_ctx_t *ctx, rooms_polls_status_e status)
{
    rooms_buf_t  *b;

    b = rooms_polls_begin(ctx, ROOMS_POLLS_STATUS | ROOMS_POLLS_STORED);
    rooms_buf_byte(b, (unsigned char) status);
    rooms_polls_end(ctx, b);
}


/* number 0: a new poll; else one is edited, which is no event */

void
rooms_polls_fact_poll(rooms_polls_ctx_t *ctx, uint32_t number,
    const rooms_polls_poll_t *p)
{
    unsigned      i;
    rooms_buf_t  *b;

    b = rooms_polls_begin(ctx, ROOMS_POLLS_POLL
                               | (number ? 0 : ROOMS_POLLS_STORED));
    rooms_buf_u32(b, number);
    rooms_buf_byte(b, (unsigned char) p->type);
    rooms_buf_byte(b, (p->multiple ? ROOMS_POLLS_MULTIPLE : 0)
                      | (p->anonymous ? ROOMS_POLLS_ANONYMOUS : 0));
    rooms_buf_byte(b, (unsigned char) p->min);
    rooms_buf_byte(b, (unsigned char) p->max);
    rooms_buf_str16(b, p->question);
    rooms_buf_byte(b, (unsigned char) p->n);

    for (i = 0; i < p->n; i++) {
        rooms_buf_str16(b, p->options[i].text);
    }

    rooms_polls_end(ctx, b);
}


static void
rooms_polls_fact_number(rooms_polls_ctx_t *ctx, unsigned type,
    uint32_t number)
{
    rooms_buf_t  *b;

    b = rooms_polls_begin(ctx, type);
    rooms_buf_u32(b, number);
    rooms_polls_end(ctx, b);
}


void
rooms_polls_fact_activated(rooms_polls_ctx_t *ctx, uint32_t number)
{
    rooms_polls_fact_number(ctx, ROOMS_POLLS_ACTIVATED | ROOMS_POLLS_STORED,
                            number);
}


void
rooms_polls_fact_closed(rooms_polls_ctx_t *ctx, uint32_t number)
{
    rooms_polls_fact_number(ctx, ROOMS_POLLS_CLOSED | ROOMS_POLLS_STORED,
                            number);
}


void
rooms_polls_fact_vote(rooms_polls_ctx_t *ctx, uint32_t number, uint32_t who,
    const unsigned char *id, uint16_t choice, rooms_str_t text)
{
    rooms_buf_t  *b;

    b = rooms_polls_begin(ctx, ROOMS_POLLS_VOTED);
    rooms_buf_u32(b, number);
    rooms_buf_u32(b, who);
    rooms_buf_append(b, id, ROOMS_POLLS_VOTE);
    rooms_buf_u16(b, choice);
    rooms_buf_str16(b, text);
    rooms_polls_end(ctx, b);
}


void
rooms_polls_fact_counted(rooms_polls_ctx_t *ctx, uint32_t number)
{
    rooms_polls_fact_number(ctx, ROOMS_POLLS_COUNTED | ROOMS_POLLS_STORED,
                            number);
}


void
rooms_polls_fact_told(rooms_polls_ctx_t *ctx)
{
    rooms_polls_end(ctx, rooms_polls_begin(ctx, ROOMS_POLLS_TOLD
                                                | ROOMS_POLLS_STORED));
}


void
rooms_polls_fact_joined(rooms_polls_ctx_t *ctx, const rooms_str_t *name)
{
    rooms_buf_t  *b;

    b = rooms_polls_begin(ctx, ROOMS_POLLS_JOINED | ROOMS_POLLS_STORED);
    rooms_buf_byte(b, name != NULL);

    if (name != NULL) {
        rooms_buf_str16(b, *name);
    }

    rooms_polls_end(ctx, b);
}


void
rooms_polls_fact_attached(rooms_polls_ctx_t *ctx, uint32_t who,
    rooms_str_t sid, unsigned variant, unsigned event)
{
    rooms_buf_t  *b;

    b = rooms_polls_begin(ctx, ROOMS_POLLS_ATTACHED
                               | (event ? ROOMS_POLLS_STORED : 0));
    rooms_buf_u32(b, who);
    rooms_buf_byte(b, (unsigned char) variant);
    rooms_buf_str16(b, sid);
    rooms_polls_end(ctx, b);
}


void
rooms_polls_fact_detached(rooms_polls_ctx_t *ctx, rooms_str_t sid,
    unsigned event)
{
    rooms_buf_t  *b;

    b = rooms_polls_begin(ctx, ROOMS_POLLS_DETACHED
                               | (event ? ROOMS_POLLS_STORED : 0));
    rooms_buf_str16(b, sid);
    rooms_polls_end(ctx, b);
}


void
rooms_polls_fact_left(rooms_polls_ctx_t *ctx, uint32_t who)
{
    rooms_polls_fact_number(ctx, ROOMS_POLLS_LEAVE | ROOMS_POLLS_STORED, who);
}


void
rooms_polls_fact_back(rooms_polls_ctx_t *ctx, uint32_t who)
{
    rooms_polls_fact_number(ctx, ROOMS_POLLS_BACK | ROOMS_POLLS_STORED, who);
}


void
rooms_polls_fact_seen(rooms_polls_ctx_t *ctx, uint32_t who)
{
    rooms_polls_fact_number(ctx, ROOMS_POLLS_SEEN, who);
}


void
rooms_polls_fact_beat(rooms_polls_ctx_t *ctx)
{
    rooms_polls_end(ctx, rooms_polls_begin(ctx, ROOMS_POLLS_BEAT));
}
