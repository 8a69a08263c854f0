
/*
 * Copyright (C) nginx rooms contributors
 *
 * What players scan: it is counted, and may start a video.
 */


#include <string.h>

#include <rooms_orchestrator.h>


/* XG-14: a scanner is known by its first scan. */

static void
rooms_orchestrator_player(rooms_orchestrator_t *g, const char *id)
{
    json_t  *device, *fact, *payload;

    device = rooms_orchestrator_get(g->state, "devices", id);

    if (device != NULL) {
        if (strcmp(rooms_orchestrator_text(device, "type"), "player") == 0
            && strcmp(rooms_orchestrator_text(device, "status"), "connected")
               == 0)
        {
            rooms_orchestrator_fact(g, json_pack("{s:s, s:s}", "f", "beat",
                                                 "id", id));
            return;
        }

        if (strcmp(rooms_orchestrator_text(device, "type"), "player") != 0) {
            return;
        }
    }

    if (!rooms_orchestrator_session_is(g->state, NULL)
        || rooms_orchestrator_count(g->state, "player") >= g->conf->players)
    {
        return;
    }

    fact = json_pack("{s:s, s:s, s:s}", "f", "device", "id", id,
                     "type", "player");
    payload = json_pack("{s:s, s:s}", "deviceId", id, "type", "player");

    if (g->cmd->address.len) {
        (void) json_object_set_new(fact, "ip",
            json_stringn((const char *) g->cmd->address.data,
                         g->cmd->address.len));
        (void) json_object_set_new(payload, "ipAddress",
            json_stringn((const char *) g->cmd->address.data,
                         g->cmd->address.len));
    }

    rooms_orchestrator_fact(g, fact);
    rooms_orchestrator_message(g, ROOMS_TO_ALL, rooms_str(NULL, 0),
                               "device:connected", payload, 0);
}


static void
rooms_orchestrator_scanned(rooms_orchestrator_t *g, const json_t *scan)
{
    rooms_orchestrator_fact(g, json_pack("{s:s, s:O}", "f", "scan", "token",
                                         json_object_get(scan, "tokenId")));
}


rooms_int_t
rooms_orchestrator_scan(rooms_orchestrator_t *g)
{
    json_t      *token;
    uint64_t     wait;
    unsigned     video;
    const char  *id;

    id = rooms_orchestrator_text(g->cmd->body, "tokenId");
    token = rooms_orchestrator_token(g->conf, id);

    if (token == NULL) {
        return rooms_orchestrator_fail(g, &rooms_orchestrator_no_token, NULL);
    }

    video = rooms_orchestrator_video_time(token) != 0;

    rooms_orchestrator_player(g, rooms_orchestrator_text(g->cmd->body,
                                                         "scannerId"));
    rooms_orchestrator_scanned(g, g->cmd->body);

    if (video && rooms_orchestrator_busy(g->state)) {
        wait = (rooms_orchestrator_left(g->state, g->now) + 999) / 1000;

        rooms_orchestrator_answer(g, 409,
            json_pack("{s:s, s:s, s:s, s:O, s:b, s:I}",
                      "status", "rejected",
                      "message", "A video is playing, please wait",
                      "tokenId", id, "mediaAssets",
                      json_object_get(token, "mediaAssets"),
                      "videoPlaying", 1, "waitTime", (json_int_t) wait));
        return ROOMS_OK;
    }

    if (video) {
        rooms_orchestrator_play(g, id,
                                rooms_orchestrator_text(g->cmd->body,
                                                        "scannerId"));
    }

    rooms_orchestrator_answer(g, 200,
        json_pack("{s:s, s:s, s:s, s:O, s:b}", "status", "accepted",
                  "message", video ? "Video is loading" : "Token scanned",
                  "tokenId", id, "mediaAssets",
                  json_object_get(token, "mediaAssets"),
                  "videoPlaying", (int) (video
                                       || rooms_orchestrator_busy(g->state))));

    return ROOMS_OK;
}


rooms_int_t
rooms_orchestrator_batch(rooms_orchestrator_t *g)
{
    size_t       i;
    json_t      *scans, *scan, *token, *result, *results;
    unsigned     busy, video;
    const char  *id, *scanner;

    scans = json_object_get(g->cmd->body, "transactions");
    results = json_array();
    busy = rooms_orchestrator_busy(g->state);
    scanner = "";

    json_array_foreach(scans, i, scan) {
        id = rooms_orchestrator_text(scan, "tokenId");
        token = rooms_orchestrator_token(g->conf, id);
        video = token != NULL && !busy
                && rooms_orchestrator_video_time(token) != 0;

        result = json_copy(scan);
        (void) json_object_set_new(result, "status",
                                   json_string(token ? "processed"
                                                     : "failed"));
        (void) json_object_set_new(result, "videoQueued",
                                   json_boolean(video));
        (void) json_array_append_new(results, result);

        if (token == NULL) {
            continue;
        }

        if (strcmp(scanner, rooms_orchestrator_text(scan, "scannerId"))
            != 0)
        {
            scanner = rooms_orchestrator_text(scan, "scannerId");
            rooms_orchestrator_player(g, scanner);
        }

        rooms_orchestrator_scanned(g, scan);

        if (video) {
            rooms_orchestrator_play(g, id, scanner);
            busy = 1;
        }
    }

    rooms_orchestrator_answer(g, 200, json_pack("{s:o}", "results", results));

    return ROOMS_OK;
}
