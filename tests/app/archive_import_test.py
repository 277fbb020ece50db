#!/usr/bin/env python3
"""Archives from outside: written beside a running server, checked, imported, and searched with the same answers.

Usage: archive_import_test.py PICKET [unittest arguments]
"""

import json
import os
import pathlib
import shutil
import socket
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from picket_process import DEFAULT_CONFIG, Picket, wait_for  # noqa: E402

BINARY = os.path.abspath(sys.argv.pop(1))
LINES = [b"<13>Jan  1 09:14:41 web sshd[1]: Failed password for root from 203.0.113.7 port 22 ssh2",
         b"<13>Jan  1 09:14:42 web app: \xff\xfe not text", "<13>Jan  1 09:14:43 web app: tiếng Việt".encode(),
         b"<13>Jan  1 09:14:44 web app: \x01\x02 \x1b[31m"] * 20


class Archives(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="picket-archive-"))
        self.addCleanup(shutil.rmtree, self.folder)
        self.picket = Picket(BINARY, self.folder, DEFAULT_CONFIG.replace("DATA", str(self.folder / "data")))
        self.addCleanup(self.picket.stop)

    def run_picket(self, *words, code=0):
        done = self.picket.run(*[str(word) for word in words], check=False)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return done

    def search(self, data):
        lines = self.run_picket("search", "", "--json", "--limit", "1000", "--data", data).stdout.splitlines()
        return sorted(lines)

    def test_from_a_running_server_to_another_store(self):
        self.picket.start()
        with socket.create_connection(("127.0.0.1", self.picket.port("tcp"))) as connection:
            connection.sendall(b"\n".join(LINES) + b"\n")
        wait_for(lambda: self.picket.ledger().get("tcp", {}).get("stored") == len(LINES), "the records to be stored")
        archive, data, case = self.folder / "archive", self.picket.data, self.folder / "case"
        written = json.loads(self.run_picket("archive", "write", "--out", archive, "--source", "tcp", "--data", data,
                                             "--json").stdout)
        self.assertEqual(written["records"], len(LINES))
        self.assertIn("is there already", self.run_picket("archive", "write", "--out", archive, "--data", data, code=3).stderr)
        self.assertIn("no source 'tpc'", self.run_picket("archive", "write", "--out", self.folder / "b", "--source", "tpc",
                                                         "--data", data, code=3).stderr)
        self.assertIn("already open", self.run_picket("archive", "import", archive, "--data", data, code=3).stderr)
        self.assertIn(written["sha256"], self.run_picket("archive", "check", archive).stdout)
        self.run_picket("archive", "import", archive, "--data", case)
        ours = [line for line in self.search(data) if json.loads(line)["picket"]["source"] == "tcp"]
        self.assertEqual(len(ours), len(LINES))
        self.assertEqual(self.search(case), ours)
        again = json.loads(self.run_picket("archive", "import", archive, "--data", case, "--json").stdout)
        self.assertEqual((again["imported"], again["known"]), (0, len(LINES)))
        self.assertEqual(self.search(case), ours)
        self.run_picket("verify", "--data", case)
        self.assertEqual(self.run_picket("alert", "ls", "--json", "--data", case).stdout, "")
        name = next(archive.glob("*.zst"))
        bytes_there = name.read_bytes()
        name.write_bytes(bytes_there[:-1])
        for words in (("check", archive), ("import", archive, "--data", case)):
            self.assertIn(f"{len(bytes_there) - 1} bytes instead of", self.run_picket("archive", *words, code=1).stdout)
        self.assertIn("there is no archive", self.run_picket("archive", "check", self.folder / "none", code=3).stderr)

    def test_what_comes_back_raises_nothing_when_the_server_starts(self):
        attack = [b"<86>Jan  1 09:14:41 web sshd[1]: Failed password for root from 203.0.113.7 port 22 ssh2"] * 60
        self.picket.start()
        with socket.create_connection(("127.0.0.1", self.picket.port("tcp"))) as connection:
            connection.sendall(b"\n".join(attack) + b"\n")
        wait_for(lambda: self.picket.ledger().get("tcp", {}).get("stored") == len(attack), "the records to be stored")
        self.assertEqual(self.picket.stop(), 0)
        archive = self.folder / "archive"
        self.run_picket("archive", "write", "--out", archive, "--data", self.picket.data)
        alerts = self.run_picket("alert", "ls", "--json", "--data", self.picket.data).stdout
        shutil.rmtree(self.picket.data)
        self.run_picket("archive", "import", archive, "--data", self.picket.data)
        self.picket.start()
        with socket.create_connection(("127.0.0.1", self.picket.port("tcp"))) as connection:
            connection.sendall(b"<13>Jan  1 09:14:41 web app: one more\n")
        wait_for(lambda: self.picket.ledger().get("tcp", {}).get("stored") == len(attack) + 1, "the record to be stored")
        self.assertEqual(self.picket.stop(), 0)
        self.assertNotEqual(alerts, "", "the records are such that rules fire on them")
        self.assertEqual(self.run_picket("alert", "ls", "--json", "--data", self.picket.data).stdout, "")


if __name__ == "__main__":
    unittest.main()
