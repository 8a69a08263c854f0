// Copyright (C) nginx rooms contributors
//
// The same events on socket.io: node socketio.js PORT [NAME=VALUE...]
//
//     deflate=1                   permessage-deflate from 0 octets on
//     tls=DIRECTORY               with cert.pem and key.pem there
//     redis=redis://host:port     through the Redis adapter
//     streams=redis://host:port   through the adapter of Redis streams, which
//                                 clients recover from
//     ping=MILLISECONDS           interval of the heartbeat

'use strict';

const fs = require('node:fs');
const http = require('node:http');
const https = require('node:https');
const path = require('node:path');
const { createAdapter } = require('@socket.io/redis-adapter');
const streams = require('@socket.io/redis-streams-adapter');
const { createClient } = require('redis');
const { Server } = require('socket.io');

const [port, ...words] = process.argv.slice(2);
const given = Object.fromEntries(words.map((word) => word.split('=', 2)));

async function main() {
    const server = given.tls ? https.createServer({
        cert: fs.readFileSync(path.join(given.tls, 'cert.pem')),
        key: fs.readFileSync(path.join(given.tls, 'key.pem')),
    }) : http.createServer();

    const options = {
        serveClient: false,
        transports: ['polling', 'websocket'],
    };

    if (given.deflate) {
        options.perMessageDeflate = { threshold: 0 };
    }

    if (given.ping) {
        options.pingInterval = Number(given.ping);
    }

    if (given.redis) {
        const pub = createClient({ url: given.redis });
        const sub = pub.duplicate();

        await Promise.all([pub.connect(), sub.connect()]);
        options.adapter = createAdapter(pub, sub);
    }

    if (given.streams) {
        const client = createClient({ url: given.streams });

        await client.connect();
        options.adapter = streams.createAdapter(client);
        options.connectionStateRecovery = {
            maxDisconnectionDuration: 120000,
        };
    }

    const io = new Server(server, options);

    io.on('connection', (socket) => {
        socket.on('join', async (room, done) => {
            await socket.join(room);
            done();
        });

        socket.on('msg', (room, payload) => {
            socket.to(room).emit('msg', room, payload);
        });

        socket.on('message-with-ack', (value, done) => done(value));
    });

    server.listen(Number(port), '127.0.0.1');
}

main();
