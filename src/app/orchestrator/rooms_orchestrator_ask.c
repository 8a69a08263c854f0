
/*
 * Copyright (C) nginx rooms contributors
 *
 * What is asked of the state of a game.
 */


#include <string.h>

#include <rooms_orchestrator.h>


json_t *
rooms_orchestrator_get(const json_t *root, const char *part, const char *name)
{
    return json_object_get(json_object_get(root, part), name);
}


uint64_t
rooms_orchestrator_time(const json_t *root, const char *part,
    const char *name)
{
    json_int_t  n;

    n = json_integer_value(rooms_orchestrator_get(root, part, name));

    return n > 0 ? (uint64_t) n : 0;
}


const char *
rooms_orchestrator_text(const json_t *object, const char *name)
{
    const char  *text;

    text = json_string_value(json_object_get(object, name));

    return text ? text : "";
}


unsigned
rooms_orchestrator_session_is(const json_t *root, const char *status)
{
    const char  *text;

    text = rooms_orchestrator_text(json_object_get(root, "session"),
                                   "status");

    return status ? strcmp(text, status) == 0 : *text != '\0';
}


/* "T" or "-", an offset, then a space and the id */

rooms_str_t
rooms_orchestrator_self(const rooms_caller_t *caller)
{
    rooms_str_t  data;

    data = caller->data;

    while (data.len && *data.data != ' ') {
        data.data++;
        data.len--;
    }

    return data.len ? rooms_str(data.data + 1, data.len - 1) : data;
}


static unsigned
rooms_orchestrator_device_is(const json_t *device, rooms_str_t sid)
{
    return rooms_option_is(sid, rooms_orchestrator_text(device, "sid"))
           && strcmp(rooms_orchestrator_text(device, "status"), "connected")
              == 0;
}


json_t *
rooms_orchestrator_device(const json_t *root, const rooms_caller_t *caller,
    const char **id)
{
    char          key[ROOMS_ORCHESTRATOR_ID * 4 + 1];
    void         *at;
    json_t       *devices, *device;
    const char   *name;
    rooms_str_t   self;

    if (caller->sid.len == 0) {
        return NULL;
    }

    devices = json_object_get(root, "devices");
    self = rooms_orchestrator_self(caller);

    if (self.len && self.len < sizeof(key)) {
        memcpy(key, self.data, self.len);
        key[self.len] = '\0';

        at = json_object_iter_at(devices, key);
        device = json_object_iter_value(at);

        if (!rooms_orchestrator_device_is(device, caller->sid)) {
            return NULL;
        }

        *id = json_object_iter_key(at);

        return device;
    }

    json_object_foreach(devices, name, device) {
        if (rooms_orchestrator_device_is(device, caller->sid)) {
            *id = name;
            return device;
        }
    }

    return NULL;
}


unsigned
rooms_orchestrator_count(const json_t *root, const char *type)
{
    json_t      *device;
    unsigned     n;
    const char  *name;

    n = 0;

    json_object_foreach(json_object_get(root, "devices"), name, device) {
        n += strcmp(rooms_orchestrator_text(device, "type"), type) == 0;
    }

    return n;
}


unsigned
rooms_orchestrator_busy(const json_t *root)
{
    const char  *status;

    status = rooms_orchestrator_text(json_object_get(root, "video"),
                                     "status");

    return strcmp(status, "loading") == 0 || strcmp(status, "playing") == 0
           || strcmp(status, "paused") == 0;
}


uint64_t
rooms_orchestrator_shown(const json_t *root, uint64_t now)
{
    uint64_t     played, since, duration;
    const char  *status;

    played = rooms_orchestrator_time(root, "video", "played");
    since = rooms_orchestrator_time(root, "video", "since");
    duration = rooms_orchestrator_time(root, "video", "duration");
    status = rooms_orchestrator_text(json_object_get(root, "video"),
                                     "status");

    if (strcmp(status, "playing") == 0 && now > since) {
        played += now - since;
    }

    return played < duration ? played : duration;
}


uint64_t
rooms_orchestrator_left(const json_t *root, uint64_t now)
{
    return rooms_orchestrator_time(root, "video", "duration")
           - rooms_orchestrator_shown(root, now);
}


json_t *
rooms_orchestrator_payload(const rooms_command_t *cmd)
{
    json_t  *arg, *event;

    arg = json_array_get(cmd->args, 0);
    event = json_object_get(arg, "event");

    /* XG-2 */

    if (json_is_string(event)
        && rooms_option_is(cmd->name, json_string_value(event))
        && json_is_object(json_object_get(arg, "data")))
    {
        return json_object_get(arg, "data");
    }

    return arg;
}
