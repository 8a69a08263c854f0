'use strict';

/* RFC 7692 by octets: what is agreed, and what is sent then. */

const assert = require('node:assert');
const zlib = require('node:zlib');
const { describe, it, before, after, afterEach } = require('node:test');

const WebSocket = require('ws');

const { useEcho, Wire, frame, eio, refused, SCALE } = require('./lib/echo');

const TAIL = Buffer.from([0, 0, 0xff, 0xff]);
const EXT = 'Sec-WebSocket-Extensions';


/* One message, without the tail (section 7.2.1). */

function deflate(data, bits) {
    const out = zlib.deflateRawSync(data, { windowBits: bits || 15,
        finishFlush: zlib.constants.Z_SYNC_FLUSH });

    assert.ok(out.subarray(-4).equals(TAIL));
    return out.subarray(0, -4);
}


function inflate(data, bits) {
    return zlib.inflateRawSync(Buffer.concat([data, TAIL]),
        { windowBits: bits || 15,
            finishFlush: zlib.constants.Z_SYNC_FLUSH });
}


/* The parameters of an answer as an object, null: none. */

function agreed(wire) {
    const value = wire.header(EXT);

    if (value === null) {
        return null;
    }

    const [name, ...rest] = value.split(';').map((s) => s.trim());

    assert.strictEqual(name, 'permessage-deflate');
    return Object.fromEntries(rest.map((p) => {
        const [k, v] = p.split('=');

        return [k, v === undefined ? true : Number(v)];
    }));
}


function open(server, offer, target) {
    return new Wire(server.ports.http).open(target || '/ws-echo',
        offer === null ? {} : { [EXT]: offer });
}


const P = 'permessage-deflate';
const GOOD = [
    P,
    `${P}; client_max_window_bits`,
    `${P}; server_no_context_takeover`,
    `${P}; client_no_context_takeover`,
    `${P}; server_no_context_takeover; client_no_context_takeover`,
    ...[9, 10, 11, 12, 13, 14, 15].flatMap((n) => [
        `${P}; server_max_window_bits=${n}`,
        `${P}; client_max_window_bits=${n}`,
        `${P}; server_max_window_bits=${n}; client_max_window_bits=${n}; ` +
            'server_no_context_takeover; client_no_context_takeover',
    ]),
    `${P}; server_max_window_bits="10"`,
    `x-other; a=b, ${P}`,
    `${P}; x_unknown=1, ${P}; client_max_window_bits`,
    `${P}; server_max_window_bits=8`,
];
const BAD = [
    'x-other',
    'permessage-bzip2',
    `${P}; x_unknown`,
    `${P}; server_max_window_bits`,
    `${P}; server_max_window_bits=7`,
    `${P}; server_max_window_bits=16`,
    `${P}; server_max_window_bits=010`,
    `${P}; client_max_window_bits=7`,
    `${P}; client_max_window_bits=99`,
    `${P}; server_no_context_takeover=1`,
    `${P}; client_no_context_takeover; client_no_context_takeover`,
    `${P}; server_max_window_bits=9; server_max_window_bits=10`,
    `${P};; a`,
    ', ,',
];


