#!/usr/bin/env python3
"""Documents, columns and GELF against a real server: what comes in together is found one by one, also behind a restart.

Usage: formats_test.py PICKET [unittest arguments]
"""

import gzip
import json
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import tempfile
import unittest
import zlib

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from picket_process import Picket, wait_for  # noqa: E402

BINARY = None
CONFIG = """
data: FOLDER/data
sources:
  - {name: gelf-udp, door: gelf_udp, port: 0}
  - {name: gelf-tcp, door: gelf_tcp, port: 0}
  - {name: http, door: http, port: 0}
  - {name: trail, door: file, path: FOLDER/trail.json}
  - {name: iis, door: file, path: FOLDER/u_ex.log}
  - {name: vpn, door: file, path: FOLDER/vpn.csv, format: csv}
  - {name: exports, door: file, path: FOLDER/exports.csv, format: csv, definition: own-csv}
definitions: [FOLDER/definitions]
api: {port: 0}
limits: {disk_reserve_mb: 1}
"""

OWN = """
name: own-csv
dataset: own.export
layer: application
steps:
  - csv: {separator: ";"}
  - convert: {address: ip to source.ip}
"""


def message(number):
    return json.dumps({"version": "1.1", "host": "app-1", "short_message": f"message {number} " + "x" * 600,
                       "timestamp": 1772359200.25, "level": 3, "_user": "ann", "_src_ip": f"192.0.2.{number}"}).encode()


def chunks(payload, key, size=100):
    parts = [payload[at:at + size] for at in range(0, len(payload), size)]
    return [b"\x1e\x0f" + key + bytes([n, len(parts)]) + part for n, part in enumerate(parts)]


