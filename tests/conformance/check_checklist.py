#!/usr/bin/env python3
"""Checks docs/sigma-conformance.md: every row names tests, every test exists, every exception is used.

    check_checklist.py [project root]

Prints one line for each finding and exits 1 if there is any.
"""

import pathlib
import re
import sys

ROOT = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ".").resolve()
CHECKLIST = ROOT / "docs/sigma-conformance.md"
CELL = re.compile(r"(?<!\\)\|")  # a bar that is not escaped
ROWS_MIN = 80

tests = set()
for path in sorted((ROOT / "tests").glob("**/*.cc")):
    for suite, name in re.findall(r"^TEST(?:_[FP])?\((\w+),\s*(\w+)\)", path.read_text(encoding="utf-8"), re.M):
        tests.add(f"{suite}.{name}")

findings = []
seen, used, explained = set(), set(), set()
text = CHECKLIST.read_text(encoding="utf-8")
for number, line in enumerate(text.splitlines(), 1):
    cells = [cell.strip() for cell in CELL.split(line)[1:-1]]
    if not cells or not re.fullmatch(r"[A-Z]\d+", cells[0]):
        continue
    if cells[0] in seen:
        findings.append(f"{number}: {cells[0]} stands there twice")
    seen.add(cells[0])
    if cells[0].startswith("E"):
        explained.add(cells[0])
        continue
    if len(cells) != 4:
        findings.append(f"{number}: {cells[0]} has {len(cells)} columns, not 4")
        continue
    used.update(re.findall(r"\((E\d+)\)", cells[2]))
    named = re.findall(r"`([^`]+)`", cells[3])
    if not named:
        findings.append(f"{number}: {cells[0]} names no test")
    findings += [f"{number}: there is no test {name}" for name in named if name not in tests]
findings += [f"exception {name} is not explained" for name in sorted(used - explained)]
findings += [f"exception {name} is of no clause" for name in sorted(explained - used)]
for name in re.findall(r"`(\w+\.\w+)`", text.split("\n## Rules")[0]):
    if name[0].isupper() and name not in tests:
        findings.append(f"there is no test {name}")
if len(seen) < ROWS_MIN:
    findings.append(f"only {len(seen)} rows were read")

for finding in findings:
    print(f"docs/sigma-conformance.md: {finding}")
print(f"{len(seen)} rows, {len(findings)} findings")
sys.exit(1 if findings else 0)
