
/*
 * Copyright (C) nginx rooms contributors
 */


#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <rooms_schema_report.h>


#define ROOMS_SCHEMA_PLACE  128         /* of a sentence, for the pointer */


static const char *rooms_schema_message(const rooms_schema_node_t *node,
    const char *keyword);
static char *rooms_schema_place(const rooms_schema_frame_t *at, char *p,
    char *end);
static char *rooms_schema_key(const rooms_schema_frame_t *at, char *p,
    char *end);
static void rooms_schema_whole(char *text);


unsigned
rooms_schema_report(rooms_schema_state_t *st, const rooms_schema_node_t *node,
    const char *keyword, const rooms_schema_frame_t *at, const char *fmt, ...)
{
    size_t                   n;
    va_list                  args;
    const char              *message;
    rooms_schema_failure_t  *f;

    f = st->failure;

    if (f == NULL) {
        return 0;
    }

    f->keyword = keyword;

    *rooms_schema_place(at, f->pointer,
                        f->pointer + sizeof(f->pointer) - 1) = '\0';
    rooms_schema_whole(f->pointer);

    message = rooms_schema_message(node, keyword);

    if (message != NULL) {
        snprintf(f->message, sizeof(f->message), "%s", message);

    } else {
        memcpy(f->message, f->pointer, ROOMS_SCHEMA_PLACE);
        f->message[ROOMS_SCHEMA_PLACE - 1] = '\0';
        rooms_schema_whole(f->message);

        n = strlen(f->message);

        if (n != 0) {
            memcpy(f->message + n, ": ", 3);
            n += 2;
        }

        va_start(args, fmt);
        vsnprintf(f->message + n, sizeof(f->message) - n, fmt, args);
        va_end(args);
    }

    rooms_schema_whole(f->message);

    return 0;
}


unsigned
rooms_schema_report_type(rooms_schema_state_t *st,
    const rooms_schema_node_t *node, const rooms_schema_frame_t *at)
{
    char                      text[96];
    unsigned                  i;
    static const char *const  names[] = { "null", "a boolean", "an integer",
                                          "a number", "a string", "an array",
                                          "an object" };

    if (st->failure == NULL) {
        return 0;
    }

    text[0] = '\0';

    for (i = 0; i < 7; i++) {
        if (node->types & 1u << i) {
            strcat(text, text[0] ? " or " : "");
            strcat(text, names[i]);
        }
    }

    return rooms_schema_report(st, node, "type", at, "must be %s", text);
}


unsigned
rooms_schema_report_values(rooms_schema_state_t *st,
    const rooms_schema_node_t *node, const char *keyword,
    const rooms_schema_frame_t *at)
{
    char         text[160];
    size_t       i, n, len;
    json_t      *value;
    const char  *s;

    if (st->failure == NULL) {
        return 0;
    }

    n = 0;

    for (i = 0; i < json_array_size(node->values) || i == 0; i++) {

        value = (keyword[0] == 'c') ? node->constant
                                    : json_array_get(node->values, i);
        s = json_string_value(value);
        len = s ? strlen(s) : 0;

        if (s == NULL || len + n + 5 > sizeof(text)) {
            return rooms_schema_report(st, node, keyword, at,
                                       "is none of the values allowed");
        }

        n += snprintf(text + n, sizeof(text) - n, "%s\"%s\"",
                      i ? ", " : "", s);

        if (keyword[0] == 'c') {
            break;
        }
    }

    return rooms_schema_report(st, node, keyword, at, "must be %s%s",
                               i > 1 ? "one of " : "", text);
}


unsigned
rooms_schema_report_required(rooms_schema_state_t *st,
    const rooms_schema_node_t *node, const rooms_schema_node_t *property,
    const rooms_schema_frame_t *at)
{
    while (property != NULL && property->ref != NULL) {
        property = property->ref;
    }

    if (rooms_schema_message(property, "required") != NULL) {
        node = property;
    }

    return rooms_schema_report(st, node, "required", at, "is required");
}


void
rooms_schema_report_missing(const rooms_schema_node_t *node,
    const char *name, rooms_schema_failure_t *failure)
{
    const char  *message;

    while (node->ref != NULL) {
        node = node->ref;
    }

    failure->pointer[0] = '\0';
    failure->keyword = "required";

    message = rooms_schema_message(node, "required");

    snprintf(failure->message, sizeof(failure->message), "%s%s",
             message ? message : name, message ? "" : ": is required");

    rooms_schema_whole(failure->message);
}


static const char *
rooms_schema_message(const rooms_schema_node_t *node, const char *keyword)
{
    if (node == NULL || node->message == NULL) {
        return NULL;
    }

    if (json_is_string(node->message)) {
        return json_string_value(node->message);
    }

    return json_string_value(json_object_get(node->message, keyword));
}


/* Writes from the top down to at; what does not fit is cut. */

static char *
rooms_schema_place(const rooms_schema_frame_t *at, char *p, char *end)
{
    if (at->up == NULL) {
        return p;
    }

    p = rooms_schema_place(at->up, p, end);

    if (end - p < 24) {
        return p;
    }

    *p++ = '/';

    if (at->key == NULL) {
        return p + sprintf(p, "%zu", at->n);
    }

    return rooms_schema_key(at, p, end);
}


static char *
rooms_schema_key(const rooms_schema_frame_t *at, char *p, char *end)
{
    size_t  i;

    for (i = 0; i < at->n && end - p >= 2; i++) {

        if (at->key[i] == '~' || at->key[i] == '/') {
            *p++ = '~';
            *p++ = (at->key[i] == '~') ? '0' : '1';
            continue;
        }

        *p++ = at->key[i] ? at->key[i] : '?';
    }

    return p;
}


/* A text that was cut must not end within a character. */

static void
rooms_schema_whole(char *text)
{
    size_t         n, back;
    unsigned char  c;

    n = strlen(text);

    for (back = 1; back <= 4 && back <= n; back++) {

        c = text[n - back];

        if (c < 0x80) {
            return;
        }

        if (c >= 0xc0) {

            if (back < (size_t) (c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4)) {
                text[n - back] = '\0';
            }

            return;
        }
    }
}
