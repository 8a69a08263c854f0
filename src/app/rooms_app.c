
/*
 * Copyright (C) nginx rooms contributors
 */


#include <string.h>

#include <rooms_app.h>
#include <rooms_dinner.h>
#include <rooms_echo.h>
#include <rooms_polls.h>


static const rooms_app_t *const  rooms_apps[] = {
    &rooms_dinner_app,
    &rooms_echo_app,
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


rooms_app_keys_pt
rooms_app_keys(const rooms_app_t *app)
{
    return app == &rooms_dinner_app ? rooms_dinner_keys : NULL;
}
