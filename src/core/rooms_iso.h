
/*
 * Copyright (C) nginx rooms contributors
 *
 * Points in time as text: RFC 3339 (ISO 8601) in UTC with milliseconds, as
 * in "2025-09-30T12:34:56.789Z".
 */


#ifndef _ROOMS_ISO_H_INCLUDED_
#define _ROOMS_ISO_H_INCLUDED_


#include <rooms_types.h>


#define ROOMS_ISO_LEN  24
#define ROOMS_ISO_MIN  INT64_C(-62135596800000)      /* the year 1 begins */
#define ROOMS_ISO_MAX  INT64_C(253402300799999)      /* the year 9999 ends */


/* ms since 1970, brought within these bounds.  Zero-terminated. */

void rooms_iso_format(int64_t ms, char text[ROOMS_ISO_LEN + 1]);


#endif /* _ROOMS_ISO_H_INCLUDED_ */
