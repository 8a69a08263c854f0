// Copyright (C) nginx rooms contributors
//
// The same events on socket.io: node socketio.js PORT [recovery]

'use strict';

const { Server } = require('socket.io');

const [port, recovery] = process.argv.slice(2);
const options = {
    serveClient: false,
    transports: ['polling', 'websocket']
};

if (recovery) {
    options.connectionStateRecovery = { maxDisconnectionDuration: 120000 };
}

const io = new Server(options);

io.on('connection', (socket) => {
    socket.on('join', (room, done) => {
        socket.join(room);
        done();
    });

    socket.on('msg', (room, payload) => {
        socket.to(room).emit('msg', room, payload);
    });

    socket.on('message-with-ack', (value, done) => done(value));
});

io.listen(Number(port), { host: '127.0.0.1' });
