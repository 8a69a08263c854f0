
/*
 * Copyright (C) nginx rooms contributors
 *
 * The cases of the benchmark.  Each connects its clients, lets them work for
 * a while, waits until everything sent has arrived, and fills in a result.
 */


#ifndef _CASES_H_INCLUDED_
#define _CASES_H_INCLUDED_


#include "client.h"
#include "stats.h"


typedef struct {
    uint32_t          members;            /* of each room, or connections */
    uint32_t          rooms;
    uint32_t          window;             /* messages in flight, 0: paced */
    uint32_t          rate;               /* deliveries per second */
    uint64_t          count;              /* messages, 0: seconds */
    double            seconds;            /* of measuring */
    double            warmup;
    size_t            payload;            /* octets, at least 32 */
    unsigned          tell;               /* prints when measuring begins and
                                             ends, as lines */
    stats_pids_t      pids;
} case_conf_t;


typedef struct {
    uint64_t          sent;               /* all of the run */
    uint64_t          wanted;             /* deliveries that were due */
    uint64_t          received;
    uint64_t          lost;
    uint64_t          duplicates;
    uint64_t          disorder;           /* came with others missing */

    uint64_t          done;               /* units while it was measured */
    double            elapsed;
    double            cpu;                /* seconds */
    double            pss;                /* octets for each connection */
    stats_latency_t   latency;
} case_result_t;


/*
 * 0, or -1 where the case could not be run; what is wrong was said on stderr.
 * The unit of done is: fanout, rooms, hot: a delivery; ack: an answered event;
 * idle: a connection and second; connect: a connection.
 */

int case_fanout(client_t *c, const case_conf_t *conf, case_result_t *r);
int case_rooms(client_t *c, const case_conf_t *conf, case_result_t *r);
int case_hot(client_t *c, const case_conf_t *conf, case_result_t *r);
int case_ack(client_t *c, const case_conf_t *conf, case_result_t *r);
int case_idle(client_t *c, const case_conf_t *conf, case_result_t *r);
int case_connect(client_t *c, const case_conf_t *conf, case_result_t *r);


#endif /* _CASES_H_INCLUDED_ */
