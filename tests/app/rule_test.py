#!/usr/bin/env python3
"""picket rule test, explain, list and fields, as people type them."""
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest
import xml.etree.ElementTree

BINARY = os.path.abspath(sys.argv.pop(1))
CONTENT = pathlib.Path(os.environ["PICKET_CONTENT"])
SHARED = CONTENT.parent.parent / "shared" / "data"
os.environ["PICKET_LANG"] = "en"

ALPHA = "00000000-0000-4000-8000-000000000001"
RULE = """title: %s
id: %s
logsource: {product: windows, category: process_creation}
detection:
    image:
        Image|endswith: '\\cmd.exe'
    words:
        CommandLine|contains:
%s
    not_admin:
        User: admin
    condition: image and words and not not_admin
level: high
"""
CORRELATION = """title: Twice
id: 00000000-0000-4000-8000-000000000009
correlation:
    type: event_count
    rules: [%s]
    group-by: [Computer]
    timespan: 5m
    condition: {gte: 2}
level: high
"""


def event(**fields):
    return {"Channel": "Microsoft-Windows-Sysmon/Operational", "EventID": 1, "Computer": "WS-01",
            "Image": "C:\\Windows\\cmd.exe", "CommandLine": "cmd /c alpha", **fields}


def rule(title="Says alpha", identity=ALPHA, words=("alpha", "omega")):
    return RULE % (title, identity, "\n".join(f"            - '{word}'" for word in words))


