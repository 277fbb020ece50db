#!/usr/bin/env python3
"""Proof, end to end: `picket alert verify` says "same" of every alert that a server raised, after a restart and after its
rules were edited; `picket why-not` names the line, the field or the exception.

Usage: alert_proof_test.py PICKET [unittest arguments]; PICKET_UPDATE_GOLDEN=1 writes golden/proof.expected anew
"""
import json
import os
import pathlib
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from picket_process import Picket, wait_for  # noqa: E402

BINARY = os.path.abspath(sys.argv.pop(1))
HERE = pathlib.Path(__file__).resolve().parent
GOLDEN = HERE / "golden" / "proof.expected"
CONFIG = """
data: DATA
rules: [FOLDER/rules]
sources:
  - {name: tcp, door: syslog_tcp, port: 0, layer: server}
api: {port: 0}
limits: {disk_reserve_mb: 1}
"""
RULES = """title: Login failed
id: 6f4a3a5e-0000-4000-8000-000000000001
name: failed
level: low
logsource: {product: linux}
detection:
  sel:
    message|contains: ' failed for '
  other: {message|endswith: ['carol', 'dave', 'eve']}
  condition: sel and not other
---
title: Many logins failed
id: 6f4a3a5e-0000-4000-8000-000000000002
level: high
correlation:
  type: event_count
  rules: [failed]
  group-by: [host.hostname]
  timespan: 1h
  condition: {gte: 3}
  generate: true
---
title: Wants a field
id: 6f4a3a5e-0000-4000-8000-000000000003
level: low
logsource: {product: linux}
detection:
  sel: {NoSuchField: x, message|contains: failed}
  condition: sel
---
title: For Windows
id: 6f4a3a5e-0000-4000-8000-000000000004
level: low
logsource: {product: windows, category: process_creation}
detection:
  sel: {Image|endswith: '\\a.exe'}
  condition: sel
"""
EXCEPTION = """title: Laboratory
id: 6f4a3a5e-0000-4000-8000-000000000005
logsource: {product: linux}
filter:
  rules: [failed]
  selection: {host.hostname: lab}
  condition: not selection
"""
REFUSED = """title: Refused
id: 6f4a3a5e-0000-4000-8000-000000000006
level: low
logsource: {product: linux}
detection:
  sel: {message|nosuch: x}
  condition: sel
"""
EVENTS = [("web", "failed", "ann"), ("web", "failed", "bob"), ("web", "failed", "ann"), ("web", "opened", "ann"),
          ("web", "failed", "dave"), ("lab", "failed", "ann"), ("db", "failed", "ann")]


class Sample(unittest.TestCase):
    """The sample attack that is shipped, as `picket demo` plays it."""

    def test_every_alert_of_the_sample_is_the_same(self):
        with tempfile.TemporaryDirectory(prefix="picket-proof-") as folder:
            subprocess.run([BINARY, "demo", "--once", "--data", folder], check=True, capture_output=True, timeout=100)
            done = subprocess.run([BINARY, "alert", "verify", "--all", "--json", "--data", folder],
                                  capture_output=True, text=True, timeout=100)
            verified = [json.loads(line) for line in done.stdout.splitlines()]
            self.assertGreater(len(verified), 20)
            self.assertEqual([one for one in verified if one["result"] != "same"], [])
            self.assertEqual(done.returncode, 0)
            self.assertLessEqual({"detection", "correlation"}, {one["kind"] for one in verified})


