// Three boards: first start, elections, commits and reads, lamps, and figures.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Cluster } from "../src/cluster.js";
import { founded, image } from "./image.js";

test("new boards wait to be formatted, then found a cluster and commit", () => {
  const cluster = new Cluster(image(), 3, 1);
  cluster.run(2000);
  for (const board of cluster.boards) {
    assert.match(cluster.ask(board, "status"), new RegExp(`^ok node ${board.id} .* start power .*: there is no store`));
    assert.match(cluster.ask(board, "put k v"), /^error there is no store yet: `format`$/);
  }
  assert.equal(cluster.bytes, 0, "without a store a board says nothing");
  cluster.found();
  cluster.put("colour", "green");
  cluster.expect("* 1/3 put colour green");
  assert.equal(cluster.get("colour"), "green");
  const isQuiet = cluster.boards.every((board) => board.pullsUp(0) && board.pullsUp(1));
  assert.ok(isQuiet, "what comes in by an open wire is noise, unless the pin pulls it up");
  const [follower] = cluster.followers();
  assert.ok(follower);
  assert.equal(cluster.ask(follower, "put k v"), `error this node does not lead: try at node ${cluster.leader().id}`);
  assert.match(cluster.ask(follower, "no such"), /^error no such command; there are: put KEY VALUE /);
});

test("a node whose power fails is replaced, comes back, and catches up", () => {
  const cluster = founded(3, 2);
  cluster.put("colour", "green");
  const old = cluster.leader();
  const since = cluster.now;
  cluster.powerOff(old);
  const next = cluster.leader();
  assert.notEqual(next, old);
  // At most two timeouts of a second, one more for a split vote, and what it takes to settle.
  assert.ok(cluster.now - since < 3.5e9, `${(cluster.now - since) / 1e9} s`);
  cluster.put("colour", "blue");
  cluster.powerOn(old);
  cluster.expect("put colour green", [old]);
  cluster.expect("put colour blue", [old]);
  // Who comes back deposes nobody.
  cluster.run(3000);
  assert.equal(cluster.leader(), next);
  assert.equal(cluster.get("colour"), "blue");
});

test("the lamp of the leader is on, those of the others flash", () => {
  const cluster = founded(3, 3);
  cluster.run(1000);
  const before = cluster.boards.map((board) => board.lampTime(cluster.now));
  cluster.run(10_000);
  cluster.boards.forEach((board, at) => {
    const share = (board.lampTime(cluster.now) - (before[at] ?? 0)) / 10e9;
    const [least, most] = board === cluster.leader() ? [0.93, 0.97] : [0.04, 0.06];
    assert.ok(share > least && share < most, `node ${board.id}: ${share}`);
  });
});

test("commits are quick, and an idle board sleeps", (t) => {
  const cluster = founded(3, 4);
  const leader = cluster.leader();
  const before = { now: cluster.now, bytes: cluster.bytes };
  const times = Array.from({ length: 100 }, (_, at) => {
    const since = cluster.now;
    assert.match(cluster.ask(leader, `put k ${at}`), /^ok /);
    return (cluster.now - since) / 1e6;
  });
  const seconds = (cluster.now - before.now) / 1e9;
  const bytes = (cluster.bytes - before.bytes) / times.length;
  times.sort((one, other) => one - other);
  const [median = 0, slowest = 0] = [times[50], times[99]];
  cluster.run(1000);
  const busy = cluster.boards.map((board) => board.busyTime);
  cluster.run(10_000);
  const load = Math.max(...cluster.boards.map((board, at) => (board.busyTime - (busy[at] ?? 0)) / 10e9));
  t.diagnostic(
    `${(100 / seconds).toFixed(0)} commits a second, one after the other; half within ${median.toFixed(1)} ms, ` +
      `all within ${slowest.toFixed(0)} ms; ${bytes.toFixed(0)} bytes on all wires for each`,
  );
  t.diagnostic(`idle, a processor of 125 MHz is busy for ${(100 * load).toFixed(2)} % of the time`);
  assert.ok(median < 25 && slowest < 1000, `${median} ms, ${slowest} ms`);
  assert.ok(load < 0.03, `${load}`);
});
