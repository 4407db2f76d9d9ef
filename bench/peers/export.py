# SPDX-License-Identifier: MIT
# What `lofty export leads` writes, by requests and csv.
# usage: python3 bench/peers/export.py BASE_URL; BENCH_KEY in the environment
import csv
import json
import os
import sys

import requests

COLUMNS = (
    "leadId firstName lastName emails phones stage source assignedUser assignedUserId score tags groups segments leadTypes "
    "language birthday referredBy streetAddress city state zipCode cannotCall cannotText cannotEmail unsubscription "
    "createTime lastUpdateTime lastTouch"
).split()


def cell(lead, name):
    value = lead.get(name)
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        if name == "tags":
            value = [tag["tagName"] for tag in value]
        return "; ".join(item if isinstance(item, str) else json.dumps(item) for item in value)
    return json.dumps(value)


session = requests.Session()
session.trust_env = False
session.headers.update({"Authorization": "token " + os.environ["BENCH_KEY"], "Accept": "application/json"})
writer = csv.writer(sys.stdout)
writer.writerow(COLUMNS)
offset, total = 0, 1
while offset < total:
    response = session.get(sys.argv[1] + "/v1.0/leads", params={"limit": 100, "offset": offset})
    response.raise_for_status()
    page = response.json()
    for lead in page["leads"]:
        writer.writerow([cell(lead, name) for name in COLUMNS])
    offset, total = offset + len(page["leads"]), page["_metadata"]["total"]
