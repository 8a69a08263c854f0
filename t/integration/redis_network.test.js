'use strict';

/* The network between nginx and Redis fails, or changes. */

const assert = require('node:assert');
const fs = require('node:fs');
const { describe, it, before, after, afterEach } = require('node:test');

const { certificates, secure } = require('./lib/certificates');
const { Dns, Namespace, Proxy } = require('./lib/network');
const { outage, seat, usePair } = require('./lib/pair');
const { Redis } = require('./lib/redis');
const { Server } = require('./lib/server');
const { SCALE, sleep, until } = require('./lib/player');
const { killWhole } = require('./lib/twins');

const HOOKS = { before, after, afterEach };
const TIMEOUT = 1000;

/* connections to be lost and made again; the long run is 1000 */
const RECONNECTS = Number(process.env.ROOMS_RECONNECTS || 60);


/* What can be cut off: by a namespace, or by a proxy where that is refused. */

async function island() {
    const ns = Namespace.make();

    if (ns) {
        const redis = await new Redis({ host: ns.host,
            args: ['--protected-mode', 'no'],
            spawn: (...args) => ns.spawn(...args) }).start();

        return { url: redis.url, cut: () => ns.cut(), mend: () => ns.mend(),
            async stop() {
                await redis.stop();
                ns.stop();
            } };
    }

    const redis = await new Redis().start();
    const proxy = await new Proxy(redis).start();

    return { url: proxy.url, cut: () => proxy.hold(),
        mend: () => proxy.release(),
        async stop() {
            await proxy.stop();
            await redis.stop();
        } };
}


describe('redis: a partition', () => {
    const pair = usePair(HOOKS, { app: [`redis_timeout ${TIMEOUT}ms;`] },
        island);

    for (const seconds of [0, 6]) {
        it(`D-73 of ${seconds} s more than it takes to notice`, () =>
            outage(pair, {
                go: () => pair.redis.cut(),
                back: async () => {
                    await sleep(seconds * 1000);
                    pair.redis.mend();
                },
                within: 5000, timeout: TIMEOUT }));
    }
});


describe('redis: half-dead connections', () => {
    const pair = usePair(HOOKS, (p) => ({ redis: p.proxy.url,
        app: [`redis_timeout ${TIMEOUT}ms;`] }), async (p) => {
        const redis = await new Redis().start();

        p.proxy = await new Proxy(redis).start();
        return { stop: () => p.proxy.stop().then(() => redis.stop()) };
    });

    it('D-73 a subscription without an end is noticed', async () => {
        const { players } = await seat(pair);
        const held = pair.proxy.subscriptions();

        assert.strictEqual(held.length, 4);

        /* those that are there now; new ones are heard */
        pair.proxy.hold((p) => held.includes(p));

        const at = Date.now();

        /* what is sent is stored, but nobody is told */
        const ack = await players[0].submit(['sushi-spot']);

        await Promise.all(players.slice(1).map((p) =>
            p.next('participant:submitted', 8000 * SCALE)));
        assert.ok(Date.now() - at < (TIMEOUT + 5000) * SCALE);
        assert.ok(players.every((p) => p.socket.connected && p.all(
            'participant:submitted').length <= 1));
        assert.ok(ack.success || ack.code !== undefined);
        pair.proxy.release();
    });

    it('D-73 so are commands that nobody answers', async () => {
        const { players } = await seat(pair);
        const held = [...pair.proxy.pairs].filter((p) =>
            /EVALSHA|SCRIPT/.test(p.text));

        assert.strictEqual(held.length, 4);
        pair.proxy.hold((p) => held.includes(p));

        const at = Date.now();

        assert.strictEqual((await players[0].submit(['sushi-spot'])).success,
            false);
        assert.ok(Date.now() - at < TIMEOUT + 1000 * SCALE);
        await until(async () => {
            const again = await players[0].submit(['sushi-spot']);

            return again.success || again.code === 'ALREADY_SUBMITTED';
        }, 'a command that is taken again');
        assert.ok(Date.now() - at < (TIMEOUT + 5000) * SCALE);
        await Promise.all(players.slice(1).map((p) =>
            p.next('participant:submitted')));
        pair.proxy.release();
    });
});


describe('redis: ids that are given again', () => {
    const pair = usePair(HOOKS, (p) => ({ redis: p.proxy.url,
        app: [`redis_timeout ${TIMEOUT}ms;`] }), async (p) => {
        p.server = await new Redis().start();
        p.proxy = await new Proxy(p.server).start();
        return { stop: () => p.proxy.stop().then(() => p.server.stop()) };
    });

    it('D-8 before anybody could notice: everybody is told', async () => {
        const ask = (...words) => pair.server.ask(...words);
        const zone = '{rooms:dinner}:z';
        const { players } = await seat(pair);
        const id = await ask('HGET', zone, 'id');

        await players[0].submit(['sushi-spot']);
        await Promise.all(players.slice(1).map((p) =>
            p.next('participant:submitted')));

        /* the server is another, has not the last records, and somebody who
         * does not know of them has been faster */

        pair.proxy.hold();
        await ask('HSET', zone, 'id', Number(id) + 8000, 'floor', id);
        await ask('DEL', `${zone}n`);

        const gone = players.map((p) => p.log.length);

        pair.proxy.release();
        await until(() => players.every((p, i) => p.log.slice(gone[i])
            .some((e) => e.kind === 'disconnect')), 'all told');
        await until(() => players.every((p) => p.socket.connected),
            'all back');
        assert.ok(players.every((p) => !p.socket.recovered));
    });
});


