'use strict';

/*
 * A real nginx in a directory of its own: started, watched, reloaded, hurt and
 * stopped.  A stop fails where the error log holds what no test expected.
 */

const assert = require('node:assert');
const { spawn, spawnSync } = require('node:child_process');
const fs = require('node:fs');
const net = require('node:net');
const os = require('node:os');
const path = require('node:path');

const { nginxConf } = require('./conf');
const { freePort, isFree } = require('./port');
const { RawSocket } = require('./raw');
const { Redis } = require('./redis');
const { Rest } = require('./rest');
const { Player, SCALE, until } = require('./player');

/* added to the slots of the other nginx */

const TWIN = 1000;

const BAD = new RegExp([
    '\\[(alert|emerg|crit)\\]',
    'AddressSanitizer',
    'LeakSanitizer',
    'UndefinedBehaviorSanitizer',
    'runtime error:',
].join('|'));


function nginxBin() {
    return process.env.NGINX_BIN || 'nginx';
}


function tempDir() {
    return fs.mkdtempSync(path.join(os.tmpdir(), 'rooms-t-'));
}


/* A self-signed certificate for 127.0.0.1, as cert.pem and key.pem. */

function certificate(dir) {
    const made = spawnSync('openssl', ['req', '-x509', '-newkey', 'ec',
        '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2',
        '-subj', '/CN=localhost', '-addext',
        'subjectAltName=DNS:localhost,IP:127.0.0.1',
        '-keyout', path.join(dir, 'key.pem'),
        '-out', path.join(dir, 'cert.pem')], { encoding: 'utf8' });

    assert.strictEqual(made.status, 0, made.stderr);
}


/*
 * What two nginx say of one application, as if they were one.  These figures
 * are of what they share.
 */

const SHARED = ['journal', 'rooms', 'recovery'];

function merge(one, two) {
    if (typeof one === 'number') {
        return one + two;
    }

    if (Array.isArray(one)) {
        return one.concat(two);
    }

    return one === null || typeof one !== 'object' ? one
        : Object.fromEntries(Object.entries(one).map(([name, value]) =>
            [name, name in two && !SHARED.includes(name)
                ? merge(value, two[name]) : value]));
}


class Server {
    /*
     * o: the options of nginxConf, and
     *   tls, h2c, proxied (PROXY protocol)   listen on such a port too
     *   pages             the demo pages, so many ports below (true: one)
     *   allow             RegExp of error log lines that are expected
     *   alone             with ROOMS_REDIS=2, one nginx all the same
     */

    constructor(o) {
        this.o = o || {};
        this.allow = this.o.allow || null;
        this.players = [];
        this.stderr = '';
    }

    async start() {
        /* ROOMS_REDIS=1: the same tests with the journal in Redis; 2: and
         * with two nginx, of which players are on either */

        if (process.env.ROOMS_REDIS && this.o.redis === undefined) {
            this.redis = await new Redis().start();
            this.o.redis = this.redis.url;

            if (process.env.ROOMS_REDIS === '2' && !this.o.alone) {
                this.twin = new Server({ ...this.o });
                await this.twin.start();
                this.turn = 0;
            }
        }

        this.dir = tempDir();
        this.ports = { http: await freePort() };

        for (const name of ['tls', 'h2c', 'proxied']) {
            if (this.o[name]) {
                this.ports[name] = await freePort();
            }
        }

        if (this.o.pages) {
            await this.pagePorts();
        }

        if (this.ports.tls) {
            certificate(this.dir);
        }

        this.url = `http://127.0.0.1:${this.ports.http}`;
        this.rest = new Rest(this.url);
        this.write();
        this.run();
        await until(() => this.exited || this.ready(), 'nginx up', 10000);
        assert.ok(!this.exited, `nginx did not start: ${this.stderr}` +
            this.errorLog());
        return this;
    }

    /* A page looks for its application at its own port + o.pages. */

    async pagePorts() {
        const by = Number(this.o.pages);

        for (let i = 0; i < 50; i++) {
            const port = await freePort();

            if (await isFree(port + by)) {
                this.ports.pages = port;
                this.ports.http = port + by;
                return;
            }
        }

        throw new Error('no two ports at that distance');
    }

    /* Writes the configuration, with changes for the next reload. */

    write(changes) {
        Object.assign(this.o, changes);

        if (this.twin && this.twin.dir) {
            this.twin.write(changes);
        }

        fs.writeFileSync(path.join(this.dir, 'nginx.conf'),
            nginxConf(this.o, this.ports));
    }

