'use strict';

/*
 * Mutated frames: no worker may die or get stuck, whatever comes.
 * ROOMS_MUTATIONS=1000000 is the long run, for `make sanitize`; ROOMS_SEED
 * repeats one.
 */

const assert = require('node:assert');
const { describe, it, before, after } = require('node:test');

const { echoServer, Wire, sio, until, SCALE } = require('./lib/echo');
const { storm } = require('./lib/mutate');

const FRAMES = Number(process.env.ROOMS_MUTATIONS || 20000);
const SEED = Number(process.env.ROOMS_SEED || Date.now() & 0x7fffffff);


describe('mutated frames', () => {
    const server = echoServer({ logLevel: 'notice' });

    before(() => server.start());
    after(() => server.stop());

    it(`${FRAMES} of them, seed ${SEED}`, async () => {
        const pids = await workers();

        await storm(server, { frames: FRAMES, seed: SEED, connections: 16,
            alive: () => assert.ok(!/exited on signal|Sanitizer|runtime err/
                .test(server.stderr), server.stderr) });
        Wire.closeAll();
        assert.deepStrictEqual(await workers(), pids, server.errorLog()
            .slice(-2000));

        /* everything that was taken is given back, and it still serves */

        await until(async () => Object.values((await server.status()).apps)
            .every((a) => a.sockets === 0 && a.transports.websocket === 0 &&
                a.transports.polling === 0), 'all gone', 60000 * SCALE);

        for (const location of ['/socket.io/', '/default/', '/recovery/']) {
            const wire = await sio(server, location);

            await wire.text('42["message","well"]');
            await wire.packet('42["message-back","well"');
            wire.destroy();
        }
    });

    async function workers() {
        return (await server.status()).apps.echo.workers.map((w) => w.pid)
            .sort();
    }
});
