'use strict';

/*
 * A WebSocket that speaks just enough to listen: an audience is large, so it
 * looks at no more of a frame than it is asked to.
 */

const net = require('node:net');


/* A masked text frame of up to 64 kB. */

function frame(text) {
    const len = Buffer.byteLength(text);
    const head = len < 126 ? Buffer.from([0x81, 0x80 | len, 0, 0, 0, 0])
        : Buffer.from([0x81, 0xfe, len >> 8, len & 255, 0, 0, 0, 0]);

    return Buffer.concat([head, Buffer.from(text)]);
}


/*
 * The TCP connection; seen(buf, at, len) is called for each frame that has
 * come, its payload being len octets of buf from at on.
 */

function listener(port, target, seen) {
    const socket = net.connect(port, '127.0.0.1');
    let rest = null;
    let open = false;

    socket.write(`GET ${target} HTTP/1.1\r\nHost: x\r\n` +
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

            const len = code === 127 ? buf.readUInt32BE(pos + 6)
                : code === 126 ? buf.readUInt16BE(pos + 2) : code;
            const at = pos + head;

            if (at + len > buf.length) {
                rest = buf.subarray(pos);
                return;
            }

            pos = at + len;
            seen(buf, at, len);
        }
    });

    return socket;
}


module.exports = { frame, listener };
