#!/usr/bin/env python3
"""Opens the console in a real browser and does what an analyst does.

  console_test.py --server console_server      over the seeded incident, every check
  console_test.py --demo picket                  over `picket demo`, started and ended here
  console_test.py --url http://127.0.0.1:8440/#token=...   over a running `picket demo`
  --pictures DIR                               also leaves screenshots there

Leaves with 77 (skipped) where no Chromium is installed.
"""
import argparse
import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import time
import urllib.parse

import webdriver

FIRST_LOAD_MAX = 150_000
failures = []


def expect(condition, what):
    print(("ok    " if condition else "FAIL  ") + what, flush=True)
    if not condition:
        failures.append(what)


def first_load(browser, url):
    browser.open("about:blank")
    browser.received()
    browser.open(url)
    browser.wait("document.querySelectorAll('tbody tr').length > 0", "a row in the list of incidents")
    time.sleep(0.5)
    traffic = {to: size for to, size in browser.received().items() if to.startswith("http")}
    host = urllib.parse.urlsplit(url).netloc
    foreign = [to for to in traffic if urllib.parse.urlsplit(to).netloc != host]
    total = sum(traffic.values())
    print(f"      first load: {total} bytes in {len(traffic)} requests")
    expect(0 < total < FIRST_LOAD_MAX, f"first load under {FIRST_LOAD_MAX} bytes")
    expect(not foreign, f"no other host was asked {foreign}")
    expect("token" not in browser.url(), "the token left the address bar")


def open_incident(browser, want_layers):
    """Opens the incident that crosses the most layers, by its link, as a click would."""
    number = browser.run("""
      const rows = [...document.querySelectorAll('tbody tr')];
      rows.sort((a, b) => b.querySelectorAll('.cell.on').length - a.querySelectorAll('.cell.on').length);
      return [rows[0].querySelector('td.title a').getAttribute('href'), rows[0].querySelectorAll('.cell.on').length]""")
    expect(number[1] == want_layers, f"an incident crosses {want_layers} layers (found {number[1]})")
    browser.click(f"a[href='{number[0]}']")
    browser.wait("document.querySelector('.proof .rule-pane .line')", "the proof")


IN_VIEW = """
  const seen = (selector) => [...document.querySelectorAll(selector)].some((element) => {
    const box = element.getBoundingClientRect();
    if (!box.width || box.bottom > innerHeight || box.top < 0 || box.right > innerWidth) return false;
    const top = document.elementFromPoint(box.left + Math.min(4, box.width / 2), box.top + box.height / 2);
    return top !== null && (element.contains(top) || top.contains(element));
  });
  return arguments[0].map(seen)
"""


def proof_on_screen(browser, when):
    """Waits for lit bytes, then asks that all three parts of the proof are visible without scrolling."""
    browser.wait("document.querySelector('.raw mark.lit') && document.querySelector('.line.lit')",
                 "lit rule line and lit bytes")
    rule, raw, field = browser.run(IN_VIEW, [".rule-pane .line.lit", ".raw-pane mark.lit", ".field-pane tr.lit"])
    expect(rule, f"{when}: a lit line of the rule is in view")
    expect(raw, f"{when}: lit bytes of the raw record are in view")
    expect(field, f"{when}: a lit field is in view")
    expect(browser.run("return document.documentElement.scrollHeight <= innerHeight + 1"),
           f"{when}: the page does not scroll")
    expect(browser.run("return document.documentElement.scrollWidth <= innerWidth"),
           f"{when}: nothing is wider than the screen")


def choose_lit_alert(browser):
    """The chosen alert has a proof in any case; go on to one whose bytes are lit if it has none."""
    for _ in range(browser.count("a.moment") + 1):
        time.sleep(0.3)
        if browser.count(".raw mark.lit") and browser.count(".line.lit"):
            return
        browser.keys("k")


def speak(browser, language):
    browser.click(f"[data-language={language}]")
    browser.wait(f"document.documentElement.lang === '{language}'", f"language {language}")


def check_hostile(browser):
    """The seeded web request carries markup, escapes and direction marks in its raw record."""
    browser.run("[...document.querySelectorAll('a.moment')].find((a) => a.textContent.includes('scanner')).click()")
    browser.wait("document.querySelector('.raw')?.textContent.includes('onerror')", "the hostile record")
    raw = browser.text(".raw")
    expect("<img src=x onerror=alert(1)>" in raw and "</script>" in raw, "markup in a record is shown as text")
    expect("\\x1b" in raw and "\x1b" not in raw, "escape characters are shown, not sent")
    expect("U+202E" in raw and "\u202e" not in raw, "direction marks are shown, not obeyed")
    expect(browser.count("main img, main script, main iframe") == 0, "no element was made from a record")
    browser.run("[...document.querySelectorAll('a.moment')].find((a) => a.textContent.includes('Account')).click()")
    browser.wait("document.querySelector('.raw')?.textContent.includes('useradd')", "the record with odd bytes")
    expect("\\xff" in browser.text(".raw"), "bytes that are not UTF-8 are shown as hex")


