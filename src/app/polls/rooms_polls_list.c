
/*
 * Copyright (C) nginx rooms contributors
 */


#include <stdlib.h>

#include <rooms_polls_list.h>


void *
rooms_polls_list_push(rooms_polls_list_t *l, size_t size)
{
    uint32_t        n, alloc;
    unsigned char  *block, **blocks;

    n = l->n / ROOMS_POLLS_BLOCK;

    if (l->n % ROOMS_POLLS_BLOCK == 0) {

        if (n == l->allocated) {
            alloc = n ? 2 * n : 4;

            blocks = realloc(l->blocks, alloc * sizeof(unsigned char *));
            if (blocks == NULL) {
                return NULL;
            }

            l->blocks = blocks;
            l->allocated = alloc;
        }

        block = calloc(ROOMS_POLLS_BLOCK, size);
        if (block == NULL) {
            return NULL;
        }

        l->blocks[n] = block;
    }

    return rooms_polls_list_at(l, size, l->n++);
}


void
rooms_polls_list_free(rooms_polls_list_t *l)
{
    uint32_t  i;

    for (i = 0; i * ROOMS_POLLS_BLOCK < l->n; i++) {
        free(l->blocks[i]);
    }

    free(l->blocks);

    l->blocks = NULL;
    l->n = 0;
    l->allocated = 0;
}
