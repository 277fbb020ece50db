#!/usr/bin/env python3
"""Indicators from outside: alerts of `picket scan` with their proof, `picket indicator`, `picket check`, and a list that
changes while `picket run` uses it.

Usage: indicator_test.py PICKET [unittest arguments]
"""
import http.client
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from picket_process import Picket, wait_for  # noqa: E402

BINARY = os.path.abspath(sys.argv.pop(1))
CONFIG = """
data: DATA
indicators:
  - {path: FOLDER/list.txt, name: mine, source: SOC, confidence: 90, level: critical}
sources:
  - {name: http, door: http, port: 0, layer: network}
api: {port: 0}
limits: {disk_reserve_mb: 1}
"""
CSV = """type,value,confidence,source,valid_from,valid_until,description
domain,evil.example,80,CERT,2026-01-01,2026-02-01,"first, second"
ip,203.0.113.7,,,,,
nonsense,x,,,,,
"""
EVENT = {"@timestamp": "2026-01-15T00:00:00Z", "dns": {"question": {"name": "www.EVIL.example"}}, "source": {"ip": "198.51.100.1"}}


YARA = 'rule wicked { meta: id = "wicked" strings: $a = "wicked" condition: $a }'


def at(second, event):
    return {"@timestamp": f"2026-01-15T00:00:{second:02}Z"} | event


def correlation(name, kind, rules, more=""):
    return f"""title: {name}
id: {name}
correlation:
  type: {kind}
  rules: {json.dumps(rules)}
  group-by: [source.ip]
  timespan: 10m
  generate: false
  {more}
level: high
"""


def api_of(test, picket):
    """ask(path) of a server that runs; ask(path, port, body) posts to a door."""
    port = int(json.loads((picket.data / "server.json").read_text())["api"].rpartition(":")[2])
    token = (picket.data / "admin-token").read_text().strip()

    def ask(path, at=port, body=None):
        connection = http.client.HTTPConnection("127.0.0.1", at, timeout=60)
        connection.request("POST" if body else "GET", path, body, {"Authorization": "Bearer " + token})
        answer = connection.getresponse()
        text = answer.read()
        connection.close()
        test.assertEqual(answer.status, 200, text)
        return json.loads(text) if body is None else None

    return ask


