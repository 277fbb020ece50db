#!/usr/bin/env python3
"""The architecture, as a test: who may include whom, no dead files, no banned calls."""
import pathlib
import re
import sys

MAY_INCLUDE = {
    "base": set(),
    "event": {"base"},
    "collector": {"event", "base"},
    "parsers": {"event", "base"},
    "rules": {"event", "base"},
    "storage": {"event", "base"},
    "correlator": {"rules", "storage", "event", "base"},
    "response": {"storage", "event", "base"},
    "api": {"response", "correlator", "rules", "storage", "event", "base"},
    "agent": {"collector", "rules", "event", "base"},
    "app": {"api", "collector", "parsers", "correlator", "storage", "response", "rules", "event", "base"},
}
BANNED = {  # call: what to do instead
    r"system_clock::now|steady_clock::now|\btime\(": "take a Clock& (base/world.h)",
    r"\bstd::(mutex|condition_variable)\b": "send a value through SpscQueue",
    r"\b(sprintf|strcpy|gets|atoi)\b": "std::string, std::from_chars",
}
root = pathlib.Path(sys.argv[1])
errors = []
for folder, allowed in MAY_INCLUDE.items():
    cmake = (root / folder / "CMakeLists.txt")
    listed = cmake.read_text() if cmake.exists() else ""
    for path in sorted((root / folder).glob("**/*")):
        if path.suffix not in (".h", ".cc"):
            continue
        where = path.relative_to(root)
        if path.suffix == ".cc" and path.name not in listed:
            errors.append(f"{where}: in no CMakeLists.txt")
        for number, line in enumerate(path.read_text().splitlines(), 1):
            include = re.match(r'#include "(\w+)/', line)
            if include and include[1] not in allowed | {folder}:
                errors.append(f"{where}:{number}: {folder} may not include {include[1]}")
            for pattern, instead in BANNED.items():
                if re.search(pattern, line.split("//")[0]) and folder != "base":
                    errors.append(f"{where}:{number}: banned, {instead}")
print("\n".join(errors) or "tidy")
sys.exit(bool(errors))
