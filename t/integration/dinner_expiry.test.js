'use strict';

/* Sessions end after a while without activity: once, and wholly. */

const assert = require('node:assert');
const { describe, it, before, after, afterEach } = require('node:test');

const { useServer } = require('./lib/server');
const { SCALE, sleep, until } = require('./lib/player');
const { table, playRound, refused, MODES } = require('./lib/play');

const TTL = 2 * SCALE;

const EXPIRED = (code) => ({
    sessionCode: code,
    reason: 'Session expired due to inactivity',
    message: 'This session has expired. Please create a new one.',
});


for (const mode of MODES) {
    describe(`dinner: expiry over ${mode}`, () => {
        const server = useServer({ before, after, afterEach },
            { ttl: `${TTL}s` });

        it('D-66 D-67 D-82 idle clients on both workers are told, once',
            async () => {
                const { code, players } = await table(server,
                    ['Alice', 'Bob', 'Charlie'], mode);

                await players[0].submit(['sushi-spot']);

                const from = Date.now();

                for (const player of players) {
                    assert.deepStrictEqual(
                        await player.next('session:expired', TTL * 1000 + 4000),
                        EXPIRED(code));
                }

                const took = Date.now() - from;

                assert.ok(took > TTL * 1000 - 300 &&
                    took < TTL * 1000 + 1500 * SCALE, `${took} ms`);

                const res = await server.rest.session(code);

                assert.strictEqual(res.status, 404);
                assert.strictEqual(res.json.code, 'SESSION_NOT_FOUND');

                await sleep(TTL * 500 + 300);
                players.forEach((p) => assert.strictEqual(
                    p.all('session:expired').length, 1));
                players.forEach((p) => assert.ok(p.socket.connected));
            });
    });
}