    run() {
        this.exited = null;
        this.child = spawn(nginxBin(), ['-p', `${this.dir}/`,
            '-c', path.join(this.dir, 'nginx.conf'),
            '-e', path.join(this.dir, 'error.log')],
        { stdio: ['ignore', 'ignore', 'pipe'] });
        this.child.stderr.on('data', (data) => {
            this.stderr += data;
        });
        this.gone = new Promise((resolve) => {
            this.child.on('exit', (code, signal) => {
                this.exited = { code, signal };
                resolve(this.exited);
            });
            this.child.on('error', (e) => {
                this.stderr += e.message;
                this.exited = { code: -1 };
                resolve(this.exited);
            });
        });
    }

    /* The pid file is written when signals are handled. */

    async ready() {
        return fs.existsSync(path.join(this.dir, 'nginx.pid')) &&
            this.answers();
    }

    answers() {
        return new Promise((resolve) => {
            const probe = net.connect(this.ports.http, '127.0.0.1');

            probe.on('connect', () => {
                probe.destroy();
                resolve(true);
            });
            probe.on('error', () => resolve(false));
        });
    }

    errorLog() {
        try {
            return fs.readFileSync(path.join(this.dir, 'error.log'), 'utf8');
        } catch (e) {
            return '';
        }
    }

    /* Lines of the log and of standard error that nobody expected. */

    complaints() {
        return (this.errorLog() + this.stderr).split('\n').filter((line) =>
            BAD.test(line) && !(this.allow && this.allow.test(line)));
    }

    async stop() {
        this.closePlayers();

        if (!this.child) {
            return;
        }

        try {
            await this.end();

            if (this.twin) {
                this.twin.allow = this.allow;
                await this.twin.stop();
            }

        } finally {
            this.twin = null;

            if (this.redis) {
                await this.redis.stop();
                this.redis = null;
                this.o.redis = null;
            }
        }
    }

    /* This nginx alone. */

    async end() {
        if (!this.exited) {
            this.child.kill('SIGTERM');

            if (!await this.goneWithin(10000 * SCALE)) {
                this.child.kill('SIGKILL');
                throw new Error(`nginx did not stop\n${this.errorLog()}`);
            }
        }

        const bad = this.complaints();
        const log = this.errorLog();

        fs.rmSync(this.dir, { recursive: true, force: true });
        assert.deepStrictEqual(bad, [], `error log:\n${log.slice(-4000)}`);
        assert.strictEqual(this.exited.code, 0,
            `nginx exited with ${JSON.stringify(this.exited)}`);
    }

    async goneWithin(ms) {
        let timer;

        const stopped = await Promise.race([this.gone,
            new Promise((resolve) => {
                timer = setTimeout(resolve, ms);
            })]);

        clearTimeout(timer);
        return stopped;
    }

    /* The parsed body of /status; of both, where there are two. */

    async status() {
        const res = await this.rest.get('/status');

        assert.strictEqual(res.status, 200, res.text);

        if (!this.twin) {
            return res.json;
        }

        const { apps } = await this.twin.status();

        for (const app of Object.values(apps)) {
            app.workers.forEach((w) => {
                w.slot += TWIN;
            });
        }

        return { ...res.json, apps: merge(res.json.apps, apps) };
    }

    async dinner() {
        return (await this.status()).apps.dinner;
    }

    /* Sockets by slot: Map slot -> count, of the workers that serve. */

    async bySlot() {
        const app = await this.dinner();

        return new Map(app.workers.map((w) => [w.slot, w.sockets]));
    }

    async slots() {
        return [...(await this.bySlot()).keys()].sort((a, b) => a - b);
    }

    /* How many workers there are, those of the other nginx among them. */

    get workers() {
        return (this.o.workers || 2) * (this.twin ? 2 : 1);
    }

    async pids() {
        return (await this.dinner()).workers.map((w) => w.pid).sort();
    }

    /* Where the next client goes that may be at either nginx. */

    either() {
        return this.twin && this.turn++ % 2 ? this.twin : this;
    }

    anywhere() {
        return this.either().url;
    }

    /* Such a page there. */

    page(path) {
        return `http://127.0.0.1:${this.either().ports.pages}/${path || ''}`;
    }

    everyPort() {
        return [this, ...(this.twin ? [this.twin] : [])].map((s) =>
            s.ports.http);
    }

