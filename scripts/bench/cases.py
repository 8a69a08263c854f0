# Copyright (C) nginx rooms contributors
#
# The cases of the benchmark: what the generator is told, which servers take
# part, and the goals, as ratios between the servers' figures.

# name, title, unit, the generator's options, servers, rounds at most

ALL = ['floor-each', 'floor-turn', 'rooms', 'nchan', 'ws', 'socketio']
NO_NCHAN = [name for name in ALL if name != 'nchan']
FANOUT = ['case=fanout', 'members=1000']

CASES = [
    ('paced', '1 room of 1,000, paced 50,000 deliveries/s', 'delivery',
     FANOUT + ['rate=50000'], ALL, 5),
    ('sat16', '1 room of 1,000, saturated, 16 in flight', 'delivery',
     FANOUT + ['window=16'], ALL + ['rooms-recovery', 'rooms-2w'], 5),
    ('sat64', '1 room of 1,000, saturated, 64 in flight', 'delivery',
     FANOUT + ['window=64'], ALL, 5),
    ('open', '1 room of 1,000, open loop, 400,000 deliveries/s', 'delivery',
     FANOUT + ['rate=400000'], ['floor-turn', 'rooms'], 5),
    ('busy', '1 room of 10, paced 50,000 deliveries/s', 'delivery',
     ['case=fanout', 'members=10', 'rate=50000'],
     ['floor-each', 'rooms', 'rooms-coalesce'], 3),
    ('rooms', '1,000 rooms of 4, members publish', 'delivery',
     ['case=rooms', 'rooms=1000', 'members=4', 'window=256'],
     NO_NCHAN + ['rooms-recovery'], 5),
    ('ack64', 'event with ack, 64 connections', 'event',
     ['case=ack', 'members=64'],
     ['floor-each', 'rooms', 'ws', 'socketio'], 5),
    ('ack1000', 'event with ack, 1,000 connections', 'event',
     ['case=ack', 'members=1000'],
     ['floor-each', 'rooms', 'ws', 'socketio'], 5),
    ('polling', '1 room of 1,000 over long-polling, 16 in flight', 'delivery',
     FANOUT + ['window=16'], ['rooms-polling', 'socketio-polling'], 5),
    ('tls', '1 room of 1,000 over TLS, 16 in flight', 'delivery',
     FANOUT + ['window=16'], ['rooms-tls', 'socketio-tls'], 5),
    ('deflate', '1 room of 1,000, permessage-deflate, 16 in flight',
     'delivery', FANOUT + ['window=16'],
     ['rooms-deflate', 'socketio-deflate'], 5),
    ('redis', '1 room of 1,000, journal or adapter in Redis, 16 in flight',
     'delivery', FANOUT + ['window=16'],
     ['rooms-redis', 'socketio-redis'], 5),
    ('redis4', '1,000 rooms of 4, journal or adapter in Redis', 'delivery',
     ['case=rooms', 'rooms=1000', 'members=4', 'window=256'],
     ['rooms-redis', 'socketio-redis'], 3),
    ('connect', 'connect, Engine.IO and Socket.IO handshake', 'connection',
     ['case=connect', 'members=4000'],
     ['floor-each', 'rooms', 'nchan', 'ws', 'socketio'], 5),
    ('join', 'the same and join', 'connection',
     ['case=connect', 'members=4000', 'rooms=100'],
     ['floor-each', 'rooms', 'ws', 'socketio'], 3),
    ('memory', 'idle memory at 10,000', 'connection',
     ['case=idle', 'members=10000', 'seconds=0'],
     ['floor-each', 'rooms', 'nchan', 'ws', 'socketio'], 2),
    ('idle', 'pings of 10,000 idle sockets', 'connection and second',
     ['case=idle', 'members=10000', 'seconds=10'],
     ['floor-each-ping', 'rooms-ping', 'socketio-ping'], 2),
    ('members10', '1 room of 10, saturated, 16 in flight', 'delivery',
     ['case=fanout', 'members=10', 'window=16'],
     ['floor-turn', 'rooms', 'nchan', 'socketio'], 2),
    ('members100', '1 room of 100, saturated, 16 in flight', 'delivery',
     ['case=fanout', 'members=100', 'window=16'],
     ['floor-turn', 'rooms', 'nchan', 'socketio'], 2),
    ('members5000', '1 room of 5,000, saturated, 16 in flight', 'delivery',
     ['case=fanout', 'members=5000', 'window=16'],
     ['floor-turn', 'rooms', 'nchan', 'socketio'], 2),
]

