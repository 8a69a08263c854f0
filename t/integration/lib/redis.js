'use strict';

/*
 * A real redis-server in a directory of its own: started, paused, killed,
 * asked and stopped.
 */

const assert = require('node:assert');
const { spawn } = require('node:child_process');
const fs = require('node:fs');
const net = require('node:net');
const os = require('node:os');
const path = require('node:path');


async function freePort() {
    const server = net.createServer();

    await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));

    const { port } = server.address();

    await new Promise((resolve) => server.close(resolve));
    return port;
}


class Redis {
    /* o.args: more of the command line; o.file: octets of an ACL file. */

    constructor(o) {
        this.o = o || {};
    }

    async start() {
        this.dir = fs.mkdtempSync(path.join(os.tmpdir(), 'rooms-r-'));
        this.port = await freePort();
        this.url = `redis://127.0.0.1:${this.port}/0`;
        await this.run();
        return this;
    }

    async run() {
        this.child = spawn('redis-server', ['--port', String(this.port),
            '--bind', '127.0.0.1', '--dir', this.dir, '--save', '',
            '--appendonly', 'yes', '--appendfsync', 'everysec',
            ...(this.o.args || [])],
        { stdio: ['ignore', 'ignore', 'inherit'] });
        this.gone = new Promise((resolve) => this.child.on('exit', resolve));

        for (let i = 0; i < 200; i++) {
            if (await this.ask('PING').catch(() => null)) {
                return;
            }

            await new Promise((resolve) => setTimeout(resolve, 50));
        }

        throw new Error('redis-server does not answer');
    }

    /* One command and its reply: strings, numbers, null and arrays. */

    ask(...words) {
        return new Promise((resolve, reject) => {
            const socket = net.connect(this.port, '127.0.0.1');
            let text = '';

            socket.setEncoding('utf8');
            socket.on('error', reject);
            socket.on('close', () => reject(new Error('closed')));
            socket.on('data', (data) => {
                text += data;

                const reply = parse(text, 0);

                if (reply) {
                    socket.destroy();

                    if (reply.value instanceof Error) {
                        reject(reply.value);
                    } else {
                        resolve(reply.value);
                    }
                }
            });
            socket.write(`*${words.length}\r\n` + words.map((word) =>
                `$${Buffer.byteLength(String(word))}\r\n${word}\r\n`)
                .join(''));
        });
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


module.exports = { Redis };
