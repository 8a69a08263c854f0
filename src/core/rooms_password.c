
/*
 * Copyright (C) nginx rooms contributors
 */


#include <crypt.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>

#include <rooms_password.h>


unsigned
rooms_password_check(rooms_str_t password, const char *hash)
{
    char               *made, text[ROOMS_PASSWORD_MAX];
    size_t              len;
    unsigned            ok;
    struct crypt_data  *data;

    /* a zero octet would end the password early */

    if (password.len >= sizeof(text) || hash[0] != '$'
        || memchr(password.data, '\0', password.len) != NULL)
    {
        return 0;
    }

    data = calloc(1, sizeof(struct crypt_data));
    if (data == NULL) {
        return 0;
    }

    if (password.len) {
        memcpy(text, password.data, password.len);
    }

    text[password.len] = '\0';

    made = crypt_r(text, hash, data);
    len = strlen(hash);

    ok = made != NULL && strlen(made) == len
         && CRYPTO_memcmp(made, hash, len) == 0;

    OPENSSL_cleanse(text, sizeof(text));
    OPENSSL_cleanse(data, sizeof(struct crypt_data));
    free(data);

    return ok;
}
