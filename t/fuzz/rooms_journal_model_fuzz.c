
/*
 * Copyright (C) nginx rooms contributors
 *
 * Operations on a journal, chosen by the input eight octets each, done to a
 * model as well; some writers die between two of them.
 */


#include "../unit/rooms_journal_check.h"


#define SIZE  ROOMS_JOURNAL_MIN_SIZE


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    unsigned                i, n;
    uint32_t                r[8];
    const char             *reason;

    static model_t          m;
    static rooms_journal_t *j;

    if (j == NULL) {
        model_start();
        j = aligned_alloc(64, SIZE);
    }

    memset(&m, 0, sizeof(model_t));
    model_must(rooms_journal_init(j, SIZE, 1, 2, 3) == ROOMS_OK);

    for (n = 0; size >= 8; n++, data += 8, size -= 8) {

        /* the first half of an octet is the operation, the rest is what for */

        r[0] = data[0];
        r[1] = data[1];
        r[2] = data[2] | (uint32_t) data[3] << 8;
        r[3] = data[4] | (uint32_t) data[5] << 8;
        r[4] = data[5] | (uint32_t) data[6] << 8;
        r[5] = data[7];
        r[6] = data[6];
        r[7] = data[3];

        (void) model_step(&m, j, r);

        if (data[0] / 16 == 15) {
            j->dirty = 1;
        }

        if (n % 128 == 127) {
            model_compact(&m, j->tail);
            model_check(&m, j, data[1]);
        }
    }

    for (i = 0; i < 2; i++) {
        (void) rooms_journal_lookup(j, model_name(0),
                                    &(rooms_journal_room_t) { 0 });
        model_compact(&m, j->tail);
        model_check(&m, j, i);

        model_must(rooms_journal_attach(j, SIZE, &reason) == ROOMS_OK);
    }

    return 0;
}
