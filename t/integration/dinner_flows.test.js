'use strict';

/* Whole evenings: the flows of the contract and its targets. */

const assert = require('node:assert');
const { describe, it, before, after, afterEach } = require('node:test');

const { useServer } = require('./lib/server');
const { Player, SCALE, sleep } = require('./lib/player');
const { fault, faults } = require('./lib/schemas');
const { table, playRound, refused, OPTION_IDS, MODES, RESTARTED } =
    require('./lib/play');

const ALICE = ['pizza-palace', 'sushi-spot', 'thai-kitchen'];
const BOB = ['sushi-spot', 'thai-kitchen', 'mexican-grill'];
const CHARLIE = ['thai-kitchen', 'sushi-spot', 'indian-curry'];


function p95(values) {
    const sorted = [...values].sort((a, b) => a - b);

    return sorted[Math.floor(sorted.length * 0.95)];
}


for (const mode of [...MODES, 'upgrade']) {
    describe(`dinner: flows over ${mode}`, () => {
        const server = useServer({ before, after, afterEach }, {});

        it('D-80 D-2 D-47 D-87 three people decide', async () => {
            const made = await server.rest.create('Alice');
            const code = made.sessionCode;
            const [alice, bob, charlie] = await server.spread(
                ['Alice', 'Bob', 'Charlie'], mode);
            const picks = new Map([[alice, ALICE], [bob, BOB],
                [charlie, CHARLIE]]);

            await server.assertBothWorkers();
            await alice.join(code);
            await bob.join(code);
            await alice.next('participant:joined');
            await charlie.join(code);
            await alice.next('participant:joined');
            await bob.next('participant:joined');

            for (const player of [alice, bob, charlie]) {
                await player.submit(picks.get(player));

                for (const other of [alice, bob, charlie]) {
                    if (other !== player) {
                        await other.next('participant:submitted');
                    }
                }
            }

            const all = await Promise.all([alice, bob, charlie].map((p) =>
                p.next('session:results')));

            await sleep(200);
            assert.deepStrictEqual(all[0].overlappingOptions.map((o) =>
                o.optionId).sort(), ['sushi-spot', 'thai-kitchen']);
            assert.deepStrictEqual(alice.names(), [
                'ack session:join', 'participant:joined',
                'participant:joined', 'ack selection:submit',
                'participant:submitted', 'participant:submitted',
                'session:results']);
            assert.deepStrictEqual(bob.names(), [
                'ack session:join', 'participant:joined',
                'participant:submitted', 'ack selection:submit',
                'participant:submitted', 'session:results']);
            assert.deepStrictEqual(charlie.names(), [
                'ack session:join', 'participant:submitted',
                'participant:submitted', 'ack selection:submit',
                'session:results']);

            for (const player of [alice, bob, charlie]) {
                assert.deepStrictEqual(faults(player), []);
                assert.strictEqual(player.socket.io.engine.transport.name,
                    player.mode === 'polling' ? 'polling' : 'websocket');
            }
        });

        it('D-81 D-54 no overlap, restart, both select again', async () => {
            const { code, players } = await table(server, ['Alice', 'Bob'],
                mode);
            const [alice, bob] = players;
            const first = await playRound(players, [['pizza-palace'],
                ['sushi-spot']]);

            first.forEach((r) => assert.deepStrictEqual(
                [r.hasOverlap, r.overlappingOptions], [false, []]));
            await alice.restart();

            for (const player of players) {
                assert.deepStrictEqual(await player.next('session:restarted'),
                    { sessionCode: code, message: RESTARTED });
            }

            assert.strictEqual((await server.rest.session(code)).json.state,
                'selecting');

            const second = await playRound(players, [['tapas-table']]);

            second.forEach((r) => assert.strictEqual(r.hasOverlap, true));
            await refused(bob, 'ALREADY_SUBMITTED',
                bob.submit(['pizza-palace']));
            players.forEach((p) => assert.deepStrictEqual(faults(p), []));
        });

        it('D-86 D-51 four people choose all fifteen', async () => {
            const { players } = await table(server, ['Alice', 'Bob',
                'Charlie', 'Dave'], mode);
            const all = await playRound(players, [OPTION_IDS]);

            for (const results of all) {
                const size = JSON.stringify(results).length;

                assert.strictEqual(results.overlappingOptions.length, 15);
                assert.ok(Object.values(results.allSelections)
                    .every((s) => s.length === 15));
                assert.ok(size < 5000, `${size} octets`);
            }

            players.forEach((p) => assert.deepStrictEqual(faults(p), []));
        });
    });
}


