"""A browser over the WebDriver protocol (W3C), with nothing but the standard library."""
import base64
import json
import pathlib
import shutil
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request

ELEMENT = "element-6066-11e4-a52e-4f735466cecf"
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
         "--disable-background-networking", "--disable-component-update", "--disable-sync",
         "--disable-dev-shm-usage", "--window-size=1366,768"]


def installed():
    return shutil.which("chromedriver") and (shutil.which("chromium") or shutil.which("google-chrome"))


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Browser:
    def __init__(self):
        self.profile = tempfile.TemporaryDirectory(prefix="picket-browser-", ignore_cleanup_errors=True)
        port = free_port()
        self.base = f"http://127.0.0.1:{port}"
        self.driver = subprocess.Popen(["chromedriver", f"--port={port}"],
                                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.session = None
        self._wait_for_driver()
        options = {"binary": shutil.which("chromium") or shutil.which("google-chrome"),
                   "args": FLAGS + [f"--user-data-dir={self.profile.name}"],
                   "prefs": {"intl.accept_languages": "en"}}
        answer = self._call("POST", "/session", {"capabilities": {"alwaysMatch": {
            "goog:chromeOptions": options,
            "goog:loggingPrefs": {"browser": "ALL", "performance": "ALL"}}}})
        self.session = answer["sessionId"]
        self._call("POST", self._at("/timeouts"), {"script": 15000, "pageLoad": 20000})

    def _wait_for_driver(self):
        for _ in range(100):
            try:
                if self._call("GET", "/status")["ready"]:
                    return
            except (urllib.error.URLError, ConnectionError):
                time.sleep(0.1)
        raise RuntimeError("chromedriver does not answer")

    def _at(self, path):
        return f"/session/{self.session}{path}"

    def _call(self, method, path, body=None):
        data = json.dumps(body).encode() if body is not None else None
        request = urllib.request.Request(self.base + path, data=data, method=method,
                                         headers={"Content-Type": "application/json"})
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return json.load(answer)["value"]
        except urllib.error.HTTPError as error:
            value = json.load(error)["value"]
            raise RuntimeError(f"{value['error']}: {value['message'][:300]}") from None

    def open(self, url):
        self._call("POST", self._at("/url"), {"url": url})

    def url(self):
        return self._call("GET", self._at("/url"))

    def run(self, script, *arguments):
        return self._call("POST", self._at("/execute/sync"), {"script": script, "args": list(arguments)})

    def text(self, selector):
        return self.run("return document.querySelector(arguments[0])?.textContent ?? null", selector)

    def count(self, selector):
        return self.run("return document.querySelectorAll(arguments[0]).length", selector)

    def click(self, selector):
        element = self._call("POST", self._at("/element"), {"using": "css selector", "value": selector})
        self._call("POST", self._at(f"/element/{element[ELEMENT]}/click"), {})

    def keys(self, text):
        actions = []
        for key in text:
            actions += [{"type": "keyDown", "value": key}, {"type": "keyUp", "value": key}]
        self._call("POST", self._at("/actions"), {"actions": [{"type": "key", "id": "keys", "actions": actions}]})

    def wait(self, script, what, seconds=10):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            value = self.run("return " + script)
            if value:
                return value
            time.sleep(0.05)
        raise AssertionError(f"never came: {what}\n  at {self.url()}\n  page: {self.text('body')[:600]!r}")

    def resize(self, width, height):
        # The window is larger than the page by what headless mode adds; ask for the page's size.
        self._call("POST", self._at("/goog/cdp/execute"), {"cmd": "Emulation.setDeviceMetricsOverride", "params": {
            "width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}})

    def prefer(self, scheme):
        self._call("POST", self._at("/goog/cdp/execute"), {"cmd": "Emulation.setEmulatedMedia", "params": {
            "features": [{"name": "prefers-color-scheme", "value": scheme}]}})

    def picture(self, path):
        pathlib.Path(path).write_bytes(base64.b64decode(self._call("GET", self._at("/screenshot"))))

    def log(self, kind="browser"):
        return self._call("POST", self._at("/se/log"), {"type": kind})

    def received(self):
        """What travelled since the last call: {url: compressed bytes}, from the performance log."""
        urls, sizes = {}, {}
        for entry in self.log("performance"):
            message = json.loads(entry["message"])["message"]
            values = message["params"]
            if message["method"] == "Network.requestWillBeSent":
                urls[values["requestId"]] = values["request"]["url"]
            if message["method"] == "Network.loadingFinished":
                sizes[values["requestId"]] = values["encodedDataLength"]
        return {url: sizes.get(number, 0) for number, url in urls.items()}

    def close(self):
        try:
            if self.session:
                self._call("DELETE", self._at(""))
        finally:
            self.driver.terminate()
            self.driver.wait(timeout=10)
            self.profile.cleanup()
