
/*
 * Copyright (C) nginx rooms contributors
 *
 * The state of a session as octets, and back.
 */


#include <stdlib.h>
#include <string.h>

#include <rooms_polls.h>


#define ROOMS_POLLS_SNAPSHOT  1          /* version */

#define ROOMS_POLLS_FLAGS     0x07


static void
rooms_polls_write_poll(rooms_buf_t *b, const rooms_polls_poll_t *p)
{
    uint32_t                   i;
    const rooms_polls_vote_t  *v;

    rooms_buf_byte(b, (unsigned char) p->type);
    rooms_buf_byte(b, (unsigned char) p->status);
    rooms_buf_byte(b, (p->multiple ? 1 : 0) | (p->anonymous ? 2 : 0)
                      | (p->pending ? 4 : 0));
    rooms_buf_byte(b, (unsigned char) p->min);
    rooms_buf_byte(b, (unsigned char) p->max);
    rooms_buf_str16(b, p->question);
    rooms_buf_byte(b, (unsigned char) p->n);

    for (i = 0; i < p->n; i++) {
        rooms_buf_str16(b, p->options[i].text);
    }

    rooms_buf_u64(b, p->created);
    rooms_buf_u64(b, p->activated);
    rooms_buf_u64(b, p->closed);
    rooms_buf_u64(b, p->counted);
    rooms_buf_u64(b, p->latest);
    rooms_buf_append(b, p->last, ROOMS_POLLS_VOTE);

    rooms_buf_u32(b, p->voted.n);

    for (i = 0; i < p->voted.n; i++) {
        rooms_buf_append(b, rooms_polls_list_at(&p->voted, 1, i), 1);
    }

    rooms_buf_u32(b, p->votes.n);

    for (i = 0; i < p->votes.n; i++) {
        v = rooms_polls_vote(p, i);

        rooms_buf_append(b, v->id, ROOMS_POLLS_VOTE);
        rooms_buf_u32(b, v->who);
        rooms_buf_u32(b, v->at);
        rooms_buf_u16(b, v->choice);

        if (p->type == ROOMS_POLLS_TEXT) {
            rooms_buf_str16(b,
                  *(rooms_str_t *) rooms_polls_list_at(&p->texts,
                                                       sizeof(rooms_str_t),
                                                       i));
        }
    }
}


static void
rooms_polls_write_people(rooms_buf_t *b, const rooms_polls_state_t *s)
{
    uint32_t                          i;
    const rooms_polls_socket_t       *socket;
    const rooms_polls_participant_t  *p;

    rooms_buf_u32(b, s->participants.n);

    for (i = 0; i < s->participants.n; i++) {
        p = rooms_polls_participant(s, i);

        rooms_buf_byte(b, p->presence | (p->name.data ? 0x80 : 0));
        rooms_buf_u64(b, p->joined);
        rooms_buf_u64(b, p->seen);

        if (p->name.data) {
            rooms_buf_str16(b, p->name);
        }
    }

    /* the order in which they were disconnected */

    for (i = s->grace; i != ROOMS_POLLS_NONE; i = p->next) {
        p = rooms_polls_participant(s, i);
        rooms_buf_u32(b, i);
    }

    rooms_buf_u32(b, ROOMS_POLLS_NONE);
    rooms_buf_u32(b, s->nsockets);

    for (i = 0; i < s->sockets.n; i++) {
        socket = rooms_polls_socket(s, i);

        if (socket->len) {
            rooms_buf_u32(b, socket->who);
            rooms_buf_byte(b, socket->variant);
            rooms_buf_str16(b, rooms_str(socket->sid, socket->len));
        }
    }
}


