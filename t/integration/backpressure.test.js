'use strict';

/* Readers that do not read, clients that vanish. */

const assert = require('node:assert');
const fs = require('node:fs');
const { describe, it, before, after, afterEach } = require('node:test');

const { oneLocation, refused, Wire, eio, sio, sleep, until, SCALE } =
    require('./lib/echo');
const { Server } = require('./lib/server');
const { Player } = require('./lib/player');

const STALLED = Number(process.env.ROOMS_STALLED || 1000);


/* Resident memory of the workers together, in MB. */

async function memory(server) {
    const { apps } = await server.status();

    return apps.echo.workers.reduce((n, w) => {
        const text = fs.readFileSync(`/proc/${w.pid}/status`, 'utf8');

        return n + Number(/^RssAnon:\s+(\d+)/m.exec(text)[1]) / 1024;
    }, 0);
}


describe('backpressure: readers that stop', () => {
    const server = new Server(oneLocation('rooms_send_queue 64k;' +
        'rooms_recovery 1m;', { connections: 8192 }));

    before(() => server.start());
    afterEach(() => {
        server.closePlayers();
        Wire.closeAll();
    });
    after(() => server.stop());

    async function stalled() {
        const wire = await eio(server, '/socket.io/');

        await wire.text('40');
        await wire.packet('42["auth"');
        await wire.text('421["join","hall"]');
        await wire.packet('431');
        wire.socket.pause();
        return wire;
    }

    it(`${STALLED} of them are closed at their limit, one that reads is ` +
        'served', async () => {
        const was = await refused(server, 'queue');
        const reader = await sio(server);
        const wires = [];

        await reader.text('421["join","hall"]');
        await reader.packet('431');

        for (let i = 0; i < STALLED; i += 50) {
            wires.push(...await Promise.all(Array.from({ length:
                Math.min(50, STALLED - i) }, stalled)));
        }

        const before = await memory(server);
        const times = [];
        const text = 'x'.repeat(50000);
        let most = 0;

        for (let i = 0; i < 400; i++) {
            const from = process.hrtime.bigint();

            reader.clear();
            await reader.text(`42["emit-in-room","hall","n",${i},"${text}"]`);
            await reader.packet(`42["n",${i},`);
            times.push(Number(process.hrtime.bigint() - from) / 1e6);
            most = Math.max(most, i % 20 ? 0 : await memory(server));

            if (i % 20 === 0 && await refused(server, 'queue') - was ===
                STALLED) {
                break;
            }
        }

        await until(async () => await refused(server, 'queue') - was ===
            STALLED, 'all closed', 30000 * SCALE);
        times.sort((a, b) => a - b);
        console.log(`# p50 ${times[times.length >> 1].toFixed(1)} ms, p99 ` +
            `${times[Math.floor(times.length * 0.99)].toFixed(1)} ms, ` +
            `memory ${before.toFixed(0)} -> ${most.toFixed(0)} MB`);

        /* a broadcast is kept once for all who have not read it */

        const each = (64 + 50 + 32) * 1024;

        assert.ok(most - before < (STALLED * each) / 1048576 + 64,
            `${before} -> ${most} MB`);
        await until(async () => (await server.status()).apps.echo.sockets ===
            1, 'one left', 30000 * SCALE);
    });

    it('one that was closed may recover what it missed', async () => {
        const p = new Player(server.url, { reconnectionDelay: 300 });
        const q = new Player(server.url, {});

        server.players.push(p, q);
        await p.connect();
        await q.connect();
        await p.ask('join', 'r');
        await p.ask('emit-in-room', 'r', 'n', -1);
        await p.next('n');

        const was = await refused(server, 'queue');
        const tcp = p.socket.io.engine.transport.ws._socket;

        tcp.pause();

        let sent = 0;

        while (await refused(server, 'queue') === was && sent < 2000) {
            await q.ask('emit-in-room', 'r', 'n', sent++,
                'x'.repeat(20000));

            if (sent % 150 === 0) {
                await sleep(20);
            }
        }

        assert.strictEqual(await refused(server, 'queue'), was + 1);
        tcp.resume();
        await p.connection(2);

        const { recovered } = p.log.filter((e) => e.kind === 'connect')[1]
            .data;
        const got = p.all('n').slice(1);

        /* 4 MB of journal hold less than the kernel's buffers may: then it
         * is told so, and misses nothing silently */

        if (recovered) {
            await p.on(() => p.all('n').length === sent + 1, 'all of it');
            assert.deepStrictEqual(p.all('n').slice(1),
                Array.from({ length: sent }, (_, i) => i));
        } else {
            assert.ok(got.length < sent);
        }
    });
});


/* What is sent again over TLS has to be the same octets at the same place. */

describe('backpressure: readers that stop, over TLS', () => {
    const server = new Server(oneLocation('rooms_send_queue 1m;' +
        'rooms_ping_interval 20ms; rooms_ping_timeout 1h;', { tls: true }));

    before(() => server.start());
    afterEach(() => Wire.closeAll());
    after(() => server.stop());

    async function join() {
        const wire = new Wire(server.ports.tls, { tls: true });

        await wire.open('/socket.io/?EIO=4&transport=websocket');
        wire.beat();
        await wire.text('40');
        await wire.packet('42["auth"');
        await wire.text('421["join","hall"]');
        await wire.packet('431');
        return wire.clear();
    }

    it('are closed at their limit, those that go on have everything',
        async () => {
            const was = await refused(server, 'queue');
            const reader = await sio(server);
            const [stalled, slow] = [
                await Promise.all(Array.from({ length: 20 }, join)),
                await Promise.all(Array.from({ length: 10 }, join))];
            const text = 'x'.repeat(9999);
            let n = 0;

            stalled.forEach((wire) => wire.socket.pause());

            while (await refused(server, 'queue') - was < stalled.length &&
                n < 4000) {
                slow.forEach((wire) => wire.socket.pause());

                for (let i = 0; i < 40; i++) {
                    await reader.text(`42["emit-in-room","hall","n",${n++},` +
                        `"${text}"]`);
                }

                await sleep(50);
                slow.forEach((wire) => wire.socket.resume());

                for (const wire of slow) {
                    await wire.packet(`42["n",${n - 1},`);
                }
            }

            assert.strictEqual(await refused(server, 'queue'),
                was + stalled.length);

            for (const wire of slow) {
                assert.deepStrictEqual(wire.packets().map((p) =>
                    JSON.parse(p.slice(2))[1]),
                Array.from({ length: n }, (_, i) => i));
            }
        });
});


describe('backpressure: a client that vanishes', () => {
    const server = new Server(oneLocation('rooms_ping_interval 300ms;' +
        'rooms_ping_timeout 200ms;'));

    before(() => server.start());
    after(() => server.stop());

    it('without a FIN is reaped by the heartbeat', async () => {
        const wires = [];

        for (let i = 0; i < 20; i++) {
            const wire = await eio(server, '/socket.io/');

            await wire.text('40');
            await wire.packet('42["auth"');
            wire.socket.pause();
            wires.push(wire);
        }

        await until(async () => {
            const { echo } = (await server.status()).apps;

            return echo.timeouts === 20 && echo.sockets === 0 &&
                echo.transports.websocket === 0;
        }, 'all reaped', 5000 * SCALE);
        Wire.closeAll();
    });
});
