#!/usr/bin/env python3
"""Stored history from outside: `picket backtest`, `rule try` and `export`, also beside a server, and its API.

Usage: history_test.py PICKET [unittest arguments]
"""

import json
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest
import urllib.error
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from picket_process import Picket, wait_for  # noqa: E402

BINARY = None
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
CONFIG = """
data: DATA
rules: [RULES]
sources:
  - {name: http, door: http, port: 0, layer: server, format: syslog}
api: {port: 0}
limits: {disk_reserve_mb: 1}
"""


def picket(*words, code=0):
    done = subprocess.run([str(BINARY), *map(str, words)], capture_output=True, text=True, timeout=60)
    if done.returncode != code:
        raise AssertionError(f"picket {words} answers {done.returncode}: {done.stderr}")
    return done


class OfTheDemo(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="picket-history-"))
        cls.addClassCleanup(shutil.rmtree, cls.folder, ignore_errors=True)
        cls.data = cls.folder / "data"
        picket("demo", "--once", "--data", cls.data)
        cls.alerts = [json.loads(line) for line in picket(
            "alert", "ls", "--json", "--limit", "1000", "--data", cls.data).stdout.splitlines()]

    def backtest(self, *words, code=0):
        return json.loads(picket("backtest", "--no-cache", "--json", "--data", self.data, *words, code=code).stdout)

    def test_the_shipped_rules_raise_what_they_raised(self):
        found = self.backtest("--diff-live")
        self.assertTrue(found["complete"])
        self.assertEqual(found["totals"]["alerts"], len(self.alerts))
        self.assertEqual({key: found["diff"][key] for key in ("new", "gone", "same", "changed", "not_compared")},
                         {"new": 0, "gone": 0, "same": len(self.alerts), "changed": 0, "not_compared": 0})
        ids = {alert["id"]: alert for alert in self.alerts}
        samples = [sample for rule in found["rules"] for sample in rule["samples"]]
        self.assertGreater(len(samples), 20)
        for sample in samples:
            stored = ids[sample["alert"]["id"]]
            sample["alert"]["system"] = stored["system"]  # of the demo's own register, which is in no configuration
            self.assertEqual(sample["alert"], stored)
            self.assertEqual(sample["event"]["picket"]["seq"], sample["alert"]["trigger"]["seq"])
        middle = sorted(alert["@timestamp"] for alert in self.alerts)[len(self.alerts) // 2]
        before, after = self.backtest("--to", middle), self.backtest("--from", middle, "--diff-live")
        self.assertEqual(before["totals"]["alerts"] + after["totals"]["alerts"], len(self.alerts))
        self.assertEqual((after["diff"]["new"], after["diff"]["gone"]), (0, 0))

    def test_an_edited_rule_ends_with_1(self):
        rules = self.folder / "edited"
        shutil.copytree(pathlib.Path(__file__).resolve().parents[2] / "content" / "rules", rules, dirs_exist_ok=True)
        edited = rules / "correlations" / "ssh_guessing.yml"
        text = edited.read_text()
        self.assertIn("gte: ", text)
        edited.write_text(text.replace("gte: ", "gte: 1000"))
        diff = self.backtest("--rules", rules, "--diff-live", code=1)["diff"]
        self.assertEqual(diff["new"], 0)
        self.assertGreater(diff["gone"], 0)
        self.assertIn("Guessing", diff["rules"][0]["rule"]["name"])
        table = picket("backtest", "--no-cache", "--rules", rules, "--diff-live", "--data", self.data, code=1)
        self.assertIn(f"0 new, {diff['gone']} gone", table.stdout)
        self.assertNotIn("\x1b", table.stdout)

    def test_wrong_words(self):
        picket("backtest", "--data", self.data, "--from", "yesterday", code=3)
        picket("backtest", "--data", self.data, "--from", "2026-01-02T00:00:00Z", "--to", "2026-01-01T00:00:00Z", code=3)
        picket("backtest", "--data", self.folder / "nothing", code=3)
        picket("rule", "try", "--data", self.data, "--rule", self.folder / "none.yml", code=3)
        broken = self.folder / "broken.yml"
        broken.write_text("title: Broken\n")
        picket("rule", "try", "--data", self.data, "--rule", broken, code=2)
        picket("backtest", "--no-cache", "--data", self.data, "--rules", broken, code=2)
        picket("export", "--data", self.data, "--query", "a | count", code=3)
        picket("export", "--data", self.data, "--format", "xml", code=3)

    def test_export(self):
        events = sum(json.loads(line)["stored"] for line in picket("ledger", "--json", "--data", self.data).stdout.splitlines())
        for form, key in (("ecs", "@timestamp"), ("ocsf", "class_uid")):
            lines = picket("export", "--format", form, "--data", self.data).stdout.splitlines()
            self.assertEqual(len(lines), events)
            self.assertTrue(all(key in json.loads(line) for line in lines))
        classes = {json.loads(line)["class_uid"] for line in lines}
        self.assertLessEqual({1007, 3002, 4001, 4002}, classes)
        some = picket("export", "--query", "sshd failed", "--data", self.data).stdout.splitlines()
        self.assertTrue(0 < len(some) < events)
        found = [json.loads(line) for line in
                 picket("export", "alerts", "--format", "ocsf", "--data", self.data).stdout.splitlines()]
        self.assertEqual({one["finding_info"]["uid"] for one in found}, {alert["id"] for alert in self.alerts})
        self.assertEqual({one["type_uid"] for one in found}, {200401})
        as_stored = [json.loads(line) for line in picket("export", "alerts", "--data", self.data).stdout.splitlines()]
        self.assertEqual(as_stored, self.alerts)


class BesideAServer(unittest.TestCase):
    def test_backtest_try_and_api(self):
        folder = pathlib.Path(tempfile.mkdtemp(prefix="picket-history-"))
        self.addCleanup(shutil.rmtree, folder, ignore_errors=True)
        rules = folder / "rules.yml"
        rules.write_text(RULE)
        server = Picket(BINARY, folder, CONFIG.replace("DATA", str(folder / "data")).replace("RULES", str(rules)))
        self.addCleanup(server.stop)
        server.start()
        body = "".join(f"<34>1 2026-01-01T00:{i // 60:02}:{i % 60:02}Z {'web' if i % 2 else 'lab'} app - - - "
                       f"login {'failed' if i % 3 else 'accepted'} for ann\n" for i in range(600))
        done = subprocess.run(["curl", "-sS", "--noproxy", "*", "--fail", "--data-binary", "@-",
                               f"http://127.0.0.1:{server.port('http')}/ingest"],
                              input=body.encode(), capture_output=True, timeout=60)
        self.assertEqual(done.returncode, 0, done.stderr)
        [found] = server.lines("backtest", "--no-cache", "--diff-live")
        self.assertEqual(found["totals"]["alerts"], 200)
        self.assertEqual((found["diff"]["same"], found["diff"]["new"], found["diff"]["gone"]), (200, 0, 0))
        [tried] = server.lines("rule", "try", "--rule", str(rules), "--limit", "2")
        [tried] = tried["rules"]
        self.assertEqual((tried["hits"], tried["events_of_log_source"], len(tried["samples"])), (200, 600, 2))
        self.assertEqual({field["field"]: field["present"] for field in tried["fields"]},
                         {"message": 600, "host.hostname": 600})
        lines = {(line["line"], line["wanted"]): line["events"] for line in tried["near_misses"]["lines"]}
        self.assertEqual(lines, {(7, " failed"): 100, (8, "web"): 200})

        base = json.loads((server.data / "server.json").read_text())["api"] + "/api/v1/backtests"
        token = (server.data / "admin-token").read_text().strip()

        def ask(method, path="", body=None):
            request = urllib.request.Request(base + path, method=method,
                                             data=None if body is None else json.dumps(body).encode(),
                                             headers={"Authorization": f"Bearer {token}"})
            with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=30) as answer:
                return answer.status, json.load(answer)

        def result(body):
            status, started = ask("POST", body=body)
            self.assertEqual(status, 202)
            path = "/" + started["id"]
            wait_for(lambda: ask("GET", path)[1]["status"] != "running", "the backtest to end")
            return path, ask("GET", path)[1]

        path, live = result({})
        self.assertEqual(live["status"], "done", live)
        self.assertEqual((live["result"]["diff"]["same"], live["result"]["diff"]["new"]), (200, 0))
        self.assertEqual(live["result"]["rules"][0]["samples"][0]["alert"]["rule"]["path"], str(rules))
        wider = RULE.replace("    host.hostname: web\n", "")
        _, edited = result({"rules": [{"name": "wider.yml", "text": wider}], "samples": 1})
        self.assertEqual((edited["result"]["diff"]["same"], edited["result"]["diff"]["new"]), (200, 200))
        self.assertEqual(edited["result"]["rules"][0]["rule"]["path"], "000-wider.yml")
        self.assertEqual(len(ask("GET")[1]["items"]), 2)
        self.assertEqual(ask("DELETE", path)[0], 200)
        with self.assertRaises(urllib.error.HTTPError) as gone:
            ask("GET", path)
        self.assertEqual(gone.exception.code, 404)
        with self.assertRaises(urllib.error.HTTPError) as wrong:
            ask("POST", body={"rule": "x"})
        self.assertEqual(wrong.exception.code, 400)


if __name__ == "__main__":
    BINARY = pathlib.Path(sys.argv.pop(1)).resolve()
    unittest.main(verbosity=2)
