
/*
 * Copyright (C) nginx rooms contributors
 *
 * The configuration of the application.
 */


#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rooms_dinner.h>


#define ROOMS_DINNER_TTL       (30 * 60 * 1000)
#define ROOMS_DINNER_FRONTEND  "http://localhost:3000"
#define ROOMS_DINNER_OPTION    200       /* longest id of an option */


static void *
rooms_dinner_create(void)
{
    rooms_dinner_conf_t  *conf;

    conf = calloc(1, sizeof(rooms_dinner_conf_t));
    if (conf == NULL) {
        return NULL;
    }

    conf->ttl = ROOMS_DINNER_TTL;
    memcpy(conf->frontend, ROOMS_DINNER_FRONTEND,
           sizeof(ROOMS_DINNER_FRONTEND));

    return conf;
}


static void
rooms_dinner_destroy(void *data)
{
    unsigned              i;
    rooms_dinner_conf_t  *conf = data;

    for (i = 0; i < conf->noptions; i++) {
        json_decref(conf->options[i]);
    }

    json_decref(conf->list);
    free(conf);
}


static rooms_int_t
rooms_dinner_option(void *data, rooms_str_t name, rooms_str_t value, char *err)
{
    rooms_dinner_conf_t  *conf = data;

    if (rooms_option_is(name, "ttl")) {
        return rooms_option_time(name, value, &conf->ttl, err);
    }

    if (rooms_option_is(name, "frontend")) {
        return rooms_option_url(name, value, conf->frontend, err);
    }

    return rooms_option_unknown(name, "dinner", err);
}


static rooms_int_t
rooms_dinner_add_option(rooms_dinner_conf_t *conf, const json_t *entry,
    unsigned n, char *err)
{
    size_t       len;
    unsigned     i;
    json_t      *option, *id, *name, *description;

    id = json_object_get(entry, "optionId");
    name = json_object_get(entry, "displayName");
    description = json_object_get(entry, "description");
    len = json_string_length(id);

    if (len == 0 || json_string_length(name) == 0
        || (description != NULL && !json_is_string(description)))
    {
        (void) snprintf(err, ROOMS_APP_ERROR,
                        "entry %u of \"x-rooms-options\" must have strings "
                        "\"optionId\" and \"displayName\", and may have a "
                        "string \"description\"", n);
        return ROOMS_ERROR;
    }

    if (len > ROOMS_DINNER_OPTION) {
        (void) snprintf(err, ROOMS_APP_ERROR,
                        "entry %u of \"x-rooms-options\" has an id longer "
                        "than %u octets", n, ROOMS_DINNER_OPTION);
        return ROOMS_ERROR;
    }

    for (i = 0; i < conf->noptions; i++) {
        if (json_equal(json_object_get(conf->options[i], "optionId"), id)) {
            (void) snprintf(err, ROOMS_APP_ERROR, "duplicate option id \"%s\"",
                            json_string_value(id));
            return ROOMS_ERROR;
        }
    }

    option = json_pack("{s:O, s:O, s:O*}", "optionId", id, "displayName", name,
                       "description", description);
    if (option == NULL) {
        (void) snprintf(err, ROOMS_APP_ERROR, "out of memory");
        return ROOMS_ERROR;
    }

    conf->options[conf->noptions++] = option;

    return ROOMS_OK;
}


rooms_int_t
rooms_dinner_options(rooms_dinner_conf_t *conf, const json_t *list, char *err)
{
    size_t    i, n;
    json_t   *array;

    n = json_array_size(list);

    if (n == 0 || n > ROOMS_DINNER_OPTIONS) {
        (void) snprintf(err, ROOMS_APP_ERROR,
                        "\"x-rooms-options\" of the contract must be a list "
                        "of 1 to %u options", ROOMS_DINNER_OPTIONS);
        return ROOMS_ERROR;
    }

    for (i = 0; i < n; i++) {
        if (rooms_dinner_add_option(conf, json_array_get(list, i),
                                    (unsigned) i + 1, err)
            != ROOMS_OK)
        {
            return ROOMS_ERROR;
        }
    }

    array = json_array();

    for (i = 0; i < n; i++) {
        (void) json_array_append(array, conf->options[i]);
    }

    conf->list = json_pack("{s:o}", "options", array);

    if (json_array_size(json_object_get(conf->list, "options")) != n) {
        (void) snprintf(err, ROOMS_APP_ERROR, "out of memory");
        return ROOMS_ERROR;
    }

    return ROOMS_OK;
}


static rooms_int_t
rooms_dinner_init(void *conf, const rooms_contract_t *contract, char *err)
{
    json_t  *list;

    list = NULL;

    if (contract != NULL) {
        list = rooms_contract_extension(contract, "x-rooms-options");
    }

    return rooms_dinner_options(conf, list, err);
}


const rooms_app_t  rooms_dinner_app = {
    rooms_string("dinner"),
    0,
    0,
    rooms_dinner_create,
    rooms_dinner_destroy,
    rooms_dinner_option,
    rooms_dinner_init,
    rooms_dinner_route,
    rooms_dinner_decide,
    rooms_dinner_refuse,
    rooms_dinner_evolve,
    rooms_dinner_snapshot,
    rooms_dinner_restore,
    rooms_dinner_release,
    rooms_dinner_knows,
    rooms_dinner_serves
};
