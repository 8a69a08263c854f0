
/*
 * Copyright (C) nginx rooms contributors
 *
 * Passwords against their crypt(3) hashes.
 */


#ifndef _ROOMS_PASSWORD_H_INCLUDED_
#define _ROOMS_PASSWORD_H_INCLUDED_


#include <rooms_types.h>


#define ROOMS_PASSWORD_MAX  512          /* octets, as crypt(3) takes them */


/*
 * 1 where the password has this hash, which begins with $5$, $6$, $2b$ or
 * $y$ and ends with a zero octet.  Slow by purpose; safe in any thread.
 */

unsigned rooms_password_check(rooms_str_t password, const char *hash);


#endif /* _ROOMS_PASSWORD_H_INCLUDED_ */
