'use strict';

/*
 * Mutated frames against a live nginx.  Good conversations are changed octet
 * by octet, by a generator with a seed, so that a run can be repeated.
 */

const zlib = require('node:zlib');

const { frame, Wire, request } = require('./echo');


/* xorshift32 */

function random(seed) {
    let x = seed || 1;

    return (n) => {
        x ^= x << 13;
        x ^= x >>> 17;
        x ^= x << 5;
        x >>>= 0;
        return x % n;
    };
}


const P0 = '{"_placeholder":true,"num":0}';
const P1 = '{"_placeholder":true,"num":1}';

const PACKETS = ['40', '40/custom,', '40{"token":"secret"}', '41', '42["a"]',
    '42["message",1,"two",{"three":[null,true]}]', '425["rooms"]',
    '42["join","r"]', '42["emit-in-room","r","x",1]', '42["burst","n",3]',
    '42["big","b",100]', '42["set-data",{"a":1}]', '421["whoami"]',
    '42["call-client","x",1]', '430["y"]', '42["broadcast","z",{}]',
    '42/custom,["message","\u20ac"]', '44{"message":"x"}', '3', '2probe',
    '5', '6', '42["kick-me",false]', `451-["message",${P0}]`,
    `452-["message-with-ack",${P1},{"a":[${P0}]}]`, `461-0[${P0}]`,
    '40{"pid":"AAAAAAAAAAAAAAAAAAAABBBBBBBBBBBBBBBBBBBB","offset":"1-2"}'];


/* The frames of one good message, some in parts, compressed or binary. */

function message(rand) {
    const text = PACKETS[rand(PACKETS.length)];

    switch (rand(8)) {
    case 0:
        return [frame(1, text.slice(0, 3), { fin: 0 }),
            frame(9, 'p'), frame(0, text.slice(3))];
    case 1:
        return [frame(1, zlib.deflateRawSync(text, {
            finishFlush: zlib.constants.Z_SYNC_FLUSH }).subarray(0, -4),
        { rsv: 4 })];
    case 2:
        return [frame(2, Buffer.from([rand(256), rand(256), rand(256)]))];
    case 3:
        return [frame(1, `451-["message",${P0}]`), frame(2, 'abc')];
    case 4:
        return [frame(8 + rand(3), Buffer.from([3, 232 + rand(4)]))];
    default:
        return [frame(1, text)];
    }
}


/* Changes some octets; masks make the payload random anyhow. */

function mutate(data, rand) {
    let b = Buffer.from(data);

    for (let n = rand(4); n > 0; n--) {
        const at = rand(b.length);

        switch (rand(6)) {
        case 0:
            b[at] ^= 1 << rand(8);
            break;
        case 1:
            b[at] = rand(256);
            break;
        case 2:
            b = Buffer.concat([b.subarray(0, at), b.subarray(at + 1)]);
            break;
        case 3:
            b = Buffer.concat([b.subarray(0, at), Buffer.from([rand(256)]),
                b.subarray(at)]);
            break;
        case 4:
            b[at] = [0, 0x7f, 0x80, 0xff, 0x7e, 0xfe][rand(6)];
            break;
        default:
            b = Buffer.concat([b.subarray(0, at), b.subarray(rand(at + 1))]);
        }

        if (b.length === 0) {
            return Buffer.from([rand(256)]);
        }
    }

    return b;
}


const TARGETS = ['/ws-echo', '/ws-echo-nodeflate',
    '/engine.io/?EIO=4&transport=websocket',
    '/socket.io/?EIO=4&transport=websocket',
    '/default/?EIO=4&transport=websocket',
    '/recovery/?EIO=4&transport=websocket',
    '/extras/?EIO=4&transport=websocket'];


/* Sends frames on one connection until it ends, at most n; says how many. */

async function converse(server, rand, n) {
    const wire = new Wire(server.ports.http);
    const target = TARGETS[rand(TARGETS.length)];
    let sent = 0;

    try {
        await wire.open(target, {
            'Sec-WebSocket-Extensions': 'permessage-deflate' });

        if (!target.startsWith('/ws') && rand(4)) {
            await wire.send(frame(1, '40'));
        }

        while (sent < n && !wire.ended && !wire.socket.destroyed) {
            const out = [];

            for (let i = rand(12) + 1; i > 0; i--) {
                const frames = message(rand);

                out.push(...(rand(3) ? frames
                    : frames.map((f) => mutate(f, rand))));
            }

            sent += out.length;

            const all = Buffer.concat(out);
            const cut = rand(all.length);

            wire.socket.write(all.subarray(0, cut));
            await new Promise(setImmediate);

            if (!wire.socket.destroyed) {
                await new Promise((resolve) => {
                    wire.socket.write(all.subarray(cut), resolve);
                });
            }

            wire.frames.length = 0;
        }
    } catch (e) {
        if (wire.status === undefined && !wire.ended) {
            throw e;
        }
    } finally {
        wire.destroy();
    }

    return Math.max(sent, 1);
}


/* One polling session with mutated bodies. */

async function poll(server, rand) {
    const base = ['/engine.io/', '/socket.io/', '/default/'][rand(3)];
    const res = await request(server.url, 'GET',
        `${base}?EIO=4&transport=polling`);
    const { sid } = JSON.parse(res.text.slice(1));
    let sent = 0;

    for (let i = 0; i < 6; i++) {
        const n = rand(3) + 1;
        const body = mutate(Buffer.from(Array.from({ length: n }, () =>
            (rand(4) ? PACKETS[rand(PACKETS.length)] : 'bAQID'))
            .join('\x1e')), rand);
        const { status } = await request(server.url, 'POST',
            `${base}?EIO=4&transport=polling&sid=${sid}`, body,
            { 'content-type': 'text/plain;charset=UTF-8' });

        sent += n;

        if (status !== 200) {
            break;
        }
    }

    return sent;
}


/*
 * Until so many frames have been sent, over so many connections at a time.
 * alive() is asked now and then and throws where the server has suffered.
 */

async function storm(server, o) {
    let left = o.frames;

    async function one(i) {
        const rand = random(o.seed + i * 7919);

        while (left > 0) {
            left -= rand(12) ? await converse(server, rand, 400)
                : await poll(server, rand);
            o.alive();
        }
    }

    await Promise.all(Array.from({ length: o.connections }, (_, i) =>
        one(i)));
}


module.exports = { storm };
