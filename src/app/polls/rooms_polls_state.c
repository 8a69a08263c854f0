
/*
 * Copyright (C) nginx rooms contributors
 *
 * The state of a session.  Whatever is done for one vote or one socket costs
 * the same however many there are.
 */


#include <stdlib.h>
#include <string.h>

#include <rooms_polls.h>


#define ROOMS_POLLS_HEADS  16


static uint32_t rooms_polls_hash(rooms_str_t sid);
static rooms_int_t rooms_polls_heads_grow(rooms_polls_state_t *s);
static void rooms_polls_grace_add(rooms_polls_state_t *s, uint32_t who);
static void rooms_polls_grace_remove(rooms_polls_state_t *s, uint32_t who);


rooms_polls_state_t *
rooms_polls_state_new(void)
{
    rooms_polls_state_t  *s;

    s = calloc(1, sizeof(rooms_polls_state_t));

    if (s != NULL) {
        s->grace = ROOMS_POLLS_NONE;
        s->grace_last = ROOMS_POLLS_NONE;
        s->free = ROOMS_POLLS_NONE;
    }

    return s;
}


void
rooms_polls_release(void *state)
{
    uint32_t              i;
    rooms_polls_state_t  *s = state;

    for (i = 0; i < s->npolls; i++) {
        rooms_polls_poll_free(s->polls[i]);
    }

    for (i = 0; i < s->participants.n; i++) {
        rooms_polls_drop(&rooms_polls_participant(s, i)->name);
    }

    free(s->polls);
    free(s->heads);
    rooms_polls_list_free(&s->participants);
    rooms_polls_list_free(&s->sockets);
    rooms_polls_drop(&s->title);
    rooms_polls_drop(&s->description);
    rooms_polls_drop(&s->name);
    free(s);
}


