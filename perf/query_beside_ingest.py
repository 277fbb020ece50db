#!/usr/bin/env python3
"""What a search that reads everything takes away from taking in events.

A server gets records over TCP as fast as it takes them, in rounds: one with nothing else to do, then one while a client
asks the API again and again for a regular expression that no filter can help with. In every round the other one comes
first. Prints name, n, digest (the searches' matches, which are none), both rates and what the search costs.

Usage: query_beside_ingest.py PICKET [--stream FILE] [--events N] [--rounds N]
  --stream   one record a line, from its beginning again when it ends; made up records of 800 bytes without it
  --events   of each part of a round (300000)
  --rounds   (5)
"""

import argparse
import itertools
import pathlib
import sys
import tempfile
import threading
import time
import urllib.parse

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from whole_pipeline import Server, made_up  # noqa: E402
from picket_process import wait_for  # noqa: E402

QUERY = r"/zq[0-9]{3}nowhere/"


class Searches(threading.Thread):
    def __init__(self, picket):
        super().__init__(daemon=True)
        self.picket, self.going = picket, True
        self.asked = self.rows = self.matches = 0
        self.start()

    def run(self):
        while self.going:
            page = self.picket.api("events?" + urllib.parse.urlencode({"q": QUERY}))
            self.asked += 1
            self.rows += page["totals"]["rows"]
            self.matches += len(page["items"])

    def stop(self):
        self.going = False
        self.join()


def take_in(server, payload, stored):
    began = time.monotonic()
    with server.connect() as door:
        for at in range(0, len(payload), 1000):
            door.sendall(b"".join(payload[at:at + 1000]))
    wait_for(lambda: server.stored() == stored + len(payload), "all of them", 600)
    return len(payload) / (time.monotonic() - began)


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("picket")
    parser.add_argument("--stream")
    parser.add_argument("--events", type=int, default=300_000)
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    if given.stream:
        with open(given.stream, "rb") as stream:
            lines = list(itertools.islice(stream, given.events))
    else:
        lines = made_up(min(given.events, 50_000))
    payload = list(itertools.islice(itertools.cycle(lines), given.events))
    rates = {False: [], True: []}
    stored = asked = rows = matches = 0
    with tempfile.TemporaryDirectory() as folder:
        server = Server(given.picket, folder, [])
        try:
            take_in(server, payload, stored)  # so that there is something to be read
            stored += len(payload)
            for turn in range(given.rounds):
                for beside in (False, True) if turn % 2 == 0 else (True, False):
                    searches = Searches(server.picket) if beside else None
                    rates[beside].append(take_in(server, payload, stored))
                    stored += len(payload)
                    if searches:
                        searches.stop()
                        asked, rows, matches = asked + searches.asked, rows + searches.rows, matches + searches.matches
        finally:
            server.picket.stop()
    middle = {beside: sorted(all_of)[len(all_of) // 2] for beside, all_of in rates.items()}
    print(f"query_beside_ingest n={stored} digest={matches} alone_per_s={middle[False]:.0f} beside_per_s={middle[True]:.0f} "
          f"lost_percent={100 * (1 - middle[True] / middle[False]):.1f} searches={asked} rows_read={rows}", flush=True)
    return 0 if asked > 0 and rows > 0 and matches == 0 else 1


if __name__ == "__main__":
    sys.exit(main())
