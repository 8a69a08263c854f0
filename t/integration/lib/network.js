'use strict';

/* Networks that fail: a proxy that falls silent, names that change, and a
 * namespace that can be cut off. */

const { spawn, spawnSync } = require('node:child_process');
const dgram = require('node:dgram');
const net = require('node:net');


/*
 * Forwards TCP.  hold(test): connections of which test({ text }) is true, text
 * being what the client has sent so far, are open from then on but silent, as
 * if the other side had gone without a word; release(): they are reset.  What
 * the other side says takes delay ms more.  lose(pattern): the next answer
 * that it matches is lost, and the connection with it.
 */

class Proxy {
    constructor(to, host) {
        this.to = to;
        this.host = host || '127.0.0.1';
        this.pairs = new Set();
        this.count = 0;
        this.silent = null;
        this.delay = 0;
        this.wanted = null;
    }

    start(port) {
        this.server = net.createServer((client) => this.accept(client));
        return new Promise((resolve, reject) => {
            this.server.once('error', reject);
            this.server.listen(port || 0, this.host, () => {
                this.port = this.server.address().port;
                this.url = `redis://${this.host}:${this.port}/0`;
                resolve(this);
            });
        });
    }

    accept(client) {
        const server = net.connect(this.to.port, this.to.host);
        const pair = { client, server, text: '', held: false, slow: [] };

        this.count++;
        this.pairs.add(pair);
        this.judge(pair);

        for (const [from, to] of [[client, server], [server, client]]) {
            from.on('error', () => {});
            from.on('data', (data) => {
                if (from === client) {
                    pair.text = (pair.text + data.toString('latin1'))
                        .slice(0, 4096);
                    this.judge(pair);
                }

                if (pair.held) {
                    return;
                }

                if (from === server && (this.delay || pair.slow.length)) {
                    pair.slow.push(data);
                    setTimeout(() => to.write(pair.slow.shift()), this.delay);
                    return;
                }

                if (from === server && this.wanted &&
                    this.wanted.test(data.toString('latin1'))) {
                    this.wanted = null;
                    client.resetAndDestroy();
                    server.destroy();
                    return;
                }

                to.write(data);
            });
            from.on('close', () => {
                if (!pair.held) {
                    to.destroy();
                }

                if (client.destroyed && server.destroyed) {
                    this.pairs.delete(pair);
                }
            });
        }
    }

    judge(pair) {
        pair.held = pair.held || Boolean(this.silent && this.silent(pair));
    }

    hold(test) {
        this.silent = test || (() => true);
        this.pairs.forEach((pair) => this.judge(pair));
    }

    lose(pattern) {
        this.wanted = pattern;
    }

    /* The connections on which something has been subscribed to. */

    subscriptions() {
        return [...this.pairs].filter((p) => /SUBSCRIBE/.test(p.text));
    }

    /* Whoever has subscribed is told nothing until run has been done. */

    async deaf(run) {
        const paused = this.subscriptions();

        paused.forEach((p) => p.server.pause());

        try {
            await run();
        } finally {
            paused.forEach((p) => p.server.resume());
        }
    }

    /* A function that returns the scripts that were called from now on. */

    scripts() {
        let said = '';

        this.pairs.forEach((p) => p.client.on('data', (data) => {
            said += data.toString('latin1');
        }));

        return () => said.split(/\*\d+\r\n\$7\r\nEVALSHA\r\n/).slice(1);
    }

    release() {
        this.silent = null;

        for (const pair of this.pairs) {
            if (pair.held) {
                pair.client.resetAndDestroy();
                pair.server.destroy();
            }
        }
    }

    stop() {
        for (const { client, server } of this.pairs) {
            client.destroy();
            server.destroy();
        }

        return new Promise((resolve) => this.server.close(resolve));
    }
}


/* A name server that knows A records: names maps a name to addresses. */

class Dns {
    constructor(names) {
        this.names = names;
        this.asked = 0;
    }

    start() {
        this.socket = dgram.createSocket('udp4');
        this.socket.on('message', (query, from) => {
            this.socket.send(this.answer(query), from.port, from.address);
        });
        return new Promise((resolve) => this.socket.bind(0, '127.0.0.1',
            () => {
                this.port = this.socket.address().port;
                resolve(this);
            }));
    }

    /* RFC 1035, 4.1: the question, and an answer for each address. */

    answer(query) {
        const labels = [];
        let at = 12;

        while (query[at]) {
            labels.push(query.toString('latin1', at + 1, at + 1 + query[at]));
            at += query[at] + 1;
        }

        const type = query.readUInt16BE(at + 1);
        const known = this.names[labels.join('.')];
        const addresses = type === 1 && known ? known : [];
        const head = Buffer.from(query.subarray(0, 12));

        this.asked++;
        head.writeUInt16BE(0x8180 | (known ? 0 : 3), 2);
        head.writeUInt16BE(addresses.length, 6);
        head.writeUInt16BE(0, 8);
        head.writeUInt16BE(0, 10);

        const records = addresses.map((address) => Buffer.from([0xc0, 12,
            0, 1, 0, 1, 0, 0, 0, 1, 0, 4, ...address.split('.').map(Number)]));

        return Buffer.concat([head, query.subarray(12, at + 5), ...records]);
    }

    stop() {
        return new Promise((resolve) => this.socket.close(resolve));
    }
}


function ip(...args) {
    const run = spawnSync('ip', args, { encoding: 'utf8' });

    return run.status === 0 ? '' : `ip ${args.join(' ')}: ${run.stderr}`;
}


/*
 * A network namespace behind a pair of interfaces: cut() drops all that comes
 * back from it, without a word, and mend() ends that.
 */

class Namespace {
    constructor() {
        const n = process.pid % 16384;

        this.name = `rooms${process.pid}`;
        this.here = `10.203.${n >> 6}.${(n & 63) * 4 + 1}`;
        this.host = `10.203.${n >> 6}.${(n & 63) * 4 + 2}`;
    }

    /* NULL where this machine lets nobody make one. */

    static make() {
        const ns = new Namespace();
        const [outer, inner] = [`rm${process.pid}a`, `rm${process.pid}b`];

        if (ip('netns', 'add', ns.name)) {
            return null;
        }

        const failed = ip('link', 'add', outer, 'type', 'veth', 'peer',
            'name', inner, 'netns', ns.name)
            || ip('addr', 'add', `${ns.here}/30`, 'dev', outer)
            || ip('link', 'set', outer, 'up')
            || ip('-n', ns.name, 'addr', 'add', `${ns.host}/30`, 'dev', inner)
            || ip('-n', ns.name, 'link', 'set', inner, 'up')
            || ip('-n', ns.name, 'link', 'set', 'lo', 'up');

        if (failed) {
            ns.stop();
            return null;
        }

        return ns;
    }

    /* As child_process.spawn(), inside; ip becomes the program itself. */

    spawn(program, args, options) {
        return spawn('ip', ['netns', 'exec', this.name, program, ...args],
            options);
    }

    cut() {
        const failed = ip('-n', this.name, 'route', 'add', 'blackhole',
            `${this.here}/32`);

        if (failed) {
            throw new Error(failed);
        }
    }

    mend() {
        const failed = ip('-n', this.name, 'route', 'del', 'blackhole',
            `${this.here}/32`);

        if (failed) {
            throw new Error(failed);
        }
    }

    stop() {
        ip('netns', 'del', this.name);
    }
}


module.exports = { Proxy, Dns, Namespace };
