#!/usr/bin/env python3
"""The words of the command line: the same keys in both languages, none missing, none unused, and the
program speaks the language that it is asked for.

Usage: words_test.py PICKET SOURCE_FOLDER [unittest arguments]
"""

import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unicodedata
import unittest

import yaml

BINARY = None
ROOT = None

# Words that are the same in both languages, because they are names or formats.
SAME = {"kind.yara", "notice.error", "status.head"}
# Groups whose keys are made of a machine's word: word("level", ...), say("command." + name).
MADE = {"steps": "app", "kind": "event/alert.cc", "level": "event/alert.cc", "layer": "event", "incident": "event/incident.cc",
        "disposition": "event/incident.cc", "change": "api",
        "entity": "correlator/entities.cc", "state": "app/api_ports.cc", "label": "app/show.cc",
        "finding": "rules", "rule_state": "app/commands/rule_list.cc", "yara_state": "app/commands/yara.cc", "mapping": "app/field_report.cc",
        "outcome": "app/rule_test.cc", "truth": "app/show_truth.cc", "node": "app/show_truth.cc", "why": "rules/truth.cc",
        "verified": "app/verification.cc", "verify": "app/verifier.cc",
        "lane": "app/rule_cost_report.cc", "test": "app/show_truth.cc", "part": "rules/test_value.cc", "record_class": "parsers/required_fields.cc",
        "purge_state": "app/purge_record.cc", "limit": "parsers/limits.h", "source_state": "app/source_watch.cc", "health": "app/source_watch.cc", "difference": "storage/integrity/finding.cc", "evidence": "storage/integrity"}
VIETNAMESE = re.compile("[àáâãèéêìíòóôõùúýăđĩũơưạ-ỹÀÁÂÃÈÉÊÌÍÒÓÔÕÙÚÝĂĐĨŨƠƯẠ-Ỹ]")


def catalogue(language):
    return yaml.safe_load((ROOT / "app" / "i18n" / f"{language}.yaml").read_text(encoding="utf-8"))


def sources(*rooms):
    """The text of all .cc and .h files of the rooms, with neighbouring string literals joined."""
    text = ""
    for room in rooms:
        where = ROOT / room
        files = [where] if where.is_file() else sorted(where.glob("**/*.cc")) + sorted(where.glob("**/*.h"))
        text += "".join(path.read_text(encoding="utf-8") for path in files)
    return re.sub(r'"\s*\n\s*"', "", text)


def places(text):
    return sorted(set(re.findall(r"\{([a-z_]+)\}", text)))


