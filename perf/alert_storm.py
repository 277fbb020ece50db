#!/usr/bin/env python3
"""How fast a running server takes a storm of alerts: failed logins of 250 addresses on seven hosts, each with another
user, over one TCP connection. The shipped rules raise two alerts for each address, and they grow with every line.

Prints name, n, digest and rate; the digest is the number of alerts. Everything is written where temporary files are.

Usage: alert_storm.py PICKET [RECORDS]   (40000 unless told)
"""

import pathlib
import socket
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "tests" / "app"))
from picket_process import Picket, wait_for  # noqa: E402

ADDRESSES = 250


def line(i):
    return (f"<38>Nov 20 10:00:00 web-{i % 7} sshd[{i}]: "
            f"Failed password for user{i} from 192.0.2.{i % ADDRESSES} port 4000 ssh2\n")


def main():
    binary = sys.argv[1]
    records = int(sys.argv[2]) if len(sys.argv) > 2 else 40_000
    payload = "".join(line(i) for i in range(records)).encode()
    with tempfile.TemporaryDirectory() as folder:
        picket = Picket(binary, folder).start()
        try:
            began = time.monotonic()
            with socket.create_connection(("127.0.0.1", picket.port("tcp")), timeout=60) as door:
                door.sendall(payload)
            wait_for(lambda: picket.ledger().get("tcp", {}).get("stored", 0) == records, "all of them", 600)
            seconds = time.monotonic() - began
            alerts = len(picket.lines("alert", "ls", "--limit", "100000"))
        finally:
            picket.stop()
    expected = 2 * ADDRESSES if records >= 20 * ADDRESSES else alerts
    print(f"alert_storm n={records} digest={alerts} ops_per_s={records / seconds:.0f}")
    return 0 if alerts == expected and alerts > 0 else 1


if __name__ == "__main__":
    sys.exit(main())
