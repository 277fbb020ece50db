#!/usr/bin/env python3
"""Clocks of sources that are wrong: both times are kept, windows go by the time of arrival, and somebody is told.

Usage: clock_test.py PICKET [unittest arguments]
"""

import datetime
import json
import os
import pathlib
import shutil
import socket
import sys
import tempfile
import unittest
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from picket_process import Picket, wait_for  # noqa: E402

BINARY = None
CONFIG = """
data: DATA
rules: [FOLDER/rules]
sources:
  - {name: ahead, door: syslog_tcp, port: 0, layer: server}
  - {name: behind, door: syslog_tcp, port: 0, layer: server}
  - {name: right, door: syslog_tcp, port: 0, layer: server}
api: {port: 0}
limits: {disk_reserve_mb: 1}
"""
RULE = """
title: Needle
id: needle
level: informational
logsource: {product: linux}
detection: {sel: [needle], condition: sel}
"""


def instant(minutes):
    now = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(minutes=minutes)
    return now.strftime("%Y-%m-%dT%H:%M:%SZ")


class ClockTest(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="picket-clock-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        (self.folder / "rules").mkdir()
        (self.folder / "rules" / "needle.yml").write_text(RULE)
        config = CONFIG.replace("DATA", str(self.folder / "data")).replace("FOLDER", str(self.folder))
        self.picket = Picket(BINARY, self.folder, config)
        self.addCleanup(self.picket.stop)
        self.picket.start()

    def send(self, source, minutes, count):
        line = f"<13>1 {instant(minutes)} host app - - - needle\n".encode()
        with socket.create_connection(("127.0.0.1", self.picket.port(source)), timeout=60) as connection:
            connection.sendall(line * count)

    def sources(self):
        return {source["name"]: source for source in self.picket.api("status")["sources"]}

    def metrics(self):
        base = json.loads((self.picket.data / "server.json").read_text())["api"]
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(base + "/metrics", timeout=30) as answer:
            return answer.read().decode().splitlines()

    def test_ten_minutes_off(self):
        self.send("ahead", 10, 5)
        self.send("behind", -10, 3)
        self.send("right", 0, 4)
        wait_for(lambda: sum(s["records"] for s in self.sources().values()) == 12, "the records to be counted")
        sources = self.sources()
        self.assertEqual([sources[name]["clock_off"] for name in ("ahead", "behind", "right")], [True, True, False])
        self.assertEqual([sources[name]["times_clamped"] for name in ("ahead", "behind", "right")], [5, 0, 0])
        self.assertAlmostEqual(sources["ahead"]["skew_seconds"], 600, delta=30)
        self.assertAlmostEqual(sources["behind"]["skew_seconds"], -600, delta=30)

        metrics = self.metrics()
        for line in ('picket_times_clamped_total{source="ahead"} 5', 'picket_clock_off{source="ahead"} 1',
                     'picket_clock_off{source="right"} 0'):
            self.assertIn(line, metrics)
        self.assertTrue(any(line.startswith('picket_clock_skew_seconds{source="behind",quantile="0.50"} -')
                            for line in metrics))

        log = self.picket.log.read_text()
        self.assertIn("source 'ahead': its records are ", log)
        self.assertIn("source 'behind': its records are ", log)
        self.assertNotIn("source 'right'", log)
        shown = self.picket.run("status", "--data", str(self.picket.data)).stdout
        self.assertIn("5 times of source 'ahead' were too far in the future", shown)
        shown = self.picket.run("--lang", "vi", "status", "--data", str(self.picket.data)).stdout
        self.assertIn("nguồn 'behind': giờ trong bản ghi chậm hơn lúc nhận ", shown)

        # Both times are kept, and found.
        clamped = self.picket.search("picket.time_clamped:true")
        self.assertEqual(len(clamped), 5)
        for event in clamped:
            self.assertEqual(event["@timestamp"], event["event"]["ingested"])
            self.assertGreater(event["picket"]["time_stated"], event["@timestamp"])
        self.assertEqual(len(self.picket.search(f"picket.time_stated:>{instant(5)}")), 5)
        # Alerts go by the time that counts, live as from the store.
        latest = max(alert["@timestamp"] for alert in self.picket.lines("alert", "ls"))
        self.assertLess(latest, instant(2))

        # Nobody's records are of no class; a log-in from nowhere lacks where it came from.
        with socket.create_connection(("127.0.0.1", self.picket.port("right")), timeout=60) as connection:
            connection.sendall(f"<86>1 {instant(0)} web sshd 7 - - pam_unix(sshd:session): session opened for user "
                               "ann by (uid=0)\n".encode())
        wait_for(lambda: self.picket.api("status")["required_fields"], "required fields to be looked at")
        row = self.picket.api("status")["required_fields"][0]
        self.assertEqual((row["class"], row["checked"], row["lacking"]), ("access", 1, {"source.ip": 1}))
        self.assertTrue(any(line.startswith("picket_required_lacking_total{") and 'field="source.ip"} 1' in line
                            for line in self.metrics()))
        self.assertEqual(len(self.picket.search("picket.missing:source.ip")), 1)

        # The clock is set right: the next records say so.
        self.send("behind", 0, 100)
        wait_for(lambda: not self.sources()["behind"]["clock_off"], "the clock to be right")

    def test_files_are_read_as_they_are(self):
        log = self.folder / "future.log"
        log.write_text("<13>1 2099-01-01T00:00:00Z host app - - - needle\n")
        parsed = self.picket.run("parse", str(log)).stdout
        self.assertIn('"@timestamp":"2099-01-01T00:00:00Z"', parsed)
        self.assertNotIn("time_clamped", parsed)
        alerts = self.picket.run("scan", "--rules", str(self.folder / "rules"), str(log), check=False).stdout
        self.assertIn('"@timestamp":"2099-01-01T00:00:00Z"', alerts)


if __name__ == "__main__":
    BINARY = os.path.abspath(sys.argv.pop(1))
    unittest.main(verbosity=2)
