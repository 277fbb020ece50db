#!/usr/bin/env python3
"""picket scan as people type it: which words are rules and which are files."""
import json
import os
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


if __name__ == "__main__":
    unittest.main()