void
rooms_polls_snapshot(const void *state, rooms_buf_t *b)
{
    uint32_t                    i;
    const rooms_polls_state_t  *s = state;

    rooms_buf_byte(b, ROOMS_POLLS_SNAPSHOT);
    rooms_buf_byte(b, s->index);
    rooms_buf_append(b, s->key, ROOMS_POLLS_KEY);

    if (s->index) {
        return;
    }

    rooms_buf_append(b, s->secret, ROOMS_POLLS_SECRET);
    rooms_buf_append(b, s->slug, ROOMS_POLLS_SLUG);
    rooms_buf_append(b, s->presenter, ROOMS_POLLS_UUID);
    rooms_buf_str16(b, s->title);
    rooms_buf_str16(b, s->description);
    rooms_buf_str16(b, s->name);
    rooms_buf_byte(b, (unsigned char) s->status);
    rooms_buf_u64(b, s->created);
    rooms_buf_u64(b, s->started);
    rooms_buf_u64(b, s->paused);
    rooms_buf_u64(b, s->ended);
    rooms_buf_u64(b, s->touched);
    rooms_buf_u64(b, s->beat);
    rooms_buf_u64(b, s->sequence);
    rooms_buf_u64(b, s->last);

    rooms_polls_write_people(b, s);

    rooms_buf_u32(b, s->npolls);

    for (i = 0; i < s->npolls; i++) {
        rooms_polls_write_poll(b, s->polls[i]);
    }
}


static rooms_int_t
rooms_polls_take(rooms_str_t *in, void *to, size_t n)
{
    if (in->len < n) {
        return ROOMS_ERROR;
    }

    memcpy(to, in->data, n);
    in->data += n;
    in->len -= n;

    return ROOMS_OK;
}


static rooms_int_t
rooms_polls_read_votes(rooms_polls_state_t *s, rooms_polls_poll_t *p,
    rooms_str_t *in)
{
    uint32_t             n, i, voted;
    rooms_str_t          text, *kept;
    unsigned char       *bits;
    rooms_polls_vote_t   v, *to;

    if (rooms_get_u32(in, &n) != ROOMS_OK || n > in->len
        || n > s->participants.n / 8 + 1)
    {
        return ROOMS_ERROR;
    }

    voted = 0;

    for (i = 0; i < n; i++) {
        bits = rooms_polls_list_push(&p->voted, 1);

        if (bits == NULL || rooms_polls_take(in, bits, 1) != ROOMS_OK) {
            return ROOMS_ERROR;
        }

        voted += (uint32_t) __builtin_popcount(*bits);
    }

    if (rooms_get_u32(in, &n) != ROOMS_OK || n != voted) {
        return ROOMS_ERROR;
    }

    for (i = 0; i < n; i++) {

        if (rooms_polls_take(in, v.id, ROOMS_POLLS_VOTE) != ROOMS_OK
            || rooms_get_u32(in, &v.who) != ROOMS_OK
            || rooms_get_u32(in, &v.at) != ROOMS_OK
            || rooms_get_u16(in, &v.choice) != ROOMS_OK
            || (v.who != ROOMS_POLLS_NONE && v.who >= s->participants.n)
            || (p->type == ROOMS_POLLS_SCALE
                && (v.choice < p->min || v.choice > p->max)))
        {
            return ROOMS_ERROR;
        }

        to = rooms_polls_list_push(&p->votes, sizeof(rooms_polls_vote_t));
        if (to == NULL) {
            return ROOMS_ERROR;
        }

        *to = v;
        rooms_polls_count(p, &p->tally, v.choice);

        if (p->type != ROOMS_POLLS_TEXT) {
            continue;
        }

        kept = rooms_polls_list_push(&p->texts, sizeof(rooms_str_t));

        if (kept == NULL || rooms_get_str16(in, &text) != ROOMS_OK
            || rooms_polls_copy(kept, text) != ROOMS_OK)
        {
            return ROOMS_ERROR;
        }
    }

    s->votes += n;

    return ROOMS_OK;
}