    /* Connects a player and learns from /status where it landed. */

    async place(opts) {
        const before = await this.dinner();
        const was = new Map(before.workers.map((w) => [w.slot, w.sockets]));
        const { twin, ...rest } = opts || {};
        const player = new Player((twin ? this.twin : this).url, rest);

        this.players.push(player);
        await player.connect();

        /* an upgrade may move the session to another worker */
        await until(() => player.mode !== 'upgrade' ||
            player.socket.io.engine.transport.name === 'websocket',
        'the upgrade');

        player.slot = await until(async () => {
            const now = await this.dinner();

            if (player.mode === 'upgrade' && now.transports.websocket <=
                before.transports.websocket) {
                return null;
            }

            const grown = now.workers.filter((w) =>
                w.sockets > (was.get(w.slot) || 0));

            return grown.length === 1 && { slot: grown[0].slot };
        }, 'the new socket in /status').then((found) => found.slot);

        return player;
    }

    /*
     * A connected player.  opts: those of Player, and side: 0 or 1, the worker
     * on which it has to be, by trying until it is there.
     */

    async player(opts) {
        const { side, ...rest } = opts || {};

        if (side === undefined) {
            const player = new Player(this.anywhere(), rest);

            this.players.push(player);
            return player.connect();
        }

        const slots = await this.slots();
        const twin = Boolean(this.twin) && side % 2 === 1;
        const want = twin ? slots.at(-1) : slots[side % slots.length];

        for (let i = 0; i < 60; i++) {
            const player = await this.place({ ...rest, twin });

            if (player.slot === want) {
                return player.clear();
            }

            const from = await this.dinner();

            player.close();
            this.players.splice(this.players.indexOf(player), 1);

            /* the connection goes a moment after the socket */
            await until(async () => {
                const now = await this.dinner();

                return now.sockets < from.sockets &&
                    (player.mode === 'polling' ||
                    now.transports.websocket < from.transports.websocket);
            }, 'a closed socket leaving /status');
        }

        throw new Error(`no connection reached worker ${want}`);
    }

    /*
     * One player a name, alternating between the workers.  mode: websocket,
     * polling, or mixed, where each worker gets both transports.
     */

    async spread(names, mode, opts) {
        const players = [];

        for (const [i, name] of names.entries()) {
            const how = mode === 'mixed'
                ? ['websocket', 'polling'][(i + (i >> 1)) % 2]
                : mode || 'websocket';

            players.push(await this.player({ side: i % 2, mode: how, name,
                ...opts }));
        }

        return players;
    }

    /* Proves from /status that both workers, or both nginx, hold sockets. */

    async assertBothWorkers() {
        const map = await this.bySlot();
        const counts = this.twin ? [false, true].map((far) => [...map]
            .filter(([slot]) => (slot >= TWIN) === far)
            .reduce((sum, [, n]) => sum + n, 0)) : [...map.values()];

        assert.ok(counts.length >= 2 && counts.every((n) => n > 0),
            `sockets by worker: ${counts}`);
    }

    /* That is sure of two clients by turns, but of two workers by chance. */

    async assertBothNginx() {
        if (this.twin) {
            await this.assertBothWorkers();
        }
    }

    closePlayers() {
        for (const player of this.players) {
            player.close();
        }

        this.players = [];
        RawSocket.closeAll();
    }

    /* Closes every player and waits until the server has seen it. */

    async clean() {
        this.closePlayers();
        await until(async () => (await this.dinner()).sockets === 0,
            'all sockets gone');
    }

    /* HUP, and waits until the workers of /status are all new. */

    async reload() {
        const old = await this.pids();

        this.child.kill('SIGHUP');

        if (this.twin) {
            this.twin.child.kill('SIGHUP');
        }

        await until(async () => {
            const now = await this.pids().catch(() => null);

            return now && now.length >= old.length &&
                now.every((pid) => !old.includes(pid));
        }, 'new workers', 15000 * SCALE);
        return old;
    }

    kill(pid, signal) {
        process.kill(pid, signal || 'SIGKILL');
    }
}


/*
 * For a describe block: one server for all its tests, players closed after
 * each.  hooks: {before, after, afterEach} of node:test.
 */

function useServer(hooks, o) {
    const server = new Server(o);

    hooks.before(() => server.start());
    hooks.afterEach(() => server.clean());
    hooks.after(() => server.stop());
    return server;
}


module.exports = { Server, useServer, nginxBin, freePort, tempDir,
    certificate };
