#!/usr/bin/env python3
"""Rules tried through the API of a running server while they are being written.

Usage: rule_try_server_test.py PICKET [unittest arguments]
"""

import concurrent.futures
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.error
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from picket_process import Picket, wait_for  # noqa: E402

BINARY = None
EVENTS = 20_000
WINDOWS_EVENTS = 20_000
NEEDLES = 40  # of the Windows events
RULE = """title: Failed
id: 6f4a3a5e-0000-4000-8000-000000000051
level: low
logsource: {product: linux}
detection:
  sel:
    message|contains: ' failed'
    host.hostname: web
  condition: sel
"""
# Each event is looked into for each of these texts, which takes a while.
NOWHERE = ", ".join(f"nowhere{i:04}x" for i in range(3000))
SLOW = """title: Slow
id: 6f4a3a5e-0000-4000-8000-000000000052
level: low
logsource: {product: linux}
detection:
  sel: {message|contains: ' failed'}
  none:
    message|contains: [%s]
  condition: sel and not none
""" % NOWHERE
NEEDLE = """title: Needle
id: 6f4a3a5e-0000-4000-8000-000000000053
level: low
logsource: {product: windows, category: process_creation}
detection:
  sel: {CommandLine|contains: 'needle'}
  none:
    CommandLine|contains: [%s]
  condition: sel and not none
""" % NOWHERE
CONFIG = """
data: DATA
rules: [RULES]
sources:
  - {name: http, door: http, port: 0, layer: server, format: syslog}
  - {name: winlog, door: http, port: 0, layer: endpoint, format: ndjson}
api: {port: 0}
limits: {disk_reserve_mb: 1}
"""


def syslog_lines(first, last):
    return "".join(f"<34>1 2026-01-01T{i // 3600 % 24:02}:{i // 60 % 60:02}:{i % 60:02}Z {'web' if i % 2 else 'lab'} "
                   f"app - - - login {'failed' if i % 3 else 'accepted'} for ann\n" for i in range(first, last))


def windows_lines():
    every = WINDOWS_EVENTS // NEEDLES
    return "".join(json.dumps({
        "Channel": "Microsoft-Windows-Sysmon/Operational", "Provider_Name": "Microsoft-Windows-Sysmon", "EventID": 1,
        "UtcTime": f"2026-01-01 0{i // 3600}:{i // 60 % 60:02}:{i % 60:02}.000", "Image": "C:\\Windows\\cmd.exe",
        "CommandLine": f"cmd /c echo {'needle' if i % every == 0 else 'hay'} {i}"}) + "\n" for i in range(WINDOWS_EVENTS))


