#!/usr/bin/env python3
"""Writes the streams that the speed of matching is measured on, from the public recordings in DATA.

  ordinary.ndjson   attack simulations in file order, flat Windows events without the rendered Message (which
                    repeats the fields) and no longer than 1,200 bytes: 800 bytes on average
  mix10.ndjson      the same, and one event in ten a process creation of the attack samples
  mix30.ndjson      three in ten
  process.ndjson    process creations (Sysmon 1, Security 4688) of the attack samples alone
  raw.ndjson        the simulations as they were recorded, Message and all
  syslog.log        lines of about 100 bytes: sshd, sudo, cron, pam, kernel, made here from a seed; a third of them are
                    logins from anywhere, which correlations count
  fleet.log         lines of about 100 bytes of 300 hosts, 200 a second: people log in where they always do, from their
                    own addresses, and mistype a password now and then

Usage: mixes.py DATA OUT [COUNT]; COUNT events a stream at most (100000). Times go on within a stream, so one that is
sent over and over brings late events: make it as long as what is sent.
"""

import io
import json
import pathlib
import random
import sys
import zipfile

SIZE_MAX = 1200
PROCESS = {("Microsoft-Windows-Sysmon/Operational", 1), ("Security", 4688)}


def recorded(data):
    """Lines of the simulations, archives and files in order of their names."""
    for path in sorted((data / "otrf-security-datasets").rglob("*.zip")):
        with zipfile.ZipFile(path) as archive:
            for name in sorted(archive.namelist()):
                if not name.endswith(".json"):
                    continue
                with archive.open(name) as file:
                    yield from io.TextIOWrapper(file, "utf-8", "replace")


def events(lines):
    for line in lines:
        try:
            event = json.loads(line)
        except ValueError:
            continue
        if isinstance(event, dict) and "EventID" in event:
            yield event


def compact(event):
    return json.dumps(event, ensure_ascii=False, separators=(",", ":"))


def ordinary(data):
    for event in events(recorded(data)):
        event.pop("Message", None)
        text = compact(event)
        if len(text.encode()) <= SIZE_MAX:
            yield text


def processes(data):
    for path in sorted((data / "evtx-json").rglob("*.json*")):
        for line in path.read_text("utf-8", "replace").splitlines():
            try:
                event = json.loads(line)["Event"]["System"]
            except (ValueError, KeyError, TypeError):
                continue
            code = event.get("EventID")
            code = code.get("#text") if isinstance(code, dict) else code
            if (event.get("Channel"), code) in PROCESS:
                yield line


def mixed(stream, others, percent):
    """Of every ten events `percent` / 10 are of the others, which start again when they end."""
    others = list(others)
    for i, line in enumerate(stream):
        yield line
        for k in range(i * percent // (100 - percent), (i + 1) * percent // (100 - percent)):
            yield others[k % len(others)]


def syslog(count):
    pick = random.Random(7)
    for i in range(count):
        head = f"<{pick.choice((38, 86, 78, 4))}>Nov 22 {i // 3600 % 24:02}:{i // 60 % 60:02}:{i % 60:02} app-{i % 9:02} "
        address = f"10.{pick.randrange(256)}.{pick.randrange(256)}.{pick.randrange(256)}"
        yield head + pick.choice((
            f"sshd[{1000 + i % 9000}]: Accepted publickey for deploy from {address} port {40000 + i % 20000} ssh2",
            f"sshd[{1000 + i % 9000}]: Failed password for invalid user admin from {address} port {40000 + i % 9000} ssh2",
            "sudo:   deploy : TTY=pts/0 ; PWD=/srv/app ; USER=root ; COMMAND=/usr/bin/systemctl restart app",
            f"CRON[{1000 + i % 9000}]: (root) CMD (   cd / && run-parts --report /etc/cron.hourly)",
            f"sshd[{1000 + i % 9000}]: pam_unix(sshd:session): session opened for user deploy by (uid=0)",
            f"kernel: [{i}.123456] eth0: link is up at 1000 Mbps, full duplex, flow control rx/tx"))


def fleet(count):
    pick = random.Random(7)
    users = [f"user{i:03}" for i in range(200)]
    hosts = {user: [f"app-{pick.randrange(300):03}" for _ in range(3)] for user in users}
    homes = {user: [f"10.20.{pick.randrange(8)}.{pick.randrange(256)}" for _ in range(2)] for user in users}
    for i in range(count):
        user, kind, pid = pick.choice(users), pick.random(), 1000 + i % 60000
        host = pick.choice(hosts[user]) if kind < 0.13 else f"app-{pick.randrange(300):03}"
        address = f"{pick.choice(homes[user])} port {40000 + i % 20000} ssh2"
        level, text = next((level, text) for below, level, text in (
            (0.002, 86, f"sshd[{pid}]: Failed password for {user} from {address}"),
            (0.03, 86, f"sshd[{pid}]: Accepted publickey for {user} from {address}"),
            (0.08, 86, f"sshd[{pid}]: pam_unix(sshd:session): session opened for user {user} by (uid=0)"),
            (0.13, 85, f"sudo: {user} : TTY=pts/0 ; PWD=/srv/app ; USER=root ; COMMAND=/usr/bin/systemctl restart app"),
            (0.33, 78, f"CRON[{pid}]: (root) CMD (   cd / && run-parts --report /etc/cron.hourly)"),
            (0.53, 30, f"systemd[1]: Started session-{i % 90000}.scope - Session {i % 90000} of User {user}."),
            (0.73, 30, f"dhclient[{pid}]: DHCPACK of 10.30.{i % 8}.{pick.randrange(256)} from 10.30.0.1"),
            (1, 4, f"kernel: [{i}.123456] eth0: link is up at 1000 Mbps, full duplex, flow control rx/tx"))
            if kind < below)
        second = i // 200
        yield f"<{level}>Nov {22 + second // 86400} {second // 3600 % 24:02}:{second // 60 % 60:02}:{second % 60:02} {host} {text}"


def write(path, lines, count):
    n = size = 0
    with path.open("w", encoding="utf-8") as out:
        for line in lines:
            out.write(line + "\n")
            n, size = n + 1, size + len(line.encode())
            if n == count:
                break
    print(f"{path.name:16} n={n} bytes_per_event={size / max(n, 1):.0f}")


def main():
    data, out = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    count = int(sys.argv[3]) if len(sys.argv) > 3 else 100_000
    out.mkdir(parents=True, exist_ok=True)
    write(out / "ordinary.ndjson", ordinary(data), count)
    write(out / "mix10.ndjson", mixed(ordinary(data), processes(data), 10), count)
    write(out / "mix30.ndjson", mixed(ordinary(data), processes(data), 30), count)
    write(out / "process.ndjson", processes(data), count)
    write(out / "raw.ndjson", (compact(event) for event in events(recorded(data))), count // 2)
    write(out / "syslog.log", syslog(count), count)
    write(out / "fleet.log", fleet(count), count)


if __name__ == "__main__":
    main()