class RuleCommands(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory(prefix="picket-rule-")
        self.addCleanup(temporary.cleanup)
        self.folder = pathlib.Path(temporary.name)
        self.write("rules/alpha.yml", rule())

    def write(self, name, text):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    def picket(self, *words, code=0, stdin="", timeout=60):
        done = subprocess.run([BINARY, "rule", *words], cwd=self.folder, input=stdin, capture_output=True, text=True,
                              timeout=timeout)
        self.assertEqual(done.returncode, code, done.stdout[-2000:] + done.stderr[-2000:])
        return done.stdout

    def lines(self, *words, **more):
        return [json.loads(line) for line in self.picket(*words, "--json", **more).splitlines()]

    # ---- test

    def cases(self, name="cases/alpha.yaml", identity=ALPHA, fire=(event(),), quiet=(event(User="admin"),)):
        return self.write(name, json.dumps({"rule": identity, "must_fire": fire, "must_not_fire": quiet}))

    def test_own_cases_hold(self):
        self.cases(fire=[event(), {"repeat": 3, "event": event(CommandLine="alpha {nn}")}])
        *cases, total = self.lines("test", "--rules", "rules", "cases")
        self.assertEqual([(one["case"], one["result"], one["found"], one["events"]) for one in cases],
                         [("must_fire[0]", "passed", 1, 1), ("must_fire[1]", "passed", 3, 3),
                          ("must_not_fire[0]", "passed", 0, 1)])
        self.assertEqual((total["passed"], total["failed"], total["files"]), (3, 0, 1))

    def test_a_failure_names_rule_file_line_and_numbers(self):
        self.write("cases/alpha.yaml", f"rule: {ALPHA}\nmust_fire:\n  - {json.dumps(event(User='admin'))}\n"
                                       f"must_not_fire:\n  - {json.dumps(event(CommandLine='none'))}\n"
                                       f"  - {json.dumps(event())}\n")
        said = self.picket("test", "--rules", "rules", "cases", code=1)
        self.assertIn("cases/alpha.yaml:3: failed: Says alpha: must_fire[0]: "
                      "expected: true on 1 event at least; found: 0, of 1 event", said)
        self.assertIn("cases/alpha.yaml:6: failed: Says alpha: must_not_fire[1]: expected: true on none; found: 1", said)
        self.assertIn("1 passed, 2 failed, 0 wrong cases, in 1 case files", said)

    def test_correlations_are_played_in_steps(self):
        self.write("rules/twice.yml", CORRELATION % ALPHA)
        self.cases("cases/twice.yaml", "00000000-0000-4000-8000-000000000009", fire=[[event(), event()]],
                   quiet=[[event(), event(Computer="WS-02")], [event()]])
        self.assertEqual(self.lines("test", "--rules", "rules", "cases")[-1]["passed"], 3)

    def test_exit_codes(self):
        self.cases()
        self.picket("test", "--rules", "rules", "cases")
        self.cases("cases/other.yaml", identity="00000000-0000-4000-8000-0000000000ff")
        self.assertIn("no rule with the id", self.picket("test", "--rules", "rules", "cases", code=1))
        self.write("rules/waiting.yml", rule("Waiting", ALPHA[:-1] + "2").replace("|contains", "|expand", 1).replace("alpha", "%users%"))
        self.picket("test", "--rules", "rules", "cases", code=1)  # a placeholder is for the site to fill
        self.write("rules/broken.yml", "title: [\n")
        self.picket("test", "--rules", "rules", "cases", code=2)
        for number, text in enumerate(("must_fire: [x]\n", f"rule: {ALPHA}\nmust_fier: [x]\n",
                                       f"rule: {ALPHA}\nmust_fire: [[]]\n", "rule: [\n",
                                       f"rule: {ALPHA}\nmust_fire:\n  - {{repeat: 1000000000, line: x}}\n")):
            path = self.write("wrong/wrong.yaml", text)
            said = self.picket("test", "--rules", "rules", "cases", "wrong", code=3)
            self.assertRegex(said, r"wrong/wrong\.yaml:\d+:", number)
            self.assertIn("wrong cases", said)
            path.unlink()
        self.picket("test", "--rules", "rules", "wrong", code=3)  # nothing to run
        self.picket("test", "--rules", "rules", "nowhere", code=3)

    def test_rules_among_cases_are_no_cases(self):
        self.cases("rules/alpha.case.yaml")
        self.assertEqual(self.lines("test", "--rules", "rules/alpha.yml", "rules")[-1]["files"], 1)

    def regression(self, **test):
        info = {"rule_metadata": [{"id": ALPHA}],
                "regression_tests_info": [{"name": "Positive", "type": "evtx", "provider": "x", **test}]}
        self.write("tree/regression_data/rules/alpha/info.yml", json.dumps(info))

    def test_sigmahq_layout(self):
        path = "regression_data/rules/alpha/a.evtx"
        records = [{"Event": {"System": {"Channel": "Microsoft-Windows-Sysmon/Operational", "EventID": 1},
                              "EventData": {"Image": "C:\\cmd.exe", "CommandLine": text}}} for text in ("alpha", "x", "Omega")]
        text = "\n".join(json.dumps(one, indent=2) for one in records)
        self.write("tree/regression_data/rules/alpha/a.json", text)
        for count, code in ((None, 0), (1, 0), (2, 0), (3, 1), (0, 1), (-1, 3)):
            self.regression(path=path, match_count=count)
            answer = self.lines("test", "--rules", "rules", "tree", code=code)
            if code != 3:
                self.assertEqual((answer[0]["found"], answer[0]["events"], answer[0]["case"]), (2, 3, "Positive"), count)
        self.write("tree/regression_data/elsewhere/b.json", text)
        self.regression(path="regression_data/elsewhere/b.evtx")
        self.assertEqual(self.lines("test", "--rules", "rules", "tree")[0]["found"], 2)
        for outside in ("/etc/hostname", "../../../../rules/alpha.yml", "regression_data/none.json", ""):
            self.regression(path=outside)
            self.picket("test", "--rules", "rules", "tree", code=3)

    def test_junit_is_well_formed_whatever_a_title_says(self):
        self.write("rules/alpha.yml", rule(title='"<&\\x1b[31m\\u202e\\uFFFE>\\"\'"'))
        self.cases(quiet=[event()])
        self.write("cases/wrong.yaml", "rule: x\n")
        self.picket("test", "--rules", "rules", "cases", "--junit", "report.xml", code=3)
        root = xml.etree.ElementTree.parse(self.folder / "report.xml").getroot()
        self.assertEqual((root.get("tests"), root.get("failures"), root.get("errors")), ("3", "1", "1"))
        title = next(one.get("classname") for one in root.iter("testcase") if one.find("failure") is not None)
        self.assertIn("<&", title)
        self.assertNotIn("\x1b", title)
        self.assertNotIn("\u202e", title)

    def test_shipped_cases_of_some_rules_only(self):
        total = self.lines("test", "--rules", str(CONTENT / "rules" / "server"))[-1]
        self.assertGreater(total["passed"], 5)
        self.assertGreater(total["skipped"], 5)
        self.assertEqual(total["failed"], 0)

    def test_sigmahq_regression_cases(self):
        data = SHARED / "sigma-regression" / "regression_data"
        if not data.is_dir():
            self.skipTest(f"{data} is absent")
        rules = [word for name in ("rules", "rules-emerging-threats", "rules-threat-hunting")
                 for word in ("--rules", str(SHARED / "sigma-rules" / name))]
        total = self.lines("test", *rules, str(data), timeout=280)[-1]
        self.assertEqual((total["passed"], total["failed"], total["bad_cases"]), (129, 0, 0))

    # ---- explain

    def explain(self, *events, words=("Says alpha", "--rules", "rules"), **more):
        text = "".join(json.dumps(one) + "\n" for one in events)
        return self.lines("explain", *words, "--event", "-", stdin=text, **more)

    def test_explains_a_hit_and_a_near_miss(self):
        hit, near = self.explain(event(), event(CommandLine="beta"))
        self.assertTrue(hit["holds"] and hit["log_source"])
        self.assertFalse(near["holds"])
        condition = near["condition"]
        self.assertEqual((condition["kind"], condition["near_miss"]), ("and", True))
        words = next(one for one in condition["children"] if one.get("selection") == "words")
        self.assertEqual([(one["test"], one["wanted"], one["reason"]) for one in words["children"]],
                         [("contains", "alpha", "differs"), ("contains", "omega", "differs")])
        self.assertEqual(words["children"][0]["seen"],
                         [{"field": "process.command_line", "value": "beta", "passes": False}])

    def test_explains_what_is_missing_and_other_log_sources(self):
        gone = event()
        del gone["CommandLine"]
        missing, other = self.explain(gone, {**event(), "EventID": 3})
        words = next(one for one in missing["condition"]["children"] if one.get("selection") == "words")
        self.assertEqual({one["reason"] for one in words["children"]}, {"missing"})
        self.assertEqual((other["log_source"], other["holds"]), (False, False))
        said = self.picket("explain", ALPHA, "--rules", "rules", "--event", "-", stdin=json.dumps({**event(), "EventID": 3}))
        self.assertIn("1 event is of another log source: windows.sysmon_operational 3; the rule is for product: windows", said)

    def test_explains_in_words(self):
        self.write("rules/alpha.yml", rule(words=[f"w{i}" for i in range(40)]))
        said = self.picket("explain", "rules/alpha.yml", "--event", "-", stdin=json.dumps(event(CommandLine="\x1b[31m\u202e")))
        self.assertIn("~ false  all of  near miss: one part is missing", said)
        self.assertIn("- false  words  any of", said)
        self.assertIn("CommandLine contains 'w0'  line 9  the value differs", said)
        self.assertIn("process.command_line = \\x1b[31m\\u202e", said)
        self.assertIn("35 more, all false", said)
        self.assertNotIn("\x1b", said)
        said = self.picket("explain", "rules/alpha.yml", "--event", "-", "--lang", "vi", stdin=json.dumps(event()))
        self.assertIn("suýt khớp", said)

    def test_explain_finds_the_rule(self):
        self.assertEqual(len(self.explain(event(), words=(ALPHA, "--rules", "rules"))), 1)
        self.assertEqual(len(self.explain(event(), words=("00000000-0000", "--rules", "rules"))), 1)
        self.assertEqual(len(self.explain(event(), words=("says ALPHA", "--rules", "rules"))), 1)
        self.assertEqual(len(self.explain(*[event()] * 5, words=("rules/alpha.yml", "--limit", "3"))), 3)
        wrong = subprocess.run([BINARY, "rule", "explain", "Says alhpa", "--rules", "rules", "--event", "-"],
                               cwd=self.folder, capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL)
        self.assertEqual(wrong.returncode, 3)
        self.assertIn("there is no rule 'Says alhpa'; did you mean 'Says alpha'?", wrong.stderr)
        self.write("broken.yml", rule().replace("contains", "cotnains"))
        self.picket("explain", "broken.yml", "--event", "-", code=2)
        self.picket("explain", "rules/alpha.yml", "--event", "none.ndjson", code=3)

    # ---- list

    def test_lists_states(self):
        self.write("rules/broken.yml", rule(identity=ALPHA[:-1] + "2").replace("contains", "cotnains"))
        self.write("rules/misspelt.yml", rule("Never", ALPHA[:-1] + "3").replace("CommandLine", "Commandline")
                   .replace("level: high", "level: low"))
        rows = {pathlib.Path(row["path"]).name: row for row in self.lines("list", "rules", code=2)}
        self.assertEqual({name: row["state"] for name, row in rows.items()},
                         {"alpha.yml": "active", "broken.yml": "refused", "misspelt.yml": "cannot-fire"})
        self.assertEqual(rows["misspelt.yml"]["reason"], "Commandline")
        self.assertIn("cotnains", rows["broken.yml"]["reason"])
        self.assertEqual(rows["broken.yml"]["line"], 8)
        self.assertEqual(rows["alpha.yml"]["log_source"], "product: windows, category: process_creation")
        self.assertEqual([row["id"] for row in self.lines("list", "rules", "--state", "cannot-fire", code=2)], [ALPHA[:-1] + "3"])
        self.assertEqual([row["id"] for row in self.lines("list", "rules", "--level", "high", code=2)], [ALPHA])
        said = self.picket("list", "rules", code=2)
        self.assertIn("1 active, 1 refused, 1 cannot fire", said)
        self.assertIn("rules/broken.yml:8: refused: ", said)

    def test_every_shipped_rule_is_listed_and_active(self):
        rows = self.lines("list")
        self.assertGreater(len(rows), 50)
        self.assertEqual({row["state"] for row in rows}, {"active"})
        self.assertTrue({"correlation", "yara"} <= {row["log_source"] for row in rows})

    # ---- fields

    def fields(self, *words, **more):
        answer = self.lines("fields", *words, **more)
        return {one["field"]: one for one in answer if one["kind"] == "field"}, \
               [one for one in answer if one["kind"] == "cannot_fire"]

    def test_fields_say_where_they_are_looked_for(self):
        fields, mute = self.fields("rules")
        self.assertEqual({name: (one["mapping"], one["target"], one["rules"]) for name, one in fields.items()},
                         {"Image": ("ecs", "process.executable", 1), "CommandLine": ("ecs", "process.command_line", 1),
                          "User": ("literal", "User", 1)} if fields["User"]["mapping"] == "literal" else
                         {"Image": ("ecs", "process.executable", 1), "CommandLine": ("ecs", "process.command_line", 1),
                          "User": ("named", "User", 1)})
        self.assertEqual(mute, [])
        self.assertNotIn("seen", fields["Image"])

    def test_fields_are_seen_under_their_names(self):
        self.write("events.ndjson", "".join(json.dumps(one) + "\n" for one in (
            event(User="x"), event(), {"Channel": "Security", "EventID": 4688, "NewProcessName": "C:\\cmd.exe"})))
        fields, mute = self.fields("rules", "--events", "events.ndjson")
        self.assertEqual(fields["Image"]["seen_as"], ["Image", "NewProcessName"])
        self.assertEqual((fields["Image"]["seen"], fields["Image"]["events"], fields["CommandLine"]["seen"],
                          fields["User"]["seen"]), (3, 3, 2, 1))
        self.assertEqual(mute, [])
        self.write("rules/code.yml", rule("Code", ALPHA[:-1] + "4").replace("User: admin", "EventID: 1"))
        self.assertEqual(self.fields("rules", "--events", "events.ndjson")[0]["EventID"]["seen_as"], ["EventID"])

    def test_a_field_that_nobody_maps_is_a_warning_and_the_rule_cannot_fire(self):
        self.write("rules/alpha.yml", rule().replace("CommandLine", "CommmandLine"))
        fields, mute = self.fields("rules")
        self.assertEqual((fields["CommmandLine"]["warning"], fields["CommmandLine"]["nearest"]), (True, "CommandLine"))
        self.assertEqual(mute, [])  # it could be a name of its own
        self.write("events.ndjson", json.dumps(event()) + "\n")
        fields, mute = self.fields("rules", "--events", "events.ndjson")
        self.assertEqual([(one["rule"]["id"], one["lacks"]) for one in mute], [(ALPHA, ["CommmandLine"])])
        said = self.picket("fields", "rules", "--events", "events.ndjson")
        self.assertIn("warning: nobody maps 'CommmandLine' of product: windows, category: process_creation; "
                      "the nearest known name is 'CommandLine'", said)
        self.assertIn("; 1 rule cannot fire", said)
        self.write("events.ndjson", json.dumps(event(EventID=3)) + "\n")  # nothing is known of the log source
        self.assertEqual(self.fields("rules", "--events", "events.ndjson")[1], [])

    def test_events_with_other_ids_say_nothing_of_a_rule(self):
        text = rule().replace(", category: process_creation", ", service: security").replace("User: admin", "User: none")
        self.write("rules/alpha.yml", text.replace("    image:\n", "    image:\n        EventID: 4662\n        AccessMask: '0x100'\n"))
        self.write("events.ndjson", json.dumps({"Channel": "Security", "EventID": 4624, "TargetUserName": "x"}) + "\n")
        self.assertEqual(self.fields("rules", "--events", "events.ndjson")[1], [])
        self.write("events.ndjson", json.dumps({"Channel": "Security", "EventID": 4662, "TargetUserName": "x"}) + "\n")
        self.assertIn("AccessMask", self.fields("rules", "--events", "events.ndjson")[1][0]["lacks"])


if __name__ == "__main__":
    unittest.main()
