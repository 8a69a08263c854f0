'use strict';

/* What the page shows.  Knows no socket; dinner.js tells it what happened. */

const DinnerView = (() => {
    const SCREENS = ['home', 'select', 'waiting', 'results'];
    const TOAST_MS = 4000;
    const TINTS = ['#f2c6a0', '#bcd9c2', '#c9cdf0', '#f0c9d8'];

    const $ = (id) => document.getElementById(id);


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


    /* One of SCREENS; those of a session keep "who is here" above them. */

    function screen(name) {
        for (const id of SCREENS) {
            $(id).hidden = id !== name;
        }

        $('session').hidden = name === 'home';
        $('leave').hidden = name === 'home';
        document.body.dataset.screen = name;
        scrollTo(0, 0);
    }


    function initial(name) {
        return [...name.trim()][0]?.toUpperCase() || '?';
    }


    /* people: [{participantId, displayName, isHost, away, submitted}] */

    function people(list, count, ownId) {
        $('count').textContent = String(count);
        $('people').replaceChildren(...list.map((person, i) => {
            const item = element('li');
            const dot = element('span', 'dot', initial(person.displayName));
            const own = person.participantId === ownId ? ' (you)' : '';
            const notes = [];

            if (person.isHost) {
                notes.push('host');
            }

            if (person.submitted) {
                notes.push('submitted');
            }

            if (person.away) {
                notes.push('away');
            }

            dot.style.setProperty('--tint', TINTS[i % TINTS.length]);
            dot.setAttribute('aria-hidden', 'true');
            item.dataset.id = person.participantId;
            item.classList.toggle('away', Boolean(person.away));
            item.classList.toggle('done', Boolean(person.submitted));
            item.append(dot, element('span', 'name',
                person.displayName + own));

            if (notes.length) {
                item.append(element('span', 'soft small', notes.join(', ')));
            }

            return item;
        }));
    }


    /* "2 of 3 have submitted"; nothing while nobody has. */

    function progress(done, total) {
        $('progress').hidden = done === 0;
        $('progress-text').textContent =
            `${done} of ${total} have submitted`;
        $('progress-bar').max = total;
        $('progress-bar').value = done;
    }


    function code(text) {
        $('code').textContent = text;
    }


    function options(list, onChange) {
        $('options').replaceChildren(...list.map((option) => {
            const label = element('label', 'option');
            const box = element('input');
            const text = element('span');

            box.type = 'checkbox';
            box.name = 'option';
            box.value = option.optionId;
            box.addEventListener('change', onChange);
            text.append(element('strong', '', option.displayName));

            if (option.description) {
                text.append(element('span', 'soft small',
                    option.description));
            }

            label.append(box, text);
            return label;
        }));
    }


    function picked() {
        return [...document.querySelectorAll('#options input:checked')]
            .map((box) => box.value);
    }


    function clearPicked() {
        document.querySelectorAll('#options input').forEach((box) => {
            box.checked = false;
        });
        submitState(false);
    }


    function submitState(busy) {
        const n = picked().length;

        $('submit').disabled = busy || n === 0;
        $('submit').textContent = n === 0 ? 'Submit selections'
            : `Submit ${n} selection${n === 1 ? '' : 's'}`;
    }


    function waiting(title, text) {
        $('waiting-title').textContent = title;
        $('waiting-text').textContent = text;
        screen('waiting');
    }


    /* data: the payload of session:results; names: Map id -> display name */

    function results(data, names) {
        const shared = new Set(data.overlappingOptions.map((o) =>
            o.optionId));

        $('results-title').textContent = data.hasOverlap
            ? (shared.size === 1 ? 'You agree on one'
                : `You agree on ${shared.size}`)
            : 'No matching options';
        $('results-text').textContent = data.hasOverlap
            ? 'All of you would eat here tonight.'
            : 'Nothing suits everybody this time. Restart the round and ' +
              'choose again.';
        $('overlap').hidden = !data.hasOverlap;
        $('overlap').replaceChildren(...data.overlappingOptions.map((o) => {
            const item = element('li');

            item.append(element('strong', '', o.displayName));

            if (o.description) {
                item.append(element('span', 'soft', o.description));
            }

            return item;
        }));
        $('restart').classList.toggle('plain', data.hasOverlap);
        $('all').replaceChildren(...Object.entries(data.allSelections)
            .map(([name, ids]) => {
                const card = element('div', 'card');
                const chips = element('ul', 'chips');

                chips.append(...ids.map((id) => element('li',
                    shared.has(id) ? 'shared' : '', names.get(id) || id)));
                card.append(element('h3', '', name), chips);
                return card;
            }));
        screen('results');
        $('results-title').focus({ preventScroll: true });
    }


    function toast(text) {
        const made = element('p', 'toast', text);

        $('toasts').append(made);
        setTimeout(() => made.remove(), TOAST_MS);
    }


    /* A line above everything while there is no connection; '' hides it. */

    function connection(text) {
        $('connection').textContent = text;
        $('connection').hidden = text === '';
    }


    function busy(form, on) {
        form.querySelectorAll('button').forEach((button) => {
            button.disabled = on;
        });
    }


    /* The modal of an expired session; everything behind it is inert. */

    function expired(message) {
        $('expired-text').textContent = message;
        $('page').inert = true;

        if (!$('expired').open) {
            $('expired').showModal();
        }
    }


    function expiredDone() {
        $('expired').close();
        $('page').inert = false;
    }


    $('expired').addEventListener('cancel', (event) =>
        event.preventDefault());


    return { $, screen, people, progress, code, options, picked, clearPicked,
        submitState, waiting, results, toast, connection, busy, expired,
        expiredDone };
})();
