// Power that fails: for all boards at once, in the middle of a write to the flash, and a processor that hangs.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Board } from "../src/board.js";
import type { Cluster } from "../src/cluster.js";
import { founded } from "./image.js";

/** One of the boards. */
function any(cluster: Cluster): Board {
  return cluster.board(1 + cluster.random.below(cluster.boards.length));
}

/** All lose their power at once, and have it again. */
function cycle(cluster: Cluster): void {
  for (const board of cluster.boards) cluster.powerOff(board);
  cluster.run(500);
  for (const board of cluster.boards) cluster.powerOn(board);
}

test("all boards lose their power at once, and nothing is lost", () => {
  const cluster = founded(3, 11);
  // More than a snapshot's worth of entries.
  for (let at = 0; at < 60; at += 1) cluster.put(`key${at % 20}`, `value ${at}`);
  for (let round = 0; round < 3; round += 1) {
    cluster.put("round", `${round}`);
    cycle(cluster);
    assert.equal(cluster.get("round"), `${round}`);
  }
  for (let at = 40; at < 60; at += 1) assert.equal(cluster.get(`key${at % 20}`), `value ${at}`);
  const snapshots = cluster.boards.map((board) => /snapshot \d+\/(\d+)/.exec(cluster.ask(board, "status"))?.[1]);
  assert.ok(
    snapshots.every((index) => Number(index) >= 48),
    `${snapshots}`,
  );
});

test("a flash that is torn in a write recovers", () => {
  const cluster = founded(3, 12);
  for (let round = 0; round < 12; round += 1) {
    cluster.put("before", `${round}`);
    const victim = any(cluster);
    const leader = cluster.leader();
    const said = leader.lines.length;
    leader.type(`put during ${round}`);
    cluster.tear(victim, "program");
    if (victim !== leader) {
      const isAnswered = (): boolean => leader.lines.slice(said).some(({ text }) => text.startsWith("ok "));
      cluster.until("a majority to commit", isAnswered);
    }
    cluster.put("after", `${round}`);
    cluster.powerOn(victim);
    cluster.catchUp(victim);
    assert.equal(cluster.get("before"), `${round}`);
  }
});

test("a flash that is torn in an erase recovers", () => {
  const cluster = founded(3, 16);
  for (let round = 0; round < 12; round += 1) {
    const victim = any(cluster);
    cluster.powerOff(victim);
    cluster.put("missed", `${round}`);
    // The first write after a start begins a bank, which is erased before.
    cluster.powerOn(victim);
    cluster.tear(victim, "erase");
    cluster.put("after", `${round}`);
    cluster.powerOn(victim);
    cluster.catchUp(victim);
    assert.equal(cluster.get("missed"), `${round}`);
  }
});

test("all flashes are torn at once, and every answer holds", () => {
  const cluster = founded(3, 13);
  let [answered, asked] = [-1, -1];
  for (let round = 0; round < 12; round += 1) {
    cluster.put("k", `${(answered = asked = round * 10)}`);
    const leader = cluster.leader();
    const said = leader.lines.length;
    leader.type(`put k ${(asked = round * 10 + 1)}`);
    // One of them writes just now; the others may, or have.
    cluster.tear(any(cluster), "program");
    if (leader.lines.slice(said).some(({ text }) => text.startsWith("ok "))) answered = asked;
    cycle(cluster);
    const value = Number(cluster.get("k"));
    assert.ok(value >= answered && value <= asked, `${value} is none of ${answered} and ${asked}`);
  }
});

test("a power failure while the store is formatted leaves none", () => {
  const cluster = founded(3, 14);
  const victim = cluster.followers()[0] ?? cluster.leader();
  victim.type("format yes");
  cluster.tear(victim, "erase");
  cluster.put("k", "v");
  cluster.powerOn(victim);
  cluster.expect("has no store", [victim]);
  // It must not vote, as it may have forgotten a vote.
  cluster.run(2000);
  assert.equal(cluster.count(victim, "out"), 0);
  assert.equal(cluster.get("k"), "v");
});

test("the watchdog starts a board again that hangs, and that is told", () => {
  const cluster = founded(3, 15);
  cluster.put("k", "1");
  const victim = cluster.leader();
  victim.hang();
  cluster.run(7000);
  assert.deepEqual(victim.restarts, []);
  cluster.run(2000);
  assert.deepEqual(victim.restarts, ["watchdog"]);
  assert.match(cluster.ask(victim, "status"), / start watchdog /);
  cluster.put("k", "2");
  assert.equal(cluster.get("k"), "2");
});
