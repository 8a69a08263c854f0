
/*
 * Copyright (C) nginx rooms contributors
 *
 * What stations are told of the game as a whole: GameState, Session, sync.
 */


#include <string.h>

#include <rooms_iso.h>
#include <rooms_orchestrator.h>


json_t *
rooms_orchestrator_iso(uint64_t ms)
{
    char  text[ROOMS_ISO_LEN + 1];

    rooms_iso_format(ms, text);

    return json_string(text);
}


static json_t *
rooms_orchestrator_iso_or_null(uint64_t ms)
{
    return ms ? rooms_orchestrator_iso(ms) : json_null();
}


/* The last n elements of an array. */

static json_t *
rooms_orchestrator_last(const json_t *array, size_t n)
{
    size_t   i, size;
    json_t  *list;

    list = json_array();
    size = json_array_size(array);

    for (i = size > n ? size - n : 0; i < size; i++) {
        if (json_array_append(list, json_array_get(array, i)) != 0) {
            json_decref(list);
            return NULL;
        }
    }

    return list;
}


static json_t *
rooms_orchestrator_values(const json_t *object)
{
    json_t      *list, *value;
    const char  *name;

    list = json_array();

    json_object_foreach((json_t *) object, name, value) {
        (void) json_array_append(list, value);
    }

    return list;
}


static json_t *
rooms_orchestrator_keys(const json_t *object)
{
    json_t      *list, *value;
    const char  *name;

    list = json_array();

    json_object_foreach((json_t *) object, name, value) {
        (void) json_array_append_new(list, json_string(name));
    }

    return list;
}


static json_t *
rooms_orchestrator_current(const json_t *root, uint64_t now)
{
    json_t    *video;
    uint64_t   start;

    if (!rooms_orchestrator_busy(root)) {
        return json_null();
    }

    video = json_object_get(root, "video");
    start = rooms_orchestrator_time(root, "video", "start");

    return json_pack("{s:O, s:o, s:o, s:O}",
                     "tokenId", json_object_get(video, "token"),
                     "startTime",
                     rooms_orchestrator_iso(start ? start
                         : rooms_orchestrator_time(root, "video", "since")),
                     "expectedEndTime",
                     rooms_orchestrator_iso(now
                                          + rooms_orchestrator_left(root,
                                                                    now)),
                     "requestedBy", json_object_get(video, "by"));
}


json_t *
rooms_orchestrator_game(const json_t *root, uint64_t now)
{
    json_t    *session, *id, *status;
    uint64_t   updated, since;

    session = json_object_get(root, "session");
    id = json_object_get(session, "id");
    status = json_object_get(session, "status");
    updated = rooms_orchestrator_time(root, "clock", "updated");
    since = rooms_orchestrator_time(root, "video", "since");

    /* what a video has left does not depend on when it is asked */

    if (since == 0) {
        since = now;
    }

    return json_pack("{s:O?, s:o, s:o, s:o, s:o, s:{s:b, s:b, s:b},"
                     " s:{s:O?}}",
                     "sessionId", id,
                     "lastUpdate", rooms_orchestrator_iso_or_null(updated),
                     "currentVideo", rooms_orchestrator_current(root, since),
                     "scores",
                     rooms_orchestrator_values(json_object_get(root,
                                                               "scores")),
                     "recentTransactions",
                     rooms_orchestrator_last(json_object_get(root, "txs"),
                                             ROOMS_ORCHESTRATOR_RECENT),
                     "systemStatus", "orchestratorOnline", 1,
                     "vlcConnected", 1, "videoDisplayReady",
                     !rooms_orchestrator_busy(root),
                     "metadata", "sessionStatus", status);
}


json_t *
rooms_orchestrator_summary(const json_t *root)
{
    json_t    *session;
    uint64_t   start, end;

    session = json_object_get(root, "session");
    start = rooms_orchestrator_time(root, "session", "start");
    end = rooms_orchestrator_time(root, "session", "end");

    return json_pack("{s:O, s:O, s:o, s:o, s:O, s:{s:i, s:i, s:I, s:o}}",
                     "id", json_object_get(session, "id"),
                     "name", json_object_get(session, "name"),
                     "startTime", rooms_orchestrator_iso(start),
                     "endTime", rooms_orchestrator_iso_or_null(end),
                     "status", json_object_get(session, "status"),
                     "metadata",
                     "gmStations", (int) rooms_orchestrator_count(root, "gm"),
                     "playerDevices",
                     (int) rooms_orchestrator_count(root, "player"),
                     "totalScans",
                     json_integer_value(json_object_get(session, "scans")),
                     "uniqueTokensScanned",
                     rooms_orchestrator_keys(json_object_get(root,
                                                             "scanned")));
}


static json_t *
rooms_orchestrator_device_json(const char *id, const json_t *device,
    unsigned self)
{
    json_int_t   synced;
    const char  *status;

    status = self ? "connected" : rooms_orchestrator_text(device, "status");
    synced = json_integer_value(json_object_get(device, "synced"));

    return json_pack("{s:s, s:O, s:O*, s:O*, s:O*, s:o, s:o, s:s,"
                     " s:{s:o, s:i, s:i}}",
                     "id", id, "type", json_object_get(device, "type"),
                     "name", json_object_get(device, "name"),
                     "version", json_object_get(device, "version"),
                     "ipAddress", json_object_get(device, "ip"),
                     "connectionTime",
                     rooms_orchestrator_iso((uint64_t)
                         json_integer_value(json_object_get(device,
                                                            "since"))),
                     "lastHeartbeat",
                     rooms_orchestrator_iso((uint64_t)
                         json_integer_value(json_object_get(device,
                                                            "beat"))),
                     "connectionStatus", status, "syncState",
                     "lastSyncTime",
                     rooms_orchestrator_iso_or_null((uint64_t) synced),
                     "pendingUpdates", 0, "syncErrors", 0);
}


json_t *
rooms_orchestrator_sync(const json_t *root, uint64_t now, rooms_str_t self)
{
    json_t      *session, *devices, *device;
    const char  *id;

    devices = json_array();

    json_object_foreach(json_object_get(root, "devices"), id, device) {
        if (json_array_append_new(devices,
                rooms_orchestrator_device_json(id, device,
                    self.len && rooms_option_is(self, id)))
            != 0)
        {
            json_decref(devices);
            return NULL;
        }
    }

    session = json_null();

    if (rooms_orchestrator_session_is(root, NULL)) {
        session = rooms_orchestrator_summary(root);

        (void) json_object_set_new(session, "connectedDevices",
            rooms_orchestrator_keys(json_object_get(root, "devices")));
        (void) json_object_set(session, "videoQueue",
                               json_object_get(root, "queue"));
        (void) json_object_set_new(session, "scores",
            rooms_orchestrator_values(json_object_get(root, "scores")));
    }

    return json_pack("{s:o, s:o, s:o, s:o}",
                     "session", session,
                     "state", rooms_orchestrator_game(root, now),
                     "devices", devices, "transactions",
                     rooms_orchestrator_last(json_object_get(root, "txs"),
                                             ROOMS_ORCHESTRATOR_SYNC));
}


json_t *
rooms_orchestrator_envelope(const char *event, json_t *data, uint64_t now)
{
    return json_pack("{s:s, s:o, s:o}", "event", event, "data", data,
                     "timestamp", rooms_orchestrator_iso(now));
}
