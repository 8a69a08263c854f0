# Copyright (C) nginx rooms contributors
#
# The cases of the benchmark: what the generator is told, which servers take
# part, and the goals, as ratios between the servers' figures.

# name, title, unit, the generator's options, servers

ALL = ['floor-each', 'floor-turn', 'rooms', 'nchan', 'ws', 'socketio']
NO_NCHAN = [name for name in ALL if name != 'nchan']

CASES = [
    ('paced', '1 room of 1,000, paced 50,000 deliveries/s', 'delivery',
     ['case=fanout', 'members=1000', 'rate=50000'],
     ALL),
    ('sat16', '1 room of 1,000, saturated, 16 in flight', 'delivery',
     ['case=fanout', 'members=1000', 'window=16'],
     ALL + ['rooms-recovery', 'rooms-2w']),
    ('sat64', '1 room of 1,000, saturated, 64 in flight', 'delivery',
     ['case=fanout', 'members=1000', 'window=64'],
     ALL),
    ('open', '1 room of 1,000, open loop, 400,000 deliveries/s', 'delivery',
     ['case=fanout', 'members=1000', 'rate=400000'],
     ['floor-turn', 'rooms']),
    ('rooms', '1,000 rooms of 4, members publish', 'delivery',
     ['case=rooms', 'rooms=1000', 'members=4', 'window=256'],
     NO_NCHAN + ['rooms-recovery']),
    ('ack64', 'event with ack, 64 connections', 'event',
     ['case=ack', 'members=64'],
     ['floor-each', 'rooms', 'ws', 'socketio']),
    ('ack1000', 'event with ack, 1,000 connections', 'event',
     ['case=ack', 'members=1000'],
     ['floor-each', 'rooms', 'ws', 'socketio']),
    ('connect', 'connect, Engine.IO and Socket.IO handshake', 'connection',
     ['case=connect', 'members=4000'],
     ['floor-each', 'rooms', 'nchan', 'ws', 'socketio']),
    ('join', 'the same and join', 'connection',
     ['case=connect', 'members=4000', 'rooms=100'],
     ['floor-each', 'rooms', 'ws', 'socketio']),
    ('memory', 'idle memory at 10,000', 'connection',
     ['case=idle', 'members=10000', 'seconds=0'],
     ['floor-each', 'rooms', 'nchan', 'ws', 'socketio']),
    ('idle', 'pings of 10,000 idle sockets', 'connection and second',
     ['case=idle', 'members=10000', 'seconds=26'],
     ['rooms', 'socketio']),
]

# case, server, figure, other server, at most: this times the other's; the
# last is None for a bound on the figure itself

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
    ('rooms', 'cpu_us', 'rooms', 1.15, 'floor-turn'),
    ('rooms', 'cpu_us', 'rooms', 1 / 2.9, 'socketio'),
    ('ack64', 'cpu_us', 'rooms', 1.10, 'floor-each'),
    ('ack64', 'cpu_us', 'rooms', 1 / 2.2, 'socketio'),
    ('ack1000', 'cpu_us', 'rooms', 1.10, 'floor-each'),
    ('ack1000', 'cpu_us', 'rooms', 1 / 4.2, 'socketio'),
    ('memory', 'pss', 'rooms', 1024, None),
    ('connect', 'cpu_us', 'rooms', 32, None),
    ('idle', 'cpu_us', 'rooms', 0.30, None),
    ('sat16', 'cpu_us', 'rooms-2w', 2 / 1.8, 'rooms'),
    ('sat16', 'cpu_us', 'rooms-recovery', 1.15, 'rooms'),
    ('rooms', 'cpu_us', 'rooms-recovery', 1.15, 'rooms'),
]
