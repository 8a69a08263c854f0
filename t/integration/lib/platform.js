'use strict';

/* Servers, people, apps and tokens of the platform. */

const { spawnSync } = require('node:child_process');
const crypto = require('node:crypto');
const fs = require('node:fs');
const path = require('node:path');

const { io } = require('socket.io-client');

const { TOP, CONTRACTS } = require('./conf');
const { SCALE, until } = require('./player');
const { request } = require('./rest');
const { Server, nginxBin } = require('./server');

/* an nginx without threads does not know the directive */

const THREADS = /--with-threads/.test(spawnSync(nginxBin(), ['-V'],
    { encoding: 'utf8' }).stderr) ? 'thread_pool default threads=2;' : '';
const SECRET = 'platform-demo-secret-0123456789abcdef';
const DATA = path.join(TOP, 'conf', 'platform.data.json');
const JWKS = path.join(TOP, 'conf', 'platform.jwks.json');


function b64(value) {
    return Buffer.from(value).toString('base64url');
}


/* A token as an outside issuer makes it; header and secret may be wrong. */

function mint(claims, header, secret) {
    const now = Math.floor(Date.now() / 1000);
    const text = `${b64(JSON.stringify({ alg: 'HS256', ...header }))}.` +
        b64(JSON.stringify({ iat: now, exp: now + 600, ...claims }));

    return `${text}.${crypto.createHmac('sha256', secret || SECRET)
        .update(text).digest('base64url')}`;
}


function appText(o) {
    return `rooms_app platform {
        contract ${o.asyncapi || `${CONTRACTS}/platform.asyncapi.json`};
        contract ${o.openapi || `${CONTRACTS}/platform.openapi.json`};
        zone ${o.zone || '32m'};
        option_file jwks ${o.jwks || JWKS};
        option_file data ${o.data || DATA};
        ${o.audit ? `audit_log ${o.audit};` : ''}
        ${(o.options || ['option rate_public 0;', 'option rate_user 0;',
        'option rate_app 0;']).join('\n')}
    }`;
}


const LOCATIONS = `
        location /socket.io/ { rooms platform; rooms_origin *; }
        location = /status { rooms_status; }
        location = /metrics { rooms_status prometheus; }
        location / { rooms_api platform; rooms_origin *; }
`;


class Platform extends Server {
    constructor(o) {
        super({ appText: appText(o || {}), locationsText: LOCATIONS,
            main: THREADS, ...o });
        this.sockets = [];
    }

    async dinner() {
        return (await this.status()).apps.platform;
    }

    /* One request as whoever has the token; a body makes it no GET. */

    call(method, where, token, body, headers) {
        return request(this.url, method, where, body, {
            ...(token ? { authorization: `Bearer ${token}` } : {}),
            ...headers });
    }

    user(name) {
        return mint({ userId: `usr_${name}` });
    }

    async appToken(app) {
        const res = await this.call('POST', '/api/apps/token', null, {
            appId: `app_${app || 'lottery'}_v1`,
            appSecret: `sk_live_demo_${app || 'lottery'}` });

        return res.json.accessToken;
    }

    /* A socket that is not connected yet, and remembers what it hears. */

    socket(token, opts) {
        const { nsp, ...rest } = opts || {};
        const socket = io(this.anywhere() + (nsp || ''), {
            transports: ['websocket'], forceNew: true, reconnection: false,
            auth: token === undefined ? {} : { token }, ...rest });

        socket.heard = [];
        socket.onAny((name, ...args) => socket.heard.push({ name,
            data: args[0], args, at: Date.now() }));
        socket.of = (name) => socket.heard.filter((h) => h.name === name);
        socket.next = (name, n) => until(() => socket.of(name)[n || 0],
            `${name} ${JSON.stringify(socket.heard.map((h) => h.name))}`,
            5000 * SCALE).then((h) => h.data);
        socket.ask = (name, data) => socket.timeout(5000 * SCALE)
            .emitWithAck(name, data);
        this.sockets.push(socket);
        return socket;
    }

    /* Resolves when connected, rejects with the connect_error. */

    join(token, opts) {
        const socket = this.socket(token, opts);

        return new Promise((resolve, reject) => {
            socket.on('connect', () => resolve(socket));
            socket.on('connect_error', reject);
        });
    }

    /* The error a client is refused with. */

    async refused(token, opts) {
        try {
            await this.join(token, opts);
        } catch (e) {
            return e;
        }

        throw new Error('it was let in');
    }

    /*
     * A room that alice has made and opened, with members joined over REST:
     * {id, owner, parts: {name: participant}}
     */

    async room(members, extra) {
        const owner = this.user('alice');
        const made = await this.call('POST', '/api/rooms', owner, {
            name: 'New Year Lottery 2025', appId: 'app_lottery_v1',
            ...extra });

        if (made.status !== 201) {
            throw new Error(made.text);
        }

        const { id } = made.json.data;

        await this.call('PATCH', `/api/rooms/${id}`, owner,
            { status: 'active' });

        const parts = {};

        for (const name of members || []) {
            const res = await this.call('POST',
                `/api/rooms/${id}/participants`, this.user(name), {});

            parts[name] = res.json.data;
        }

        return { id, owner, parts };
    }

    /* A subscribed socket on "/". */

    async member(name, room, opts) {
        const socket = await this.join(this.user(name), opts);
        const ack = await socket.ask('room:subscribe', { roomId: room.id });

        if (!ack.success) {
            throw new Error(JSON.stringify(ack));
        }

        return socket;
    }

    async prize(room, body) {
        const res = await this.call('POST', `/api/rooms/${room.id}/prizes`,
            room.owner, { name: 'Grand Prize', ...body });

        return res.json.data;
    }

    draw(room, part, prize, token) {
        return this.call('POST', `/api/rooms/${room.id}/winners`,
            token || room.owner, { participantId: part.id,
                prizeId: prize.id });
    }

    async publish(room, event, data, o) {
        const opts = o || {};

        return this.call('POST', `/api/rooms/${room.id}/events`,
            opts.token || await this.appToken(opts.app),
            opts.raw || { event, data },
            { 'x-app-id': opts.appId || `app_${opts.app || 'lottery'}_v1` });
    }

    closePlayers() {
        for (const socket of this.sockets || []) {
            socket.disconnect();
        }

        this.sockets = [];
        super.closePlayers();
    }
}


function usePlatform(hooks, o) {
    const server = new Platform(o);

    hooks.before(() => server.start());
    hooks.afterEach(() => server.clean());
    hooks.after(() => server.stop());
    return server;
}


/* Writes a file of JSON into a directory of a test. */

function jsonFile(dir, name, value) {
    const file = path.join(dir, name);

    fs.writeFileSync(file, JSON.stringify(value));
    return file;
}


module.exports = { Platform, usePlatform, mint, jsonFile, appText, SECRET,
    DATA, JWKS, THREADS };
