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
const net = require('node:net');

/*
 * A client that speaks just enough to listen: it looks at the first octets of
 * each frame, and at no more.
 */

const frame = (text) => Buffer.concat([Buffer.from([0x81,
    0x80 | text.length, 0, 0, 0, 0]), Buffer.from(text)]);

function listen(port, query, seen) {
    return new Promise((resolve, reject) => {
        const socket = net.connect(port, '127.0.0.1');
        let rest = null;
        let open = false;

        socket.on('error', reject);
        socket.write('GET /socket.io/?EIO=4&transport=websocket&' +
            `format=named&${query} HTTP/1.1\r\nHost: x\r\n` +
            'Upgrade: websocket\r\nConnection: Upgrade\r\n' +
            'Sec-WebSocket-Version: 13\r\n' +
            'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n');
        socket.on('data', (data) => {
            let buf = rest ? Buffer.concat([rest, data]) : data;

            rest = null;

            if (!open) {
                const end = buf.indexOf('\r\n\r\n');

                if (end < 0) {
                    rest = buf;
                    return;
                }

                open = true;
                buf = buf.subarray(end + 4);
            }

            for (let pos = 0; pos < buf.length;) {
                const code = pos + 1 < buf.length ? buf[pos + 1] : 126;
                const head = code === 127 ? 10 : code === 126 ? 4 : 2;

                if (pos + head > buf.length) {
                    rest = buf.subarray(pos);
                    return;
                }

                const len = code < 126 ? code : code === 126
                    ? buf.readUInt16BE(pos + 2) : buf.readUInt32BE(pos + 6);

                if (pos + head + len > buf.length) {
                    rest = buf.subarray(pos);
                    return;
                }

                const text = buf.latin1Slice(pos + head,
                    pos + head + Math.min(len, 20));

                pos += head + len;

                if (text[0] === '0') {
                    socket.write(frame('40'));
                } else if (text[0] === '2') {
                    socket.write(frame('3'));
                } else if (text.startsWith('42["connection:est')) {
                    resolve(socket);
                } else if (text.startsWith('42')) {
                    seen(text);
                }
            }
        });
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