class Proof(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="picket-proof-"))
        cls.rules = cls.folder / "rules"
        cls.rules.mkdir()
        cls.write_rules(RULES, EXCEPTION)
        (cls.rules / "c.yml").write_text(REFUSED)
        config = CONFIG.replace("DATA", str(cls.folder / "data")).replace("FOLDER", str(cls.folder))
        cls.picket = Picket(BINARY, cls.folder, config).start()
        with socket.create_connection(("127.0.0.1", cls.picket.port("tcp"))) as line:
            for i, (host, what, user) in enumerate(EVENTS):
                line.sendall(f"<34>1 2026-01-01T00:00:{10 + i}Z {host} app - - - login {what} for {user}\n".encode())
        wait_for(lambda: cls.picket.ledger()["tcp"]["stored"] == len(EVENTS), "the events")

    @classmethod
    def tearDownClass(cls):
        cls.picket.stop()
        shutil.rmtree(cls.folder, ignore_errors=True)

    @classmethod
    def write_rules(cls, rules, exception):
        (cls.rules / "a.yml").write_text(rules)
        (cls.rules / "b.yml").write_text(exception)

    def ask(self, *words, code=0):
        done = self.picket.run(*words, "--config", str(self.picket.config), check=False)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return done.stdout + done.stderr

    def why_not(self, rule, seq):
        return json.loads(self.ask("why-not", "--rule", rule, "--event", f"tcp:{seq}", "--json"))

    def test_1_alerts_are_the_same(self):
        text = self.ask("alert", "verify", "--all")
        self.assertEqual(text, "5 alerts: 5 same, 0 differ, 0 cannot be decided again\n")
        for alert in self.picket.lines("alert", "ls"):
            told = json.loads(self.ask("alert", "verify", alert["id"], "--json"))
            self.assertEqual((told["result"], told["notes"]), ("same", []))
            self.assertEqual(self.picket.api(f"alerts/{alert['id']}/verify"), told)
        self.ask("alert", "verify", "nothing", code=3)
        self.ask("alert", "verify", code=3)

    def test_2_why_not(self):
        self.assertEqual(self.why_not("Login failed", 0)["result"], "fired")
        excluded = self.why_not("Login failed", 4)
        self.assertEqual((excluded["result"], [(c["selection"], c["excludes"]) for c in excluded["causes"]]),
                         ("false", [("other", True)]))
        taken = self.why_not("Login failed", 5)
        cause, = taken["causes"]
        self.assertEqual(cause["exception"], {"id": "6f4a3a5e-0000-4000-8000-000000000005", "name": "Laboratory",
                                              "path": str(self.rules / "b.yml"), "line": 1})
        self.assertEqual(cause["selection"], "selection")
        differs = self.why_not("6f4a3a5e-0000-4000-8000-000000000001", 3)
        cause, = differs["causes"]
        self.assertEqual((cause["selection"], cause["line"], cause["field"], cause["reason"], cause["wanted"]),
                         ("sel", 8, "message", "differs", " failed for "))
        self.assertEqual(cause["seen"]["value"], "login opened for ann")
        missing = self.why_not("Wants a field", 0)
        cause, = missing["causes"]
        self.assertEqual((cause["field"], cause["reason"], cause["mapping"]), ("NoSuchField", "missing", "literal"))
        self.assertEqual(self.why_not("For Windows", 0)["result"], "log-source")

    def test_3_why_not_of_a_correlation(self):
        self.assertEqual(self.why_not("Many logins failed", 1)["result"], "fired")
        below = self.why_not("Many logins failed", 6)
        self.assertEqual(below["result"], "below")
        group, = below["groups"]
        self.assertEqual(group["group"], {"host.hostname": "db"})
        self.assertEqual((group["window"]["hits"], group["window"]["quantity"], below["needed"]), (1, 1, ">= 3"))
        self.assertEqual(self.why_not("Many logins failed", 3)["result"], "not-counted")
        self.assertIn("was refused", self.ask("why-not", "--rule", "6f4a3a5e-0000-4000-8000-000000000006",
                                              "--event", "tcp:0", code=2))

    def test_4_files_and_standard_input(self):
        events = self.folder / "events.log"
        events.write_text("<34>1 2026-01-01T00:00:10Z web app - - - login opened for ann\n"
                          "<34>1 2026-01-01T00:00:11Z web app - - - login failed for ann\n")
        words = ["why-not", "--rule", "Login failed", "--rules", str(self.rules), "--json", "--event"]
        self.assertEqual(json.loads(self.ask(*words, f"{events}:0"))["result"], "false")
        self.assertEqual(json.loads(self.ask(*words, f"{events}:1"))["result"], "fired")
        done = subprocess.run([BINARY, *words, "-"], input=events.read_text(), capture_output=True, text=True, timeout=60)
        self.assertEqual([json.loads(line)["result"] for line in done.stdout.splitlines()], ["false", "fired"])
        self.ask(*words, f"{events}:7", code=3)
        self.ask(*words, "nothing", code=3)
        self.ask(*words, "nobody:1", code=3)

    def test_5_text(self):
        """Golden: what people read, in both languages."""
        text = ""
        alerts = {alert["rule"]["name"]: alert["id"] for alert in self.picket.lines("alert", "ls")}
        for language in ("en", "vi"):
            asked = [("alert", "verify", alerts["Many logins failed"])]
            asked += [("why-not", "--rule", rule, "--event", f"tcp:{seq}")
                      for rule, seq in (("Login failed", 3), ("Login failed", 4), ("Login failed", 5), ("Wants a field", 0),
                                        ("For Windows", 0), ("Many logins failed", 3), ("Many logins failed", 6))]
            for words in asked:
                told = self.ask("--lang", language, *words)
                text += f"$ picket --lang {language} {' '.join(words)}\n{told}\n"
        text = text.replace(str(self.folder), "FOLDER")
        if os.environ.get("PICKET_UPDATE_GOLDEN"):
            GOLDEN.parent.mkdir(exist_ok=True)
            GOLDEN.write_text(text, encoding="utf-8")
        self.assertEqual(text, GOLDEN.read_text(encoding="utf-8"))

    def test_6_edits_and_a_restart_change_nothing(self):
        before = sorted(alert["id"] for alert in self.picket.lines("alert", "ls"))
        self.picket.stop()
        self.write_rules(re.sub("gte: 3", "gte: 30", RULES).replace("failed for", "was refused to"),
                         EXCEPTION.replace("lab", "web"))
        self.picket.start()
        self.assertEqual(sorted(alert["id"] for alert in self.picket.lines("alert", "ls")), before)
        verified = [json.loads(line) for line in self.ask("alert", "verify", "--all", "--json").splitlines()
                    if line.startswith("{")]
        self.assertEqual({one["result"] for one in verified}, {"same"})
        self.assertEqual(len(verified), len(before))
        for one in verified:
            self.assertIn("live_differs", [note["code"] for note in one["notes"]])
        told = self.why_not("Login failed", 0)
        self.assertEqual((told["result"], told["holds"]), ("fired", False))


if __name__ == "__main__":
    unittest.main()