# The line plots against members: those above and what is 1,000 there.

MEMBERS = [(10, 'members10'), (100, 'members100'), (1000, 'sat16'),
           (5000, 'members5000')]

# What KEEP=1 keeps.

KEPT = ['figures.csv', 'table.md', 'members-rate.svg', 'members-cpu.svg',
        'paced-latency.svg', 'ack1000-latency.svg', 'memory.svg']

# QUICK=1 measures each case once, shorter, and leaves these out.

QUICK_WITHOUT = {
    'paced': ['floor-turn', 'ws'],
    'sat16': ['floor-each', 'ws'],
    'sat64': ['floor-each', 'nchan', 'ws'],
    'busy': ['floor-each', 'rooms', 'rooms-coalesce'],
    'rooms': ['floor-each', 'ws'],
    'ack64': ['ws'],
    'ack1000': ['ws'],
    'connect': ['nchan', 'ws'],
    'join': ['ws', 'socketio'],
    'memory': ['nchan', 'ws', 'socketio'],
    'idle': ['socketio-ping'],
    'members10': ['nchan', 'socketio'],
    'members100': ['nchan', 'socketio'],
    'members5000': ['floor-turn', 'rooms', 'nchan', 'socketio'],
}

# case, server, figure, other server, at most: this times the other's; the
# last is None for a bound on the figure itself.  Such a bound in microseconds
# is that of one machine: what the floor costs there or here says the same of
# another one, so the ratio to it is a goal beside it.

GOALS = [
    ('paced', 'cpu_us', 'rooms', 1.06, 'floor-each'),
    ('paced', 'cpu_us', 'rooms', 1 / 2.1, 'socketio'),
    ('paced', 'cpu_us', 'rooms', 1 / 1.45, 'nchan'),
    ('paced', 'p99_us', 'rooms', 1.1, 'floor-each'),
    ('sat16', 'cpu_us', 'rooms', 1.15, 'floor-turn'),
    ('sat64', 'cpu_us', 'rooms', 1.15, 'floor-turn'),
    ('sat16', 'rate', 'socketio', 1 / 22, 'rooms'),
    ('sat64', 'rate', 'socketio', 1 / 50, 'rooms'),
    ('sat16', 'rate', 'nchan', 1 / 14, 'rooms'),
    ('open', 'p99_us', 'rooms', 10000, None),
    ('open', 'p99_us', 'rooms', 1.1, 'floor-turn'),
    ('busy', 'cpu_us', 'rooms-coalesce', 1 / 1.3, 'rooms'),
    ('rooms', 'cpu_us', 'rooms', 1.15, 'floor-turn'),
    ('rooms', 'cpu_us', 'rooms', 1 / 2.9, 'socketio'),
    ('ack64', 'cpu_us', 'rooms', 1.10, 'floor-each'),
    ('ack64', 'cpu_us', 'rooms', 1 / 2.2, 'socketio'),
    ('ack1000', 'cpu_us', 'rooms', 1.10, 'floor-each'),
    ('ack1000', 'cpu_us', 'rooms', 1 / 4.2, 'socketio'),
    ('memory', 'pss', 'rooms', 1024, None),
    ('connect', 'cpu_us', 'rooms', 32, None),
    ('connect', 'cpu_us', 'rooms', 1.45, 'floor-each'),
    ('idle', 'cpu_us', 'rooms-ping', 0.30, None),
    ('idle', 'cpu_us', 'rooms-ping', 1.25, 'floor-each-ping'),
    ('sat16', 'cpu_us', 'rooms-2w', 2 / 1.8, 'rooms'),
    ('sat16', 'cpu_us', 'rooms-recovery', 1.15, 'rooms'),
    ('rooms', 'cpu_us', 'rooms-recovery', 1.15, 'rooms'),
    ('polling', 'cpu_us', 'rooms-polling', 1 / 3, 'socketio-polling'),
    ('tls', 'cpu_us', 'rooms-tls', 1 / 3, 'socketio-tls'),
    ('deflate', 'cpu_us', 'rooms-deflate', 1 / 3, 'socketio-deflate'),
    ('redis', 'cpu_us', 'rooms-redis', 1 / 3, 'socketio-redis'),
    ('redis4', 'cpu_us', 'rooms-redis', 1 / 3, 'socketio-redis'),
]
