
/*
 * Copyright (C) nginx rooms contributors
 *
 * What others see of the state.
 */


#include <string.h>

#include <rooms_platform.h>


json_t *
rooms_platform_user_view(const rooms_platform_t *p, const char *uid)
{
    json_t  *user;

    user = rooms_platform_at(p->doc, "users", uid, NULL);

    if (user == NULL) {
        return json_pack("{s:s, s:n, s:n}", "id", uid, "name", "avatar");
    }

    return json_pack("{s:s, s:O, s:O}", "id", uid,
                     "name", json_object_get(user, "name"),
                     "avatar", json_object_get(user, "avatar"));
}


json_t *
rooms_platform_part_view(const rooms_platform_t *p, const json_t *part)
{
    json_t  *view;

    view = json_copy((json_t *) part);

    (void) json_object_del(view, "left");
    (void) json_object_set_new(view, "user",
                   rooms_platform_user_view(p, rooms_platform_text(part,
                                                               "userId")));

    return view;
}


/* With counts and the app's summary; secrets: with right answers. */

json_t *
rooms_platform_room_view(const rooms_platform_t *p, const json_t *room,
    unsigned secrets)
{
    size_t       n;
    json_t      *view, *app;
    const char  *id;

    id = rooms_platform_text(room, "id");
    view = secrets ? json_deep_copy(room) : rooms_platform_strip(room);

    (void) json_object_set_new(view, "participantCount",
               json_integer(json_integer_value(
                   rooms_platform_found(p, ROOMS_PLATFORM_PARTS, id))));

    n = json_object_size(rooms_platform_at(p->doc, "prizes", id, NULL));

    (void) json_object_set_new(view, "prizeCount",
                               json_integer((json_int_t) n));

    app = rooms_platform_at(p->doc, "apps",
                            rooms_platform_text(room, "appId"), NULL);

    if (app != NULL) {
        (void) json_object_set_new(view, "app", json_pack("{s:O, s:O?, s:O?}",
            "appId", json_object_get(app, "appId"),
            "name", rooms_platform_at(app, "manifest", "meta", "name", NULL),
            "version", json_object_get(app, "manifestVersion")));
    }

    return view;
}


json_t *
rooms_platform_winner_view(const rooms_platform_t *p, const json_t *winner)
{
    json_t      *view, *prize, *part;
    const char  *room, *pid;

    room = rooms_platform_text(winner, "roomId");
    pid = rooms_platform_text(winner, "participantId");

    part = rooms_platform_at(p->doc, "parts", room, pid, NULL);
    prize = rooms_platform_at(p->doc, "prizes", room,
                              rooms_platform_text(winner, "prizeId"), NULL);

    view = json_copy((json_t *) winner);

    (void) json_object_set_new(view, "participant",
             json_pack("{s:s, s:o}", "id", pid, "user",
                       rooms_platform_user_view(p, rooms_platform_text(part,
                                                               "userId"))));

    (void) json_object_set_new(view, "prize",
             json_pack("{s:O, s:O, s:O}",
                       "id", json_object_get(winner, "prizeId"),
                       "name", json_object_get(prize, "name"),
                       "imageUrl", json_object_get(prize, "imageUrl")));

    return view;
}


json_t *
rooms_platform_strip(const json_t *value)
{
    size_t       i;
    json_t      *copy, *item;
    const char  *key;

    if (json_is_object(value)) {
        copy = json_object();

        json_object_foreach((json_t *) value, key, item) {
            if (strcmp(key, "correctIndex") != 0) {
                (void) json_object_set_new(copy, key,
                                           rooms_platform_strip(item));
            }
        }

        return copy;
    }

    if (json_is_array(value)) {
        copy = json_array();

        for (i = 0; i < json_array_size(value); i++) {
            (void) json_array_append_new(copy,
                             rooms_platform_strip(json_array_get(value, i)));
        }

        return copy;
    }

    return json_incref((json_t *) value);
}


unsigned
rooms_platform_secret(const json_t *value)
{
    size_t       i;
    json_t      *item;
    const char  *key;

    json_object_foreach((json_t *) value, key, item) {
        if (strcmp(key, "correctIndex") == 0 || rooms_platform_secret(item)) {
            return 1;
        }
    }

    for (i = 0; i < json_array_size(value); i++) {
        if (rooms_platform_secret(json_array_get(value, i))) {
            return 1;
        }
    }

    return 0;
}


json_t *
rooms_platform_changes(const json_t *from, const json_t *to,
    const char *const *names)
{
    json_t  *changes, *value;

    changes = json_object();

    for ( /* void */ ; *names != NULL; names++) {
        value = json_object_get(to, *names);

        if (value != NULL
            && !json_equal(value, json_object_get(from, *names)))
        {
            (void) json_object_set(changes, *names, value);
        }
    }

    return changes;
}


static size_t
rooms_platform_space(rooms_str_t text, size_t i)
{
    while (i < text.len && strchr(" \t\r\n", text.data[i]) != NULL
           && text.data[i] != '\0')
    {
        i++;
    }

    return i;
}


/* The end of the value that begins at i, of valid JSON. */

static size_t
rooms_platform_value(rooms_str_t text, size_t i)
{
    unsigned       depth, quoted;
    unsigned char  c;

    depth = 0;
    quoted = 0;

    for ( /* void */ ; i < text.len; i++) {
        c = text.data[i];

        if (quoted) {
            if (c == '\\') {
                i++;

            } else if (c == '"') {
                quoted = 0;
            }

            continue;
        }

        if (c == '"') {
            quoted = 1;

        } else if (c == '{' || c == '[') {
            depth++;

        } else if (depth && (c == '}' || c == ']')) {
            depth--;

        } else if (depth == 0 && (c == ',' || c == '}' || c == ':')) {
            break;
        }
    }

    return i < text.len ? i : text.len;
}


/* Of two members of one name the last counts, as in the parsed object. */

rooms_str_t
rooms_platform_member(rooms_str_t text, const char *name)
{
    size_t       i, end, len;
    unsigned     match;
    rooms_str_t  found;

    found = rooms_str(NULL, 0);
    len = strlen(name);

    i = rooms_platform_space(text, 0);

    if (i == text.len || text.data[i] != '{') {
        return found;
    }

    i = rooms_platform_space(text, i + 1);

    while (i < text.len && text.data[i] == '"') {
        end = rooms_platform_value(text, i);

        match = end - i >= len + 2
                && memcmp(text.data + i + 1, name, len) == 0
                && text.data[i + 1 + len] == '"';

        if (end == text.len) {
            break;
        }

        i = rooms_platform_space(text, end + 1);
        end = rooms_platform_value(text, i);

        if (match) {
            found = rooms_str(text.data + i, end - i);

            while (found.len
                   && strchr(" \t\r\n", found.data[found.len - 1]) != NULL)
            {
                found.len--;
            }
        }

        if (end == text.len || text.data[end] != ',') {
            break;
        }

        i = rooms_platform_space(text, end + 1);
    }

    return found;
}