rooms_int_t
rooms_polls_copy(rooms_str_t *to, rooms_str_t from)
{
    unsigned char  *p;

    p = malloc(from.len + 1);
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
rooms_polls_drop(rooms_str_t *s)
{
    free((void *) s->data);
    *s = rooms_str(NULL, 0);
}


rooms_polls_poll_t *
rooms_polls_poll_add(rooms_polls_state_t *s)
{
    uint32_t              alloc;
    rooms_polls_poll_t   *p, **polls;

    if (s->npolls == ROOMS_POLLS_POLLS) {
        return NULL;
    }

    if (s->npolls == s->apolls) {
        alloc = s->apolls ? 2 * s->apolls : 4;

        polls = realloc(s->polls, alloc * sizeof(rooms_polls_poll_t *));
        if (polls == NULL) {
            return NULL;
        }

        s->polls = polls;
        s->apolls = alloc;
    }

    p = calloc(1, sizeof(rooms_polls_poll_t));
    if (p == NULL) {
        return NULL;
    }

    s->polls[s->npolls++] = p;

    p->number = s->npolls;
    rooms_polls_id_make(s->key, s->secret, ROOMS_POLLS_ID_POLL, p->number, 0,
                        p->id);

    return p;
}


void
rooms_polls_poll_free(rooms_polls_poll_t *p)
{
    uint32_t  i;

    for (i = 0; i < p->n; i++) {
        rooms_polls_drop(&p->options[i].text);
    }

    for (i = 0; i < p->texts.n; i++) {
        rooms_polls_drop(rooms_polls_list_at(&p->texts, sizeof(rooms_str_t),
                                             i));
    }

    rooms_polls_drop(&p->question);
    rooms_polls_list_free(&p->voted);
    rooms_polls_list_free(&p->votes);
    rooms_polls_list_free(&p->texts);
    free(p);
}


unsigned
rooms_polls_has_voted(const rooms_polls_poll_t *p, uint32_t who)
{
    unsigned char  *bits;

    if (who / 8 >= p->voted.n) {
        return 0;
    }

    bits = rooms_polls_list_at(&p->voted, 1, who / 8);

    return (*bits >> (who % 8)) & 1;
}


rooms_int_t
rooms_polls_set_voted(rooms_polls_poll_t *p, uint32_t who)
{
    unsigned char  *bits;

    while (p->voted.n <= who / 8) {
        if (rooms_polls_list_push(&p->voted, 1) == NULL) {
            return ROOMS_ERROR;
        }
    }

    bits = rooms_polls_list_at(&p->voted, 1, who / 8);
    *bits |= (unsigned char) (1 << (who % 8));

    return ROOMS_OK;
}


void
rooms_polls_count(const rooms_polls_poll_t *p, rooms_polls_tally_t *t,
    uint16_t choice)
{
    unsigned  i;

    t->ballots++;

    if (p->type == ROOMS_POLLS_SCALE) {
        t->counts[choice - 1]++;

    } else if (p->type == ROOMS_POLLS_CHOICE) {

        for (i = 0; i < p->n; i++) {
            t->counts[i] += (choice >> i) & 1;
        }
    }
}


/* Sids are random, but a client may choose what it likes of them: FNV-1a. */

static uint32_t
rooms_polls_hash(rooms_str_t sid)
{
    size_t    i;
    uint32_t  h;

    h = 2166136261u;

    for (i = 0; i < sid.len; i++) {
        h = (h ^ sid.data[i]) * 16777619u;
    }

    return h;
}


uint32_t
rooms_polls_socket_find(const rooms_polls_state_t *s, rooms_str_t sid)
{
    uint32_t               i;
    rooms_polls_socket_t  *socket;

    if (s->nheads == 0 || sid.len == 0) {
        return ROOMS_POLLS_NONE;
    }

    i = s->heads[rooms_polls_hash(sid) & (s->nheads - 1)];

    while (i != ROOMS_POLLS_NONE) {
        socket = rooms_polls_socket(s, i);

        if (socket->len == sid.len
            && memcmp(socket->sid, sid.data, sid.len) == 0)
        {
            return i;
        }

        i = socket->chain;
    }

    return ROOMS_POLLS_NONE;
}


static rooms_int_t
rooms_polls_heads_grow(rooms_polls_state_t *s)
{
    uint32_t               i, n, *heads, *head;
    rooms_polls_socket_t  *socket;

    if (s->nsockets < s->nheads) {
        return ROOMS_OK;
    }

    n = s->nheads ? 2 * s->nheads : ROOMS_POLLS_HEADS;

    heads = malloc(n * sizeof(uint32_t));
    if (heads == NULL) {
        return ROOMS_ERROR;
    }

    memset(heads, 0xff, n * sizeof(uint32_t));

    for (i = 0; i < s->sockets.n; i++) {
        socket = rooms_polls_socket(s, i);

        if (socket->len) {
            head = &heads[rooms_polls_hash(rooms_str(socket->sid,
                                                     socket->len))
                          & (n - 1)];
            socket->chain = *head;
            *head = i;
        }
    }

    free(s->heads);
    s->heads = heads;
    s->nheads = n;

    return ROOMS_OK;
}


rooms_int_t
rooms_polls_socket_add(rooms_polls_state_t *s, uint32_t who, rooms_str_t sid,
    unsigned variant)
{
    uint32_t                    i, *head;
    rooms_polls_socket_t       *socket;
    rooms_polls_participant_t  *p;

    if (sid.len == 0 || sid.len > ROOMS_POLLS_SID
        || rooms_polls_socket_find(s, sid) != ROOMS_POLLS_NONE
        || rooms_polls_heads_grow(s) != ROOMS_OK)
    {
        return ROOMS_ERROR;
    }

    if (s->free != ROOMS_POLLS_NONE) {
        i = s->free;
        socket = rooms_polls_socket(s, i);
        s->free = socket->chain;

    } else {
        i = s->sockets.n;
        socket = rooms_polls_list_push(&s->sockets,
                                       sizeof(rooms_polls_socket_t));
        if (socket == NULL) {
            return ROOMS_ERROR;
        }
    }

    socket->who = who;
    socket->next = ROOMS_POLLS_NONE;
    socket->variant = (uint8_t) variant;
    socket->len = (uint8_t) sid.len;
    memcpy(socket->sid, sid.data, sid.len);

    head = &s->heads[rooms_polls_hash(sid) & (s->nheads - 1)];
    socket->chain = *head;
    *head = i;
    s->nsockets++;

    p = rooms_polls_participant(s, who);

    if (p != NULL) {
        socket->next = p->socket;
        p->socket = i;
    }

    return ROOMS_OK;
}


void
rooms_polls_socket_remove(rooms_polls_state_t *s, uint32_t i)
{
    uint32_t                   *at;
    rooms_polls_socket_t       *socket;
    rooms_polls_participant_t  *p;

    socket = rooms_polls_socket(s, i);
    p = rooms_polls_participant(s, socket->who);

    if (p != NULL) {
        for (at = &p->socket; *at != i; /* void */ ) {
            at = &rooms_polls_socket(s, *at)->next;
        }

        *at = socket->next;
    }

    at = &s->heads[rooms_polls_hash(rooms_str(socket->sid, socket->len))
                   & (s->nheads - 1)];

    while (*at != i) {
        at = &rooms_polls_socket(s, *at)->chain;
    }

    *at = socket->chain;

    socket->len = 0;
    socket->chain = s->free;
    s->free = i;
    s->nsockets--;
}


void
rooms_polls_presence(rooms_polls_state_t *s, uint32_t who,
    rooms_polls_presence_e presence, uint64_t now)
{
    rooms_polls_participant_t  *p;

    p = rooms_polls_participant(s, who);

    if (p->presence == presence) {
        return;
    }

    if (p->presence == ROOMS_POLLS_CONNECTED) {
        s->connected--;

    } else if (p->presence == ROOMS_POLLS_DISCONNECTED) {
        rooms_polls_grace_remove(s, who);
    }

    p->presence = (uint8_t) presence;
    p->seen = now;

    if (presence == ROOMS_POLLS_CONNECTED) {
        s->connected++;

    } else if (presence == ROOMS_POLLS_DISCONNECTED) {
        rooms_polls_grace_add(s, who);
    }
}


static void
rooms_polls_grace_add(rooms_polls_state_t *s, uint32_t who)
{
    rooms_polls_participant_t  *p;

    p = rooms_polls_participant(s, who);
    p->prev = s->grace_last;
    p->next = ROOMS_POLLS_NONE;

    if (p->prev == ROOMS_POLLS_NONE) {
        s->grace = who;

    } else {
        rooms_polls_participant(s, p->prev)->next = who;
    }

    s->grace_last = who;
}


static void
rooms_polls_grace_remove(rooms_polls_state_t *s, uint32_t who)
{
    rooms_polls_participant_t  *p;

    p = rooms_polls_participant(s, who);

    if (p->prev == ROOMS_POLLS_NONE) {
        s->grace = p->next;

    } else {
        rooms_polls_participant(s, p->prev)->next = p->next;
    }

    if (p->next == ROOMS_POLLS_NONE) {
        s->grace_last = p->prev;

    } else {
        rooms_polls_participant(s, p->next)->prev = p->prev;
    }
}


static uint64_t
rooms_polls_earlier(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}


uint64_t
rooms_polls_due(const rooms_polls_conf_t *conf, const rooms_polls_state_t *s)
{
    uint64_t                   due;
    const rooms_polls_poll_t  *p;

    due = s->status == ROOMS_POLLS_ENDED ? s->ended + conf->keep
                                         : s->touched + conf->idle;

    p = rooms_polls_poll(s, s->active);

    if (p != NULL && p->pending) {
        due = rooms_polls_earlier(due, p->counted + conf->flush);
    }

    if (s->nsockets) {
        due = rooms_polls_earlier(due, s->beat + conf->heartbeat);
    }

    if (s->grace != ROOMS_POLLS_NONE) {
        due = rooms_polls_earlier(due,
                                  rooms_polls_participant(s, s->grace)->seen
                                  + conf->grace);
    }

    return due;
}
