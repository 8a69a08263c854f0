
/*
 * Copyright (C) nginx rooms contributors
 *
 * What the facts of a session make of its state.
 *
 * Octets from the journal may come from another version or another machine:
 * what does not fit leaves the state as it is.
 */


#include <string.h>

#include <rooms_polls.h>
#include <rooms_polls_fact.h>


/* What a fact says of where it stands. */

typedef struct {
    rooms_polls_state_t  *s;
    uint64_t              now;
    rooms_str_t           in;            /* what is left of it */
} rooms_polls_in_t;


static void
rooms_polls_take(rooms_str_t *in, void *to, size_t n)
{
    memcpy(to, in->data, n);
    in->data += n;
    in->len -= n;
}


static rooms_int_t
rooms_polls_evolve_claim(void **state, rooms_str_t in)
{
    rooms_polls_state_t  *s;

    if (*state != NULL || in.len != ROOMS_POLLS_KEY) {
        return ROOMS_ERROR;
    }

    s = rooms_polls_state_new();
    if (s == NULL) {
        return ROOMS_ERROR;
    }

    s->index = 1;
    memcpy(s->key, in.data, ROOMS_POLLS_KEY);
    *state = s;

    return ROOMS_OK;
}


static rooms_int_t
rooms_polls_evolve_created(void **state, uint64_t now, rooms_str_t in)
{
    rooms_str_t           presenter, title, description, name;
    rooms_polls_state_t  *s;

    if (*state != NULL
        || in.len < ROOMS_POLLS_KEY + ROOMS_POLLS_SECRET + ROOMS_POLLS_SLUG)
    {
        return ROOMS_ERROR;
    }

    s = rooms_polls_state_new();
    if (s == NULL) {
        return ROOMS_ERROR;
    }

    rooms_polls_take(&in, s->key, ROOMS_POLLS_KEY);
    rooms_polls_take(&in, s->secret, ROOMS_POLLS_SECRET);
    rooms_polls_take(&in, s->slug, ROOMS_POLLS_SLUG);

    if (!rooms_polls_is_slug(rooms_str(s->slug, ROOMS_POLLS_SLUG))
        || rooms_get_str16(&in, &presenter) != ROOMS_OK
        || presenter.len != ROOMS_POLLS_UUID
        || rooms_get_str16(&in, &title) != ROOMS_OK
        || rooms_get_str16(&in, &description) != ROOMS_OK
        || rooms_get_str16(&in, &name) != ROOMS_OK
        || in.len
        || rooms_polls_copy(&s->title, title) != ROOMS_OK
        || rooms_polls_copy(&s->description, description) != ROOMS_OK
        || rooms_polls_copy(&s->name, name) != ROOMS_OK)
    {
        rooms_polls_release(s);
        return ROOMS_ERROR;
    }

    memcpy(s->presenter, presenter.data, ROOMS_POLLS_UUID);
    rooms_polls_id_make(s->key, s->secret, ROOMS_POLLS_ID_SESSION, 0, 0,
                        s->id);
    s->created = now;
    s->beat = now;

    *state = s;

    return ROOMS_OK;
}


static rooms_int_t
rooms_polls_evolve_status(rooms_polls_in_t *f)
{
    uint8_t               status;
    uint32_t              i;
    rooms_polls_state_t  *s;

    s = f->s;

    if (rooms_get_u8(&f->in, &status) != ROOMS_OK || f->in.len
        || status == ROOMS_POLLS_DRAFT || status > ROOMS_POLLS_ENDED)
    {
        return ROOMS_ERROR;
    }

    if (status == ROOMS_POLLS_PAUSED) {
        s->paused = f->now;

    } else if (status == ROOMS_POLLS_ENDED) {
        s->ended = f->now;

        for (i = 0; i < s->participants.n; i++) {
            rooms_polls_presence(s, i, ROOMS_POLLS_LEFT, f->now);
        }

    } else if (s->started == 0) {
        s->started = f->now;
    }

    s->status = status;

    return ROOMS_OK;
}


