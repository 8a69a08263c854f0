'use strict';

/*
 * A client of the polls contract, for both pages: it keeps what it knows of a
 * session by the events, each of them once, and asks for those it missed.
 */

const PollsClient = (() => {
    const port = Number(location.port ||
        (location.protocol === 'https:' ? 443 : 80)) + 2;
    const server = `${location.protocol}//${location.hostname}:${port}`;
    const KEPT = 5000;


    /* A REST call; an Error has the code of the answer. */

    async function call(method, path, body, token) {
        const headers = {};

        if (body) {
            headers['Content-Type'] = 'application/json';
        }

        if (token) {
            headers.Authorization = `Bearer ${token}`;
        }

        const res = await fetch(server + path, { method, headers,
            body: body ? JSON.stringify(body) : undefined });
        const json = await res.json();

        if (!res.ok) {
            throw Object.assign(new Error(json.error.message),
                { code: json.error.code });
        }

        return json;
    }


    /*
     * hello: sessionId, and participantId and token where there is one.
     * handlers: change(state), trouble(text), connection(text), rejected(e),
     * accepted(e).
     */

    class Client {
        constructor(hello, handlers) {
            this.hello = hello;
            this.handlers = handlers;
            this.seen = new Set();
            this.lastEventId = null;
            this.connectionId = null;
            this.state = { session: null, polls: new Map(), people: 0 };
            this.socket = io(server, {
                transports: ['websocket', 'polling'],
                reconnectionDelay: 1000,
                reconnectionDelayMax: 30000,
                auth: (give) => give({ ...this.hello, format: 'envelope',
                    ...(this.lastEventId
                        ? { lastEventId: this.lastEventId } : {}) }),
            });
            this.listen();
        }

        listen() {
            const { socket, handlers } = this;

            socket.on('connection:established', (e) => {
                this.connectionId = e.connectionId;
                handlers.connection('');
            });
            socket.on('event', (e) => this.take(e));
            socket.on('heartbeat:ping', () => socket.emit('heartbeat:pong'));
            socket.on('disconnect', (reason) => {
                handlers.connection(reason === 'io server disconnect'
                    ? 'You were disconnected.' : 'Connecting again …');
            });
            socket.on('connect_error', () =>
                handlers.connection('Connecting …'));
            socket.on('connect', () => {
                if (socket.recovered) {
                    handlers.connection('');
                }
            });
        }

        close() {
            this.socket.disconnect();
        }

        /* Each event once, in whatever order it comes. */

        take(e) {
            if (e.eventId) {
                if (this.seen.has(e.eventId)) {
                    return;
                }

                this.seen.add(e.eventId);
                this.lastEventId = e.eventId;

                if (this.seen.size > KEPT) {
                    this.seen.delete(this.seen.values().next().value);
                }
            }

            this.apply(e.eventType, e.payload, e.timestamp, e.eventId);
            this.handlers.change(this.state);
        }

        apply(type, p, at, id) {
            const { state, handlers } = this;

            switch (type) {
            case 'session:synced':
                state.session = p.session;
                state.people = p.participantCount;
                state.polls = new Map(p.polls.map((poll) =>
                    [poll.pollId, poll]));
                this.lastEventId = p.lastEventId;
                break;
            case 'session:started':
            case 'session:paused':
            case 'session:resumed':
            case 'session:ended':
                state.session = { ...state.session, ...p };
                break;
            case 'poll:created':
                this.poll(p.pollId, { ...p, status: 'draft', totalVotes: 0 });
                break;
            case 'poll:activated':
                this.poll(p.pollId, { ...p, status: 'active' });
                break;
            case 'poll:closed':
                this.poll(p.pollId, { status: 'closed',
                    closedAt: p.closedAt });
                this.results(p.pollId, p.results, at);
                break;
            case 'results:updated':
                this.results(p.pollId, p.results, at);
                break;
            case 'vote:accepted':
                if (!id) {
                    handlers.accepted(p);
                }

                break;
            case 'vote:rejected':
                handlers.rejected(p);
                break;
            case 'error:general':
                console.warn('error:general', p.errorCode, p.message);
                handlers.trouble(p.message);
                break;
            default:
                if (p.participantCount !== undefined) {
                    state.people = p.participantCount;
                }
            }
        }

        poll(id, change) {
            this.state.polls.set(id, { ...this.state.polls.get(id),
                ...change });
        }

        /* Results that are older than those shown are not shown. */

        results(id, results, at) {
            const poll = this.state.polls.get(id) || {};

            if (poll.resultsAt && poll.resultsAt > at) {
                return;
            }

            this.poll(id, { ...results, options: (poll.options || [])
                .map((option) => ({ ...option, ...(results.options || [])
                    .find((o) => o.optionId === option.optionId) })),
            resultsAt: at });
        }

        /* Everything, over REST. */

        async load() {
            const all = await call('GET',
                `/sessions/${this.hello.sessionId}/state`);

            this.apply('session:synced', all);
            this.handlers.change(this.state);
        }

        submit(poll, voteData) {
            this.socket.emit('vote:submitted', { pollId: poll.pollId,
                participantId: this.hello.participantId, voteData,
                submittedAt: new Date().toISOString() });
        }
    }


    function element(tag, className, text) {
        const made = document.createElement(tag);

        if (className) {
            made.className = className;
        }

        if (text !== undefined) {
            made.textContent = text;
        }

        return made;
    }


    /*
     * Bars of a poll: of its options or of its ratings.  list: that of before,
     * whose bars then move to where they are now, or null.
     */

    function bars(poll, list) {
        const rows = poll.pollType === 'rating_scale'
            ? Object.entries(poll.ratingDistribution || {}).map(([name, n]) =>
                [name, n, poll.totalVotes ? n * 100 / poll.totalVotes : 0])
            : (poll.options || []).map((o) => [o.optionText, o.voteCount || 0,
                o.percentage || 0]);
        const made = list || element('ul', 'bars');

        if (made.children.length !== rows.length) {
            made.replaceChildren(...rows.map(() => {
                const row = element('li');

                row.append(element('span', 'name'), element('span', 'bar'),
                    element('span', 'value'));
                return row;
            }));
        }

        made.hidden = rows.length === 0;

        rows.forEach(([name, count, percentage], i) => {
            const [label, bar, value] = made.children[i].children;

            label.textContent = name;
            bar.style.width = `${percentage}%`;
            value.textContent = `${count} · ` +
                `${Math.round(percentage * 100) / 100} %`;
        });

        return made;
    }


    /*
     * Puts the cards in this order; those that stand there already stay, with
     * what is pressed, filled in or in focus.
     */

    function arrange(parent, cards) {
        cards.forEach((card, i) => {
            const old = parent.children[i];

            if (old && old !== card && old.dataset.poll ===
                card.dataset.poll) {
                old.replaceWith(card);
            } else if (old !== card) {
                parent.insertBefore(card, old || null);
            }
        });

        while (parent.children.length > cards.length) {
            parent.lastChild.remove();
        }
    }


    function summary(poll) {
        const votes = poll.totalVotes || 0;
        const text = `${votes} vote${votes === 1 ? '' : 's'}`;

        return poll.pollType === 'rating_scale' && votes
            ? `${text}, average ${poll.averageRating}` : text;
    }


    return { Client, call, element, bars, arrange, summary };
})();
