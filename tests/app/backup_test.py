#!/usr/bin/env python3
"""`picket verify` and `picket backup`, end to end: beside a running server and after it, on an older copy of a store that
is put back, on a backup that was changed.

Usage: backup_test.py PICKET [unittest arguments]
"""
import json
import os
import pathlib
import shutil
import socket
import stat
import sys
import tempfile
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from picket_process import Picket, wait_for  # noqa: E402

BINARY = os.path.abspath(sys.argv.pop(1))
CONFIG = """
data: DATA
sources:
  - {name: tcp, door: syslog_tcp, port: 0, layer: server}
api: {port: 0}
limits: {disk_reserve_mb: 1}
integrity: {head: FOLDER/heads.ndjson}
"""


class Integrity(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="picket-backup-"))
        self.addCleanup(shutil.rmtree, self.folder)
        config = CONFIG.replace("DATA", str(self.folder / "data")).replace("FOLDER", str(self.folder))
        self.picket = Picket(BINARY, self.folder, config)
        self.addCleanup(self.picket.stop)
        self.sent = 0

    def send(self, count):
        text = "".join(f"<13>Jan  1 09:14:41 web sshd[1]: line {self.sent + i}\n" for i in range(count))
        with socket.create_connection(("127.0.0.1", self.picket.port("tcp"))) as connection:
            connection.sendall(text.encode())
        self.sent += count
        wait_for(lambda: self.picket.ledger().get("tcp", {}).get("stored") == self.sent, "the records to be stored")

    def verify(self, *options, data=None):
        """The exit code, the findings and the summary."""
        done = self.picket.run("verify", "--json", "--data", str(data or self.picket.data), *options, check=False)
        lines = [json.loads(line) for line in done.stdout.splitlines()]
        self.assertTrue(lines, done.stderr)
        self.assertEqual(lines[-1]["type"], "summary")
        return done.returncode, lines[:-1], lines[-1]

    def backup(self, *words, code=0):
        done = self.picket.run("backup", *words, check=False)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return done

    def test_verify(self):
        self.picket.start()
        self.send(200)
        code, findings, summary = self.verify()  # beside the server
        self.assertEqual((code, findings, summary["rows"]), (0, [], 200))
        self.picket.stop()
        code, findings, summary = self.verify()
        self.assertEqual((code, findings, summary["unsigned_links"]), (0, [], 0))
        self.assertGreaterEqual(summary["heads"], 2)
        key = self.picket.data / "integrity-key"
        self.assertEqual(stat.S_IMODE(key.stat().st_mode), 0o600)

        older = self.folder / "older"
        shutil.copytree(self.picket.data / "store", older)
        self.picket.start()
        self.send(100)
        self.picket.stop()
        self.assertEqual(self.verify()[0], 0)

        # The end is missing: an older copy was put back.
        shutil.rmtree(self.picket.data / "store")
        shutil.copytree(older, self.picket.data / "store")
        code, findings, _ = self.verify()
        self.assertEqual((code, {one["difference"] for one in findings}), (1, {"truncated"}))
        self.picket.start()
        self.assertIn("exported heads know of link", self.picket.log.read_text())
        self.sent = 200
        self.send(50)
        self.assertGreater(self.picket.api("status")["chain"]["head_ahead"], 0)
        self.picket.stop()
        code, findings, _ = self.verify()  # it went on from there
        self.assertEqual(code, 1)
        self.assertIn("rewritten", {one["difference"] for one in findings})

        # For people, and by another key.
        text = self.picket.run("--lang", "vi", "verify", "--data", str(self.picket.data), check=False).stdout
        self.assertIn("bị viết lại", text)
        other = self.folder / "other.pub"
        other.write_text("-----BEGIN PUBLIC KEY-----\n"
                         "MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n"
                         "-----END PUBLIC KEY-----\n")
        code, findings, _ = self.verify("--public-key", str(other))
        self.assertIn("forged", {one["difference"] for one in findings})
        done = self.picket.run("verify", "--data", str(self.folder / "nothing"), check=False)
        self.assertEqual(done.returncode, 3)

    def test_backup(self):
        self.picket.start()
        self.send(300)
        backups = self.folder / "backups"
        made = self.backup("create", str(backups), "--data", str(self.picket.data), "--json")  # beside the server
        summary = json.loads(made.stdout)
        self.assertTrue(summary["clean"])
        self.assertEqual(summary["store"]["rows"], 300)
        backup = pathlib.Path(summary["backup"])
        self.assertEqual(stat.S_IMODE(backup.stat().st_mode), 0o700)
        self.send(100)
        self.picket.stop()
        listed = [json.loads(line) for line in self.backup("ls", str(backups), "--json").stdout.splitlines()]
        self.assertEqual([one["backup"] for one in listed], [str(backup)])
        self.assertIn(backup.name, self.backup("ls", str(backups)).stdout)
        self.assertEqual(self.verify(data=backup)[2]["rows"], 300)  # as it lies there

        # Into a folder that is not empty: refused, and nothing is changed.
        self.backup("restore", str(backup), "--data", str(self.picket.data), code=3)
        self.assertEqual(self.verify()[2]["rows"], 400)
        restored = self.folder / "restored"
        restored.mkdir()
        self.backup("restore", str(backup), "--data", str(restored))
        found = self.picket.run("search", "line", "--data", str(restored), "--json", "--limit", "1000").stdout
        self.assertEqual(len(found.splitlines()), 300)

        # A server goes on with it, with the same key.
        self.picket.data = restored
        self.picket.config.write_text(CONFIG.replace("DATA", str(restored)).replace("FOLDER/heads", f"{self.folder}/new"))
        self.sent = 300
        self.picket.start()
        self.send(10)
        self.picket.stop()
        code, findings, summary = self.verify()
        self.assertEqual((code, findings, summary["rows"]), (0, [], 310))

        # A changed file of a backup: nothing is restored.
        victim = max((backup / "store").iterdir(), key=lambda path: path.stat().st_size)
        content = bytearray(victim.read_bytes())
        content[len(content) // 2] ^= 1
        victim.write_bytes(content)
        again = self.folder / "again"
        done = self.backup("restore", str(backup), "--data", str(again), code=1)
        self.assertIn(victim.name, done.stderr)
        self.assertFalse(again.exists())
        (backup / "manifest.json").write_text(
            (backup / "manifest.json").read_text().replace('"path":"secret"', '"path":"../secret"'))
        self.backup("restore", str(backup), "--data", str(again), code=3)
        self.backup("restore", str(self.folder), "--data", str(again), code=3)

    def made(self, backups, *words):
        """A new backup in the folder, in a second of its own: its path and what was told of it."""
        wait_for(lambda: not list(backups.glob(time.strftime("picket-%Y-%m-%dT%H%M%SZ", time.gmtime()))), "a new second")
        summary = json.loads(self.backup("create", str(backups), "--data", str(self.picket.data), "--json").stdout)
        self.assertTrue(summary["clean"])
        self.assertEqual(list(self.picket.data.glob("backup-*")), [])
        return pathlib.Path(summary["backup"]), summary

    def restored_rows(self, backup, name):
        self.backup("restore", str(backup), "--data", str(self.folder / name))
        code, findings, summary = self.verify(data=self.folder / name)
        self.assertEqual((code, findings), (0, []))
        return summary["rows"]

    def test_a_second_backup_costs_what_is_new(self):
        self.picket.start()
        for _ in range(4):
            text = "".join(f"<13>Jan  1 09:14:41 web sshd[1]: {os.urandom(200).hex()}\n" for _ in range(1000))
            with socket.create_connection(("127.0.0.1", self.picket.port("tcp"))) as connection:
                connection.sendall(text.encode())
            self.sent += 1000
            wait_for(lambda: self.picket.ledger().get("tcp", {}).get("stored") == self.sent, "the records to be stored")
        self.picket.stop()
        self.picket.start()  # what was in its log is now in tables
        backups = self.folder / "backups"
        first, summary = self.made(backups)
        self.assertGreaterEqual(summary["new_bytes"], 800_000)
        tables = {path.name: path.stat() for path in (first / "store").glob("*.sst")}
        self.assertTrue(tables)
        for name, table in tables.items():  # nothing of a backup is a file of the store
            self.assertNotEqual(table.st_ino, (self.picket.data / "store" / name).stat().st_ino)
        self.send(10)
        second, summary = self.made(backups)  # beside the server
        self.assertGreaterEqual(summary["bytes"], 800_000)
        self.assertLess(summary["new_bytes"], 200_000)
        largest = max(tables, key=lambda name: tables[name].st_size)
        self.assertEqual((second / "store" / largest).stat().st_ino, tables[largest].st_ino)
        shutil.rmtree(first)
        self.assertEqual(self.verify(data=second)[2]["rows"], 4010)
        self.assertEqual(self.restored_rows(second, "second"), 4010)

        # What was damaged there is copied again, not linked.
        victim = second / "store" / largest
        content = bytearray(victim.read_bytes())
        content[len(content) // 2] ^= 1
        victim.write_bytes(content)
        self.picket.stop()
        third, summary = self.made(backups)  # of a store that nobody has open
        self.assertGreaterEqual(summary["new_bytes"], 800_000)
        self.assertNotEqual((third / "store" / largest).stat().st_ino, victim.stat().st_ino)
        self.assertEqual(self.restored_rows(third, "third"), 4010)
        self.without_hard_links()
        text = self.backup("create", str(self.folder / "others"), "--data", str(self.picket.data)).stdout
        self.assertRegex(text, r"bytes \(\d+ of them new\), verified")

    def without_hard_links(self):
        """The store on a file system of its own: it is written anew."""
        elsewhere = pathlib.Path("/dev/shm")
        if not elsewhere.is_dir() or elsewhere.stat().st_dev == self.picket.data.stat().st_dev:
            return
        store = pathlib.Path(tempfile.mkdtemp(prefix="picket-backup-", dir=elsewhere))
        self.addCleanup(shutil.rmtree, store)
        shutil.copytree(self.picket.data / "store", store, dirs_exist_ok=True)
        shutil.rmtree(self.picket.data / "store")
        (self.picket.data / "store").symlink_to(store)
        anew, summary = self.made(self.folder / "anew")
        self.assertEqual(self.restored_rows(anew, "from-anew"), 4010)
        self.assertGreaterEqual(summary["new_bytes"], 800_000)


if __name__ == "__main__":
    unittest.main()
