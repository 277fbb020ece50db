#!/usr/bin/env python3
"""Source definitions speak ECS: their field names, constants and allowed values against content/ecs.yaml.

Names that begin with the name of an ECS field set ("source.", "event.") must be fields of the table; other names are
the source's own. Of steps, the names are those that `set`, `default`, `append`, `rename`, `copy`, `lookup`, `date`,
`convert` and the captures of patterns give. With --pairs it also names event types that ECS does not expect with their
category: sources and their integrations do write some, so that is for authors to judge and no fault.
"""
import pathlib
import re
import sys

import yaml

PAIRS = "--pairs" in sys.argv
ROOT = pathlib.Path(next((word for word in sys.argv[1:] if not word.startswith("--")), "."))
CAPTURE = re.compile(r"%\{[+?]?(?:[\w>-]+|\[[^\]]*\]|\([^)]*\)):([\w@.]+)\}|%\{\+?([\w@]+\.[\w@.]+)(?:->)?\}|\(\?<(\w+)>")
TARGETS = {"set", "default", "append"}      # names are the keys
RENAMES = {"rename", "copy", "fields"}      # names are the values


def load_table():
    table = yaml.safe_load((ROOT / "content/ecs.yaml").read_text())
    names = {}

    def spread(prefix, what):
        members = table["sets"][what] if isinstance(what, str) else what
        for name, kind in members.items():
            full = f"{prefix}.{name}" if prefix else name
            if isinstance(kind, str) and kind not in table["sets"]:
                names[full] = kind
            else:  # `group` is a set below a user, and a keyword of a file
                if prefix == "file" or prefix.endswith(".file"):
                    if name == "group":
                        names[full] = "keyword"
                        continue
                spread(full, kind)
    for prefix, what in table["fields"].items():
        spread(prefix, what)
    return table, names


def listed(value):
    return value if isinstance(value, list) else [value]


# Names under roots of ECS that ECS does not have, but Filebeat's modules do and people search for.
BEYOND = {
    "destination.process.name", "destination.process.pid", "destination.service.name", "source.service.name",
    "email.size", "file.hash.original", "group.email", "observer.address", "observer.nat.ip", "process.integrity_level",
    "threat.indicator.file.hash.pehash", "threat.indicator.file.hash.sha224", "user.audit.id", "user.audit.name",
    "user.filesystem.group.id", "user.filesystem.id", "user.owner.group.id", "user.owner.id", "user.saved.group.id",
    "user.saved.id", "user.terminal",
}


class Checker:
    def __init__(self, table, names, path):
        self.table, self.names, self.path = table, names, path
        self.roots = {name.split(".")[0] for name in names}
        self.problems = []

    def name(self, name, where):
        if not isinstance(name, str) or name.startswith("_") or name.split(".")[0] not in self.roots:
            return
        if name in self.names or name in BEYOND or any(name.startswith(f"{known}.") for known, kind in self.names.items()
                                     if kind in ("object", "flattened", "nested")):
            return
        if any(known.startswith(name + ".") for known in self.names) and name not in ("user", "file"):
            return self.problems.append(f"{self.path.name}: {where}: {name} is a set of fields, not a field")
        self.problems.append(f"{self.path.name}: {where}: {name} is no field of ECS")

    def value(self, name, value, where):
        for one in listed(value):
            if name in self.table["allowed"] and isinstance(one, str) and "%{" not in one and \
                    one not in self.table["allowed"][name]:
                self.problems.append(f"{self.path.name}: {where}: {one} is no value of {name}")

    def constants(self, constants, where):
        for name, value in (constants or {}).items():
            self.name(name, where)
            self.value(name, value, where)
        if PAIRS:
            self.pairing(constants or {}, where)

    def pairing(self, constants, where):
        categories, types = listed(constants.get("event.category", [])), listed(constants.get("event.type", []))
        if not categories or not types or not all(c in self.table["expected_types"] for c in categories):
            return
        fit = {t for c in categories for t in self.table["expected_types"][c]}
        for one in types:
            if one not in fit and "%{" not in str(one):
                self.problems.append(f"{self.path.name}: {where}: event.type {one} goes with none of {categories}")

    def block(self, block, where):
        short = {f"event.{k}": block[k] for k in ("action", "category", "type", "outcome") if k in block and
                 (k != "category" or where != "definition") and not isinstance(block[k], dict)}
        self.constants({**(block.get("constants") or {}), **short}, where)
        for original, ecs in (block.get("fields") or {}).items():
            for name in listed(ecs):
                self.name(name, f"{where}: field {original}")

    def captures(self, text, where):
        for groups in CAPTURE.findall(text):
            name = groups[0] or groups[1] or groups[2].replace("__", ".")
            self.name(name, where)

    def steps(self, node, where):
        if isinstance(node, list):
            for at, member in enumerate(node):
                self.steps(member, f"{where}[{at}]")
        elif isinstance(node, dict):
            for key, value in node.items():
                if key == "to" and "url" in node:
                    continue  # a stem: the parts of the URL go under it
                self.step(key, value, f"{where}.{key}")
                self.steps(value, f"{where}.{key}")

    def step(self, key, value, where):
        if key in TARGETS and isinstance(value, dict):
            for name, one in value.items():
                self.name(name, where)
                self.value(name, one, where)
        elif key in RENAMES and isinstance(value, dict):
            for ecs in value.values():
                for name in listed(ecs):
                    self.name(name, where)
        elif key == "to" and not isinstance(value, dict):
            for name in listed(value):
                self.name(name, where)
        elif key == "convert" and isinstance(value, dict):
            for how in value.values():
                for name in re.findall(r" to (\S+)", str(how)):
                    self.name(name, where)
        elif key in ("pattern", "dissect", "regex"):
            for text in listed(value):
                self.captures(str(text), where)


def check(path, table, names):
    checker = Checker(table, names, path)
    definition = yaml.safe_load(path.read_text())
    checker.block(definition, "definition")
    for code, block in (definition.get("events") or {}).items():
        if isinstance(block, dict):
            checker.block(block, f"event {code}")
    checker.steps(definition.get("steps") or [], "steps")
    return checker.problems


def self_test(table, names):
    """The checker finds what it is for."""
    for name in ("source.ip", "process.parent.hash.sha256", "user.target.group.name", "file.group", "observer.egress.interface.name",
                 "threat.technique.subtechnique.id", "log.syslog.severity.code", "@timestamp"):
        assert name in names, name
    for bad in ("constants: {event.category: firewall}", "constants: {event.type: [login]}", "fields: {a: source.adress}",
                "steps: [{set: {destination.prt: 1}}]", "steps: [{pattern: '%{ip:source.i}'}]", "fields: {a: source}",
                "events: {1: {outcome: ok}}",
                "steps: [{rename: {a: [b, network.proto]}}]", "steps: [{regex: '(?<user__nam>x)'}]"):
        path = pathlib.Path("bad.yaml")
        checker = Checker(table, names, path)
        definition = yaml.safe_load(bad)
        checker.block(definition, "definition")
        for code, block in (definition.get("events") or {}).items():
            checker.block(block, f"event {code}")
        checker.steps(definition.get("steps") or [], "steps")
        assert len(checker.problems) == 1, (bad, checker.problems)


def main():
    table, names = load_table()
    self_test(table, names)
    problems = [p for path in sorted((ROOT / "content/sources").glob("**/*.y*ml")) for p in check(path, table, names)]
    print("\n".join(problems) or f"{len(names)} fields, all definitions speak ECS {table['version']}")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
