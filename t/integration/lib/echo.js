'use strict';

/*
 * Echo as `make run` configures it, on a server of the test's own, and what
 * speaks to it below the level of any client library.
 */

const fs = require('node:fs');
const net = require('node:net');
const tls = require('node:tls');
const path = require('node:path');
const crypto = require('node:crypto');

const { TOP } = require('./conf');
const { Server } = require('./server');
const { request } = require('./rest');
const { WAIT, SCALE, sleep, until } = require('./player');

const TEMPLATE = path.join(TOP, 'conf', 'apps', 'echo.conf.in');
const STATUS = 'location = /status { rooms_status; }';


/*
 * The rooms_app blocks and the locations of the template.  change(text) may
 * return another text.
 */

function echoConf(change) {
    const all = fs.readFileSync(TEMPLATE, 'utf8').replace(/@REDIS@/g, '');
    const text = change ? change(all) : all;
    const at = text.indexOf('\nserver {');
    const inner = text.slice(at).replace(/^\nserver \{/, '')
        .replace(/\}\s*$/, '');

    return {
        appText: text.slice(0, at),
        locationsText: `${inner.split('\n').filter((line) =>
            !/listen/.test(line)).join('\n')}\n${STATUS}\n`,
    };
}


/* o: as for Server; change: of the template's text. */

function echoServer(o) {
    const { change, ...rest } = o || {};

    return new Server({ ...echoConf(change), ...rest });
}


/* One Server for a describe block. */

function useEcho(hooks, o) {
    const server = echoServer(o);

    hooks.before(() => server.start());
    hooks.afterEach(() => {
        server.closePlayers();
        Wire.closeAll();
    });
    hooks.after(() => server.stop());
    return server;
}


/*
 * A server with one location: lines are its directives, o.app the lines of
 * the rooms_app block.
 */

function oneLocation(lines, o) {
    const { app, locations, ...rest } = o || {};

    return {
        appText: `rooms_app echo { zone 4m; ${app || ''} }`,
        locationsText: `location /socket.io/ { rooms echo; ${lines} }
            ${locations || ''} ${STATUS}`,
        ...rest,
    };
}


/* What was refused, of all rooms_app blocks together. */

async function refused(server, why) {
    const { apps } = await server.status();

    return Object.values(apps).reduce((n, a) => n + (a.refused[why] || 0), 0);
}


const wires = new Set();


/*
 * A TCP connection on which a test writes octets: HTTP, then frames.
 * Frames that come are kept as {fin, rsv, opcode, data}; reads counts how
 * often something came.
 */

class Wire {
    static closeAll() {
        wires.forEach((w) => w.destroy());
    }

    /* o.tls: over TLS, on such a port. */

    constructor(port, o) {
        this.frames = [];
        this.head = null;
        this.reads = 0;
        this.buf = [];
        this.have = 0;
        this.need = 1;
        this.ended = false;
        this.broken = null;
        this.waiting = new Set();
        this.socket = o && o.tls
            ? tls.connect(port, '127.0.0.1', { rejectUnauthorized: false,
                maxVersion: o.maxVersion })
            : net.connect(port, '127.0.0.1');
        this.socket.setNoDelay(true);
        wires.add(this);
        this.socket.on('data', (d) => this.take(d));
        this.socket.on('end', () => {
            this.ended = true;
            this.wake();
        });
        this.socket.on('close', () => {
            this.ended = true;
            wires.delete(this);
            this.wake();
        });
        this.socket.on('error', (e) => {
            this.broken = e;
        });
    }

    wake() {
        this.waiting.forEach((fn) => fn());
    }

    take(data) {
        this.reads++;
        this.buf.push(data);
        this.have += data.length;

        if (this.have >= this.need) {
            let b = Buffer.concat(this.buf);

            b = this.parse(b);
            this.buf = [b];
            this.have = b.length;
            this.wake();
        }
    }

