'use strict';

/*
 * Real redis-servers in directories of their own: started, paused, killed,
 * asked and stopped; one by one, watched by sentinels, or as a cluster.
 */

const assert = require('node:assert');
const { spawn } = require('node:child_process');
const fs = require('node:fs');
const net = require('node:net');
const os = require('node:os');
const path = require('node:path');
const tls = require('node:tls');

const { freePort } = require('./port');


function sleep(ms) {
    return new Promise((resolve) => setTimeout(resolve, ms));
}


class Redis {
    /*
     * o: args, more of the command line; tls, the paths { ca, cert, key } of
     * a server that speaks nothing else; auth, words of an AUTH for ask();
     * host, the address it has; spawn, what starts it.
     */

    constructor(o) {
        this.o = o || {};
        this.host = this.o.host || '127.0.0.1';
    }

    async start() {
        this.dir = fs.mkdtempSync(path.join(os.tmpdir(), 'rooms-r-'));
        this.port = await freePort();
        this.url = `redis://${this.host}:${this.port}/0`;
        await this.run();
        return this;
    }

    args() {
        const { tls: files } = this.o;
        const ports = !files ? ['--port', String(this.port)]
            : ['--port', '0', '--tls-port', String(this.port),
                '--tls-cert-file', files.cert, '--tls-key-file', files.key,
                '--tls-ca-cert-file', files.ca];

        /*
         * What is killed here is the process, not the machine: it has written
         * what it answered.  With "everysec" it may answer first, for up to
         * two seconds, while the disk is slow.
         */

        return [...ports, '--bind', this.host, '--dir', this.dir,
            '--save', '', '--appendonly', 'yes', '--appendfsync', 'no',
            ...(this.o.args || [])];
    }

    async run() {
        this.child = (this.o.spawn || spawn)('redis-server', this.args(),
            { stdio: ['ignore', 'ignore', 'inherit'] });
        this.gone = new Promise((resolve) => this.child.on('exit', resolve));

        for (let i = 0; i < 200; i++) {
            if (await this.ask('PING').catch((e) =>
                /^NOAUTH/.test(e.message))) {
                return;
            }

            await sleep(50);
        }

        throw new Error('redis-server does not answer');
    }

    connect() {
        const { tls: files } = this.o;

        if (!files) {
            return net.connect(this.port, this.host);
        }

        return tls.connect({ port: this.port, host: this.host,
            ca: fs.readFileSync(files.ca), cert: fs.readFileSync(files.cert),
            key: fs.readFileSync(files.key),
            checkServerIdentity: () => undefined });
    }

    /* One command and its reply: strings, numbers, null and arrays. */

    ask(...words) {
        return this.talk([words]);
    }

    /* Commands on one connection, and the reply to the last. */

    talk(commands) {
        return new Promise((resolve, reject) => {
            const socket = this.connect();
            const { auth } = this.o;
            const all = [...(auth ? [auth] : []), ...commands];
            let text = '';

            socket.setEncoding('latin1');
            socket.on('error', reject);
            socket.on('close', () => reject(new Error('closed')));
            socket.on('data', (data) => {
                text += data;

                let reply = { end: 0 };

                for (let i = 0; reply && i < all.length; i++) {
                    reply = parse(text, reply.end);
                }

                if (reply) {
                    socket.destroy();

                    if (reply.value instanceof Error) {
                        reject(reply.value);
                    } else {
                        resolve(utf8(reply.value));
                    }
                }
            });

            socket.write(all.map(command).join(''));
        });
    }

    /*
     * Until a copy has all that this one has now.  WAIT is about what its own
     * connection has seen, so that there has to be something before it.
     */

    async copied() {
        const copies = await this.talk([['PING'], ['WAIT', 1, 10000]]);

        assert.ok(copies >= 1, 'no copy has it all');
    }

    pause() {
        this.child.kill('SIGSTOP');
    }

    resume() {
        this.child.kill('SIGCONT');
    }

    async kill() {
        this.child.kill('SIGKILL');
        await this.gone;
    }

