'use strict';

/* Engine.IO by hand, for what no stock client would do. */

const WebSocket = require('ws');

const { request } = require('./rest');


/* One polling session; every request is a TCP connection of its own. */

class RawPolling {
    constructor(base, path) {
        this.base = base;
        this.path = path || '/socket.io/';
    }

    url(more) {
        return `${this.path}?EIO=4&transport=polling${more || ''}`;
    }

    /* Resolves to the parsed handshake; throws unless 200. */

    async open(headers) {
        const res = await request(this.base, 'GET', this.url(), undefined,
            headers);

        if (res.status !== 200 || res.text[0] !== '0') {
            throw new Error(`handshake: ${res.status} ${res.text}`);
        }

        this.hello = JSON.parse(res.text.slice(1));
        this.sid = this.hello.sid;
        this.opened = res;
        return this.hello;
    }

    get() {
        return request(this.base, 'GET', this.url(`&sid=${this.sid}`));
    }

    post(body, headers) {
        return request(this.base, 'POST', this.url(`&sid=${this.sid}`), body,
            { 'content-type': 'text/plain;charset=UTF-8', ...headers });
    }

    /* The packets of one GET. */

    async packets() {
        const res = await this.get();

        return res.text.split('\x1e');
    }
}


const open = new Set();


/* A WebSocket that keeps what it hears. */

class RawSocket {
    static closeAll() {
        open.forEach((raw) => raw.close());
    }

    constructor(base, query, options) {
        this.heard = [];
        this.closed = null;
        this.waiting = [];
        this.ws = new WebSocket(`${base.replace(/^http/, 'ws')}` +
            `/socket.io/?EIO=4&transport=websocket${query || ''}`,
        options || {});
        open.add(this);
        this.ws.on('message', (data, binary) => {
            this.heard.push(binary ? data : data.toString());
            this.wake();
        });
        this.ws.on('open', () => this.wake());
        this.ws.on('close', (code) => {
            this.closed = code;
            open.delete(this);
            this.wake();
        });
        this.ws.on('unexpected-response', (req, res) => {
            this.status = res.statusCode;
            const chunks = [];

            res.on('data', (c) => chunks.push(c));
            res.on('end', () => {
                this.body = Buffer.concat(chunks).toString();
                this.closed = -1;
                this.wake();
            });
        });
        this.ws.on('error', () => {});
    }

    wake() {
        this.waiting.forEach((fn) => fn());
    }

    /* Resolves to fn() once that is truthy. */

    until(fn, ms) {
        return new Promise((resolve, reject) => {
            const timer = setTimeout(() => reject(new Error(
                `raw socket: heard ${JSON.stringify(this.heard)}, closed ` +
                this.closed)), ms || 8000);

            const check = () => {
                const value = fn();

                if (value) {
                    clearTimeout(timer);
                    this.waiting = this.waiting.filter((f) => f !== check);
                    resolve(value);
                }
            };

            this.waiting.push(check);
            check();
        });
    }

    packet(start) {
        return this.until(() => this.heard.find((p) =>
            typeof p === 'string' && p.startsWith(start)));
    }

    over(ms) {
        return this.until(() => this.closed !== null && [this.closed], ms)
            .then((c) => c[0]);
    }

    send(data) {
        this.ws.send(data);
    }

    close() {
        this.ws.terminate();
    }
}


module.exports = { RawPolling, RawSocket };
