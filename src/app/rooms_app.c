
/*
 * Copyright (C) nginx rooms contributors
 */


#include <string.h>

#include <rooms_app.h>
#include <rooms_dinner.h>
#include <rooms_echo.h>
#include <rooms_orchestrator.h>
#include <rooms_platform.h>
#include <rooms_polls.h>


static const rooms_app_t *const  rooms_apps[] = {
    &rooms_dinner_app,
    &rooms_echo_app,
    &rooms_orchestrator_app,
    &rooms_platform_app,
    &rooms_polls_app
};


const rooms_app_t *
rooms_app_find(rooms_str_t name)
{
    size_t  i;

    for (i = 0; i < sizeof(rooms_apps) / sizeof(rooms_apps[0]); i++) {
        if (rooms_apps[i]->name.len == name.len
            && memcmp(rooms_apps[i]->name.data, name.data, name.len) == 0)
        {
            return rooms_apps[i];
        }
    }

    return NULL;
}


rooms_str_t
rooms_command_header(const rooms_command_t *cmd, const char *name)
{
    size_t       len;
    rooms_str_t  in, key, value;

    in = cmd->headers;
    len = strlen(name);

    while (rooms_get_str16(&in, &key) == ROOMS_OK
           && rooms_get_str16(&in, &value) == ROOMS_OK)
    {
        if (key.len == len && memcmp(key.data, name, len) == 0) {
            return value;
        }
    }

    return rooms_str(NULL, 0);
}


unsigned
rooms_app_scoped(const rooms_app_t *app)
{
    return app == &rooms_echo_app;
}


rooms_app_keys_pt
rooms_app_keys(const rooms_app_t *app)
{
    return app == &rooms_dinner_app ? rooms_dinner_keys : NULL;
}


unsigned
rooms_app_uses(const rooms_app_t *app)
{
    if (app == &rooms_platform_app) {
        return ROOMS_APP_AUDITS | ROOMS_APP_VERIFIES;
    }

    return app == &rooms_orchestrator_app ? ROOMS_APP_HEARS : 0;
}
