'use strict';

/* The journal in a file: nginx is killed or stopped, and starts again. */

const assert = require('node:assert');
const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { describe, it, before, after, afterEach } = require('node:test');

const { io } = require('socket.io-client');

const { Server, nginxBin, useServer } = require('./lib/server');
const { OrchestratorServer } = require('./lib/orchestrator');
const { PollsServer } = require('./lib/polls');
const { Platform } = require('./lib/platform');
const { SCALE, sleep, until } = require('./lib/player');
const { table } = require('./lib/play');

const GAME = Number(process.env.ROOMS_GAME || 160);
const CRASHES = Number(process.env.ROOMS_CRASHES || 2);
const ZONE = '4m file=journal';


const EXPECTED = /rooms: journal|exited on signal 9/;


/* The master first, which would start others in the place of its workers. */

async function crash(server) {
    const pids = [server.child.pid, ...(await server.pids())];

    pids.forEach((pid) => server.kill(pid));
    await server.gone;
    await until(() => pids.every((pid) => !fs.existsSync(`/proc/${pid}`) ||
        /^State:\s+Z/m.test(fs.readFileSync(`/proc/${pid}/status`, 'utf8'))),
    'nginx gone');
}


async function start(server) {
    fs.rmSync(path.join(server.dir, 'nginx.pid'), { force: true });
    server.run();
    await until(() => server.exited || server.ready(), 'nginx up', 10000);
    assert.ok(!server.exited, server.errorLog());
}


async function stop(server) {
    server.child.kill('SIGTERM');
    assert.ok(await server.goneWithin(10000 * SCALE), 'nginx stops');
}


/* A start that must fail; what it says. */

function refused(server, args) {
    const run = spawnSync(nginxBin(), ['-p', `${server.dir}/`,
        '-c', path.join(server.dir, 'nginx.conf'),
        '-e', path.join(server.dir, 'refused.log'), ...(args || [])],
    { encoding: 'utf8', timeout: 20000 });

    assert.strictEqual(run.status, 1, run.stderr);
    return run.stderr;
}


function useFile(make) {
    const server = make;

    server.allow = server.allow || EXPECTED;
    before(() => server.start());
    afterEach(() => server.closePlayers());
    after(() => server.stop());
    return server;
}


/* A station: a stock client that comes back by itself. */

class Station {
    constructor(url, id) {
        this.id = id;
        this.list = [];
        this.acked = [];
        this.twice = [];
        this.connects = 0;
        this.socket = io(url, { transports: ['websocket'], forceNew: true,
            reconnectionDelay: 50, reconnectionDelayMax: 200,
            randomizationFactor: 0.5 });
        this.socket.on('connect', () => this.connected());
        this.socket.on('transaction:new', ({ data }) =>
            (this.list.includes(data.id) ? this.twice : this.list)
                .push(data.id));
        this.socket.on('sync:full', ({ data }) => this.all(data.transactions));
    }

    async connected() {
        this.connects++;

        try {
            await this.socket.timeout(4000 * SCALE).emitWithAck('gm:identify',
                { stationId: this.id, version: '1.0.0' });
            this.socket.emit('state:request', {});
        } catch (e) {
            /* nginx was killed again, it will connect again */
        }
    }

    /* The latest hundred, instead of what is known of them. */

    all(transactions) {
        if (transactions.length) {
            const ids = transactions.map((t) => t.id);
            const from = this.list.indexOf(ids[0]);

            this.list.splice(from < 0 ? this.list.length : from, Infinity,
                ...ids);
        }
    }

    async submit(tokenId) {
        let ack = null;

        for (let i = 0; i < 40; i++) {
            try {
                ack = await this.socket.timeout(2000 * SCALE)
                    .emitWithAck('transaction:submit', { tokenId,
                        teamId: `TEAM_${this.id}`, scannerId: 'SCANNER_01' });

                if (ack.success) {
                    this.acked.push(ack.transactionId);
                    return;
                }
            } catch (e) {
                /* it does not come: once more */
            }

            await sleep(100);
        }

        throw new Error(`${this.id}: ${tokenId} is not taken: ` +
            JSON.stringify(ack));
    }
}


