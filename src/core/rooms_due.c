
/*
 * Copyright (C) nginx rooms contributors
 */


#include <stdlib.h>
#include <string.h>

#include <rooms_due.h>


#define ROOMS_DUE_LEVELS  16             /* one of four goes up a level */


struct rooms_due_node_s {
    uint64_t           at;
    unsigned char     *key;
    uint8_t            len;
    rooms_due_node_t  *next[];
};


struct rooms_due_s {
    size_t             n;
    uint64_t           random;
    rooms_due_node_t  *head[ROOMS_DUE_LEVELS];
};


static rooms_due_node_t *rooms_due_find(rooms_due_t *due, uint64_t at,
    rooms_str_t key, rooms_due_node_t **before[ROOMS_DUE_LEVELS]);
static unsigned rooms_due_level(rooms_due_t *due);


rooms_due_t *
rooms_due_create(void)
{
    rooms_due_t  *due;

    due = calloc(1, sizeof(rooms_due_t));

    if (due != NULL) {
        due->random = UINT64_C(0x9e3779b97f4a7c15);
    }

    return due;
}


void
rooms_due_free(rooms_due_t *due)
{
    rooms_due_node_t  *node, *next;

    if (due == NULL) {
        return;
    }

    for (node = due->head[0]; node != NULL; node = next) {
        next = node->next[0];
        free(node);
    }

    free(due);
}


rooms_int_t
rooms_due_add(rooms_due_t *due, uint64_t at, rooms_str_t key)
{
    unsigned           i, n;
    rooms_due_node_t  *node, **before[ROOMS_DUE_LEVELS];

    if (key.len > ROOMS_DUE_KEY) {
        return ROOMS_ERROR;
    }

    if (rooms_due_find(due, at, key, before) != NULL) {
        return ROOMS_OK;
    }

    n = rooms_due_level(due);

    node = malloc(sizeof(rooms_due_node_t) + n * sizeof(rooms_due_node_t *)
                  + key.len);
    if (node == NULL) {
        return ROOMS_ERROR;
    }

    node->at = at;
    node->len = (uint8_t) key.len;
    node->key = (unsigned char *) &node->next[n];

    if (key.len) {
        memcpy(node->key, key.data, key.len);
    }

    for (i = 0; i < n; i++) {
        node->next[i] = *before[i];
        *before[i] = node;
    }

    due->n++;

    return ROOMS_OK;
}


void
rooms_due_remove(rooms_due_t *due, uint64_t at, rooms_str_t key)
{
    unsigned           i;
    rooms_due_node_t  *node, **before[ROOMS_DUE_LEVELS];

    node = rooms_due_find(due, at, key, before);

    if (node == NULL) {
        return;
    }

    for (i = 0; i < ROOMS_DUE_LEVELS && *before[i] == node; i++) {
        *before[i] = node->next[i];
    }

    free(node);
    due->n--;
}


static int
rooms_due_compare(const rooms_due_node_t *node, uint64_t at, rooms_str_t key)
{
    int     rc;
    size_t  n;

    if (node->at != at) {
        return node->at < at ? -1 : 1;
    }

    n = node->len < key.len ? node->len : key.len;
    rc = n ? memcmp(node->key, key.data, n) : 0;

    return rc ? rc : (int) node->len - (int) key.len;
}


/* Where a pointer to it is or would be, on each level. */

static rooms_due_node_t *
rooms_due_find(rooms_due_t *due, uint64_t at, rooms_str_t key,
    rooms_due_node_t **before[ROOMS_DUE_LEVELS])
{
    int                 rc;
    unsigned            i;
    rooms_due_node_t  **links;

    rc = 1;
    links = due->head;

    for (i = ROOMS_DUE_LEVELS; i-- > 0; /* void */ ) {

        while (links[i] != NULL) {
            rc = rooms_due_compare(links[i], at, key);

            if (rc >= 0) {
                break;
            }

            links = links[i]->next;
        }

        before[i] = &links[i];
    }

    return (*before[0] != NULL && rc == 0) ? *before[0] : NULL;
}


/* xorshift64: nothing depends on it but the time that a step takes */

static unsigned
rooms_due_level(rooms_due_t *due)
{
    unsigned  n;
    uint64_t  r;

    due->random ^= due->random << 13;
    due->random ^= due->random >> 7;
    due->random ^= due->random << 17;

    r = due->random;

    for (n = 1; n < ROOMS_DUE_LEVELS && (r & 3) == 0; n++) {
        r >>= 2;
    }

    return n;
}


size_t
rooms_due_size(const rooms_due_t *due)
{
    return due->n;
}


const rooms_due_node_t *
rooms_due_first(const rooms_due_t *due)
{
    return due->head[0];
}


const rooms_due_node_t *
rooms_due_next(const rooms_due_node_t *node)
{
    return node->next[0];
}


uint64_t
rooms_due_at(const rooms_due_node_t *node)
{
    return node->at;
}


rooms_str_t
rooms_due_key(const rooms_due_node_t *node)
{
    return rooms_str(node->key, node->len);
}
