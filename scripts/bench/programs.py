# Copyright (C) nginx rooms contributors
#
# Builds the load generators and the floor.

import os
import subprocess

import servers

FLAGS = ['-std=gnu11', '-O2', '-g', '-Wall', '-Wextra', '-Werror',
         '-D_GNU_SOURCE']

SOURCES = {
    'load': ['client.c', 'cases.c', 'payload.c', 'stats.c', 'load.c'],
    'listen': ['client.c', 'stats.c', 'listen.c'],
    'floor': ['floor.c'],
    'stall': ['client.c', 'payload.c', 'stats.c', 'stall.c']
}

LIBS = {'load': [], 'listen': [], 'floor': ['-lcrypto'], 'stall': []}


def build(*names):
    os.makedirs(servers.BUILD, exist_ok=True)

    for name in names:
        subprocess.run([os.environ.get('CC', 'cc')] + FLAGS
                       + ['-o', os.path.join(servers.BUILD, name)]
                       + [os.path.join(servers.BENCH, source)
                          for source in SOURCES[name]]
                       + LIBS[name], check=True)
