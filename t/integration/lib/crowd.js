'use strict';

/*
 * Many tables that play without pause while something happens to nginx, and
 * the proof afterwards that nobody missed or repeated anything.
 */

const assert = require('node:assert');

const { Player, sleep, until } = require('./player');

/* Events that everybody at a table gets, also the one who caused them. */

const TO_ALL = ['session:restarted', 'session:results'];


class Crowd {
    /* size tables of seats players; every fifth table has one that polls. */

    constructor(server, size, seats) {
        this.server = server;
        this.size = size;
        this.seats = seats;
        this.tables = [];
        this.stopped = false;
        this.unanswered = 0;
        this.acked = 0;
    }

    async open() {
        for (let from = 0; from < this.size; from += 10) {
            await Promise.all(Array.from({ length: Math.min(10,
                this.size - from) }, (_, i) => this.seat(from + i)));
        }

        await this.server.assertBothWorkers();
        return this;
    }

    async seat(index) {
        const { sessionCode: code } = await this.server.rest.create('Host');
        const players = [];

        for (let i = 0; i < this.seats; i++) {
            const player = new Player(this.server.anywhere(), {
                name: `T${index}P${i}`,
                mode: index % 5 === 0 && i === 0 ? 'polling' : 'websocket',
                /* late enough that the others hear of the loss before */
                reconnectionDelay: 1200,
                reconnectionDelayMax: 1500,
                timeout: 10000,
            });

            this.server.players.push(player);
            await player.connect();

            const ack = await player.join(code);

            assert.strictEqual(ack.success, true, JSON.stringify(ack));
            players.push(player);
        }

        /* everybody has an offset to come back with */
        await players[0].restart();
        await Promise.all(players.map((p) => p.next('session:restarted')));
        players.forEach((p) => p.clear());
        this.tables.push({ code, players });
    }

    get players() {
        return this.tables.flatMap((t) => t.players);
    }

    /*
     * Plays until stop(), or until a test that failed stops nginx: who is
     * connected restarts and submits by turns.
     */

    play(pause) {
        this.running = this.tables.map(async ({ players }, t) => {
            await sleep((t * pause) / this.size);

            for (let turn = t; !this.stopped && !this.server.exited; turn++) {
                const player = players[turn % players.length];

                if (player.socket.connected) {
                    await this.command(player, turn);
                }

                await sleep(pause);
            }
        });
        return this;
    }

    /*
     * One command.  Its answer is lost where the worker dies; then it may
     * have been done or not, but never half or twice.
     */

    async command(player, turn) {
        const [event, payload] = turn % 3 === 0
            ? ['selection:submit', { selections: ['sushi-spot'] }]
            : ['session:restart', {}];

        try {
            const ack = await player.socket.timeout(3000).emitWithAck(event,
                { sessionCode: player.code, ...payload });

            if (ack.success) {
                this.acked++;
            } else {
                assert.strictEqual(ack.code, 'ALREADY_SUBMITTED',
                    JSON.stringify(ack));
            }
        } catch (e) {
            if (e.code === 'ERR_ASSERTION') {
                this.fault = e;
            }

            this.unanswered++;
        }
    }

    async stop() {
        this.stopped = true;
        await Promise.all(this.running);

        if (this.fault) {
            throw this.fault;
        }
    }

    /* Everybody connected, and everything that was said has arrived. */

    async settle() {
        await until(() => this.players.every((p) => p.socket.connected),
            'everybody connected again', 20000);

        let last = -1;

        await until(async () => {
            const now = this.players.reduce((n, p) => n + p.log.length, 0);
            const same = now === last;

            last = now;
            await sleep(same ? 0 : 400);
            return same;
        }, 'quiet', 20000);
    }

    /*
     * At every table all have the same events in the same order, none twice,
     * and every reconnection was a recovery under the same id.
     */

    assertNothingLost() {
        for (const { code, players } of this.tables) {
            const lists = players.map((p) => p.log.filter((e) =>
                e.kind === 'event' && TO_ALL.includes(e.name))
                .map((e) => `${e.name} ${e.args[1]}`));

            for (const [i, list] of lists.entries()) {
                assert.strictEqual(new Set(list).size, list.length,
                    `${code} ${players[i].name} has an event twice`);
                assert.deepStrictEqual(list, lists[0],
                    `${code}: ${players[i].name} against ${players[0].name}`);
            }

        }

        this.assertRecovered();
    }

    /* Whoever came back is who it was. */

    assertRecovered(when) {
        for (const player of this.players) {
            for (const e of player.log) {
                if (e.kind === 'connect') {
                    assert.deepStrictEqual(e.data,
                        { id: player.participantId, recovered: true },
                        `${player.code} ${player.name} ${when || ''}`);
                }
            }
        }
    }
}


module.exports = { Crowd };
