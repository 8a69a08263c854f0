
/*
 * Copyright (C) nginx rooms contributors
 *
 * Trees of things with numbers that nobody has twice.
 */


#ifndef _NGX_HTTP_ROOMS_TREE_H_INCLUDED_
#define _NGX_HTTP_ROOMS_TREE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


/* The node of that key, or NULL. */

static ngx_inline ngx_rbtree_node_t *
ngx_http_rooms_tree_find(const ngx_rbtree_t *tree, ngx_rbtree_key_t key)
{
    ngx_rbtree_node_t  *node;

    node = tree->root;

    while (node != tree->sentinel) {

        if (key == node->key) {
            return node;
        }

        node = (key < node->key) ? node->left : node->right;
    }

    return NULL;
}


#endif /* _NGX_HTTP_ROOMS_TREE_H_INCLUDED_ */
