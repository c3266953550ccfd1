#!/usr/bin/env python3
"""W5 reversed: h2load's JSON over h2c to the gateway, which asks a binary server. CPU a request beside Go.

    cargo build --release && benches/peers/w5-reversed/run.py target/release/gatewright [--rounds 5] [--requests 40000]

Needs go with golang.org/x/net (Debian: golang-go golang-golang-x-net-dev), h2load (nghttp2-client), taskset.
The gateway has the first core for itself; load and server have the last.
"""
import argparse
import base64
import json
import os
import re
import shutil
import socket
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
DEFINITION = HERE.parents[2] / "config/protocols/w5/w5.ksy"
CASES = [("1 × 32", 1, 32, 64), ("64 × 1", 64, 1, 64), ("64 × 32", 64, 32, 64), ("4 KiB, 64 × 1", 64, 1, 4096)]


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def until_open(port):
    for _ in range(200):
        with socket.socket() as s:
            if s.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise SystemExit(f"nobody listens on port {port}")


def cpu_seconds(pid):
    """Of a process's threads together, user and kernel, to the nanosecond."""
    tasks = Path(f"/proc/{pid}/task").iterdir()
    return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks) / 1e9


def load(port, body, case, requests):
    _, connections, streams, _ = case
    command = ["taskset", "-c", str(os.cpu_count() - 1), "h2load", f"-c{connections}", f"-m{streams}", f"-n{requests}",
               "-d", body, "-H", "content-type: application/json", f"http://127.0.0.1:{port}/op/7"]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    if not re.search(rf"\b{requests} 2xx", said):
        raise SystemExit(said)


def measure(program, port, body, case, requests):
    """CPU µs a request."""
    before = cpu_seconds(program.pid)
    load(port, body, case, requests)
    return (cpu_seconds(program.pid) - before) / requests * 1e6


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("gatewright", type=Path)
    arguments.add_argument("--rounds", type=int, default=5)
    arguments.add_argument("--requests", type=int, default=40_000)
    options = arguments.parse_args()
    work = Path(tempfile.mkdtemp())
    started = []

    def start(command, core, **environment):
        program = subprocess.Popen(["taskset", "-c", str(core), *map(str, command)], env={**os.environ, **environment})
        started.append(program)
        return program

    try:
        subprocess.run(["go", "build", "-o", work / "reversed", HERE / "main.go"], check=True,
                       env={"GOPATH": "/usr/share/gocode", **os.environ, "GO111MODULE": "off"})
        server, last = free_port(), os.cpu_count() - 1
        start([work / "reversed", "-serve", f"127.0.0.1:{server}"], last)
        until_open(server)
        ports = {"go": free_port(), "gatewright": free_port()}
        programs = {
            "go": start([work / "reversed", "-listen", f"127.0.0.1:{ports['go']}", "-upstream", f"127.0.0.1:{server}"], 0,
                        GOMAXPROCS="1"),
            "gatewright": start([options.gatewright.resolve(), "run", "-c", HERE / "gatewright.toml"], 0,
                                LISTEN=f"127.0.0.1:{ports['gatewright']}", UPSTREAM=f"127.0.0.1:{server}",
                                W5_DEFINITION=str(DEFINITION)),
        }
        for port in ports.values():
            until_open(port)
        print("| load | go, CPU µs | gatewright, CPU µs | ratio |\n|---|---:|---:|---:|")
        for case in CASES:
            body = work / "body.json"
            body.write_text(json.dumps({"payload": base64.b64encode(bytes(case[3])).decode()}))
            for port in ports.values():
                load(port, body, case, 1000)
            found = {name: [] for name in ports}
            for _ in range(options.rounds):
                for name, port in ports.items():
                    found[name].append(measure(programs[name], port, body, case, options.requests))
            go, ours = (statistics.median(found[name]) for name in ("go", "gatewright"))
            print(f"| {case[0]} | {go:.1f} | {ours:.1f} | {ours / go:.2f} |", flush=True)
    finally:
        for program in started:
            program.terminate()
        shutil.rmtree(work)


if __name__ == "__main__":
    main()