static rooms_int_t
rooms_polls_read_poll(rooms_polls_state_t *s, rooms_str_t *in)
{
    uint8_t              type, status, flags, min, max, n;
    unsigned             i;
    rooms_str_t          text;
    rooms_polls_poll_t  *p;

    p = rooms_polls_poll_add(s);

    if (p == NULL
        || rooms_get_u8(in, &type) != ROOMS_OK || type > ROOMS_POLLS_TEXT
        || rooms_get_u8(in, &status) != ROOMS_OK
        || status > ROOMS_POLLS_ENDED || status == ROOMS_POLLS_PAUSED
        || rooms_get_u8(in, &flags) != ROOMS_OK || flags > ROOMS_POLLS_FLAGS
        || rooms_get_u8(in, &min) != ROOMS_OK
        || rooms_get_u8(in, &max) != ROOMS_OK
        || max > ROOMS_POLLS_RATING || min > max
        || (type == ROOMS_POLLS_SCALE && min == 0)
        || rooms_get_str16(in, &text) != ROOMS_OK
        || rooms_polls_copy(&p->question, text) != ROOMS_OK
        || rooms_get_u8(in, &n) != ROOMS_OK || n > ROOMS_POLLS_OPTIONS)
    {
        return ROOMS_ERROR;
    }

    p->type = type;
    p->status = status;
    p->multiple = flags & 1;
    p->anonymous = (flags >> 1) & 1;
    p->pending = (flags >> 2) & 1;
    p->min = min;
    p->max = max;
    p->n = n;

    for (i = 0; i < n; i++) {
        if (rooms_get_str16(in, &text) != ROOMS_OK
            || rooms_polls_copy(&p->options[i].text, text) != ROOMS_OK)
        {
            return ROOMS_ERROR;
        }

        rooms_polls_id_make(s->key, s->secret, ROOMS_POLLS_ID_OPTION,
                            p->number, i + 1, p->options[i].id);
    }

    if (rooms_get_u64(in, &p->created) != ROOMS_OK
        || rooms_get_u64(in, &p->activated) != ROOMS_OK
        || rooms_get_u64(in, &p->closed) != ROOMS_OK
        || rooms_get_u64(in, &p->counted) != ROOMS_OK
        || rooms_get_u64(in, &p->latest) != ROOMS_OK
        || rooms_polls_take(in, p->last, ROOMS_POLLS_VOTE) != ROOMS_OK)
    {
        return ROOMS_ERROR;
    }

    if (p->status == ROOMS_POLLS_ACTIVE) {

        if (s->active) {
            return ROOMS_ERROR;
        }

        s->active = p->number;
    }

    return rooms_polls_read_votes(s, p, in);
}


static rooms_int_t
rooms_polls_read_participants(rooms_polls_state_t *s, rooms_str_t *in)
{
    uint8_t                     flags;
    uint32_t                    n, i, away;
    rooms_str_t                 name;
    rooms_polls_participant_t  *p;

    if (rooms_get_u32(in, &n) != ROOMS_OK) {
        return ROOMS_ERROR;
    }

    away = 0;

    for (i = 0; i < n; i++) {
        p = rooms_polls_list_push(&s->participants,
                                  sizeof(rooms_polls_participant_t));

        if (p == NULL || rooms_get_u8(in, &flags) != ROOMS_OK
            || (flags & 0x7f) > ROOMS_POLLS_LEFT
            || rooms_get_u64(in, &p->joined) != ROOMS_OK
            || rooms_get_u64(in, &p->seen) != ROOMS_OK)
        {
            return ROOMS_ERROR;
        }

        if ((flags & 0x80)
            && (rooms_get_str16(in, &name) != ROOMS_OK
                || rooms_polls_copy(&p->name, name) != ROOMS_OK))
        {
            return ROOMS_ERROR;
        }

        p->socket = ROOMS_POLLS_NONE;
        p->presence = ROOMS_POLLS_CONNECTED;
        s->connected++;

        /* who is disconnected follows below, in order */

        if ((flags & 0x7f) == ROOMS_POLLS_LEFT) {
            rooms_polls_presence(s, i, ROOMS_POLLS_LEFT, p->seen);
        }

        away += (flags & 0x7f) == ROOMS_POLLS_DISCONNECTED;
    }

    for ( ;; ) {

        if (rooms_get_u32(in, &i) != ROOMS_OK) {
            return ROOMS_ERROR;
        }

        if (i == ROOMS_POLLS_NONE) {
            return away ? ROOMS_ERROR : ROOMS_OK;
        }

        p = rooms_polls_participant(s, i);

        if (p == NULL || p->presence != ROOMS_POLLS_CONNECTED || away-- == 0)
        {
            return ROOMS_ERROR;
        }

        rooms_polls_presence(s, i, ROOMS_POLLS_DISCONNECTED, p->seen);
    }
}


