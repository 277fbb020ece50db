#!/usr/bin/env python3
"""`picket purge`, end to end: asked for, refused, approved by two, carried out, proven by the chain.

Usage: purge_server_test.py PICKET [unittest arguments]
"""

import json
import os
import pathlib
import shutil
import socket
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from picket_process import DEFAULT_CONFIG, Picket, wait_for  # noqa: E402

BINARY = os.path.abspath(sys.argv.pop(1))


class Purge(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="picket-purge-"))
        self.addCleanup(shutil.rmtree, self.folder)
        config = DEFAULT_CONFIG.replace("DATA", str(self.folder / "data")) + "watch_sources: false\n"
        self.picket = Picket(BINARY, self.folder, config)
        self.addCleanup(self.picket.stop)
        approvers = [json.loads(self.run_picket("approver", "token", name, "--json").stdout) for name in ("an", "binh")]
        lines = "".join(f"  - {{name: {one['name']}, token_sha256: {one['token_sha256']}}}\n" for one in approvers)
        self.picket.config.write_text(config + "approvers:\n" + lines)
        for one in approvers:
            (self.folder / one["name"]).write_text(one["token"] + "\n")
        (self.folder / "wrong").write_text("not a token\n")

    def run_picket(self, *words, code=0):
        done = self.picket.run(*words, check=False)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return done

    def purge(self, *words, code=0):
        return self.run_picket("purge", *words, "--data", str(self.picket.data), code=code)

    def token(self, name):
        return ("--token-file", str(self.folder / name))

    def test_from_asking_to_the_proof(self):
        self.picket.start()
        with socket.create_connection(("127.0.0.1", self.picket.port("tcp"))) as connection:
            connection.sendall(b"<13>Jan  1 09:14:41 web sshd[1]: a line\n")
        wait_for(lambda: self.picket.ledger().get("tcp", {}).get("stored") == 1, "the record to be stored")
        self.assertIn("there are no purges", self.purge("ls").stdout)
        self.assertIn("no source 'tpc'", self.purge("request", "--source", "tpc", "--reason", "x", code=3).stderr)
        asked = self.purge("request", "--source", "tcp", "--reason", "case 12").stdout
        self.assertIn("1 record (", asked)
        self.assertIn("0 of 2 approvals", asked)
        self.assertIn("1 purge waits for approval", self.picket.run("status", "--data", str(self.picket.data)).stdout)
        self.assertIn("none of the approvers", self.purge("approve", "1", *self.token("wrong"), code=4).stderr)
        self.assertIn("there is no purge '7'", self.purge("approve", "7", *self.token("an"), code=3).stderr)
        self.assertIn("1 of 2 approvals: an", self.purge("approve", "1", *self.token("an")).stdout)
        self.assertIn("'an' has approved", self.purge("approve", "1", *self.token("an"), code=4).stderr)
        self.assertEqual(len(self.picket.search("")), 1)
        self.assertEqual(self.picket.stop(), 0)
        self.purge("approve", "1", *self.token("binh"), code=4)
        self.picket.start()
        approved = json.loads(self.purge("approve", "1", *self.token("binh"), "--json").stdout)
        self.assertEqual([one["approver"] for one in approved["approvals"]], ["an", "binh"])
        wait_for(lambda: self.picket.api("purges")["items"][0]["state"] == "done", "the purge to be carried out")
        self.assertEqual(self.picket.api("purges")["items"][0]["removed"]["records"], 1)
        self.assertEqual(self.picket.api("status")["purges"], {"waiting": 0, "records": 1})
        self.assertEqual(self.picket.search(""), [])
        self.purge("request", "--reason", "all of it")
        self.assertIn("rejected by an: no", self.purge("reject", "2", *self.token("an"), "--reason", "no").stdout)
        self.assertEqual(self.picket.stop(), 0)
        states = [json.loads(line)["state"] for line in self.purge("ls", "--json").stdout.splitlines()]
        self.assertEqual(states, ["done", "rejected"])
        self.run_picket("verify", "--data", str(self.picket.data))
        secrets = [(self.folder / name).read_text().strip() for name in ("an", "binh")]
        kept = b"".join(path.read_bytes() for path in self.picket.data.rglob("*") if path.is_file())
        for secret in secrets:
            self.assertNotIn(secret.encode(), kept)

    def test_nobody_is_two_approvers(self):
        digest = "0" * 64
        for lines, words in ((f"[{{name: an, token_sha256: '{digest}'}}, {{name: binh, token_sha256: '{digest}'}}]", "the same token"),
                             (f"[{{name: an, token_sha256: '{digest}'}}, {{name: an, token_sha256: '{'1' * 64}'}}]", "two approvers are named"),
                             ("[{name: an, token_sha256: ABC}]", "64 hexadecimal digits")):
            wrong = self.folder / "wrong.yaml"
            wrong.write_text(f"approvers: {lines}\n")
            self.assertIn(words, self.run_picket("run", "--config", str(wrong), code=3).stderr)
        self.run_picket("approver", "token", "a b", code=3)


if __name__ == "__main__":
    unittest.main()