static rooms_int_t
rooms_polls_evolve_options(rooms_polls_state_t *s, rooms_polls_poll_t *p,
    rooms_str_t *in)
{
    uint8_t      n;
    unsigned     i;
    rooms_str_t  text, all;

    if (rooms_get_u8(in, &n) != ROOMS_OK || n > ROOMS_POLLS_OPTIONS) {
        return ROOMS_ERROR;
    }

    all = *in;

    for (i = 0; i < n; i++) {
        if (rooms_get_str16(&all, &text) != ROOMS_OK) {
            return ROOMS_ERROR;
        }
    }

    for (i = n; i < p->n; i++) {
        rooms_polls_drop(&p->options[i].text);
    }

    p->n = n;

    for (i = 0; i < n; i++) {
        (void) rooms_get_str16(in, &text);

        if (rooms_polls_copy(&p->options[i].text, text) != ROOMS_OK) {
            return ROOMS_ERROR;
        }

        rooms_polls_id_make(s->key, s->secret, ROOMS_POLLS_ID_OPTION,
                            p->number, i + 1, p->options[i].id);
    }

    return ROOMS_OK;
}


static rooms_int_t
rooms_polls_evolve_poll(rooms_polls_in_t *f)
{
    uint8_t              type, flags, min, max;
    uint32_t             number;
    rooms_str_t          question;
    rooms_polls_poll_t  *p;

    if (rooms_get_u32(&f->in, &number) != ROOMS_OK
        || rooms_get_u8(&f->in, &type) != ROOMS_OK
        || rooms_get_u8(&f->in, &flags) != ROOMS_OK
        || rooms_get_u8(&f->in, &min) != ROOMS_OK
        || rooms_get_u8(&f->in, &max) != ROOMS_OK
        || rooms_get_str16(&f->in, &question) != ROOMS_OK
        || f->in.len == 0
        || type > ROOMS_POLLS_TEXT || max > ROOMS_POLLS_RATING || min > max
        || (type == ROOMS_POLLS_SCALE && min == 0))
    {
        return ROOMS_ERROR;
    }

    p = number ? rooms_polls_poll(f->s, number) : rooms_polls_poll_add(f->s);

    if (p == NULL || p->status != ROOMS_POLLS_DRAFT
        || rooms_polls_copy(&p->question, question) != ROOMS_OK)
    {
        return ROOMS_ERROR;
    }

    p->type = type;
    p->multiple = (flags & ROOMS_POLLS_MULTIPLE) != 0;
    p->anonymous = (flags & ROOMS_POLLS_ANONYMOUS) != 0;
    p->min = min;
    p->max = max;

    if (p->created == 0) {
        p->created = f->now;
    }

    return rooms_polls_evolve_options(f->s, p, &f->in);
}


static rooms_polls_poll_t *
rooms_polls_evolve_number(rooms_polls_in_t *f)
{
    uint32_t  number;

    if (rooms_get_u32(&f->in, &number) != ROOMS_OK) {
        return NULL;
    }

    return rooms_polls_poll(f->s, number);
}


static rooms_int_t
rooms_polls_evolve_activated(rooms_polls_in_t *f)
{
    rooms_polls_poll_t  *p;

    p = rooms_polls_evolve_number(f);

    if (p == NULL || p->status != ROOMS_POLLS_DRAFT || f->s->active) {
        return ROOMS_ERROR;
    }

    p->status = ROOMS_POLLS_ACTIVE;
    p->activated = f->now;
    f->s->active = p->number;

    return ROOMS_OK;
}


static rooms_int_t
rooms_polls_evolve_closed(rooms_polls_in_t *f)
{
    rooms_polls_poll_t  *p;

    p = rooms_polls_evolve_number(f);

    if (p == NULL || p->status != ROOMS_POLLS_ACTIVE) {
        return ROOMS_ERROR;
    }

    p->status = ROOMS_POLLS_ENDED;
    p->closed = f->now;
    p->pending = 0;
    f->s->active = 0;

    return ROOMS_OK;
}


