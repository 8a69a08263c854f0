# Copyright (C) nginx rooms contributors
#
# What the benchmark prints and draws, from the rows it measured.

import os
import platform
import statistics

import plot

COLOURS = {
    'floor-each': '#9e9e9e', 'floor-turn': '#616161', 'rooms': '#00897b',
    'rooms-recovery': '#4db6ac', 'rooms-2w': '#80cbc4',
    'rooms-coalesce': '#26a69a', 'nchan': '#5e35b1', 'ws': '#f9a825',
    'socketio': '#c62828'
}

# what a case does to both is not said again in the names of its servers

SAME = ('-polling', '-tls', '-deflate', '-redis', '-ping')


def column(server):
    for suffix in SAME:
        server = server.removesuffix(suffix)

    return server


def medians(rows):
    """(case, server, figure) -> (median, spread in percent of it)"""

    found = {}

    for row in rows:
        for figure, value in row.items():
            if isinstance(value, float):
                found.setdefault((row['case'], row['server'], figure),
                                 []).append(value)

    result = {}

    for key, values in found.items():
        median = statistics.median(values)
        spread = (max(values) - min(values)) / median * 50 if median else 0
        result[key] = (median, spread)

    return result


def machine():
    name = platform.machine()

    with open('/proc/cpuinfo') as f:
        for line in f:
            if line.startswith('model name'):
                name = line.split(':', 1)[1].strip()
                break

    return '%s, %d cores, Linux %s' % (name, os.cpu_count(),
                                       platform.release())


def figure_of(case):
    return 'pss' if case == 'memory' else 'cpu_us'


def of_case(found, name, figure):
    """The servers' values of a figure, in the order of the columns."""

    have = {column(server): value
            for (case, server, what), value in found.items()
            if case == name and what == figure}

    return [(server, have[server]) for server in COLOURS if server in have]


def table(found, chosen):
    lines = [machine(), '',
             '| case | unit | ' + ' | '.join(COLOURS) + ' |',
             '|---' * (len(COLOURS) + 2) + '|']

    for name, title, unit, _, _, _ in chosen:
        have = dict(of_case(found, name, figure_of(name)))
        cells = ['%.3g ±%.0f%%' % have[server] if server in have else '-'
                 for server in COLOURS]

        what = 'octets' if name == 'memory' else 'us'
        lines.append('| %s | %s/%s | %s |' % (title, what, unit,
                                              ' | '.join(cells)))

    return lines


def goals(found, wanted):
    lines = ['| case | goal | measured | |', '|---|---|---|---|']

    for case, figure, server, factor, other in wanted:
        mine = found.get((case, server, figure))
        theirs = found.get((case, other, figure)) if other else (1, 0)

        if mine is None or theirs is None or not theirs[0]:
            continue

        ratio = mine[0] / theirs[0]

        # "at least N times less" reads better than "at most 1/N"

        if factor < 1 and other:
            text = '%s of %s at least %.3g x %s' % (figure, other,
                                                   1 / factor, server)
            shown = 1 / ratio if ratio else 0
        elif other:
            text = '%s of %s at most %.3g x %s' % (figure, server, factor,
                                                   other)
            shown = ratio
        else:
            text = '%s of %s at most %g' % (figure, server, factor)
            shown = ratio

        lines.append('| %s | %s | %.3g | %s |'
                     % (case, text, shown,
                        'ok' if ratio <= factor else '**over**'))

    return lines


def write(build, rows, chosen, wanted, members):
    found = medians(rows)
    lines = table(found, chosen) + [''] + goals(found, wanted)

    with open(os.path.join(build, 'table.md'), 'w') as f:
        f.write('\n'.join(lines) + '\n')

    print()
    print('\n'.join(lines))

    def path(name):
        return os.path.join(build, name + '.svg')

    for name, title, unit, _, _, _ in chosen:
        if name == 'memory':
            what = 'octets (PSS) per socket'
        else:
            what = 'CPU microseconds of the server per ' + unit

        plot.bars(path(name), title, what,
                  [(server, value[0])
                   for server, value in of_case(found, name,
                                                figure_of(name))], COLOURS)

    for figure, title, what in (
            ('rate', 'Deliveries per second against members',
             'one room, 16 messages in flight'),
            ('cpu_us', 'CPU microseconds per delivery against members',
             'one room, 16 messages in flight')):
        lines = {server: [] for server in COLOURS}

        for n, name in members:
            for server, value in of_case(found, name, figure):
                lines[server].append((n, value[0]))

        plot.lines(path('members-' + figure.replace('_us', '')), title, what,
                   lines, COLOURS)

    percentiles = [('median', 'p50_us'), ('99 %', 'p99_us'),
                   ('99.9 %', 'p999_us')]

    for name, title, _, _, _, _ in chosen:
        if name in ('paced', 'open', 'ack64', 'ack1000'):
            plot.groups(path(name + '-latency'), title,
                        'latency, microseconds',
                        [(label, [(server, value[0]) for server, value
                                  in of_case(found, name, figure)])
                         for label, figure in percentiles], COLOURS)
