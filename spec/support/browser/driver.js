// SPDX-License-Identifier: MIT
// Drives a headless Chromium for a spec: one command a line on standard input, one answer a line on standard output,
// both JSON. The end of the input ends the browser.
//   node driver.js NODE_MODULES CHROMIUM
// A command is an array: a name of `commands` and its arguments. The answer is {"value": ...} or {"error": "..."}.
"use strict";

const path = require("node:path");
const readline = require("node:readline");

const [modules, executablePath] = process.argv.slice(2);
const { chromium } = require(path.join(modules, "playwright-core"));
const axe = path.join(modules, "axe-core", "axe.min.js");

const FLAGS = ["--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
  "--disable-component-update", "--disable-sync"];
const TIMEOUT = 10000;

let browser, page;
const trouble = []; // what the browser's console complained of

const open = async (options) => {
  if (page) await page.context().close();
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
  context.setDefaultTimeout(TIMEOUT);
  page = await context.newPage();
  page.on("console", (message) => {
    // A page of a status other than 200 is not a complaint.
    if (message.type() === "error" && !/Failed to load resource/.test(message.text())) trouble.push(message.text());
  });
  page.on("pageerror", (error) => trouble.push(String(error)));
};

const at = (role, name) => page.getByRole(role, name === undefined ? {} : { name, exact: true });

const commands = {
  // A browser without cookies; `options` as for Playwright's newContext.
  open,
  go: async (url) => (await page.goto(url)).status(),
  click: async (role, name) => { await at(role, name).click(); await page.waitForLoadState(); },
  fill: (label, text) => page.getByLabel(label, { exact: true }).fill(text),
  check: (label) => page.getByLabel(label).check(),
  press: (key) => page.keyboard.press(key),
  // Waits until something with this role and name is there.
  wait: (role, name) => at(role, name).first().waitFor(),
  wait_text: (text) => page.getByText(text).first().waitFor(),
  count: (role, name) => at(role, name).count(),
  address: () => page.locator("#address").textContent(),
  texts: (selector) => page.locator(selector).allInnerTexts(),
  url: () => page.url(),
  title: () => page.title(),
  text: () => page.locator("body").innerText(),
  focus: () => page.evaluate(() => document.activeElement.innerText || document.activeElement.name || ""),
  cookies: () => page.context().cookies(),
  // By how many pixels the page is wider than its window.
  overflow: () => page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth),
  resize: (width, height) => page.setViewportSize({ width, height }),
  scheme: (colorScheme) => page.emulateMedia({ colorScheme }),
  screenshot: (file, fullPage = true) => page.screenshot({ path: file, fullPage }),
  // What axe finds: an array of texts, empty when all is well.
  audit: async () => {
    // In the way of a debugger, which the page's own policy does not bind.
    const source = require("node:fs").readFileSync(axe, "utf8");
    await page.evaluate(source);
    const { violations } = await page.evaluate(() => window.axe.run());
    return violations.map((v) => `${v.id}: ${v.help}: ${v.nodes.map((n) => n.html).join(" ").slice(0, 300)}`);
  },
  trouble: () => trouble.splice(0),
};

const say = (answer) => process.stdout.write(`${JSON.stringify(answer)}\n`);

const main = async () => {
  browser = await chromium.launch({ executablePath, headless: true, chromiumSandbox: false, args: FLAGS });
  await open({});
  say({ value: "ready" });
  for await (const line of readline.createInterface({ input: process.stdin })) {
    const [name, ...rest] = JSON.parse(line);
    try {
      say({ value: (await commands[name](...rest)) ?? null });
    } catch (error) {
      say({ error: `${name} ${JSON.stringify(rest)}: ${error.message}` });
    }
  }
  await browser.close();
};

main().catch((error) => {
  say({ error: String(error) });
  process.exitCode = 1;
});
