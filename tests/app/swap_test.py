#!/usr/bin/env python3
"""Rules are read again (SIGHUP) while records keep coming: each record is seen by exactly one rule set.

A rule that every record fulfils is in all rule sets. Every record has one alert of it, and there are as many hits
as records. A bad rule among good ones is refused alone; a bad configuration changes nothing; the cache serves
what did not change.
Usage: swap_test.py PICKET [unittest arguments]
"""

import os
import pathlib
import shutil
import signal
import socket
import sys
import tempfile
import threading
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from picket_process import Picket, wait_for  # noqa: E402

BINARY = None
RELOADS = 20
QUIET_RULES = 120  # enough for the cache to be worth it
CONFIG = """
data: DATA
rules: [FOLDER/rules]
sources:
  - {name: tcp, door: syslog_tcp, port: 0, layer: server}
api: {port: 0}
limits: {disk_reserve_mb: 1}
"""
RULE = """
title: Rule {0}
id: {0}
level: informational
logsource: {{product: linux}}
detection: {{sel: ['{1}'], condition: sel}}
"""


class SwapTest(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="picket-swap-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        (self.folder / "rules").mkdir()
        for number in range(QUIET_RULES):
            self.put_rule(f"quiet-{number}", f"quiet word {number}")
        self.put_rule("every", "needle")
        config = CONFIG.replace("DATA", str(self.folder / "data")).replace("FOLDER", str(self.folder))
        self.picket = Picket(BINARY, self.folder, config)
        self.addCleanup(self.picket.stop)
        self.picket.start()
        self.port = self.picket.port("tcp")
        self.ending = threading.Event()
        self.sent = 0

    def put_rule(self, name, word):
        (self.folder / "rules" / f"{name}.yml").write_text(RULE.format(name, word))

    def send(self):
        with socket.create_connection(("127.0.0.1", self.port), timeout=60) as connection:
            while not self.ending.is_set():
                lines = b""
                for _ in range(5):
                    self.sent += 1
                    lines += b"<13>1 2026-11-20T09:24:10Z host app - - - needle %d\n" % self.sent
                connection.sendall(lines)
                time.sleep(0.002)

    def rules(self):
        return self.picket.api("status")["rules"]

    def reload(self):
        """Asks for it and waits for what comes of it."""
        before = self.rules()
        self.picket.process.send_signal(signal.SIGHUP)
        wait_for(lambda: (lambda now: now["reloads"] + now["reload_failures"] >
                          before["reloads"] + before["reload_failures"] and not now["loading"])(self.rules()), "the reload")
        return before, self.rules()

    def test_reloads_under_load(self):
        sender = threading.Thread(target=self.send, daemon=True)
        sender.start()
        hashes = set()
        for number in range(RELOADS):
            self.put_rule("changing", f"another quiet word {number % 2}")
            _, now = self.reload()
            hashes.add(now["hash"])
            self.assertEqual(now["detections"], QUIET_RULES + 2)
            self.assertEqual(now["files"], QUIET_RULES + 2)
            self.assertGreaterEqual(now["files_cached"], QUIET_RULES + 1, "what did not change is in the cache")
            self.assertEqual(now["reload_failures"], 0)
        self.assertEqual(len(hashes), 2)

        # A bad rule among good ones: the others count, the finding is reported.
        (self.folder / "rules" / "bad.yml").write_text("title: Bad\nid: bad\nlogsource: {product: linux}\ndetection: {sel: {A|nonsense: 1}, condition: sel}\n")
        _, now = self.reload()
        self.assertEqual((now["detections"], now["refused"]), (QUIET_RULES + 2, 1))
        self.assertIn("1 refused", self.picket.log.read_text())

        # A bad configuration: what is in use stays in use.
        good = self.picket.config.read_text()
        self.picket.config.write_text(good + "nonsense: true\n")
        self.put_rule("unread", "needle")
        before, now = self.reload()
        self.assertEqual((now["hash"], now["reloads"]), (before["hash"], before["reloads"]))
        self.assertIn("nonsense", now["failure"])
        status = self.picket.run("status", "--data", str(self.picket.data)).stdout
        self.assertIn("the last reload changed nothing", status)
        self.assertIn("of 123 files from the cache", status)
        (self.folder / "rules" / "unread.yml").unlink()
        self.picket.config.write_text(good)
        _, now = self.reload()
        self.assertNotIn("failure", now)

        # A damaged cache: said, and rules are read anew.
        cache = next((self.picket.data / "cache").glob("rules-*.cache"))
        cache.write_bytes(cache.read_bytes()[:-100])
        _, now = self.reload()
        self.assertEqual((now["files_cached"], now["reload_failures"]), (0, 1))
        self.assertIn("the cache of rules is not used", self.picket.log.read_text())

        self.ending.set()
        sender.join(timeout=60)
        wait_for(lambda: self.picket.live_ledger()["tcp"]["stored"] == self.sent, "all to be stored")
        line = self.picket.live_ledger()["tcp"]
        self.assertEqual((line["residual"], line["received"]), (0, self.sent))
        # The ledger is right an instant before the counters are.
        wait_for(lambda: self.picket.api("status")["hits"] >= self.sent, "all hits to be counted")
        self.assertEqual(self.picket.api("status")["hits"], self.sent)
        self.assertEqual(self.picket.stop(), 0, self.picket.log.read_text()[-5000:])
        alerts = [alert for alert in self.picket.lines("alert", "ls", "--limit", "1000000") if alert["rule"]["id"] == "every"]
        self.assertEqual(len(alerts), self.sent)

        # The next start: from the cache, with the list of kinds.
        self.assertTrue((self.picket.data / "cache" / "kinds.cache").exists())
        self.picket.start()
        self.assertEqual(self.rules()["files_cached"], QUIET_RULES + 3)


if __name__ == "__main__":
    BINARY = os.path.abspath(sys.argv.pop(1))
    unittest.main(verbosity=2)
