
/*
 * Copyright (C) nginx rooms contributors
 *
 * The state and its facts.
 */


#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <rooms_platform.h>


#define ROOMS_PLATFORM_PATH  8           /* keys of a path, at most */


static rooms_platform_state_t *rooms_platform_state(json_t *doc);
static rooms_int_t rooms_platform_apply(rooms_platform_state_t *state,
    json_t *op);
static size_t rooms_platform_path(const json_t *op, size_t i,
    const char *path[ROOMS_PLATFORM_PATH]);
static rooms_int_t rooms_platform_apply_all(rooms_platform_state_t *state,
    json_t *doc);
static rooms_int_t rooms_platform_apply_at(rooms_platform_state_t *state,
    char type, json_t *op, const char *const *path, size_t n);
static rooms_int_t rooms_platform_apply_set(json_t *doc, json_t *value,
    const char *const *path, size_t n);
static rooms_int_t rooms_platform_apply_unset(json_t *doc,
    const char *const *path, size_t n);
static rooms_int_t rooms_platform_apply_hit(json_t *doc, json_t *op,
    const char *const *path);


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
        state = rooms_platform_state(json_object());

        if (state == NULL) {
            json_decref(ops);
            return ROOMS_ERROR;
        }
    }

    rc = ROOMS_OK;

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


/* A state of a document, whose reference is taken over; or NULL. */

static rooms_platform_state_t *
rooms_platform_state(json_t *doc)
{
    rooms_platform_state_t  *state;

    state = calloc(1, sizeof(rooms_platform_state_t));

    if (state == NULL || !json_is_object(doc)) {
        json_decref(doc);
        free(state);
        return NULL;
    }

    state->doc = doc;
    state->index = rooms_platform_index_create(doc);

    if (state->index == NULL) {
        rooms_platform_release(state);
        return NULL;
    }

    return state;
}


static rooms_int_t
rooms_platform_apply(rooms_platform_state_t *state, json_t *op)
{
    size_t       n;
    const char  *type, *path[ROOMS_PLATFORM_PATH];

    type = json_string_value(json_array_get(op, 0));

    if (type == NULL) {
        return ROOMS_ERROR;
    }

    switch (type[0]) {

    case 'i':
        return rooms_platform_apply_all(state, json_array_get(op, 1));

    case 's':
        n = rooms_platform_path(op, 2, path);
        break;

    case 'd':
        n = rooms_platform_path(op, 1, path);
        break;

    case 'h':
        path[0] = "rate";
        path[1] = json_string_value(json_array_get(op, 1));
        n = path[1] ? 2 : 0;
        break;

    default:
        return ROOMS_ERROR;
    }

    return n ? rooms_platform_apply_at(state, type[0], op, path, n)
             : ROOMS_ERROR;
}


/* The keys of a change from the i-th value on; 0: they are none. */

static size_t
rooms_platform_path(const json_t *op, size_t i,
    const char *path[ROOMS_PLATFORM_PATH])
{
    size_t  n;

    for (n = 0; i < json_array_size(op); i++, n++) {

        if (n == ROOMS_PLATFORM_PATH) {
            return 0;
        }

        path[n] = json_string_value(json_array_get(op, i));

        if (path[n] == NULL) {
            return 0;
        }
    }

    return n;
}


static rooms_int_t
rooms_platform_apply_all(rooms_platform_state_t *state, json_t *doc)
{
    rooms_platform_index_t  *index;

    if (!json_is_object(doc)) {
        return ROOMS_ERROR;
    }

    index = rooms_platform_index_create(doc);
    if (index == NULL) {
        return ROOMS_ERROR;
    }

    json_incref(doc);
    json_decref(state->doc);
    rooms_platform_index_free(state->index);

    state->doc = doc;
    state->index = index;

    return ROOMS_OK;
}


/*
 * A change at a path.  What is there is in the index as it was before, and
 * then as it has become.
 */

static rooms_int_t
rooms_platform_apply_at(rooms_platform_state_t *state, char type, json_t *op,
    const char *const *path, size_t n)
{
    rooms_int_t              rc, noted;
    rooms_platform_index_t  *index;

    noted = rooms_platform_index_note(state->index, state->doc, path, n, -1);

    switch (type) {

    case 's':
        rc = rooms_platform_apply_set(state->doc, json_array_get(op, 1), path,
                                      n);
        break;

    case 'd':
        rc = rooms_platform_apply_unset(state->doc, path, n);
        break;

    default:
        rc = rooms_platform_apply_hit(state->doc, op, path);
        break;
    }

    if (noted == ROOMS_OK) {
        noted = rooms_platform_index_note(state->index, state->doc, path, n,
                                          1);
        return noted == ROOMS_OK ? rc : noted;
    }

    index = rooms_platform_index_create(state->doc);
    if (index == NULL) {
        return ROOMS_ERROR;
    }

    rooms_platform_index_free(state->index);
    state->index = index;

    return rc;
}


static rooms_int_t
rooms_platform_apply_set(json_t *doc, json_t *value, const char *const *path,
    size_t n)
{
    size_t   i;
    json_t  *next;

    for (i = 0; i < n - 1; i++) {
        next = json_object_get(doc, path[i]);

        if (next == NULL) {
            next = json_object();

            if (json_object_set_new(doc, path[i], next) != 0) {
                return ROOMS_ERROR;
            }
        }

        doc = next;
    }

    return json_object_set(doc, path[n - 1], value) == 0 ? ROOMS_OK
                                                         : ROOMS_ERROR;
}


static rooms_int_t
rooms_platform_apply_unset(json_t *doc, const char *const *path, size_t n)
{
    size_t  i;

    for (i = 0; i < n - 1; i++) {
        doc = json_object_get(doc, path[i]);
    }

    (void) json_object_del(doc, path[n - 1]);

    return ROOMS_OK;
}


/* Times that have left the window go when another one comes. */

static rooms_int_t
rooms_platform_apply_hit(json_t *doc, json_t *op, const char *const *path)
{
    json_t      *times;
    json_int_t   now, window;

    now = json_integer_value(json_array_get(op, 2));
    window = json_integer_value(json_array_get(op, 3));

    times = json_object_get(json_object_get(doc, path[0]), path[1]);

    if (times == NULL) {
        times = json_array();

        if (rooms_platform_apply_set(doc, times, path, 2) != ROOMS_OK) {
            json_decref(times);
            return ROOMS_ERROR;
        }

        json_decref(times);
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
    rooms_platform_state_t  *state;

    (void) conf;

    state = rooms_platform_state(json_loadb((const char *) snapshot.data,
                                            snapshot.len, 0, NULL));
    if (state == NULL) {
        return ROOMS_ERROR;
    }

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
    rooms_platform_index_free(state->index);
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

    rooms_platform_due(p, now + ROOMS_PLATFORM_WINDOW);

    return ROOMS_OK;
}
