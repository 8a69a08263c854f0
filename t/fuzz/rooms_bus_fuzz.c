
/*
 * Copyright (C) nginx rooms contributors
 *
 * What is published: a line of text and records.  What is read is within the
 * input and, written anew, is the input; cut off anywhere, the records before
 * the cut are read as they were, and the one that is cut is damaged.
 */


#include <stdlib.h>
#include <string.h>

#include <rooms_bus.h>


#define RECORDS  64


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


static void
need(int ok)
{
    if (!ok) {
        abort();
    }
}


static int
same(rooms_str_t a, rooms_str_t b)
{
    return a.len == b.len && (a.len == 0
                              || memcmp(a.data, b.data, a.len) == 0);
}


/* Returns how many records there are before the end, or the damage. */

static unsigned
read_all(rooms_str_t in, rooms_bus_record_t *records, rooms_int_t *rc)
{
    unsigned  n;

    for (n = 0; n < RECORDS; n++) {
        *rc = rooms_bus_read(&in, &records[n]);

        if (*rc != ROOMS_OK) {
            return n;
        }
    }

    *rc = ROOMS_DONE;

    return n;
}


static void
check_header(rooms_str_t *in)
{
    rooms_buf_t         b;
    rooms_str_t         whole;
    rooms_bus_header_t  h, again;

    whole = *in;

    if (rooms_bus_header(in, &h) != ROOMS_OK) {
        *in = whole;
        return;
    }

    rooms_buf_init(&b, 0);

    rooms_buf_uint(&b, h.epoch);
    rooms_buf_byte(&b, ' ');
    rooms_buf_uint(&b, h.prev);
    rooms_buf_byte(&b, ' ');
    rooms_buf_uint(&b, h.first);
    rooms_buf_byte(&b, ' ');
    rooms_buf_uint(&b, h.owner);
    rooms_buf_byte(&b, ' ');
    rooms_buf_uint(&b, h.seq);
    rooms_buf_byte(&b, '\n');

    whole = rooms_str(b.data, b.len);

    need(rooms_bus_header(&whole, &again) == ROOMS_OK && whole.len == 0);
    need(again.epoch == h.epoch && again.prev == h.prev
         && again.first == h.first && again.owner == h.owner
         && again.seq == h.seq);

    rooms_buf_free(&b);
}


/* Flags that nobody defines are not written again. */

static void
check_records(rooms_str_t in)
{
    size_t              at;
    unsigned            i, n;
    rooms_int_t         rc, cut;
    rooms_buf_t         b;
    rooms_bus_record_t  again[RECORDS];

    static rooms_bus_record_t  records[RECORDS];

    n = read_all(in, records, &rc);

    rooms_buf_init(&b, 0);

    for (i = 0; i < n; i++) {
        rooms_bus_write(&b, &records[i]);
    }

    need(b.len <= in.len);

    need(read_all(rooms_str(b.data, b.len), again, &cut) == n);
    need(cut == ROOMS_DONE);

    for (i = 0; i < n; i++) {
        need(again[i].time == records[i].time
             && again[i].removed == records[i].removed
             && same(again[i].fact, records[i].fact)
             && same(again[i].messages, records[i].messages));
    }

    if (n == RECORDS) {
        rooms_buf_free(&b);
        return;
    }

    /* the cuts of one record after the other */

    for (at = 0; at < b.len; at++) {
        i = read_all(rooms_str(b.data, at), again, &cut);

        need(i <= n);
        need(cut == ROOMS_DONE || cut == ROOMS_ERROR);

        while (i > 0) {
            i--;
            need(again[i].time == records[i].time
                 && same(again[i].fact, records[i].fact)
                 && same(again[i].messages, records[i].messages));
        }
    }

    rooms_buf_free(&b);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint64_t     number;
    rooms_buf_t  b;
    rooms_str_t  in;

    /* each cut reads all of it again */

    if (size > 4096) {
        return 0;
    }

    in = rooms_str(data, size);

    if (rooms_bus_number(in, &number) == ROOMS_OK) {
        need(size != 0);

        rooms_buf_init(&b, 0);
        rooms_buf_uint(&b, number);
        need(b.len <= size && memcmp(b.data, data + size - b.len, b.len)
                              == 0);
        rooms_buf_free(&b);
    }

    check_header(&in);
    check_records(in);

    return 0;
}
