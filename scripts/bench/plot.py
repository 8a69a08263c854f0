# Copyright (C) nginx rooms contributors
#
# The benchmark's plots, as SVG: bars, groups of bars, lines.

import math

WIDTH = 640
LEFT = 130


def escape(text):
    return text.replace('&', '&amp;').replace('<', '&lt;')


def start(height, title, unit):
    return ['<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" '
            'font-family="sans-serif" font-size="12">' % (WIDTH, height),
            '<rect width="100%" height="100%" fill="#fff"/>',
            '<text x="10" y="20" font-size="14">%s</text>' % escape(title),
            '<text x="10" y="36" fill="#666">%s</text>' % escape(unit)]


def write(path, out):
    with open(path, 'w') as f:
        f.write('\n'.join(out + ['</svg>']) + '\n')


def bar(out, y, label, value, top, colour):
    size = max(value / top * (WIDTH - LEFT - 90), 1)

    out.append('<text x="%d" y="%d" text-anchor="end">%s</text>'
               % (LEFT - 8, y + 14, escape(label)))
    out.append('<rect x="%d" y="%d" width="%.1f" height="18" fill="%s"/>'
               % (LEFT, y, size, colour))
    out.append('<text x="%.1f" y="%d">%.4g</text>'
               % (LEFT + size + 6, y + 14, value))


def bars(path, title, unit, values, colours):
    """A bar for each (name, value)."""

    top = max([value for _, value in values] or [1]) or 1
    out = start(50 + 26 * len(values), title, unit)

    for i, (name, value) in enumerate(values):
        bar(out, 44 + i * 26, name, value, top, colours[name])

    write(path, out)


def groups(path, title, unit, found, colours):
    """Groups of bars: [(label, [(name, value)])]."""

    count = sum(len(values) for _, values in found)
    top = max([value for _, values in found for _, value in values]
              or [1]) or 1
    out = start(50 + 26 * count + 30 * len(found), title, unit)
    y = 44

    for label, values in found:
        out.append('<text x="10" y="%d" font-weight="bold">%s</text>'
                   % (y + 18, escape(label)))
        y += 26

        for name, value in values:
            bar(out, y, name, value, top, colours[name])
            y += 26

    write(path, out)


def scale(low, high, size):
    """Where a value stands on a logarithmic axis."""

    low, high = math.log10(low), math.log10(high)

    if high == low:
        high += 1

    return lambda value: (math.log10(value) - low) / (high - low) * size


def decades(low, high):
    first = math.floor(math.log10(low))
    last = math.ceil(math.log10(high))

    return [10.0 ** n for n in range(first, last + 1)]


def lines(path, title, unit, found, colours):
    """A line for each name: {name: [(x, y)]}, both axes logarithmic."""

    found = {name: [p for p in values if p[0] > 0 and p[1] > 0]
             for name, values in found.items()}
    points = [p for values in found.values() for p in values]

    if not points:
        return

    left, bottom, width, height = 70, 330, 430, 270
    ys = decades(min(y for _, y in points), max(y for _, y in points))
    xs = sorted({x for x, _ in points})
    at_x = scale(xs[0], xs[-1], width)
    at_y = scale(ys[0], ys[-1], height)
    out = start(370, title, unit)

    for y in ys:
        out.append('<path d="M%d %.1fh%d" stroke="#ddd"/>'
                   % (left, bottom - at_y(y), width))
        out.append('<text x="%d" y="%.1f" text-anchor="end">%s</text>'
                   % (left - 6, bottom - at_y(y) + 4, '{:,g}'.format(y)))

    for x in xs:
        out.append('<text x="%.1f" y="%d" text-anchor="middle">%s</text>'
                   % (left + at_x(x), bottom + 18, '{:,}'.format(x)))

    key = 60

    for name, values in found.items():
        if not values:
            continue

        where = ['%.1f %.1f' % (left + at_x(x), bottom - at_y(y))
                 for x, y in sorted(values)]
        out.append('<path d="M%s" fill="none" stroke="%s" stroke-width="2"/>'
                   % ('L'.join(where), colours[name]))
        out.extend('<circle cx="%s" cy="%s" r="3" fill="%s"/>'
                   % tuple(p.split() + [colours[name]]) for p in where)
        out.append('<path d="M%d %dh20" stroke="%s" stroke-width="2"/>'
                   '<text x="%d" y="%d">%s</text>'
                   % (left + width + 10, key, colours[name],
                      left + width + 34, key + 4, name))
        key += 18

    write(path, out)