describe('RFC 7692: negotiation', () => {
    const server = useEcho({ before, after, afterEach });

    for (const offer of GOOD) {
        it(`accepts ${offer}`, async () => {
            const wire = await open(server, offer);
            const got = agreed(wire);
            const asked = offer.includes('x_unknown')
                ? `${P}; client_max_window_bits` : offer;
            const bits = /server_max_window_bits="?(\d+)/.exec(asked);

            assert.ok(got, wire.head);

            if (bits) {
                assert.ok(got.server_max_window_bits <= Number(bits[1]));
            }

            /* without the client's word it has no window to agree on */

            if (!/client_max_window_bits/.test(asked)) {
                assert.strictEqual(got.client_max_window_bits, undefined);
            }

            const given = /client_max_window_bits=(\d+)/.exec(asked);

            if (given) {
                assert.ok((got.client_max_window_bits || 15) <=
                    Number(given[1]));
            }

            if (/server_no_context_takeover/.test(asked)) {
                assert.strictEqual(got.server_no_context_takeover, true);
            }

            /* both sides keep to it */

            const mine = got.client_max_window_bits || 15;
            const theirs = got.server_max_window_bits || 15;
            const data = Buffer.from(Array.from({ length: 3000 }, (_, i) =>
                `line ${i % 700} `).join(''));

            for (let i = 1; i <= 3; i++) {
                await wire.send(frame(1, deflate(data, mine), { rsv: 4 }));

                const f = await wire.frame(i);

                assert.strictEqual(f.rsv, 4);
                assert.ok(inflate(f.data, theirs).equals(data));
            }
        });
    }

    for (const offer of BAD) {
        it(`goes without it for ${offer}`, async () => {
            const wire = await open(server, offer);

            assert.strictEqual(agreed(wire), null);
            await wire.send(frame(1, 'plain'));
            assert.strictEqual((await wire.frame(1)).data.toString(),
                'plain');
        });
    }

    it('offers may be spread over lines', async () => {
        const wire = await new Wire(server.ports.http).open('/ws-echo', {
            [EXT]: ['x-other; a=b', `${P}; x_unknown=1`,
                `${P}; server_max_window_bits=9`] });

        assert.strictEqual(agreed(wire).server_max_window_bits, 9);
    });

    it('no location but those configured offers it', async () => {
        for (const target of ['/ws-echo-nodeflate',
            '/default/?EIO=4&transport=websocket',
            '/socket.io/?EIO=4&transport=websocket']) {
            assert.strictEqual(agreed(await open(server, P, target)), null);
        }

        assert.ok(agreed(await open(server, P,
            '/extras/?EIO=4&transport=websocket')));
    });
});


