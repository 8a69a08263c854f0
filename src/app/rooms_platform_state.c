
/*
 * Copyright (C) nginx rooms contributors
 *
 * The state and its facts.
 */


#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <rooms_platform.h>


static rooms_int_t rooms_platform_apply(rooms_platform_state_t *state,
    json_t *op);
static rooms_int_t rooms_platform_apply_set(json_t *doc, json_t *op);
static rooms_int_t rooms_platform_apply_unset(json_t *doc, json_t *op);
static rooms_int_t rooms_platform_apply_hit(json_t *doc, json_t *op);


rooms_int_t
rooms_platform_evolve(const void *conf, void **data, uint64_t id,
    rooms_str_t fact)
{
    size_t                   i;
    json_t                  *ops;
    rooms_int_t              rc;
    rooms_platform_state_t  *state;

    (void) conf;
    (void) id;

    ops = json_loadb((const char *) fact.data, fact.len, 0, NULL);
    if (!json_is_array(ops)) {
        json_decref(ops);
        return ROOMS_ERROR;
    }

    state = *data;

    if (state == NULL) {
        state = calloc(1, sizeof(rooms_platform_state_t));
        if (state == NULL) {
            json_decref(ops);
            return ROOMS_ERROR;
        }

        state->doc = json_object();
    }

    rc = state->doc ? ROOMS_OK : ROOMS_ERROR;

    for (i = 0; i < json_array_size(ops) && rc == ROOMS_OK; i++) {
        rc = rooms_platform_apply(state, json_array_get(ops, i));
    }

    json_decref(ops);

    if (*data == NULL && rc != ROOMS_OK) {
        rooms_platform_release(state);
        return rc;
    }

    *data = state;

    return rc;
}


static rooms_int_t
rooms_platform_apply(rooms_platform_state_t *state, json_t *op)
{
    json_t      *doc;
    const char  *type;

    type = json_string_value(json_array_get(op, 0));

    if (type == NULL) {
        return ROOMS_ERROR;
    }

    switch (type[0]) {

    case 'i':
        doc = json_array_get(op, 1);

        if (!json_is_object(doc)) {
            return ROOMS_ERROR;
        }

        json_incref(doc);
        json_decref(state->doc);
        state->doc = doc;

        return ROOMS_OK;

    case 's':
        return rooms_platform_apply_set(state->doc, op);

    case 'd':
        return rooms_platform_apply_unset(state->doc, op);

    case 'h':
        return rooms_platform_apply_hit(state->doc, op);
    }

    return ROOMS_ERROR;
}


static rooms_int_t
rooms_platform_apply_set(json_t *doc, json_t *op)
{
    size_t       i, n;
    json_t      *next, *value;
    const char  *key;

    n = json_array_size(op);
    value = json_array_get(op, 1);

    if (n < 3) {
        return ROOMS_ERROR;
    }

    for (i = 2; i < n - 1; i++) {
        key = json_string_value(json_array_get(op, i));

        if (key == NULL) {
            return ROOMS_ERROR;
        }

        next = json_object_get(doc, key);

        if (next == NULL) {
            next = json_object();

            if (json_object_set_new(doc, key, next) != 0) {
                return ROOMS_ERROR;
            }
        }

        doc = next;
    }

    key = json_string_value(json_array_get(op, n - 1));

    return (key != NULL && json_object_set(doc, key, value) == 0)
           ? ROOMS_OK : ROOMS_ERROR;
}


static rooms_int_t
rooms_platform_apply_unset(json_t *doc, json_t *op)
{
    size_t       i, n;
    const char  *key;

    n = json_array_size(op);

    if (n < 2) {
        return ROOMS_ERROR;
    }

    for (i = 1; i < n; i++) {
        key = json_string_value(json_array_get(op, i));

        if (key == NULL) {
            return ROOMS_ERROR;
        }

        if (i == n - 1) {
            (void) json_object_del(doc, key);
            break;
        }

        doc = json_object_get(doc, key);

        if (doc == NULL) {
            break;
        }
    }

    return ROOMS_OK;
}


/* Times that have left the window go when another one comes. */

static rooms_int_t
rooms_platform_apply_hit(json_t *doc, json_t *op)
{
    json_t      *rate, *times;
    json_int_t   now, window;
    const char  *key;

    key = json_string_value(json_array_get(op, 1));
    now = json_integer_value(json_array_get(op, 2));
    window = json_integer_value(json_array_get(op, 3));

    if (key == NULL) {
        return ROOMS_ERROR;
    }

    rate = json_object_get(doc, "rate");

    if (rate == NULL) {
        rate = json_object();

        if (json_object_set_new(doc, "rate", rate) != 0) {
            return ROOMS_ERROR;
        }
    }

    times = json_object_get(rate, key);

    if (times == NULL) {
        times = json_array();

        if (json_object_set_new(rate, key, times) != 0) {
            return ROOMS_ERROR;
        }
    }

    while (json_array_size(times)
           && json_integer_value(json_array_get(times, 0)) + window <= now)
    {
        (void) json_array_remove(times, 0);
    }

    return json_array_append_new(times, json_integer(now)) == 0
           ? ROOMS_OK : ROOMS_ERROR;
}


