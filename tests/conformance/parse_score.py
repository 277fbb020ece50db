#!/usr/bin/env python3
"""How much of what others expect of a parser Picket reproduces, per source and in total.

Runs `picket parse` over the third-party corpora beside the project (../shared/data) and compares each event with the
expected ECS document by value recall: is the expected value in our event, under the same ECS field? Every element of
an expected list counts as one value; what our event has besides is neither good nor bad. Which fields count is said
in ecs_fields_that_matter.yaml, which cases are which source in parse_sources.yaml, and what is different on purpose in
parse_differences.yaml, all beside this script.

  parse_score.py --bin build/release/app/picket                the table
  parse_score.py --bin ... --source fortinet_fortigate --missing     what is missing most, with samples
  parse_score.py --bin ... --source Squid --unrecognised             the records that no definition takes

What is equal: numbers and texts that write the same number; instants, to the millisecond (where the record names no
year, the year is anybody's guess and not compared; a zone that was configured is taken into account); addresses however they are spelled; otherwise the same text.

What is fed: the line. Inputs that are objects were partly taken apart by the collector that recorded them; of these
- an event as Winlogbeat sends it (it has `winlog`) is fed as it is;
- an object whose `event.original` is a text is a wrapper: that text is fed;
- an object under one name (`json`, `o365audit`) is fed without the name;
- an object with a text `message` is a wrapper too: the message is fed;
- anything else is fed as JSON.
Expected values that stood in the wrapper under the same name, and not in what was fed, are the collector's: not counted.
"""
import argparse
import collections
import concurrent.futures
import datetime
import fnmatch
import functools
import ipaddress
import json
import os
import pathlib
import re
import subprocess
import sys
import zoneinfo

import yaml

HERE = pathlib.Path(__file__).resolve().parent
SKIPPED = 77
Case = collections.namedtuple("Case", "corpus package stream text expected wrapper decoder")


def patterns(names):
    return [re.compile(fnmatch.translate(name)) for name in names]


class Fields:
    """Which expected fields count."""

    def __init__(self, path):
        document = yaml.safe_load(path.read_text())
        self.groups = [(patterns(g["fields"]), patterns(g.get("but_not", []))) for g in document["counted"]]
        self.known = {}

    def count(self, name):
        if name not in self.known:
            self.known[name] = any(any(p.match(name) for p in yes) and not any(p.match(name) for p in no)
                                   for yes, no in self.groups)
        return self.known[name]


class Sources:
    """Which source a case is of, and what its events may be called."""

    def __init__(self, path):
        document = yaml.safe_load(path.read_text())
        self.by_case = {case: source for source in document["sources"] for case in source["cases"]}
        self.decoders = document["decoders"]

    def of(self, case):
        for key in (f"{case.corpus}/{case.package}/{case.stream}", f"{case.corpus}/{case.package}"):
            if key in self.by_case:
                return self.by_case[key]
        return {"name": case.package, "families": [case.package]}

    def families(self, case):
        if case.decoder is None:
            return self.of(case)["families"]
        known = self.decoders["families"].get(case.decoder)
        return known if known is not None else [re.split(r"[-_ ]", case.decoder)[0].lower() or "-"]

    def skips(self, decoder):
        return any(decoder.startswith(word) for word in self.decoders["skip"])


def plain(dataset):
    return dataset.replace("_", ".")


def recognised(event, families):
    """Taken apart, by a definition of the right family."""
    dataset = event.get("event.dataset", [""])[0]
    if event.get("picket.parse_status", [""])[0] != "parsed":
        return False
    return any(plain(str(dataset)).startswith(plain(family)) for family in families)


def flat(value, name="", into=None):
    """{"a": {"b": [{"c": 1}]}} to {"a.b.c": [1]}: every value under its dotted name."""
    into = {} if into is None else into
    if isinstance(value, dict):
        for key, member in value.items():
            flat(member, f"{name}.{key}" if name else key, into)
    elif isinstance(value, list):
        for member in value:
            flat(member, name, into)
    elif value is not None:
        into.setdefault(name, []).append(value)
    return into


