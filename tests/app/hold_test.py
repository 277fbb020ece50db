#!/usr/bin/env python3
"""`picket hold`, end to end: set, listed, in status and metrics, lifted, kept over a restart, proven by the chain.

Usage: hold_test.py PICKET [unittest arguments]
"""
import json
import os
import pathlib
import shutil
import socket
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from picket_process import DEFAULT_CONFIG, Picket, wait_for  # noqa: E402

BINARY = os.path.abspath(sys.argv.pop(1))
SYSTEMS = """systems:
  - name: portal
    title: {en: Portal, vi: Cong}
    level: 2
    owner: {name: An, email: an@example.org, language: vi}
"""


class Hold(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="picket-hold-"))
        self.addCleanup(shutil.rmtree, self.folder)
        (self.folder / "systems.yaml").write_text(SYSTEMS)
        config = DEFAULT_CONFIG.replace("DATA", str(self.folder / "data")) + f"systems: {self.folder}/systems.yaml\n"
        self.picket = Picket(BINARY, self.folder, config)
        self.addCleanup(self.picket.stop)

    def hold(self, *words, code=0):
        done = self.picket.run("hold", *words, "--data", str(self.picket.data), check=False)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return done

    def holds(self):
        return [json.loads(line) for line in self.hold("ls", "--json").stdout.splitlines()]

    def test_from_setting_to_lifting(self):
        self.picket.start()
        with socket.create_connection(("127.0.0.1", self.picket.port("tcp"))) as connection:
            connection.sendall(b"<13>Jan  1 09:14:41 web sshd[1]: a line\n")
        wait_for(lambda: self.picket.ledger().get("tcp", {}).get("stored") == 1, "the record to be stored")
        self.assertIn("there are no holds", self.hold("ls").stdout)
        self.assertIn("hold 1 is in force: tcp (case 41)", self.hold("add", "--source", "tcp", "--reason", "case 41").stdout)
        second = json.loads(self.hold("add", "--system", "portal", "--from", "2026-01-01T00:00:00Z", "--reason", "x",
                                      "--json").stdout)
        self.assertEqual((second["id"], second["system"], second["from"]), ("2", "portal", "2026-01-01T00:00:00Z"))
        self.assertEqual(self.picket.api("status")["holds"]["in_force"], 2)
        self.assertIn("2 holds are in force", self.picket.run("status", "--data", str(self.picket.data)).stdout)
        for wrong, words in ((("--source", "tpc"), "no source 'tpc'"), (("--system", "protal"), "no system 'protal'"),
                             (("--from", "2026-01-02T00:00:00Z", "--to", "2026-01-01T00:00:00Z"), "from must be before to"),
                             (("--from", "yesterday"), "from is a time")):
            self.assertIn(words, self.hold("add", *wrong, "--reason", "x", code=3).stderr)
        self.assertIn("is lifted", self.hold("remove", "1", "--reason", "closed").stdout)
        self.assertIn("lifted already", self.hold("remove", "1", "--reason", "closed", code=3).stderr)
        self.assertIn("there is no hold '7'", self.hold("remove", "7", "--reason", "closed", code=3).stderr)
        self.assertEqual(self.picket.stop(), 0)
        self.assertEqual(self.hold("add", "--reason", "x", code=4).stdout, "")
        self.picket.start()
        first, other = self.holds()
        self.assertEqual((first["in_force"], other["in_force"]), (False, True))
        self.assertEqual(first["lifted"]["reason"], "closed")
        self.assertEqual(first["sources"], ["tcp"])
        self.assertEqual(self.picket.api("status")["holds"]["in_force"], 1)
        self.assertIn("third", json.loads(self.hold("add", "--reason", "third", "--json").stdout)["reason"])
        self.assertEqual([hold["id"] for hold in self.holds()], ["1", "2", "3"])
        self.picket.stop()
        self.picket.run("verify", "--data", str(self.picket.data))


if __name__ == "__main__":
    unittest.main()
