# Copyright (C) nginx rooms contributors
#
# Starts and stops the servers that are compared, each on core 0.

import os
import shutil
import signal
import socket
import subprocess
import time

TOP = os.path.abspath(os.path.join(os.path.dirname(__file__), '..', '..'))
BENCH = os.path.join(TOP, 'scripts', 'bench')
BUILD = os.path.join(TOP, 'build', 'bench')
NGINX = os.environ.get('NGINX_BIN', '/usr/sbin/nginx')
MODULE = os.environ.get('ROOMS_MODULE',
                        os.path.join(TOP, 'build/ngx_http_rooms_module.so'))
NCHAN = '/usr/lib/nginx/modules/ngx_nchan_module.so'
SERVER_CORE = '0'

ROOMS_CONF = '''
load_module {module};
worker_processes {workers};
worker_rlimit_nofile {files};
pid {run}/nginx.pid;
error_log {run}/error.log warn;
events {{ worker_connections {files}; }}
http {{
    access_log off;
    client_body_temp_path {run}/t1; proxy_temp_path {run}/t2;
    fastcgi_temp_path {run}/t3; uwsgi_temp_path {run}/t4;
    scgi_temp_path {run}/t5;
    rooms_app echo {{ zone 16m; }}
    server {{
        listen 127.0.0.1:{port} reuseport backlog=1024;
        location /default/ {{ rooms echo; }}
        location /recovery/ {{ rooms echo; rooms_recovery 2m; }}
        location /ping/ {{ rooms echo; rooms_ping_interval 2500ms; }}
    }}
}}
'''

NCHAN_CONF = '''
load_module {nchan};
worker_processes 1;
worker_rlimit_nofile {files};
pid {run}/nginx.pid;
error_log {run}/error.log error;
events {{ worker_connections {files}; }}
http {{
    access_log off;
    client_body_temp_path {run}/t1; proxy_temp_path {run}/t2;
    fastcgi_temp_path {run}/t3; uwsgi_temp_path {run}/t4;
    scgi_temp_path {run}/t5;
    nchan_max_reserved_memory 256m;
    server {{
        listen 127.0.0.1:{port} reuseport backlog=1024;
        location = /sub {{
            nchan_subscriber websocket;
            nchan_channel_id $arg_id;
            nchan_subscriber_first_message newest;
        }}
        location = /pub {{
            nchan_publisher websocket;
            nchan_channel_id $arg_id;
            nchan_message_buffer_length 1000;
            nchan_message_timeout 10s;
        }}
    }}
}}
'''


def wait_for(process, port, name, log):
    for _ in range(400):
        try:
            socket.create_connection(('127.0.0.1', port)).close()
            time.sleep(0.2)
            return
        except OSError:
            if process.poll() is not None:
                break
            time.sleep(0.05)

    with open(log) as f:
        raise SystemExit('%s does not start: %s' % (name, f.read()))


class Server:
    """One running server: its port, path, and the pids that count."""

    def __init__(self, name, port):
        self.name = name
        self.port = port
        self.path = '/socket.io/'
        self.options = []
        self.run = os.path.join(BUILD, 'run', name)
        shutil.rmtree(self.run, ignore_errors=True)
        os.makedirs(self.run)
        self.process = self.start()
        self.wait()
        self.pids = self.workers() or [self.process.pid]

    def pinned(self, *command):
        log = open(os.path.join(self.run, 'log'), 'w')
        core = '0,1' if self.name.startswith('rooms-2') else SERVER_CORE
        return subprocess.Popen(('taskset', '-c', core) + command,
                                stdout=log, stderr=log, cwd=BUILD)

    def nginx(self, conf, **words):
        path = os.path.join(self.run, 'nginx.conf')

        with open(path, 'w') as f:
            f.write(conf.format(run=self.run, port=self.port, module=MODULE,
                                nchan=NCHAN, files=16000, **words))

        return self.pinned(NGINX, '-p', self.run, '-c', path, '-e',
                           self.run + '/error.log', '-g', 'daemon off;')

    def start(self):
        name = self.name
        port = str(self.port)

        if name.startswith('floor'):
            return self.pinned(BUILD + '/floor', port, name[6:])

        if name == 'nchan':
            self.options = ['nchan=1']
            return self.nginx(NCHAN_CONF)

        if name.startswith('rooms'):
            self.path = '/default/'

            if name == 'rooms-recovery':
                self.path = '/recovery/'

            if name == 'rooms-ping':
                self.path = '/ping/'

            return self.nginx(ROOMS_CONF, workers=2 if name == 'rooms-2w'
                              else 1)

        return self.pinned('node', BUILD + '/peers/%s.js' % name, port)

    def wait(self):
        wait_for(self.process, self.port, self.name, self.run + '/log')

    def workers(self):
        """The master of nginx does nothing, so only its children count."""

        if self.name == 'nchan' or self.name.startswith('rooms'):
            with open('/proc/%d/task/%d/children'
                      % (self.process.pid, self.process.pid)) as f:
                return [int(pid) for pid in f.read().split()]

        return []

    def stop(self):
        self.process.send_signal(signal.SIGTERM)

        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
