#!/usr/bin/env python3
"""picket verify-delivery: sends, survives a killed server, and finds what is missing.

Usage: verify_delivery_test.py PICKET [unittest arguments]
"""

import json
import pathlib
import shutil
import socket
import sys
import tempfile
import threading
import time
import unittest
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from picket_process import DEFAULT_CONFIG, Picket  # noqa: E402

BINARY = None


class DeliveryTest(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="picket-delivery-"))
        self.picket = Picket(BINARY, self.folder)
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.addCleanup(self.picket.stop)
        self.journal = self.folder / "run.journal"

    def verify(self, *arguments, check=False):
        return self.picket.run("verify-delivery", "--journal", str(self.journal), "--data", str(self.picket.data),
                               "--json", *arguments, check=check)

    def url(self):
        return f"http://127.0.0.1:{self.picket.port('http')}"

    def test_everything_is_there(self):
        self.picket.start()
        done = self.verify("--url", self.url(), "--records", "2500", "--batch", "300")
        self.assertEqual(done.returncode, 0, done.stderr)
        found = json.loads(done.stdout)
        self.assertEqual((found["acknowledged"], found["stored"], found["lost"]), (2500, 2500, 0))
        again = self.verify("--check-only")
        self.assertEqual(json.loads(again.stdout), found)
        self.assertEqual(self.verify("--url", self.url()).returncode, 3, "a journal is never written over")
        for lang in ("en", "vi"):
            text = self.picket.run("--lang", lang, "verify-delivery", "--check-only", "--journal", str(self.journal),
                                   "--data", str(self.picket.data))
            self.assertIn("2500", text.stdout)

    def test_a_server_that_is_killed_loses_nothing(self):
        # The port stays the same over restarts.
        port = self.free_port()
        self.picket.config.write_text(DEFAULT_CONFIG.replace("DATA", str(self.picket.data)).replace(
            "door: http, port: 0", f"door: http, port: {port}"))
        self.picket.start()
        results = []
        sender = threading.Thread(target=lambda: results.append(self.verify(
            "--url", f"http://127.0.0.1:{port}", "--records", "20000", "--batch", "50", "--send-only")))
        sender.start()
        for _ in range(3):
            time.sleep(0.4)
            self.picket.kill()
            self.picket.start()
        sender.join()
        self.assertEqual(results[0].returncode, 0, results[0].stderr)
        found = json.loads(self.verify("--check-only", check=True).stdout)
        self.assertEqual((found["acknowledged"], found["stored"], found["lost"], found["doubled"]), (20000, 20000, 0, 0))

    def test_what_is_missing_changed_or_invented_is_told(self):
        self.picket.start()
        self.assertEqual(self.verify("--url", self.url(), "--records", "100").returncode, 0)
        whole = self.journal.read_text()
        self.journal.write_text(whole + "try 100 103\nack 100 103\ntry 1")
        done = self.verify("--check-only")
        found = json.loads(done.stdout)
        self.assertEqual(done.returncode, 1)
        self.assertEqual((found["lost"], found["lost_first"]), (3, [100, 101, 102]))
        run = whole.split()[1]
        self.journal.write_text(f"run {run}\ntry 0 60\nack 0 60\n")
        found = json.loads(self.verify("--check-only").stdout)
        self.assertEqual((found["invented"], found["lost"]), (40, 0))
        self.journal.write_text(whole)
        self.post(f'{{"message":"picket-delivery {run} 7 other"}}\n')
        self.post(self.record(run) + "\n")
        found = json.loads(self.verify("--check-only").stdout)
        self.assertEqual((found["changed"], found["doubled"]), (1, 1))

    def test_a_wrong_journal_and_no_server(self):
        for text in ("", "run x\n", "run ab\nack 0 5\n", "run ab\ntry 5 5\n", "run ab\nfoo\n", "run ab\ntry 0 99999999999\n"):
            self.journal.write_text(text)
            done = self.verify("--check-only")
            self.assertEqual(done.returncode, 3, text)
            self.assertIn("journal", done.stderr)
        self.journal.unlink()
        done = self.verify("--url", f"http://127.0.0.1:{self.free_port()}", "--records", "5", "--patience", "0")
        self.assertEqual(done.returncode, 4, done.stderr)

    def post(self, body):
        with urllib.request.urlopen(urllib.request.Request(self.url() + "/ingest", data=body.encode()), timeout=30) as answer:
            self.assertEqual(answer.status, 200)

    def record(self, run):
        """One that was stored, as the store has it."""
        return next(event["event"]["original"] for event in self.picket.search(f'"picket-delivery {run} 12 "'))

    @staticmethod
    def free_port():
        with socket.socket() as one:
            one.bind(("127.0.0.1", 0))
            return one.getsockname()[1]


if __name__ == "__main__":
    BINARY = sys.argv.pop(1)
    unittest.main(verbosity=2)