class TheApi(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="picket-try-"))
        cls.addClassCleanup(shutil.rmtree, cls.folder, ignore_errors=True)
        cls.rules = cls.folder / "rules.yml"
        cls.rules.write_text(RULE)
        cls.server = Picket(BINARY, cls.folder,
                            CONFIG.replace("DATA", str(cls.folder / "data")).replace("RULES", str(cls.rules)))
        cls.addClassCleanup(cls.server.stop)
        cls.server.start()
        cls.send("http", syslog_lines(0, EVENTS))
        cls.send("winlog", windows_lines())
        cls.base = json.loads((cls.server.data / "server.json").read_text())["api"] + "/api/v1/rules/try"
        cls.token = (cls.server.data / "admin-token").read_text().strip()

    @classmethod
    def send(cls, source, body):
        done = subprocess.run(["curl", "-sS", "--noproxy", "*", "--fail", "--data-binary", "@-",
                               f"http://127.0.0.1:{cls.server.port(source)}/ingest"],
                              input=body.encode(), capture_output=True, timeout=60)
        if done.returncode != 0:
            raise AssertionError(done.stderr)

    def ask(self, text, status=200, **members):
        body = json.dumps({"text": text, **members}).encode()
        request = urllib.request.Request(self.base, method="POST", data=body,
                                         headers={"Authorization": f"Bearer {self.token}"})
        try:
            with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=120) as answer:
                got, found = answer.status, json.load(answer)
        except urllib.error.HTTPError as refused:
            got, found = refused.code, json.load(refused)
        if status is not None:
            self.assertEqual(got, status, found)
        return found

    def ask_slow(self, **members):
        begun = time.monotonic()
        found = self.ask(SLOW, milliseconds=6_000, **members)
        return found, time.monotonic() - begun

    def test_it_answers_what_the_command_prints(self):
        found = self.ask(RULE, limit=2, milliseconds=10_000)
        self.assertTrue(found["complete"])
        self.assertFalse(found["interrupted"])
        self.assertNotIn("next", found)
        self.assertEqual((found["refused"], found["warnings"]), ([], []))
        self.assertEqual(found["bytes_stored"], found["bytes_scanned"])
        [printed] = self.server.lines("rule", "try", "--rule", str(self.rules), "--limit", "2")
        self.assertEqual(printed["rules"][0]["rule"].pop("path"), str(self.rules))
        self.assertEqual(found["rules"][0]["rule"].pop("path"), "rule.yml")
        self.assertEqual(found["rules"], printed["rules"])
        for key in ("events", "bytes_scanned", "bytes_skipped", "oldest", "newest"):
            self.assertEqual(found[key], printed[key], key)
        [tried] = found["rules"]
        self.assertEqual((tried["hits"], len(tried["samples"])), (EVENTS // 3 + 1, 2))
        self.assertEqual({one["field"]: one["present"] for one in tried["fields"]},
                         {"message": EVENTS, "host.hostname": EVENTS})
        self.assertEqual(len(tried["near_misses"]["lines"]), 2)
        some = self.ask(RULE, milliseconds=10_000, **{"from": "2026-01-01T01:00:00Z", "to": "2026-01-01T02:00:00Z"})
        self.assertEqual(some["rules"][0]["hits"], 1200)

    def test_an_answer_after_some_time_can_be_gone_on_with(self):
        hits = events = pages = 0
        cursor = {}
        while True:
            found = self.ask(RULE, milliseconds=50, **cursor)
            pages += 1
            events += found["events"]
            hits += found["rules"][0]["hits"]
            if found["complete"]:
                break
            self.assertNotIn("ahead", found)  # a rule for text sources does not say what it needs
            cursor = {"cursor": found["next"]}
        self.assertGreater(pages, 1)
        self.assertEqual(events, EVENTS + WINDOWS_EVENTS)
        self.assertEqual(hits, EVENTS // 3 + 1)
        self.ask(RULE, status=400, cursor="no")

    def test_hits_further_back_are_found_ahead(self):
        found = self.ask(NEEDLE, milliseconds=1000, limit=20)
        self.assertFalse(found["complete"])
        [tried] = found["rules"]
        self.assertGreater(tried["ahead"]["hits"], 0)
        self.assertLessEqual(tried["hits"] + tried["ahead"]["hits"], NEEDLES)
        if found["ahead"]["complete"]:  # else the program is a slow one
            self.assertEqual(tried["hits"] + tried["ahead"]["hits"], NEEDLES)
        self.assertIn("needle", tried["ahead"]["samples"][0]["event"]["process"]["command_line"])
        self.assertEqual(tried["ahead"]["samples"][0]["matches"][0]["rule_field"], "CommandLine")

    def test_the_next_edit_ends_the_one_before(self):
        with concurrent.futures.ThreadPoolExecutor() as pool:
            alone = pool.submit(self.ask_slow, session="other")
            first = pool.submit(self.ask_slow, session="editor")
            time.sleep(0.5)
            second = self.ask(RULE, session="editor", milliseconds=10_000)
            replaced, seconds = first.result()
            whole, whole_seconds = alone.result()
        self.assertTrue(second["complete"])
        self.assertEqual(second["rules"][0]["hits"], EVENTS // 3 + 1)
        self.assertTrue(replaced["interrupted"])
        self.assertFalse(replaced["complete"])
        self.assertGreater(replaced["events"], 0)
        self.assertLess(replaced["events"], EVENTS + WINDOWS_EVENTS)
        self.assertLess(seconds, whole_seconds)
        self.assertFalse(whole["interrupted"])  # of another session

    def test_those_that_wait_are_bounded_and_replaced(self):
        with concurrent.futures.ThreadPoolExecutor(max_workers=16) as pool:
            tries = [pool.submit(self.ask, SLOW, None, session=f"s{i}", milliseconds=1500) for i in range(14)]
            time.sleep(1)
            # Its own session is among those that wait, or had no room: then it has none now.
            for i in range(14):
                pool.submit(self.ask, RULE, None, session=f"s{i}", milliseconds=50)
            answers = [one.result() for one in tries]
        refused = [one for one in answers if one.get("status") == 503]
        self.assertGreaterEqual(len(refused), 1)
        self.assertLessEqual(len(refused), 4)
        self.assertTrue(any(one.get("interrupted") and not one["events"] for one in answers))

    def test_a_rule_that_is_wrong_is_told_with_its_place(self):
        unread = self.ask("title: [\nid: x")
        self.assertEqual(unread["rules"], [])
        [one] = unread["refused"]
        self.assertEqual((one["code"], type(one["line"]), type(one["column"])), ("bad-yaml", int, int))
        wrong = RULE.replace("|contains", "|contians").replace("51", "54") + "---\n" + RULE
        english = self.ask(wrong, milliseconds=10_000)
        [refused] = english["refused"]
        self.assertEqual(refused["line"], 7)
        self.assertIn("contains", refused["reason"])
        self.assertEqual(english["rules"][0]["hits"], EVENTS // 3 + 1)  # of the one that is right
        [vietnamese] = self.ask(wrong, language="vi")["refused"]
        self.assertEqual((vietnamese["line"], vietnamese["code"]), (7, refused["code"]))
        self.assertNotEqual(vietnamese["reason"], refused["reason"])
        self.ask("---\n".join(RULE.replace("000051", f"0001{i:02}") for i in range(11)), status=413)
        self.ask("#" * 70_000, status=413)
        self.ask(RULE, status=400, samples=3)

    def test_records_come_in_meanwhile(self):
        with concurrent.futures.ThreadPoolExecutor() as pool:
            tries = [pool.submit(self.ask_slow) for _ in range(2)]
            time.sleep(0.2)
            before = self.server.live_ledger()["winlog"]["stored"]
            self.send("winlog", "not json\n" * 200)
            wait_for(lambda: self.server.live_ledger()["winlog"]["stored"] == before + 200, "the records", seconds=10)
            self.assertFalse(all(one.done() for one in tries), "the tries were over before")
            for one in tries:
                one.result()


if __name__ == "__main__":
    BINARY = pathlib.Path(sys.argv.pop(1)).resolve()
    unittest.main(verbosity=2)
