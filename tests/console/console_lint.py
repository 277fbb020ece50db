#!/usr/bin/env python3
"""What the console's files must never hold, and what its languages must share."""
import gzip
import json
import pathlib
import re
import sys

root = pathlib.Path(sys.argv[1])
errors = []

FORBIDDEN = {  # what: why
    r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|DOMParser|createContextualFragment|srcdoc":
        "markup from text",
    r"\beval\(|new Function|setTimeout\(\s*[\"'`]|javascript:": "code from text",
    r"cssText|setAttribute\(\s*[\"']style": "inline style",
    r"(?i)https?://(?!www\.w3\.org/2000/svg)|[\"'(]//[a-z]": "another host",
    r"@import|url\(": "a file that the budget does not know",
}
for path in sorted(root.rglob("*")):
    if path.suffix not in (".js", ".css", ".html", ".svg"):
        continue
    text = path.read_text(encoding="utf-8")
    for number, line in enumerate(text.splitlines(), 1):
        for pattern, why in FORBIDDEN.items():
            if re.search(pattern, line):
                errors.append(f"{path.name}:{number}: {why}: {line.strip()[:80]}")
    if path.suffix == ".html":
        for tag in re.findall(r"<[^>]+>", text):
            if re.search(r"\s(on\w+|style)=", tag):
                errors.append(f"{path.name}: inline handler or style: {tag}")
        for body in re.findall(r"<(?:script|style)[^>]*>(.*?)</(?:script|style)>", text, re.S):
            if body.strip():
                errors.append(f"{path.name}: inline script or style")

languages = {path.stem: json.loads(path.read_text(encoding="utf-8"))
             for path in sorted((root / "i18n").glob("*.json"))}
english = languages["en"]
if set(languages) != {"en", "vi"}:
    errors.append(f"languages are {sorted(languages)}")
for name, words in languages.items():
    for key in sorted(set(english) ^ set(words)):
        errors.append(f"i18n/{name}.json: {key} is not in every language")
    for key in set(english) & set(words):
        places = [sorted(set(re.findall(r"\{(\w+)\}", text))) for text in (english[key], words[key])]
        if places[0] != places[1]:
            errors.append(f"i18n/{name}.json: {key}: placeholders differ from English")
        if not words[key].strip():
            errors.append(f"i18n/{name}.json: {key} is empty")
same = [key for key in english if english[key] == languages["vi"].get(key)]
allowed = {"kind.yara", "events.placeholder", "layers.none"}
for key in same:
    if key not in allowed:
        errors.append(f"i18n/vi.json: {key} is not translated")

# Every word that the code asks for exists: t("key") and t(`group.${name}`), by their groups.
groups = {key.rsplit(".", 1)[0] for key in english if "." in key}
for path in sorted(root.glob("*.js")):
    text = path.read_text(encoding="utf-8")
    for key in re.findall(r"\bt\(\s*\"([\w.]+)\"", text) + re.findall(r"[?:] \"(\w+\.[\w.]+)\"", text):
        if key not in english:
            errors.append(f"{path.name}: no text for {key}")
    for group in re.findall(r"\bt\(\s*`([\w.]+)\.\$\{", text) + re.findall(r"\bword\(\"([\w.]+)\"", text):
        if group not in groups:
            errors.append(f"{path.name}: no texts for {group}.*")

# A lower bound of what travels; the browser test measures the rest. Files of the first view.
first = ["index.html", "console.css", "icon.svg", "theme.js", "app.js", "dom.js", "text.js", "net.js",
         "list.js", "i18n/vi.json"]
size = sum(len(gzip.compress((root / name).read_bytes(), 9)) for name in first)
whole = sum(len(gzip.compress(path.read_bytes(), 9)) for path in root.rglob("*")
            if path.suffix in (".js", ".css", ".html", ".svg", ".json"))
print(f"first view {size / 1000:.1f} kB, whole console {whole / 1000:.1f} kB, compressed")
if size > 60_000:
    errors.append(f"the first view is {size} bytes compressed, more than 60,000")

print("\n".join(errors) or "clean")
sys.exit(bool(errors))
