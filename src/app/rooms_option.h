
/*
 * Copyright (C) nginx rooms contributors
 *
 * Values of "option" directives that several applications take.
 *
 * Each returns ROOMS_OK, or ROOMS_ERROR with a sentence in err (of
 * ROOMS_APP_ERROR octets), which names the option and the value.
 */


#ifndef _ROOMS_OPTION_H_INCLUDED_
#define _ROOMS_OPTION_H_INCLUDED_


#include <rooms_app.h>


#define ROOMS_OPTION_URL  512


/* 1 where s is the text. */

unsigned rooms_option_is(rooms_str_t s, const char *text);

/*
 * A time as nginx writes it: numbers with the units ms, s, m, h, d or w (none
 * is seconds), from the largest unit to the smallest, as in "1h30m".  The
 * result is in milliseconds, at least 1 and at most 366 days.
 */

rooms_int_t rooms_option_time(rooms_str_t name, rooms_str_t value,
    uint64_t *ms, char *err);

/* A decimal number from min to max. */

rooms_int_t rooms_option_number(rooms_str_t name, rooms_str_t value,
    uint64_t min, uint64_t max, uint64_t *n, char *err);

/* "on" or "off" */

rooms_int_t rooms_option_flag(rooms_str_t name, rooms_str_t value,
    unsigned *flag, char *err);

/*
 * An absolute http or https URL without query, kept without a slash at the
 * end and terminated by a zero octet.
 */

rooms_int_t rooms_option_url(rooms_str_t name, rooms_str_t value,
    char url[ROOMS_OPTION_URL], char *err);

/* Always ROOMS_ERROR: the application has no such option. */

rooms_int_t rooms_option_unknown(rooms_str_t name, const char *app,
    char *err);


#endif /* _ROOMS_OPTION_H_INCLUDED_ */
