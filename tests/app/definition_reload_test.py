#!/usr/bin/env python3
"""Source definitions that change under a running server: what reads stored records goes by those in use.

Usage: definition_reload_test.py PICKET [unittest arguments]
"""

import os
import pathlib
import shutil
import signal
import socket
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from picket_process import Picket, wait_for  # noqa: E402

BINARY = None
CONFIG = """
data: DATA
rules: [FOLDER/rules]
definitions: [FOLDER/sources]
sources:
  - {name: tcp, door: syslog_tcp, port: 0, layer: server}
api: {port: 0}
limits: {disk_reserve_mb: 1}
"""
RULE = """
title: Needle
id: needle
level: informational
logsource: {product: linux}
detection: {sel: [needle], condition: sel}
"""
DEFINITION = """
name: own-gate
dataset: own.gate
layer: network
recognise: {contains: ["own-gate "]}
steps:
  - pattern: 'own-gate %{word:FIELD}'
"""


class DefinitionReloadTest(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="picket-definitions-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        (self.folder / "rules").mkdir()
        (self.folder / "rules" / "needle.yml").write_text(RULE)
        (self.folder / "sources").mkdir()
        self.define("event.action")
        config = CONFIG.replace("DATA", str(self.folder / "data")).replace("FOLDER", str(self.folder))
        self.picket = Picket(BINARY, self.folder, config)
        self.addCleanup(self.picket.stop)
        self.picket.start()

    def define(self, field):
        (self.folder / "sources" / "gate.yaml").write_text(DEFINITION.replace("FIELD", field))

    def reload(self):
        done = self.picket.api("status")["rules"]["reloads"]
        self.picket.process.send_signal(signal.SIGHUP)
        wait_for(lambda: self.picket.api("status")["rules"]["reloads"] > done, "the reload")

    def found(self, query):
        return len(self.picket.api("events?q=" + query)["items"])

    def test_searches_follow_the_definitions(self):
        with socket.create_connection(("127.0.0.1", self.picket.port("tcp")), timeout=60) as connection:
            connection.sendall(b"<13>1 - host gate - - - own-gate opened\n")
        wait_for(lambda: self.found("own-gate") == 1, "the record")
        self.assertEqual((self.found("event.action:opened"), self.found("user.name:opened")), (1, 0))
        self.define("user.name")
        self.assertEqual((self.found("event.action:opened"), self.found("user.name:opened")), (1, 0))
        self.reload()
        self.assertEqual((self.found("event.action:opened"), self.found("user.name:opened")), (0, 1))
        # The command line reads the store as the server on it does, also when nobody says where its
        # configuration is, and when it runs no more.
        self.assertEqual(len(self.picket.search("user.name:opened")), 1)
        self.picket.stop()
        self.assertEqual(len(self.picket.search("user.name:opened")), 1)
        shutil.rmtree(self.folder / "sources")
        self.assertEqual(len(self.picket.search("own-gate")), 1)


if __name__ == "__main__":
    BINARY = os.path.abspath(sys.argv.pop(1))
    unittest.main(verbosity=2)
