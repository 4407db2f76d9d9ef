# SPDX-License-Identifier: MIT
# usage: python3 bench/peers/with_httpx.py BASE_URL PATH COUNT IN_FLIGHT; BENCH_KEY and BENCH_CA in the environment
import asyncio

import httpx

from loop import CA, COUNT, FLIGHT, HEADERS, URL, Loop

OPTIONS = {"headers": HEADERS, "verify": CA, "trust_env": False}


def value(response):
    response.raise_for_status()
    return response.json()


def one_by_one():
    with httpx.Client(**OPTIONS) as client:
        for _ in range(Loop.WARM_UP):
            value(client.get(URL))
        with Loop():
            for _ in range(COUNT):
                value(client.get(URL))


async def in_flight():
    limits = httpx.Limits(max_connections=FLIGHT, max_keepalive_connections=FLIGHT)
    async with httpx.AsyncClient(limits=limits, timeout=60, **OPTIONS) as client:
        async def worker(left):
            while left:
                left.pop()
                value(await client.get(URL))

        async def run(calls):
            left = list(range(calls))
            await asyncio.gather(*[worker(left) for _ in range(FLIGHT)])

        await run(Loop.WARM_UP)
        with Loop():
            await run(COUNT)

if FLIGHT == 1:
    one_by_one()
else:
    asyncio.run(in_flight())
