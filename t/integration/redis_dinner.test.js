'use strict';

/* Two nginx of two workers each, and one Redis: they serve the same rooms. */

const assert = require('node:assert');
const { describe, it, before, after, afterEach } = require('node:test');

const pairs = require('./lib/pair');
const { seat, round } = pairs;
const { sleep, until } = require('./lib/player');


/* o: for both nginx. */

function usePair(o) {
    return pairs.usePair({ before, after, afterEach },
        { allow: /exited on signal 9/, ...o });
}


for (const mode of ['websocket', 'polling']) {
    describe(`redis: two nginx, ${mode}`, () => {
        const pair = usePair({});

        it('D-26 D-52 a whole dinner on four workers', async () => {
            const { code, players } = await seat(pair, { mode });
            const results = await round(players);

            assert.strictEqual(results.hasOverlap, true);
            assert.strictEqual((await pair.servers[1].rest.session(code))
                .json.state, 'complete');
            assert.strictEqual((await players[3].restart()).success, true);

            for (const player of players) {
                await player.next('session:restarted');
            }
        });

        it('D-26 twenty join at both at once: four in', async () => {
            const { sessionCode: code } =
                await pair.servers[1].rest.create('Host');
            const racers = await Promise.all(Array.from({ length: 20 },
                (_, i) => pair.servers[i % 2].player({ name: `R${i}`,
                    mode })));
            const acks = await Promise.all(racers.map((p) => p.join(code)));

            assert.deepStrictEqual(acks.filter((a) => a.success)
                .map((a) => a.participantCount).sort(), [1, 2, 3, 4]);
            assert.ok(acks.every((a) => a.success ||
                a.code === 'SESSION_FULL'));
        });

        it('D-70 who leaves one nginx is missed at the other', async () => {
            const { players } = await seat(pair, { mode });

            players[3].close();

            for (const player of players.slice(0, 3)) {
                assert.strictEqual((await player.next('participant:left'))
                    .displayName, 'Dave');
            }
        });
    });
}


describe('redis: the keys of a session', () => {
    const pair = usePair({ ttl: '4s' });

    it('D-27 D-28 D-42 D-43 D-60 D-66 D-68 other services read them',
        async () => {
            const { code, players } = await seat(pair);
            const ask = (...words) => pair.redis.ask(...words);
            const ids = players.map((p) => p.participantId).sort();

            assert.deepStrictEqual((await ask('SMEMBERS',
                `session:${code}:participants`)).sort(), ids);
            assert.strictEqual(await ask('HGET',
                `participant:${players[1].participantId}`, 'displayName'),
            'Bob');
            assert.strictEqual(await ask('HGET', `session:${code}`, 'state'),
                'selecting');

            await players[0].submit(['sushi-spot', 'thai-kitchen']);

            const mine =
                `session:${code}:${players[0].participantId}:selections`;

            assert.deepStrictEqual((await ask('SMEMBERS', mine)).sort(),
                ['sushi-spot', 'thai-kitchen']);

            for (const player of players.slice(1)) {
                await player.submit(['sushi-spot']);
            }

            assert.deepStrictEqual((await ask('SMEMBERS',
                `session:${code}:results`)).sort(), ['-', 'sushi-spot']);

            /* one expiry for all of them */
            const keys = [`session:${code}`, mine, `session:${code}:results`,
                `session:${code}:participants`,
                `participant:${players[2].participantId}`];
            const times = [];

            for (const key of keys) {
                times.push(await ask('PEXPIRETIME', key));
            }

            assert.ok(times[0] > Date.now(), `${times}`);
            assert.ok(times.every((t) => t === times[0]), `${times}`);

            await players[0].restart();
            assert.strictEqual(await ask('EXISTS', mine,
                `session:${code}:results`), 0);
            assert.ok(await ask('PEXPIRETIME', keys[0]) > times[0]);

            await sleep(4500);
            assert.strictEqual(await ask('EXISTS', ...keys), 0);
        });
});


