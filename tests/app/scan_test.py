#!/usr/bin/env python3
"""picket scan as people type it: which words are rules and which are files."""
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

BINARY = os.path.abspath(sys.argv.pop(1))
RULE = """title: Says %s
id: 00000000-0000-4000-8000-00000000000%d
logsource: {category: test}
detection:
    sel:
        word: %s
    condition: sel
level: low
"""


class Scan(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        for number, word in enumerate(("alpha", "beta"), 1):
            self.write(f"{word}.yml", RULE % (word, number, word))
            self.write(f"{word}.ndjson", json.dumps({"word": word}) + "\n")

    def tearDown(self):
        self.folder.cleanup()

    def write(self, name, text):
        with open(os.path.join(self.folder.name, name), "w", encoding="utf-8") as file:
            file.write(text)

    def scan(self, *words):
        done = subprocess.run([BINARY, "scan", "--taxonomy", "none", "--stats", "stats.json", *words], cwd=self.folder.name,
                              capture_output=True, text=True, timeout=60)
        self.assertIn(done.returncode, (0, 1), done.stderr)
        alerts = [json.loads(line) for line in done.stdout.splitlines()]
        with open(os.path.join(self.folder.name, "stats.json"), encoding="utf-8") as file:
            return sorted(alert["rule"]["name"] for alert in alerts), json.load(file)

    def test_files_after_rules_are_files(self):
        found, stats = self.scan("--rules", "alpha.yml", "alpha.ndjson", "beta.ndjson")
        self.assertEqual(found, ["Says alpha"])
        self.assertEqual((stats["events"], stats["rules_loaded"], stats["rules_refused"]), (2, 1, 0))

    def test_rules_many_times(self):
        found, stats = self.scan("--rules", "alpha.yml", "--rules", "beta.yml", "beta.ndjson", "alpha.ndjson")
        self.assertEqual(found, ["Says alpha", "Says beta"])
        self.assertEqual(stats["rules_loaded"], 2)

    SYSTEMS = """systems:
  - name: portal
    title: {en: Portal, vi: Cổng}
    level: 4
    owner: {name: An, email: an@example.org, language: vi}
    assets: {hosts: [web-01]}
"""
    LOGIN = """title: A login with a key
id: 00000000-0000-4000-8000-000000000003
logsource: {product: linux, service: sshd}
detection:
    sel: ['Accepted publickey']
    condition: sel
level: high
"""

    def incidents(self, *words):
        self.write("login.yml", self.LOGIN)
        self.write("auth.log", "".join(
            f"<38>Nov 20 1{hour}:00:00 web-0{host} sshd[7]: Accepted publickey for user{host} from 192.0.2.{host} port 4000 ssh2\n"
            for hour, host in ((2, 1), (1, 2), (0, 1))))
        return subprocess.run([BINARY, "scan", "--rules", "login.yml", "--incidents", "found.ndjson", *words, "auth.log"],
                              cwd=self.folder.name, capture_output=True, text=True, timeout=60)

    def found(self):
        with open(os.path.join(self.folder.name, "found.ndjson"), encoding="utf-8") as file:
            return [json.loads(line) for line in file]

    def test_incidents_of_the_alerts(self):
        self.write("systems.yaml", self.SYSTEMS)
        done = self.incidents("--systems", "systems.yaml")
        self.assertEqual(done.returncode, 0, done.stderr)
        alerts = [json.loads(line) for line in done.stdout.splitlines()]
        found = self.found()
        self.assertEqual([(one["number"], one["alert_count"], one.get("system", "")) for one in found],
                         [(1, 2, "portal"), (2, 1, "")])
        self.assertEqual(sorted(entry["alert"] for one in found for entry in one["timeline"]),
                         sorted(alert["id"] for alert in alerts))
        self.assertEqual(found[0]["owner"], "An")
        path = pathlib.Path(self.folder.name, "found.ndjson")
        first = path.read_bytes()
        self.incidents("--systems", "systems.yaml")
        self.assertEqual(path.read_bytes(), first)

    def test_a_wrong_register_is_refused_with_all_its_errors(self):
        self.write("systems.yaml", self.SYSTEMS.replace("level: 4", "level: 9").replace("an@example.org", "nobody"))
        done = self.incidents("--systems", "systems.yaml")
        self.assertEqual(done.returncode, 3, done.stderr)
        self.assertIn("systems.yaml:4:", done.stderr)
        self.assertIn("systems.yaml:5:", done.stderr)


if __name__ == "__main__":
    unittest.main()
