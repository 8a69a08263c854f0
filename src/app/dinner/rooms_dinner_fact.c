
/*
 * Copyright (C) nginx rooms contributors
 *
 * The facts of a session: how they are written, and what they do.
 *
 * Octets from the journal may come from another version or another machine;
 * whatever they are, the state keeps its rules: at most four members with
 * ids of their own, one host, complete only when somebody is counted.
 */


#include <stdlib.h>
#include <string.h>

#include <rooms_dinner.h>


#define ROOMS_DINNER_FACT_CREATED    1
#define ROOMS_DINNER_FACT_JOINED     2
#define ROOMS_DINNER_FACT_TAKENOVER  3
#define ROOMS_DINNER_FACT_SUBMITTED  4
#define ROOMS_DINNER_FACT_RESTARTED  5
#define ROOMS_DINNER_FACT_LEFT       6
#define ROOMS_DINNER_FACT_BACK       7
#define ROOMS_DINNER_FACT_EXPIRED    8

#define ROOMS_DINNER_FACT_HOST       0x01


static rooms_str_t
rooms_dinner_fact(const rooms_buf_t *b)
{
    return rooms_str(b->data, b->len);
}


static rooms_buf_t *
rooms_dinner_begin(rooms_decision_t *d, uint8_t type)
{
    rooms_buf_t  *b;

    b = rooms_decision_scratch(d);
    rooms_buf_byte(b, type);

    return b;
}


rooms_str_t
rooms_dinner_created(rooms_decision_t *d, uint64_t now, rooms_str_t code,
    rooms_str_t host)
{
    rooms_buf_t  *b;

    b = rooms_dinner_begin(d, ROOMS_DINNER_FACT_CREATED);
    rooms_buf_u64(b, now);
    rooms_buf_str16(b, code);
    rooms_buf_str16(b, host);

    return rooms_dinner_fact(b);
}


rooms_str_t
rooms_dinner_joined(rooms_decision_t *d, uint64_t now, rooms_str_t id,
    rooms_str_t sid, rooms_str_t name, unsigned host)
{
    rooms_buf_t  *b;

    b = rooms_dinner_begin(d, ROOMS_DINNER_FACT_JOINED);
    rooms_buf_u64(b, now);
    rooms_buf_str16(b, id);
    rooms_buf_str16(b, sid);
    rooms_buf_str16(b, name);
    rooms_buf_byte(b, host ? ROOMS_DINNER_FACT_HOST : 0);

    return rooms_dinner_fact(b);
}


rooms_str_t
rooms_dinner_takenover(rooms_decision_t *d, uint64_t now, rooms_str_t id,
    rooms_str_t sid)
{
    rooms_buf_t  *b;

    b = rooms_dinner_begin(d, ROOMS_DINNER_FACT_TAKENOVER);
    rooms_buf_u64(b, now);
    rooms_buf_str16(b, id);
    rooms_buf_str16(b, sid);

    return rooms_dinner_fact(b);
}


rooms_str_t
rooms_dinner_submitted(rooms_decision_t *d, uint64_t now, rooms_str_t id,
    rooms_str_t selections)
{
    rooms_buf_t  *b;

    b = rooms_dinner_begin(d, ROOMS_DINNER_FACT_SUBMITTED);
    rooms_buf_u64(b, now);
    rooms_buf_str16(b, id);
    rooms_buf_str(b, selections);

    return rooms_dinner_fact(b);
}


rooms_str_t
rooms_dinner_restarted(rooms_decision_t *d, uint64_t now)
{
    rooms_buf_t  *b;

    b = rooms_dinner_begin(d, ROOMS_DINNER_FACT_RESTARTED);
    rooms_buf_u64(b, now);

    return rooms_dinner_fact(b);
}


rooms_str_t
rooms_dinner_left(rooms_decision_t *d, rooms_str_t sid)
{
    rooms_buf_t  *b;

    b = rooms_dinner_begin(d, ROOMS_DINNER_FACT_LEFT);
    rooms_buf_str16(b, sid);

    return rooms_dinner_fact(b);
}