def check_correlation(browser):
    browser.run("[...document.querySelectorAll('a.moment')].find((a) => a.textContent.includes('guessing')).click()")
    browser.wait("document.querySelector('.stepper')", "the events of the correlation")
    expect("7" in browser.text(".stepper .num"), "a correlation shows how many events it has")
    expect(browser.count(".correlation .chip") == 2, "a correlation shows its group")
    before = browser.text(".raw")
    browser.keys("[")
    browser.wait(f"document.querySelector('.raw').textContent !== {before!r}", "the event before")
    expect(browser.count(".rule-pane ol.code") == 2, "the rule that is counted stands below the correlation")


def check_actions(browser):
    browser.click(".step button[data-verb=approve]")
    browser.wait("!document.querySelector('.step button[data-verb=approve]')", "the approval")
    expect(True, "a waiting step can be approved")
    browser.keys("a")
    browser.wait("document.querySelector('.status-acknowledged')", "the acknowledgement")
    expect(True, "a acknowledges the incident")


def check_keys(browser):
    browser.keys("gl")
    browser.wait("location.hash === '#/ledger'", "the ledger by g l")
    browser.keys("ge")
    browser.wait("location.hash.startsWith('#/events')", "the events by g e")
    browser.keys("gi")
    browser.wait("document.querySelectorAll('td.title a').length > 1", "the incidents by g i")
    browser.keys("jj")
    expect(browser.run("return document.activeElement === document.querySelectorAll('td.title a')[1]"), "j moves down")
    browser.keys("k")
    expect(browser.run("return document.activeElement === document.querySelectorAll('td.title a')[0]"), "k moves up")
    browser.keys("?")
    expect(browser.run("return document.querySelector('dialog.help').open"), "? shows the keys")
    browser.click("dialog.help button")


def check_live(browser, server):
    browser.run("document.querySelectorAll('td.title a')[1].focus()")
    browser.wait("document.querySelector('.live.live')", "the stream to open")
    rows = browser.count("tbody tr")
    server.stdin.write("incident\n")
    server.stdin.flush()
    browser.wait("document.querySelector('.pill')", "the pill of a new incident")
    expect(browser.count("tbody tr") == rows, "a new incident does not move the list")
    expect(browser.run("return document.activeElement === document.querySelectorAll('td.title a')[1]"),
           "a new incident does not take the focus")


def check_events(browser):
    browser.keys("/")
    browser.wait("document.activeElement?.id === 'filter'", "the filter by /")
    browser.keys("\ue00c")
    browser.keys("ge")
    browser.wait("document.querySelectorAll('button.toggle').length > 3", "events")
    browser.keys("j")
    browser.keys("\ue007")
    browser.wait("document.querySelector('tr.details .fields')", "an event's fields by j and Enter")
    expect(browser.count("tr.details pre.raw") == 1, "an event opens to its raw record and fields")


def check_entity(browser, incident, has_search):
    """From an incident to somebody in it, to those seen with them, and back."""
    browser.run("location.hash = arguments[0]", incident)
    browser.wait("document.querySelector('.side .chips .chip')", "the entities of the incident")
    chip = "[...document.querySelectorAll('.side .chips .chip')].find((a) => a.getAttribute('href').startsWith('#/entity/host/'))"
    name = browser.run(f"return decodeURIComponent({chip}.getAttribute('href').split('/').pop())")
    browser.run(f"{chip}.click()")
    browser.wait("document.querySelectorAll('.tile').length === 4", "the layers of the entity")
    expect(browser.text(".entity h1") == name, "an entity's page is named after it")
    expect(browser.count(".entity-alerts tbody tr") > 0, "it lists the alerts that name the entity")
    expect(browser.count(".entity-incidents a[href^='#/incidents/']") > 0, "it leads to its incidents")
    if has_search:
        browser.wait("document.querySelector('.entity-event-list tr')", "its events")
        expect(browser.count(".entity-event-list tr") > 1, "it shows what the entity did last")
    expect(browser.run("return document.querySelector('.all-events').getAttribute('href')").startswith("#/events?q=host.name"),
           "it leads to all its events")
    speak(browser, "vi")
    expect("Sự kiện mới nhất" in browser.text(".entity-events"), "the entity's page speaks Vietnamese")
    speak(browser, "en")
    browser.run("document.querySelector('.peer .chip').click()")
    browser.wait("document.querySelector('.entity h1')?.textContent !== arguments[0]".replace("arguments[0]", repr(name)), "another entity")