@functools.lru_cache(maxsize=100000)
def instant(text):
    text = str(text).strip()
    if re.fullmatch(r"\d{9,11}(\.\d+)?", text):
        return float(text)
    match = re.fullmatch(r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d(?::\d\d)?)(?:[.,](\d+))?\s*(Z|[+-]\d\d:?\d\d)?", text)
    if not match:
        return None
    zone = (match[4] or "Z").replace("Z", "+0000").replace(":", "")
    try:
        seconds = match[2] if match[2].count(":") == 2 else match[2] + ":00"
        whole = datetime.datetime.strptime(f"{match[1]}T{seconds}{zone}", "%Y-%m-%dT%H:%M:%S%z")
    except ValueError:
        return None
    return whole.timestamp() + float("0." + (match[3] or "0"))


@functools.lru_cache(maxsize=200000)
def canonical(name, text):
    if name.endswith((".ip", ".address")):
        try:
            return str(ipaddress.ip_address(text))
        except ValueError:
            return text
    if name.endswith(".mac"):
        return re.sub(r"[:.-]", "", text).upper()
    if re.fullmatch(r"[+-]?\d+(\.\d+)?", text) and len(text) < 20:
        return float(text)
    return text


def same(name, expected, got, case):
    if name == "@timestamp":
        return any(same_time(str(expected), str(value), case) for value in got)

    def word(value):
        return canonical(name, str(value).lower() if isinstance(value, bool) else str(value))
    wanted = word(expected)
    return any(word(value) == wanted for value in got)


def names_year(line, year):
    """Does the record say so itself, in four digits, in a date like 26/12/16, or in seconds since 1970?"""
    if year in line or re.search(r"(?<!\d)1\d{9}", line):
        return True
    return re.search(rf"\b\d\d?[/-](\d\d?|\w{{3}})[/-]{year[2:]}\b|\b{year[2:]}[/-]\d\d[/-]\d\d\b", line) is not None


def offset_s(zone, at):
    """Seconds east of UTC of "+02:00", "-0200" or "Europe/Oslo"; None for anything else."""
    match = re.fullmatch(r"([+-])(\d\d):?(\d\d)", zone)
    if match:
        return (1 if match[1] == "+" else -1) * (int(match[2]) * 3600 + int(match[3]) * 60)
    try:
        moment = datetime.datetime.fromtimestamp(at, zoneinfo.ZoneInfo(zone))
        return moment.utcoffset().total_seconds()
    except (ValueError, OSError, KeyError):
        return None


def same_time(expected, got, case):
    one, other = instant(expected), instant(got)
    if one is None or other is None:
        return expected == got
    zones = [expected[-6:]] + [str(zone) for zone in case.expected.get("event.timezone", [])]
    shifts = {0} | {offset_s(zone, one) or 0 for zone in zones}  # a zone that was told to the pipeline, not to us
    if any(abs(one + shift - other) < 0.0011 for shift in shifts):
        return True
    if names_year(case.text, expected[:4]):
        return False
    def yearless(seconds):
        return datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc).strftime("%m%dT%H%M%S")
    return any(yearless(one + shift) == yearless(other) for shift in shifts)


def sent(value):
    """What a sender would send, and whether it is less than the whole."""
    if isinstance(value, str):
        return value, None
    original = flat(value).get("event.original", [None])[0]
    wrapped = [key for key in ("json", "o365audit") if isinstance(value.get(key), dict)]
    if "winlog" in value:
        return json.dumps(value, ensure_ascii=False), None
    if isinstance(original, str):
        return original, flat(value)
    if wrapped:
        return json.dumps(value[wrapped[0]], ensure_ascii=False), {k: v for k, v in flat(value).items()
                                                                   if not k.startswith(wrapped[0])}
    if isinstance(value.get("message"), str):
        return value["message"], flat(value)
    return json.dumps(value, ensure_ascii=False), None


def json_lines(path):
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)


