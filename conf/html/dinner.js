'use strict';

/*
 * A client of the dinner contract: REST to create a session, Socket.IO for
 * everything after.  The server is on the port above the page's own.
 */

(() => {
    const view = DinnerView;
    const { $ } = view;
    const KEY = 'dinner';

    const port = Number(location.port ||
        (location.protocol === 'https:' ? 443 : 80)) + 1;
    const server = `${location.protocol}//${location.hostname}:${port}`;

    const socket = io(server, {
        transports: ['websocket', 'polling'],
        reconnection: true,
        reconnectionDelay: 1000,
        reconnectionDelayMax: 5000,
        reconnectionAttempts: 10,
        autoConnect: false,
    });

    /* the session this page is in, or null */
    let session = null;
    const names = new Map();


    /* What survives a reload of the page: the code and the name. */

    function remember() {
        sessionStorage.setItem(KEY, JSON.stringify({
            code: session.code, name: session.name }));
    }


    function remembered() {
        try {
            return JSON.parse(sessionStorage.getItem(KEY));
        } catch (error) {
            return null;
        }
    }


    function forget() {
        session = null;
        sessionStorage.removeItem(KEY);
    }


    function goHome() {
        forget();
        socket.disconnect();
        view.connection('');
        view.screen('home');

        for (const form of [$('create-form'), $('join-form')]) {
            view.busy(form, false);
        }

        if (location.search) {
            history.replaceState(null, '', location.pathname);
        }
    }


    async function call(method, path, body) {
        const res = await fetch(server + path, {
            method,
            headers: body ? { 'Content-Type': 'application/json' } : {},
            body: body ? JSON.stringify(body) : undefined,
        });
        const json = await res.json();

        if (!res.ok) {
            throw new Error(json.message || json.error);
        }

        return json;
    }


    async function loadOptions() {
        const { options } = await call('GET', '/api/options');

        options.forEach((o) => names.set(o.optionId, o.displayName));
        view.options(options, () => view.submitState(false));
    }


    /* session:join; also sent again after a lost session was not recovered */

    function join(code, name) {
        if (!socket.connected) {
            session = session || { code, name };
            socket.connect();
            return;
        }

        socket.emit('session:join', { sessionCode: code, displayName: name },
            (ack) => {
                if (ack.success) {
                    joined(ack);
                }
            });
    }


    function joined(ack) {
        session = {
            code: ack.sessionCode,
            name: ack.displayName,
            id: ack.participantId,
            count: ack.participantCount,
            people: ack.participants.map((p) => ({ ...p,
                submitted: p.participantId === ack.participantId &&
                    ack.hasSubmitted })),
            done: 0,
        };
        remember();
        history.replaceState(null, '', `?code=${session.code}`);
        view.code(session.code);
        showPeople();
        view.progress(0, session.count);

        if (ack.hasSubmitted) {
            view.waiting('Waiting for the others',
                'Your selections are in. They stay locked until a restart.');
        } else if (ack.state === 'complete') {
            view.waiting('This round is over',
                'Restart the round to choose together.');
        } else {
            view.clearPicked();
            view.screen('select');
        }
    }


    function showPeople() {
        view.people(session.people, session.count, session.id);
    }


    function person(id) {
        return session.people.find((p) => p.participantId === id);
    }


    /* In a session, and the event is not one of an earlier one. */

    function on(event, fn) {
        socket.on(event, (data) => {
            if (session && session.people) {
                fn(data);
            }
        });
    }


    on('participant:joined', (data) => {
        const known = person(data.participantId);

        if (known) {
            known.away = false;
            view.toast(`${data.displayName} is back`);
        } else {
            session.people.push({ participantId: data.participantId,
                displayName: data.displayName, isHost: false });
            view.toast(`${data.displayName} joined`);
        }

        session.count = data.participantCount;
        showPeople();
        view.progress(session.done, session.count);
    });


    on('participant:left', (data) => {
        const known = person(data.participantId);

        if (known) {
            known.away = true;
        }

        showPeople();
        view.toast(`${data.displayName} disconnected`);
    });


    on('participant:submitted', (data) => {
        const known = person(data.participantId);

        if (known) {
            known.submitted = true;
            known.away = false;
        }

        session.done = data.submittedCount;
        session.count = data.participantCount;
        showPeople();
        view.progress(session.done, session.count);
    });


    on('session:results', (data) => {
        session.people.forEach((p) => {
            p.submitted = true;
        });
        showPeople();
        view.progress(0, session.count);
        view.results(data, names);
    });


    on('session:restarted', (data) => {
        session.people.forEach((p) => {
            p.submitted = false;
        });
        session.done = 0;
        showPeople();
        view.progress(0, session.count);
        view.clearPicked();
        view.screen('select');
        view.toast(data.message);
    });


    on('session:expired', (data) => {
        forget();
        view.expired(data.message);
    });


    socket.on('error', (error) => {
        switch (error.code) {
        case 'SESSION_FULL':
            goHome();
            view.toast('This session is full (4 people at most)');
            break;
        case 'SESSION_NOT_FOUND':
            goHome();
            view.toast('Session not found or expired');
            break;
        case 'ALREADY_SUBMITTED':
            view.toast('You have already submitted your selections');
            break;
        default:
            view.toast(`Error: ${error.message}`);
        }

        if (session && !session.people) {
            goHome();
        } else {
            view.submitState(false);
        }
    });


    socket.on('connect', () => {
        view.connection('');

        if (session && !(socket.recovered && session.people)) {
            join(session.code, session.name);
        }
    });


    socket.on('disconnect', (reason) => {
        if (reason === 'io client disconnect') {
            return;
        }

        if (session) {
            view.connection('Connection lost, reconnecting…');
        }

        if (reason === 'io server disconnect') {
            socket.connect();
        }
    });


    socket.on('connect_error', () => {
        view.connection('The server cannot be reached, trying again…');
    });


    socket.io.on('reconnect_failed', () => {
        view.connection('The server cannot be reached. Reload the page to ' +
            'try again.');
    });


    $('create-form').addEventListener('submit', async (event) => {
        const name = $('create-name').value.trim();

        event.preventDefault();
        view.busy(event.target, true);

        try {
            const made = await call('POST', '/api/sessions',
                { hostName: name });

            join(made.sessionCode, name);

        } catch (error) {
            view.toast(`Error: ${error.message}`);
            view.busy(event.target, false);
        }
    });


    $('join-form').addEventListener('submit', (event) => {
        event.preventDefault();
        view.busy(event.target, true);
        join($('join-code').value.trim().toUpperCase(),
            $('join-name').value.trim());
    });


    $('submit').addEventListener('click', () => {
        view.submitState(true);
        socket.emit('selection:submit', {
            sessionCode: session.code, selections: view.picked(),
        }, (ack) => {
            if (!ack.success || !session) {
                return;
            }

            person(session.id).submitted = true;
            session.done += 1;
            showPeople();
            view.progress(session.done, session.count);
            view.waiting('Waiting for the others',
                'Your selections are in. They stay locked until a restart.');
        });
    });


    for (const id of ['restart', 'waiting-restart']) {
        $(id).addEventListener('click', () => {
            socket.emit('session:restart', { sessionCode: session.code },
                () => {});
        });
    }


    $('share').addEventListener('click', async () => {
        const link = `${location.origin}${location.pathname}` +
            `?code=${session.code}`;

        try {
            if (navigator.share) {
                await navigator.share({ title: 'Decide dinner', url: link });
            } else {
                await navigator.clipboard.writeText(link);
                view.toast('Link copied');
            }
        } catch (error) {
            if (error.name !== 'AbortError') {
                view.toast(link);
            }
        }
    });


    $('leave').addEventListener('click', goHome);


    $('expired-new').addEventListener('click', () => {
        view.expiredDone();
        goHome();
        $('create-name').focus();
    });


    /* A page that goes away says so: its member is away, not doubled. */

    addEventListener('pagehide', () => socket.disconnect());

    addEventListener('pageshow', (event) => {
        if (event.persisted && session) {
            socket.connect();
        }
    });


    async function start() {
        const known = remembered();
        const code = new URLSearchParams(location.search).get('code');

        view.screen('home');

        if (code) {
            $('join-code').value = code.toUpperCase();
            $('create-form').before($('join-form'));
        }

        try {
            await loadOptions();
        } catch (error) {
            view.connection(`${server} cannot be reached: ${error.message}`);
            return;
        }

        if (known && (!code || known.code === code)) {
            join(known.code, known.name);
        } else if (code) {
            $('join-name').focus();
        }
    }


    window.dinner = { socket };
    start();
})();