    parse(octets) {
        let b = octets;

        this.need = 1;

        if (this.head === null) {
            const at = b.indexOf('\r\n\r\n');

            if (at < 0) {
                return b;
            }

            this.head = b.subarray(0, at).toString('latin1');
            b = b.subarray(at + 4);
            this.status = Number(this.head.split(' ')[1]);
        }

        if (this.status !== 101) {
            return b;
        }

        for (;;) {
            if (b.length < 2) {
                return b;
            }

            let len = b[1] & 0x7f;
            let at = 2;

            if (len === 126) {
                if (b.length < 4) {
                    return b;
                }

                len = b.readUInt16BE(2);
                at = 4;
            } else if (len === 127) {
                if (b.length < 10) {
                    return b;
                }

                len = Number(b.readBigUInt64BE(2));
                at = 10;
            }

            if (b.length < at + len) {
                this.need = at + len;
                return b;
            }

            const data = Buffer.from(b.subarray(at, at + len));

            this.frames.push({ fin: b[0] >> 7, rsv: (b[0] >> 4) & 7,
                opcode: b[0] & 15, masked: b[1] >> 7, data });

            if (this.beating && len === 1 && data[0] === 0x32) {
                this.text('3');
            }

            b = b.subarray(at + len);
        }
    }

    get rest() {
        return Buffer.concat(this.buf).toString('latin1');
    }

    until(fn, what, ms) {
        return new Promise((resolve, reject) => {
            let timer = null;

            const check = () => {
                const value = fn();

                if (value) {
                    clearTimeout(timer);
                    this.waiting.delete(check);
                    resolve(value);
                }
            };

            timer = setTimeout(() => {
                this.waiting.delete(check);
                reject(new Error(`wire: no ${what}; ended ${this.ended}, ` +
                    `head ${this.head}, frames ${JSON.stringify(
                        this.frames.slice(-5).map((f) => [f.opcode,
                            f.data.toString('latin1').slice(0, 80)]))}`));
            }, ms || WAIT);
            this.waiting.add(check);
            check();
        });
    }

    write(data) {
        return new Promise((resolve) => {
            this.socket.write(data, () => resolve());
        });
    }

    /*
     * A GET that asks for a WebSocket; headers: null leaves one out, a list
     * is as many lines.
     */

    get(target, headers) {
        const all = {
            Host: '127.0.0.1',
            Upgrade: 'websocket',
            Connection: 'Upgrade',
            'Sec-WebSocket-Key': crypto.randomBytes(16).toString('base64'),
            'Sec-WebSocket-Version': '13',
            ...headers,
        };
        const lines = Object.entries(all).filter(([, v]) => v !== null)
            .flatMap(([k, v]) => [].concat(v).map((one) =>
                `${k}: ${one}\r\n`)).join('');

        this.key = all['Sec-WebSocket-Key'];
        return this.write(`GET ${target} HTTP/1.1\r\n${lines}\r\n`);
    }

    async open(target, headers) {
        await this.get(target, headers);
        await this.until(() => this.head !== null, 'answer');

        if (this.status !== 101) {
            throw new Error(`handshake: ${this.head}`);
        }

        return this;
    }

    header(name) {
        const found = new RegExp(`^${name}: (.*)$`, 'im').exec(this.head);

        return found && found[1].trim();
    }

    send(...frames) {
        return this.write(Buffer.concat(frames));
    }

    /* The n-th frame, from 1. */

    frame(n, ms) {
        return this.until(() => this.frames[n - 1], `frame ${n}`, ms);
    }

    /* The frame of that opcode which comes first. */

    first(opcode, ms) {
        return this.until(() => this.frames.find((f) =>
            f.opcode === opcode), `frame with opcode ${opcode}`, ms);
    }

    /* The code of the close frame, 0: an empty one, and the end of it. */

    async closed(ms) {
        const f = await this.first(8, ms);

        await this.until(() => this.ended, 'end of the connection', ms);
        return f.data.length ? f.data.readUInt16BE(0) : 0;
    }

    /* Text packets of Engine.IO that begin with that. */

    packet(start, ms) {
        return this.until(() => this.frames.find((f) => f.opcode === 1 &&
            f.data.toString().startsWith(start)), `packet ${start}`, ms)
            .then((f) => f.data.toString());
    }

    packets() {
        return this.frames.filter((f) => f.opcode === 1)
            .map((f) => f.data.toString()).filter((p) => p !== '2');
    }

    text(data) {
        return this.send(frame(1, data));
    }

    /* Answers pings of Engine.IO from now on. */