def integration_cases(data):
    for path in sorted((data / "elastic-integrations").glob("*.jsonl")):
        for row in json_lines(path):
            if row["expected"] is None:
                continue
            text, wrapper = sent(row["input"])
            yield Case("integrations", row["pkg"], row["stream"], text, flat(row["expected"]), wrapper, None)


def module_cases(data):
    for row in json_lines(data / "elastic-filebeat-modules/cases.jsonl"):
        if row["expected"] is None:
            continue
        text, wrapper = sent(row["input"])
        yield Case("modules", row["module"], row["fileset"], text, flat(row["expected"]), wrapper, None)


def winlogbeat_cases(data):
    """`collection` holds what Winlogbeat sends, `ingest` what its pipeline makes of it."""
    for made in sorted((data / "elastic-filebeat-modules/winlogbeat").glob("*/test/testdata/ingest/*.golden.json")):
        kind = made.parents[3].name
        raw = made.parents[1] / "collection" / made.name.replace(".golden.json", ".evtx.golden.json")
        if not raw.exists():
            continue
        events = json.loads(raw.read_text())
        wanted = {str(e["winlog"]["record_id"]): e for e in json.loads(made.read_text())}
        for event in events:
            expected = wanted.get(str(event["winlog"]["record_id"]))
            if expected is not None:
                yield Case("winlogbeat", kind, "", json.dumps(event, ensure_ascii=False), flat(expected), None, None)


def decoder_cases(data, sources):
    for corpus in ("wazuh", "ossec"):
        for row in json_lines(data / f"{corpus}-ruleset-tests/cases.jsonl"):
            decoder = row["decoder"].strip()
            if row["expect"] == "pass" and decoder and not sources.skips(decoder):
                yield Case(corpus, f"{corpus} decoders", decoder, row["log"], {}, None, decoder)


def syslog_cases(data):
    names = {"version": "log.syslog.version", "hostname": "log.syslog.hostname", "appname": "log.syslog.appname",
             "procid": "log.syslog.procid", "msgid": "log.syslog.msgid", "priority": "log.syslog.priority",
             "message": "message", "timestamp": "@timestamp"}
    for row in json_lines(data / "syslog-rfc/go-syslog.jsonl"):
        if not row["valid"]:
            continue
        expected = {names[k]: [v] for k, v in row["expected"].items() if k in names}
        if row["rfc"] == "rfc3164":
            expected.pop("@timestamp", None)
        yield Case("syslog", "syslog RFC", row["rfc"], row["input"], expected, None, None)


def parse(binary, texts):
    """One event for each text, in order; texts must not be blank."""
    env = dict(os.environ)
    env.setdefault("PICKET_CONTENT", str(HERE.parents[1] / "content"))
    fed = b"\0".join(text.encode("utf-8", "surrogatepass") for text in texts)
    run = subprocess.run([binary, "parse", "--zero", "-"], input=fed, stdout=subprocess.PIPE, env=env, check=False)
    if run.returncode != 0:
        sys.exit(f"picket parse ended with {run.returncode}")
    lines = run.stdout.decode("utf-8", "replace").split("\n")[:-1]
    if len(lines) != len(texts):
        sys.exit(f"{len(texts)} records went in, {len(lines)} events came out")
    return [json.loads(line) for line in lines]


class Score:
    def __init__(self):
        self.cases = self.recognised = self.values = self.right = self.deliberate = self.kept = 0

    def add(self, other):
        for name, value in vars(other).items():
            setattr(self, name, getattr(self, name) + value)

    def recall(self):
        return 100 * self.right / self.values if self.values else None

    def share(self):
        return 100 * self.recognised / self.cases if self.cases else 100.0


class Differences:
    def __init__(self, path):
        self.list = yaml.safe_load(path.read_text())["differences"] or []
        self.found = collections.Counter()

    def find(self, source, name, value):
        for at, one in enumerate(self.list):
            if one["source"] in ("*", source) and fnmatch.fnmatchcase(name, one["field"]) and \
                    fnmatch.fnmatchcase(str(value), str(one.get("expected", "*")).replace("[", "[[]")):
                self.found[at] += 1
                return True
        return False


