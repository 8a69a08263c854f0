
/*
 * Copyright (C) nginx rooms contributors
 *
 * The effects of a decision on the caller.
 */


#include <string.h>

#include <rooms_decision.h>
#include <rooms_decision_int.h>


static rooms_effect_t *
rooms_decision_effect(rooms_decision_t *d, rooms_effect_e type)
{
    rooms_effect_t  *e;

    e = rooms_decision_grow(d, d->effects, sizeof(rooms_effect_t),
                            d->neffects, &d->aeffects);
    if (e == NULL) {
        return NULL;
    }

    d->effects = e;
    e += d->neffects++;

    memset(e, 0, sizeof(rooms_effect_t));
    e->type = type;

    return e;
}


void
rooms_decide_emit(rooms_decision_t *d, const char *event,
    const json_t *payload)
{
    rooms_effect_t  *e;

    e = rooms_decision_effect(d, ROOMS_EFFECT_EMIT);
    if (e == NULL) {
        return;
    }

    e->text.pos = (uint32_t) d->text.len;
    rooms_decision_event(d, &d->text, event, payload);
    e->text.len = (uint32_t) (d->text.len - e->text.pos);
}


void
rooms_decide_emit_raw(rooms_decision_t *d, rooms_str_t args,
    const rooms_str_t *attachments, unsigned n)
{
    rooms_effect_t  *e;

    e = rooms_decision_effect(d, ROOMS_EFFECT_EMIT);
    if (e == NULL) {
        return;
    }

    e->text = rooms_decision_text(d, args);
    e->attachments = rooms_decision_attach(d, attachments, n);
    e->nattachments = n;
}


void
rooms_decide_ask_raw(rooms_decision_t *d, rooms_str_t name, rooms_str_t args,
    const rooms_str_t *attachments, unsigned n)
{
    rooms_effect_t  *e;

    e = rooms_decision_effect(d, ROOMS_EFFECT_ASK);
    if (e == NULL) {
        return;
    }

    e->name = rooms_decision_text(d, name);
    e->text = rooms_decision_text(d, args);
    e->attachments = rooms_decision_attach(d, attachments, n);
    e->nattachments = n;
}


static void
rooms_decision_named(rooms_decision_t *d, rooms_effect_e type,
    rooms_str_t name)
{
    rooms_effect_t  *e;

    e = rooms_decision_effect(d, type);
    if (e != NULL) {
        e->name = rooms_decision_text(d, name);
    }
}


void
rooms_decide_join(rooms_decision_t *d, rooms_str_t room)
{
    rooms_decision_named(d, ROOMS_EFFECT_JOIN, room);
}


void
rooms_decide_leave(rooms_decision_t *d, rooms_str_t room)
{
    rooms_decision_named(d, ROOMS_EFFECT_LEAVE, room);
}


void
rooms_decide_revoke(rooms_decision_t *d, rooms_str_t sid)
{
    rooms_decision_named(d, ROOMS_EFFECT_REVOKE, sid);
}


void
rooms_decide_data(rooms_decision_t *d, rooms_str_t text)
{
    rooms_effect_t  *e;

    e = rooms_decision_effect(d, ROOMS_EFFECT_DATA);
    if (e != NULL) {
        e->text = rooms_decision_text(d, text);
    }
}


void
rooms_decide_replay(rooms_decision_t *d, rooms_str_t offset)
{
    rooms_decide_replay_as(d, offset, rooms_str(NULL, 0));
}


void
rooms_decide_replay_as(rooms_decision_t *d, rooms_str_t offset,
    rooms_str_t sids)
{
    rooms_effect_t  *e;

    e = rooms_decision_effect(d, ROOMS_EFFECT_REPLAY);
    if (e != NULL) {
        e->name = rooms_decision_text(d, sids);
        e->text = rooms_decision_text(d, offset);
    }
}


void
rooms_decide_replayed(rooms_decision_t *d)
{
    (void) rooms_decision_effect(d, ROOMS_EFFECT_REPLAYED);
}


static void
rooms_decision_numbered(rooms_decision_t *d, rooms_effect_e type,
    unsigned number)
{
    rooms_effect_t  *e;

    e = rooms_decision_effect(d, type);
    if (e != NULL) {
        e->number = number;
    }
}


void
rooms_decide_variant(rooms_decision_t *d, unsigned variant)
{
    rooms_decision_numbered(d, ROOMS_EFFECT_VARIANT, variant);
}


void
rooms_decide_kick(rooms_decision_t *d, unsigned connection)
{
    rooms_decision_numbered(d, ROOMS_EFFECT_KICK, connection);
}
