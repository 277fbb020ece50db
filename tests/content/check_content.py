#!/usr/bin/env python3
"""Checks the shipped content: rules, cases, taxonomies and the sample attack. Needs python3-yaml.

    check_content.py [project root]

Prints one line for each finding and exits 1 if there is any, 77 (skipped) without a YAML module.
Whether rules compile and cases hold is tested with the program itself (`picket rule test`); here is what needs no program.
"""

import importlib.util
import pathlib
import re
import sys
import uuid

try:
    import yaml
except ImportError:
    print("skipped: the package python3-yaml is not installed")
    sys.exit(77)

ROOT = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ".").resolve()
CONTENT = ROOT / "content"
SIGMAHQ = ROOT / "../shared/data/sigma-rules"
ACTIVE = ["rules", "rules-emerging-threats", "rules-threat-hunting", "rules-placeholder", "rules-compliance"]
LAYERS = ["network", "server", "application", "endpoint"]
LEVELS = ["informational", "low", "medium", "high", "critical"]
TACTICS = {"reconnaissance", "resource-development", "initial-access", "execution", "persistence", "privilege-escalation",
           "defense-evasion", "credential-access", "discovery", "lateral-movement", "collection", "exfiltration",
           "command-and-control", "impact"}
TAG = re.compile(r"attack\.(t\d{4}(\.\d{3})?|[a-z-]+)|cve\.\d{4}-\d{4,}")
REQUIRED = ["title", "id", "status", "description", "author", "date", "tags", "falsepositives", "level"]
EVENT_ATTRIBUTES = {"product", "service", "category", "dataset", "channel", "provider", "code"}
SAMPLE_BYTES_MAX = 2_000_000

findings = []


def report(path, text):
    name = path.relative_to(ROOT) if isinstance(path, pathlib.Path) and path.is_relative_to(ROOT) else path
    findings.append(f"{name}: {text}")


def load(path):
    try:
        return yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        report(path, f"is no YAML: {error}")
        return {}


def is_random_uuid(text):
    try:
        return uuid.UUID(text).version == 4 and str(uuid.UUID(text)) == text
    except (ValueError, AttributeError, TypeError):
        return False


# ---- rules

def check_identity(path, identity, seen):
    if not is_random_uuid(identity):
        report(path, f"id {identity!r} is no random UUID in lower case")
    elif identity in seen:
        report(path, f"id {identity} is also in {seen[identity]}")
    seen.setdefault(identity, path.name)


def check_tags(path, tags):
    for tag in tags:
        match = TAG.fullmatch(tag)
        if not match:
            report(path, f"tag {tag!r} is not of attack. or cve.")
        elif match.group(1) and not re.match(r"t\d", match.group(1)) and match.group(1) not in TACTICS:
            report(path, f"tag {tag!r} names no tactic")
    if not any(re.match(r"attack\.t\d", tag) for tag in tags):
        report(path, "no tag names a technique")


def check_sigma(path, rule, seen):
    for key in REQUIRED:
        if not rule.get(key):
            report(path, f"has no {key}")
    if not re.fullmatch(r"[a-z0-9_]{8,70}\.yml", path.name):
        report(path, "file name is not 8 to 70 of a-z, 0-9 and _")
    check_identity(path, rule.get("id"), seen)
    if rule.get("level") not in LEVELS:
        report(path, f"level {rule.get('level')!r} is unknown")
    if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", str(rule.get("date"))):
        report(path, "date is not YYYY-MM-DD")
    if rule.get("author") != "Picket":
        report(path, "author is not Picket")
    if rule.get("level") == "medium" and "Potential" not in rule["title"]:
        report(path, "a title of level medium says Potential")
    if rule.get("level") == "high" and "Suspicious" not in rule["title"] and "Attempt" not in rule["title"]:
        report(path, "a title of level high says Suspicious")
    check_tags(path, rule.get("tags") or [])
    if ("detection" in rule) == ("correlation" in rule):
        report(path, "has not exactly one of detection and correlation")


def check_detection(path, rule):
    source = rule.get("logsource") or {}
    if not source or set(source) - {"product", "category", "service"}:
        report(path, f"logsource {source} is not of product, category and service")
    condition = rule["detection"].get("condition", "")
    for search in rule["detection"]:
        if search == "condition":
            continue
        patterns = [prefix for prefix in re.findall(r"(\w+)\*", condition) if search.startswith(prefix)]
        if not patterns and not re.search(rf"\b{re.escape(search)}\b", condition):
            report(path, f"the condition does not use {search}")


