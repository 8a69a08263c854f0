
/*
 * Copyright (C) nginx rooms contributors
 *
 * The formats of JSON Schema that are asserted.
 */


#ifndef _ROOMS_SCHEMA_FORMAT_H_INCLUDED_
#define _ROOMS_SCHEMA_FORMAT_H_INCLUDED_


#include <rooms_types.h>


/* Is the string of that format? */

typedef unsigned (*rooms_schema_format_pt)(rooms_str_t s);


/*
 * date-time, date, time  RFC 3339, 5.6, with leap seconds at 23:59:60 UTC
 * email                  RFC 5321, 4.1.2, Mailbox, without quoted local parts
 *                        and with an address literal only of IPv4
 * ipv4                   RFC 2673, 3.2: four decimal octets, no leading zeroes
 * ipv6                   RFC 4291, 2.2, without a zone
 * uri                    RFC 3986, with a scheme
 * uuid                   RFC 4122, 3
 *
 * NULL for all others.
 */

rooms_schema_format_pt rooms_schema_format(const char *name);


#endif /* _ROOMS_SCHEMA_FORMAT_H_INCLUDED_ */
