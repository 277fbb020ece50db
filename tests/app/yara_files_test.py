#!/usr/bin/env python3
"""picket yara: what is found in files, and what could not be looked at."""
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

BINARY = os.path.abspath(sys.argv.pop(1))
RULES = """
rule wicked { meta: id = "wicked" title = "A wicked word" level = "high" strings: $a = "wicked" condition: $a }
rule slow { meta: id = "slow" strings: $a = /(a.?b.?){20}c/ condition: $a }
"""


class Yara(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.folder = pathlib.Path(temporary.name)
        (self.folder / "rules").mkdir()
        (self.folder / "rules" / "rules.yar").write_text(RULES)
        (self.folder / "files" / "deep").mkdir(parents=True)

    def write(self, name, content):
        (self.folder / "files" / name).write_bytes(content)

    def yara(self, *words, code, path="files"):
        done = subprocess.run([BINARY, "yara", "--rules", "rules", *words, path], cwd=self.folder, capture_output=True,
                              text=True, timeout=60)
        self.assertEqual(done.returncode, code, done.stderr + done.stdout)
        return done

    def states(self, *words, code):
        lines = self.yara("--json", *words, code=code).stdout.splitlines()
        return {pathlib.Path(line["path"]).name: line for line in map(json.loads, lines)}

    def test_clean_files(self):
        self.write("a", b"nothing here")
        self.write("deep/b", b"")
        found = self.states(code=0)
        self.assertEqual({name: file["state"] for name, file in found.items()}, {"a": "clean", "b": "clean"})
        self.assertEqual(self.yara(code=0).stdout, "")

    def test_a_match_says_where(self):
        self.write("deep/b", b"not \x00 wicked but wicked")
        match, = self.states(code=1)["b"]["matches"]
        self.assertEqual(match["rule"]["id"], "wicked")
        self.assertEqual([(s["identifier"], s["offset"], s["length"]) for s in match["strings"]],
                         [("$a", 6, 6), ("$a", 17, 6)])
        self.assertIn("A wicked word $a@6 $a@17", self.yara(code=1).stdout)

    def test_what_was_not_looked_at_is_not_clean(self):
        self.write("big", b"x" * 2000)
        self.write("small", b"x")
        found = self.states("--max-bytes", "1000", code=1)
        self.assertEqual((found["big"]["state"], found["small"]["state"]), ("too_large", "clean"))
        text = self.yara("--max-bytes", "1000", code=1)
        self.assertIn("not clean: too large", text.stdout)
        self.assertIn("not scanned to the end: 1", text.stderr)

    def test_time_runs_out(self):
        self.write("hard", b"abab abab " * 1_000_000)
        self.assertEqual(self.states("--timeout", "1", code=1)["hard"]["state"], "timed_out")

    def test_a_broken_rule_file_does_not_stop_the_others(self):
        (self.folder / "rules" / "broken.yar").write_text("rule {")
        self.write("a", b"wicked")
        done = self.yara("--json", code=2)
        self.assertEqual(json.loads(done.stdout)["state"], "matched")
        self.assertIn("broken.yar:1", done.stderr)

    def test_no_such_path(self):
        self.assertIn("nowhere", self.yara(code=3, path="nowhere").stderr)

    def test_escapes_what_it_shows(self):
        self.write("a\x1b[2Jb", b"wicked")
        self.assertNotIn("\x1b[2J", self.yara(code=1).stdout)


if __name__ == "__main__":
    unittest.main()
