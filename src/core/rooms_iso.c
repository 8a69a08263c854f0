
/*
 * Copyright (C) nginx rooms contributors
 */


#include <rooms_iso.h>


static char *
rooms_iso_digits(char *p, unsigned n, uint64_t value, char end)
{
    unsigned  i;

    for (i = n; i != 0; i--) {
        p[i - 1] = (char) ('0' + value % 10);
        value /= 10;
    }

    p[n] = end;

    return p + n + 1;
}


void
rooms_iso_format(int64_t ms, char text[ROOMS_ISO_LEN + 1])
{
    char      *p;
    uint64_t   since, days, era, doe, yoe, doy, mp, day, month, year, rest;

    if (ms > ROOMS_ISO_MAX) {
        ms = ROOMS_ISO_MAX;
    }

    if (ms < ROOMS_ISO_MIN) {
        ms = ROOMS_ISO_MIN;
    }

    since = (uint64_t) (ms + 719468 * INT64_C(86400000));
    rest = since % 86400000;

    /*
     * The years begin in March, so that the leap day is their last; days
     * count from 0000-03-01, in eras of 400 years.
     */

    days = since / 86400000;
    era = days / 146097;
    doe = days % 146097;
    yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    mp = (5 * doy + 2) / 153;

    day = doy - (153 * mp + 2) / 5 + 1;
    month = mp < 10 ? mp + 3 : mp - 9;
    year = era * 400 + yoe + (month <= 2);

    p = rooms_iso_digits(text, 4, year, '-');
    p = rooms_iso_digits(p, 2, month, '-');
    p = rooms_iso_digits(p, 2, day, 'T');
    p = rooms_iso_digits(p, 2, rest / 3600000, ':');
    p = rooms_iso_digits(p, 2, rest / 60000 % 60, ':');
    p = rooms_iso_digits(p, 2, rest / 1000 % 60, '.');
    p = rooms_iso_digits(p, 3, rest % 1000, 'Z');

    *p = '\0';
}