static rooms_int_t
rooms_polls_evolve_voted(rooms_polls_in_t *f)
{
    uint16_t             choice;
    uint32_t             who;
    rooms_str_t          text, *kept;
    unsigned char        id[ROOMS_POLLS_VOTE];
    rooms_polls_poll_t  *p;
    rooms_polls_vote_t  *v;

    p = rooms_polls_evolve_number(f);

    if (p == NULL || p->status != ROOMS_POLLS_ACTIVE
        || rooms_get_u32(&f->in, &who) != ROOMS_OK
        || who >= f->s->participants.n || f->in.len < ROOMS_POLLS_VOTE)
    {
        return ROOMS_ERROR;
    }

    rooms_polls_take(&f->in, id, ROOMS_POLLS_VOTE);

    if (rooms_get_u16(&f->in, &choice) != ROOMS_OK
        || rooms_get_str16(&f->in, &text) != ROOMS_OK
        || f->in.len || rooms_polls_has_voted(p, who)
        || (p->type == ROOMS_POLLS_SCALE
            && (choice < p->min || choice > p->max))
        || (p->type == ROOMS_POLLS_CHOICE && (choice >> p->n || choice == 0))
        || rooms_polls_set_voted(p, who) != ROOMS_OK)
    {
        return ROOMS_ERROR;
    }

    v = rooms_polls_list_push(&p->votes, sizeof(rooms_polls_vote_t));
    if (v == NULL) {
        return ROOMS_ERROR;
    }

    memcpy(v->id, id, ROOMS_POLLS_VOTE);
    v->who = p->anonymous ? ROOMS_POLLS_NONE : who;
    v->at = (uint32_t) (f->now - p->activated);
    v->choice = choice;

    rooms_polls_count(p, &p->tally, choice);
    memcpy(p->last, id, ROOMS_POLLS_VOTE);
    p->latest = f->now;
    p->pending = 1;
    f->s->votes++;

    if (p->type == ROOMS_POLLS_TEXT) {
        kept = rooms_polls_list_push(&p->texts, sizeof(rooms_str_t));

        return kept == NULL ? ROOMS_ERROR : rooms_polls_copy(kept, text);
    }

    return ROOMS_OK;
}


static rooms_int_t
rooms_polls_evolve_counted(rooms_polls_in_t *f)
{
    rooms_polls_poll_t  *p;

    p = rooms_polls_evolve_number(f);

    if (p == NULL) {
        return ROOMS_ERROR;
    }

    p->pending = 0;
    p->counted = f->now;

    return ROOMS_OK;
}


static rooms_int_t
rooms_polls_evolve_joined(rooms_polls_in_t *f)
{
    uint8_t                     named;
    rooms_str_t                 name, kept;
    rooms_polls_participant_t  *p;

    kept = rooms_str(NULL, 0);
    name = rooms_str(NULL, 0);

    if (rooms_get_u8(&f->in, &named) != ROOMS_OK
        || (named && rooms_get_str16(&f->in, &name) != ROOMS_OK)
        || f->in.len || f->s->participants.n == ROOMS_POLLS_NONE
        || (named && rooms_polls_copy(&kept, name) != ROOMS_OK))
    {
        return ROOMS_ERROR;
    }

    p = rooms_polls_list_push(&f->s->participants,
                              sizeof(rooms_polls_participant_t));
    if (p == NULL) {
        rooms_polls_drop(&kept);
        return ROOMS_ERROR;
    }

    p->name = kept;
    p->joined = f->now;
    p->seen = f->now;
    p->socket = ROOMS_POLLS_NONE;
    f->s->connected++;

    return ROOMS_OK;
}


static rooms_int_t
rooms_polls_evolve_attached(rooms_polls_in_t *f)
{
    uint8_t                     variant;
    uint32_t                    who;
    rooms_str_t                 sid;
    rooms_polls_participant_t  *p;

    if (rooms_get_u32(&f->in, &who) != ROOMS_OK
        || rooms_get_u8(&f->in, &variant) != ROOMS_OK
        || rooms_get_str16(&f->in, &sid) != ROOMS_OK || f->in.len
        || (who != ROOMS_POLLS_NONE && who >= f->s->participants.n))
    {
        return ROOMS_ERROR;
    }

    if (f->s->nsockets == 0) {
        f->s->beat = f->now;
    }

    if (rooms_polls_socket_add(f->s, who, sid, variant) != ROOMS_OK) {
        return ROOMS_ERROR;
    }

    p = rooms_polls_participant(f->s, who);

    if (p != NULL && p->presence == ROOMS_POLLS_DISCONNECTED) {
        rooms_polls_presence(f->s, who, ROOMS_POLLS_CONNECTED, f->now);
    }

    if (p != NULL) {
        p->seen = f->now;
    }

    return ROOMS_OK;
}


