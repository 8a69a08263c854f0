
/*
 * Copyright (C) nginx rooms contributors
 */


#include <stdio.h>
#include <string.h>

#include <rooms_option.h>


#define ROOMS_OPTION_TIME_MAX  (UINT64_C(366) * 24 * 3600 * 1000)

/* so much of a name or value is shown in a sentence */

#define ROOMS_OPTION_SHOWN     60


typedef struct {
    const char  *unit;
    uint64_t     ms;
} rooms_option_unit_t;


/* from the largest on; "ms" stands before "m" and "s" */

static const rooms_option_unit_t  rooms_option_units[] = {
    { "w", UINT64_C(7) * 24 * 3600 * 1000 },
    { "d", UINT64_C(24) * 3600 * 1000 },
    { "h", UINT64_C(3600) * 1000 },
    { "m", UINT64_C(60) * 1000 },
    { "s", UINT64_C(1000) },
    { "ms", UINT64_C(1) },
    { NULL, 0 }
};


static rooms_int_t rooms_option_bad(rooms_str_t name, rooms_str_t value,
    const char *why, char *err);


unsigned
rooms_option_is(rooms_str_t s, const char *text)
{
    return s.len == strlen(text) && memcmp(s.data, text, s.len) == 0;
}


static int
rooms_option_shown(rooms_str_t s)
{
    return (int) (s.len < ROOMS_OPTION_SHOWN ? s.len : ROOMS_OPTION_SHOWN);
}


static rooms_int_t
rooms_option_bad(rooms_str_t name, rooms_str_t value, const char *why,
    char *err)
{
    (void) snprintf(err, ROOMS_APP_ERROR,
                    "option \"%.*s\" has the value \"%.*s\", it must be %s",
                    rooms_option_shown(name), (const char *) name.data,
                    rooms_option_shown(value), (const char *) value.data,
                    why);

    return ROOMS_ERROR;
}


/* Takes digits off the front; at least one, no more than max. */

static rooms_int_t
rooms_option_digits(rooms_str_t *in, uint64_t max, uint64_t *n)
{
    size_t         i;
    unsigned char  c;

    *n = 0;

    for (i = 0; i < in->len; i++) {
        c = in->data[i];

        if (c < '0' || c > '9') {
            break;
        }

        c = (unsigned char) (c - '0');

        if (c > max || *n > (max - c) / 10) {
            return ROOMS_ERROR;
        }

        *n = *n * 10 + c;
    }

    in->data += i;
    in->len -= i;

    return i ? ROOMS_OK : ROOMS_ERROR;
}


static const rooms_option_unit_t *
rooms_option_unit(rooms_str_t *in, const rooms_option_unit_t *from)
{
    size_t                      len;
    const rooms_option_unit_t  *u;

    for (len = 0; len < in->len; len++) {
        if (in->data[len] >= '0' && in->data[len] <= '9') {
            break;
        }
    }

    for (u = from; u->unit != NULL; u++) {
        if (rooms_option_is(rooms_str(in->data, len), u->unit)) {
            in->data += len;
            in->len -= len;
            return u;
        }
    }

    return NULL;
}


rooms_int_t
rooms_option_time(rooms_str_t name, rooms_str_t value, uint64_t *ms,
    char *err)
{
    uint64_t                    n, sum;
    rooms_str_t                 in;
    const rooms_option_unit_t  *u;

    static const char  why[] = "a time from 1ms to 366d, such as 30m or 1h30m";

    in = value;
    sum = 0;
    u = rooms_option_units;

    do {
        if (rooms_option_digits(&in, ROOMS_OPTION_TIME_MAX, &n) != ROOMS_OK) {
            return rooms_option_bad(name, value, why, err);
        }

        if (in.len == 0) {

            /* seconds have no unit, and only where they are alone */

            if (u != rooms_option_units) {
                return rooms_option_bad(name, value, why, err);
            }

            n *= 1000;

        } else {
            u = rooms_option_unit(&in, u);
            if (u == NULL) {
                return rooms_option_bad(name, value, why, err);
            }

            if (n > ROOMS_OPTION_TIME_MAX / u->ms) {
                return rooms_option_bad(name, value, why, err);
            }

            n *= u->ms;
            u++;
        }

        sum += n;

        if (sum > ROOMS_OPTION_TIME_MAX) {
            return rooms_option_bad(name, value, why, err);
        }

    } while (in.len);

    if (sum == 0) {
        return rooms_option_bad(name, value, why, err);
    }

    *ms = sum;

    return ROOMS_OK;
}


rooms_int_t
rooms_option_number(rooms_str_t name, rooms_str_t value, uint64_t min,
    uint64_t max, uint64_t *n, char *err)
{
    char         why[80];
    uint64_t     k;
    rooms_str_t  in;

    in = value;

    if (rooms_option_digits(&in, max, &k) != ROOMS_OK || in.len || k < min) {
        (void) snprintf(why, sizeof(why), "a number from %llu to %llu",
                        (unsigned long long) min, (unsigned long long) max);

        return rooms_option_bad(name, value, why, err);
    }

    *n = k;

    return ROOMS_OK;
}


rooms_int_t
rooms_option_flag(rooms_str_t name, rooms_str_t value, unsigned *flag,
    char *err)
{
    if (rooms_option_is(value, "on")) {
        *flag = 1;
        return ROOMS_OK;
    }

    if (rooms_option_is(value, "off")) {
        *flag = 0;
        return ROOMS_OK;
    }

    return rooms_option_bad(name, value, "\"on\" or \"off\"", err);
}


rooms_int_t
rooms_option_url(rooms_str_t name, rooms_str_t value,
    char url[ROOMS_OPTION_URL], char *err)
{
    size_t       i, n;
    rooms_str_t  host;

    static const char  why[] = "an http:// or https:// URL without query";

    host = value;

    if (host.len > 7 && memcmp(host.data, "http://", 7) == 0) {
        n = 7;

    } else if (host.len > 8 && memcmp(host.data, "https://", 8) == 0) {
        n = 8;

    } else {
        return rooms_option_bad(name, value, why, err);
    }

    host.data += n;
    host.len -= n;

    if (host.data[0] == '/' || host.data[0] == ':') {
        return rooms_option_bad(name, value, why, err);
    }

    for (i = 0; i < host.len; i++) {
        if (host.data[i] <= ' ' || host.data[i] >= 0x7f
            || strchr("?#\"<>\\^`{|}", host.data[i]) != NULL)
        {
            return rooms_option_bad(name, value, why, err);
        }
    }

    n = value.len;

    while (value.data[n - 1] == '/') {
        n--;
    }

    if (n >= ROOMS_OPTION_URL) {
        return rooms_option_bad(name, value, "shorter", err);
    }

    memcpy(url, value.data, n);
    url[n] = '\0';

    return ROOMS_OK;
}


rooms_int_t
rooms_option_unknown(rooms_str_t name, const char *app, char *err)
{
    (void) snprintf(err, ROOMS_APP_ERROR, "%s has no option \"%.*s\"", app,
                    rooms_option_shown(name), (const char *) name.data);

    return ROOMS_ERROR;
}
