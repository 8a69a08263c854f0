
/*
 * Copyright (C) nginx rooms contributors
 *
 * The types of the facts of a session: for those who write facts and who
 * apply them.  A fact begins with its type and the time (u64, ms); the type's
 * highest bit says that the record is a stored event, which the session counts.
 */


#ifndef _ROOMS_POLLS_FACT_H_INCLUDED_
#define _ROOMS_POLLS_FACT_H_INCLUDED_


#define ROOMS_POLLS_STORED     0x80

#define ROOMS_POLLS_CREATED    1
#define ROOMS_POLLS_CLAIM      2
#define ROOMS_POLLS_STATUS     3
#define ROOMS_POLLS_POLL       4
#define ROOMS_POLLS_ACTIVATED  5
#define ROOMS_POLLS_CLOSED     6
#define ROOMS_POLLS_VOTED      7
#define ROOMS_POLLS_COUNTED    8
#define ROOMS_POLLS_TOLD       9
#define ROOMS_POLLS_JOINED     10
#define ROOMS_POLLS_ATTACHED   11
#define ROOMS_POLLS_DETACHED   12
#define ROOMS_POLLS_LEAVE      13
#define ROOMS_POLLS_BACK       14
#define ROOMS_POLLS_SEEN       15
#define ROOMS_POLLS_BEAT       16

#define ROOMS_POLLS_MULTIPLE   0x01
#define ROOMS_POLLS_ANONYMOUS  0x02


#endif /* _ROOMS_POLLS_FACT_H_INCLUDED_ */