async function game(server, total, crashes) {
    const session = await server.session();
    const stations = ['A', 'B', 'C', 'D'].map((id) =>
        new Station(server.url, id));
    let sent = 0;
    let rounds = 0;

    try {
        await until(() => stations.every((s) => s.connects), 'stations');
        await sleep(200);

        const play = Promise.all(stations.map(async (station) => {
            while (sent < total) {
                const n = sent++;

                await station.submit(n % 8 ? `X_${n}`
                    : `MEM_${101 + n / 8 % 20}`);
                await sleep(110);
            }
        }));

        while (rounds < crashes) {
            const at = (rounds + 1) * total / (crashes + 1);

            await until(() => sent >= at, 'half of the game',
                total * 400 * SCALE);
            await crash(server);
            await start(server);
            rounds++;
            await until(() => stations.every((s) => s.socket.connected),
                'all stations back', 15000 * SCALE);
        }

        await play;
        await until(() => stations.every((s) => s.list.length ===
            stations[0].list.length), 'the same number of transactions');
        await sleep(300);

        const [first, ...others] = stations.map((s) => s.list);

        others.forEach((list) => assert.deepStrictEqual(list, first));
        assert.strictEqual(new Set(first).size, first.length);

        const acked = stations.flatMap((s) => s.acked);
        const kept = new Set(first);

        assert.strictEqual(acked.length, total);
        assert.deepStrictEqual(acked.filter((id) => !kept.has(id)), []);

        const state = (await server.rest.get('/api/state')).json;

        assert.strictEqual((await server.rest.get('/api/session')).json.id,
            session.id);
        assert.strictEqual(state.scores.reduce((sum, s) =>
            sum + s.currentScore, 0), Math.min(20, Math.ceil(total / 8)));

        stations.forEach((s) => {
            assert.deepStrictEqual(s.twice, []);
            assert.ok(s.connects > crashes);
        });
    } finally {
        stations.forEach((s) => s.socket.disconnect());
    }
}


describe('journal in a file: orchestrator', () => {
    const server = useFile(new OrchestratorServer({ zone: ZONE,
        options: { hold: '30s' } }));

    it(`G-71 a game of ${GAME} transactions, nginx killed whole ${CRASHES} ` +
        'times', { timeout: (60000 + GAME * 1000) * SCALE }, () =>
        game(server, GAME, CRASHES));
});


describe('journal in a file: dinner', () => {
    const server = useFile(new Server({ zone: ZONE }));

    it('G-71 people at a table recover, what they chose is there',
        async () => {
            const { code, players: [alice, bob] } = await table(server,
                ['Alice', 'Bob']);
            const sid = alice.socket.id;

            await alice.submit(['sushi-spot']);
            await bob.next('participant:submitted');
            await crash(server);
            await start(server);
            await until(() => alice.socket.connected && bob.socket.connected,
                'both back', 15000 * SCALE);
            assert.strictEqual(alice.socket.recovered, true);
            assert.strictEqual(alice.socket.id, sid);
            await bob.submit(['sushi-spot']);

            for (const player of [alice, bob]) {
                assert.deepStrictEqual((await player.next('session:results'))
                    .allSelections, { Alice: ['sushi-spot'],
                    Bob: ['sushi-spot'] });
            }

            assert.strictEqual((await server.rest.session(code)).json.state,
                'complete');
        });

    it('a stop and a start keep the sessions, too, and a size may change',
        async () => {
            const { sessionCode: code } = await server.rest.create('Alice');

            for (const zone of [ZONE, '8m file=journal', ZONE]) {
                await stop(server);
                server.write({ zone });
                await start(server);
                assert.strictEqual((await server.rest.session(code)).status,
                    200);
            }
        });
});


describe('journal in a file: what outlives nginx elsewhere', () => {
    const polls = useFile(new PollsServer({ zone: ZONE }));

    it('G-71 a session of polls, its counts and its event ids', async () => {
        const session = await polls.running();
        const before = (await polls.rest.get(`/sessions/${session.id}`)).json;
        const { epoch } = await polls.dinner();

        await crash(polls);
        await start(polls);
        assert.deepStrictEqual((await polls.rest.get(
            `/sessions/${session.id}`)).json, before);
        assert.strictEqual((await polls.dinner()).epoch, epoch);
    });
});


describe('journal in a file: platform', () => {
    const platform = useFile(new Platform({ zone: ZONE }));

    it('G-71 a room and its members', async () => {
        const { id } = await platform.room(['bob', 'carol']);
        const get = () => platform.call('GET', `/api/rooms/${id}`,
            platform.user('alice'));
        const before = (await get()).json;

        await crash(platform);
        await start(platform);
        assert.deepStrictEqual((await get()).json, before);
    });
});


