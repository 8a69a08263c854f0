
/*
 * Copyright (C) nginx rooms contributors
 *
 * The keys that other services read in Redis: the session, its participants,
 * what each has selected, and the results.
 */


#include <string.h>

#include <rooms_dinner.h>
#include <rooms_iso.h>


/* A member of the results that keeps the key where there are none. */

#define ROOMS_DINNER_NOTHING  "-"


typedef struct {
    rooms_buf_t   name;
    rooms_buf_t   words;
    uint16_t      n;
} rooms_dinner_key_t;


static void
rooms_dinner_key_word(rooms_dinner_key_t *key, rooms_str_t word)
{
    rooms_buf_str32(&key->words, word);
    key->n++;
}


static void
rooms_dinner_key_field(rooms_dinner_key_t *key, const char *name,
    rooms_str_t value)
{
    rooms_dinner_key_word(key, rooms_str(name, strlen(name)));
    rooms_dinner_key_word(key, value);
}


static void
rooms_dinner_key_begin(rooms_dinner_key_t *key, const char *kind,
    rooms_str_t id, const char *rest)
{
    rooms_buf_reset(&key->name);
    rooms_buf_reset(&key->words);
    key->n = 0;

    rooms_buf_append(&key->name, kind, strlen(kind));
    rooms_buf_str(&key->name, id);
    rooms_buf_append(&key->name, rest, strlen(rest));
}


static void
rooms_dinner_key_end(rooms_dinner_key_t *key, const char *command,
    rooms_buf_t *b)
{
    if (key->name.failed || key->words.failed) {
        b->failed = 1;
        return;
    }

    rooms_buf_str16(b, rooms_str(command, strlen(command)));
    rooms_buf_str16(b, rooms_str(key->name.data, key->name.len));
    rooms_buf_u16(b, key->n);
    rooms_buf_append(b, key->words.data, key->words.len);
}


static void
rooms_dinner_key_number(rooms_dinner_key_t *key, const char *name, uint64_t n)
{
    rooms_buf_t  b;

    rooms_buf_init(&b, 0);
    rooms_buf_uint(&b, n);

    rooms_dinner_key_field(key, name, rooms_str(b.data, b.len));

    rooms_buf_free(&b);
}


static void
rooms_dinner_key_time(rooms_dinner_key_t *key, const char *name, uint64_t ms)
{
    char  text[ROOMS_ISO_LEN + 1];

    rooms_iso_format(ms, text);
    rooms_dinner_key_field(key, name, rooms_str(text, ROOMS_ISO_LEN));
}


static void
rooms_dinner_key_flag(rooms_dinner_key_t *key, const char *name, unsigned on)
{
    rooms_dinner_key_field(key, name, on ? rooms_str("true", 4)
                                         : rooms_str("false", 5));
}


static void
rooms_dinner_keys_session(rooms_dinner_key_t *key,
    const rooms_dinner_state_t *state, rooms_buf_t *b)
{
    unsigned     i;
    const char  *phase;
    rooms_str_t  code, host;

    static const char *const  phases[] = { "waiting", "selecting",
                                           "complete" };

    code = rooms_str(state->code, ROOMS_DINNER_CODE);
    host = rooms_str(NULL, 0);
    phase = phases[state->phase];

    for (i = 0; i < state->n; i++) {
        if (state->members[i].host) {
            host = rooms_dinner_id(&state->members[i].id);
        }
    }

    rooms_dinner_key_begin(key, "session:", code, "");
    rooms_dinner_key_time(key, "createdAt", state->created);
    rooms_dinner_key_field(key, "hostId", host);
    rooms_dinner_key_field(key, "hostName", state->host);
    rooms_dinner_key_field(key, "state", rooms_str(phase, strlen(phase)));
    rooms_dinner_key_number(key, "participantCount", state->n);
    rooms_dinner_key_time(key, "lastActivityAt", state->activity);
    rooms_dinner_key_end(key, "HSET", b);

    if (state->n == 0) {
        return;
    }

    rooms_dinner_key_begin(key, "session:", code, ":participants");

    for (i = 0; i < state->n; i++) {
        rooms_dinner_key_word(key, rooms_dinner_id(&state->members[i].id));
    }

    rooms_dinner_key_end(key, "SADD", b);
}


static void
rooms_dinner_keys_member(rooms_dinner_key_t *key,
    const rooms_dinner_state_t *state, const rooms_dinner_member_t *m,
    rooms_buf_t *b)
{
    rooms_str_t  code, id, in, option;

    code = rooms_str(state->code, ROOMS_DINNER_CODE);
    id = rooms_dinner_id(&m->id);

    rooms_dinner_key_begin(key, "participant:", id, "");
    rooms_dinner_key_field(key, "displayName", m->name);
    rooms_dinner_key_field(key, "sessionCode", code);
    rooms_dinner_key_time(key, "joinedAt", m->joined);
    rooms_dinner_key_flag(key, "isHost", m->host);
    rooms_dinner_key_flag(key, "hasSubmitted", m->submitted);
    rooms_dinner_key_end(key, "HSET", b);

    if (!m->submitted) {
        return;
    }

    rooms_dinner_key_begin(key, "session:", code, ":");
    rooms_buf_str(&key->name, id);
    rooms_buf_append(&key->name, ":selections", 11);

    in = m->selections;

    while (rooms_get_str16(&in, &option) == ROOMS_OK) {
        rooms_dinner_key_word(key, option);
    }

    rooms_dinner_key_end(key, "SADD", b);
}


/* The marker is always a member, so that the key is there. */

static void
rooms_dinner_keys_results(rooms_dinner_key_t *key,
    const rooms_dinner_conf_t *conf, const rooms_dinner_state_t *state,
    rooms_buf_t *b)
{
    size_t   i;
    json_t  *results, *options, *id;

    results = rooms_dinner_results_json(conf, state);
    options = json_object_get(results, "overlappingOptions");

    rooms_dinner_key_begin(key, "session:",
                           rooms_str(state->code, ROOMS_DINNER_CODE),
                           ":results");
    rooms_dinner_key_word(key, rooms_str(ROOMS_DINNER_NOTHING,
                                         sizeof(ROOMS_DINNER_NOTHING) - 1));

    for (i = 0; i < json_array_size(options); i++) {
        id = json_object_get(json_array_get(options, i), "optionId");

        rooms_dinner_key_word(key, rooms_str(json_string_value(id),
                                             json_string_length(id)));
    }

    rooms_dinner_key_end(key, "SADD", b);
    json_decref(results);
}


void
rooms_dinner_keys(const void *conf, const void *data, rooms_buf_t *b)
{
    unsigned                     i;
    rooms_dinner_key_t           key;
    const rooms_dinner_state_t  *state = data;

    memset(&key, 0, sizeof(rooms_dinner_key_t));

    rooms_dinner_keys_session(&key, state, b);

    for (i = 0; i < state->n; i++) {
        rooms_dinner_keys_member(&key, state, &state->members[i], b);
    }

    if (state->phase == ROOMS_DINNER_COMPLETE) {
        rooms_dinner_keys_results(&key, conf, state, b);
    }

    rooms_buf_free(&key.name);
    rooms_buf_free(&key.words);
}
