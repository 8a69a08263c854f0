'use strict';

/*
 * A client of the platform: tokens over REST, a socket that subscribes again
 * after every connect, events that are checked before anybody sees them.
 */

class PlatformClient extends EventTarget {
    static FRESH = 5 * 60 * 1000;        // older events are not looked at
    static SEEN = 1000;                  // ids of events that are remembered

    /*
     * What an event of the platform must have, or nobody sees it: "text"
     * or "object" of each name.  Events of apps have any object.
     */

    static SHAPES = {
        'room:subscribed': { roomId: 'text' },
        'room:unsubscribed': { roomId: 'text' },
        'room:updated': { roomId: 'text', changes: 'object',
            room: 'object' },
        'room:status_changed': { roomId: 'text', oldStatus: 'text',
            newStatus: 'text' },
        'room:deleted': { roomId: 'text' },
        'participant:joined': { roomId: 'text', participant: 'object' },
        'participant:left': { roomId: 'text', participantId: 'text',
            userId: 'text' },
        'participant:updated': { roomId: 'text', participantId: 'text',
            changes: 'object', participant: 'object' },
        'prize:created': { roomId: 'text', prize: 'object' },
        'prize:updated': { roomId: 'text', prizeId: 'text',
            changes: 'object', prize: 'object' },
        'prize:deleted': { roomId: 'text', prizeId: 'text' },
        'winner:selected': { roomId: 'text', winner: 'object' },
        'winner:removed': { roomId: 'text', winnerId: 'text',
            participantId: 'text', prizeId: 'text' },
        'notification:received': { id: 'text', type: 'text', title: 'text',
            message: 'text', data: 'object' },
        'presence:user_online': { roomId: 'text', userId: 'text',
            user: 'object' },
        'presence:user_offline': { roomId: 'text', userId: 'text' },
        'error': { code: 'text', message: 'text' },
    };

    constructor(server) {
        super();
        this.server = server;
        this.rooms = new Set();
        this.seen = new Set();
        this.session = null;
        this.socket = null;
    }

    tell(type, detail) {
        this.dispatchEvent(new CustomEvent(type, { detail }));
    }

    /* Resolves to the data; rejects with the platform's words. */

    async call(method, path, body) {
        const res = await fetch(`${this.server}/api${path}`, {
            method,
            headers: {
                ...(body ? { 'content-type': 'application/json' } : {}),
                ...(this.session
                    ? { authorization: `Bearer ${this.session.accessToken}` }
                    : {}),
            },
            body: body && JSON.stringify(body),
        });
        const answer = await res.json().catch(() => ({}));

        if (!res.ok) {
            throw new Error(answer.error?.message || `Error ${res.status}`);
        }

        return answer.data || answer;
    }

    async login(email, password) {
        this.session = await this.call('POST', '/auth/login',
            { email, password });
        this.connect();
        return this.session.user;
    }

    connect() {
        const socket = io(this.server, {
            auth: { token: this.session.accessToken },
            transports: ['websocket', 'polling'],
            reconnection: true, reconnectionDelay: 1000,
            reconnectionDelayMax: 5000, reconnectionAttempts: 5,
        });

        this.socket = socket;
        socket.on('connect', () => {
            this.tell('state', '');
            this.rooms.forEach((id) => this.subscribe(id));
        });
        socket.on('disconnect', (reason) => {
            if (reason === 'io server disconnect') {
                this.refresh();
            } else if (reason !== 'io client disconnect') {
                this.tell('state', 'Connection lost, trying again');
            }
        });
        socket.on('connect_error', (e) => {
            if (e.data?.code === 'AUTHENTICATION_FAILED') {
                this.refresh();
            }
        });
        socket.io.on('reconnect_failed', () => this.lost());
        socket.on('token:expired', () => this.refresh());
        socket.onAny((name, data, meta) => this.receive(name, data, meta));
    }

    /* A new token for the same socket, or back to the login. */

    async refresh() {
        if (this.refreshing) {
            return;
        }

        this.refreshing = true;

        try {
            const { accessToken } = await this.call('POST', '/auth/refresh',
                { refreshToken: this.session.refreshToken });

            this.session.accessToken = accessToken;
            this.socket.auth.token = accessToken;
            this.socket.disconnect().connect();
        } catch (e) {
            this.lost();
        } finally {
            this.refreshing = false;
        }
    }

    lost() {
        this.close();
        this.session = null;
        this.tell('lost');
    }

    /* Is there what the event must have? */

    static fits(name, data) {
        const isObject = (v) => v !== null && typeof v === 'object';
        const shape = PlatformClient.SHAPES[name] || {};

        return isObject(data) && Object.entries(shape).every(([key, kind]) =>
            (kind === 'text' ? typeof data[key] === 'string'
                : isObject(data[key])));
    }

    /*
     * An event is told if it is what it should be, recent, and new.  The time
     * and the id of an app's event are beside its data; an error has none.
     */

    receive(name, data, meta) {
        if (!PlatformClient.fits(name, data)) {
            return;
        }

        const { timestamp, eventId } = meta || data;

        if (name !== 'error' && !(Math.abs(Date.now() -
            Date.parse(timestamp)) <= PlatformClient.FRESH)) {
            return;
        }

        if (eventId) {
            if (this.seen.has(eventId)) {
                return;
            }

            this.seen.add(eventId);

            if (this.seen.size > PlatformClient.SEEN) {
                this.seen.delete(this.seen.values().next().value);
            }
        }

        this.tell(name, data);
        this.tell('any', { name, data });
    }

    /* An event that is acknowledged; failures become errors. */

    async ask(name, data) {
        const ack = await this.socket.timeout(5000).emitWithAck(name, data);

        if (!ack.success) {
            throw new Error(ack.error.message);
        }

        return ack;
    }

    async subscribe(roomId) {
        this.rooms.add(roomId);

        try {
            const ack = await this.ask('room:subscribe', { roomId });

            this.tell('subscribed', ack.room);
        } catch (e) {
            this.tell('state', e.message);
        }
    }

    unsubscribe(roomId) {
        this.rooms.delete(roomId);
        this.socket?.emit('room:unsubscribe', { roomId });
    }

    close() {
        if (this.socket) {
            this.rooms.forEach((id) => this.unsubscribe(id));
            this.socket.offAny();
            this.socket.off();
            this.socket.disconnect();
            this.socket = null;
        }
    }

    async logout() {
        const { refreshToken } = this.session;

        this.close();
        await this.call('POST', '/auth/logout', { refreshToken })
            .catch(() => {});
        this.session = null;
    }
}
