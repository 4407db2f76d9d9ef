# SPDX-License-Identifier: MIT
"""How each peer in Python measures its loop, as loop.lua does."""
import math
import os
import sys
import time

HEADERS = {
    "Authorization": "token " + os.environ["BENCH_KEY"],
    "Content-Type": "application/json",
    "Accept": "application/json",
    "Accept-Encoding": "gzip",
    "User-Agent": "bench",
}
URL = sys.argv[1] + sys.argv[2]
COUNT, FLIGHT = int(sys.argv[3]), int(sys.argv[4])
CA = os.environ.get("BENCH_CA") or True


def resident():
    with open("/proc/self/status") as status:
        return next(line.split()[1] for line in status if line.startswith("VmRSS:"))


class Loop:
    """`with Loop():` around the measured calls, after those that warm up."""
    WARM_UP = math.ceil(COUNT / 4)

    def __enter__(self):
        self.before = resident()
        self.wall, self.cpu = time.monotonic(), time.process_time()

    def __exit__(self, *failure):
        wall, cpu = time.monotonic() - self.wall, time.process_time() - self.cpu
        if failure[0] is None:
            print("%.6f %.6f %s %s" % (wall, cpu, self.before, resident()))
