"""A running `picket run` for tests: its own data folder, its own free ports, real signals."""

import json
import os
import pathlib
import signal
import subprocess
import time
import urllib.request

os.environ["PICKET_LANG"] = "en"  # what tests read, whoever runs them


class Picket:
    """One data folder; the server on it may be started, killed and started again."""

    def __init__(self, binary, folder, config=""):
        self.binary = str(binary)
        self.folder = pathlib.Path(folder)
        self.data = self.folder / "data"
        self.config = self.folder / "picket.yaml"
        self.config.write_text(config or DEFAULT_CONFIG.replace("DATA", str(self.data)))
        self.process = None
        self.log = self.folder / "server.log"

    def start(self):
        server_file = self.data / "server.json"
        server_file.unlink(missing_ok=True)
        with self.log.open("ab") as log:
            self.process = subprocess.Popen([self.binary, "run", "--config", str(self.config)],
                                            stdout=subprocess.DEVNULL, stderr=log)
        wait_for(lambda: server_file.exists() or self.process.poll() is not None, "the server to start")
        if self.process.poll() is not None:
            raise AssertionError("the server ended at once:\n" + self.log.read_text())
        return self

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self):
        if self.process is None or self.process.poll() is not None:
            return None
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=60)

    def run(self, *words, check=True):
        done = subprocess.run([self.binary, *words], capture_output=True, text=True, timeout=120)
        if check and done.returncode != 0:
            raise AssertionError(f"picket {words} answers {done.returncode}: {done.stderr}")
        return done

    def lines(self, *words):
        done = self.run(*words, "--json", "--data", str(self.data))
        return [json.loads(line) for line in done.stdout.splitlines()]

    def port(self, door):
        done = self.run("status", "--json", "--data", str(self.data), check=False)  # 1: its disk is full, say
        status = json.loads(done.stdout)
        return next(d["port"] for d in status["doors"] if d["name"] == door)

    def ledger(self):
        return {line["source"]: line for line in self.lines("ledger")}

    def api(self, path):
        base = json.loads((self.data / "server.json").read_text())["api"]
        token = (self.data / "admin-token").read_text().strip()
        request = urllib.request.Request(f"{base}/api/v1/{path}", headers={"Authorization": f"Bearer {token}"})
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=30) as answer:
            return json.load(answer)

    def live_ledger(self):
        """As the server sees it: with what is on its way to the store."""
        return {line["source"]: line for line in self.api("ledger")["sources"]}

    def search(self, query, limit=100000):
        return self.lines("search", query, "--limit", str(limit))


DEFAULT_CONFIG = """
data: DATA
sources:
  - {name: udp, door: syslog_udp, port: 0, layer: server}
  - {name: tcp, door: syslog_tcp, port: 0, layer: server}
  - {name: http, door: http, port: 0, layer: server}
api: {port: 0}
limits: {disk_reserve_mb: 1}
"""


def wait_for(condition, what, seconds=60):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return
        time.sleep(0.05)
    raise AssertionError(f"waited {seconds} s for {what}")