describe('RFC 7692: messages', () => {
    const server = useEcho({ before, after, afterEach });
    const hello = Buffer.from('f248cdc9c90700', 'hex');

    /* section 7.2.3, the examples of the text */

    for (const [what, frames] of [
        ['7.2.3.1 in one frame', [frame(1, hello, { rsv: 4 })]],
        ['7.2.3.1 in two frames', [frame(1, hello.subarray(0, 3),
            { rsv: 4, fin: 0 }), frame(0, hello.subarray(3))]],
        ['7.2.3.3 a block without compression', [frame(1, Buffer.from(
            '000500faff48656c6c6f00', 'hex'), { rsv: 4 })]],
        ['7.2.3.4 a block with BFINAL', [frame(1, Buffer.from(
            'f348cdc9c9070000', 'hex'), { rsv: 4 })]],
        ['7.2.3.5 two blocks', [frame(1, Buffer.from(
            'f24805000000ffffcac9c90700', 'hex'), { rsv: 4 })]],
        ['not compressed', [frame(1, 'Hello')]],
    ]) {
        it(what, async () => {
            const wire = await open(server, P);

            await wire.send(...frames);

            const f = await wire.frame(1);
            const got = f.rsv ? inflate(f.data) : f.data;

            assert.deepStrictEqual([f.opcode, got.toString()],
                [1, 'Hello']);
        });
    }

    it('an empty message', async () => {
        const wire = await open(server, P);

        for (const payload of [Buffer.from([0]), deflate(Buffer.alloc(0))]) {
            wire.clear();
            await wire.send(frame(2, payload, { rsv: 4 }));

            const f = await wire.frame(1);

            assert.strictEqual((f.rsv ? inflate(f.data) : f.data).length, 0);
        }
    });

    it('binary and text of many sizes, in one frame and in parts',
        async () => {
            const wire = await open(server, P);

            for (const n of [1, 16, 64, 256, 1024, 4096, 8192, 16384, 32768,
                65536, 131072]) {
                for (const part of [n, 256]) {
                    const data = Buffer.from(Array.from({ length: n },
                        (_, i) => 32 + (i * 7 + (i >> 5)) % 90));
                    const z = deflate(data);
                    const frames = [];

                    for (let i = 0; i < z.length; i += part) {
                        frames.push(frame(i ? 0 : 1,
                            z.subarray(i, i + part), { rsv: i ? 0 : 4,
                                fin: i + part >= z.length ? 1 : 0 }));
                    }

                    wire.clear();
                    await wire.send(...frames);

                    const f = await wire.frame(1);

                    assert.ok((f.rsv ? inflate(f.data) : f.data)
                        .equals(data), `${n} in ${part}`);
                }
            }
        });

    it('what would not get smaller is sent as it is', async () => {
        const wire = await open(server, P);
        const data = require('node:crypto').randomBytes(5000);

        await wire.send(frame(2, data));

        const f = await wire.frame(1);

        assert.strictEqual(f.rsv, 0);
        assert.ok(f.data.equals(data));
    });

    const FAIL = [
        ['no deflate data', frame(1, 'garbage!', { rsv: 4 }), 1007],
        ['a block of a reserved type', frame(1, Buffer.from('06', 'hex'),
            { rsv: 4 }), 1007],
        ['text that is no UTF-8', frame(1, deflate(Buffer.from([0x61, 0xff])),
            { rsv: 4 }), 1007],
        ['text with an open end', frame(1, deflate(Buffer.from([0xe2])),
            { rsv: 4 }), 1007],
        ['RSV1 on a continuation', Buffer.concat([frame(1, hello,
            { rsv: 4, fin: 0 }), frame(0, '', { rsv: 4 })]), 1002],
        ['RSV1 on a ping', frame(9, '', { rsv: 4 }), 1002],
        ['RSV2 beside it', frame(1, hello, { rsv: 6 }), 1002],
    ];

    for (const [what, data, code] of FAIL) {
        it(`${what}: ${code}`, async () => {
            const was = await refused(server, 'frame');
            const wire = await open(server, P);

            await wire.send(data);
            assert.strictEqual(await wire.closed(), code);
            assert.strictEqual(await refused(server, 'frame'), was + 1);
        });
    }

    it('RSV1 where it was not agreed: 1002', async () => {
        const wire = await open(server, null);

        await wire.send(frame(1, hello, { rsv: 4 }));
        assert.strictEqual(await wire.closed(), 1002);
    });

    it('what inflates to 16 MiB passes, one octet more is 1009', async () => {
        const was = await refused(server, 'payload');
        const wire = await open(server, P);
        const size = 16 * 1024 * 1024;

        await wire.send(frame(2, deflate(Buffer.alloc(size, 42)),
            { rsv: 4 }));

        const f = await wire.frame(1, 30000 * SCALE);

        assert.strictEqual(inflate(f.data).length, size);
        await wire.send(frame(2, deflate(Buffer.alloc(size + 1, 42)),
            { rsv: 4 }));
        assert.strictEqual(await wire.closed(), 1009);
        assert.strictEqual(await refused(server, 'payload'), was + 1);
    });

    it('a bomb costs the limit, not what it declares', async () => {
        const wire = await eio(server, '/extras/', { [EXT]: P });
        const bomb = deflate(Buffer.alloc(64 * 1024 * 1024));

        assert.ok(bomb.length < 100000);
        await wire.send(frame(1, bomb, { rsv: 4 }));
        assert.strictEqual(await wire.closed(), 1009);
    });

    it('Socket.IO from 0 octets on is compressed both ways', async () => {
        const wire = await eio(server, '/extras/', { [EXT]: P });

        await wire.send(frame(1, deflate(Buffer.from('40')), { rsv: 4 }));
        await wire.until(() => wire.frames.length >= 3, 'answers');
        await wire.send(frame(1, deflate(Buffer.from(
            `42["message","${'x'.repeat(500)}"]`)), { rsv: 4 }));

        const f = await wire.frame(4);

        assert.strictEqual(f.rsv, 4);
        assert.strictEqual(inflate(f.data).toString(),
            `42["message-back","${'x'.repeat(500)}"]`);
        assert.ok(f.data.length < 60);
    });

    it('a stock client with every parameter of its own', async () => {
        for (const perMessageDeflate of [true, false,
            { serverMaxWindowBits: 9, clientMaxWindowBits: 9 },
            { serverNoContextTakeover: true, threshold: 0 },
            { clientNoContextTakeover: true, threshold: 0 }]) {
            const ws = new WebSocket(`${server.url.replace('http', 'ws')}` +
                '/ws-echo', { perMessageDeflate });
            const got = [];

            await new Promise((resolve, reject) => {
                ws.on('error', reject);
                ws.on('open', () => {
                    for (let i = 0; i < 20; i++) {
                        ws.send('abc '.repeat(i * 100));
                    }
                });
                ws.on('message', (m) => {
                    got.push(m.toString());

                    if (got.length === 20) {
                        ws.on('close', resolve);
                        ws.close(1000);
                    }
                });
            });

            assert.deepStrictEqual(got, Array.from({ length: 20 }, (_, i) =>
                'abc '.repeat(i * 100)));
        }
    });
});
