
/*
 * Copyright (C) nginx rooms contributors
 *
 * The configuration of the application, and the way of a command.
 */


#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rooms_platform.h>


static void *
rooms_platform_create(void)
{
    rooms_platform_conf_t  *conf;

    conf = calloc(1, sizeof(rooms_platform_conf_t));
    if (conf == NULL) {
        return NULL;
    }

    conf->tokens = rooms_jwt_cache_create();
    if (conf->tokens == NULL) {
        free(conf);
        return NULL;
    }

    conf->access = 3600 * 1000;
    conf->refresh = UINT64_C(30) * 24 * 3600 * 1000;
    conf->grace = 60 * 1000;
    conf->rate_public = 20;
    conf->rate_user = 100;
    conf->rate_app = 1000;
    conf->events_room = 10;
    conf->events_app = 600;

    return conf;
}


static void
rooms_platform_destroy(void *data)
{
    rooms_platform_conf_t *conf = data;

    rooms_jwt_cache_free(conf->tokens);
    rooms_jwks_free(conf->jwks);
    json_decref(conf->seed);
    rooms_platform_index_free(conf->index);
    free(conf);
}


/* The keys of the "jwks" option. */

static rooms_int_t
rooms_platform_keys(rooms_platform_conf_t *conf, rooms_str_t value, char *err)
{
    json_t        *set;
    json_error_t   e;

    set = json_loadb((const char *) value.data, value.len,
                     JSON_REJECT_DUPLICATES, &e);
    if (set == NULL) {
        (void) snprintf(err, ROOMS_APP_ERROR, "%d:%d: %.160s", e.line,
                        e.column, e.text);
        return ROOMS_ERROR;
    }

    rooms_jwks_free(conf->jwks);
    conf->jwks = rooms_jwks_create(set, err, ROOMS_APP_ERROR);
    json_decref(set);

    return conf->jwks ? ROOMS_OK : ROOMS_ERROR;
}


/* A user or an app of the "data" option, by its id. */

static rooms_int_t
rooms_platform_entry(json_t *to, json_t *entry, const char *key, size_t at,
    char *err)
{
    char         hash[ROOMS_PLATFORM_HASH + 1];
    json_t      *copy, *secret;
    const char  *id;

    id = rooms_platform_text(entry, key);

    if (id == NULL || strlen(id) >= ROOMS_PLATFORM_ID
        || json_object_get(to, id))
    {
        (void) snprintf(err, ROOMS_APP_ERROR, "entry %zu must have a string "
                        "\"%s\" of its own, shorter than %u octets", at, key,
                        ROOMS_PLATFORM_ID);
        return ROOMS_ERROR;
    }

    copy = json_copy(entry);
    secret = json_object_get(copy, "appSecret");

    if (secret != NULL) {
        rooms_jwt_digest(rooms_str(json_string_value(secret),
                                   json_string_length(secret)), hash);
        (void) json_object_set_new(copy, "secret", json_string(hash));
        (void) json_object_del(copy, "appSecret");
        (void) json_object_set_new(copy, "isActive", json_true());
        (void) json_object_set(copy, "manifestVersion",
                               rooms_platform_at(copy, "manifest", "meta",
                                                 "version", NULL));
    }

    if (json_object_get(copy, "createdAt") == NULL) {
        (void) json_object_set_new(copy, "createdAt",
                                   json_string("2025-01-01T00:00:00.000Z"));
    }

    if (secret == NULL) {
        (void) json_object_set(copy, "updatedAt",
                               json_object_get(copy, "createdAt"));

        if (json_object_get(copy, "avatar") == NULL) {
            (void) json_object_set_new(copy, "avatar", json_null());
        }

        if (json_object_get(copy, "name") == NULL) {
            (void) json_object_set_new(copy, "name", json_null());
        }
    }

    return json_object_set_new(to, id, copy) == 0 ? ROOMS_OK : ROOMS_ERROR;
}


