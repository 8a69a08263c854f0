'use strict';

/* Two nginx of two workers each, and one Redis: they serve the same rooms. */

const { Redis } = require('./redis');


/*
 * For a describe block.  hooks: those of node:test; make: of the options of a
 * Server, the server; o: for both of them.
 */

function usePair(hooks, make, o) {
    const pair = { redis: null, servers: [] };

    hooks.before(async () => {
        pair.redis = await new Redis().start();

        for (let i = 0; i < 2; i++) {
            pair.servers.push(await make({ redis: pair.redis.url,
                allow: /exited on signal 9/, ...o }).start());
        }
    });
    hooks.afterEach(() => Promise.all(pair.servers.map((s) => s.clean())));
    hooks.after(async () => {
        await Promise.all(pair.servers.map((s) => s.stop()));
        await pair.redis.stop();
    });
    return pair;
}


/* An nginx dies, the master first. */

async function killWhole(server) {
    const pids = [server.child.pid, ...await server.pids()];

    pids.forEach((pid) => process.kill(pid, 'SIGKILL'));
    await server.gone;
    server.closePlayers();
}


module.exports = { usePair, killWhole };