    beat() {
        this.beating = true;

        if (this.frames.some((f) => f.opcode === 1 &&
            f.data.toString() === '2')) {
            this.text('3');
        }

        return this;
    }

    /* Forgets what came so far. */

    clear() {
        this.frames.length = 0;
        return this;
    }

    destroy() {
        this.socket.destroy();
    }
}


/*
 * A masked frame.  o: fin, rsv, mask (Buffer, false: unmasked), len (declared
 * instead of the real one), form (7, 16 or 64: of the length).
 */

function frame(opcode, payload, o) {
    const { fin = 1, rsv = 0, mask, len, form } = o || {};
    const data = Buffer.isBuffer(payload) ? payload
        : Buffer.from(payload === undefined ? '' : payload);
    const n = len === undefined ? data.length : len;
    const bits = form || (n < 126 ? 7 : n < 65536 ? 16 : 64);
    const head = Buffer.alloc(bits === 7 ? 2 : bits === 16 ? 4 : 10);
    const key = mask === undefined ? crypto.randomBytes(4) : mask;

    head[0] = (fin << 7) | (rsv << 4) | opcode;
    head[1] = (key ? 0x80 : 0) | (bits === 7 ? n : bits === 16 ? 126 : 127);

    if (bits === 16) {
        head.writeUInt16BE(n, 2);
    } else if (bits === 64) {
        head.writeBigUInt64BE(BigInt(n), 2);
    }

    if (!key) {
        return Buffer.concat([head, data]);
    }

    const masked = Buffer.allocUnsafe(data.length);

    for (let i = 0; i < data.length; i++) {
        masked[i] = data[i] ^ key[i & 3];
    }

    return Buffer.concat([head, key, masked]);
}


function closeFrame(code, reason, o) {
    const b = Buffer.alloc(2);

    b.writeUInt16BE(code);
    return frame(8, Buffer.concat([b, Buffer.from(reason || '')]), o);
}


/* One polling session of a location; packets are strings. */

class Poll {
    constructor(server, location) {
        this.url = server.url;
        this.path = location;
    }

    target(more) {
        return `${this.path}?EIO=4&transport=polling` +
            `${this.sid ? `&sid=${this.sid}` : ''}${more || ''}`;
    }

    async open(headers) {
        this.answer = await request(this.url, 'GET', this.target(),
            undefined, headers);

        if (this.answer.status !== 200) {
            throw new Error(`handshake: ${this.answer.text}`);
        }

        this.hello = JSON.parse(this.answer.text.slice(1));
        this.sid = this.hello.sid;
        return this;
    }

    get(headers) {
        return request(this.url, 'GET', this.target(), undefined, headers);
    }

    post(body, headers) {
        return request(this.url, 'POST', this.target(), body,
            { 'content-type': 'text/plain;charset=UTF-8', ...headers });
    }

    /* Packets of GETs until one begins with that; pings are answered. */

    async until(start, ms) {
        const end = Date.now() + (ms || WAIT);
        const all = [];

        while (Date.now() < end) {
            const res = await this.get();

            if (res.status !== 200) {
                throw new Error(`poll: ${res.status} ${res.text}; had ` +
                    JSON.stringify(all));
            }

            for (const packet of res.text.split('\x1e')) {
                if (packet === '2') {
                    await this.post('3');
                } else {
                    all.push(packet);
                }
            }

            if (all.some((p) => p.startsWith(start))) {
                return all;
            }
        }

        throw new Error(`poll: no ${start} in ${JSON.stringify(all)}`);
    }
}


/* A WebSocket with Engine.IO on a location, its open packet read. */

async function eio(server, location, headers) {
    const wire = new Wire(server.ports.http);

    await wire.open(`${location}?EIO=4&transport=websocket`, headers);
    wire.hello = JSON.parse((await wire.packet('0')).slice(1));
    return wire;
}


/* The same with a socket in the main namespace. */

async function sio(server, location, auth) {
    const wire = await eio(server, location || '/socket.io/');

    wire.beat();
    await wire.text(`40${auth || ''}`);
    await wire.packet('40');
    await wire.packet('42["auth"');
    return wire.clear();
}


module.exports = { echoConf, echoServer, useEcho, oneLocation, refused, Wire,
    frame, closeFrame, Poll, eio, sio, request, SCALE, WAIT, sleep, until };
