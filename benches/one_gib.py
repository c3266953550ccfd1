#!/usr/bin/env python3
"""Carries 1 GiB through the gateway, up and down, between any two versions of HTTP, and says by how much the
process's most memory grows: without huge pages, of which the first byte counts for 2 MiB.

    cargo build --release -p gatewright && benches/one_gib.py target/release/gatewright

Needs nginx, nghttpd and curl; exits with 1 if anything grew by 2 MiB or more.
"""
import os
import re
import socket
import subprocess
import sys
import tempfile
import threading
import time

BAR_KIB = 2 << 10
SIZE = 1 << 30
CONFIG = """[gateway]
workers = 1
[log]
filter = "error"
[listeners.web]
bind = "tcp://127.0.0.1:0"
protocol = "http"
[upstreams.server]
url = "{url}"
timeout = "10m"
[[routes]]
from = "web"
to = "server"
"""
NGINX = """daemon off; master_process off; pid nginx.pid; error_log stderr error; events {{ }}
http {{ access_log off; client_body_temp_path body; server {{ listen 127.0.0.1:{port}; root {folder}; }} }}"""


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def take(connection):
    """A server of HTTP/1.1 that reads a body to its end: by length, or to the last chunk."""
    data = b""
    while b"\r\n\r\n" not in data:
        data += connection.recv(65536)
    head, _, body = data.partition(b"\r\n\r\n")
    length = re.search(rb"(?i)content-length: (\d+)", head)
    came, tail = len(body), body[-5:]
    buffer = bytearray(1 << 18)
    while came < int(length[1]) if length else tail != b"0\r\n\r\n":
        count = connection.recv_into(buffer)
        if count == 0:
            return
        came, tail = came + count, (tail + buffer[max(0, count - 5):count])[-5:]
    connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
    connection.close()


def sink():
    listener = socket.create_server(("127.0.0.1", 0))

    def accept():
        while True:
            threading.Thread(target=take, args=(listener.accept()[0],), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    return listener.getsockname()[1]


def most_memory(pid):
    with open(f"/proc/{pid}/status") as status:
        return int(re.search(r"VmHWM:\s+(\d+)", status.read())[1])


def carry(program, folder, url, version, up):
    with open(f"{folder}/gatewright.toml", "w") as config:
        config.write(CONFIG.format(url=url))
    environment = dict(os.environ, MIMALLOC_ALLOW_THP="0")
    gateway = subprocess.Popen(
        [program, "run", "-c", "gatewright.toml"], cwd=folder, env=environment, stdout=subprocess.PIPE, text=True
    )
    try:
        front = gateway.stdout.readline().split("tcp://")[1].strip()

        def curl(name):
            way = ["-T", f"{folder}/{name}", "-H", "Expect:", f"http://{front}/up"] if up else [f"http://{front}/{name}"]
            told = ["-s", "-o", "/dev/null", "-w", "%{size_upload}" if up else "%{size_download}"]
            done = subprocess.run(["curl", *told, version, *way], capture_output=True, text=True)
            assert int(done.stdout) == os.path.getsize(f"{folder}/{name}"), done

        curl("small")
        before, began = most_memory(gateway.pid), time.monotonic()
        curl("big")
        return most_memory(gateway.pid) - before, time.monotonic() - began
    finally:
        gateway.kill()
        gateway.wait()


def main():
    program = os.path.abspath(sys.argv[1])
    with tempfile.TemporaryDirectory() as folder:
        for name, size in (("small", 1000), ("big", SIZE)):
            with open(f"{folder}/{name}", "w") as file:
                file.truncate(size)
        ports = free_port(), free_port()
        with open(f"{folder}/nginx.conf", "w") as config:
            config.write(NGINX.format(port=ports[0], folder=folder))
        servers = [
            subprocess.Popen(["nginx", "-p", folder, "-c", "nginx.conf", "-e", "stderr"]),
            subprocess.Popen(["nghttpd", "--no-tls", "-d", folder, str(ports[1])]),
        ]
        time.sleep(1)
        grown = []
        try:
            for to in ("http", "h2c"):
                for version in ("--http1.1", "--http2-prior-knowledge"):
                    for up in (False, True):
                        port = ports[1] if to == "h2c" else sink() if up else ports[0]
                        kib, took = carry(program, folder, f"{to}://127.0.0.1:{port}", version, up)
                        way = f"{version[2:7]} -> {to}, {'up' if up else 'down'}"
                        print(f"{way}: {kib} KiB in {took:.1f} s", flush=True)
                        grown.append(kib)
        finally:
            for server in servers:
                server.terminate()
    sys.exit(max(grown) >= BAR_KIB)


main()
