#!/usr/bin/env python3
"""Records beyond every bound of the parser, through a running server: none is lost, each is counted with its reason.

Usage: bounds_test.py PICKET [unittest arguments]
"""

import json
import os
import pathlib
import shutil
import sys
import tempfile
import unittest
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from picket_process import Picket, wait_for  # noqa: E402

BINARY = None
CONFIG = """
data: DATA
sources:
  - {name: app, door: file, path: FOLDER/app.log, layer: application}
api: {port: 0}
limits: {disk_reserve_mb: 1}
"""
RECORDS = {
    "nesting": '{"a":' * 100 + "1" + "}" * 100,
    "fields": json.dumps({f"k{i}": 1 for i in range(3000)}),
    "field_name": json.dumps({"n" * 600: 1, "b": 2}),
    "size": json.dumps({"a": "x" * 70_000}),
}


class BoundsTest(unittest.TestCase):
    def test_each_is_kept_and_counted(self):
        folder = pathlib.Path(tempfile.mkdtemp(prefix="picket-bounds-"))
        self.addCleanup(shutil.rmtree, folder, ignore_errors=True)
        (folder / "app.log").write_text("".join(line + "\n" for line in [*RECORDS.values(), '{"fine": 1}']))
        (folder / "rules").mkdir()
        (folder / "rules" / "one.yml").write_text(
            "title: One\nid: one\nlogsource: {product: linux}\ndetection: {sel: [needle], condition: sel}\n")
        config = CONFIG.replace("DATA", str(folder / "data")).replace("FOLDER", str(folder))
        picket = Picket(BINARY, folder, config + f"rules: [{folder}/rules]\n")
        self.addCleanup(picket.stop)
        picket.start()
        wait_for(lambda: [s for s in picket.api("status")["sources"] if s["records"] == 5], "the records")
        source = picket.api("status")["sources"][0]
        self.assertEqual(source["limits"], {reason: 1 for reason in RECORDS})
        self.assertEqual(source["limited"], 4)
        self.assertEqual((source["raw"], source["nobodys"], source["recognised"]), (3, 2, 0))

        base = json.loads((picket.data / "server.json").read_text())["api"]
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(base + "/metrics", timeout=30) as answer:
            metrics = answer.read().decode().splitlines()
        for reason in RECORDS:
            self.assertIn(f'picket_records_limited_total{{source="app",reason="{reason}"}} 1', metrics)
        self.assertIn('picket_records_read_total{source="app",as="raw"} 3', metrics)
        shown = picket.run("status", "--data", str(picket.data)).stdout
        self.assertIn("4 records of source 'app' met a bound of the parser: ", shown)
        shown = picket.run("--lang", "vi", "status", "--data", str(picket.data)).stdout
        self.assertIn("độ sâu lồng nhau 1", shown)

        # Their bytes are all there, but what the door cut off, which says how long it was.
        for reason, record in RECORDS.items():
            found = picket.search(f"picket.limits:{reason}")
            self.assertEqual(len(found), 1, reason)
            kept = found[0]["event"]["original"]
            self.assertTrue(record.startswith(kept), reason)
            self.assertEqual(found[0]["picket"].get("truncated_from", len(kept)), len(record), reason)


if __name__ == "__main__":
    BINARY = os.path.abspath(sys.argv.pop(1))
    unittest.main(verbosity=2)
