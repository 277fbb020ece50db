#!/usr/bin/env python3
"""Writes the streams that the speed of matching is measured on, from the public recordings in DATA.

  ordinary.ndjson   attack simulations in file order, flat Windows events without the rendered Message (which
                    repeats the fields) and no longer than 1,200 bytes: 800 bytes on average
  mix10.ndjson      the same, and one event in ten a process creation of the attack samples
  mix30.ndjson      three in ten
  process.ndjson    process creations (Sysmon 1, Security 4688) of the attack samples alone
  raw.ndjson        the simulations as they were recorded, Message and all
  syslog.log        lines of about 100 bytes: sshd, sudo, cron, pam, kernel, made here from a seed

Usage: mixes.py DATA OUT [COUNT]; COUNT events a stream at most (100000).
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


if __name__ == "__main__":
    main()
