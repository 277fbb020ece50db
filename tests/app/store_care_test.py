#!/usr/bin/env python3
"""`picket store check` and `picket store repair`, end to end: on the store that a server wrote, with damage of the disk,
and with the server that goes on behind it.

Usage: store_care_test.py PICKET [unittest arguments]
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
from picket_process import Picket, wait_for  # noqa: E402

BINARY = os.path.abspath(sys.argv.pop(1))


class StoreCare(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="picket-care-"))
        self.addCleanup(shutil.rmtree, self.folder)
        self.picket = Picket(BINARY, self.folder)
        self.addCleanup(self.picket.stop)
        self.sent = 0

    def send(self, count):
        text = "".join(f"<13>Jan  1 09:14:41 web sshd[1]: line {self.sent + i}\n" for i in range(count))
        with socket.create_connection(("127.0.0.1", self.picket.port("tcp"))) as connection:
            connection.sendall(text.encode())
        self.sent += count
        wait_for(lambda: self.picket.ledger().get("tcp", {}).get("stored") == self.sent, "the records to be stored")

    def store(self, verb, code=0, lang="en"):
        done = self.picket.run("--lang", lang, "store", verb, "--json", "--data", str(self.picket.data), check=False)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return [json.loads(line) for line in done.stdout.splitlines()]

    def texts(self):
        return {event["event"]["original"].split("line ")[1] for event in self.picket.search("sshd")}

    def files(self, family):
        """Table files of a column family, oldest first: the name stands among their properties."""
        mark = b"name" + family.encode()  # the beginning of the key is left out there
        return [path for path in sorted((self.picket.data / "store").glob("*.sst")) if mark in path.read_bytes()]

    def make(self):
        """Three starts, so that there are files of each."""
        for _ in range(3):
            self.picket.start()
            self.send(300)
            self.assertEqual(self.picket.stop(), 0)
        self.picket.start()
        self.assertEqual(self.picket.stop(), 0)

    def test_refused_beside_a_server(self):
        self.picket.start()
        self.send(10)
        for verb in ("check", "repair"):
            done = self.picket.run("store", verb, "--data", str(self.picket.data), check=False)
            self.assertEqual(done.returncode, 3)
            self.assertIn("a server has it open", done.stderr)
        done = self.picket.run("--lang", "vi", "store", "check", "--data", str(self.picket.data), check=False)
        self.assertIn("một máy chủ đang mở nó", done.stderr)
        self.picket.stop()
        self.assertTrue(self.store("check")[-1]["sound"])

    def test_damage_is_found_taken_out_and_explained(self):
        self.make()
        before = {path.name: path.read_bytes() for path in (self.picket.data / "store").glob("*.sst")}
        report = self.store("repair")[0]
        self.assertEqual((report["changed"], report["quarantine"]), (False, ""))
        self.assertEqual(before, {path.name: path.read_bytes() for path in (self.picket.data / "store").glob("*.sst")})
        events = self.files("events")
        self.assertGreaterEqual(len(events), 2)
        events = events[:1]
        data = bytearray(events[0].read_bytes())
        data[100] ^= 0x10  # in the first of its blocks
        events[0].write_bytes(bytes(data))
        damaged = {path.name: path.read_bytes() for path in events}
        check = self.store("check", code=1)[-1]
        self.assertEqual(check["type"], "check")
        self.assertEqual({file["name"] for file in check["damaged_files"]}, set(damaged))
        report = self.store("repair")[0]
        self.assertTrue(report["changed"])
        kept = pathlib.Path(report["quarantine"])
        self.assertEqual(kept.parent, self.picket.data / "quarantine")
        for name, data in damaged.items():
            self.assertEqual((kept / "store" / name).read_bytes(), data)
        lost = sum(r["last"] - r["first"] + 1 for r in report["lost"].get("ranges", []) if r["source"] == "tcp")
        self.assertGreater(lost, 0)
        verify = self.picket.run("verify", "--data", str(self.picket.data))
        self.assertIn("missing and known: taken out by a repair at", verify.stdout)
        self.assertIn("nothing differs", verify.stdout)
        lines = [json.loads(line) for line in
                 self.picket.run("verify", "--json", "--data", str(self.picket.data)).stdout.splitlines()]
        self.assertEqual([line["type"] for line in lines], ["known", "summary"])
        self.assertEqual(lines[0]["difference"], "quarantined")
        self.assertEqual(len(self.texts()), self.sent - lost)
        self.picket.start()
        self.send(50)
        self.assertEqual(len(self.texts()), self.sent - lost)
        self.assertEqual(self.picket.ledger()["tcp"]["residual"], 0)
        self.assertEqual(self.picket.stop(), 0)
        self.assertTrue(self.store("check")[-1]["sound"])

    def test_a_store_that_no_server_opens(self):
        self.make()
        (self.picket.data / "store" / "CURRENT").unlink()
        done = self.picket.run("store", "check", "--data", str(self.picket.data), check=False)
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertIn("a server cannot open this store", done.stdout)
        self.assertIn("the store is damaged", done.stdout)
        done = self.picket.run("store", "repair", "--data", str(self.picket.data), check=False)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertEqual(len(self.texts()), self.sent)
        self.picket.start()
        self.send(10)
        self.assertEqual(len(self.texts()), self.sent)

    def test_no_store(self):
        done = self.picket.run("store", "check", "--data", str(self.folder / "nothing"), check=False)
        self.assertEqual(done.returncode, 3)
        self.assertIn("there is no store here", done.stderr)


if __name__ == "__main__":
    unittest.main()
