#!/usr/bin/env python3
"""Real senders against a real server: rsyslog over UDP and TCP, curl to /_bulk and /ingest, a tailed file.

What was sent is counted here, by the generator; the ledger and the search must agree with it, also after kill -9.
Usage: delivery_test.py PICKET [unittest arguments]
"""

import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from picket_process import Picket, wait_for  # noqa: E402

BINARY = None


class DeliveryTest(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="picket-delivery-"))
        self.picket = Picket(BINARY, self.folder)
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.addCleanup(self.picket.stop)

    def assert_balanced(self):
        for source, line in self.picket.ledger().items():
            dropped = sum(line["dropped"].values()) + sum(line["rejected"].values())
            self.assertEqual(line["residual"], 0, source)
            self.assertEqual(line["received"], line["stored"] + dropped, source)

    def curl(self, path, body, *options):
        port = self.picket.port("http")
        done = subprocess.run(
            ["curl", "-sS", "--noproxy", "*", "--max-time", "60", "-w", "\n%{http_code}", "--data-binary", "@-",
             *options, f"http://127.0.0.1:{port}{path}"],
            input=body, capture_output=True, timeout=90)
        text, _, code = done.stdout.rpartition(b"\n")
        return int(code or 0), text

    def test_rsyslog_and_curl(self):
        self.picket.start()
        count = 400
        source = self.folder / "in.log"
        source.write_text("".join(f"marker-{i:04d} hello\n" for i in range(count)))
        conf = self.folder / "rsyslog.conf"
        conf.write_text(
            f'global(workDirectory="{self.folder}" net.enableDNS="off")\n'
            'module(load="imfile")\n'
            f'input(type="imfile" file="{source}" tag="gen:" ruleset="out")\n'
            'ruleset(name="out") {\n'
            f'  action(type="omfwd" target="127.0.0.1" port="{self.picket.port("tcp")}" protocol="tcp"'
            ' tcp_framing="octet-counted" template="RSYSLOG_SyslogProtocol23Format")\n'
            f'  action(type="omfwd" target="127.0.0.1" port="{self.picket.port("udp")}" protocol="udp"'
            ' template="RSYSLOG_TraditionalForwardFormat")\n'
            "}\n")
        rsyslog = subprocess.Popen(
            [shutil.which("rsyslogd") or "/usr/sbin/rsyslogd", "-n", "-f", str(conf), "-i", str(self.folder / "pid")],
            stdout=subprocess.DEVNULL, stderr=(self.folder / "rsyslog.log").open("w"))
        self.addCleanup(rsyslog.wait)
        self.addCleanup(rsyslog.terminate)

        def stored(name):
            return self.picket.ledger().get(name, {}).get("stored", 0)

        wait_for(lambda: stored("tcp") >= count and stored("udp") >= count, "rsyslog to deliver")
        bulk = b"".join(b'{"create":{}}\n{"message":"marker-bulk","n":%d}\n' % i for i in range(100))
        code, answer = self.curl("/_bulk", bulk, "-H", "Content-Type: application/x-ndjson")
        self.assertEqual(code, 200)
        self.assertFalse(json.loads(answer)["errors"])
        code, _ = self.curl("/ingest", b"marker-ingest\n" * 7)
        self.assertEqual(code, 200)

        ledger = self.picket.ledger()
        self.assertEqual(ledger["tcp"]["stored"], count)
        self.assertEqual(ledger["udp"]["stored"], count)
        self.assertEqual(ledger["http"]["stored"], 107)
        self.assert_balanced()
        found = self.picket.search("marker-0042")
        self.assertEqual(sorted(event["picket"]["source"] for event in found), ["tcp", "udp"])
        self.assertTrue(all(event["host"]["name"] for event in found))
        self.assertEqual(len(self.picket.search("marker-bulk")), 100)

    def test_kill_9_loses_nothing_acknowledged_and_doubles_no_alert(self):
        """Sends batches with unique ids, kills the server three times, and compares with what was acknowledged."""
        acked, sent = set(), set()
        for life in range(4):
            self.picket.start()
            port = self.picket.port("http")
            if life < 3:
                killer = threading.Timer(0.8 + 0.3 * life, self.picket.kill)
                killer.start()
            for batch in range(40 if life == 3 else 10000):
                ids = [f"id-{life}-{batch}-{i}" for i in range(20)]
                minute = (life * 13 + batch) % 60
                body = "".join(
                    f"<38>2026-11-20T09:{minute:02d}:{i:02d}+07:00 app-01 sshd[77]: Failed password for {one} "
                    f"from 203.0.113.{1 + batch % 5} port 40022 ssh2\n" for i, one in enumerate(ids)).encode()
                sent.update(ids)
                done = subprocess.run(
                    ["curl", "-s", "--noproxy", "*", "-o", os.devnull, "-w", "%{http_code}", "--max-time", "20",
                     "--data-binary", "@-", f"http://127.0.0.1:{port}/ingest"], input=body, capture_output=True)
                if done.stdout == b"200":
                    acked.update(ids)
                elif self.picket.process.poll() is not None:
                    break
            if life < 3:
                killer.join()
        self.assertGreater(len(acked), 500, "the server never lived long enough to prove anything")
        self.picket.stop()

        events = self.picket.search("sshd")
        stored = [event["user"]["name"] for event in events]
        self.assertEqual(acked - set(stored), set(), "acknowledged and lost")
        self.assertEqual(set(stored) - sent, set(), "invented")
        self.assertEqual(len(stored), len(set(stored)), "stored twice")
        self.assert_balanced()

        # The same records in the same order through `scan`, which knows no crash: the same alerts.
        events.sort(key=lambda event: event["picket"]["seq"])
        self.assertEqual([event["picket"]["seq"] for event in events], list(range(len(events))))
        (self.folder / "http").write_text("".join(event["event"]["original"] + "\n" for event in events))
        scan = subprocess.run([BINARY, "scan", "--format", "syslog", "http"], cwd=self.folder, capture_output=True,
                              text=True, timeout=120)
        expected = sorted({json.loads(line)["id"] for line in scan.stdout.splitlines()})
        alerts = self.picket.lines("alert", "ls", "--limit", "100000")
        self.assertGreater(len(alerts), 0)
        self.assertEqual(sorted(alert["id"] for alert in alerts), expected)

    def test_pages_of_a_search_join_while_records_arrive(self):
        """By the command line and the API in turn: they give and take the same cursors."""
        self.picket.start()

        def send(begin, count):
            body = "".join(f"marker-page n{i}\n" for i in range(begin, begin + count)).encode()
            self.assertEqual(self.curl("/ingest", body)[0], 200)

        def by_command(cursor):
            after = ["--after", cursor] if cursor else []
            done = self.picket.run("search", "marker-page", "--limit", "17", "--json", "--data", str(self.picket.data), *after)
            next_page = re.search(r"--after ([0-9a-f]+)", done.stderr)
            return [json.loads(line) for line in done.stdout.splitlines()], next_page[1] if next_page else ""

        def by_api(cursor):
            page = self.picket.api(f"events?q=marker-page&limit=23&cursor={cursor}")
            return page["items"], page.get("next", "")

        for begin in range(0, 200, 40):
            send(begin, 40)
        whole = [event["event"]["original"] for event in self.picket.search("marker-page")]
        self.assertEqual(len(whole), 200)
        joined, cursor, turn = [], "", 0
        while True:
            events, cursor = (by_command, by_api)[turn % 2](cursor)
            joined += [event["event"]["original"] for event in events]
            if not cursor:
                break
            turn += 1
            send(1000 * turn, 5)
        self.assertGreater(turn, 5)
        self.assertEqual(joined, whole)
        refused = self.picket.run("search", "x", "--after", "abc", "--data", str(self.picket.data), check=False)
        self.assertEqual(refused.returncode, 3)
        self.assertIn("not a cursor", refused.stderr)

    def test_tailed_file_goes_on_where_it_was(self):
        log = self.folder / "app.log"
        log.write_text("".join(f"line-{i}\n" for i in range(1000)))
        config = self.picket.config.read_text().replace(
            "sources:", f"sources:\n  - {{name: app.log, door: file, path: {log}, format: raw, layer: application}}")
        self.picket.config.write_text(config)
        self.picket.start()
        wait_for(lambda: self.picket.ledger().get("app.log", {}).get("stored", 0) > 0, "the file to be read")
        self.picket.kill()
        with log.open("a") as more:
            more.write("".join(f"line-{i}\n" for i in range(1000, 2000)))
        self.picket.start()
        wait_for(lambda: self.picket.ledger()["app.log"]["stored"] >= 2000, "the rest of the file")
        texts = [event["event"]["original"] for event in self.picket.search("line")]
        self.assertEqual(sorted(texts), sorted(f"line-{i}" for i in range(2000)))
        self.assert_balanced()


if __name__ == "__main__":
    BINARY = os.path.abspath(sys.argv.pop(1))
    unittest.main(verbosity=2)
