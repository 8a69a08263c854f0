
/*
 * Copyright (C) nginx rooms contributors
 *
 * The table of the workers that share a zone.
 *
 * A worker takes a free slot when it starts and gives it back when it ends.
 * An owner is a slot together with the generation the slot had: it names one
 * process for ever, also when the slot has been taken again.  0 is nobody.
 *
 * A worker that died leaves its slot taken; who notices sees to what it left
 * behind and then buries it.  Noticing is the caller's: this table only
 * keeps the pids.
 */


#ifndef _ROOMS_WORKERS_H_INCLUDED_
#define _ROOMS_WORKERS_H_INCLUDED_


#include <rooms_types.h>


#define ROOMS_WORKERS_MAX  256


typedef struct {
    uint32_t            pid;             /* 0: the slot is free */
    uint32_t            generation;      /* of 24 bits, never 0 once used */
    uint32_t            signalled;       /* a wake-up is on its way */
    uint32_t            reserved;
} rooms_worker_t;


typedef struct {
    uint32_t            nslots;
    uint32_t            reserved;
    rooms_worker_t      slots[ROOMS_WORKERS_MAX];
} rooms_workers_t;


/* An owner that never was, since generations begin with 1; it is not 0. */

#define ROOMS_WORKERS_NOBODY  0xff


#define rooms_owner_slot(owner)  ((owner) & 0xff)


void rooms_workers_init(rooms_workers_t *t, unsigned nslots);

/*
 * Takes a free slot, lowest first, by compare-and-swap; no lock is needed.
 * ROOMS_DECLINED: all are taken.
 */

rooms_int_t rooms_workers_join(rooms_workers_t *t, uint32_t pid,
    uint32_t *owner);

/* Frees the slot if owner still holds it; for leaving and for burying. */

void rooms_workers_leave(rooms_workers_t *t, uint32_t owner);

/* 1 while the slot is held by just this owner, be its process dead or not. */

unsigned rooms_workers_holds(const rooms_workers_t *t, uint32_t owner);

/* The owner in a slot and its pid, or 0 where the slot is free. */

uint32_t rooms_workers_owner(const rooms_workers_t *t, unsigned slot,
    uint32_t *pid);

/*
 * Sets the wake-up mark.  1: it was not set, so the caller sends the
 * wake-up; 0: one is on its way.  The woken worker clears the mark before it
 * looks into the journal.
 */

unsigned rooms_workers_signal(rooms_workers_t *t, unsigned slot);
void rooms_workers_clear(rooms_workers_t *t, unsigned slot);


#endif /* _ROOMS_WORKERS_H_INCLUDED_ */