    async stop() {
        if (this.child.exitCode === null && this.child.signalCode === null) {
            this.child.kill('SIGKILL');
            await this.gone;
        }

        fs.rmSync(this.dir, { recursive: true, force: true });
        assert.ok(!fs.existsSync(this.dir));
    }
}


/* A master, a copy of it, and three sentinels that watch them. */

class Sentinels {
    /* o: args, of both servers; down, ms until the master is thought dead. */

    constructor(o) {
        this.o = { down: 1000, ...o };
    }

    async start() {
        const args = this.o.args || [];

        this.master = await new Redis({ args }).start();
        this.copy = await new Redis({ args: [...args, '--replicaof',
            '127.0.0.1', String(this.master.port)] }).start();
        await this.linked(this.copy);
        this.sentinels = [];

        for (let i = 0; i < 3; i++) {
            this.sentinels.push(await this.sentinel());
        }

        const hosts = this.sentinels.map((s) => `127.0.0.1:${s.port}`);

        this.url = `sentinel://${hosts}/main/0`;
        await this.ready();
        return this;
    }

    async sentinel() {
        const sentinel = new Redis();

        sentinel.args = () => {
            const file = path.join(sentinel.dir, 'sentinel.conf');

            fs.writeFileSync(file, [
                `port ${sentinel.port}`,
                `dir ${sentinel.dir}`,
                'bind 127.0.0.1',
                `sentinel monitor main 127.0.0.1 ${this.master.port} 2`,
                `sentinel down-after-milliseconds main ${this.o.down}`,
                'sentinel failover-timeout main 5000',
            ].join('\n') + '\n');
            return [file, '--sentinel'];
        };
        return sentinel.start();
    }

    /* Until the copy has all of the master. */

    async linked(copy) {
        for (let i = 0; i < 400; i++) {
            const info = await copy.ask('INFO', 'replication');

            if (/master_link_status:up/.test(info)) {
                return;
            }

            await sleep(50);
        }

        throw new Error('the copy does not reach its master');
    }

    /* Until the sentinels know each other and the copy. */

    async ready() {
        for (let i = 0; i < 400; i++) {
            let n = 0;

            for (const sentinel of this.sentinels) {
                const info = await sentinel.ask('INFO', 'sentinel');

                n += /slaves=1,sentinels=3/.test(info) ? 1 : 0;
            }

            if (n === 3) {
                return;
            }

            await sleep(50);
        }

        throw new Error('the sentinels do not meet');
    }

    async stop() {
        for (const one of [...this.sentinels, this.copy, this.master]) {
            await one.stop();
        }
    }
}


/* Masters that share the slots, and one copy of the first. */

class Cluster {
    constructor(o) {
        this.o = { masters: 3, timeout: 1500, ...o };
    }

    async start() {
        this.nodes = [];

        for (let i = 0; i < this.o.masters + 1; i++) {
            const bus = await freePort();

            this.nodes.push(await new Redis({ args: ['--cluster-enabled',
                'yes', '--cluster-port', String(bus),
                '--cluster-node-timeout', String(this.o.timeout),
                '--cluster-require-full-coverage', 'no',
                '--cluster-replica-validity-factor', '0'] }).start());
            this.nodes[i].bus = bus;
        }

        for (const node of this.nodes) {
            node.id = await node.ask('CLUSTER', 'MYID');
        }

        for (const node of this.nodes.slice(1)) {
            await this.nodes[0].ask('CLUSTER', 'MEET', '127.0.0.1',
                node.port, node.bus);
        }

        for (let i = 0; i < this.o.masters; i++) {
            const from = Math.floor(16384 * i / this.o.masters);
            const to = Math.floor(16384 * (i + 1) / this.o.masters) - 1;

            await this.nodes[i].ask('CLUSTER', 'ADDSLOTSRANGE', from, to);
        }

        await this.until(async () => (await Promise.all(this.nodes.map((n) =>
            n.ask('CLUSTER', 'NODES')))).every((text) =>
            text.trim().split('\n').length === this.nodes.length),
        'the nodes do not meet');
        await this.until(async () => (await Promise.all(this.nodes.map((n) =>
            n.ask('CLUSTER', 'INFO')))).every((text) =>
            /cluster_slots_ok:16384/.test(text)), 'not all slots are served');

        this.url = 'redis://' + this.nodes.map((n) => `127.0.0.1:${n.port}`)
            .join() + '/0';
        return this;
    }