static rooms_int_t
rooms_platform_seed(rooms_platform_conf_t *conf, rooms_str_t value, char *err)
{
    size_t         i, n;
    json_t        *data, *list, *to;
    rooms_int_t    rc;
    json_error_t   e;

    static const struct {
        const char  *list;
        const char  *key;
    } kinds[] = {
        { "users", "id" },
        { "apps", "appId" }
    };

    data = json_loadb((const char *) value.data, value.len,
                      JSON_REJECT_DUPLICATES, &e);

    if (!json_is_object(data)) {
        (void) snprintf(err, ROOMS_APP_ERROR, "%d:%d: %.160s", e.line,
                        e.column, data ? "must be an object" : e.text);
        json_decref(data);
        return ROOMS_ERROR;
    }

    json_decref(conf->seed);
    conf->seed = json_object();
    rc = ROOMS_OK;

    for (n = 0; n < sizeof(kinds) / sizeof(kinds[0]); n++) {
        list = json_object_get(data, kinds[n].list);
        to = json_object();
        (void) json_object_set_new(conf->seed, kinds[n].list, to);

        for (i = 0; i < json_array_size(list) && rc == ROOMS_OK; i++) {
            rc = rooms_platform_entry(to, json_array_get(list, i),
                                      kinds[n].key, i + 1, err);
        }
    }

    json_decref(data);

    return rc;
}


static rooms_int_t
rooms_platform_word(rooms_str_t name, rooms_str_t value,
    char text[ROOMS_OPTION_URL], const char **set, char *err)
{
    if (value.len == 0 || value.len >= ROOMS_OPTION_URL) {
        (void) snprintf(err, ROOMS_APP_ERROR, "\"%.*s\" is empty or too long",
                        (int) name.len, (const char *) name.data);
        return ROOMS_ERROR;
    }

    memcpy(text, value.data, value.len);
    text[value.len] = '\0';
    *set = text;

    return ROOMS_OK;
}


static rooms_int_t
rooms_platform_option(void *data, rooms_str_t name, rooms_str_t value,
    char *err)
{
    size_t                  i;
    rooms_platform_conf_t  *conf = data;

    const struct {
        const char  *name;
        uint64_t    *value;
    } times[] = {
        { "token_life", &conf->access },
        { "refresh_life", &conf->refresh },
        { "token_grace", &conf->grace },
        { "leeway", &conf->leeway }
    }, numbers[] = {
        { "rate_public", &conf->rate_public },
        { "rate_user", &conf->rate_user },
        { "rate_app", &conf->rate_app },
        { "events_room", &conf->events_room },
        { "events_app", &conf->events_app }
    };

    if (rooms_option_is(name, "jwks")) {
        return rooms_platform_keys(conf, value, err);
    }

    if (rooms_option_is(name, "data")) {
        return rooms_platform_seed(conf, value, err);
    }

    if (rooms_option_is(name, "audience")) {
        return rooms_platform_word(name, value, conf->audience,
                                   &conf->rules.audience, err);
    }

    if (rooms_option_is(name, "issuer")) {
        return rooms_platform_word(name, value, conf->issuer,
                                   &conf->rules.issuer, err);
    }

    for (i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
        if (rooms_option_is(name, times[i].name)) {
            return rooms_option_time(name, value, times[i].value, err);
        }
    }

    for (i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        if (rooms_option_is(name, numbers[i].name)) {
            return rooms_option_number(name, value, 0, 1000000,
                                       numbers[i].value, err);
        }
    }

    return rooms_option_unknown(name, "platform", err);
}