def check_log(browser):
    # A refused request is logged as SEVERE by the browser itself; nothing else may be there.
    bad = [entry["message"] for entry in browser.log() if entry["level"] in ("SEVERE", "WARNING")]
    expect(not bad, f"no errors and no policy violations in the browser's log {bad[:3]}")


def pictures(browser, base, folder, incident, entity):
    if not folder:
        return
    for scheme in ("light", "dark"):
        browser.prefer(scheme)
        for language in ("en", "vi"):
            for name, target in (("list", "#/incidents"), ("entity", entity), ("incident", incident), ("events", "#/events"), ("ledger", "#/ledger")):
                browser.run("location.hash = arguments[0]", target)
                time.sleep(0.6)
                speak(browser, language)
                time.sleep(0.3)
                browser.picture(f"{folder}/{name}-{language}-{scheme}.png")
    browser.prefer("light")
    speak(browser, "en")
    browser.open(base)


def whole(browser, url, server, folder):
    browser.resize(1366, 768)
    first_load(browser, url)
    open_incident(browser, 4)
    choose_lit_alert(browser)
    proof_on_screen(browser, "English")
    incident = browser.run("return location.hash")
    speak(browser, "vi")
    expect("Chứng cứ" in browser.text(".proof"), "the proof speaks Vietnamese")
    expect("Sự cố" in browser.text(".bar nav"), "the navigation speaks Vietnamese")
    browser.wait("/^\\d\\d\\/\\d\\d\\/\\d{4} \\d\\d:\\d\\d:\\d\\d$/.test(document.querySelector('.facts time')?.textContent)",
                 "a date as in Vietnam")
    proof_on_screen(browser, "Vietnamese")
    speak(browser, "en")
    if server:
        check_hostile(browser)
        check_correlation(browser)
        check_actions(browser)
        check_keys(browser)
        check_live(browser, server)
        check_events(browser)
    check_entity(browser, incident, not server)  # the seeded store finds texts only
    entity = browser.run("return location.hash")
    browser.run("location.hash = '#/ledger'")
    browser.wait("document.querySelector('.verdict')", "the ledger's answer")
    expect(browser.count(".ledger tbody tr") > 0, "the ledger lists sources")
    expect(browser.count(".verdict.good") == 1, "nothing is missing")
    check_log(browser)
    pictures(browser, url.split("#")[0], folder, incident, entity)


@contextlib.contextmanager
def seeded(program):
    """The console over the seeded incident: its address, and the process that obeys lines."""
    server = subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        yield server.stdout.readline().strip(), server
    finally:
        server.stdin.close()
        server.wait(timeout=20)
        expect(server.returncode == 0, "the server ended cleanly")


@contextlib.contextmanager
def demo(program):
    """The real thing: `picket demo` on free ports, with data of its own."""
    with tempfile.TemporaryDirectory(prefix="picket-demo-test-") as data, \
         open(os.path.join(data, "demo.log"), "w+", encoding="utf-8") as log:
        server = subprocess.Popen([program, "demo", "--port", "0", "--data", os.path.join(data, "data")],
                                  stdout=subprocess.PIPE, stderr=log, text=True,
                                  env={**os.environ, "PICKET_LANG": "en"})
        try:
            url = next((line.strip() for line in server.stdout if line.startswith("  http://")), None)
            if url is None:
                log.seek(0)
                raise AssertionError("the demo gave no address: " + log.read()[-600:])
            yield url, None
        finally:
            server.send_signal(signal.SIGINT)
            server.stdout.read()
            server.wait(timeout=20)
            expect(server.returncode == 0, "the demo ended cleanly")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--server")
    parser.add_argument("--demo")
    parser.add_argument("--url")
    parser.add_argument("--pictures")
    arguments = parser.parse_args()
    if not webdriver.installed():
        print("skipped: no chromium and chromedriver here")
        sys.exit(77)
    running = contextlib.nullcontext((arguments.url, None))
    if arguments.server:
        running = seeded(arguments.server)
    elif arguments.demo:
        running = demo(arguments.demo)
    try:
        with running as (url, server), contextlib.closing(webdriver.Browser()) as browser:
            whole(browser, url, server, arguments.pictures)
    except (AssertionError, RuntimeError) as error:
        expect(False, str(error))
    print(f"{len(failures)} failures")
    sys.exit(bool(failures))


main()
