
/*
 * Copyright (C) nginx rooms contributors
 *
 * What a run measures: time, latencies, and what the server's processes use.
 */


#ifndef _STATS_H_INCLUDED_
#define _STATS_H_INCLUDED_


#include <stddef.h>
#include <stdint.h>


#define STATS_PIDS     64
#define STATS_BUCKETS  2560      /* 64 for each power of two, up to 2^40 ns */


typedef struct {
    uint64_t   count;
    uint64_t   max;
    uint64_t   bucket[STATS_BUCKETS];
} stats_latency_t;


typedef struct {
    int        pid[STATS_PIDS];
    unsigned   n;
} stats_pids_t;


/* Nanoseconds of CLOCK_MONOTONIC. */

uint64_t stats_now(void);

void stats_latency_reset(stats_latency_t *l);
void stats_latency_add(stats_latency_t *l, uint64_t ns, uint64_t count);

/* The latency in ns below which the share of 0..1 lies, within 1.6 %. */

uint64_t stats_latency_share(const stats_latency_t *l, double share);

/* "12,34": 0 where it was understood. */

int stats_pids(stats_pids_t *pids, const char *text);

/*
 * Nanoseconds on a CPU of all threads of these processes, and octets of
 * proportional set size.  A process that is gone counts as nothing.
 */

uint64_t stats_cpu(const stats_pids_t *pids);
uint64_t stats_pss(const stats_pids_t *pids);


#endif /* _STATS_H_INCLUDED_ */
