#!/usr/bin/env python3
"""`picket top`: over files, and of a server with a slow lane that is killed while it has work.

Usage: top_test.py PICKET [unittest arguments]
"""

import json
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from picket_process import Picket, wait_for  # noqa: E402

BINARY = None
ODD = "6f4a3a5e-0000-4000-8000-000000000001"
NEEDLE = "6f4a3a5e-0000-4000-8000-000000000002"
RULES = f"""title: Odd
id: {ODD}
level: high
logsource: {{product: linux}}
detection:
  sel: {{message|re: 'record \\d*[13579] '}}
  condition: sel
---
title: Needle
id: {NEEDLE}
level: low
logsource: {{product: linux}}
detection:
  sel: [needle]
  condition: sel
"""
CONFIG = """
data: DATA
rules: [RULES]
sources:
  - {name: http, door: http, port: 0, layer: server, format: syslog}
api: {port: 0}
limits: {disk_reserve_mb: 1, slow_rules: [%s]}
""" % ODD


def record(i):
    word = "needle" if i % 10 == 0 else "hay"
    return f"<34>1 2026-01-01T00:00:{10 + i % 50}Z host app - - - record {i} {word}\n"


class TopTest(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="picket-top-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.rules = self.folder / "rules.yml"
        self.rules.write_text(RULES)

    def run_picket(self, *words):
        return subprocess.run([str(BINARY), *words], capture_output=True, text=True, timeout=60)

    def test_over_files(self):
        log = self.folder / "events.log"
        log.write_text("".join(record(i) for i in range(5000)))
        words = ["top", str(log), "--rules", str(self.rules), "--format", "syslog"]
        done = self.run_picket(*words, "--json", "--by", "woken")
        self.assertEqual(done.returncode, 0, done.stderr)
        costs = json.loads(done.stdout)
        self.assertEqual(costs["events"], 5000)
        self.assertEqual(costs["sample_every"], 16)
        self.assertGreater(costs["sampled_events"], 200)
        self.assertEqual([row["id"] for row in costs["items"]], [ODD, NEEDLE])
        self.assertEqual([row["matched"] for row in costs["items"]], [2500, 500])
        self.assertEqual(costs["items"][1]["woken_per_1000"], 100)
        only = json.loads(self.run_picket(*words, "--json", "--by", "matches", "--limit", "1").stdout)
        self.assertEqual([row["id"] for row in only["items"]], [ODD])
        table = self.run_picket(*words)
        self.assertIn("Needle", table.stdout)
        self.assertNotIn("\x1b", table.stdout)
        self.assertEqual(self.run_picket(*words, "--by", "colour").returncode, 3)
        self.assertEqual(self.run_picket("top", str(self.folder / "none.log")).returncode, 3)
        self.assertEqual(self.run_picket("top", "--data", str(self.folder)).returncode, 4)

    def test_killed_with_work_in_the_slow_lane(self):
        config = CONFIG.replace("DATA", str(self.folder / "data")).replace("RULES", str(self.rules))
        picket = Picket(BINARY, self.folder, config)
        self.addCleanup(picket.stop)
        chunk, chunks = 1000, 4
        for n in range(chunks):
            picket.start()
            body = "".join(record(i) for i in range(n * chunk, (n + 1) * chunk))
            done = subprocess.run(
                ["curl", "-sS", "--noproxy", "*", "--fail", "--data-binary", "@-",
                 f"http://127.0.0.1:{picket.port('http')}/ingest"],
                input=body.encode(), capture_output=True, timeout=60)
            self.assertEqual(done.returncode, 0, done.stderr)
            picket.kill()
        picket.start()

        def costs():
            return json.loads(picket.run("top", "--json", "--once", "--data", str(picket.data)).stdout)

        wait_for(lambda: costs()["slow_lane"]["pending"] == 0, "the slow lane to be done")
        self.assertEqual(costs()["slow_lane"], {"rules": 1, "pending": 0, "lag_seconds": 0, "abandoned": 0})
        lanes = {row["id"]: row["lane"] for row in costs()["items"]}
        self.assertEqual(lanes[ODD], "slow")
        alerts = picket.lines("alert", "ls", "--limit", "100000")
        names = [alert["rule"]["id"] for alert in alerts]
        self.assertEqual(len({alert["id"] for alert in alerts}), len(alerts))
        self.assertEqual(names.count(ODD), chunk * chunks // 2)
        self.assertEqual(names.count(NEEDLE), chunk * chunks // 10)
        self.assertIn("SLOW", picket.run("top", "--data", str(picket.data)).stdout)


if __name__ == "__main__":
    BINARY = pathlib.Path(sys.argv.pop(1)).resolve()
    unittest.main(verbosity=2)
