// Copyright (C) nginx rooms contributors
//
// The packets of the load generator on plain ws, without the protocol's
// checks: node ws.js PORT

'use strict';

const { WebSocketServer } = require('ws');

const OPEN = '0{"sid":"aaaaaaaaaaaaaaaaaaaa","upgrades":[],' +
    '"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000}';

const rooms = new Map();

const server = new WebSocketServer({
    host: '127.0.0.1',
    port: Number(process.argv[2]),
    perMessageDeflate: false
});

function join(ws, name) {
    let room = rooms.get(name);

    if (room === undefined) {
        rooms.set(name, room = new Set());
    }

    room.add(ws);
    ws.on('close', () => room.delete(ws));
}

server.on('connection', (ws) => {
    ws.send(OPEN);
    ws.on('error', () => ws.terminate());

    ws.on('message', (data) => {
        const text = data.toString();

        if (text.startsWith('40')) {
            ws.send('40{"sid":"aaaaaaaaaaaaaaaaaaaa"}');
            return;
        }

        if (!text.startsWith('42')) {
            return;
        }

        const start = text.indexOf('[');
        const args = JSON.parse(text.slice(start));

        if (args[0] === 'msg') {
            const room = rooms.get(args[1]) || [];
            const out = '42' + JSON.stringify(args);

            for (const other of room) {
                if (other !== ws) {
                    other.send(out);
                }
            }

            return;
        }

        if (args[0] === 'join') {
            join(ws, args[1]);
            ws.send('43' + text.slice(2, start) + '[]');
            return;
        }

        ws.send('43' + text.slice(2, start) + JSON.stringify(args.slice(1)));
    });
});
