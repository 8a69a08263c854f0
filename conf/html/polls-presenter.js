'use strict';

/* The page of a presenter: a session, its polls, live bars. */

(() => {
    const { Client, call, element, bars, arrange, summary } = PollsClient;
    const $ = (id) => document.getElementById(id);

    let mine = null;
    let client = null;


    function show(id, text) {
        $(id).textContent = text;
        $(id).hidden = !text;
    }


    /* A command of the presenter; what it changes comes as events. */

    async function command(path, body) {
        show('trouble', '');

        try {
            return await call('POST', path, body, mine.presenterToken);
        } catch (error) {
            show('trouble', error.message);
            return null;
        }
    }


    /* The card of a poll stays the same one until the poll opens or closes. */

    function card(poll) {
        const old = document.querySelector(`[data-poll="${poll.pollId}"]`);
        const text = `${poll.status}, ${summary(poll)}`;

        if (old && old.dataset.kind === poll.status) {
            bars(poll, old.querySelector('.bars'));
            old.querySelector('.soft').textContent = text;
            return old;
        }

        const made = element('article', 'card poll');

        made.dataset.poll = poll.pollId;
        made.dataset.kind = poll.status;
        made.append(element('h2', '', poll.question), bars(poll, null),
            element('p', 'soft', text));

        if (poll.status !== 'closed') {
            const open = poll.status === 'draft';
            const button = element('button', open ? '' : 'plain',
                open ? 'Open' : 'Close');

            button.type = 'button';
            button.addEventListener('click', () => command(
                `/polls/${poll.pollId}/${open ? 'activate' : 'close'}`));
            made.append(button);
        }

        return made;
    }


    function render({ session, polls, people }) {
        if (!session) {
            return;
        }

        show('name', session.title);
        show('status', session.status);
        $('people').textContent = people;
        $('start').disabled = session.status !== 'draft';
        $('end').disabled = session.status === 'draft' ||
            session.status === 'ended';
        $('new').hidden = session.status === 'ended';
        arrange($('polls'), [...polls.values()]
            .sort((a, b) => a.sequenceOrder - b.sequenceOrder).map(card));
    }


    async function enter() {
        client = new Client({ sessionId: mine.sessionId, role: 'presenter',
            token: mine.presenterToken }, {
            change: render,
            trouble: (text) => show('trouble', text),
            connection: (text) => show('connection', text),
            accepted: () => {},
            rejected: () => {},
        });
        await client.load();

        /* those in draft are known to the presenter alone */
        const { polls } = await call('GET',
            `/sessions/${mine.sessionId}/polls`, null, mine.presenterToken);

        polls.forEach((poll) => client.poll(poll.pollId, poll));
        render(client.state);

        $('code').textContent = mine.slug;
        $('code').href = `polls.html?code=${mine.slug}`;
        $('create').hidden = true;
        $('session').hidden = false;
    }


    $('create').addEventListener('submit', async (event) => {
        event.preventDefault();

        try {
            mine = await call('POST', '/sessions',
                { title: $('title').value });
            sessionStorage.setItem('presenter', JSON.stringify(mine));
            await enter();
        } catch (error) {
            show('trouble', error.message);
        }
    });

    $('new').addEventListener('submit', async (event) => {
        event.preventDefault();

        const type = $('type').value;
        const made = await command(`/sessions/${mine.sessionId}/polls`, {
            question: $('question').value,
            pollType: type,
            ...(type === 'multiple_choice' ? { options: $('options').value
                .split('\n').map((text) => text.trim())
                .filter((text) => text).map((text) => ({ text })) } : {}),
        });

        if (made) {
            $('new').reset();
        }
    });

    $('start').addEventListener('click', () =>
        command(`/sessions/${mine.sessionId}/start`));
    $('end').addEventListener('click', () =>
        command(`/sessions/${mine.sessionId}/end`));

    const kept = sessionStorage.getItem('presenter');

    if (kept) {
        mine = JSON.parse(kept);
        enter().catch(() => {
            sessionStorage.removeItem('presenter');
            location.reload();
        });
    }
})();