describe('redis: a name that changes', () => {
    const pair = usePair(HOOKS, (p) => ({
        http: `resolver 127.0.0.1:${p.dns.port} ipv6=off valid=1s;`,
        redis: `redis://redis.test:${p.proxies[0].port}/0`,
        app: [`redis_timeout ${TIMEOUT}ms;`] }), async (p) => {
        const redis = await new Redis().start();

        p.proxies = [await new Proxy(redis, '127.0.0.2').start()];
        p.proxies.push(await new Proxy(redis, '127.0.0.3')
            .start(p.proxies[0].port));
        p.dns = await new Dns({ 'redis.test': ['127.0.0.2'] }).start();
        return { async stop() {
            await Promise.all(p.proxies.map((proxy) => proxy.stop()));
            await p.dns.stop();
            await redis.stop();
        } };
    });

    it('D-73 is asked again when the connection is lost', async () => {
        await outage(pair, {
            go: () => pair.proxies[0].stop(),
            back: async () => {
                assert.strictEqual(pair.proxies[1].count, 0);
                delete pair.dns.names['redis.test'];
                await sleep(1500);
                pair.dns.names['redis.test'] = ['127.0.0.3'];
            },
            within: 5000 + 1000, timeout: TIMEOUT });
        assert.ok(pair.proxies[1].count >= 8, `${pair.proxies[1].count}`);
    });
});


describe('redis: connections that are lost again and again', () => {
    const dir = certificates();

    after(() => fs.rmSync(dir, { recursive: true }));

    /* open files and octets in memory of each worker */

    function figures(pids) {
        return pids.map((pid) => ({
            files: fs.readdirSync(`/proc/${pid}/fd`).length,
            memory: Number(/VmRSS:\s*(\d+)/.exec(fs.readFileSync(
                `/proc/${pid}/status`, 'utf8'))[1]) * 1024 }));
    }

    it(`leave nothing behind, ${RECONNECTS} times`,
        { timeout: 60000 + RECONNECTS * 2500 }, async () => {
            const redis = await new Redis(secure(dir, 'name')).start();
            const dns = await new Dns({ 'redis.test': ['127.0.0.1'] })
                .start();
            const server = await new Server({
                http: `resolver 127.0.0.1:${dns.port} ipv6=off valid=1s;`,
                redis: `rediss://redis.test:${redis.port}/0`,
                app: ['redis_ssl_trusted_certificate ' + `${dir}/ca.pem;`,
                    `redis_ssl_certificate ${dir}/client.pem;`,
                    `redis_ssl_certificate_key ${dir}/client.key;`],
            }).start();
            const list = (type) => redis.ask('CLIENT', 'LIST', 'TYPE', type)
                .then((t) => t.split('\n').filter((l) => /name=/.test(l) &&
                    !/cmd=client/.test(l)).length);

            /* all four up: of each worker, one that has subscribed */
            const whole = () => until(async () =>
                await list('pubsub') === 2 && await list('normal') === 2,
            'all connections', 20000);

            try {
                await whole();

                const pids = await server.pids();
                let made = 0;
                let first = null;

                for (let n = 0; made < RECONNECTS; n++) {
                    await whole();

                    if (n === 4) {
                        first = figures(pids);
                        made = 0;
                    }

                    await redis.ask('CLIENT', 'KILL', 'TYPE', 'normal');
                    await redis.ask('CLIENT', 'KILL', 'TYPE', 'pubsub');
                    made += 4;
                }

                await whole();
                await until(() => server.rest.create('Alice')
                    .catch(() => null), 'a session');

                /* idle connections of the test itself are gone by then */
                await until(() => figures(pids).every((f, i) =>
                    f.files <= first[i].files), 'no more open files');

                /* a sanitizer keeps what is freed for a while, and looks for
                 * what is not by itself */
                const kept = process.env.ASAN_OPTIONS ? 256 : 2;

                for (const [i, now] of figures(pids).entries()) {
                    const grown = now.memory - first[i].memory;

                    assert.ok(grown < kept * 1024 * 1024 + RECONNECTS * 1024,
                        `${grown} octets more`);
                }

                assert.deepStrictEqual(await server.pids(), pids);

            } finally {
                await server.stop();
                await dns.stop();
                await redis.stop();
            }
        });
});


describe('redis: an answer is lost', () => {
    it('D-70 D-73 those of a dead nginx are missed all the same', async () => {
        const redis = await new Redis().start();
        const proxy = await new Proxy(redis).start();
        const server = await new Server({ redis: proxy.url, workers: 1 })
            .start();

        try {
            const { sessionCode: code } = await server.rest.create('Alice');
            const alice = await server.player({ name: 'Alice' });

            await alice.join(code);

            for (const name of ['Bob', 'Carol']) {
                const dead = await new Server({ redis: redis.url, workers: 1,
                    allow: /exited on signal 9/ }).start();
                const player = await dead.player({ name });

                player.socket.io.reconnection(false);
                await player.join(code);
                await alice.next('participant:joined');

                /* what the script says that takes sockets over */
                if (name === 'Carol') {
                    proxy.lose(new RegExp('\\*[23]\\r\\n\\$20\\r\\n' +
                        player.id));
                }

                await killWhole(dead);
                await alice.next('participant:left');
                fs.rmSync(dead.dir, { recursive: true });
            }

            assert.strictEqual(proxy.wanted, null);
            await sleep(1000);
            assert.deepStrictEqual(alice.all('participant:left')
                .map((data) => data.displayName), ['Bob', 'Carol']);
            assert.ok(alice.socket.connected);

        } finally {
            await server.stop();
            await proxy.stop();
            await redis.stop();
        }
    });
});
