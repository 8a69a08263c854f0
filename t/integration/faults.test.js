'use strict';

/* Workers die, nginx is reloaded, the zone is full: play goes on. */

const assert = require('node:assert');
const fs = require('node:fs');
const { describe, it, before, after, afterEach } = require('node:test');

const { useServer } = require('./lib/server');
const { SCALE, sleep, until } = require('./lib/player');
const { RawPolling } = require('./lib/raw');
const { Crowd } = require('./lib/crowd');
const { changedContracts } = require('./lib/conftest');
const { table, playRound, refused } = require('./lib/play');

const KILLS = Number(process.env.ROOMS_KILLS || 30);
const RELOADS = Number(process.env.ROOMS_RELOADS || 12);
const FILLS = Number(process.env.ROOMS_FILLS || 4);


function descriptors(pid) {
    return fs.readdirSync(`/proc/${pid}/fd`).length;
}


/* Resident memory in kilobytes. */

function resident(pid) {
    const status = fs.readFileSync(`/proc/${pid}/status`, 'utf8');

    return Number(/^VmRSS:\s+(\d+)/m.exec(status)[1]);
}


function alive(pid) {
    try {
        process.kill(pid, 0);
        return true;
    } catch (e) {
        return false;
    }
}


describe('faults: a worker dies', () => {
    const server = useServer({ before, after, afterEach },
        { allow: /exited on signal 9/ });

    it(`D-6 D-70 kill -9 under play of 50 sessions, ${KILLS} times`,
        { timeout: 600000 * SCALE }, async () => {
            const crowd = await new Crowd(server, 50, 3).open();

            crowd.play(250 * SCALE);

            for (let round = 0; round < KILLS; round++) {
                await kill(crowd, round);
            }

            await crowd.stop();
            await crowd.settle();
            crowd.assertNothingLost();
            assert.ok(crowd.acked > 50, `${crowd.acked} commands`);

            /* and the lock is free */
            assert.strictEqual((await server.rest.get('/health')).status, 200);
            await server.rest.create('Alice');
        });

    /* By turns, but only one that has sockets. */

    async function kill(crowd, round) {
        const { workers } = await server.dinner();
        const turn = workers[round % workers.length];
        const victim = turn.sockets ? turn : workers.find((w) => w.sockets);
        const marks = new Map(crowd.players.map((p) => [p, p.log.length]));
        const at = Date.now();

        server.kill(victim.pid);

        await until(() => crowd.players.filter((p) => !p.socket.connected)
            .length >= victim.sockets * 0.9, 'the lost connections', 5000);
        await sleep(1000 * SCALE);

        /* polling clients notice with their next request */
        const lost = new Set(crowd.players.filter((p) => p.log
            .slice(marks.get(p)).some((e) => e.kind === 'disconnect')));

        for (const { code, players } of crowd.tables) {
            const gone = players.filter((p) => lost.has(p))
                .map((p) => p.participantId).sort();

            for (const player of players.filter((p) => !lost.has(p))) {
                const told = player.log.slice(marks.get(player)).filter((e) =>
                    e.name === 'participant:left');

                assert.deepStrictEqual(told.map((e) =>
                    e.data.participantId).sort(), gone,
                `round ${round}, ${code}: ${player.name} was told`);
                assert.ok(told.every((e) =>
                    e.at - at < 1000 * SCALE + 150), `after ${told.map((e) =>
                    e.at - at)} ms`);
            }
        }

        await until(() => crowd.players.every((p) => p.socket.connected),
            'everybody back', 15000 * SCALE);
        await until(async () => {
            const app = await server.dinner();

            return app.workers.length === server.workers &&
                app.sockets === crowd.players.length;
        }, 'both workers in /status');

        crowd.assertRecovered(`after round ${round}`);
    }

    it('D-71 who died with the worker is still a member', async () => {
        const { code, players: [alice, bob] } = await table(server,
            ['Alice', 'Bob']);
        const { workers } = await server.dinner();

        bob.socket.io.reconnection(false);
        await bob.submit(['sushi-spot']);
        await alice.next('participant:submitted');
        server.kill(workers.find((w) => w.slot === bob.slot).pid);
        assert.deepStrictEqual(await alice.next('participant:left'), {
            participantId: bob.participantId, displayName: 'Bob',
            participantCount: 2 });
        await alice.submit(['sushi-spot']);
        assert.deepStrictEqual((await alice.next('session:results'))
            .allSelections, { Alice: ['sushi-spot'], Bob: ['sushi-spot'] });
        assert.strictEqual((await server.rest.session(code)).json.state,
            'complete');
        await until(async () => (await server.dinner()).workers.length ===
            server.workers, 'the worker replaced');
    });

    /* Somebody who polls and says nothing more; NULL: at another worker. */

    async function poller(code, slot) {
        const raw = new RawPolling(server.url);

        await raw.open();
        await raw.post('40');
        await raw.packets();

        const { workers } = await server.dinner();

        if (workers.find((w) => w.polling).slot !== slot) {
            await raw.post('1');
            return null;
        }

        await raw.post('420["session:join",{"sessionCode":"' + code +
            '","displayName":"Poller"}]');

        while (!(await raw.packets()).some((p) => p.startsWith('430'))) {
            /* what else there is to hear */
        }

        return raw;
    }

    it('D-70 whose request dies with another worker has left', async () => {
        const { code, players: [alice] } = await table(server, ['Alice']);
        let cut = false;

        while (!cut) {
            const raw = await poller(code, alice.slot);

            if (raw) {
                const get = raw.get().then(() => false, () => true);

                await alice.next('participant:joined');
                await sleep(100);

                const { workers } = await server.dinner();

                server.kill(workers.find((w) => w.slot !== alice.slot).pid);
                cut = await Promise.race([get, sleep(500 * SCALE)]);

                if (!cut) {
                    await raw.post('1');
                }

                await alice.next('participant:left');
            }

            await until(async () => {
                const now = await server.dinner();

                return now.workers.length === server.workers &&
                    now.sockets === 1;
            }, 'the worker replaced, the poller gone');
        }
    });

    it('D-73 the state outlives both workers', async () => {
        const { code, players: [alice, bob] } = await table(server,
            ['Alice', 'Bob']);

        await alice.submit(['sushi-spot']);
        alice.socket.io.reconnection(false);
        bob.socket.io.reconnection(false);

        const pids = await server.pids();

        pids.forEach((pid) => server.kill(pid));
        await until(async () => {
            const now = await server.pids().catch(() => []);

            return now.length === pids.length &&
                now.every((p) => !pids.includes(p));
        }, 'new workers', 10000 * SCALE);

        const back = await server.player({ side: 1, name: 'Bob' });
        const ack = await back.join(code);

        assert.strictEqual(ack.participantId, bob.participantId);
        await back.submit(['sushi-spot']);
        assert.deepStrictEqual((await back.next('session:results'))
            .allSelections, { Alice: ['sushi-spot'], Bob: ['sushi-spot'] });
    });
});