static rooms_int_t
rooms_platform_init(void *data, const rooms_contract_t *contract, char *err)
{
    rooms_platform_conf_t *conf = data;

    if (contract == NULL) {
        (void) snprintf(err, ROOMS_APP_ERROR, "it needs its contracts");
        return ROOMS_ERROR;
    }

    if (conf->jwks == NULL || !rooms_jwks_signs(conf->jwks)) {
        (void) snprintf(err, ROOMS_APP_ERROR, "it needs the option \"jwks\", "
                        "a key set with an HS256 key to sign with");
        return ROOMS_ERROR;
    }

    if (conf->seed == NULL) {
        conf->seed = json_pack("{s:{}, s:{}}", "users", "apps");

        if (conf->seed == NULL) {
            (void) snprintf(err, ROOMS_APP_ERROR, "out of memory");
            return ROOMS_ERROR;
        }
    }

    rooms_platform_index_free(conf->index);
    conf->index = rooms_platform_index_create(conf->seed);

    if (conf->index == NULL) {
        (void) snprintf(err, ROOMS_APP_ERROR, "out of memory");
        return ROOMS_ERROR;
    }

    conf->contract = contract;
    conf->rules.leeway = conf->leeway / 1000;

    return ROOMS_OK;
}


rooms_int_t
rooms_platform_route(const void *conf, const rooms_command_t *cmd,
    rooms_buf_t *room)
{
    (void) conf;
    (void) cmd;

    rooms_buf_append(room, ROOMS_PLATFORM_ROOM,
                     sizeof(ROOMS_PLATFORM_ROOM) - 1);

    return ROOMS_OK;
}


static rooms_int_t
rooms_platform_command(rooms_platform_t *p)
{
    switch (p->cmd->kind) {

    case ROOMS_CMD_CONNECT:
        return rooms_platform_connect(p);

    case ROOMS_CMD_EVENT:
        return rooms_platform_event(p);

    case ROOMS_CMD_REST:
        return rooms_platform_rest(p);

    case ROOMS_CMD_DISCONNECT:
        return rooms_platform_gone(p);

    case ROOMS_CMD_TICK:
        return rooms_platform_tick(p);

    default:
        return ROOMS_OK;
    }
}


/* The changes as the fact of a record of the command's room. */

static void
rooms_platform_finish(rooms_platform_t *p)
{
    char  *fact;

    if (json_array_size(p->ops) == 0) {
        return;
    }

    if (p->fresh) {
        (void) json_array_insert_new(p->ops, 0,
                                     json_pack("[s, O]", "i",
                                               p->conf->seed));
    }

    fact = json_dumps(p->ops, JSON_COMPACT);

    if (fact == NULL) {
        p->d->failed = 1;
        return;
    }

    rooms_decide_record(p->d, rooms_str(fact, strlen(fact)));
    free(fact);
}


rooms_int_t
rooms_platform_decide(const void *conf, const void *data,
    const rooms_command_t *cmd, rooms_decision_t *d)
{
    rooms_int_t                    rc;
    rooms_platform_t               p;
    const rooms_platform_state_t  *state = data;

    /* the other rooms have members, but no state */

    if (!rooms_option_is(cmd->room, ROOMS_PLATFORM_ROOM)) {
        return ROOMS_OK;
    }

    memset(&p, 0, sizeof(rooms_platform_t));

    p.conf = conf;
    p.cmd = cmd;
    p.d = d;
    p.fresh = (state == NULL);
    p.doc = state ? state->doc : p.conf->seed;
    p.index = state ? state->index : p.conf->index;
    p.ops = json_array();

    rooms_iso_format(cmd->now, p.stamp);

    if (p.ops == NULL) {
        return ROOMS_ERROR;
    }

    rc = rooms_platform_command(&p);

    if (rc == ROOMS_OK && !d->verify) {
        rooms_platform_audit_command(&p);

        if (!d->rejected) {
            rooms_platform_finish(&p);
        }
    }

    json_decref(p.ops);

    return rc;
}


const rooms_app_t  rooms_platform_app = {
    rooms_string("platform"),
    0,
    0,
    rooms_platform_create,
    rooms_platform_destroy,
    rooms_platform_option,
    rooms_platform_init,
    rooms_platform_route,
    rooms_platform_decide,
    rooms_platform_refuse,
    rooms_platform_evolve,
    rooms_platform_snapshot,
    rooms_platform_restore,
    rooms_platform_release,
    rooms_platform_knows,
    rooms_platform_serves
};