describe('redis: it goes away for a moment', () => {
    const pair = usePair({ app: ['redis_timeout 500ms;'] });

    it('D-73 connections closed: nobody is refused for long', async () => {
        const { code, players } = await seat(pair);

        await players[0].submit(['sushi-spot']);
        await players[3].next('participant:submitted');

        pair.redis.pause();

        const at = Date.now();
        const ack = await players[1].submit(['sushi-spot']);

        assert.strictEqual(ack.success, false, JSON.stringify(ack));
        assert.ok(Date.now() - at < 1500, `${Date.now() - at} ms`);

        /* what is held is still read, and nobody is thrown out */
        assert.strictEqual((await pair.servers[0].rest.session(code)).status,
            200);
        assert.ok(players.every((p) => p.socket.connected));
        pair.redis.resume();
        await pair.redis.ask('CLIENT', 'KILL', 'TYPE', 'normal');
        await pair.redis.ask('CLIENT', 'KILL', 'TYPE', 'pubsub');

        /* the unknown outcome of the submit above may be either */
        for (const player of players.slice(1)) {
            await until(async () => {
                const again = await player.submit(['sushi-spot']);

                return again.success || again.code === 'ALREADY_SUBMITTED';
            }, 'a command that is taken again', 10000);
        }

        for (const player of players) {
            await player.next('session:results', 5000);
        }

        assert.ok(players.every((p) => p.socket.connected));

        for (const player of [players[0], players[3]]) {
            assert.strictEqual(player.all('participant:submitted').length, 3);
        }
    });

    it('D-8 flushed: everybody comes back unrecovered', async () => {
        const { players } = await seat(pair);
        const gone = players.map((p) => p.log.length);

        await pair.redis.ask('FLUSHALL');
        await until(() => players.every((p, i) => p.log.slice(gone[i])
            .some((e) => e.kind === 'disconnect')), 'all told', 10000);
        await until(() => players.every((p) => p.socket.connected),
            'all back', 10000);
        assert.ok(players.every((p) => !p.socket.recovered));
    });

    it('scripts forgotten are sent again', async () => {
        const { players } = await seat(pair);

        await pair.redis.ask('SCRIPT', 'FLUSH');
        await round(players);
    });
});


describe('redis: recovery and death', () => {
    const pair = usePair({});

    it('D-6 who comes back at the other nginx has missed nothing',
        async () => {
            const { players } = await seat(pair);
            const [alice, bob] = players;
            const sid = bob.socket.id;

            /* the next connection goes to the other nginx */
            bob.socket.io.uri = pair.servers[0].url;
            bob.drop();
            await alice.next('participant:left');
            await alice.submit(['sushi-spot']);
            await until(() => bob.socket.connected && bob.socket.recovered,
                'recovered', 10000);
            assert.strictEqual(bob.socket.id, sid);
            assert.strictEqual((await bob.next('participant:submitted'))
                .participantId, alice.participantId);
        });

    it('D-70 an nginx killed whole: each member left, once', async () => {
        const { players } = await seat(pair);
        const victim = pair.servers[1];
        const at = Date.now();

        players[1].socket.io.reconnection(false);
        players[3].socket.io.reconnection(false);

        const pids = [victim.child.pid, ...await victim.pids()];

        pids.forEach((pid) => process.kill(pid, 'SIGKILL'));

        for (const player of [players[0], players[2]]) {
            await until(() => player.all('participant:left').length === 2,
                'both left', 12000);
            assert.deepStrictEqual(player.all('participant:left')
                .map((e) => e.participantId).sort(),
            [players[1].participantId, players[3].participantId].sort());
        }

        assert.ok(Date.now() - at < 10000);
        await sleep(1000);
        assert.strictEqual(players[0].all('participant:left').length, 2);
        await victim.gone;
        victim.closePlayers();
        pair.servers.pop();
    });
});
