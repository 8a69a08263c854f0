
/*
 * Copyright (C) nginx rooms contributors
 *
 * Which room a command goes to, and what is random: codes and ids.
 */


#include <string.h>

#include <rooms_dinner.h>
#include <rooms_dinner_command.h>


#define ROOMS_DINNER_RANDOM_ID  20       /* characters */


static rooms_str_t
rooms_dinner_payload_code(const rooms_command_t *cmd)
{
    return rooms_dinner_text(json_array_get(cmd->args, 0), "sessionCode");
}


/*
 * A code of 36^6 without a bias: octets from 252 on are thrown away.  The
 * generator is splitmix64, seeded anew for each command and attempt.
 */

static void
rooms_dinner_random_code(const rooms_command_t *cmd, rooms_buf_t *room)
{
    unsigned  n, octets;
    uint64_t  seed, z;

    static const char  digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

    memcpy(&seed, cmd->random, sizeof(uint64_t));
    memcpy(&z, cmd->random + sizeof(uint64_t), sizeof(uint64_t));
    seed ^= z * (2 * (uint64_t) cmd->attempt + 1);

    n = 0;
    octets = 0;
    z = 0;

    while (n < ROOMS_DINNER_CODE) {

        if (octets == 0) {
            octets = 8;
            seed += UINT64_C(0x9e3779b97f4a7c15);
            z = seed;
            z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
            z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
            z = z ^ (z >> 31);
        }

        if ((z & 0xff) < 252) {
            rooms_buf_byte(room, (unsigned char) digits[(z & 0xff) % 36]);
            n++;
        }

        z >>= 8;
        octets--;
    }
}


void
rooms_dinner_random_id(const rooms_command_t *cmd, rooms_dinner_id_t *id)
{
    unsigned  i, bits, n;

    static const char  digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                  "abcdefghijklmnopqrstuvwxyz0123456789-_";

    for (i = 0; i < ROOMS_DINNER_RANDOM_ID; i++) {
        n = i * 6;
        bits = (unsigned) (cmd->random[16 + n / 8] << 8)
               | cmd->random[16 + n / 8 + 1];
        id->data[i] = (unsigned char) digits[(bits >> (10 - n % 8)) & 0x3f];
    }

    id->len = ROOMS_DINNER_RANDOM_ID;
}


rooms_int_t
rooms_dinner_route(const void *conf, const rooms_command_t *cmd,
    rooms_buf_t *room)
{
    unsigned     i;
    rooms_str_t  code;

    (void) conf;

    code = rooms_str(NULL, 0);

    if (cmd->kind == ROOMS_CMD_EVENT) {
        code = rooms_dinner_payload_code(cmd);

    } else if (cmd->kind == ROOMS_CMD_REST) {

        if (rooms_option_is(cmd->name, "createSession")) {
            rooms_dinner_random_code(cmd, room);
            return ROOMS_OK;
        }

        for (i = 0; i < cmd->nparams; i++) {
            if (rooms_option_is(cmd->params[i].name, "sessionCode")) {
                code = cmd->params[i].value;
            }
        }
    }

    if (!rooms_dinner_is_code(code)) {
        return ROOMS_DECLINED;
    }

    rooms_buf_str(room, code);

    return ROOMS_OK;
}
