# Copyright (C) nginx rooms contributors
#
# Builds the load generators and the floor, and installs the peers.

import os
import shutil
import subprocess

import servers

FLAGS = ['-std=gnu11', '-O2', '-g', '-Wall', '-Wextra', '-Werror',
         '-D_GNU_SOURCE']

CLIENT = ['client.c', 'wire.c', 'polling.c', 'stats.c']

SOURCES = {
    'load': CLIENT + ['cases.c', 'payload.c', 'load.c'],
    'listen': CLIENT + ['listen.c'],
    'floor': ['floor.c'],
    'stall': CLIENT + ['payload.c', 'stall.c']
}

TLS = ['-lssl', '-lcrypto', '-lz']
LIBS = {'load': TLS, 'listen': TLS, 'floor': ['-lcrypto'], 'stall': TLS}


def build(*names):
    os.makedirs(servers.BUILD, exist_ok=True)

    for name in names:
        subprocess.run([os.environ.get('CC', 'cc')] + FLAGS
                       + ['-o', os.path.join(servers.BUILD, name)]
                       + [os.path.join(servers.BENCH, source)
                          for source in SOURCES[name]]
                       + LIBS[name], check=True)


def peers():
    """npm's peers, as the lock file says."""

    source = os.path.join(servers.BENCH, 'peers')
    target = os.path.join(servers.BUILD, 'peers')
    lock = os.path.join(target, 'package-lock.json')
    os.makedirs(target, exist_ok=True)

    same = os.path.isdir(os.path.join(target, 'node_modules', 'socket.io')) \
        and os.path.isfile(lock) \
        and open(lock).read() == open(os.path.join(source,
                                                   'package-lock.json')).read()

    for name in os.listdir(source):
        if os.path.isfile(os.path.join(source, name)):
            shutil.copy(os.path.join(source, name), target)

    if not same:
        subprocess.run(['npm', 'ci', '--ignore-scripts', '--no-audit',
                        '--no-fund'], cwd=target, check=True,
                       stdout=subprocess.DEVNULL)