class Judge:
    def __init__(self, fields, sources, differences):
        self.fields, self.sources, self.differences = fields, sources, differences
        self.scores = collections.defaultdict(Score)
        self.missing = collections.defaultdict(list)  # (field, kind) -> [(expected, got, case)]
        self.by_field = collections.defaultdict(lambda: [0, 0])
        self.strangers = []

    def judge(self, case, document):
        source = self.sources.of(case)["name"] if case.decoder is None else case.package
        score = self.scores[source]
        event = flat(document)
        score.cases += 1
        kept = event.get("event.original", [None])[-1]
        score.kept += kept in (case.text, case.text.rstrip("\r\n"))
        families = self.sources.families(case) if case.corpus != "syslog" else [""]
        if recognised(event, families) or (case.corpus == "syslog" and "log.syslog.priority" in event):
            score.recognised += 1
        else:
            self.strangers.append((case, event))
        for name, wanted in case.expected.items():
            if case.corpus == "syslog" or self.fields.count(name):
                self.values(case, source, score, name, wanted, event.get(name, []))

    def values(self, case, source, score, name, wanted, got):
        for value in {json.dumps(v): v for v in wanted}.values():
            if value == "" or self.of_collector(case, name, value):
                continue
            right = same(name, value, got, case)
            if not right and self.differences.find(source, name, value):
                score.deliberate += 1
                continue
            score.values += 1
            score.right += right
            self.by_field[name][0] += 1
            self.by_field[name][1] += right
            if not right:
                self.missing[(name, "wrong" if got else "missing")].append((value, got, case))

    @staticmethod
    def of_collector(case, name, value):
        if case.wrapper is None or value not in case.wrapper.get(name, []):
            return False
        return name == "@timestamp" or str(value) not in case.text


def percent(value):
    return "     -" if value is None else f"{value:5.1f}%"


def row(name, score, mark=" "):
    low = " <" if mark == "*" and score.values and score.recall() < 80 else ""
    return (f"{mark} {name:<28}{score.cases:>6} {percent(score.share())}"
            f"{score.values:>8} {percent(score.recall())}{score.deliberate:>6}{low}")


def show_missing(judge, count):
    print("\nfields, the worst first: expected values, reproduced")
    fields = sorted(judge.by_field.items(), key=lambda item: item[1][1] - item[1][0])
    for name, (values, right) in fields:
        if values != right:
            print(f"  {name:<44}{values:>6}{right:>6}")
    ranked = sorted(judge.missing.items(), key=lambda item: -len(item[1]))[:count]
    for (name, kind), found in ranked:
        print(f"\n{name}: {len(found)} {kind}")
        most = collections.Counter(str(value) for value, _, _ in found).most_common(4)
        print("  expected " + ", ".join(f"{value!r} x{times}" for value, times in most))
        shown = set()
        for value, got, case in found:
            if len(shown) < 2 and (str(value), str(got)) not in shown:
                shown.add((str(value), str(got)))
                print(f"    expected {value!r} got {got!r} in {case.package}/{case.stream}:\n      {case.text[:400]!r}")


def show_strangers(judge, count):
    print(f"\n{len(judge.strangers)} records were not recognised")
    kinds = collections.Counter((event.get("picket.parse_status", ["?"])[0], event.get("event.dataset", ["-"])[0],
                                 f"{case.package}/{case.stream}") for case, event in judge.strangers)
    for (status, dataset, stream), times in kinds.most_common(40):
        print(f"  {times:>5} {stream}: {status}, dataset {dataset}")
    for case, _ in judge.strangers[:count]:
        print(f"  {case.package}/{case.stream}: {case.text[:300]!r}")


def totals(judge, sources):
    listed = {s["name"] for s in sources.by_case.values() if s.get("listed")}
    of_listed, everything = Score(), Score()
    for name, score in judge.scores.items():
        everything.add(score)
        if name in listed:
            of_listed.add(score)
    return listed, of_listed, everything


