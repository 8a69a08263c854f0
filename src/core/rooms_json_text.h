
/*
 * Copyright (C) nginx rooms contributors
 *
 * What the scanner of JSON and the reader of its strings share.
 */


#ifndef _ROOMS_JSON_TEXT_H_INCLUDED_
#define _ROOMS_JSON_TEXT_H_INCLUDED_


/* Four hexadecimal digits at p; -1 where they are not. */

int rooms_json_hex(const unsigned char *p);


#endif /* _ROOMS_JSON_TEXT_H_INCLUDED_ */