class Indicators(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="picket-indicators-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        (self.folder / "feed.csv").write_text(CSV, encoding="utf-8")

    def picket(self, *words, code=0):
        done = subprocess.run([BINARY, *words], cwd=self.folder, capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return done

    def scan(self, *events):
        (self.folder / "events.ndjson").write_text("".join(json.dumps(event) + "\n" for event in events))
        done = self.picket("scan", "--indicators", "feed.csv", "--stats", "stats.json", "events.ndjson")
        self.assertIn("1 indicator refused", done.stderr)
        alerts = [json.loads(line) for line in done.stdout.splitlines()]
        return [alert for alert in alerts if alert["kind"] == "indicator"]

    def test_scan_gives_the_indicator_as_proof(self):
        late = EVENT | {"@timestamp": "2026-02-01T00:00:00Z"}
        alert, = self.scan(EVENT, late)
        self.assertEqual((alert["rule"]["id"], alert["rule"]["level"]), ("indicators.feed.high", "high"))
        match, = alert["matches"]
        self.assertEqual((match["field"], match["line"], match["rule_field"]), ("dns.question.name", 2, "evil.example"))
        self.assertEqual(match["value"][slice(*match["span"])], "EVIL.example")
        self.assertEqual(match["indicator"],
                         {"type": "domain", "value": "evil.example", "source": "CERT", "confidence": 80,
                          "valid_from": "2026-01-01T00:00:00Z", "valid_until": "2026-02-01T00:00:00Z",
                          "description": "first, second"})
        stats = json.loads((self.folder / "stats.json").read_text())
        self.assertEqual((stats["indicators_loaded"], stats["indicators_refused"]), (2, 1))

    def correlate(self, events, *correlations, code=0):
        rules = self.folder / "rules"
        rules.mkdir(exist_ok=True)
        (rules / "words.yar").write_text(YARA)
        for number, text in enumerate(correlations):
            (rules / f"{number}.yml").write_text(text)
        (self.folder / "feed.csv").write_text("ip,confidence\n203.0.113.7,80\n203.0.113.8,40\n")
        (self.folder / "events.ndjson").write_text("".join(json.dumps(event) + "\n" for event in events))
        done = self.picket("scan", "--indicators", "feed.csv", "--rules", "rules", "events.ndjson", code=code)
        return [json.loads(line)["rule"]["id"] for line in done.stdout.splitlines()]

    def test_correlations_count_indicators_and_yara_rules(self):
        seen = {"source": {"ip": "192.0.2.1"}, "destination": {"ip": "203.0.113.7"}}
        script = seen | {"destination": {"ip": "203.0.113.8"},
                         "powershell": {"file": {"script_block_text": "say wicked words"}}}
        events = [at(0, seen), at(1, script), at(2, seen), at(3, seen | {"source": {"ip": "192.0.2.2"}})]
        feed = correlation("feed", "event_count", ["indicators.feed"], "condition: {gte: 3}")
        high = correlation("high", "event_count", ["indicators.feed.high"], "condition: {gte: 3}")
        both = correlation("both", "temporal", ["indicators.feed.medium", "wicked"])
        chain = correlation("chain", "event_count", ["feed"], "condition: {gte: 1}")
        self.assertEqual(sorted(self.correlate(events, feed, high)), ["feed", "wicked"])
        # A feed that is counted raises no alert of its own unless somebody wants it, as a rule does not.
        found = self.correlate(events, feed.replace("generate: false", "generate: true"), high)
        self.assertEqual(sorted(found), ["feed"] + 3 * ["indicators.feed.high"] + ["indicators.feed.medium", "wicked"])
        self.assertEqual(sorted(self.correlate(events, feed, both)), ["both", "feed"])
        self.assertEqual(sorted(self.correlate(events, feed, chain)), ["chain", "wicked"])

    def test_a_correlation_names_a_feed_that_is_there(self):
        (self.folder / "rules").mkdir()
        for name, word in (("other", "indicators.other"), ("level", "indicators.feed.huge"), ("yara", "wickd")):
            (self.folder / "rules" / f"{name}.yml").write_text(correlation(name, "event_count", [word], "condition: {gte: 1}"))
        (self.folder / "rules" / "over.yml").write_text(correlation("over", "event_count", ["yara"], "condition: {gte: 1}"))
        (self.folder / "rules" / "empty.yml").write_text(
            correlation("empty", "event_count", ["indicators.feed.critical"], "condition: {gte: 1}"))
        (self.folder / "rules" / "words.yar").write_text(YARA)
        said = self.picket("check", "rules", "--indicators", "feed.csv", code=2).stdout
        self.assertIn("refers to rule 'indicators.other', which is not loaded", said)
        self.assertIn("refers to rule 'indicators.feed.huge', which is not loaded", said)
        self.assertIn("refers to rule 'wickd', which is not loaded; did you mean 'wicked'", said)
        self.assertIn("refers to 'yara', which was refused", said)
        self.assertNotIn("empty.yml", said)

    def test_correlations_count_indicators_while_the_server_runs(self):
        """Also across a reload that replaces the feed, which makes another rule of it."""
        (self.folder / "rules").mkdir()
        (self.folder / "rules" / "feed.yml").write_text(
            correlation("feed", "event_count", ["indicators.mine"], "condition: {gte: 3}"))
        (self.folder / "list.txt").write_text("198.51.100.9\n")
        config = CONFIG.replace("DATA", str(self.folder / "data")).replace("FOLDER", str(self.folder))
        picket = Picket(BINARY, self.folder, config + f"rules: [{self.folder}/rules]\n")
        self.addCleanup(picket.stop)
        picket.start()
        ask = api_of(self, picket)
        status = ask("/api/v1/status")
        ingest = {door["name"]: door["port"] for door in status["doors"]}["http"]
        event = {"source": {"ip": "192.0.2.1"}, "destination": {"ip": "198.51.100.9"}}

        def send():
            ask("/ingest", ingest, json.dumps(event))

        def alerts():
            return ask("/api/v1/alerts?limit=100")["items"]

        for _ in range(2):
            send()
        wait_for(lambda: ask("/api/v1/status")["hits"] == 2, "two hits of the first list")
        (self.folder / "list.txt").write_text("# another list\n198.51.100.0/24\n")
        picket.process.send_signal(signal.SIGHUP)
        wait_for(lambda: ask("/api/v1/status")["rules"]["hash"] != status["rules"]["hash"], "the new list to be in use")
        self.assertEqual(alerts(), [])
        send()
        wait_for(alerts, "the alert of the correlation")
        alert, = alerts()
        self.assertEqual((alert["kind"], alert["rule"]["id"], len(alert["events"])), ("correlation", "feed", 3))

    def test_sysmon_fields(self):
        digest = "0123456789abcdef" * 4
        (self.folder / "feed.csv").write_text(f"sha256\n{digest}\nbad\n")
        alert, = self.scan({"Event": {"System": {"Channel": "Microsoft-Windows-Sysmon/Operational", "EventID": 1},
                                      "EventData": {"Hashes": f"MD5=00,SHA256={digest.upper()}", "Image": "x"}}})
        self.assertEqual(alert["matches"][0]["field"], "Hashes")

    def test_check_and_ls(self):
        done = self.picket("check", "--indicators", "feed.csv", code=2)
        self.assertIn("feed.csv:4: refused: bad-indicator: this type of indicator is not supported", done.stdout)
        self.assertIn("2 indicators of 1 feeds, 1 refused", done.stdout)
        done = self.picket("indicator", "check", "a.evil[.]example", "192.0.2.1", "--indicators", "feed.csv", code=1)
        self.assertIn("confidence 80, valid from 2026-01-01T00:00:00Z until 2026-02-01T00:00:00Z", done.stdout)
        self.assertIn("192.0.2.1: no feed holds it", done.stdout)
        done = self.picket("indicator", "check", "203.0.113.7", "--indicators", "feed.csv", "--json", code=1)
        self.assertEqual(json.loads(done.stdout)["indicator"], {"type": "ip", "value": "203.0.113.7", "source": "feed"})
        self.picket("indicator", "check", "192.0.2.1", "--indicators", "feed.csv")
        self.picket("indicator", "check", "???", "--indicators", "feed.csv", code=3)
        self.picket("indicator", "check", "192.0.2.1", "--indicators", "none.csv", code=3)
        listed = json.loads(self.picket("indicator", "ls", "--indicators", "feed.csv", "--json").stdout)
        self.assertEqual((listed["name"], listed["format"], listed["indicators"], listed["refused"]), ("feed", "csv", 2, 1))

    def test_configuration_is_checked(self):
        config = self.folder / "picket.yaml"
        config.write_text("indicators:\n  - {path: feed.csv, level: huge, valid_for: soon, format: xml, expires: never}\n  - {name: x}\n")
        done = self.picket("check", "--config", str(config), code=3)
        for expected in ("level 'huge' is unknown", "`valid_for` is a number of days or hours", "format 'xml' is unknown",
                         "`expires` is a time such as", "'path' is missing"):
            self.assertIn(expected, done.stdout)

    def test_a_list_changes_while_the_server_runs(self):
        (self.folder / "list.txt").write_text("198.51.100.99\n")
        picket = Picket(BINARY, self.folder, CONFIG.replace("DATA", str(self.folder / "data")).replace("FOLDER", str(self.folder)))
        self.addCleanup(picket.stop)
        picket.start()
        ask = api_of(self, picket)

        def send(address):
            ask("/ingest", ingest, json.dumps({"source": {"ip": address}}))

        def alerts():
            return ask("/api/v1/alerts?limit=100")["items"]

        status = ask("/api/v1/status")
        ingest = {door["name"]: door["port"] for door in status["doors"]}["http"]
        send("198.51.100.7")
        send("198.51.100.99")
        wait_for(lambda: len(alerts()) == 1, "the alert of the first list")
        (self.folder / "list.txt").write_text("# new\n198.51.100.0/29\n")
        picket.process.send_signal(signal.SIGHUP)
        wait_for(lambda: ask("/api/v1/status")["rules"]["hash"] != status["rules"]["hash"], "the new list to be in use")
        send("198.51.100.99")
        send("198.51.100.7")
        wait_for(lambda: len(alerts()) == 2, "the alert of the second list")
        alert = alerts()[0]
        self.assertEqual((alert["kind"], alert["rule"]["id"], alert["rule"]["level"]), ("indicator", "indicators.mine", "critical"))
        proof = ask(f"/api/v1/alerts/{alert['id']}/proof")
        match, = proof["events"][0]["matches"]
        self.assertEqual(match["indicator"], {"type": "cidr", "value": "198.51.100.0/29", "source": "SOC", "confidence": 90})
        self.assertEqual(proof["rules"][match["rule"]]["lines"][match["line"] - 1], "198.51.100.0/29")
        self.assertIn(["l", "198.51.100.7"], proof["events"][0]["raw"])


if __name__ == "__main__":
    unittest.main(verbosity=2)
