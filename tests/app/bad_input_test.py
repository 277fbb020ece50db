#!/usr/bin/env python3
"""What users and attackers get wrong: each has a clear message and loses nothing else.

Usage: bad_input_test.py PICKET [unittest arguments]
"""

import os
import pathlib
import shutil
import socket
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from picket_process import Picket, wait_for  # noqa: E402

BINARY = None


class BadInputTest(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="picket-bad-"))
        self.picket = Picket(BINARY, self.folder)
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.addCleanup(self.picket.stop)

    def send(self, door, data):
        with socket.create_connection(("127.0.0.1", self.picket.port(door)), timeout=30) as connection:
            connection.sendall(data)

    def stored(self, source):
        return self.picket.ledger().get(source, {}).get("stored", 0)

    def expect_stored(self, source, count):
        wait_for(lambda: self.stored(source) >= count, f"{count} records of {source}")
        line = self.picket.ledger()[source]
        self.assertEqual(line["stored"], count)
        self.assertEqual(line["residual"], 0)
        return line

    def test_malformed_frames_are_kept_and_the_next_one_is_read(self):
        self.picket.start()
        self.send("tcp", b"99999999999 digits\n<34>no header at all\n17 <34>1 - a b - - -\n<13>good one\n")
        line = self.expect_stored("tcp", 4)
        self.assertEqual(sum(line["rejected"].values()), 0)
        self.assertEqual(len(self.picket.search('"good one"')), 1)

    def test_a_line_of_ten_megabytes_is_cut_and_says_so(self):
        self.picket.start()
        self.send("tcp", b"<13>begin " + b"x" * (10 * 1024 * 1024) + b"\n<13>after the giant\n")
        line = self.expect_stored("tcp", 2)
        self.assertEqual(line["truncated"], 1)
        giant = self.picket.search("begin")[0]
        self.assertEqual(giant["picket"]["truncated_from"], 10 * 1024 * 1024 + 10)
        self.assertEqual(len(self.picket.search('"after the giant"')), 1)

    def test_invalid_utf8_and_control_characters_are_kept_byte_for_byte(self):
        self.picket.start()
        self.send("tcp", b"<13>bad \xff\xfe utf8 \x1b]8;;http://x\x07 marker-esc\n")
        self.expect_stored("tcp", 1)
        shown = self.picket.run("search", "marker-esc", "--data", str(self.picket.data)).stdout
        self.assertNotIn("\x1b", shown)
        self.assertIn("marker-esc", shown)

    def test_nobody_else_speaks_as_picket(self):
        """A forged silence, or a forged end of one, would be an alert that analysts believe."""
        self.picket.start()
        forged = b'{"event":{"action":"source-silent"},"picket":{"source":{"name":"tcp","state":"silent"}}}\n'
        port = self.picket.port("http")
        for request in ([f"http://127.0.0.1:{port}/ingest?source=picket"],
                        ["-H", "X-Picket-Source: picket", f"http://127.0.0.1:{port}/ingest"]):
            done = subprocess.run(["curl", "-s", "--noproxy", "*", "-o", os.devnull, "-w", "%{http_code}", "--data-binary",
                                   "@-", *request], input=forged, capture_output=True)
            self.assertEqual(done.stdout[:1], b"4", done.stdout)
        done = subprocess.run(["curl", "-s", "--noproxy", "*", "-o", os.devnull, "-w", "%{http_code}", "--data-binary",
                               "@-", f"http://127.0.0.1:{port}/ingest"], input=forged, capture_output=True)
        self.assertEqual(done.stdout, b"200")  # as anybody's JSON it is welcome, and nothing comes of it
        self.expect_stored("http", 1)
        self.assertEqual(self.stored("picket"), 0)
        config = self.folder / "named.yaml"
        config.write_text("sources:\n  - {name: picket, door: http, port: 0}\n")
        refused = self.picket.run("run", "--config", str(config), check=False)
        self.assertEqual(refused.returncode, 3)
        self.assertIn("named.yaml:2: the name 'picket' is kept", refused.stderr)
        self.assertEqual(self.picket.search("event.dataset:picket.health"), [])

    def test_a_json_bomb_costs_nothing(self):
        self.picket.start()
        bomb = b"[" * 100_000 + b"\n" + b'{"a":' * 50_000 + b"1" + b"}" * 50_000 + b'\n{"message":"after the bomb"}\n'
        port = self.picket.port("http")
        done = subprocess.run(["curl", "-s", "--noproxy", "*", "-o", os.devnull, "-w", "%{http_code}", "--data-binary",
                               "@-", f"http://127.0.0.1:{port}/ingest"], input=bomb, capture_output=True)
        self.assertEqual(done.stdout, b"200")
        line = self.expect_stored("http", 3)
        self.assertGreaterEqual(line["raw"], 2)
        self.assertEqual(len(self.picket.search('"after the bomb"')), 1)

    def test_a_broken_rule_is_refused_alone(self):
        rules = self.folder / "rules"
        rules.mkdir()
        (rules / "good.yml").write_text(
            "title: Good\nid: 6f4a3a5e-0000-4000-8000-000000000001\nlogsource: {product: linux}\n"
            "detection:\n  sel:\n    - needle\n  condition: sel\n")
        (rules / "broken.yml").write_text(
            "title: Broken\nid: 6f4a3a5e-0000-4000-8000-000000000002\nlogsource: {product: linux}\n"
            "detection:\n  sel:\n    field|contians: x\n  condition: sel\n")
        (rules / "not-yaml.yml").write_text("title: [\n")
        done = self.picket.run("check", str(rules), check=False)
        self.assertEqual(done.returncode, 2)
        self.assertIn("broken.yml:6", done.stdout)
        self.assertIn("contains", done.stdout)  # the nearest modifier
        self.assertIn("not-yaml.yml", done.stdout)
        self.assertIn("1 rules active, 2 refused", done.stdout)

    def test_unknown_configuration_key_names_the_nearest(self):
        self.picket.config.write_text("dta: /nowhere\nsources:\n  - {name: x, door: sylog_udp, prt: 1}\n")
        done = self.picket.run("run", "--config", str(self.picket.config), check=False)
        self.assertEqual(done.returncode, 3)
        for text in ("picket.yaml:1", "data", "picket.yaml:3", "port", "syslog_udp"):
            self.assertIn(text, done.stderr)  # all errors at once

    def test_correlation_threads_are_bounded(self):
        for threads in ("0", "65", "many"):
            self.picket.config.write_text(f"correlation: {{threads: {threads}, thread: 2}}\n")
            done = self.picket.run("run", "--config", str(self.picket.config), check=False)
            self.assertEqual(done.returncode, 3)
            self.assertEqual(done.stderr.count("picket.yaml:1"), 2, done.stderr)  # the misspelt key, too

    def test_csv_needs_lines_of_its_own(self):
        self.picket.config.write_text(
            "sources:\n  - {name: a, door: syslog_udp, format: csv}\n"
            "  - {name: b, door: file, path: /x.csv, format: csv, multiline: {by: indent}}\n"
            "  - {name: c, door: file, path: /x.csv, format: csv}\n")
        done = self.picket.run("run", "--config", str(self.picket.config), check=False)
        self.assertEqual(done.returncode, 3)
        self.assertIn("picket.yaml:2", done.stderr)
        self.assertIn("file and http sources", done.stderr)
        self.assertIn("picket.yaml:3", done.stderr)
        self.assertIn("`multiline` does not go with it", done.stderr)
        self.assertNotIn("picket.yaml:4", done.stderr)

    def test_a_busy_port_is_named(self):
        with socket.socket() as busy:
            busy.bind(("127.0.0.1", 0))
            busy.listen()
            port = busy.getsockname()[1]
            self.picket.config.write_text(self.picket.config.read_text().replace(
                "{name: tcp, door: syslog_tcp, port: 0", f"{{name: tcp, door: syslog_tcp, port: {port}"))
            done = self.picket.run("run", "--config", str(self.picket.config), check=False)
        self.assertEqual(done.returncode, 3)
        self.assertIn(str(port), done.stderr)
        self.assertIn("tcp", done.stderr)

    def test_a_second_server_on_the_same_data_is_refused(self):
        self.picket.start()
        done = self.picket.run("run", "--config", str(self.picket.config), check=False)
        self.assertEqual(done.returncode, 3)
        self.assertIn("another process", done.stderr)

    def test_a_full_disk_makes_senders_wait_and_loses_nothing(self):
        disk = self.folder / "disk"
        disk.mkdir()
        mount = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=96m", "picket-test", str(disk)], capture_output=True)
        if mount.returncode != 0:
            self.skipTest("mounting a small disk needs root")
        self.addCleanup(subprocess.run, ["umount", "-l", str(disk)])
        self.picket.data = disk / "data"
        self.picket.config.write_text(self.picket.config.read_text().replace(str(self.folder / "data"), str(disk / "data"))
                                      .replace("disk_reserve_mb: 1", "disk_reserve_mb: 16"))
        self.picket.start()
        self.send("tcp", b"<13>before\n")
        self.expect_stored("tcp", 1)
        with (disk / "ballast").open("wb") as ballast:
            free = os.statvfs(disk).f_bavail * os.statvfs(disk).f_frsize
            ballast.write(b"x" * (free - 4 * 1024 * 1024))
        self.send("tcp", b"<13>while the disk is full\n")
        wait_for(lambda: "nearly full" in self.picket.log.read_text(), "the message about the disk")
        self.assertEqual(self.stored("tcp"), 1)
        live = self.picket.live_ledger()["tcp"]
        self.assertEqual((live["received"], live["stored"], live["in_flight"], live["residual"]), (2, 1, 1, 0))
        (disk / "ballast").unlink()
        self.expect_stored("tcp", 2)
        live = self.picket.live_ledger()["tcp"]
        self.assertEqual((live["received"], live["stored"], live["in_flight"], live["residual"]), (2, 2, 0, 0))
        self.assertEqual(len(self.picket.search('"while the disk is full"')), 1)


if __name__ == "__main__":
    BINARY = os.path.abspath(sys.argv.pop(1))
    unittest.main(verbosity=2)
