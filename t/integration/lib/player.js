'use strict';

/*
 * One real socket.io client with a recorder: every connect, disconnect, event
 * and ack is kept in the order in which it arrived.
 */

const http = require('node:http');

const { io } = require('socket.io-client');

const SCALE = Number(process.env.ROOMS_TIME_SCALE || 1);
const WAIT = 8000 * SCALE;

/* The values of opts.mode. */

const TRANSPORTS = {
    websocket: { transports: ['websocket'] },
    polling: { transports: ['polling'], upgrade: false },
    upgrade: { transports: ['polling', 'websocket'] },
};


function sleep(ms) {
    return new Promise((resolve) => setTimeout(resolve, ms));
}


/* Polls cond until it is truthy and resolves to its value. */

async function until(cond, what, ms) {
    const end = Date.now() + (ms || WAIT);

    for (;;) {
        const value = await cond();

        if (value) {
            return value;
        }

        if (Date.now() > end) {
            throw new Error(`not in time: ${what}`);
        }

        await sleep(15);
    }
}


class Player {
    /*
     * url: of the server.  opts: mode (a key of TRANSPORTS), io (another
     * client library), name, keepAlive (requests share connections), and
     * anything else for the client itself.
     */

    constructor(url, opts) {
        const { mode, io: make, name, keepAlive, ...rest } = opts || {};

        if (keepAlive) {
            rest.agent = new http.Agent({ keepAlive });
        }

        this.name = name;
        this.mode = mode || 'websocket';
        this.log = [];
        this.cursor = new Map();
        this.wake = new Set();
        this.socket = (make || io)(url, {
            forceNew: true,
            autoConnect: false,
            reconnectionDelay: 100,
            reconnectionDelayMax: 500,
            randomizationFactor: 0.1,
            ...TRANSPORTS[this.mode],
            ...rest,
        });

        this.socket.on('connect', () => this.record('connect', null, {
            id: this.socket.id, recovered: this.socket.recovered }));
        this.socket.on('connect_error', (e) =>
            this.record('connect_error', null, e.message));
        this.socket.on('disconnect', (reason) =>
            this.record('disconnect', null, reason));
        this.socket.onAny((event, ...args) =>
            this.record('event', event, args[0], args));
    }

    get id() {
        return this.socket.id;
    }

    record(kind, name, data, args) {
        this.log.push({ kind, name, data, args, at: Date.now() });

        for (const fn of this.wake) {
            fn();
        }
    }

    /* Resolves to fn() as soon as that is truthy. */

    on(fn, what, ms) {
        return new Promise((resolve, reject) => {
            let timer = null;

            const check = () => {
                const value = fn();

                if (value) {
                    clearTimeout(timer);
                    this.wake.delete(check);
                    resolve(value);
                }

                return value;
            };

            timer = setTimeout(() => {
                this.wake.delete(check);
                reject(new Error(`${this.name || this.id}: no ${what}; saw ` +
                    JSON.stringify(this.names().slice(-30))));
            }, ms || WAIT);

            this.wake.add(check);
            check();
        });
    }

    async connect(ms) {
        const from = this.log.length;

        this.socket.connect();
        await this.on(() => this.log.slice(from)
            .some((e) => e.kind === 'connect'), 'connect', ms);
        return this;
    }

    /* The next unread event of that name, waiting for it where needed. */

    async next(name, ms) {
        const from = this.cursor.get(name) || 0;

        const at = await this.on(() => {
            const i = this.log.findIndex((e, k) => k >= from &&
                e.kind === 'event' && e.name === name);
            return i < 0 ? 0 : i + 1;
        }, `event ${name}`, ms);

        this.cursor.set(name, at);
        return this.log[at - 1].data;
    }

    /* Waits for the n-th connection, n counted from one. */

    connection(n, ms) {
        return this.on(() => this.log.filter((e) =>
            e.kind === 'connect')[n - 1], `connection ${n}`, ms)
            .then((e) => e.data);
    }

    disconnection(n, ms) {
        return this.on(() => this.log.filter((e) =>
            e.kind === 'disconnect')[n - 1], `disconnection ${n}`, ms)
            .then((e) => e.data);
    }

    /* Every payload of one event, in order. */

    all(name) {
        return this.log.filter((e) => e.kind === 'event' && e.name === name)
            .map((e) => e.data);
    }

    /* What arrived, acks as "ack <event>", for comparing orders. */

    names(from) {
        return this.log.slice(from || 0).map((e) => (e.kind === 'event'
            ? e.name : e.name === null ? `<${e.kind}>` : `ack ${e.name}`));
    }

    /* Forgets the past, so that a test speaks of what it did itself. */

    clear() {
        this.log = [];
        this.cursor.clear();
        return this;
    }

    /* Sends a command and resolves to its ack. */

    ask(event, ...args) {
        return new Promise((resolve, reject) => {
            const timer = setTimeout(() => reject(new Error(
                `${this.name || this.id}: no ack of ${event}`)), WAIT);

            this.socket.emit(event, ...args, (...answer) => {
                clearTimeout(timer);
                this.record('ack', event, answer[0], answer);
                resolve(answer[0]);
            });
        });
    }

    /* Sends a command without asking for an ack. */

    tell(event, ...args) {
        this.socket.emit(event, ...args);
    }

    async join(code, name) {
        const ack = await this.ask('session:join', {
            sessionCode: code,
            displayName: name === undefined ? this.name : name });

        if (ack.success) {
            this.code = code;
            this.participantId = ack.participantId;
        }

        return ack;
    }

    submit(selections, code) {
        return this.ask('selection:submit', {
            sessionCode: code || this.code, selections });
    }

    restart(code) {
        return this.ask('session:restart', { sessionCode: code || this.code });
    }

    /*
     * Breaks the connection below Socket.IO, so that nothing is said to the
     * server and the client reconnects by itself.
     */

    drop() {
        const transport = this.socket.io.engine.transport;

        if (transport.ws && transport.ws.terminate) {
            transport.ws.terminate();
        } else {
            this.socket.io.engine.close();
        }
    }

    /* Drops and stays away until connect(). */

    vanish() {
        this.socket.io.reconnection(false);
        this.drop();
        return this.disconnection(1);
    }

    close() {
        this.socket.io.reconnection(false);
        this.socket.disconnect();
        this.socket.io.engine?.close();
    }
}


module.exports = { Player, TRANSPORTS, SCALE, WAIT, sleep, until };