static rooms_int_t
rooms_polls_read_sockets(rooms_polls_state_t *s, rooms_str_t *in)
{
    uint8_t      variant;
    uint32_t     n, who;
    rooms_str_t  sid;

    if (rooms_get_u32(in, &n) != ROOMS_OK) {
        return ROOMS_ERROR;
    }

    while (n--) {
        if (rooms_get_u32(in, &who) != ROOMS_OK
            || rooms_get_u8(in, &variant) != ROOMS_OK
            || rooms_get_str16(in, &sid) != ROOMS_OK
            || (who != ROOMS_POLLS_NONE && who >= s->participants.n)
            || rooms_polls_socket_add(s, who, sid, variant) != ROOMS_OK)
        {
            return ROOMS_ERROR;
        }
    }

    return ROOMS_OK;
}


static rooms_int_t
rooms_polls_read(rooms_polls_state_t *s, rooms_str_t in)
{
    uint8_t      version, index, status;
    uint32_t     n;
    rooms_str_t  title, description, name;

    if (rooms_get_u8(&in, &version) != ROOMS_OK
        || version != ROOMS_POLLS_SNAPSHOT
        || rooms_get_u8(&in, &index) != ROOMS_OK || index > 1
        || rooms_polls_take(&in, s->key, ROOMS_POLLS_KEY) != ROOMS_OK)
    {
        return ROOMS_ERROR;
    }

    if (index) {
        s->index = 1;
        return in.len ? ROOMS_ERROR : ROOMS_OK;
    }

    if (rooms_polls_take(&in, s->secret, ROOMS_POLLS_SECRET) != ROOMS_OK
        || rooms_polls_take(&in, s->slug, ROOMS_POLLS_SLUG) != ROOMS_OK
        || !rooms_polls_is_slug(rooms_str(s->slug, ROOMS_POLLS_SLUG))
        || rooms_polls_take(&in, s->presenter, ROOMS_POLLS_UUID) != ROOMS_OK
        || rooms_get_str16(&in, &title) != ROOMS_OK
        || rooms_get_str16(&in, &description) != ROOMS_OK
        || rooms_get_str16(&in, &name) != ROOMS_OK
        || rooms_polls_copy(&s->title, title) != ROOMS_OK
        || rooms_polls_copy(&s->description, description) != ROOMS_OK
        || rooms_polls_copy(&s->name, name) != ROOMS_OK
        || rooms_get_u8(&in, &status) != ROOMS_OK
        || status > ROOMS_POLLS_ENDED
        || rooms_get_u64(&in, &s->created) != ROOMS_OK
        || rooms_get_u64(&in, &s->started) != ROOMS_OK
        || rooms_get_u64(&in, &s->paused) != ROOMS_OK
        || rooms_get_u64(&in, &s->ended) != ROOMS_OK
        || rooms_get_u64(&in, &s->touched) != ROOMS_OK
        || rooms_get_u64(&in, &s->beat) != ROOMS_OK
        || rooms_get_u64(&in, &s->sequence) != ROOMS_OK
        || rooms_get_u64(&in, &s->last) != ROOMS_OK)
    {
        return ROOMS_ERROR;
    }

    s->status = status;
    rooms_polls_id_make(s->key, s->secret, ROOMS_POLLS_ID_SESSION, 0, 0,
                        s->id);

    if (rooms_polls_read_participants(s, &in) != ROOMS_OK
        || rooms_polls_read_sockets(s, &in) != ROOMS_OK
        || rooms_get_u32(&in, &n) != ROOMS_OK)
    {
        return ROOMS_ERROR;
    }

    while (n--) {
        if (rooms_polls_read_poll(s, &in) != ROOMS_OK) {
            return ROOMS_ERROR;
        }
    }

    return in.len ? ROOMS_ERROR : ROOMS_OK;
}


rooms_int_t
rooms_polls_restore(const void *conf, void **state, rooms_str_t snapshot)
{
    rooms_polls_state_t  *s;

    (void) conf;

    s = rooms_polls_state_new();
    if (s == NULL) {
        return ROOMS_ERROR;
    }

    if (rooms_polls_read(s, snapshot) != ROOMS_OK) {
        rooms_polls_release(s);
        return ROOMS_ERROR;
    }

    if (*state != NULL) {
        rooms_polls_release(*state);
    }

    *state = s;

    return ROOMS_OK;
}