describe('dinner: targets', () => {
    const server = useServer({ before, after, afterEach }, {});

    it('D-83 a broadcast goes to the room, not to all', async () => {
        const outsiders = await server.spread(['x', 'y', 'z', 'w']);
        const { players } = await table(server, ['Alice', 'Bob']);

        outsiders.forEach((p) => p.clear());

        const out = (await server.dinner()).events.out;

        await playRound(players, [['sushi-spot']]);
        await players[0].restart();
        await players[1].next('session:restarted');
        await sleep(150);
        outsiders.forEach((p) => assert.deepStrictEqual(p.names(), []));

        const sent = (await server.dinner()).events.out - out;

        assert.ok(sent > 0 && sent <= 12, `${sent} events left the server`);
    });

    it('D-84 acks and broadcasts are quick, overlap included', async () => {
        const { players } = await table(server, ['A', 'B', 'C', 'D']);
        const acks = [];
        const casts = [];
        const overlaps = [];

        for (let round = 0; round < 15; round++) {
            let sent = 0;

            players.forEach((p) => p.clear());

            for (const player of players) {
                sent = process.hrtime.bigint();
                await player.submit(OPTION_IDS);
                acks.push(Number(process.hrtime.bigint() - sent) / 1e6);
            }

            await Promise.all(players.map((p) => p.next('session:results')));
            overlaps.push(Number(process.hrtime.bigint() - sent) / 1e6);
            sent = process.hrtime.bigint();
            await players[round % 4].restart();
            await Promise.all(players.map((p) =>
                p.next('session:restarted')));
            casts.push(Number(process.hrtime.bigint() - sent) / 1e6);
            await sleep(60);
        }

        assert.ok(p95(acks) < 100 * SCALE, `ack p95 ${p95(acks)} ms`);
        assert.ok(p95(casts) < 200 * SCALE, `broadcast p95 ${p95(casts)} ms`);
        assert.ok(p95(overlaps) < 200 * SCALE, `results ${p95(overlaps)} ms`);
    });

    it('D-85 fifty sessions of four at once', async () => {
        const acks = [];
        const start = Date.now();

        const tables = await Promise.all(Array.from({ length: 50 },
            async () => {
                const { sessionCode: code } = await server.rest.create('A');
                const players = await Promise.all(['A', 'B', 'C', 'D'].map(
                    (name) => server.player({ name })));

                return { code, players };
            }));

        await server.assertBothWorkers();
        assert.strictEqual((await server.dinner()).sockets, 200);

        const timed = async (promise) => {
            const from = process.hrtime.bigint();
            const ack = await promise;

            acks.push(Number(process.hrtime.bigint() - from) / 1e6);
            assert.strictEqual(ack.success, true, JSON.stringify(ack));
        };

        await Promise.all(tables.map(async ({ code, players }, t) => {
            for (const player of players) {
                await timed(player.join(code));
            }

            for (let round = 0; round < 3; round++) {
                const pick = OPTION_IDS[(t + round) % 15];

                players.forEach((p) => p.clear());
                await Promise.all(players.map((p) =>
                    timed(p.submit([pick, OPTION_IDS[(t + 7) % 15]]))));

                const all = await Promise.all(players.map((p) =>
                    p.next('session:results')));

                for (const results of all) {
                    assert.strictEqual(results.sessionCode, code);
                    assert.ok(results.overlappingOptions.some((o) =>
                        o.optionId === pick));
                }

                await timed(players[round].restart());
                await Promise.all(players.map((p) =>
                    p.next('session:restarted')));
            }

            players.forEach((p) => {
                assert.strictEqual(p.all('session:results').length, 1);
                assert.deepStrictEqual(faults(p), []);
            });
        }));

        /* 200 clients in one process: a sanity check, not the benchmark */
        assert.ok(p95(acks) < 1000 * SCALE, `ack p95 ${p95(acks)} ms`);
        assert.ok(Date.now() - start < 60000 * SCALE);
    });

    it('D-87 results and errors of every kind fit their schemas',
        async () => {
            const { code, players } = await table(server,
                ['Alice', 'Bob', 'Bob']);
            const out = await server.player({ name: 'Zed', side: 1 });

            await refused(out, 'SESSION_NOT_FOUND', out.join('QQQQQ7'));
            await refused(out, 'VALIDATION_ERROR', out.join('bad'));
            await refused(out, 'NOT_IN_SESSION', out.restart(code));
            await refused(players[0], 'INVALID_OPTIONS',
                players[0].submit(['x']));
            await playRound(players, [ALICE, BOB, CHARLIE]);
            await refused(players[0], 'ALREADY_SUBMITTED',
                players[0].submit(ALICE));
            await players[1].restart();
            await players[0].next('session:restarted');
            players[2].close();
            await players[0].next('participant:left');

            for (const player of [...players, out]) {
                assert.deepStrictEqual(faults(player), []);
            }

            /* the check itself can fail */
            assert.match(fault('error', { code: 1, message: 'x' }), /code/);
            assert.match(fault('session:results', { sessionCode: code }),
                /required/);
        });

    it('D-4 D-80 the client of the contract, as written', async () => {
        const made = await server.rest.create('Alice');
        const alice = new Player(server.url, { name: 'Alice',
            transports: ['websocket', 'polling'], reconnection: true,
            reconnectionDelay: 1000, reconnectionDelayMax: 5000,
            reconnectionAttempts: 10 });

        server.players.push(alice);
        await alice.connect();

        const ack = await alice.join(made.sessionCode);

        assert.strictEqual(ack.success, true);
        assert.ok(ack.participants.some((p) => p.displayName === 'Alice'));
        assert.deepStrictEqual(await alice.submit(ALICE), { success: true });
        assert.strictEqual((await alice.next('session:results')).hasOverlap,
            true);
    });
});
