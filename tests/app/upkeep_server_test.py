#!/usr/bin/env python3
"""What a server does to its store in the background changes no answer, and wrong retention is refused.

Usage: upkeep_server_test.py PICKET [unittest arguments]
"""

import os
import pathlib
import shutil
import socket
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from picket_process import DEFAULT_CONFIG, Picket, wait_for  # noqa: E402

BINARY = None
ROWS = 40_000


class UpkeepTest(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="picket-upkeep-"))
        self.picket = Picket(BINARY, self.folder)
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.addCleanup(self.picket.stop)

    def configure(self, text):
        self.picket.config.write_text(DEFAULT_CONFIG.replace("DATA", str(self.picket.data)) + text)

    def refused(self):
        done = self.picket.run("run", "--config", str(self.picket.config), check=False)
        self.assertEqual(done.returncode, 3, done.stderr)
        return done.stderr

    def test_packed_records_are_found_as_before(self):
        self.picket.start()
        lines = [f"<38>Nov 20 10:00:00 web-{i % 7} sshd[{i}]: Accepted publickey for user{i} from 192.0.2.{i % 250} port 4000 ssh2"
                 for i in range(ROWS)]
        with socket.create_connection(("127.0.0.1", self.picket.port("tcp")), timeout=30) as connection:
            connection.sendall(("\n".join(lines) + "\n").encode())
        wait_for(lambda: self.picket.api("status")["packing"]["blocks"] >= 2, "two column blocks")
        packed = self.picket.api("status")
        self.assertEqual(packed["packing"]["left"], 0)
        self.assertGreater(packed["packing"]["rows"], 20_000)
        self.assertGreater(packed["disk"]["free_bytes"], 0)
        wait_for(lambda: self.picket.ledger().get("tcp", {}).get("stored", 0) == ROWS, "all records")
        self.assertEqual([event["event"]["original"] for event in self.picket.search("user123 -user1230 -user1231 -user1232 "
                         "-user1233 -user1234 -user1235 -user1236 -user1237 -user1238 -user1239")
                          if "for user123 " in event["event"]["original"]], [lines[123]])
        self.assertEqual(len(self.picket.search("source.ip:192.0.2.17 and web-3")),
                         sum(1 for i in range(ROWS) if i % 250 == 17 and i % 7 == 3))
        self.assertEqual(self.picket.stop(), 0)
        self.picket.run("verify", "--data", str(self.picket.data))

    def threads(self):
        """Nice values by name."""
        found = {}
        for task in pathlib.Path(f"/proc/{self.picket.process.pid}/task").iterdir():
            fields = (task / "stat").read_text().rsplit(")", 1)[1].split()
            found.setdefault((task / "comm").read_text().strip(), []).append(int(fields[16]))
        return found

    def test_what_can_wait_has_less_priority_than_taking_in(self):
        self.picket.start()
        waits = {"search", "upkeep", "slow-rules", "warm-start", "rule-try"}
        wait_for(lambda: waits <= self.threads().keys(), "the threads in the background")
        threads, own = self.threads(), os.getpriority(os.PRIO_PROCESS, 0)
        self.assertTrue(all(nice >= 10 for name in waits for nice in threads[name]), threads)
        self.assertEqual(min(nice for all_of in threads.values() for nice in all_of), own, threads)

    def test_wrong_retention_is_refused_with_all_its_errors(self):
        self.configure("retention: {default: soon, levels: {7: 30d, 2: 5}, sources: {tcp: 0d}}\n")
        errors = self.refused()
        for word in ("soon", "'5'", "'0d'", "7"):
            self.assertIn(word, errors)
        self.assertEqual(errors.count("picket.yaml:9:"), 4, errors)

    def test_too_short_a_retention_is_refused(self):
        (self.folder / "systems.yaml").write_text(
            "systems:\n  - {name: portal, title: {en: Portal, vi: Cong}, level: 4, owner: {name: An, email: an@example.org, language: vi}}\n")
        self.configure(f"systems: {self.folder}/systems.yaml\nretention: {{default: 90d, sources: {{tpc: 365d}}}}\n")
        errors = self.refused()
        self.assertIn("180", errors)
        self.assertIn("tpc", errors)


if __name__ == "__main__":
    BINARY = sys.argv.pop(1)
    unittest.main(verbosity=2)
