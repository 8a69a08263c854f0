'use strict';

/* Leaving, coming back, and connection state recovery. */

const assert = require('node:assert');
const http = require('node:http');
const { describe, it, before, after, afterEach } = require('node:test');

const { useServer } = require('./lib/server');
const { Player, SCALE, sleep, until } = require('./lib/player');
const { RawPolling } = require('./lib/raw');
const { table, playRound, refused, MODES, RESTARTED } =
    require('./lib/play');


/* A table where every client has an offset to come back with. */

async function warmTable(server, names, mode) {
    const { code, players } = await table(server, names, mode);

    await players[0].restart();
    await Promise.all(players.map((p) => p.next('session:restarted')));
    await sleep(30);
    players.forEach((p) => p.clear());
    return { code, players };
}


for (const mode of MODES) {
    describe(`dinner: recovery over ${mode}`, () => {
        const server = useServer({ before, after, afterEach }, {});

        it('D-6 D-7 D-70 missed events come once, in order, same id',
            async () => {
                const { code, players } = await warmTable(server,
                    ['Alice', 'Bob', 'Charlie'], mode);
                const [alice, bob, charlie] = players;

                for (let round = 0; round < 4; round++) {
                    const id = bob.id;

                    players.forEach((p) => p.clear());
                    await bob.vanish();

                    const left = { participantId: bob.participantId,
                        displayName: 'Bob', participantCount: 3 };

                    assert.deepStrictEqual(
                        await alice.next('participant:left'), left);
                    assert.deepStrictEqual(
                        await charlie.next('participant:left'), left);

                    await alice.submit(['sushi-spot']);
                    await charlie.submit(['sushi-spot']);
                    await charlie.restart();
                    await alice.submit(['tapas-table']);
                    await charlie.next('participant:submitted');
                    bob.clear();
                    await bob.connect();

                    const back = await bob.connection(1);

                    assert.strictEqual(back.recovered, true);
                    assert.strictEqual(back.id, id);
                    await bob.on(() => bob.all('participant:submitted')
                        .length === 3, 'three submits');
                    await sleep(100);
                    assert.deepStrictEqual(bob.log
                        .filter((e) => e.kind === 'event')
                        .map((e) => [e.name, e.data.participantId ||
                            e.data.message]), [
                        ['participant:submitted', alice.participantId],
                        ['participant:submitted', charlie.participantId],
                        ['session:restarted', RESTARTED],
                        ['participant:submitted', alice.participantId],
                    ]);

                    /* a member still, with nothing said again */
                    assert.deepStrictEqual(await bob.submit(['tapas-table']),
                        { success: true });
                    await charlie.submit(['tapas-table']);
                    await Promise.all(players.map((p) =>
                        p.next('session:results')));
                    players.forEach((p) => {
                        assert.strictEqual(p.all('session:results').length,
                            1);
                        assert.deepStrictEqual(p.all('participant:joined'),
                            []);
                    });
                    await bob.restart();
                    await Promise.all(players.map((p) =>
                        p.on(() => p.all('session:restarted').length === 2,
                            'second restart')));
                    await sleep(900);
                }

                assert.strictEqual((await server.rest.session(code)).json
                    .participantCount, 3);
            });

        it('D-6 nothing is repeated where nothing was missed', async () => {
            const { players: [alice, bob] } = await warmTable(server,
                ['Alice', 'Bob'], mode);

            for (let round = 0; round < 4; round++) {
                await alice.vanish();
                alice.clear();
                await alice.connect();
                assert.strictEqual((await alice.connection(1)).recovered,
                    true);
                await sleep(60);
                assert.deepStrictEqual(alice.names(), ['<connect>']);
                await bob.restart();
                await alice.next('session:restarted');
                alice.clear();
            }
        });
    });
}


