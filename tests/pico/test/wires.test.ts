// Wires that damage bits, are pulled out, and are put back.
import assert from "node:assert/strict";
import { test } from "node:test";
import { founded } from "./image.js";

test("bit errors cost frames, and nothing else", (t) => {
  const cluster = founded(3, 21);
  // One bit in 2000: of the frames of 60 bytes each fourth one is damaged.
  for (const cable of cluster.cables) cable.errors = 1 / 2000;
  for (let at = 0; at < 30; at += 1) cluster.put("k", `${at}`);
  for (const cable of cluster.cables) cable.errors = 0;
  assert.equal(cluster.get("k"), "29");
  const damaged = cluster.boards.map((board) => cluster.count(board, "damaged"));
  const bytes = cluster.cables.reduce((sum, cable) => sum + cable.damaged, 0);
  t.diagnostic(`${bytes} damaged bytes, frames found damaged: ${damaged.join(", ")}`);
  assert.ok(bytes > 15 && damaged.every((count) => count > 0), `${bytes}, ${damaged}`);
});

test("a cable is pulled out: frames go round by the third board", () => {
  const cluster = founded(3, 22);
  const leader = cluster.leader();
  const [near, far] = cluster.followers();
  assert.ok(near !== undefined && far !== undefined);
  cluster.run(1000);
  const damaged = cluster.count(near, "damaged");
  const passed = cluster.count(far, "passed");
  cluster.cable(leader.id, near.id).cut(cluster.now);
  cluster.put("k", "1");
  cluster.run(2000);
  assert.equal(cluster.leader(), leader, "nobody has to lose an office for it");
  assert.ok(cluster.count(far, "passed") > passed + 20);
  // The frame that was just on the wire; an open end is quiet.
  assert.ok(cluster.count(near, "damaged") <= damaged + 1);
  const way = new RegExp(` ${near.id}:(\\d)`).exec(cluster.ask(leader, "peers"))?.[1];
  cluster.cable(leader.id, near.id).mend();
  cluster.run(2000);
  const mended = new RegExp(` ${near.id}:(\\d)`).exec(cluster.ask(leader, "peers"))?.[1];
  assert.ok(way !== undefined && mended !== undefined && way !== mended, `${way}, ${mended}`);
  cluster.put("k", "2");
});

test("a leader without wires commits nothing, and its entry is replaced", () => {
  const cluster = founded(3, 23);
  cluster.put("k", "1");
  const old = cluster.leader();
  const cables = cluster.cables.filter((cable) => cable.connects(old));
  for (const cable of cables) cable.cut(cluster.now);
  assert.match(cluster.ask(old, "put k stale"), /^error no majority has answered within \d+ ms/);
  const others = cluster.boards.filter((board) => board !== old);
  cluster.until("another leader", () => others.includes(cluster.leader()));
  assert.match(cluster.ask(cluster.leader(), "put k 2"), /^ok changed at /);
  for (const cable of cables) cable.mend();
  cluster.catchUp(old);
  assert.equal(cluster.get("k"), "2");
  assert.doesNotMatch(cluster.story(), /\* \d+\/\d+ put k stale/);
});
