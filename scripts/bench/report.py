# Copyright (C) nginx rooms contributors
#
# What the benchmark prints and draws, from the rows it measured.

import os
import platform
import statistics

COLOURS = {
    'floor-each': '#9e9e9e', 'floor-turn': '#616161', 'rooms': '#00897b',
    'rooms-recovery': '#4db6ac', 'rooms-2w': '#80cbc4', 'nchan': '#5e35b1',
    'ws': '#f9a825', 'socketio': '#c62828'
}


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


def table(found, chosen):
    lines = [machine(), '',
             '| case | unit | ' + ' | '.join(COLOURS) + ' |',
             '|---' * (len(COLOURS) + 2) + '|']

    for name, title, unit, _, _ in chosen:
        cells = []

        for server in COLOURS:
            value = found.get((name, server, figure_of(name)))
            cells.append('%.3g ±%.0f%%' % value if value else '-')

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


def bars(path, title, unit, values):
    """A horizontal bar for each (server, value), as SVG."""

    width, left, row = 640, 130, 26
    height = 50 + row * len(values)
    top = max([v for _, v in values] or [1]) or 1
    out = ['<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" '
           'font-family="sans-serif" font-size="12">' % (width, height),
           '<rect width="100%" height="100%" fill="#fff"/>',
           '<text x="10" y="20" font-size="14">%s</text>' % title,
           '<text x="10" y="36" fill="#666">%s</text>' % unit]

    for i, (server, value) in enumerate(values):
        y = 44 + i * row
        size = value / top * (width - left - 90)
        out.append('<text x="%d" y="%d" text-anchor="end">%s</text>'
                   % (left - 8, y + 15, server))
        out.append('<rect x="%d" y="%d" width="%.1f" height="18" fill="%s"/>'
                   % (left, y, max(size, 1), COLOURS[server]))
        out.append('<text x="%.1f" y="%d">%.3g</text>'
                   % (left + max(size, 1) + 6, y + 14, value))

    out.append('</svg>')

    with open(path, 'w') as f:
        f.write('\n'.join(out) + '\n')


def write(build, rows, chosen, wanted):
    found = medians(rows)
    lines = table(found, chosen) + [''] + goals(found, wanted)

    with open(os.path.join(build, 'table.md'), 'w') as f:
        f.write('\n'.join(lines) + '\n')

    print()
    print('\n'.join(lines))

    for name, title, unit, _, _ in chosen:
        figures = [(figure_of(name), 'CPU microseconds of the server per '
                    + unit if name != 'memory' else 'octets PSS per socket')]

        if name.startswith('sat'):
            figures.append(('rate', 'deliveries per second'))

        if name in ('paced', 'open', 'ack64', 'ack1000'):
            figures.append(('p99_us', '99th percentile of latency, '
                            'microseconds'))

        for figure, what in figures:
            values = [(server, found[(name, server, figure)][0])
                      for server in COLOURS
                      if (name, server, figure) in found]
            suffix = '' if figure == figure_of(name) else '-' \
                + figure.replace('_us', '')
            bars(os.path.join(build, name + suffix + '.svg'), title, what,
                 values)