describe('dinner: rules of expiry', () => {
    const server = useServer({ before, after, afterEach },
        { ttl: `${TTL}s` });

    it('D-15 expiresAt speaks of the configured ttl', async () => {
        const made = await server.rest.create('Alice');
        const left = Date.parse(made.expiresAt) - Date.now();

        assert.ok(left <= TTL * 1000 + 1000 && left > TTL * 1000 - 1500,
            `${left}`);
    });

    it('D-68 D-28 D-43 D-62 each activity postpones the end', async () => {
        const { code, players } = await table(server, ['Alice', 'Bob']);
        const [alice, bob] = players;
        const step = TTL * 650;

        await sleep(step);
        await alice.submit(['sushi-spot']);
        await sleep(step);
        await bob.submit(['sushi-spot']);
        await sleep(step);
        await bob.restart();
        await sleep(step);

        const late = await server.player({ side: 0, name: 'Carol' });

        await late.join(code);
        await sleep(step);
        await server.rest.join(code, 'Dave');
        await sleep(step);

        assert.strictEqual((await server.rest.session(code)).status, 200);
        players.forEach((p) =>
            assert.deepStrictEqual(p.all('session:expired'), []));

        /* nothing of the session goes before the rest: all is still there */
        assert.strictEqual((await server.rest.session(code)).json
            .participantCount, 4);
        await alice.next('session:expired', TTL * 1000 + 4000);
    });

    it('D-68 reading and refused commands do not postpone it', async () => {
        const { code, players: [alice] } = await table(server, ['Alice']);
        const from = Date.now();
        const end = alice.next('session:expired', TTL * 1000 + 4000);

        while (alice.all('session:expired').length === 0 &&
            Date.now() - from < TTL * 2000) {
            await server.rest.session(code);
            await alice.submit(['nowhere']);
            await sleep(150);
        }

        await end;
        assert.ok(Date.now() - from < TTL * 1000 + 1500 * SCALE,
            `${Date.now() - from} ms`);
    });

    it('D-69 D-24 after expiry every command is SESSION_NOT_FOUND',
        async () => {
            const { code, players: [alice, bob] } = await table(server,
                ['Alice', 'Bob']);

            await alice.next('session:expired', TTL * 1000 + 4000);
            await bob.next('session:expired');

            for (const player of [alice, bob]) {
                await refused(player, 'SESSION_NOT_FOUND',
                    player.submit(['sushi-spot'], code));
                await refused(player, 'SESSION_NOT_FOUND',
                    player.restart(code));
                await refused(player, 'SESSION_NOT_FOUND', player.join(code));
            }

            const rest = await server.rest.join(code, 'Carol');

            assert.strictEqual(rest.status, 404);
            assert.strictEqual(rest.json.code, 'SESSION_NOT_FOUND');

            const fresh = await server.player({ name: 'Dan' });

            await refused(fresh, 'SESSION_NOT_FOUND', fresh.join(code));
        });

    it('D-67 after expiry the same sockets may start anew', async () => {
        const { players } = await table(server, ['Alice', 'Bob']);

        await Promise.all(players.map((p) =>
            p.next('session:expired', TTL * 1000 + 4000)));
        players.forEach((p) => p.clear());

        const { sessionCode: code } = await server.rest.create('Alice');

        for (const player of players) {
            assert.strictEqual((await player.join(code)).success, true);
        }

        const all = await playRound(players, [['sushi-spot']]);

        all.forEach((r) => assert.strictEqual(r.sessionCode, code));
    });

    it('D-66 D-14 a session nobody is connected to ends too', async () => {
        const made = await Promise.all(Array.from({ length: 10 }, (_, i) =>
            server.rest.create(`Host ${i}`)));

        await server.rest.join(made[0].sessionCode, 'Bob');
        await until(async () => {
            const all = await Promise.all(made.map((s) =>
                server.rest.session(s.sessionCode)));

            return all.every((r) => r.status === 404);
        }, 'ten sessions gone', TTL * 1000 + 4000);
        await until(async () => (await server.dinner()).rooms === 0,
            'no rooms left in /status', 5000);
    });

    it('D-72 the time runs on while a member is away', async () => {
        const { code, players: [alice, bob] } = await table(server,
            ['Alice', 'Bob']);
        const from = Date.now();

        await sleep(TTL * 500);
        bob.close();
        await alice.next('participant:left');
        await alice.next('session:expired', TTL * 1000 + 4000);
        assert.ok(Date.now() - from < TTL * 1000 + 1500 * SCALE,
            `${Date.now() - from} ms`);
        assert.strictEqual((await server.rest.session(code)).status, 404);
    });

    it('D-67 who was away at the end learns of it on recovery', async () => {
        const { code, players: [alice, bob] } = await table(server,
            ['Alice', 'Bob']);

        await alice.restart();
        await bob.next('session:restarted');
        bob.clear();
        await bob.vanish();
        await alice.next('session:expired', TTL * 1000 + 4000);
        await bob.connect();

        const { recovered } = await bob.connection(1);

        assert.strictEqual(recovered, true);
        assert.deepStrictEqual(await bob.next('session:expired'),
            EXPIRED(code));
        await refused(bob, 'SESSION_NOT_FOUND', bob.join(code));
    });

    it('D-67 other sessions go on', async () => {
        const one = await table(server, ['Alice', 'Bob']);
        const two = await table(server, ['Carol', 'Dan']);
        const end = one.players[0].next('session:expired', TTL * 1000 + 4000);
        let done = false;

        const keep = (async () => {
            while (!done) {
                await two.players[0].restart();
                await sleep(TTL * 200);
            }
        })();

        await end;
        done = true;
        await keep;
        await sleep(200);
        two.players.forEach((p) =>
            assert.deepStrictEqual(p.all('session:expired'), []));
        assert.strictEqual((await server.rest.session(two.code)).status, 200);
    });
});


describe('dinner: expiry and what happens to nginx', () => {
    const server = useServer({ before, after, afterEach },
        { ttl: `${3 * SCALE}s`, allow: /exited on signal 9/ });

    it('D-66 a reload keeps the end in time', async () => {
        const { sessionCode: code } = await server.rest.create('Alice');
        const from = Date.now();

        await server.rest.join(code, 'Bob');
        await server.reload();
        assert.strictEqual((await server.rest.session(code)).status, 200);
        await until(async () =>
            (await server.rest.session(code)).status === 404,
        'the session gone', 6000 * SCALE);

        const took = Date.now() - from;

        assert.ok(took > 2700 * SCALE && took < 5000 * SCALE, `${took} ms`);
    });

    it('D-67 the end comes though the creating worker died', async () => {
        const alice = await server.player({ side: 0, name: 'Alice' });
        const { sessionCode: code } = await server.rest.create('Alice');

        await alice.join(code);

        const app = await server.dinner();
        const other = app.workers.find((w) => w.slot !== alice.slot);

        server.kill(other.pid);
        assert.deepStrictEqual(
            await alice.next('session:expired', 8000 * SCALE), EXPIRED(code));
        await until(async () => (await server.dinner()).workers.length ===
            server.workers, 'the worker replaced');
    });
});
