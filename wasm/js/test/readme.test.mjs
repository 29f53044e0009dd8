// The first snippet of the README runs as pasted, in node and in a browser. The others that run by themselves do, too.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import test from "node:test";
import { Node } from "raftbare";
import { here, snippets } from "./tools.mjs";

const [first, , files, browser, testing] = snippets("js");

function runInNode(name, code) {
  writeFileSync(join(here, name), code);
  return execFileSync(process.execPath, [name], { cwd: here, encoding: "utf8" });
}

test("the first snippet runs in node", () => {
  assert.equal(runInNode("first.mjs", first), "leader committed\n");
});

test("the snippet about tests runs in node", () => {
  const lines = runInNode("testing.mjs", testing).trimEnd().split("\n");
  assert.equal(lines[0], "no guarantee is broken");
  assert.ok(lines.includes("expect 1 leader"));
  assert.equal(lines.at(-1), "Persist before send");
});

test("what the snippet about files stores comes back", async () => {
  writeFileSync(join(here, "files.mjs"), files);
  const { restart, store } = await import(pathToFileURL(join(here, "files.mjs")));
  const folder = mkdtempSync(join(here, "store-"));
  const { node, entries } = restart(folder, 1n);
  node.createCluster([1n]);
  node.proposeCommand();
  for (const action of node.drainActions()) store(folder, node, entries, action);
  const again = restart(folder, 1n);
  assert.equal(`${again.node}`, `${node}`.replace("leader", "follower").replace("commit 3", "commit 0"));
  again.node.handleElectionTimeout();
  for (const action of again.node.drainActions()) store(folder, again.node, again.entries, action);
  assert.equal(again.node.role, "leader");
  assert.equal(restart(folder, 1n).node.currentTerm, 2n);
  assert.equal(again.node instanceof Node, true);
});

test("with the snippet about browsers a node waits for its transactions, and goes on meanwhile", () => {
  // A database in memory, whose transactions take a moment.
  const around = `
    import { LogEntries, LogPosition, Node, encodeEntries, encodeHardState } from "raftbare";
    const stored = [];
    const database = {
      transaction() {
        const transaction = { objectStore: () => ({ put: (bytes, key) => stored.push(key) }) };
        setTimeout(() => transaction.oncomplete(), 1);
        return transaction;
      },
    };
    const node = Node.start(1n);
    const entries = new LogEntries(LogPosition.ZERO);
    ${browser}
    node.createCluster([1n]);
    execute();
    const before = node.role;
    while (node.durableIndex < 2n) await new Promise((resolve) => setTimeout(resolve, 1));
    console.log(before, node.role, String(node.commitIndex), [...new Set(stored)].join());`;
  assert.equal(runInNode("browser.mjs", around), "candidate leader 2 state,log\n");
});
