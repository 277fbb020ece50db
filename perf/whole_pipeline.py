#!/usr/bin/env python3
"""The whole pipeline of a running server: NDJSON over TCP in, parsed, all rules, correlated, stored synced.

First as fast as it takes them: events a second, by the clock and by the CPU time that the server used. Then open-loop at
half of that: every record is sent when its time has come, whatever the server does; now and then one of them is of a
process that a rule of this benchmark waits for, on a host of its own, and what is measured is the time from when it was
due until its alert comes out of the event stream of the API.

Prints name, n, digest and rates; the digest is the number of alerts of that rule.

Usage: whole_pipeline.py PICKET [--stream FILE] [--events N] [--seconds S] [--rules DIR ...] [--rate R]
  --stream   one record a line, such as perf/mixes.py makes; from its beginning again when it ends, and then its times
             are late. Without it the records are made up: network connections that Sysmon might report, 800 bytes each
  --events   of the first part (500000)
  --seconds  of the second part (30)
  --rate     of the second part, instead of half of what was measured
  --rules    folders of rules beside the shipped ones
"""

import argparse
import itertools
import json
import os
import pathlib
import socket
import sys
import tempfile
import threading
import time
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "tests" / "app"))
from picket_process import DEFAULT_CONFIG, Picket, wait_for  # noqa: E402

RULE = """title: The process that whole_pipeline.py starts
id: 6b1f1a52-7c0e-4c0f-9d5e-0b8f3c1d2e4a
status: test
description: A process that nothing but this benchmark names.
author: Picket
date: 2026-11-23
logsource: {product: windows, category: process_creation}
detection:
  selection: {Image|endswith: '\\\\zqpipeline.exe'}
  condition: selection
level: low
"""
SLICE = 0.002  # seconds between two sends of the open loop
EVERY = 0.06  # seconds between two records that raise an alert: the stream tells of fifty things a second at most


def marked(number):
    return json.dumps({"Channel": "Microsoft-Windows-Sysmon/Operational", "EventID": 1,
                       "Provider_Name": "Microsoft-Windows-Sysmon", "Computer": f"perf-{number}",
                       "Image": "C:\\zqpipeline.exe", "CommandLine": f"zqpipeline {number}",
                       "User": "NT AUTHORITY\\SYSTEM"}).encode() + b"\n"


def made_up(count):
    padding = "x" * 440
    return [json.dumps({"Channel": "Microsoft-Windows-Sysmon/Operational", "EventID": 3, "Computer": f"host-{i % 50}",
                        "Provider_Name": "Microsoft-Windows-Sysmon", "Image": "C:\\Program Files\\Inventory\\agent.exe",
                        "User": "NT AUTHORITY\\SYSTEM", "Protocol": "tcp", "SourceIp": f"192.0.2.{i % 250}",
                        "SourcePort": 40_000 + i % 20_000, "DestinationIp": "198.51.100.7", "DestinationPort": 443,
                        "Description": padding}).encode() + b"\n" for i in range(count)]


class Server:
    def __init__(self, binary, folder, rules):
        own = pathlib.Path(folder) / "rules"
        own.mkdir()
        (own / "pipeline.yml").write_text(RULE)
        shipped = pathlib.Path(__file__).resolve().parent.parent / "content" / "rules"
        folders = ", ".join(json.dumps(str(one)) for one in [shipped, own, *map(os.path.abspath, rules)])
        config = DEFAULT_CONFIG.replace("DATA", str(pathlib.Path(folder) / "data")) + f"rules: [{folders}]\n"
        self.picket = Picket(binary, folder, config).start()

    def cpu_seconds(self):
        fields = pathlib.Path(f"/proc/{self.picket.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def stored(self):
        return self.picket.ledger().get("tcp", {}).get("stored", 0)

    def connect(self):
        return socket.create_connection(("127.0.0.1", self.picket.port("tcp")), timeout=60)


class Listener(threading.Thread):
    """Notes when the alert of each marked record came."""

    def __init__(self, picket):
        super().__init__(daemon=True)
        base = json.loads((picket.data / "server.json").read_text())["api"]
        token = (picket.data / "admin-token").read_text().strip()
        headers = {"Authorization": f"Bearer {token}", "Accept": "text/event-stream"}
        request = urllib.request.Request(f"{base}/api/v1/stream", headers=headers)
        self.answer = urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=600)
        self.came = {}
        self.start()

    def run(self):
        for line in self.answer:
            at = line.find(b'"perf-')
            if not line.startswith(b"data:") or at < 0:
                continue
            number = int(line[at + 6:line.index(b'"', at + 6)])
            self.came.setdefault(number, time.monotonic())


def as_fast_as_it_takes(server, lines, events):
    payload = list(itertools.islice(itertools.cycle(lines), events))
    cpu, began = server.cpu_seconds(), time.monotonic()
    with server.connect() as door:
        for at in range(0, events, 1000):
            door.sendall(b"".join(payload[at:at + 1000]))
    wait_for(lambda: server.stored() == events, "all of them", 600)
    seconds, used = time.monotonic() - began, server.cpu_seconds() - cpu
    size = sum(map(len, payload)) / events
    print(f"whole_pipeline n={events} digest={events} bytes_per_event={size:.0f} events_per_s={events / seconds:.0f} "
          f"events_per_cpu_s={events / used:.0f} server_cores={used / seconds:.2f}", flush=True)
    return events / seconds


def open_loop(server, lines, rate, seconds):
    listener = Listener(server.picket)
    source, due, sent = itertools.cycle(lines), {}, 0
    began = time.monotonic()
    with server.connect() as door:
        door.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for step in range(int(seconds / SLICE)):
            now = began + step * SLICE
            time.sleep(max(0.0, now - time.monotonic()))
            count = int((step + 1) * SLICE * rate) - sent
            payload = b"".join(itertools.islice(source, count))
            sent += count
            number = int(step * SLICE / EVERY)
            if number not in due:
                due[number] = now
                payload += marked(number)
            door.sendall(payload)
    late = time.monotonic() - began - seconds
    end = time.monotonic() + 10
    while len(listener.came) < len(due) and time.monotonic() < end:
        time.sleep(0.05)
    waits = sorted(listener.came[number] - at for number, at in due.items() if number in listener.came)
    share = lambda part: 1000 * waits[min(len(waits) - 1, int(part * len(waits)))]  # noqa: E731
    print(f"receive_to_alert n={len(waits)} digest={len(listener.came)} events_per_s={sent / seconds:.0f} "
          f"p50_ms={share(.5):.1f} p90_ms={share(.9):.1f} p99_ms={share(.99):.1f} most_ms={share(1):.1f} "
          f"not_told={len(due) - len(waits)} sender_late_ms={1000 * late:.0f}", flush=True)
    return len(waits) * 10 >= len(due) * 9


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("picket")
    parser.add_argument("--stream")
    parser.add_argument("--events", type=int, default=500_000)
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--rate", type=float, default=0)
    parser.add_argument("--rules", nargs="*", default=[])
    given = parser.parse_args()
    if given.stream:
        with open(given.stream, "rb") as stream:
            lines = list(itertools.islice(stream, given.events))
    else:
        lines = made_up(min(given.events, 50_000))
    with tempfile.TemporaryDirectory() as folder:
        server = Server(given.picket, folder, given.rules)
        try:
            rate = as_fast_as_it_takes(server, lines, given.events)
            told = open_loop(server, lines, given.rate or rate / 2, given.seconds)
        finally:
            server.picket.stop()
    return 0 if told else 1


if __name__ == "__main__":
    sys.exit(main())
