// In Chromium: a plain module script, a Vite build, workers, a cluster of three tabs; with a Content Security Policy
// that allows WebAssembly and nothing inline.
import assert from "node:assert/strict";
import { existsSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test, { after, before } from "node:test";
import * as api from "raftbare/simulator";
import { here, serve, snippets, tool } from "./tools.mjs";

const CSP = "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'";
const TIMEOUT = 120_000;

let browser;

before(async () => {
  const { chromium } = await tool("playwright-core");
  // Root may start no sandbox, and a container has little shared memory.
  const args = ["--disable-dev-shm-usage", "--disable-gpu", ...(process.getuid?.() === 0 ? ["--no-sandbox"] : [])];
  browser = await chromium.launch({ executablePath: process.env.CHROMIUM, args, timeout: TIMEOUT });
}, { timeout: TIMEOUT });

after(() => browser?.close(), { timeout: TIMEOUT });

/** Opens a page, waits until `result` is there, and returns it; fails on any error that the page shows. */
async function open(url, context) {
  const page = await (context ?? browser).newPage();
  const errors = [];
  page.on("pageerror", (error) => errors.push(String(error)));
  page.on("console", (message) => message.type() === "error" && errors.push(message.text()));
  await page.goto(url);
  await until(() => errors.length > 0 || page.evaluate("globalThis.result !== undefined"));
  return { page, result: await page.evaluate("globalThis.result"), errors };
}

/** Waits until something is so. (What playwright has for that needs `unsafe-eval`.) */
async function until(isSo) {
  const end = Date.now() + TIMEOUT;
  while (!(await isSo())) {
    assert.ok(Date.now() < end, `waited in vain: ${isSo}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

const document = (script) => `<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,">${script}`;

test("a plain module script runs under a strict policy", { timeout: TIMEOUT }, async (t) => {
  const pages = {
    "/index.html": `<!doctype html><meta charset="utf-8"><title>plain</title><script type="module" src="/main.js"></script>`,
    "/favicon.ico": "",
    "/main.js": `
      import { Node, encodeMessage } from "./node_modules/raftbare/dist/web.js";
      import { init, Node as Same } from "./node_modules/raftbare/dist/init.js";
      const node = Node.start(1n);
      node.createCluster([1n]);
      node.drainActions();
      globalThis.result = [node.role, Node === Same];`,
  };
  const address = await serve(t, here, { csp: CSP, pages });
  const { result, errors } = await open(`${address}/index.html`);
  assert.deepEqual([result, errors], [["leader", true], []]);
});

test("without leave for WebAssembly the page says so", { timeout: TIMEOUT }, async (t) => {
  const pages = {
    "/index.html": `<!doctype html><script type="module" src="/main.js"></script>`,
    "/favicon.ico": "",
    "/main.js": `
      import("./node_modules/raftbare/dist/web.js").then(
        () => { globalThis.result = "loaded"; },
        (error) => { globalThis.result = error.name; });`,
  };
  const address = await serve(t, here, { csp: "script-src 'self'", pages });
  const { page } = await open(`${address}/index.html`);
  await until(() => page.evaluate("globalThis.result !== undefined"));
  assert.equal(await page.evaluate("globalThis.result"), "CompileError");
});

test("the first snippet of the README runs as pasted", { timeout: TIMEOUT }, async (t) => {
  const [map] = snippets("html");
  const [first] = snippets("js");
  const pages = {
    "/index.html": document(map.replace("./main.js", "/snippet.js")),
    "/snippet.js": `const log = console.log; console.log = (...all) => { globalThis.result = all; log(...all); };\n`
      + `await (async () => {})();\n${first.replace(/^import .*$/m, "")}`,
  };
  pages["/snippet.js"] = `${first.match(/^import .*$/m)[0]}\n${pages["/snippet.js"]}`;
  const address = await serve(t, here, { pages });
  const { result, errors } = await open(`${address}/index.html`);
  assert.deepEqual([result, errors], [["leader", "committed"], []]);
});

test("a Vite build runs under a strict policy, with the simulator and a worker", { timeout: TIMEOUT }, async (t) => {
  const { build } = await tool("vite");
  const outDir = join(here, "vite/dist");
  await build({
    root: join(here, "vite"), logLevel: "error", configFile: false,
    build: { outDir, emptyOutDir: true, assetsInlineLimit: 0, modulePreload: { polyfill: false } },
    worker: { format: "es" },
  });
  const modules = readdirSync(join(outDir, "assets")).filter((name) => name.endsWith(".wasm"));
  assert.ok(modules.some((name) => name.startsWith("raftbare_bg")), `${modules}`);
  assert.ok(!modules.some((name) => name.startsWith("raftbare_dev")), `${modules}`);
  const address = await serve(t, outDir, { csp: CSP, pages: { "/favicon.ico": "" } });
  const { result, errors } = await open(`${address}/index.html`);
  const world = api.Simulation.rough(3n);
  world.run(2_000);
  const call = api.encodeMessage(api.parseMessage("1 t1 #1 RequestVoteCall last 0/1"));
  assert.deepEqual(errors, []);
  assert.deepEqual(result, { roles: ["leader", "leader"], hash: `${world.traceHash}`, worker: [...call] });
});

test("three tabs are a cluster, as the README has it", { timeout: TIMEOUT }, async (t) => {
  const [map] = snippets("html");
  const [, tabs] = snippets("js");
  const pages = {
    "/index.html": document(map.replace("./main.js", "/tabs.js").replace("</script>\n", "</script><body></body>\n")),
    "/tabs.js": `${tabs}\nglobalThis.node = node;\nglobalThis.result = true;\n`,
  };
  const address = await serve(t, here, { pages });
  const context = await browser.newContext();
  const opened = [];
  for (const id of [3, 2, 1]) opened.unshift(await open(`${address}/index.html#${id}`, context));
  for (const { errors } of opened) assert.deepEqual(errors, []);
  const leads = (tab) => tab.page.evaluate(`node.role === "leader" && node.commitIndex >= 2n`);
  let leader;
  await until(async () => {
    for (const tab of opened) if (await leads(tab)) leader = tab;
    return leader !== undefined;
  });
  await leader.page.evaluate(`propose("hello")`);
  for (const { page, errors } of opened) {
    await until(() => page.evaluate(`document.body.textContent.includes("hello")`));
    assert.deepEqual(errors, []);
  }
  await context.close();
});
