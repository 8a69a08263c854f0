# Copyright (C) nginx rooms contributors
#
# Builds the load generators and the floor.

import os
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