def show_table(judge, listed, of_listed, everything):
    print(f"  {'source (* listed)':<28}{'cases':>6}  recog.  values recall  diff")
    for name in sorted(judge.scores, key=lambda n: (n not in listed, n.lower())):
        print(row(name, judge.scores[name], "*" if name in listed else " "))
    print(row("ALL LISTED", of_listed))
    print(row("EVERYTHING", everything))
    print(f"  the record came back as it was: {everything.kept} of {everything.cases}")
    for at, times in sorted(judge.differences.found.items()):
        one = judge.differences.list[at]
        print(f"  different on purpose: {times} values of {one['field']} of {one['source']}: {one['reason']}")


def as_json(judge, listed, of_listed, everything):
    def shown(score):
        return {**vars(score), "recall": score.recall(), "recognised_percent": score.share()}
    print(json.dumps({"sources": {n: {**shown(s), "listed": n in listed} for n, s in sorted(judge.scores.items())},
                      "listed": shown(of_listed), "everything": shown(everything)}, indent=1))


def wanted(case, sources, source):
    return source is None or source.lower() in (sources.of(case)["name"].lower(), case.package.lower(),
                                                 f"{case.package}/{case.stream}".lower(), case.corpus)


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--bin", default="build/release/app/picket", help="the program (default: %(default)s)")
    options.add_argument("--data", type=pathlib.Path, default=HERE.parents[1] / "../shared/data")
    options.add_argument("--source", help="only this source, package, package/stream or corpus")
    options.add_argument("--missing", nargs="?", type=int, const=25, help="the most frequent missing and wrong values")
    options.add_argument("--unrecognised", nargs="?", type=int, const=25, help="records that were not recognised")
    options.add_argument("--json", action="store_true")
    options.add_argument("--floor", type=float, default=0, help="fail when the recall of all listed sources is lower")
    options.add_argument("--floor-each", type=float, default=0, help="fail when that of one listed source is lower")
    options.add_argument("--floor-all", type=float, default=0, help="fail when that of everything is lower")
    chosen = options.parse_args()
    if not (chosen.data / "elastic-integrations").is_dir():
        print(f"skipped: there is no third-party data at {chosen.data}")
        return SKIPPED
    sources = Sources(HERE / "parse_sources.yaml")
    judge = Judge(Fields(HERE / "ecs_fields_that_matter.yaml"), sources, Differences(HERE / "parse_differences.yaml"))
    batches = collections.defaultdict(list)
    for cases in (integration_cases(chosen.data), module_cases(chosen.data), winlogbeat_cases(chosen.data),
                  decoder_cases(chosen.data, sources), syslog_cases(chosen.data)):
        for case in cases:
            if wanted(case, sources, chosen.source) and case.text.strip(" \t\r\0"):
                # Zero bytes end records here.
                batches[(case.corpus, case.package)].append(case._replace(text=case.text.replace("\0", " ")))
    if not batches:
        sys.exit(f"no cases of '{chosen.source}'")
    with concurrent.futures.ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        events = pool.map(lambda cases: parse(chosen.bin, [c.text for c in cases]), batches.values())
        for cases, documents in zip(batches.values(), events):
            for case, document in zip(cases, documents):
                judge.judge(case, document)
    listed, of_listed, everything = totals(judge, sources)
    (as_json if chosen.json else show_table)(judge, listed, of_listed, everything)
    if chosen.missing:
        show_missing(judge, chosen.missing)
    if chosen.unrecognised:
        show_strangers(judge, chosen.unrecognised)
    low = [name for name in listed if name in judge.scores and (judge.scores[name].recall() or 100) < chosen.floor_each]
    for name in low:
        print(f"below {chosen.floor_each}: {name}", file=sys.stderr)
    too_low = (of_listed.recall() or 100) < chosen.floor or (everything.recall() or 100) < chosen.floor_all
    return 1 if too_low or low else 0


if __name__ == "__main__":
    sys.exit(main())
