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
events {{ worker_connections {files}; multi_accept on; }}
http {{
    access_log off;
    client_body_temp_path {run}/t1; proxy_temp_path {run}/t2;
    fastcgi_temp_path {run}/t3; uwsgi_temp_path {run}/t4;
    scgi_temp_path {run}/t5;
    keepalive_requests 1000000;
    # the peers send nothing to who connects, either
    rooms_app echo {{ zone 16m; option auth off; {redis} }}
    server {{
        listen 127.0.0.1:{port} reuseport backlog=1024 {ssl};
        {certificate}
        location /default/ {{ rooms echo; }}
        location /recovery/ {{ rooms echo; rooms_recovery 2m; }}
        location /coalesce/ {{ rooms echo; rooms_coalesce 1ms; }}
        location /ping/ {{ rooms echo; rooms_ping_interval 2500ms; }}
        location /deflate/ {{ rooms echo; rooms_deflate on;
                              rooms_deflate_threshold 0; }}
    }}
}}
'''

NCHAN_CONF = '''
load_module {nchan};
worker_processes 1;
worker_rlimit_nofile {files};
pid {run}/nginx.pid;
error_log {run}/error.log error;
events {{ worker_connections {files}; multi_accept on; }}
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


def certificate(directory):
    """A key and a certificate for the runs over TLS."""

    if not os.path.exists(os.path.join(directory, 'cert.pem')):
        subprocess.run(['openssl', 'req', '-x509', '-newkey', 'ec', '-pkeyopt',
                        'ec_paramgen_curve:prime256v1', '-nodes', '-days',
                        '30', '-subj', '/CN=localhost', '-keyout',
                        os.path.join(directory, 'key.pem'), '-out',
                        os.path.join(directory, 'cert.pem')], check=True,
                       stderr=subprocess.DEVNULL)


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
    """One running server: its port, path, and the pids that count.

    A name is that of a program and, after a dash, of a variant.
    """

    def __init__(self, name, port):
        self.name = name
        self.port = port
        self.path = '/socket.io/'
        self.options = []
        self.run = os.path.join(BUILD, 'run', name)
        shutil.rmtree(self.run, ignore_errors=True)
        os.makedirs(self.run)
        self.redis = None
        self.process = None
        self.program, _, self.variant = name.partition('-')

        try:
            self.process = self.start()
            wait_for(self.process, port, name, self.run + '/log')
        except BaseException:
            self.stop()
            raise

        self.pids = self.workers() or [self.process.pid]

    def pinned(self, *command):
        log = open(os.path.join(self.run, 'log'), 'w')
        core = '0,1' if self.variant == '2w' else SERVER_CORE
        return subprocess.Popen(('taskset', '-c', core) + command,
                                stdout=log, stderr=log, cwd=BUILD)

    def nginx(self, conf, **words):
        path = os.path.join(self.run, 'nginx.conf')

        with open(path, 'w') as f:
            f.write(conf.format(run=self.run, port=self.port, module=MODULE,
                                nchan=NCHAN, files=16000, **words))

        return self.pinned(NGINX, '-p', self.run, '-c', path, '-e',
                           self.run + '/error.log', '-g', 'daemon off;')

    def start_redis(self):
        """A Redis of this server's own, whose time does not count."""

        port = self.port + 1000
        log = open(os.path.join(self.run, 'redis.log'), 'w')
        self.redis = subprocess.Popen(
            ['redis-server', '--port', str(port), '--bind', '127.0.0.1',
             '--save', '', '--appendonly', 'no', '--dir', self.run],
            stdout=log, stderr=log)
        wait_for(self.redis, port, 'redis', self.run + '/redis.log')

        return 'redis://127.0.0.1:%d/0' % port

    def start(self):
        port = str(self.port)
        redis = self.start_redis() if self.variant == 'redis' else ''

        if self.variant == 'tls':
            certificate(self.run)

        if self.program == 'floor':
            return self.pinned(BUILD + '/floor', port, self.variant)

        if self.program == 'nchan':
            self.options = ['nchan=1']
            return self.nginx(NCHAN_CONF)

        if self.variant in ('polling', 'tls', 'deflate'):
            self.options = [self.variant + '=1']

        if self.program == 'rooms':
            return self.start_rooms(redis)

        words = {'tls': 'tls=' + self.run, 'deflate': 'deflate=1',
                 'redis': 'redis=' + redis, 'ping': 'ping=2500'}

        return self.pinned('node', '%s/peers/%s.js' % (BUILD, self.program),
                           port, words.get(self.variant, 'plain=1'))

    def start_rooms(self, redis):
        if self.variant in ('recovery', 'coalesce', 'ping', 'deflate'):
            self.path = '/%s/' % self.variant
        else:
            self.path = '/default/'

        tls = self.variant == 'tls'

        return self.nginx(
            ROOMS_CONF, workers=2 if self.variant == '2w' else 1,
            redis='redis %s;' % redis if redis else '',
            ssl='ssl' if tls else '',
            certificate='ssl_certificate %s/cert.pem; '
                        'ssl_certificate_key %s/key.pem;'
                        % (self.run, self.run) if tls else '')

    def workers(self):
        """The master of nginx does nothing, so only its children count."""

        if self.program in ('nchan', 'rooms'):
            with open('/proc/%d/task/%d/children'
                      % (self.process.pid, self.process.pid)) as f:
                return [int(pid) for pid in f.read().split()]

        return []

    def stop(self):
        for process in (self.process, self.redis):
            if process is None:
                continue

            process.send_signal(signal.SIGTERM)

            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
