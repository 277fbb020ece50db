#!/usr/bin/env python3
"""picket parse with source definitions of one's own: read, shown step by step, replaced, refused; and what nobody knows.

Usage: parse_test.py PICKET [unittest arguments]
"""

import json
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

BINARY = None
GATE = """name: own-gate
dataset: own.gate
layer: network
recognise: {contains: ["own-gate "]}
steps:
  - pattern: 'own-gate %{word:event.action} %{ip:source.ip}'
"""
LINES = """own-gate open 192.0.2.1
something 1 else here
something 22 else here
own-gate odd
"""


class ParseTest(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="picket-parse-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.definitions = self.folder / "sources"
        self.definitions.mkdir()
        self.write("gate.yaml", GATE)
        self.log = self.folder / "gate.log"
        self.log.write_text(LINES)

    def write(self, name, text):
        (self.definitions / name).write_text(text)

    def run_picket(self, *words):
        return subprocess.run([str(BINARY), *words], capture_output=True, text=True, timeout=60)

    def parse(self, *words):
        done = self.run_picket("parse", str(self.log), *words)
        self.assertEqual(done.returncode, 0, done.stderr)
        return [json.loads(line) for line in done.stdout.splitlines()]

    def own(self):
        return ["--definitions", str(self.definitions)]

    def test_documents_are_split_into_records(self):
        first, second = '{"eventName": "A", "n": [1, {"x": "}"}]}', '{\n  "eventName": "B"\n }'
        for text in ('{"Records": [%s, %s]}', '[%s,\r\n%s]\n', '%s\n%s\n', '\ufeff{"value":[%s,%s],"@odata.nextLink":"x"}'):
            self.log.write_text(text % (first, second), newline="")
            self.assertEqual([event["event"]["original"] for event in self.parse()], [first, second])
        self.log.write_text('{"Records": [%s, {"broken"}, %s]}' % (first, second))
        self.assertEqual([event["event"]["original"] for event in self.parse()], [first, '{"broken"}', second])
        self.log.write_text(second)
        self.assertEqual(len(self.parse("--format", "ndjson")), 3)

    def test_formats_that_need_a_definition(self):
        self.log.write_text('time=2026-03-01T10:00:00Z level=warn msg="no such user" user=an src=198.51.100.7 own=1\n')
        one, = self.parse("--format", "kv")
        self.assertEqual([one["@timestamp"], one["log"]["level"], one["message"], one["user"]["name"], one["source"]["ip"], one["own"]],
                         ["2026-03-01T10:00:00Z", "warn", "no such user", "an", "198.51.100.7", "1"])
        self.log.write_text('\ufefftimestamp,user,src_ip,"odd,name"\r\n'
                            '2026-03-01T10:00:00Z,an,198.51.100.7,"a ""b"""\r\n'
                            'alone\r\n')
        heading, one, broken = self.parse("--format", "csv")
        self.assertEqual([one["@timestamp"], one["user"]["name"], one["source"]["ip"], one["odd,name"]],
                         ["2026-03-01T10:00:00Z", "an", "198.51.100.7", 'a "b"'])
        self.assertNotIn("user", heading)
        self.assertEqual(broken["event"]["original"], "alone")
        self.log.write_text("CEF:0|Acme|Wall|1|7|Port scan|5|src=198.51.100.7 dpt=22\n")
        for name in ("cef", "leef", "xml", "evtx", "auto"):  # records that say themselves what they are
            self.assertEqual(self.parse("--format", name)[0]["source"]["ip"], "198.51.100.7")

    def test_columns_are_those_of_the_heading(self):
        self.log.write_text(
            "#Software: Microsoft Internet Information Services 10.0\r\n"
            "#Fields: date time c-ip cs-method cs-uri-stem s-port sc-status\r\n"
            "2026-03-01 10:00:00 198.51.100.7 GET /a 443 404\r\n"
            "#Fields: date time sc-status s-port cs-uri-stem cs-uri-query c-ip cs(User-Agent) cs-username\r\n"
            "2026-03-01 10:00:01 200 443 /b x=1 198.51.100.8 curl/8+(x) CORP\\ann\r\n", newline="")
        events = self.parse()
        one, two = events[2], events[4]
        self.assertEqual([one["event"]["dataset"], two["event"]["dataset"]], ["iis.access"] * 2)
        self.assertEqual([one["source"]["ip"], two["source"]["ip"]], ["198.51.100.7", "198.51.100.8"])
        self.assertEqual([one["http"]["response"]["status_code"], two["http"]["response"]["status_code"]], [404, 200])
        self.assertEqual([one["event"]["outcome"], two["event"]["outcome"]], ["failure", "success"])
        self.assertEqual([one["url"]["path"], two["url"]["path"], two["url"]["query"]], ["/a", "/b", "x=1"])
        self.assertEqual([two["user"]["name"], two["user"]["domain"]], ["ann", "CORP"])
        self.assertEqual(two["user_agent"]["original"], "curl/8 (x)")
        self.assertEqual(two["@timestamp"][:19], "2026-03-01T10:00:01")
        self.log.write_text("#separator \\x09\n#fields\tts\tuid\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\t"
                            "mac\tdomainname\tusername\tsuccess\tserver_nb_computer_name\n#types\ttime\n"
                            "1772359200.5\tCabc\t192.0.2.1\t50000\t192.0.2.2\t445\t-\tCORP\tann\tT\tSRV\n")
        event = self.parse()[3]
        self.assertEqual(event["event"]["dataset"], "zeek.log")
        self.assertEqual(event["zeek"]["log"], "ntlm")
        self.assertEqual([event["user"]["name"], event["destination"]["port"]], ["ann", 445])

    def test_a_definition_of_ones_own(self):
        self.assertNotIn("source", self.parse()[0])
        events = self.parse(*self.own())
        self.assertEqual(events[0]["source"]["ip"], "192.0.2.1")
        self.assertEqual(events[0]["event"]["dataset"], "own.gate")
        self.assertEqual([event["picket"]["parse_status"] for event in events], ["parsed", "raw", "raw", "partial"])
        self.assertEqual([event["event"]["original"] for event in events], LINES.splitlines())

    def test_replaces_a_shipped_one_of_the_same_name(self):
        self.log.write_text("Mar  1 10:00:00 web sshd[7]: Accepted password for ann from 192.0.2.9 port 1 ssh2\n")
        self.assertEqual(self.parse()[0]["event"]["dataset"], "sshd.auth")
        self.write("ssh.yaml", "name: linux-sshd\ndataset: own.ssh\nrecognise: {program: [sshd]}\n"
                               "steps: [{pattern: 'Accepted %{word} for %{word:user.name} %{rest}'}]\n")
        event = self.parse(*self.own())[0]
        self.assertEqual((event["event"]["dataset"], event["user"]["name"]), ("own.ssh", "ann"))

    def test_what_each_step_did(self):
        shown = self.parse(*self.own(), "--source", "own-gate", "--steps", "--json")
        self.assertEqual(shown[0]["steps"][0]["verb"], "pattern")
        self.assertEqual(shown[0]["steps"][0]["line"], 6)
        self.assertEqual(shown[0]["steps"][0]["fields"], {"event.action": "open", "source.ip": "192.0.2.1"})
        self.assertEqual(shown[3]["steps"][0]["outcome"], "failed")
        text = self.run_picket("parse", str(self.log), *self.own(), "--source", "own-gate", "--steps")
        self.assertIn("source.ip", text.stdout)

    def test_what_comes_before_the_steps_and_behind_them(self):
        self.log.write_text("<30>Mar  1 10:00:00 gw own[7]: open 192.0.2.1\n")
        self.write("phases.yaml", "name: own-phases\ndataset: own.phases\nconstants: {event.action: seen}\n"
                                  "recognise: {program: [own]}\nsteps:\n  - pattern: 'open %{ip:source.ip}'\n"
                                  "  - {set: {event.action: more}, when: source.port}\n")
        steps = self.parse(*self.own(), "--source", "own-phases", "--steps", "--json")[0]["steps"]
        self.assertEqual([step["verb"] for step in steps], ["record", "pattern", "set", "constants"])
        self.assertEqual(steps[0]["fields"]["host.name"], "gw")
        self.assertEqual(steps[1]["fields"], {"source.ip": "192.0.2.1"})
        self.assertEqual(steps[3]["fields"], {"event.action": "seen"})

    def test_what_nobody_knows(self):
        found = self.parse(*self.own(), "--unknown", "--json")
        self.assertEqual(found[0], {"count": 2, "template": "something <*> else here", "sample": "something 1 else here"})
        self.assertEqual((found[-1]["records"], found[-1]["recognised"]), (4, 1))

    def test_bad_ones_are_refused_with_their_line(self):
        self.write("bad.yaml", "name: own-bad\ndataset: own.bad\nsteps:\n  - pattren: x\n")
        self.write("twice.yaml", GATE)
        done = self.run_picket("check", *self.own())
        self.assertEqual(done.returncode, 3)
        self.assertIn(f"{self.definitions}/bad.yaml:4: ", done.stdout)
        self.assertIn("twice.yaml:1: a definition own-gate is in ", done.stdout)
        self.assertEqual(self.parse(*self.own())[0]["source"]["ip"], "192.0.2.1")  # the good one counts
        self.assertEqual(self.run_picket("parse", str(self.log), "--definitions", str(self.folder / "none")).returncode, 3)

    def test_required_fields(self):
        log = self.folder / "auth.log"
        head = "<86>Mar  1 10:00:00 web sshd[7]: "
        log.write_text(head + "Failed password for root from 192.0.2.9 port 22 ssh2\n" +
                       head + "pam_unix(sshd:session): session opened for user ann by (uid=0)\n")
        done = self.run_picket("parse", str(log))
        events = [json.loads(line)["picket"] for line in done.stdout.splitlines()]
        self.assertEqual([event["record_class"] for event in events], ["access", "access"])
        self.assertNotIn("missing", events[0])
        self.assertEqual(events[1]["missing"], ["source.ip"])
        self.assertIn("access records 2, lacking: source.ip 1", done.stderr)
        rows = [json.loads(line) for line in self.run_picket("parse", "--required", "--json", str(log)).stdout.splitlines()]
        self.assertEqual([(row["class"], row["checked"], row["flagged"], row["lacking"]) for row in rows],
                         [("access", 2, 1, {"source.ip": 1})])
        shown = self.run_picket("--lang", "vi", "parse", "--required", str(log)).stdout
        self.assertIn("2 bản ghi truy cập, thiếu trường: source.ip 1", shown)

    def test_check_reads_definitions_as_definitions(self):
        (self.definitions / "rule.yml").write_text(
            "title: A rule\nid: a\nlogsource: {product: linux}\ndetection: {sel: [x], condition: sel}\n")
        done = self.run_picket("check", str(self.definitions))
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertIn("1 source definition, 0 refused", done.stdout)
        self.assertIn("1 rules active, 0 refused", done.stdout)
        self.write("again.yaml", GATE)
        self.write("odd.yaml", GATE.replace("own-gate\n", "odd\n") + "  - shake: hands\n")
        self.write("layer.yaml", GATE.replace("own-gate\n", "layer\n").replace("network", "cellar"))
        done = self.run_picket("check", str(self.definitions))
        self.assertEqual(done.returncode, 3)
        self.assertIn("4 source definitions, 3 refused", done.stdout)
        self.assertRegex(done.stdout, r"gate\.yaml:1: a definition own-gate is in .* already")
        self.assertIn("odd.yaml:7: a step without a verb; verbs are: ", done.stdout)
        self.assertIn("layer.yaml:3: layer is one of network, ", done.stdout)
        shown = self.run_picket("--lang", "vi", "check", str(self.definitions / "layer.yaml")).stdout
        self.assertIn("layer.yaml:3: layer là một trong network, ", shown)
        self.assertIn("1 định nghĩa nguồn, 1 bị từ chối", shown)
        summary = json.loads(self.run_picket("check", "--format", "json", str(self.definitions)).stdout.splitlines()[-1])
        self.assertEqual((summary["definitions"], summary["definitions_refused"], summary["rules_active"]), (4, 3, 1))


if __name__ == "__main__":
    BINARY = pathlib.Path(sys.argv.pop(1)).resolve()
    unittest.main(verbosity=2)