def read_rules():
    """{id: (path of its cases, title, path)}"""
    seen, known, names, correlations = {}, {}, {}, []
    for path in sorted((CONTENT / "rules").rglob("*.y*ml")):
        folder = path.parent.name
        rule = load(path)
        if not isinstance(rule, dict) or "title" not in rule:
            report(path, "is no rule")
            continue
        check_sigma(path, rule, seen)
        known[rule.get("id")] = (CONTENT / "rule-cases" / folder / (path.stem + ".yaml"), rule["title"], path)
        if rule.get("name"):
            if rule["name"] in names:
                report(path, f"name {rule['name']} is taken")
            names[rule["name"]] = rule.get("id")
        if "detection" in rule:
            check_detection(path, rule)
            if folder not in LAYERS:
                report(path, "a detection lies in the folder of its layer")
        else:
            correlations.append((path, rule))
    for path, rule in correlations:
        for reference in rule["correlation"].get("rules", []):
            if reference not in names and reference not in known:
                report(path, f"refers to {reference}, which is no rule")
    for path in sorted((CONTENT / "rules").rglob("*.yar*")):
        read_yara(path, seen, known)
    return known


def read_yara(path, seen, known):
    text = path.read_text(encoding="utf-8")
    for match in re.finditer(r"(?ms)^rule (\w+)\s*\{(.*?)^\}", text):
        meta = dict(re.findall(r'(?m)^\s+(\w+) = "(.*)"$', match.group(2).split("strings:")[0]))
        for key in ["id", "title", "description", "author", "date", "level", "tags"]:
            if not meta.get(key):
                report(path, f"{match.group(1)} has no {key}")
        check_identity(path, meta.get("id"), seen)
        check_tags(path, meta.get("tags", "").split(","))
        if meta.get("level") not in LEVELS:
            report(path, f"{match.group(1)}: level is unknown")
        known[meta.get("id")] = (CONTENT / "rule-cases/yara" / (match.group(1) + ".yaml"), meta.get("title"), path)


# ---- cases

def is_event(event, inside=False):
    if isinstance(event, str):
        return bool(event)
    if isinstance(event, list):
        return not inside and bool(event) and all(is_event(step, True) for step in event)
    if isinstance(event, dict) and "repeat" in event:
        return set(event) in ({"repeat", "line"}, {"repeat", "event"}) and isinstance(event["repeat"], int)
    return isinstance(event, dict) and bool(event)


def check_cases(rules):
    expected = set()
    for identity, (path, _, rule) in rules.items():
        expected.add(path)
        if not path.exists():
            report(rule, f"has no cases in {path.relative_to(ROOT)}")
            continue
        cases = load(path)
        if cases.get("rule") != identity:
            report(path, "is of another rule")
        if set(cases) - {"definition"} != {"rule", "must_fire", "must_not_fire"}:
            report(path, "has not exactly rule, must_fire and must_not_fire, and perhaps definition")
        for key in ("must_fire", "must_not_fire"):
            if not cases.get(key) or not all(is_event(event) for event in cases[key]):
                report(path, f"{key} is no list of events")
    for path in (CONTENT / "rule-cases").rglob("*.yaml"):
        if path not in expected:
            report(path, "is of no rule")


# ---- taxonomies

def read_taxonomies():
    entries, names = [], set()
    for path in sorted((CONTENT / "taxonomies").glob("*.yaml")):
        taxonomy = load(path)
        if taxonomy.get("name") in names or not taxonomy.get("name"):
            report(path, "its name is missing or taken")
        names.add(taxonomy.get("name"))
        if set(taxonomy) - {"name", "fields", "logsources"}:
            report(path, "has unknown keys")
        for entry in taxonomy.get("logsources", []):
            when = entry.get("when") or {}
            if not when or set(when) - {"product", "category", "service"}:
                report(path, f"when {when} is not of product, category and service")
            if when in entries:
                report(path, f"when {when} is there twice")
            entries.append(when)
            if not entry.get("events") or set(entry) - {"when", "events", "fields"}:
                report(path, f"{when} has no events, or unknown keys")
            for test in entry.get("events") or []:
                if not test or set(test) - EVENT_ATTRIBUTES:
                    report(path, f"{when}: {test} is no event test")
                if "code" in test and not all(isinstance(code, int) for code in test["code"]):
                    report(path, f"{when}: code is a list of numbers")
    return entries