describe('faults: reload', () => {
    const server = useServer({ before, after, afterEach },
        { rooms: 'rooms_shutdown_time 500ms;', shutdown: '3s' });

    it(`D-6 ${RELOADS} reloads under play lose and double nothing`,
        { timeout: 600000 * SCALE }, async () => {
            const crowd = await new Crowd(server, 20, 3).open();
            const master = server.child.pid;
            const old = new Set();

            crowd.play(200 * SCALE);
            await server.reload();
            await sleep(2000 * SCALE);

            const fds = descriptors(master);
            const memory = resident(master);

            for (let round = 0; round < RELOADS; round++) {
                (await server.reload()).forEach((pid) => old.add(pid));
                await sleep(2000 * SCALE);
            }

            await crowd.stop();
            await crowd.settle();
            crowd.assertNothingLost();
            assert.ok(crowd.acked > 50, `${crowd.acked} commands`);

            await until(() => [...old].every((pid) => !alive(pid)),
                'old workers gone', 10000 * SCALE);
            assert.strictEqual(descriptors(master), fds);

            /* a checking allocator keeps what was freed for a while */

            const slack = SCALE > 1 ? 65536 : 4096;

            assert.ok(resident(master) < memory * 1.2 + slack,
                `${memory} kB before, ${resident(master)} kB after`);

            const app = await server.dinner();

            assert.strictEqual(app.workers.length, server.workers);
            assert.strictEqual(app.sockets, crowd.players.length);
        });

    it('D-6 D-17 a reload changes the contract under play', async () => {
        const { code, players } = await table(server, ['Alice', 'Bob']);
        const dir = changedContracts((docs) => {
            (docs.asyncapi['x-rooms-options'] ||
                docs.openapi['x-rooms-options']).push({
                optionId: 'soup-kitchen', displayName: 'Soup Kitchen' });
        });

        await players[0].restart();
        await Promise.all(players.map((p) => p.next('session:restarted')));
        await refused(players[0], 'INVALID_OPTIONS',
            players[0].submit(['soup-kitchen']));
        players.forEach((p) => p.clear());
        server.write({ contracts: dir });
        await server.reload();
        await Promise.all(players.map((p) => p.connection(1, 10000 * SCALE)));

        for (const player of players) {
            assert.deepStrictEqual(await player.connection(1),
                { id: player.participantId, recovered: true });
        }

        const all = await playRound(players, [['soup-kitchen']]);

        assert.deepStrictEqual(all[0].overlappingOptions, [{
            optionId: 'soup-kitchen', displayName: 'Soup Kitchen' }]);
        assert.strictEqual((await server.rest.session(code)).json.state,
            'complete');
        server.write({ contracts: undefined });
        await server.reload();
        fs.rmSync(dir, { recursive: true, force: true });
    });

    it('a reload of a broken configuration changes nothing', async () => {
        const { players } = await table(server, ['Alice', 'Bob']);
        const pids = await server.pids();

        server.allow = /rooms_max_payload|configuration file/;
        server.write({ rooms: 'rooms_max_payload nonsense;' });
        server.child.kill('SIGHUP');
        await until(() => /rooms_max_payload/.test(server.errorLog()),
            'the complaint');
        await sleep(300);
        assert.deepStrictEqual(await server.pids(), pids);
        assert.strictEqual((await playRound(players, [['sushi-spot']]))
            .length, 2);
        players.forEach((p) => assert.ok(!p.names().includes('<disconnect>')));
        server.write({ rooms: 'rooms_shutdown_time 500ms;' });
    });
});


