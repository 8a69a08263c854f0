'use strict';

/* What most dinner tests do first: people around a table. */

const assert = require('node:assert');

const { until } = require('./player');

const OPTION_IDS = ['pizza-palace', 'sushi-spot', 'thai-kitchen',
    'mexican-grill', 'indian-curry', 'falafel-corner', 'noodle-house',
    'dumpling-den', 'pho-garden', 'tapas-table', 'smokehouse-row',
    'harvest-bowl', 'harbour-fish', 'patty-works', 'olive-and-thyme'];

const MODES = ['websocket', 'polling', 'mixed'];

const RESTARTED = 'Session restarted. Make new selections.';


/*
 * Creates a session and seats one player a name, on both workers by turns.
 * Everybody has seen everybody when this resolves, and the logs are empty.
 */

async function table(server, names, mode, opts) {
    const { sessionCode: code } = await server.rest.create(names[0]);
    const players = await server.spread(names, mode, opts);

    for (const [i, player] of players.entries()) {
        const ack = await player.join(code);

        assert.strictEqual(ack.success, true, JSON.stringify(ack));

        for (const other of players.slice(0, i)) {
            const seen = await other.next('participant:joined');

            assert.strictEqual(seen.participantId, ack.participantId);
        }
    }

    if (players.length > 1 && (server.o.workers || 2) > 1) {
        await server.assertBothWorkers();
    }

    players.forEach((player) => player.clear());
    return { code, players };
}


/* Everybody submits in turn; resolves to the results each of them got. */

async function playRound(players, selections) {
    for (const [i, player] of players.entries()) {
        const ack = await player.submit(selections[i % selections.length]);

        assert.deepStrictEqual(ack, { success: true });
    }

    return Promise.all(players.map((p) => p.next('session:results')));
}


/* The failure ack and the error event that goes with it (XD-1). */

async function refused(player, code, promise) {
    const ack = await promise;

    assert.strictEqual(ack.success, false, JSON.stringify(ack));
    assert.strictEqual(ack.code, code, JSON.stringify(ack));
    assert.ok(typeof ack.error === 'string' && ack.error.length > 0);

    const event = await player.next('error');

    assert.strictEqual(event.code, code);
    assert.ok(typeof event.message === 'string' && event.message.length > 0);
    return { ack, event };
}


/* Waits until the session is in that state, by REST. */

function inState(server, code, state) {
    return until(async () => {
        const res = await server.rest.session(code);

        return res.status === 200 && res.json.state === state && res.json;
    }, `state ${state}`);
}


module.exports = { table, playRound, refused, inState, OPTION_IDS, MODES,
    RESTARTED };