describe('dinner: leaving and returning', () => {
    const server = useServer({ before, after, afterEach }, {});

    it('D-4 a client with the delays of the contract returns by itself',
        async () => {
            const player = await server.player({ name: 'Alice',
                reconnection: true, reconnectionDelay: 1000,
                reconnectionDelayMax: 5000, reconnectionAttempts: 10 });
            const from = Date.now();

            player.drop();
            assert.match(await player.disconnection(1), /^transport/);
            await player.connection(2);
            assert.ok(Date.now() - from < 7000 * SCALE);
            assert.ok(player.socket.connected);
        });

    it('D-5 after a forced disconnect connect() and join work', async () => {
        for (const mode of ['websocket', 'polling']) {
            const { code, players: [alice, bob] } = await warmTable(server,
                ['Alice', 'Bob'], mode);
            const was = bob.participantId;
            const id = bob.id;

            /*
             * The server's packet is put in by hand; the client's own tells
             * the server that this socket is over.
             */
            bob.socket.io.engine.write('1');
            bob.socket.io.ondata('1');
            assert.strictEqual(await bob.disconnection(1),
                'io server disconnect');
            await alice.next('participant:left');
            await bob.connect();

            const back = await bob.join(code);

            assert.strictEqual(back.success, true, JSON.stringify(back));
            assert.strictEqual(back.participantId, was);
            assert.strictEqual(back.participantCount, 2);
            assert.ok(bob.id && id);
            assert.deepStrictEqual(await alice.next('participant:joined'), {
                participantId: was, displayName: 'Bob', participantCount: 2 });
            await server.clean();
        }
    });

    it('D-6 recovery also where the new connection is another worker\'s',
        async () => {
            const { players: [alice, bob] } = await warmTable(server,
                ['Alice', 'Bob']);
            const seen = new Set();

            for (let i = 0; i < 40 && seen.size < 2; i++) {
                await bob.vanish();
                await alice.next('participant:left');
                await alice.restart();
                await alice.next('session:restarted');

                const without = await server.bySlot();

                bob.clear();
                await bob.connect();
                assert.strictEqual((await bob.connection(1)).recovered, true);
                await bob.next('session:restarted');

                const now = await server.bySlot();

                for (const [slot, n] of now) {
                    if (n > without.get(slot)) {
                        seen.add(slot);
                    }
                }

                bob.clear();
                await sleep(120);
            }

            assert.strictEqual(seen.size, 2, `only worker ${[...seen]}`);
        });

    it('D-6 a client that reconnects by itself recovers', async () => {
        const { players: [alice, bob] } = await warmTable(server,
            ['Alice', 'Bob']);
        const id = bob.id;

        bob.socket.io.reconnection(true);
        bob.drop();
        await alice.next('participant:left');
        await alice.submit(['sushi-spot']);

        const back = await bob.connection(1);

        assert.deepStrictEqual(back, { id, recovered: true });
        assert.strictEqual((await bob.next('participant:submitted'))
            .submittedCount, 1);
    });

    it('D-6 the offset is the last argument of every event but error',
        async () => {
            const { players: [alice, bob] } = await warmTable(server,
                ['Alice', 'Bob']);

            await refused(alice, 'INVALID_OPTIONS', alice.submit(['x']));
            await playRound([alice, bob], [['sushi-spot']]);

            for (const e of alice.log.filter((x) => x.kind === 'event')) {
                assert.strictEqual(e.args.length, e.name === 'error' ? 1 : 2,
                    JSON.stringify(e));
            }

            for (const e of alice.log.filter((x) => x.kind === 'ack')) {
                assert.strictEqual(e.args.length, 1, JSON.stringify(e));
            }

            const offsets = bob.log.filter((x) => x.args &&
                x.kind === 'event').map((x) => x.args[1]);

            assert.ok(offsets.every((o) => typeof o === 'string'));
            assert.strictEqual(new Set(offsets).size, offsets.length);
        });

    it('D-6 who had a part of what one step caused gets just the rest',
        async () => {
            const { players: [alice, bob] } = await warmTable(server,
                ['Alice', 'Bob']);

            await alice.submit(['sushi-spot']);
            await bob.submit(['sushi-spot']);
            await alice.next('session:results');

            const [submitted, results] = alice.log
                .filter((e) => e.kind === 'event').slice(-2);

            assert.deepStrictEqual([submitted.name, results.name],
                ['participant:submitted', 'session:results']);

            /* as if the connection had been cut between the two */

            await alice.vanish();
            alice.socket._lastOffset = submitted.args[1];
            alice.clear();
            await alice.connect();
            await alice.next('session:results');
            await sleep(100);

            assert.deepStrictEqual(alice.log
                .filter((e) => e.kind === 'event')
                .map((e) => [e.name, e.args[1]]),
            [['session:results', results.args[1]]]);
        });

    it('D-75 D-6 error is never replayed', async () => {
        const { players: [alice, bob] } = await warmTable(server,
            ['Alice', 'Bob']);

        await refused(bob, 'INVALID_OPTIONS', bob.submit(['x']));
        await bob.vanish();
        bob.clear();
        await alice.restart();
        await bob.connect();
        await bob.next('session:restarted');
        await sleep(60);
        assert.deepStrictEqual(bob.all('error'), []);
    });

    it('D-7 recovery is no join: the table hears and counts nothing',
        async () => {
            const { code, players: [alice, bob] } = await warmTable(server,
                ['Alice', 'Bob']);
            const was = (await server.rest.session(code)).json;

            await sleep(1100);
            await bob.vanish();
            await alice.next('participant:left');
            await bob.connect();
            await sleep(150);

            /* not even the expiry has moved */
            assert.deepStrictEqual((await server.rest.session(code)).json,
                was);
            assert.deepStrictEqual(alice.all('participant:joined'), []);
            assert.strictEqual((await bob.submit(['sushi-spot'], code))
                .success, true);
        });

    /* So it is where a worker has died with a request, and not yet known. */

    it('D-6 who is cut off since two POSTs met may recover', async () => {
        const { code, players: [alice, bob] } = await warmTable(server,
            ['Alice', 'Bob'], 'polling');
        const half = http.request(`${bob.socket.io.uri}/socket.io/?EIO=4&` +
            `transport=polling&sid=${bob.socket.io.engine.id}`, {
            method: 'POST', agent: false, headers: { 'content-length': 10 } });

        half.on('error', () => {});
        half.write('4');

        /* as soon as the one above has arrived */
        await until(async () => {
            bob.tell('selection:submit', { sessionCode: code,
                selections: [] });
            await sleep(100);
            return !bob.socket.connected;
        }, 'the two to meet');
        await bob.disconnection(1);
        await alice.next('participant:left');
        await alice.submit(['sushi-spot']);
        assert.deepStrictEqual(await bob.connection(1),
            { id: bob.participantId, recovered: true });
        assert.strictEqual((await bob.next('participant:submitted'))
            .participantId, alice.participantId);
        half.destroy();
    });

    it('D-6 who is cut off since two GETs met may recover', async () => {
        const { players: [alice, bob] } = await warmTable(server,
            ['Alice', 'Bob'], 'polling');
        const raw = new RawPolling(bob.socket.io.uri);

        raw.sid = bob.socket.io.engine.id;
        assert.strictEqual((await raw.get()).status, 400);
        await bob.disconnection(1);
        await alice.next('participant:left');
        assert.deepStrictEqual(await bob.connection(1),
            { id: bob.participantId, recovered: true });
    });

    it('D-6 a made-up pid or offset is a new connection', async () => {
        const { players: [alice, bob] } = await warmTable(server,
            ['Alice', 'Bob']);
        const pid = alice.socket._pid;
        const offset = alice.socket._lastOffset;

        assert.strictEqual(typeof pid, 'string');

        const bad = [{ pid: 'nobody', offset }, { pid: '', offset: '' },
            { pid: pid.slice(0, -1), offset }, { pid: 1, offset: 2 },
            { pid: 'x'.repeat(5000), offset: 'y'.repeat(5000) },
            { pid: null, offset: null },
            /* alice is connected: hers cannot be taken over */
            { pid, offset }];

        for (const auth of bad) {
            const other = new Player(server.url, { auth });

            server.players.push(other);
            await other.connect();

            const state = await other.connection(1);

            assert.ok(!state.recovered, JSON.stringify(auth));
            assert.notStrictEqual(state.id, alice.id);
            other.close();
        }

        /* away, but with an offset of another journal or the future */
        await bob.vanish();

        for (const offset_ of ['zzzz-1', '-1', '99999999999999999999', '']) {
            const other = new Player(server.url, { auth: {
                pid: bob.socket._pid, offset: offset_ } });

            server.players.push(other);
            await other.connect();
            assert.ok(!(await other.connection(1)).recovered, offset_);
        }
    });

    it('D-70 on disconnect the others are told, the count unchanged',
        async () => {
            const { code, players } = await table(server,
                ['Alice', 'Bob', 'Charlie'], 'mixed');
            const [alice, bob, charlie] = players;

            for (const player of [charlie, bob]) {
                player.close();
                assert.deepStrictEqual(await alice.next('participant:left'), {
                    participantId: player.participantId,
                    displayName: player.name,
                    participantCount: 3,
                });
            }

            await sleep(150);
            assert.deepStrictEqual(alice.names(),
                ['participant:left', 'participant:left']);
            assert.strictEqual((await server.rest.session(code)).json
                .participantCount, 3);
        });

    it('D-70 a killed connection is noticed at once', async () => {
        const { players: [alice, bob] } = await table(server,
            ['Alice', 'Bob']);
        const from = Date.now();

        bob.drop();
        await alice.next('participant:left');
        assert.ok(Date.now() - from < 2000 * SCALE);
    });

    it('D-71 D-73 an absent member stays, counts, and may still submit',
        async () => {
            const { code, players } = await table(server,
                ['Alice', 'Bob', 'Charlie']);
            const [alice, bob, charlie] = players;

            await bob.submit(['sushi-spot']);
            bob.close();
            charlie.close();
            await alice.on(() => alice.all('participant:left').length === 2,
                'two left');
            await alice.submit(['sushi-spot']);
            await sleep(150);
            assert.deepStrictEqual(alice.all('session:results'), []);

            const back = await server.player({ side: 0, name: 'Charlie' });
            const ack = await back.join(code);

            assert.strictEqual(ack.participantId, charlie.participantId);
            assert.strictEqual(ack.participantCount, 3);
            assert.strictEqual(ack.hasSubmitted, false);
            assert.strictEqual(ack.participants.length, 3);
            assert.deepStrictEqual(await alice.next('participant:joined'), {
                participantId: charlie.participantId, displayName: 'Charlie',
                participantCount: 3 });
            await back.submit(['sushi-spot']);
            assert.deepStrictEqual(Object.keys((await alice.next(
                'session:results')).allSelections).sort(),
            ['Alice', 'Bob', 'Charlie']);
        });

    it('D-73 who returns after submitting may not submit again', async () => {
        const { code, players: [alice, bob] } = await table(server,
            ['Alice', 'Bob']);

        await bob.submit(['sushi-spot']);
        bob.close();
        await alice.next('participant:left');

        const back = await server.player({ side: 1, name: 'Bob' });
        const ack = await back.join(code);

        assert.strictEqual(ack.participantId, bob.participantId);
        assert.strictEqual(ack.hasSubmitted, true);
        await refused(back, 'ALREADY_SUBMITTED', back.submit(['tapas-table']));
    });

    it('D-73 a full session lets its own members return', async () => {
        const { code, players } = await table(server, ['A', 'B', 'C', 'D']);

        players[3].close();
        await players[0].next('participant:left');

        const stranger = await server.player({ name: 'E' });

        await refused(stranger, 'SESSION_FULL', stranger.join(code));

        const back = await server.player({ side: 0, name: 'D' });
        const ack = await back.join(code);

        assert.strictEqual(ack.participantId, players[3].participantId);
        assert.strictEqual(ack.participantCount, 4);
    });

    it('D-73 the host stays host after returning', async () => {
        const { code, players: [alice, bob] } = await table(server,
            ['Alice', 'Bob']);

        alice.close();
        await bob.next('participant:left');

        const back = await server.player({ side: 1, name: 'Alice' });
        const ack = await back.join(code);

        assert.deepStrictEqual(ack.participants.filter((p) => p.isHost)
            .map((p) => p.participantId), [alice.participantId]);
    });

    it('D-73 of two who return for one slot one takes it over', async () => {
        for (let round = 0; round < 6; round++) {
            const { code, players: [alice, bob] } = await table(server,
                ['Alice', 'Bob']);

            bob.close();
            await alice.next('participant:left');

            const two = [await server.player({ side: 0, name: 'Bob' }),
                await server.player({ side: 1, name: 'Bob' })];
            const acks = await Promise.all(two.map((p) => p.join(code)));

            assert.ok(acks.every((a) => a.success));
            assert.strictEqual(acks.filter((a) =>
                a.participantId === bob.participantId).length, 1);
            assert.strictEqual(Math.max(...acks.map((a) =>
                a.participantCount)), 3);
            await server.clean();
        }
    });

    it('D-73 after a takeover the old socket cannot be recovered',
        async () => {
            const { code, players: [alice, bob] } = await warmTable(server,
                ['Alice', 'Bob']);

            await bob.vanish();
            await alice.next('participant:left');

            const heir = await server.player({ side: 0, name: 'Bob' });

            assert.strictEqual((await heir.join(code)).participantId,
                bob.participantId);
            bob.clear();
            await bob.connect();
            assert.ok(!(await bob.connection(1)).recovered);
            await refused(bob, 'NOT_IN_SESSION',
                bob.submit(['sushi-spot'], code));
        });

    it('D-74 who was away at completion is sent the results', async () => {
        const { code, players: [alice, bob] } = await table(server,
            ['Alice', 'Bob']);

        await bob.submit(['sushi-spot']);
        bob.close();
        await alice.next('participant:left');
        await alice.submit(['sushi-spot', 'tapas-table']);

        const results = await alice.next('session:results');
        const back = await server.player({ side: 0, name: 'Bob' });
        const ack = await back.join(code);

        assert.strictEqual(ack.state, 'complete');
        assert.deepStrictEqual(await back.next('session:results'), results);
        await sleep(150);
        assert.deepStrictEqual(back.names(),
            ['ack session:join', 'session:results']);
        assert.strictEqual(alice.all('session:results').length, 1);
    });

    it('D-74 a recovered member gets the results among the missed',
        async () => {
            const { players: [alice, bob] } = await warmTable(server,
                ['Alice', 'Bob']);

            await bob.submit(['sushi-spot']);
            await bob.vanish();
            bob.clear();
            await alice.submit(['sushi-spot']);
            await alice.next('session:results');
            await bob.connect();
            assert.strictEqual((await bob.connection(1)).recovered, true);
            await bob.next('session:results');
            await sleep(100);
            assert.strictEqual(bob.all('session:results').length, 1);
        });
});


