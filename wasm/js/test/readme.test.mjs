// The first snippet of the README runs as pasted, in node and in a browser. The others that run by themselves do, too.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import test from "node:test";
import { Node } from "raftbare";
import { here, snippets } from "./tools.mjs";

const [first, , files, , testing] = snippets("js");

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
