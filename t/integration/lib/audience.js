'use strict';

/*
 * An audience in a process of its own: a client for each line of a file, which
 * is the query that it connects with.
 *
 *     fork('audience.js', [PORT, FILE])
 *
 * It says {ready} when all are connected, and answers each message with
 * {deliveries}: how many events have come since the last one.
 */

const fs = require('node:fs');

const { frame, listener } = require('./listener');


/* Resolves when the session has told its state. */

function listen(port, query, seen) {
    return new Promise((resolve, reject) => {
        const socket = listener(port, '/socket.io/?EIO=4&transport=websocket' +
            `&format=named&${query}`, (buf, at, len) => {
            const text = buf.latin1Slice(at, at + Math.min(len, 20));

            if (text[0] === '0') {
                socket.write(frame('40'));
            } else if (text[0] === '2') {
                socket.write(frame('3'));
            } else if (text.startsWith('42["connection:est')) {
                resolve(socket);
            } else if (text.startsWith('42')) {
                seen(text);
            }
        });

        socket.on('error', reject);
    });
}


/* ports: one or several, with commas, by turns. */

async function main(ports, file) {
    const all = ports.split(',');
    const queries = fs.readFileSync(file, 'utf8').split('\n');
    let deliveries = 0;

    process.on('message', () => {
        process.send({ deliveries });
        deliveries = 0;
    });

    for (let i = 0; i < queries.length; i += 50) {
        await Promise.all(queries.slice(i, i + 50).map((query, k) =>
            listen(all[k % all.length], query, () => {
                deliveries++;
            })));
    }

    process.send({ ready: true });
}


main(...process.argv.slice(2)).catch((error) => {
    console.error(error);
    process.exit(1);
});