describe('faults: a zone of 1 MB filled to the end', () => {
    const TTL = 4 * SCALE;
    const server = useServer({ before, after, afterEach },
        { zone: '1m', ttl: `${TTL}s` });

    /* Creates sessions until the zone refuses, or so many are made. */

    async function fill(max) {
        let made = 0;

        for (;;) {
            const some = await Promise.all(Array.from({ length: 40 }, () =>
                server.rest.post('/api/sessions',
                    { hostName: 'x'.repeat(50) })));

            made += some.filter((r) => r.status === 201).length;

            const full = some.find((r) => r.status !== 201);

            if (full) {
                return { made, full };
            }

            if (made >= max) {
                return { made };
            }

            assert.ok(made < 50000, 'the zone never fills');
        }
    }

    if (process.env.ROOMS_REDIS) {
        it('D-76 D-77 does not bound what Redis keeps', async () => {
            const { players } = await table(server, ['Alice', 'Bob'],
                'mixed');

            assert.strictEqual((await fill(4000)).full, undefined);
            await runningSessions(players);
            await until(async () => (await server.dinner()).rooms === 0,
                'every session expired', (TTL + 6) * 1000);
        });

        return;
    }

    it(`D-76 D-77 answers clearly and works again, ${FILLS} rounds`,
        { timeout: (60000 + 15000 * FILLS) * SCALE }, async () => {
            const counts = [];

            for (let round = 0; round < FILLS; round++) {
                const { players } = await table(server, ['Alice', 'Bob'],
                    'mixed');
                const { made, full } = await fill();

                counts.push(made);
                assert.strictEqual(full.status, 503, full.text);
                assert.strictEqual(full.json.code, 'INTERNAL_ERROR');
                assert.doesNotMatch(full.text,
                    /slab|shm|shared|zone|errno|memory|\.c\b/i);
                await runningSessions(players);
                await server.clean();
                await until(async () => (await server.dinner()).rooms === 0,
                    'every session expired', (TTL + 6) * 1000);
            }

            /* nothing is left behind: each round has room for as many */
            for (const made of counts) {
                assert.ok(made > 10 && made >= counts[0] * 0.9, `${counts}`);
            }
        });

    /* They live on; a command is done or refused, never lost. */

    async function runningSessions(players) {
        for (const player of players) {
            const ack = await player.restart();

            if (!ack.success) {
                assert.strictEqual(ack.code, 'INTERNAL_ERROR');
                assert.doesNotMatch(JSON.stringify(ack),
                    /slab|shm|shared|zone|errno|memory|\.c\b/i);
                assert.strictEqual((await player.next('error')).code,
                    'INTERNAL_ERROR');
            }

            assert.ok(player.socket.connected);
        }

        assert.strictEqual((await server.rest.session(players[0].code))
            .status, 200);
        await Promise.all(players.map((p) => p.next('session:expired',
            (TTL + 5) * 1000)));
    }
});