rooms_str_t
rooms_dinner_back(rooms_decision_t *d, rooms_str_t sid)
{
    rooms_buf_t  *b;

    b = rooms_dinner_begin(d, ROOMS_DINNER_FACT_BACK);
    rooms_buf_str16(b, sid);

    return rooms_dinner_fact(b);
}


rooms_str_t
rooms_dinner_expired(rooms_decision_t *d)
{
    return rooms_dinner_fact(rooms_dinner_begin(d, ROOMS_DINNER_FACT_EXPIRED));
}


static void
rooms_dinner_touch(rooms_dinner_state_t *state, uint64_t now)
{
    if (now > state->activity) {
        state->activity = now;
    }
}


static rooms_int_t
rooms_dinner_evolve_created(void **data, rooms_str_t in)
{
    uint64_t               now;
    rooms_str_t            code, host;
    rooms_dinner_state_t  *state;

    if (rooms_get_u64(&in, &now) != ROOMS_OK
        || rooms_get_str16(&in, &code) != ROOMS_OK
        || rooms_get_str16(&in, &host) != ROOMS_OK
        || in.len || !rooms_dinner_is_code(code) || *data != NULL)
    {
        return ROOMS_ERROR;
    }

    state = calloc(1, sizeof(rooms_dinner_state_t));
    if (state == NULL) {
        return ROOMS_ERROR;
    }

    if (rooms_dinner_copy(&state->host, host) != ROOMS_OK) {
        free(state);
        return ROOMS_ERROR;
    }

    memcpy(state->code, code.data, ROOMS_DINNER_CODE);
    state->created = now;
    state->activity = now;

    *data = state;

    return ROOMS_OK;
}


static rooms_int_t
rooms_dinner_evolve_joined(rooms_dinner_state_t *state, rooms_str_t in)
{
    uint8_t                 flags;
    uint64_t                now;
    rooms_str_t             id, sid, name;
    rooms_dinner_member_t  *m;

    if (rooms_get_u64(&in, &now) != ROOMS_OK
        || rooms_get_str16(&in, &id) != ROOMS_OK
        || rooms_get_str16(&in, &sid) != ROOMS_OK
        || rooms_get_str16(&in, &name) != ROOMS_OK
        || rooms_get_u8(&in, &flags) != ROOMS_OK
        || in.len || id.len == 0 || state->n == ROOMS_DINNER_MEMBERS
        || (flags & ~ROOMS_DINNER_FACT_HOST) || (flags && state->claimed)
        || (flags == 0 && rooms_dinner_count(state) == ROOMS_DINNER_MEMBERS
            && !state->claimed)
        || rooms_dinner_member(state, id) != NULL
        || rooms_dinner_latest(state, sid) != NULL)
    {
        return ROOMS_ERROR;
    }

    m = &state->members[state->n];

    if (rooms_dinner_set_id(&m->id, id) != ROOMS_OK
        || rooms_dinner_set_id(&m->sid, sid) != ROOMS_OK
        || rooms_dinner_copy(&m->name, name) != ROOMS_OK)
    {
        return ROOMS_ERROR;
    }

    m->joined = now;
    m->live = sid.len != 0;
    m->host = flags == ROOMS_DINNER_FACT_HOST;

    state->n++;
    state->claimed |= m->host;

    if (state->phase == ROOMS_DINNER_WAITING) {
        state->phase = ROOMS_DINNER_SELECTING;
    }

    rooms_dinner_touch(state, now);

    return ROOMS_OK;
}


static rooms_int_t
rooms_dinner_evolve_takenover(rooms_dinner_state_t *state, rooms_str_t in)
{
    uint64_t                now;
    rooms_str_t             id, sid;
    rooms_dinner_member_t  *m;

    if (rooms_get_u64(&in, &now) != ROOMS_OK
        || rooms_get_str16(&in, &id) != ROOMS_OK
        || rooms_get_str16(&in, &sid) != ROOMS_OK
        || in.len || sid.len == 0
        || rooms_dinner_latest(state, sid) != NULL)
    {
        return ROOMS_ERROR;
    }

    m = rooms_dinner_member(state, id);

    if (m == NULL || m->live || rooms_dinner_set_id(&m->sid, sid) != ROOMS_OK)
    {
        return ROOMS_ERROR;
    }

    m->live = 1;
    rooms_dinner_touch(state, now);

    return ROOMS_OK;
}