describe('journal in a file: refusals', () => {
    const server = useServer({ before, after, afterEach }, { zone: ZONE,
        app: [], allow: EXPECTED });
    let file;
    let good;

    before(() => {
        file = path.join(server.dir, 'journal');
    });

    it('a second nginx and a reload with another size are refused', async () => {
        assert.match(refused(server), /journal ".*journal" is in use/);
        server.write({ zone: '8m file=journal' });
        server.child.kill('SIGHUP');

        /* by the master itself, which has read the configuration then */

        await until(() => new RegExp(` ${server.child.pid}#.*is in use by ` +
            'another nginx').test(server.errorLog()), 'the refusal');
        server.write({ zone: ZONE });

        const { sessionCode: code } = await server.rest.create('Alice');

        await server.reload();
        assert.strictEqual((await server.rest.session(code)).status, 200);
    });

    it('a damaged, cut or foreign file is refused, and left as it is',
        async () => {
            await server.rest.create('Bob');
            await sleep(1500);
            await server.rest.create('Carol');
            await stop(server);
            good = fs.readFileSync(file);

            for (const [why, change] of [
                [/is damaged/, (b) => b.fill(0x55, 4196, 4200)],
                [/head is damaged/, (b) => b.fill(0x55, 70, 71)],
                [/is not a journal/, (b) => b.write('#!/bin/sh')],
                [/end is missing/, (b) => b.subarray(0, b.length - 9)],
                [/too short/, (b) => b.subarray(0, 100)],
                [/too short/, (b) => b.subarray(0, 0)],
            ]) {
                const copy = Buffer.from(good);
                const bad = change(copy);
                const now = Buffer.isBuffer(bad) ? bad : copy;

                fs.writeFileSync(file, now);
                assert.match(refused(server), why);
                assert.match(refused(server, ['-t']), why);
                assert.ok(fs.readFileSync(file).equals(now));
            }

            fs.writeFileSync(file, good);
            fs.renameSync(file, `${file}.away`);
            fs.mkdirSync(file);
            assert.match(refused(server), /journal ".*" cannot be opened/);
            fs.rmdirSync(file);
            fs.renameSync(`${file}.away`, file);
            server.write({ zone: '4m file=no/such/journal' });
            assert.match(refused(server), /cannot be opened.*No such file/);
            server.write({ zone: ZONE });
            await start(server);
        });

    it('bad parameters are refused', () => {
        for (const [zone, why] of [
            ['4m file=', /empty "file"/],
            ['4m file=a file=b', /duplicate "file"/],
            ['4m sync=1s', /"sync" parameter without "file"/],
            ['4m file=a sync=soon', /invalid sync "soon"/],
            ['4m file=a sync=1ms', /invalid sync/],
            ['4m file=a fast', /invalid parameter "fast"/],
        ]) {
            server.write({ zone });
            assert.match(refused(server, ['-t']), why);
        }

        server.write({ zone: ZONE, app: ['redis redis://127.0.0.1:1/0;'] });
        assert.match(refused(server, ['-t']), /either in redis or in a file/);
        server.write({ zone: ZONE, app: [] });
    });
});


describe('journal in a file: sync=always', () => {
    const server = useFile(new Server({ zone: `${ZONE} sync=always` }));

    it('what is answered is on the disk', async () => {
        const { code, players: [alice, bob] } = await table(server,
            ['Alice', 'Bob'], 'mixed');

        await alice.submit(['sushi-spot']);
        await bob.next('participant:submitted');

        await until(async () => {
            const { file } = (await server.dinner()).journal;

            return file.written > 0 && file.syncs > 0 && file.unsynced === 0;
        }, 'all on the disk');
        await crash(server);
        await start(server);
        assert.strictEqual((await server.rest.session(code)).status, 200);
    });
});


describe('journal in a file: a disk that takes nothing', () => {
    const server = useFile(new Server({ zone: ZONE,
        allow: /pwritev\(\) of a journal failed|signal 9/ }));

    it('commands are refused and counted until it takes them again',
        async () => {
            const { sessionCode: code } = await server.rest.create('Alice');

            await stop(server);

            /* with the signal ignored, a limit makes writes fail */

            const bin = process.env.NGINX_BIN;
            const script = path.join(server.dir, 'nginx.sh');

            fs.writeFileSync(script, '#!/bin/sh\ntrap "" XFSZ\n' +
                `exec ${nginxBin()} "$@"\n`, { mode: 0o755 });
            process.env.NGINX_BIN = script;
            await start(server);

            if (bin === undefined) {
                delete process.env.NGINX_BIN;
            } else {
                process.env.NGINX_BIN = bin;
            }

            await until(async () => (await server.pids()).length === 2,
                'both workers');

            const limit = async (to) => {
                for (const pid of await server.pids()) {
                    const run = spawnSync('prlimit', ['--pid', String(pid),
                        `--fsize=${to}:`], { encoding: 'utf8' });

                    assert.strictEqual(run.status, 0, run.stderr);
                }
            };

            await limit(64);

            const res = await server.rest.post('/api/sessions',
                { hostName: 'Bob' });

            assert.ok(res.status >= 500, res.text);
            assert.strictEqual((await server.rest.session(code)).status, 200);
            assert.ok((await server.dinner()).refused.storage > 0);
            assert.ok((await server.dinner()).journal.file.failures > 0);
            assert.match((await server.rest.get('/metrics')).text,
                /^rooms_journal_file_failures_total\{app="dinner"\} [1-9]/m);
            await limit('unlimited');
            await server.rest.create('Carol');
            await crash(server);
            await start(server);
            assert.strictEqual((await server.rest.session(code)).status, 200);
        });
});