def covered(source, entries):
    applying = [when for when in entries if all(source.get(key) == value for key, value in when.items())]
    return set().union(*applying) >= set(source) if applying else False


# ---- against what others wrote

def check_others(rules, entries):
    if not SIGMAHQ.is_dir():
        print(f"not compared with SigmaHQ's rules: {SIGMAHQ} is absent")
        return
    ids, titles, sources = set(), set(), set()
    for folder in ACTIVE + ["deprecated", "unsupported"]:
        for path in (SIGMAHQ / folder).rglob("*.yml"):
            text = path.read_text(encoding="utf-8", errors="replace")
            ids.update(re.findall(r"(?m)^id: *['\"]?([0-9a-fA-F-]{36})", text))
            titles.update(title.strip().strip("'\"").lower() for title in re.findall(r"(?m)^title: *(.*)$", text))
            if folder in ACTIVE:
                block = re.search(r"(?m)^logsource:\s*\n((?:[ \t]+.*\n?)+)", text)
                pairs = re.findall(r"(?m)^\s+(product|category|service): *['\"]?([^'\"#\s]+)", block.group(1) if block else "")
                sources.add(tuple(sorted(pairs)))
    for identity, (_, title, path) in rules.items():
        if identity in ids:
            report(path, f"id {identity} is of a rule of SigmaHQ")
        if (title or "").lower() in titles:
            report(path, f"title {title!r} is of a rule of SigmaHQ")
    for source in sorted(sources):
        if source and not covered(dict(source), entries):
            report(CONTENT / "taxonomies", f"no entries cover {dict(source)}")
    print(f"compared with {len(ids)} rules of SigmaHQ, {len(sources)} log sources")


# ---- the sample attack

def check_sample(rules):
    folder = CONTENT / "sample"
    manifest = load(folder / "sample.yaml")
    specification = importlib.util.spec_from_file_location("generate", folder / "generate.py")
    generate = importlib.util.module_from_spec(specification)
    sys.dont_write_bytecode = True
    specification.loader.exec_module(generate)
    records = generate.tell()
    counts, size = generate.counts(records), 0
    for file, text in generate.texts(records).items():
        path = folder / file
        if not path.exists() or path.read_bytes() != text.encode():
            report(path, "is not what generate.py writes")
            continue
        size += path.stat().st_size
    if size > SAMPLE_BYTES_MAX:
        report(folder, f"{size} bytes are more than {SAMPLE_BYTES_MAX}")
    listed = {entry["file"]: (entry["attack"], entry["noise"]) for entry in manifest["files"]}
    if listed != counts:
        report(folder / "sample.yaml", f"counts {listed}, generated {counts}")
    total = manifest["records"]
    if (total["attack"], total["noise"]) != tuple(map(sum, zip(*counts.values()))):
        report(folder / "sample.yaml", "the totals are not the sums")
    titles = {title for _, title, _ in rules.values()}
    for title in manifest["incident"]["rules"]:
        if title not in titles:
            report(folder / "sample.yaml", f"expects {title!r}, which is no rule")
    layers = {entry["layer"] for entry in manifest["files"]}
    if layers != set(LAYERS) or set(manifest["incident"]["layers"]) != layers:
        report(folder / "sample.yaml", "does not cross the four layers")
    systems = {entry["name"] for entry in (load(CONTENT / "systems.yaml").get("systems") or [])}
    for entry in manifest["files"]:
        if entry["system"] not in systems:
            report(folder / "sample.yaml", f"system {entry['system']} is not in systems.yaml")
    check_addresses(folder, counts)


def check_addresses(folder, files):
    allowed = re.compile(r"10\.|172\.(1[6-9]|2\d|3[01])\.|192\.168\.|127\.|192\.0\.2\.|198\.51\.100\.|203\.0\.113\.")
    for file in files:
        text = (folder / file).read_text(encoding="utf-8")
        for address in set(re.findall(r"(?:SRC=|DST=|from |\bIp(?:Address)?\":\"|DestinationIp\":\"|^)(\d+\.\d+\.\d+\.\d+)", text, re.M)):
            if not allowed.match(address):
                report(folder / file, f"{address} is neither private nor of a documentation range")


def main():
    rules = read_rules()
    check_cases(rules)
    entries = read_taxonomies()
    check_others(rules, entries)
    check_sample(rules)
    for finding in findings:
        print(finding)
    print(f"{len(rules)} rules, {len(entries)} taxonomy entries, {len(findings)} findings")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
