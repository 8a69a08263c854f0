
/*
 * Copyright (C) nginx rooms contributors
 *
 * The state of a session: what is asked of it, and its snapshot.
 */


#include <stdlib.h>
#include <string.h>

#include <rooms_dinner.h>


#define ROOMS_DINNER_SNAPSHOT   1        /* version */

#define ROOMS_DINNER_HOST            0x01
#define ROOMS_DINNER_LIVE            0x02
#define ROOMS_DINNER_SUBMITTED       0x04
#define ROOMS_DINNER_COUNTED         0x08


unsigned
rooms_dinner_same(rooms_str_t a, rooms_str_t b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}


unsigned
rooms_dinner_is_code(rooms_str_t s)
{
    size_t         i;
    unsigned char  c;

    if (s.len != ROOMS_DINNER_CODE) {
        return 0;
    }

    for (i = 0; i < s.len; i++) {
        c = s.data[i];

        if (!((c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'))) {
            return 0;
        }
    }

    return 1;
}


rooms_dinner_member_t *
rooms_dinner_member(const rooms_dinner_state_t *state, rooms_str_t id)
{
    unsigned                      i;
    const rooms_dinner_member_t  *m;

    for (i = 0; i < state->n; i++) {
        m = &state->members[i];

        if (rooms_dinner_same(rooms_dinner_id(&m->id), id)) {
            return (rooms_dinner_member_t *) m;
        }
    }

    return NULL;
}


const rooms_dinner_member_t *
rooms_dinner_latest(const rooms_dinner_state_t *state, rooms_str_t sid)
{
    unsigned                      i;
    const rooms_dinner_member_t  *m;

    if (sid.len == 0) {
        return NULL;
    }

    for (i = 0; i < state->n; i++) {
        m = &state->members[i];

        if (rooms_dinner_same(rooms_dinner_id(&m->sid), sid)) {
            return m;
        }
    }

    return NULL;
}


const rooms_dinner_member_t *
rooms_dinner_live(const rooms_dinner_state_t *state, rooms_str_t sid)
{
    const rooms_dinner_member_t  *m;

    m = rooms_dinner_latest(state, sid);

    return (m != NULL && m->live) ? m : NULL;
}


const rooms_dinner_member_t *
rooms_dinner_absent(const rooms_dinner_state_t *state, rooms_str_t name)
{
    unsigned                      i;
    const rooms_dinner_member_t  *m;

    for (i = 0; i < state->n; i++) {
        m = &state->members[i];

        if (!m->live && rooms_dinner_same(m->name, name)) {
            return m;
        }
    }

    return NULL;
}


unsigned
rooms_dinner_nsubmitted(const rooms_dinner_state_t *state)
{
    unsigned  i, n;

    n = 0;

    for (i = 0; i < state->n; i++) {
        n += state->members[i].submitted;
    }

    return n;
}


unsigned
rooms_dinner_count(const rooms_dinner_state_t *state)
{
    return state->n + !state->claimed;
}


rooms_int_t
rooms_dinner_copy(rooms_str_t *to, rooms_str_t from)
{
    unsigned char  *p;

    p = malloc(from.len ? from.len : 1);
    if (p == NULL) {
        return ROOMS_ERROR;
    }

    if (from.len) {
        memcpy(p, from.data, from.len);
    }

    free((void *) to->data);
    *to = rooms_str(p, from.len);

    return ROOMS_OK;
}


void
rooms_dinner_drop(rooms_str_t *s)
{
    free((void *) s->data);
    *s = rooms_str(NULL, 0);
}


rooms_int_t
rooms_dinner_set_id(rooms_dinner_id_t *to, rooms_str_t from)
{
    if (from.len > ROOMS_DINNER_ID) {
        return ROOMS_ERROR;
    }

    to->len = (unsigned) from.len;

    if (from.len) {
        memcpy(to->data, from.data, from.len);
    }

    return ROOMS_OK;
}


void
rooms_dinner_pack(rooms_buf_t *b, const json_t *selections)
{
    size_t   i, k;
    json_t  *value;

    for (i = 0; i < json_array_size(selections); i++) {
        value = json_array_get(selections, i);

        for (k = 0; k < i; k++) {
            if (json_equal(json_array_get(selections, k), value)) {
                break;
            }
        }

        if (k == i) {
            rooms_buf_str16(b, rooms_str(json_string_value(value),
                                         json_string_length(value)));
        }
    }
}


rooms_int_t
rooms_dinner_check_selections(rooms_str_t in)
{
    rooms_str_t  id;

    do {
        if (rooms_get_str16(&in, &id) != ROOMS_OK || id.len == 0) {
            return ROOMS_ERROR;
        }
    } while (in.len);

    return ROOMS_OK;
}


void
rooms_dinner_release(void *data)
{
    unsigned               i;
    rooms_dinner_state_t  *state = data;

    for (i = 0; i < ROOMS_DINNER_MEMBERS; i++) {
        rooms_dinner_drop(&state->members[i].name);
        rooms_dinner_drop(&state->members[i].selections);
    }

    rooms_dinner_drop(&state->host);
    free(state);
}


void
rooms_dinner_snapshot(const void *data, rooms_buf_t *b)
{
    unsigned                      i;
    const rooms_dinner_state_t   *state = data;
    const rooms_dinner_member_t  *m;

    rooms_buf_byte(b, ROOMS_DINNER_SNAPSHOT);
    rooms_buf_append(b, state->code, ROOMS_DINNER_CODE);
    rooms_buf_str16(b, state->host);
    rooms_buf_byte(b, (unsigned char) state->phase);
    rooms_buf_u64(b, state->created);
    rooms_buf_u64(b, state->activity);
    rooms_buf_u32(b, state->round);
    rooms_buf_byte(b, (unsigned char) state->claimed);
    rooms_buf_byte(b, (unsigned char) state->n);

    for (i = 0; i < state->n; i++) {
        m = &state->members[i];

        rooms_buf_str16(b, rooms_dinner_id(&m->id));
        rooms_buf_str16(b, rooms_dinner_id(&m->sid));
        rooms_buf_str16(b, m->name);
        rooms_buf_u64(b, m->joined);
        rooms_buf_byte(b, (unsigned char)
                          ((m->host ? ROOMS_DINNER_HOST : 0)
                           | (m->live ? ROOMS_DINNER_LIVE : 0)
                           | (m->submitted ? ROOMS_DINNER_SUBMITTED : 0)
                           | (m->counted ? ROOMS_DINNER_COUNTED : 0)));
        rooms_buf_str32(b, m->selections);
    }
}


static rooms_int_t
rooms_dinner_restore_member(rooms_dinner_state_t *state, rooms_str_t *in)
{
    uint8_t                 flags;
    rooms_str_t             id, sid, name, selections;
    rooms_dinner_member_t  *m;

    m = &state->members[state->n];

    if (rooms_get_str16(in, &id) != ROOMS_OK
        || rooms_get_str16(in, &sid) != ROOMS_OK
        || rooms_get_str16(in, &name) != ROOMS_OK
        || rooms_get_u64(in, &m->joined) != ROOMS_OK
        || rooms_get_u8(in, &flags) != ROOMS_OK
        || rooms_get_str32(in, &selections) != ROOMS_OK
        || id.len == 0 || flags > 0x0f
        || rooms_dinner_member(state, id) != NULL
        || rooms_dinner_latest(state, sid) != NULL
        || rooms_dinner_set_id(&m->id, id) != ROOMS_OK
        || rooms_dinner_set_id(&m->sid, sid) != ROOMS_OK
        || rooms_dinner_copy(&m->name, name) != ROOMS_OK)
    {
        return ROOMS_ERROR;
    }

    m->host = (flags & ROOMS_DINNER_HOST) != 0;
    m->live = (flags & ROOMS_DINNER_LIVE) != 0;
    m->submitted = (flags & ROOMS_DINNER_SUBMITTED) != 0;
    m->counted = (flags & ROOMS_DINNER_COUNTED) != 0;

    if ((m->live && sid.len == 0) || (m->counted && !m->submitted)) {
        return ROOMS_ERROR;
    }

    if (m->submitted) {
        if (rooms_dinner_check_selections(selections) != ROOMS_OK
            || rooms_dinner_copy(&m->selections, selections) != ROOMS_OK)
        {
            return ROOMS_ERROR;
        }

    } else if (selections.len) {
        return ROOMS_ERROR;
    }

    state->n++;

    return ROOMS_OK;
}


/* The rules that hold between the members. */

static rooms_int_t
rooms_dinner_check(const rooms_dinner_state_t *state)
{
    unsigned  i, hosts, counted, submitted;

    hosts = 0;
    counted = 0;

    for (i = 0; i < state->n; i++) {
        hosts += state->members[i].host;
        counted += state->members[i].counted;
    }

    submitted = rooms_dinner_nsubmitted(state);

    if (hosts != state->claimed
        || rooms_dinner_count(state) > ROOMS_DINNER_MEMBERS
        || (state->phase == ROOMS_DINNER_WAITING) != (state->n == 0))
    {
        return ROOMS_ERROR;
    }

    if (state->phase == ROOMS_DINNER_SELECTING
        && (submitted == state->n || counted != submitted))
    {
        return ROOMS_ERROR;
    }

    if (state->phase == ROOMS_DINNER_COMPLETE && counted == 0) {
        return ROOMS_ERROR;
    }

    return ROOMS_OK;
}


static rooms_int_t
rooms_dinner_restore_state(rooms_dinner_state_t *state, rooms_str_t in)
{
    uint8_t      version, phase, claimed, n;
    rooms_str_t  host;

    if (rooms_get_u8(&in, &version) != ROOMS_OK
        || version != ROOMS_DINNER_SNAPSHOT
        || in.len < ROOMS_DINNER_CODE
        || !rooms_dinner_is_code(rooms_str(in.data, ROOMS_DINNER_CODE)))
    {
        return ROOMS_ERROR;
    }

    memcpy(state->code, in.data, ROOMS_DINNER_CODE);
    in.data += ROOMS_DINNER_CODE;
    in.len -= ROOMS_DINNER_CODE;

    if (rooms_get_str16(&in, &host) != ROOMS_OK
        || rooms_get_u8(&in, &phase) != ROOMS_OK
        || rooms_get_u64(&in, &state->created) != ROOMS_OK
        || rooms_get_u64(&in, &state->activity) != ROOMS_OK
        || rooms_get_u32(&in, &state->round) != ROOMS_OK
        || rooms_get_u8(&in, &claimed) != ROOMS_OK
        || rooms_get_u8(&in, &n) != ROOMS_OK
        || phase > ROOMS_DINNER_COMPLETE || claimed > 1
        || n > ROOMS_DINNER_MEMBERS
        || rooms_dinner_copy(&state->host, host) != ROOMS_OK)
    {
        return ROOMS_ERROR;
    }

    state->phase = phase;
    state->claimed = claimed;

    while (n--) {
        if (rooms_dinner_restore_member(state, &in) != ROOMS_OK) {
            return ROOMS_ERROR;
        }
    }

    if (in.len) {
        return ROOMS_ERROR;
    }

    return rooms_dinner_check(state);
}


rooms_int_t
rooms_dinner_restore(const void *conf, void **data, rooms_str_t snapshot)
{
    rooms_dinner_state_t  *state;

    (void) conf;

    state = calloc(1, sizeof(rooms_dinner_state_t));
    if (state == NULL) {
        return ROOMS_ERROR;
    }

    if (rooms_dinner_restore_state(state, snapshot) != ROOMS_OK) {
        rooms_dinner_release(state);
        return ROOMS_ERROR;
    }

    if (*data != NULL) {
        rooms_dinner_release(*data);
    }

    *data = state;

    return ROOMS_OK;
}
