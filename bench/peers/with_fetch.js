// SPDX-License-Identifier: MIT
// usage: node bench/peers/with_fetch.js BASE_URL PATH COUNT IN_FLIGHT; BENCH_KEY in the environment, the certificate in
// NODE_EXTRA_CA_CERTS
"use strict";

const fs = require("fs");

const url = process.argv[2] + process.argv[3];
const count = Number(process.argv[4]);
const flight = Number(process.argv[5]);
const headers = {
  Authorization: "token " + process.env.BENCH_KEY, "Content-Type": "application/json", Accept: "application/json",
  "Accept-Encoding": "gzip", "User-Agent": "bench",
};

const resident = () => fs.readFileSync("/proc/self/status", "utf8").match(/VmRSS:\s*(\d+)/)[1];

async function run(calls) {
  let left = calls;
  async function worker() {
    while (left > 0) {
      left -= 1;
      const response = await fetch(url, { headers });
      if (!response.ok) throw new Error("status " + response.status);
      await response.json();
    }
  }
  await Promise.all(Array.from({ length: flight }, worker));
}

async function main() {
  await run(Math.ceil(count / 4));
  const before = resident();
  const began = process.hrtime.bigint();
  const used = process.cpuUsage();
  await run(count);
  const wall = Number(process.hrtime.bigint() - began) / 1e9;
  const cpu = process.cpuUsage(used);
  console.log(wall.toFixed(6), ((cpu.user + cpu.system) / 1e6).toFixed(6), before, resident());
}

main().catch((problem) => {
  console.error(problem);
  process.exitCode = 1;
});