    async until(cond, what) {
        for (let i = 0; i < 600; i++) {
            if (await cond()) {
                return;
            }

            await sleep(50);
        }

        throw new Error(what);
    }

    /* The last node becomes the copy of one. */

    async replicate(node) {
        const copy = this.nodes[this.nodes.length - 1];

        await copy.ask('CLUSTER', 'REPLICATE', node.id);
        await this.until(async () => /master_link_status:up/.test(
            await copy.ask('INFO', 'replication')), 'the copy has no link');
        return copy;
    }

    slot(key) {
        return this.nodes[0].ask('CLUSTER', 'KEYSLOT', key);
    }

    /* Who serves a slot, as the nodes say. */

    async owner(slot) {
        for (const range of await this.nodes[0].ask('CLUSTER', 'SLOTS')) {
            if (slot >= range[0] && slot <= range[1]) {
                return this.nodes.find((n) => n.port === range[2][1]);
            }
        }

        throw new Error(`nobody serves ${slot}`);
    }

    /*
     * Moves a slot as redis-cli does, key by key.  When about half of the keys
     * have gone, and again when all have, but nobody else knows yet, the move
     * rests for so many ms.
     */

    async move(slot, from, to, rest) {
        await to.ask('CLUSTER', 'SETSLOT', slot, 'IMPORTING', from.id);
        await from.ask('CLUSTER', 'SETSLOT', slot, 'MIGRATING', to.id);

        const half = Math.ceil(await from.ask('CLUSTER', 'COUNTKEYSINSLOT',
            slot) / 2);

        for (let n = 0; ; n++) {
            const [key] = await from.ask('CLUSTER', 'GETKEYSINSLOT', slot, 1);

            if (rest && (n === half || key === undefined)) {
                await sleep(rest);
            }

            if (key === undefined) {
                break;
            }

            await from.ask('MIGRATE', '127.0.0.1', to.port, key, 0, 5000);
        }

        for (const node of [to, from, ...this.nodes]) {
            await node.ask('CLUSTER', 'SETSLOT', slot, 'NODE', to.id)
                .catch(() => null);
        }
    }

    async stop() {
        for (const node of this.nodes) {
            await node.stop();
        }
    }
}


function command(words) {
    return `*${words.length}\r\n` + words.map((word) =>
        `$${Buffer.byteLength(String(word))}\r\n${word}\r\n`).join('');
}


/* Lengths are of octets, so that replies are read as such. */

function utf8(value) {
    if (Array.isArray(value)) {
        return value.map(utf8);
    }

    return typeof value === 'string'
        ? Buffer.from(value, 'latin1').toString('utf8') : value;
}


/* { value, end }, or null where something is missing yet. */

function parse(text, from) {
    const line = text.indexOf('\r\n', from);

    if (line < 0) {
        return null;
    }

    const head = text.slice(from + 1, line);
    const end = line + 2;

    switch (text[from]) {
    case '+':
        return { value: head, end };
    case '-':
        return { value: new Error(head), end };
    case ':':
        return { value: Number(head), end };
    case '$': {
        const n = Number(head);

        if (n < 0) {
            return { value: null, end };
        }

        return text.length >= end + n + 2
            ? { value: text.slice(end, end + n), end: end + n + 2 } : null;
    }
    default: {
        const value = [];
        let at = end;

        for (let i = 0; i < Number(head); i++) {
            const one = parse(text, at);

            if (!one) {
                return null;
            }

            value.push(one.value);
            at = one.end;
        }

        return { value, end: at };
    }
    }
}


module.exports = { Redis, Sentinels, Cluster };