static int
rooms_platform_write(const char *data, size_t len, void *b)
{
    rooms_buf_append(b, data, len);

    return 0;
}


void
rooms_platform_snapshot(const void *data, rooms_buf_t *b)
{
    const rooms_platform_state_t *state = data;

    if (json_dump_callback(state->doc, rooms_platform_write, b, JSON_COMPACT)
        != 0)
    {
        b->failed = 1;
    }
}


rooms_int_t
rooms_platform_restore(const void *conf, void **data, rooms_str_t snapshot)
{
    json_t                  *doc;
    rooms_platform_state_t  *state;

    (void) conf;

    doc = json_loadb((const char *) snapshot.data, snapshot.len, 0, NULL);

    if (!json_is_object(doc)) {
        json_decref(doc);
        return ROOMS_ERROR;
    }

    state = calloc(1, sizeof(rooms_platform_state_t));
    if (state == NULL) {
        json_decref(doc);
        return ROOMS_ERROR;
    }

    state->doc = doc;

    if (*data) {
        rooms_platform_release(*data);
    }

    *data = state;

    return ROOMS_OK;
}


void
rooms_platform_release(void *data)
{
    rooms_platform_state_t *state = data;

    json_decref(state->doc);
    free(state);
}


json_t *
rooms_platform_at(const json_t *doc, ...)
{
    json_t      *value;
    va_list      args;
    const char  *key;

    value = (json_t *) doc;

    va_start(args, doc);

    while (value != NULL && (key = va_arg(args, const char *)) != NULL) {
        value = json_object_get(value, key);
    }

    va_end(args);

    return value;
}


void
rooms_platform_set(rooms_platform_t *p, json_t *value, ...)
{
    json_t      *op;
    va_list      args;
    const char  *key;

    op = json_array();

    (void) json_array_append_new(op, json_string("s"));

    if (value == NULL || json_array_append_new(op, value) != 0) {
        p->d->failed = 1;
    }

    va_start(args, value);

    while ((key = va_arg(args, const char *)) != NULL) {
        (void) json_array_append_new(op, json_string(key));
    }

    va_end(args);

    (void) json_array_append_new(p->ops, op);
}


void
rooms_platform_unset(rooms_platform_t *p, ...)
{
    json_t      *op;
    va_list      args;
    const char  *key;

    op = json_array();

    (void) json_array_append_new(op, json_string("d"));

    va_start(args, p);

    while ((key = va_arg(args, const char *)) != NULL) {
        (void) json_array_append_new(op, json_string(key));
    }

    va_end(args);

    (void) json_array_append_new(p->ops, op);
}


void
rooms_platform_due(rooms_platform_t *p, uint64_t at)
{
    uint64_t  next;

    next = p->due ? p->due
                  : (uint64_t) json_integer_value(json_object_get(p->doc,
                                                                  "next"));

    if (next && next <= at) {
        return;
    }

    p->due = at;
    rooms_platform_set(p, json_integer((json_int_t) at), "next", NULL);
    rooms_decide_deadline(p->d, at);
}


/* How many are in the window now; *first is the oldest of them, or now. */

static uint64_t
rooms_platform_hits(const rooms_platform_t *p, const char *key,
    uint64_t window, uint64_t *first)
{
    size_t    i, n;
    json_t   *times;
    uint64_t  at;

    times = rooms_platform_at(p->doc, "rate", key, NULL);
    n = json_array_size(times);
    *first = p->cmd->now;

    /* they are in the order of the journal, not quite in that of time */

    for (i = 0; i < n; i++) {
        at = json_integer_value(json_array_get(times, i));

        if (at + window > p->cmd->now) {
            *first = at;
            break;
        }
    }

    return n - i;
}


unsigned
rooms_platform_full(const rooms_platform_t *p, const char *key,
    uint64_t limit, uint64_t window)
{
    uint64_t  first;

    return limit && rooms_platform_hits(p, key, window, &first) >= limit;
}


rooms_int_t
rooms_platform_hit(rooms_platform_t *p, const char *key, uint64_t limit,
    uint64_t window, uint64_t *left, uint64_t *reset)
{
    uint64_t  now, count, first;

    now = p->cmd->now;
    count = rooms_platform_hits(p, key, window, &first);

    if (reset) {
        *reset = (first + window + 999) / 1000;
    }

    if (count >= limit) {
        if (left) {
            *left = 0;
        }

        return ROOMS_DECLINED;
    }

    if (left) {
        *left = limit - count - 1;
    }

    (void) json_array_append_new(p->ops,
                                 json_pack("[s, s, I, I]", "h", key,
                                           (json_int_t) now,
                                           (json_int_t) window));

    if (json_object_get(p->doc, "next") == NULL) {
        rooms_platform_due(p, now + ROOMS_PLATFORM_WINDOW);
    }

    return ROOMS_OK;
}