describe('dinner: a recovery window of one second', () => {
    const server = useServer({ before, after, afterEach },
        { rooms: 'rooms_recovery 1s;' });

    it('D-8 later than the window: a new id, no replay, join again',
        async () => {
            const { code, players: [alice, bob] } = await warmTable(server,
                ['Alice', 'Bob']);
            const id = bob.id;

            await bob.vanish();
            await alice.next('participant:left');
            await alice.submit(['sushi-spot']);
            await sleep(2000);
            bob.clear();
            await bob.connect();

            const back = await bob.connection(1);

            assert.ok(!back.recovered);
            assert.notStrictEqual(back.id, id);
            await refused(bob, 'NOT_IN_SESSION',
                bob.submit(['sushi-spot'], code));
            await sleep(100);
            assert.deepStrictEqual(bob.all('participant:submitted'), []);

            const ack = await bob.join(code);

            assert.strictEqual(ack.participantId, id);
            assert.strictEqual(ack.participantCount, 2);
            assert.strictEqual((await bob.submit(['sushi-spot'])).success,
                true);
        });

    it('D-6 within the window it recovers', async () => {
        const { players: [alice, bob] } = await warmTable(server,
            ['Alice', 'Bob']);

        await bob.vanish();
        await alice.restart();
        bob.clear();
        await bob.connect();
        assert.strictEqual((await bob.connection(1)).recovered, true);
        await bob.next('session:restarted');
    });
});


describe('dinner: recovery turned off', () => {
    const server = useServer({ before, after, afterEach },
        { rooms: 'rooms_recovery off;' });

    it('D-8 without recovery no offset is sent and none is kept',
        async () => {
            const { code, players: [alice, bob] } = await table(server,
                ['Alice', 'Bob']);

            await alice.restart();
            await bob.next('session:restarted');
            assert.ok(bob.log.filter((e) => e.kind === 'event')
                .every((e) => e.args.length === 1));
            assert.strictEqual(bob.socket._pid, undefined);

            const id = bob.id;

            await bob.vanish();
            bob.clear();
            await bob.connect();
            assert.ok(!(await bob.connection(1)).recovered);
            assert.strictEqual((await bob.join(code)).participantId, id);
        });
});