static rooms_int_t
rooms_dinner_evolve_submitted(rooms_dinner_state_t *state, rooms_str_t in)
{
    uint64_t                now;
    rooms_str_t             id;
    rooms_dinner_member_t  *m;

    if (rooms_get_u64(&in, &now) != ROOMS_OK
        || rooms_get_str16(&in, &id) != ROOMS_OK
        || rooms_dinner_check_selections(in) != ROOMS_OK)
    {
        return ROOMS_ERROR;
    }

    m = rooms_dinner_member(state, id);

    if (m == NULL || m->submitted
        || rooms_dinner_copy(&m->selections, in) != ROOMS_OK)
    {
        return ROOMS_ERROR;
    }

    m->submitted = 1;
    m->counted = state->phase == ROOMS_DINNER_SELECTING;

    if (rooms_dinner_nsubmitted(state) == state->n) {
        state->phase = ROOMS_DINNER_COMPLETE;
    }

    rooms_dinner_touch(state, now);

    return ROOMS_OK;
}


static rooms_int_t
rooms_dinner_evolve_restarted(rooms_dinner_state_t *state, rooms_str_t in)
{
    uint64_t                now;
    unsigned                i;
    rooms_dinner_member_t  *m;

    if (rooms_get_u64(&in, &now) != ROOMS_OK || in.len || state->n == 0) {
        return ROOMS_ERROR;
    }

    for (i = 0; i < state->n; i++) {
        m = &state->members[i];

        rooms_dinner_drop(&m->selections);
        m->submitted = 0;
        m->counted = 0;
    }

    state->phase = ROOMS_DINNER_SELECTING;
    state->round++;
    rooms_dinner_touch(state, now);

    return ROOMS_OK;
}


static rooms_int_t
rooms_dinner_evolve_live(rooms_dinner_state_t *state, rooms_str_t in,
    unsigned live)
{
    rooms_str_t             sid;
    rooms_dinner_member_t  *m;

    if (rooms_get_str16(&in, &sid) != ROOMS_OK || in.len) {
        return ROOMS_ERROR;
    }

    m = (rooms_dinner_member_t *) rooms_dinner_latest(state, sid);
    if (m == NULL) {
        return ROOMS_ERROR;
    }

    m->live = live;

    return ROOMS_OK;
}


rooms_int_t
rooms_dinner_evolve(const void *conf, void **state, uint64_t id,
    rooms_str_t fact)
{
    uint8_t      type;
    rooms_str_t  in;

    (void) conf;
    (void) id;

    in = fact;

    if (rooms_get_u8(&in, &type) != ROOMS_OK) {
        return ROOMS_ERROR;
    }

    if (type == ROOMS_DINNER_FACT_CREATED) {
        return rooms_dinner_evolve_created(state, in);
    }

    if (*state == NULL) {
        return ROOMS_ERROR;
    }

    switch (type) {

    case ROOMS_DINNER_FACT_JOINED:
        return rooms_dinner_evolve_joined(*state, in);

    case ROOMS_DINNER_FACT_TAKENOVER:
        return rooms_dinner_evolve_takenover(*state, in);

    case ROOMS_DINNER_FACT_SUBMITTED:
        return rooms_dinner_evolve_submitted(*state, in);

    case ROOMS_DINNER_FACT_RESTARTED:
        return rooms_dinner_evolve_restarted(*state, in);

    case ROOMS_DINNER_FACT_LEFT:
        return rooms_dinner_evolve_live(*state, in, 0);

    case ROOMS_DINNER_FACT_BACK:
        return rooms_dinner_evolve_live(*state, in, 1);

    case ROOMS_DINNER_FACT_EXPIRED:

        if (in.len) {
            return ROOMS_ERROR;
        }

        rooms_dinner_release(*state);
        *state = NULL;

        return ROOMS_OK;

    default:
        return ROOMS_ERROR;
    }
}
