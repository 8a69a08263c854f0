'use strict';

/*
 * The lottery: one who draws, others who take part.  The server is three
 * ports above the page's own, or where ?port= says.
 */

(() => {
    const SPIN = 1500;                   // ms of the draw's animation
    const STEP = 70;

    const $ = (id) => document.getElementById(id);
    const own = Number(location.port ||
        (location.protocol === 'https:' ? 443 : 80));
    const port = Number(new URLSearchParams(location.search).get('port')) ||
        own + 3;
    const client = new PlatformClient(
        `${location.protocol}//${location.hostname}:${port}`);

    let me = null;
    let room = null;
    let dirty = false;


    function screen(name) {
        for (const id of ['login', 'lobby', 'room']) {
            $(id).hidden = id !== name;
        }

        $('logout').hidden = name === 'login';
        $('who').textContent = me ? me.name : '';
    }


    function toast(text) {
        const p = document.createElement('p');

        p.className = 'toast';
        p.textContent = text;
        $('toasts').append(p);
        setTimeout(() => p.remove(), 6000);
    }


    /* What fails is shown, whatever it was. */

    function attempt(what) {
        return async (event) => {
            event?.preventDefault();

            try {
                await what(event);
            } catch (e) {
                toast(e.message);
            }
        };
    }


    function item(text, button, action) {
        const li = document.createElement('li');
        const span = document.createElement('span');

        span.textContent = text;
        li.append(span);

        if (button) {
            const b = document.createElement('button');

            b.type = 'button';
            b.className = 'slim';
            b.textContent = button;
            b.addEventListener('click', attempt(action));
            li.append(b);
        }

        return li;
    }


    async function lobby() {
        const rooms = await client.call('GET', '/rooms?status=active');

        $('rooms').replaceChildren(...rooms.map((r) =>
            item(`${r.name} (${r.participantCount})`, 'Enter',
                () => enter(r.id))));
        screen('lobby');
    }


    async function enter(id) {
        await client.call('POST', `/rooms/${id}/participants`, {})
            .catch((e) => {
                if (!/already/.test(e.message)) {
                    throw e;
                }
            });
        room = { id, parts: [], prizes: [], winners: [], online: [] };
        await load();
        screen('room');
        await client.subscribe(id);
    }


    /*
     * The whole of the room, at the start and after a lost connection.  What
     * was told while it was on its way may not be in it: then once more.
     */

    async function load() {
        const mine = room;
        const at = `/rooms/${mine.id}`;

        do {
            mine.told = false;

            const [seen, parts, prizes, winners] = await Promise.all([
                client.call('GET', at),
                client.call('GET', `${at}/participants?limit=100`),
                client.call('GET', `${at}/prizes?limit=100`),
                client.call('GET', `${at}/winners?limit=100`)]);

            Object.assign(mine, { seen, parts, prizes, winners });
        } while (mine.told && room === mine);

        redraw();
    }


    async function presence() {
        const { users } = await client.ask('presence:get_online',
            { roomId: room.id });

        room.online = users;
        redraw();
    }


    /* However many events come at once, the page is drawn once a frame. */

    function redraw() {
        if (!dirty) {
            dirty = true;
            requestAnimationFrame(() => {
                dirty = false;

                if (room?.seen) {
                    draw();
                }
            });
        }
    }


    function draw() {
        const mine = room.seen.createdBy === me.id;

        $('room-name').textContent = room.seen.name;
        $('status').textContent = room.seen.status;
        $('prizes').replaceChildren(...room.prizes.map((p) =>
            item(`${p.name}: ${p.quantityRemaining} of ${p.quantity} left`,
                mine && p.quantityRemaining ? 'Draw' : '', () => pick(p))));
        $('online').replaceChildren(...room.online.map((u) =>
            item(u.id === me.id ? `${u.name} (you)` : u.name)));
        $('online-count').textContent = room.online.length;
        $('winners').replaceChildren(...room.winners.map((w) =>
            item(`${w.participant.user.name}: ${w.prize.name}`)));
    }


    /* Anybody who takes part and has not won this prize. */

    async function pick(prize) {
        const won = new Set(room.winners.filter((w) =>
            w.prizeId === prize.id).map((w) => w.participantId));
        const left = room.parts.filter((p) => p.role === 'participant' &&
            !won.has(p.id));

        if (left.length === 0) {
            throw new Error('Nobody is left to win');
        }

        const [n] = crypto.getRandomValues(new Uint32Array(1));

        await client.call('POST', `/rooms/${room.id}/winners`, {
            participantId: left[n % left.length].id, prizeId: prize.id });
    }


    function spin(winner) {
        const drum = $('drum');
        const names = room.parts.map((p) => p.user.name);
        let i = 0;

        drum.classList.remove('won');
        drum.classList.add('turning');
        $('drum-note').textContent = `Drawing ${winner.prize.name} …`;
        clearInterval(spin.timer);
        spin.timer = setInterval(() => {
            $('drum-name').textContent = names[i++ % names.length];

            if (i * STEP >= SPIN) {
                clearInterval(spin.timer);
                drum.classList.remove('turning');
                drum.classList.add('won');
                $('drum-name').textContent =
                    winner.participant.user.name;
                $('drum-note').textContent = `has won ${winner.prize.name}`;
                room?.winners.push(winner);
                redraw();
            }
        }, STEP);
    }


    /* Events of the room that is open. */

    const events = {
        'room:updated': (e) => Object.assign(room.seen, e.room),
        'room:deleted': () => {
            toast('The room is closed');
            leave();
        },
        'participant:joined': (e) => room.parts.push(e.participant),
        'participant:left': (e) => {
            room.parts = room.parts.filter((p) => p.id !== e.participantId);
        },
        'prize:created': (e) => room.prizes.push(e.prize),
        'prize:updated': (e) => {
            room.prizes = room.prizes.map((p) =>
                (p.id === e.prizeId ? e.prize : p));
        },
        'prize:deleted': (e) => {
            room.prizes = room.prizes.filter((p) => p.id !== e.prizeId);
        },
        'winner:selected': (e) => {
            const prize = room.prizes.find((p) => p.id === e.winner.prizeId);

            if (prize) {
                prize.quantityRemaining--;
            }

            spin(e.winner);
        },
        'presence:user_online': (e) => {
            room.online = room.online.filter((u) => u.id !== e.userId)
                .concat(e.user);
        },
        'presence:user_offline': (e) => {
            room.online = room.online.filter((u) => u.id !== e.userId);
        },
    };

    client.addEventListener('any', ({ detail: { name, data } }) => {
        if (room && data.roomId === room.id && events[name]) {
            room.told = true;

            if (room.seen) {
                events[name](data);
                redraw();
            }
        }
    });


    function leave() {
        clearInterval(spin.timer);

        if (room) {
            client.unsubscribe(room.id);
            room = null;
        }

        $('drum').classList.remove('turning', 'won');
        $('drum-name').textContent = '–';
        $('drum-note').textContent = 'Nobody drawn yet';
        return lobby();
    }


    client.addEventListener('notification:received', ({ detail }) => {
        toast(`${detail.title} ${detail.message}`);
        client.ask('notification:mark_read', { notificationId: detail.id })
            .catch((e) => toast(e.message));
    });
    client.addEventListener('subscribed', attempt(async () => {
        await load();
        await presence();
    }));
    client.addEventListener('state', ({ detail }) => {
        $('state').textContent = detail;
        $('state').hidden = !detail;
    });
    client.addEventListener('lost', () => {
        clearInterval(spin.timer);
        room = null;
        me = null;
        $('state').hidden = true;
        screen('login');
        toast('Please log in again');
    });

    $('login').addEventListener('submit', attempt(async () => {
        me = await client.login($('email').value, $('password').value);
        await lobby();
    }));
    $('create').addEventListener('submit', attempt(async () => {
        const made = await client.call('POST', '/rooms', {
            name: $('name').value, appId: 'app_lottery_v1' });

        await client.call('POST', `/rooms/${made.id}/prizes`, {
            name: $('prize').value, quantity: Number($('quantity').value) });
        await client.call('PATCH', `/rooms/${made.id}`,
            { status: 'active' });
        await enter(made.id);
    }));
    $('back').addEventListener('click', attempt(leave));
    $('logout').addEventListener('click', attempt(async () => {
        room = null;
        await client.logout();
        me = null;
        screen('login');
    }));
    addEventListener('pagehide', () => client.close());

    screen('login');
})();
