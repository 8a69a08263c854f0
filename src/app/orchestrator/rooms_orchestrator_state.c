
/*
 * Copyright (C) nginx rooms contributors
 *
 * The state of a game: made, evolved, and as octets.
 */


#include <stdlib.h>

#include <rooms_orchestrator.h>


static const char *const  rooms_orchestrator_objects[] = {
    "session", "claims", "scores", "scanned", "devices", "video", "past",
    "known", "fails", "clock", NULL
};

static const char *const  rooms_orchestrator_arrays[] = {
    "txs", "queue", NULL
};


json_t *
rooms_orchestrator_empty(void)
{
    return json_pack("{s:{}, s:{}, s:{}, s:{}, s:{}, s:{}, s:{}, s:{}, s:{},"
                     " s:{}, s:[], s:[]}",
                     "session", "claims", "scores", "scanned", "devices",
                     "video", "past", "known", "fails", "clock", "txs",
                     "queue");
}


static rooms_orchestrator_state_t *
rooms_orchestrator_new(json_t *root)
{
    rooms_orchestrator_state_t  *state;

    state = malloc(sizeof(rooms_orchestrator_state_t));

    if (state == NULL || root == NULL) {
        free(state);
        json_decref(root);
        return NULL;
    }

    state->root = root;
    state->due = 0;

    return state;
}


rooms_int_t
rooms_orchestrator_evolve(const void *conf, void **data, uint64_t id,
    rooms_str_t text)
{
    json_t                      *fact;
    rooms_int_t                  rc;
    rooms_orchestrator_state_t  *state;

    fact = json_loadb((const char *) text.data, text.len, 0, NULL);
    state = *data;

    if (state == NULL) {
        state = rooms_orchestrator_new(rooms_orchestrator_empty());
    }

    if (fact == NULL || state == NULL) {
        rc = ROOMS_ERROR;

    } else {
        rc = rooms_orchestrator_apply(state->root, id, fact);
        rooms_orchestrator_evolved(conf, state, fact);
    }

    json_decref(fact);

    if (rc != ROOMS_OK && *data == NULL && state != NULL) {
        rooms_orchestrator_release(state);
        return rc;
    }

    *data = state;

    return rc;
}


static int
rooms_orchestrator_write(const char *data, size_t len, void *b)
{
    rooms_buf_append(b, data, len);

    return 0;
}


void
rooms_orchestrator_snapshot(const void *data, rooms_buf_t *b)
{
    const rooms_orchestrator_state_t  *state = data;

    if (json_dump_callback(state->root, rooms_orchestrator_write, b,
                           JSON_COMPACT)
        != 0)
    {
        b->failed = 1;
    }
}


rooms_int_t
rooms_orchestrator_restore(const void *conf, void **data,
    rooms_str_t snapshot)
{
    json_t                      *root;
    unsigned                     i, good;
    rooms_orchestrator_state_t  *state;

    (void) conf;

    root = json_loadb((const char *) snapshot.data, snapshot.len, 0, NULL);
    good = 1;

    for (i = 0; rooms_orchestrator_objects[i] != NULL; i++) {
        good &= json_is_object(json_object_get(root,
                                         rooms_orchestrator_objects[i]));
    }

    for (i = 0; rooms_orchestrator_arrays[i] != NULL; i++) {
        good &= json_is_array(json_object_get(root,
                                         rooms_orchestrator_arrays[i]));
    }

    if (!good) {
        json_decref(root);
        return ROOMS_ERROR;
    }

    state = rooms_orchestrator_new(root);
    if (state == NULL) {
        return ROOMS_ERROR;
    }

    if (*data != NULL) {
        rooms_orchestrator_release(*data);
    }

    *data = state;

    return ROOMS_OK;
}


void
rooms_orchestrator_release(void *data)
{
    rooms_orchestrator_state_t  *state = data;

    json_decref(state->root);
    free(state);
}