static rooms_int_t
rooms_polls_evolve_detached(rooms_polls_in_t *f)
{
    uint32_t                    i, who;
    rooms_str_t                 sid;
    rooms_polls_participant_t  *p;

    if (rooms_get_str16(&f->in, &sid) != ROOMS_OK || f->in.len) {
        return ROOMS_ERROR;
    }

    i = rooms_polls_socket_find(f->s, sid);

    if (i == ROOMS_POLLS_NONE) {
        return ROOMS_ERROR;
    }

    who = rooms_polls_socket(f->s, i)->who;
    rooms_polls_socket_remove(f->s, i);

    p = rooms_polls_participant(f->s, who);

    if (p != NULL && p->socket == ROOMS_POLLS_NONE
        && p->presence == ROOMS_POLLS_CONNECTED)
    {
        rooms_polls_presence(f->s, who, ROOMS_POLLS_DISCONNECTED, f->now);
    }

    return ROOMS_OK;
}


static rooms_int_t
rooms_polls_evolve_who(rooms_polls_in_t *f, unsigned type)
{
    uint32_t                    who;
    rooms_polls_participant_t  *p;

    if (rooms_get_u32(&f->in, &who) != ROOMS_OK) {
        return ROOMS_ERROR;
    }

    p = rooms_polls_participant(f->s, who);

    if (p == NULL || f->in.len) {
        return ROOMS_ERROR;
    }

    if (type == ROOMS_POLLS_LEAVE) {
        rooms_polls_presence(f->s, who, ROOMS_POLLS_LEFT, f->now);

    } else if (type == ROOMS_POLLS_BACK
               && p->presence == ROOMS_POLLS_DISCONNECTED)
    {
        rooms_polls_presence(f->s, who, ROOMS_POLLS_CONNECTED, f->now);

    } else if (p->presence == ROOMS_POLLS_CONNECTED) {
        p->seen = f->now;
    }

    return ROOMS_OK;
}


static rooms_int_t
rooms_polls_evolve_fact(rooms_polls_in_t *f, unsigned type)
{
    switch (type) {

    case ROOMS_POLLS_STATUS:
        return rooms_polls_evolve_status(f);

    case ROOMS_POLLS_POLL:
        return rooms_polls_evolve_poll(f);

    case ROOMS_POLLS_ACTIVATED:
        return rooms_polls_evolve_activated(f);

    case ROOMS_POLLS_CLOSED:
        return rooms_polls_evolve_closed(f);

    case ROOMS_POLLS_VOTED:
        return rooms_polls_evolve_voted(f);

    case ROOMS_POLLS_COUNTED:
        return rooms_polls_evolve_counted(f);

    case ROOMS_POLLS_TOLD:
        return ROOMS_OK;

    case ROOMS_POLLS_JOINED:
        return rooms_polls_evolve_joined(f);

    case ROOMS_POLLS_ATTACHED:
        return rooms_polls_evolve_attached(f);

    case ROOMS_POLLS_DETACHED:
        return rooms_polls_evolve_detached(f);

    case ROOMS_POLLS_LEAVE:
    case ROOMS_POLLS_BACK:
    case ROOMS_POLLS_SEEN:
        return rooms_polls_evolve_who(f, type);

    case ROOMS_POLLS_BEAT:
        f->s->beat = f->now;
        return ROOMS_OK;
    }

    return ROOMS_ERROR;
}


rooms_int_t
rooms_polls_evolve(const void *conf, void **state, uint64_t id,
    rooms_str_t fact)
{
    uint8_t            type;
    rooms_int_t        rc;
    rooms_polls_in_t   f;

    (void) conf;

    f.in = fact;

    if (rooms_get_u8(&f.in, &type) != ROOMS_OK
        || rooms_get_u64(&f.in, &f.now) != ROOMS_OK)
    {
        return ROOMS_ERROR;
    }

    switch (type & ~ROOMS_POLLS_STORED) {

    case ROOMS_POLLS_CLAIM:
        return rooms_polls_evolve_claim(state, f.in);

    case ROOMS_POLLS_CREATED:
        rc = rooms_polls_evolve_created(state, f.now, f.in);
        break;

    default:
        f.s = *state;

        if (f.s == NULL || f.s->index) {
            return ROOMS_ERROR;
        }

        rc = rooms_polls_evolve_fact(&f, type & ~ROOMS_POLLS_STORED);
    }

    f.s = *state;

    /* an event counts even where its fact could not be applied */

    if (f.s != NULL && !f.s->index) {

        if (type & ROOMS_POLLS_STORED) {
            f.s->sequence++;
            f.s->last = id;
        }

        if ((type & ~ROOMS_POLLS_STORED) != ROOMS_POLLS_BEAT) {
            f.s->touched = f.now;
        }
    }

    return rc;
}
