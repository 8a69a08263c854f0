'use strict';

/*
 * Stock clients behind a TCP balancer over two nginx of two workers each:
 * each request of a session may reach any of the four, none is sticky.
 */

const assert = require('node:assert');
const fs = require('node:fs');
const path = require('node:path');
const { after, afterEach, before, describe, it } = require('node:test');

const { Balancer } = require('./lib/balancer');
const { usePair } = require('./lib/pair');
const { playRound, RESTARTED } = require('./lib/play');
const { Player, until } = require('./lib/player');
const { Rest } = require('./lib/rest');

const NAMES = ['Alice', 'Bob', 'Carol', 'Dave'];
const TABLES = Number(process.env.ROOMS_MOVES || 8);
const ROUNDS = 5;


describe('redis: behind a TCP balancer', () => {
    const pair = usePair({ before, after, afterEach }, {
        http: ['log_format who "$pid $request_method $arg_sid";'],
        server: ['access_log access.log who;'] });
    let balancer;
    let rest;

    before(async () => {
        balancer = await new Balancer(pair.servers.map((s) => s.ports.http))
            .start();
        rest = new Rest(balancer.url);
    });
    after(() => balancer.stop());

    async function sit(name, mode, code) {
        const player = new Player(balancer.url, { name, mode });

        pair.servers[0].players.push(player);
        await player.connect();
        assert.strictEqual((await player.join(code)).success, true);
        return player;
    }

    /* Who answered polling requests of that sid: a Set for each nginx. */

    function answered(sid) {
        return pair.servers.map((s) => new Set(
            fs.readFileSync(path.join(s.dir, 'access.log'), 'utf8')
                .split('\n').map((line) => line.split(' '))
                .filter(([, , of]) => of === sid).map(([pid]) => pid)));
    }

    it('D-26 D-52 clients that only poll play a whole dinner', async () => {
        const { sessionCode: code } = await rest.create('Alice');
        const players = [];

        for (const name of NAMES) {
            players.push(await sit(name, 'polling', code));

            for (const other of players.slice(0, -1)) {
                assert.strictEqual((await other.next('participant:joined'))
                    .displayName, name);
            }
        }

        for (let i = 0; i < ROUNDS; i++) {
            const results = await playRound(players, [['sushi-spot']]);

            for (const one of results) {
                assert.deepStrictEqual(one, results[0]);
            }

            assert.strictEqual(results[0].hasOverlap, true);
            assert.strictEqual((await rest.session(code)).json.state,
                'complete');
            assert.strictEqual((await players[i % 4].restart()).success,
                true);

            for (const player of players) {
                assert.strictEqual((await player.next('session:restarted'))
                    .message, RESTARTED);
                assert.strictEqual(player.all('participant:submitted').length,
                    NAMES.length - 1);
                player.clear();
            }
        }

        const four = new Set();

        for (const player of players) {
            const { engine } = player.socket.io;

            assert.strictEqual(engine.transport.name, 'polling');

            for (const pids of answered(engine.id)) {
                assert.ok(pids.size > 0, player.name);
                pids.forEach((pid) => four.add(pid));
            }
        }

        assert.strictEqual(four.size, 4);
        players[3].close();

        for (const player of players.slice(0, 3)) {
            assert.strictEqual((await player.next('participant:left'))
                .displayName, 'Dave');
        }
    });

    it('D-2 D-26 clients upgrade to a WebSocket anywhere', async () => {
        await Promise.all(Array.from({ length: TABLES }, async (_, i) => {
            const { sessionCode: code } = await rest.create('Alice');
            const alice = await sit('Alice', 'websocket', code);
            const bob = await sit('Bob', 'upgrade', code);

            await alice.next('participant:joined');

            for (let n = 0; n < ROUNDS; n++) {
                assert.strictEqual((await (n % 2 ? alice : bob).restart())
                    .success, true);
            }

            await until(() => bob.socket.io.engine.transport.name ===
                'websocket', `the upgrade at table ${i}`);
            await playRound([alice, bob], [['sushi-spot']]);

            for (const player of [alice, bob]) {
                assert.ok(!player.log.some((e) => e.kind === 'disconnect'));
                assert.strictEqual(player.all('session:restarted').length,
                    ROUNDS);
            }
        }));
    });
});


describe('redis: figures of two nginx', () => {
    const pair = usePair({ before, after, afterEach });

    function recovery(n) {
        return until(async () => {
            const all = await Promise.all(pair.servers.map((s) =>
                s.dinner()));

            return all.every((app) => app.recovery === n);
        }, `${n} records of sockets`);
    }

    it('each says how many sockets are connected or may be recovered',
        async () => {
            await recovery(0);

            const { sessionCode: code } = await pair.servers[0].rest
                .create('Alice');
            const players = [];

            for (const [i, name] of NAMES.entries()) {
                players.push(await pair.servers[i % 2].player({ name }));
                assert.strictEqual((await players[i].join(code)).success,
                    true);
            }

            await recovery(4);

            /* it may come back, and does */
            await players[0].vanish();
            await players[1].next('participant:left');
            await recovery(4);
            players[0].socket.connect();
            await players[0].connection(2);
            assert.ok(players[0].socket.recovered);
            await recovery(4);

            /* and these may, too, but for the last, who says goodbye */
            await players[0].vanish();
            await players[1].vanish();
            players[3].socket.disconnect();
            await recovery(3);
        });
});
