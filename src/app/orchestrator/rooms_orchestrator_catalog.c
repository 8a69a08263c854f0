
/*
 * Copyright (C) nginx rooms contributors
 *
 * The tokens of the game, and the groups they form.
 */


#include <stdio.h>
#include <string.h>

#include <rooms_orchestrator.h>


#define ROOMS_ORCHESTRATOR_TOKENS      10000
#define ROOMS_ORCHESTRATOR_NAME        100
#define ROOMS_ORCHESTRATOR_VALUE       1000000
#define ROOMS_ORCHESTRATOR_MULTIPLIER  1.5
#define ROOMS_ORCHESTRATOR_DURATION    86400


static unsigned
rooms_orchestrator_is_name(const json_t *value)
{
    const char  *p;

    p = json_string_value(value);

    if (p == NULL || *p == '\0'
        || json_string_length(value) > ROOMS_ORCHESTRATOR_NAME)
    {
        return 0;
    }

    return p[strspn(p, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                       "0123456789_")]
           == '\0';
}


static const char *
rooms_orchestrator_token_bad(const json_t *token)
{
    json_t  *value, *duration;

    if (!rooms_orchestrator_is_name(json_object_get(token, "id"))) {
        return "\"id\" of 1 to 100 letters, digits and underscores";
    }

    if (!json_is_string(json_object_get(token, "name"))) {
        return "string \"name\"";
    }

    value = json_object_get(token, "value");

    if (!json_is_integer(value) || json_integer_value(value) < 0
        || json_integer_value(value) > ROOMS_ORCHESTRATOR_VALUE)
    {
        return "integer \"value\" from 0 to 1000000";
    }

    value = json_object_get(token, "groupId");

    if (value != NULL && !json_is_null(value)
        && !rooms_orchestrator_is_name(value))
    {
        return "\"groupId\" of letters, digits and underscores, or none";
    }

    if (!json_is_object(json_object_get(token, "mediaAssets"))) {
        return "object \"mediaAssets\"";
    }

    value = json_object_get(json_object_get(token, "mediaAssets"), "video");
    duration = json_object_get(json_object_get(token, "metadata"),
                               "duration");

    if (json_is_string(value)
        && (!json_is_number(duration) || json_number_value(duration) <= 0
            || json_number_value(duration) > ROOMS_ORCHESTRATOR_DURATION))
    {
        return "\"metadata\" with the video's \"duration\" in seconds";
    }

    return NULL;
}


static rooms_int_t
rooms_orchestrator_token_add(rooms_orchestrator_conf_t *conf, json_t *token,
    size_t n, char *err)
{
    json_t      *members;
    const char  *bad, *id, *group;

    bad = rooms_orchestrator_token_bad(token);

    if (bad != NULL) {
        (void) snprintf(err, ROOMS_APP_ERROR, "token %u must have %s",
                        (unsigned) n, bad);
        return ROOMS_ERROR;
    }

    id = rooms_orchestrator_text(token, "id");

    if (json_object_get(conf->tokens, id) != NULL) {
        (void) snprintf(err, ROOMS_APP_ERROR, "duplicate token \"%s\"", id);
        return ROOMS_ERROR;
    }

    if (json_object_set(conf->tokens, id, token) != 0) {
        return ROOMS_ERROR;
    }

    group = rooms_orchestrator_text(token, "groupId");

    if (*group == '\0') {
        return ROOMS_OK;
    }

    members = json_object_get(json_object_get(conf->groups, group), "tokens");

    if (members == NULL) {
        if (json_object_set_new(conf->groups, group,
                                json_pack("{s:[], s:f}", "tokens",
                                          "multiplier",
                                          ROOMS_ORCHESTRATOR_MULTIPLIER))
            != 0)
        {
            return ROOMS_ERROR;
        }

        members = json_object_get(json_object_get(conf->groups, group),
                                  "tokens");
    }

    return json_array_append(members, json_object_get(token, "id")) == 0
           ? ROOMS_OK : ROOMS_ERROR;
}


/* "groups": {"ATTIC": {"multiplier": 1.5}} */

static rooms_int_t
rooms_orchestrator_groups(rooms_orchestrator_conf_t *conf, json_t *groups,
    char *err)
{
    json_t      *group, *multiplier;
    const char  *name;

    json_object_foreach(groups, name, group) {
        multiplier = json_object_get(group, "multiplier");

        if (!json_is_number(multiplier)
            || json_number_value(multiplier) < 1
            || json_number_value(multiplier) > 100
            || json_object_get(conf->groups, name) == NULL)
        {
            (void) snprintf(err, ROOMS_APP_ERROR,
                            "group \"%s\" must have tokens, and a "
                            "\"multiplier\" from 1 to 100", name);
            return ROOMS_ERROR;
        }

        if (json_object_set(json_object_get(conf->groups, name),
                            "multiplier", multiplier)
            != 0)
        {
            return ROOMS_ERROR;
        }
    }

    return ROOMS_OK;
}


rooms_int_t
rooms_orchestrator_catalog(rooms_orchestrator_conf_t *conf, rooms_str_t text,
    char *err)
{
    size_t         i;
    json_t        *file, *tokens, *token;
    rooms_int_t    rc;
    json_error_t   error;

    file = json_loadb((const char *) text.data, text.len,
                      JSON_REJECT_DUPLICATES, &error);
    if (file == NULL) {
        (void) snprintf(err, ROOMS_APP_ERROR, "%.120s in line %d, column %d",
                        error.text, error.line, error.column);
        return ROOMS_ERROR;
    }

    tokens = json_object_get(file, "tokens");
    rc = ROOMS_OK;

    if (json_array_size(tokens) == 0
        || json_array_size(tokens) > ROOMS_ORCHESTRATOR_TOKENS)
    {
        (void) snprintf(err, ROOMS_APP_ERROR,
                        "there must be a list \"tokens\" of 1 to %u tokens",
                        ROOMS_ORCHESTRATOR_TOKENS);
        json_decref(file);
        return ROOMS_ERROR;
    }

    json_array_foreach(tokens, i, token) {
        if (rc == ROOMS_OK) {
            rc = rooms_orchestrator_token_add(conf, token, i + 1, err);
        }
    }

    if (rc == ROOMS_OK) {
        rc = rooms_orchestrator_groups(conf, json_object_get(file, "groups"),
                                       err);
    }

    if (rc == ROOMS_OK) {
        json_decref(conf->list);
        conf->list = json_pack("{s:O, s:I, s:O*}", "tokens", tokens, "count",
                               (json_int_t) json_array_size(tokens),
                               "lastUpdate",
                               json_object_get(file, "lastUpdate"));
        rc = conf->list ? ROOMS_OK : ROOMS_ERROR;
    }

    json_decref(file);

    return rc;
}


json_t *
rooms_orchestrator_token(const rooms_orchestrator_conf_t *conf,
    const char *id)
{
    return json_object_get(conf->tokens, id);
}


uint64_t
rooms_orchestrator_video_time(const json_t *token)
{
    json_t  *metadata;

    if (!json_is_string(json_object_get(json_object_get(token, "mediaAssets"),
                                        "video")))
    {
        return 0;
    }

    metadata = json_object_get(token, "metadata");

    return (uint64_t) (json_number_value(json_object_get(metadata,
                                                         "duration"))
                       * 1000);
}