class FormatsTest(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="picket-formats-"))
        (self.folder / "definitions").mkdir()
        (self.folder / "definitions/own-csv.yaml").write_text(OWN)
        self.picket = Picket(BINARY, self.folder, CONFIG.replace("FOLDER", str(self.folder)))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.addCleanup(self.picket.stop)
        self.picket.start()

    def events(self, source, count):
        def stored():
            return self.picket.ledger().get(source, {}).get("stored", 0) >= count
        wait_for(stored, f"{count} records of {source}")
        return [event for event in self.picket.search("*") if event["picket"]["source"] == source]

    def test_gelf(self):
        udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.addCleanup(udp.close)
        udp.connect(("127.0.0.1", self.picket.port("gelf-udp")))
        udp.send(message(1))
        udp.send(zlib.compress(message(2)))
        udp.send(gzip.compress(message(3)))
        for datagram in reversed(chunks(message(4), b"aaaaaaaa") + chunks(gzip.compress(message(5)), b"bbbbbbbb")):
            udp.send(datagram)
        udp.send(chunks(message(6), b"cccccccc")[0])  # never whole
        with socket.create_connection(("127.0.0.1", self.picket.port("gelf-tcp"))) as tcp:
            tcp.sendall(message(7) + b"\0" + message(8) + b"\0")
        events = self.events("gelf-udp", 5) + self.events("gelf-tcp", 2)
        self.assertEqual(sorted(event["source"]["ip"] for event in events), [f"192.0.2.{n}" for n in (1, 2, 3, 4, 5, 7, 8)])
        for event in events:
            self.assertEqual(event["event"]["dataset"], "gelf.log")
            self.assertEqual([event["host"]["name"], event["user"]["name"], event["log"]["level"]], ["app-1", "ann", "error"])
            self.assertTrue(event["@timestamp"].startswith("2026-03-01T10:00:00.25"))
        self.picket.stop()
        ledger = self.picket.ledger()["gelf-udp"]
        self.assertEqual(ledger["dropped"], {"chunk_expired": 1})
        self.assertEqual(ledger["residual"], 0)

    def test_what_is_no_address_is_none(self):
        with socket.create_connection(("127.0.0.1", self.picket.port("gelf-tcp"))) as tcp:
            tcp.sendall(message(1) + b"\0" + message(1).replace(b"192.0.2.1", b"999.1.1.1") + b"\0")
        events = self.events("gelf-tcp", 2)
        self.assertEqual(sorted((event["_src_ip"], event.get("source", {}).get("ip")) for event in events),
                         [("192.0.2.1", "192.0.2.1"), ("999.1.1.1", None)])
        self.assertEqual(len(self.picket.search("source.ip:*")), 1)
        self.assertEqual(self.picket.search("source.ip:999.1.1.1"), [])
        self.assertEqual(len(self.picket.search("_src_ip:999.1.1.1")), 1)

    def test_documents_and_columns_behind_a_restart(self):
        trail, iis = self.folder / "trail.json", self.folder / "u_ex.log"
        trail.write_text('{"Records": [\n  {"eventName": "one"},\n  {"eventName": "two"')
        iis.write_text("#Software: x\r\n#Fields: date time c-ip cs-method cs-uri-stem s-port sc-status\r\n"
                       "2026-03-01 10:00:00 198.51.100.1 GET /a 80 200\r\n", newline="")
        self.events("trail", 1)
        self.events("iis", 3)
        self.picket.kill()
        with trail.open("a") as more:
            more.write('},\n  {"eventName": "three"}\n ]\n}\n')
        with iis.open("a", newline="") as more:
            more.write("2026-03-01 10:00:01 198.51.100.2 GET /b 80 404\r\n")
        self.picket.start()
        self.assertEqual([event["event"]["original"] for event in reversed(self.events("trail", 3))],
                         ['{"eventName": "one"}', '{"eventName": "two"}', '{"eventName": "three"}'])
        found = {event["source"]["ip"]: event["http"]["response"]["status_code"]
                 for event in self.events("iis", 4) if "source" in event}
        self.assertEqual(found, {"198.51.100.1": 200, "198.51.100.2": 404})

    def test_the_first_line_of_csv_behind_a_restart(self):
        vpn, exports = self.folder / "vpn.csv", self.folder / "exports.csv"
        vpn.write_text("user,src_ip\nann,198.51.100.1\n")
        exports.write_text("address;what\n198.51.100.2;one\n")
        self.events("vpn", 2)
        self.events("exports", 2)
        self.picket.kill()
        with vpn.open("a") as more:
            more.write("bob,198.51.100.3\n")
        with exports.open("a") as more:
            more.write("198.51.100.4;two\n")
        self.picket.start()
        found = {event["source"]["ip"]: event["user"]["name"] for event in self.events("vpn", 3) if "source" in event}
        self.assertEqual(found, {"198.51.100.1": "ann", "198.51.100.3": "bob"})
        found = [event["source"]["ip"] for event in reversed(self.events("exports", 3)) if "source" in event]
        self.assertEqual(found, ["198.51.100.2", "198.51.100.4"])
        done = subprocess.run(["curl", "-sS", "--noproxy", "*", "--data-binary", "@-",
                               f"http://127.0.0.1:{self.picket.port('http')}/ingest?source=vpn"],
                              input=b"src_ip,user\n198.51.100.5,eve\n", capture_output=True, timeout=60)
        self.assertEqual(json.loads(done.stdout), {"accepted": 2})
        found = [event for event in self.events("vpn", 5) if event.get("user", {}).get("name") == "eve"]
        self.assertEqual([event["source"]["ip"] for event in found], ["198.51.100.5"])

    def test_a_body_of_documents(self):
        body = '{"@odata.context":"x","value":[{"id":1},{"id":2}]}\n{\n "id": 3\n}\n'
        done = subprocess.run(["curl", "-sS", "--noproxy", "*", "--data-binary", "@-",
                               f"http://127.0.0.1:{self.picket.port('http')}/ingest"],
                              input=body.encode(), capture_output=True, timeout=60)
        self.assertEqual(json.loads(done.stdout), {"accepted": 3})
        self.assertEqual({event["event"]["original"] for event in self.events("http", 3)},
                         {'{"id":1}', '{"id":2}', '{\n "id": 3\n}'})


if __name__ == "__main__":
    BINARY = os.path.abspath(sys.argv.pop(1))
    unittest.main()
