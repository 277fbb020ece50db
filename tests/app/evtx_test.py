#!/usr/bin/env python3
"""Windows event logs (.evtx): the same events as in JSON, and files that are none, cut off or damaged."""
import json
import os
import pathlib
import random
import subprocess
import sys
import tempfile
import unittest

BINARY = os.path.abspath(sys.argv.pop(1))
DATA = pathlib.Path(__file__).resolve().parents[2] / "../shared/data/sigma-regression/regression_data"
PAIRS_MAX = 40  # of the recordings, spread over all


def picket(*words, code=0):
    done = subprocess.run([BINARY, *map(str, words)], capture_output=True, timeout=60, check=False)
    assert done.returncode == code, (done.returncode, done.stderr)
    return done.stdout.decode("utf-8", "replace").splitlines(), done.stderr.decode("utf-8", "replace")


def flat(value, name="", into=None):
    into = {} if into is None else into
    if isinstance(value, dict):
        for key, member in value.items():
            flat(member, f"{name}.{key}" if name else key, into)
    else:
        into[name] = value
    return into


def plain(value):
    """evtx_dump writes GUIDs without braces, times to the microsecond, and drops blanks at the end of a text."""
    return str(value).strip(" {}")[:26] if "T" in str(value)[10:11] else str(value).strip(" {}")


class Evtx(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.folder = pathlib.Path(temporary.name)

    def recordings(self):
        files = sorted(DATA.glob("**/*.evtx"))
        if not files:
            self.skipTest(f"there is no third-party data at {DATA}")
        return files[::max(1, len(files) // PAIRS_MAX)]

    def test_the_same_events_as_in_json(self):
        values = 0
        for path in self.recordings():
            ours, theirs = (list(map(json.loads, picket("parse", path.with_suffix(s))[0])) for s in (".evtx", ".json"))
            self.assertEqual(len(ours), len(theirs), path)
            for one, other in zip(map(flat, ours), map(flat, theirs)):
                for name, value in other.items():
                    if name.startswith("Event.") or name in ("event.original", "event.ingested", "picket.source"):
                        continue
                    self.assertEqual(plain(one.get(name)), plain(value), (path, name))
                    values += 1
                self.assertTrue(one["event.original"].startswith("<Event "), path)
        self.assertGreater(values, 500)

    def test_rules_see_it(self):
        path = self.recordings()[0]
        (self.folder / "rule.yml").write_text(
            "title: Any\nid: 1f0c1a0e-8d0c-4a58-9f0e-6a2d1d3b7c55\nlogsource: {product: windows}\n"
            "detection: {any: ['Microsoft-Windows-'], condition: any}\nlevel: high\n")
        alerts, _ = picket("scan", "--rules", self.folder / "rule.yml", path)
        self.assertTrue(alerts)

    def test_files_that_are_none(self):
        for name, content in {"magic": b"ElfFile\0", "zeros": b"ElfFile\0" + bytes(8192),
                              "ones": b"ElfFile\0" + b"\xff" * 100000}.items():
            path = self.folder / f"{name}.evtx"
            path.write_bytes(content)
            lines, errors = picket("parse", path, code=3)
            self.assertEqual(lines, [])
            self.assertIn(path.name, errors)
        path = self.folder / "text.evtx"  # the bytes decide, not the name
        path.write_text("a line\n")
        self.assertEqual(len(picket("parse", path)[0]), 1)

    def test_damage_ends_the_file_and_nothing_else(self):
        chance = random.Random(7)
        content = bytearray(self.recordings()[0].read_bytes())
        path = self.folder / "damaged.evtx"
        for _ in range(15):
            damaged = bytearray(content[:chance.randrange(4096, len(content))] if chance.random() < 0.3 else content)
            for _ in range(chance.choice([1, 10, 100])):
                damaged[chance.randrange(len(damaged))] = chance.randrange(256)
            path.write_bytes(damaged)
            done = subprocess.run([BINARY, "parse", str(path)], capture_output=True, timeout=60, check=False)
            self.assertIn(done.returncode, (0, 3), done.stderr)
            for line in done.stdout.decode("utf-8", "replace").splitlines():
                json.loads(line)


if __name__ == "__main__":
    unittest.main()