class Catalogues(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.english, cls.vietnamese = catalogue("en"), catalogue("vi")
        cls.app = sources("app")

    def test_same_keys_and_places(self):
        self.assertEqual(list(self.english), list(self.vietnamese), "the same keys in the same order")
        for key, text in self.english.items():
            self.assertIsInstance(text, str, key)
            self.assertEqual(places(text), places(self.vietnamese[key]), key)

    def test_every_text_is_translated_and_composed(self):
        for key, text in self.vietnamese.items():
            self.assertTrue(text.strip(), key)
            self.assertEqual(text, unicodedata.normalize("NFC", text), key)
            if key not in SAME and not key.endswith(".examples") and key != "demo.other_language":
                self.assertNotEqual(text, self.english[key], f"{key} is not translated")

    def test_every_key_that_the_program_asks_for_exists(self):
        for key in re.findall(r'\bsay\(\s*"([\w.-]+)"\s*[,)]', self.app):
            self.assertIn(key, self.english)
        for group in re.findall(r'\bword\(\s*"([\w.]+)"', self.app):
            self.assertTrue(any(key.startswith(group + ".") for key in self.english), group)
            self.assertIn(group, MADE)

    def test_no_key_is_unused(self):
        unused = []
        for key in self.english:
            group, _, name = key.partition(".")
            if key.endswith(".one"):
                self.assertIn(key[:-4], self.english)
            elif group in ("command", "reason"):
                continue  # looked at below
            elif group in MADE:
                if f'"{name}"' not in self.words_of(group, name):
                    unused.append(key)
            elif f'"{key}"' not in self.app and not any(
                    f'"{start}.")' in self.app and f'"{rest}"' in self.app for start, rest in self.splits(key)):
                unused.append(key)
        self.assertEqual(unused, [])

    @staticmethod
    def splits(key):
        parts = key.split(".")
        return [(".".join(parts[:i]), ".".join(parts[i:])) for i in range(1, len(parts))]

    @staticmethod
    def words_of(group, name):
        text = sources(MADE[group])
        if group == "finding" and name in ("bad-level", "bad-status", "bad-taxonomy", "bad-type"):
            text += f'"{name}"' if '"bad-" + std::string(key)' in text else ""
        if group == "change" and name == "rename":  # of Picket's own, and no order of the API
            text += sources("correlator/incident_settling.cc")
        return text

    def test_every_code_of_check_has_a_meaning(self):
        codes = set(re.findall(r'(?:refuse|warn|add)\([^;"]*"([a-z]+(?:-[a-z]+)+)",', sources("rules")))
        self.assertGreater(len(codes), 20)
        self.assertEqual({code for code in codes if f"finding.{code}" not in self.english}, set())

    def test_every_reason_is_a_sentence_of_the_house(self):
        """The English side of a reason is how it is recognised: each of its pieces must be in the code."""
        house = sources("api", "app", "base", "collector", "correlator", "parsers", "response", "rules", "storage").replace('\\"', '"')
        for key, text in self.english.items():
            if not key.startswith("reason.") or key.startswith("reason.system."):
                continue
            for piece in re.split(r"\{[a-z_]+\}", text):
                if len(piece.strip(" :'`;,.()")) > 3:
                    self.assertTrue(piece in house, f"{key}: no code says {piece!r} any more")

    def test_what_source_definitions_are_refused_for_is_translated(self):
        reasons = " ".join(text for key, text in self.english.items() if key.startswith("reason."))
        text = sources("parsers/definition_file.cc", "parsers/steps").replace('\\"', "'")
        said = re.findall(r'\b(?:error|fail)\((?:[^;"]|"[^"]*" \+ )*"([^"]+ [^"]+)"', text)
        self.assertGreater(len(said), 80)
        reasons = reasons.replace('"', "'")
        untranslated = [one for one in said if re.sub("^:1: ", "", one).strip(": '") not in reasons]
        self.assertEqual(untranslated, [])

    def test_what_the_commands_complain_about_is_translated(self):
        reasons = [text for key, text in self.english.items() if key.startswith("reason.")]
        patterns = [re.compile(re.sub(r"\\\{[a-z_]+\\\}", ".*", re.escape(text))) for text in reasons]
        said = re.findall(r'complain\("((?:[^"\\]|\\.)*)"', self.app)
        said += re.findall(r'reader_\.problem\([^;]*?"((?:[^"\\]|\\.)*)"\);', sources("app/config.cc"))
        self.assertGreater(len(said), 8)
        for sentence in said:
            whole = any(pattern.fullmatch(sentence) for pattern in patterns)
            begun = any(text.startswith(sentence) or text.endswith(sentence) for text in reasons)
            self.assertTrue(whole or begun, f"no translation of {sentence!r}")


class Program(unittest.TestCase):
    def picket(self, *words, **environment):
        clean = {name: value for name, value in os.environ.items()
                 if name not in ("PICKET_LANG", "LC_ALL", "LC_MESSAGES", "LANG", "NO_COLOR")}
        return subprocess.run([BINARY, *words], capture_output=True, text=True, timeout=60,
                              env={**clean, "PICKET_CONTENT": str(ROOT / "content"), **environment},
                              stdin=subprocess.DEVNULL)

    def commands(self, *words):
        """The commands that the help of a command lists."""
        text = self.picket(*words, "--help").stdout
        listed = re.search(r"^Commands:\n((?:  .*\n)+)", text, re.M)
        return re.findall(r"^  (\S+)", listed[1], re.M) if listed else []

    def all_commands(self):
        for one in self.commands():
            yield (one,)
            for two in self.commands(one):
                yield (one, two)

    def test_help_begins_with_examples_in_both_languages(self):
        for words in [(), *self.all_commands()]:
            english = self.picket(*words, "--help")
            vietnamese = self.picket("--lang", "vi", *words, "--help")
            self.assertEqual((english.returncode, vietnamese.returncode), (0, 0), words)
            self.assertTrue(english.stdout.startswith("Examples:\n  "), words)
            self.assertTrue(vietnamese.stdout.startswith("Ví dụ:\n  "), words)
            self.assertFalse(VIETNAMESE.search(english.stdout), words)
            for line in vietnamese.stdout.splitlines()[1:]:
                described = re.match(r"  (?:-\S|[A-Z]+\S*\b).*?  (\S.*)", line)
                if described:
                    self.assertRegex(described[1], VIETNAMESE, f"{words}: {line}")

    def test_every_command_has_its_words_and_its_section_of_the_manual(self):
        keys = {key for key in catalogue("en") if key.startswith("command.")}
        expected = {"command.picket", "command.picket.examples"}
        manual = self.picket("man").stdout
        for words in self.all_commands():
            expected |= {"command." + ".".join(words), "command." + ".".join(words) + ".examples"}
            section = " ".join(words).replace("-", "\\-")  # a hyphen is not a dash
            self.assertIn(f'.SS "picket {section}"', manual)
        self.assertEqual(keys, expected)

    def test_the_manual_is_the_one_that_is_shipped(self):
        for language, path in (("en", "picket.1"), ("vi", "vi/picket.1")):
            shipped = ROOT / "docs" / "man" / path
            made = self.picket("man", "--lang", language).stdout
            if os.environ.get("PICKET_UPDATE_GOLDEN"):
                shipped.parent.mkdir(parents=True, exist_ok=True)
                shipped.write_text(made, encoding="utf-8")
            self.assertEqual(made, shipped.read_text(encoding="utf-8"),
                             f"docs/man/{path} is old; PICKET_UPDATE_GOLDEN=1 writes it anew")
            try:
                lint = subprocess.run(["mandoc", "-Tlint", "-Wwarning", str(shipped)], capture_output=True, text=True)
            except FileNotFoundError:
                continue
            self.assertEqual(lint.stdout + lint.stderr, "", f"mandoc on {path}")

    def test_who_chooses_the_language(self):
        def speaks(expected, *words, **environment):
            shown = self.picket(*words, "--help", **environment).stdout
            self.assertTrue(shown.startswith(expected), f"{words} {environment}")

        english, vietnamese = "Examples", "Ví dụ"
        speaks(english)
        speaks(vietnamese, LANG="vi_VN.UTF-8")
        speaks(english, LC_ALL="en_US.UTF-8", LANG="vi_VN.UTF-8")
        speaks(vietnamese, LC_MESSAGES="vi_VN", LANG="en_US.UTF-8")
        speaks(vietnamese, PICKET_LANG="vi", LC_ALL="C")
        speaks(english, PICKET_LANG="en", LC_ALL="vi_VN.UTF-8")
        speaks(english, "--lang", "en", PICKET_LANG="vi")
        speaks(vietnamese, "scan", "--lang=vi", PICKET_LANG="en")
        wrong = self.picket("--lang", "xx", "check")
        self.assertEqual(wrong.returncode, 3)
        self.assertIn("'xx'", wrong.stderr)

    def test_outputs_speak_vietnamese(self):
        with tempfile.TemporaryDirectory(prefix="picket-words-") as folder:
            config = pathlib.Path(folder) / "picket.yaml"
            config.write_text("dta: x\nsources:\n  - {name: a, door: file}\n")
            broken = pathlib.Path(folder) / "broken.yml"
            broken.write_text("title: [\n")

            def says(expected, code, *words):
                done = self.picket("--lang", "vi", *words)
                self.assertEqual(done.returncode, code, f"{words}: {done.stderr}")
                self.assertIn(expected, done.stdout + done.stderr, words)

            says("quy tắc hoạt động, 0 bị từ chối", 0, "check")
            says("không đọc được dưới dạng YAML", 2, "check", str(broken))
            says("không hỗ trợ 'dta' ở đây; khóa gần nhất là 'data'", 3, "check", "--config", str(config))
            says("nguồn kiểu tệp cần `path`", 3, "run", "--config", str(config))
            says("ở đây không có kho dữ liệu", 3, "ledger", "--data", folder)
            says("chưa có máy chủ nào chạy ở đây", 4, "status", "--data", folder)
            says("dấu ( này chưa được đóng", 3, "search", "(a", "--data", folder)
            says("không có tệp hoặc thư mục này", 3, "scan", folder + "/none.log")
            says("không có lệnh 'scna'; có phải bạn muốn gõ 'scan'?", 3, "scna")
            says("thiếu files", 3, "scan")

    def test_json_is_the_same_in_every_language(self):
        english = self.picket("check", "--format", "json")
        self.assertEqual(english.stdout, self.picket("check", "--format", "json", "--lang", "vi").stdout)

    def test_what_is_typed_wrong_names_the_nearest(self):
        def says(expected, *words):
            done = self.picket(*words)
            self.assertEqual(done.returncode, 3, f"{words}: {done.stdout}")
            self.assertIn(expected, done.stderr, words)
            self.assertEqual(done.stdout, "")

        says("there is no command 'scna'; did you mean 'scan'?", "scna")
        says("there is no command 'incidnt'; did you mean 'incident'?", "incidnt", "ls")
        says("there is no command 'shwo'; did you mean 'show'?", "incident", "shwo", "1")
        says("there is no option '--ruels'; did you mean '--rules'?", "scan", "--ruels", "x", "y.log")
        says("there is no option '--limt'; did you mean '--limit'?", "search", "x", "--limt", "3")
        says("there is no command 'zzzzzz'; `picket --help`", "zzzzzz")
        says("'x' does not fit; a whole number is expected", "search", "a", "--limit", "x")
        says("--format: 'x' does not fit; one of these is expected: auto, ndjson", "scan", "--format", "x", "a.log")
        says("--limit needs a value", "search", "a", "--limit")
        says("query is missing; `picket search --help` has examples", "search")
        says("Examples:", "alert")
        says("Examples:")


if __name__ == "__main__":
    BINARY = os.path.abspath(sys.argv.pop(1))
    ROOT = pathlib.Path(sys.argv.pop(1)).resolve()
    unittest.main(verbosity=2)
