# SPDX-License-Identifier: MIT
# usage: python3 bench/peers/with_requests.py BASE_URL PATH COUNT IN_FLIGHT; BENCH_KEY and BENCH_CA in the environment
from concurrent.futures import ThreadPoolExecutor

import requests
from requests.adapters import HTTPAdapter

from loop import CA, COUNT, FLIGHT, HEADERS, URL, Loop

session = requests.Session()
session.headers.clear()
session.headers.update(HEADERS)
session.verify = CA
session.trust_env = False
session.mount("http://", HTTPAdapter(pool_maxsize=FLIGHT))


def call(_):
    response = session.get(URL)
    response.raise_for_status()
    return response.json()


if FLIGHT == 1:
    def run(calls):
        for i in range(calls):
            call(i)
else:
    pool = ThreadPoolExecutor(FLIGHT)

    def run(calls):
        list(pool.map(call, range(calls)))

run(Loop.WARM_UP)
with Loop():
    run(COUNT)