describe('faults: what /status and /metrics say', () => {
    const server = useServer({ before, after, afterEach }, { alone: true });

    it('/status adds up', async () => {
        /* a worker learns the epoch from Redis when it is connected */
        const was = await until(async () => {
            const app = await server.dinner();

            return app.epoch !== '0' && app;
        }, 'the epoch');
        const { players } = await table(server, ['A', 'B', 'C', 'D'],
            'mixed');

        await playRound(players, [['sushi-spot']]);

        /* the rooms in Redis are counted now and then */
        await until(async () => (await server.dinner()).rooms ===
            was.rooms + 1, 'the room');

        const status = await server.status();
        const app = status.apps.dinner;

        assert.strictEqual(typeof status.version, 'string');
        assert.strictEqual(status.workers.length, 2);
        assert.strictEqual(app.application, 'dinner');
        assert.strictEqual(app.sockets, 4);
        assert.deepStrictEqual(app.transports, { websocket: 2, polling: 2 });
        assert.strictEqual(app.workers.reduce((n, w) => n + w.sockets, 0), 4);
        assert.strictEqual(app.workers.reduce((n, w) => n + w.websocket, 0),
            2);
        assert.strictEqual(app.workers.reduce((n, w) => n + w.polling, 0), 2);

        /* 4 joins and 4 submits came in; acks and broadcasts went out */
        assert.strictEqual(app.events.in - was.events.in, 8);
        assert.ok(app.events.out - was.events.out >= 6 + 12 + 4,
            JSON.stringify(app.events));

        for (const key of ['size', 'live', 'used', 'window_ms', 'head']) {
            assert.ok(key in app.journal, key);
        }

        assert.ok(app.journal.used <= app.journal.size);
        assert.strictEqual(app.epoch, was.epoch);
        assert.deepStrictEqual(status.workers.map((w) => w.pid).sort(),
            app.workers.map((w) => w.pid).sort());
    });

    it('/metrics is Prometheus text and agrees with /status', async () => {
        await server.spread(['a', 'b', 'c'], 'mixed');

        const res = await server.rest.get('/metrics');

        assert.strictEqual(res.status, 200);
        assert.match(res.headers['content-type'],
            /^text\/plain; *version=0\.0\.4/);

        const names = new Set();
        const typed = new Set();
        let sockets = 0;

        for (const line of res.text.trim().split('\n')) {
            if (line.startsWith('#')) {
                const [, kind, name] =
                    /^# (HELP|TYPE) ([a-z_:][a-z0-9_:]*) .+$/.exec(line);

                if (kind === 'TYPE') {
                    assert.ok(!typed.has(name), `${name} typed twice`);
                    typed.add(name);
                }

                continue;
            }

            const m = /^([a-z_:][a-z0-9_:]*)(\{[^}]*\})? (-?[0-9.e+]+)$/
                .exec(line);

            assert.ok(m, line);
            names.add(m[1]);

            if (/socket|connection/.test(m[1]) &&
                !/total/.test(m[1])) {
                sockets = Math.max(sockets, Number(m[3]));
            }
        }

        assert.ok(names.size >= 5, [...names].join());
        [...names].forEach((name) => assert.ok(typed.has(name) ||
            typed.has(name.replace(/_(bucket|sum|count)$/, '')), name));
        assert.ok(sockets >= 1, res.text);
    });

    it('counts fall back to nothing when all have gone', async () => {
        await server.spread(['a', 'b', 'c', 'd'], 'mixed');
        await server.clean();

        await until(async () => {
            const { transports, workers } = await server.dinner();

            return transports.websocket === 0 && transports.polling === 0 &&
                workers.every((w) => w.sockets === 0 && w.polling === 0 &&
                    w.websocket === 0);
        }, 'all counts at nothing');
    });
});
