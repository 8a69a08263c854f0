'use strict';

/*
 * Free ports.  Files that run side by side (ROOMS_SLOT: 0, 1, ...) take theirs
 * from ranges of their own: nginx listens with SO_REUSEPORT, so two that chose
 * the same port would both get it.
 */

const net = require('node:net');

/* below the ephemeral range, so that a server can be started there again */
const FIRST = 11000;
const SLOTS = 8;
const RANGE = 20000 / SLOTS;
const SLOT = Number(process.env.ROOMS_SLOT || 0) % SLOTS;


/*
 * The probe sets no SO_REUSEPORT, so a port that another nginx shares among
 * its workers is seen as taken.
 */

function isFree(port) {
    return new Promise((resolve) => {
        const probe = net.createServer();

        probe.once('error', () => resolve(false));
        probe.listen(port, '127.0.0.1', () =>
            probe.close(() => resolve(true)));
    });
}


async function freePort() {
    for (let i = 0; i < 200; i++) {
        const port = FIRST + SLOT * RANGE
            + Math.floor(Math.random() * RANGE);

        if (await isFree(port)) {
            return port;
        }
    }

    throw new Error('no free port');
}


module.exports = { freePort, isFree };
