// Five boards in a ring: two of them die, cables break, and members change.
import assert from "node:assert/strict";
import { test } from "node:test";
import { founded } from "./image.js";

test("five boards in a ring go on without two", () => {
  const cluster = founded(5, 31);
  cluster.put("k", "1");
  cluster.cables[0]?.cut(cluster.now);
  cluster.put("k", "2");
  cluster.cables[0]?.mend();
  // Neighbours: the ring is still a line.
  const first = cluster.leader();
  const second = cluster.board((first.id % 5) + 1);
  cluster.powerOff(first);
  cluster.powerOff(second);
  cluster.put("k", "3");
  cluster.powerOn(first);
  cluster.powerOn(second);
  for (const board of [first, second]) cluster.catchUp(board);
  assert.equal(cluster.get("k"), "3");
});

test("a member is removed and another board added", () => {
  const cluster = founded(5, 32);
  const leaver = cluster.followers()[0] ?? cluster.leader();
  const voters = cluster.boards.map(({ id }) => id).filter((id) => id !== leaver.id);
  assert.equal(cluster.ask(cluster.leader(), `remove ${leaver.id}`), `ok the voters are ${voters.join(" ")}`);
  cluster.run(2000);
  assert.match(cluster.ask(cluster.leader(), "put k 1"), /^ok added at /);
  assert.equal(cluster.ask(cluster.leader(), `add ${leaver.id}`), "ok the voters are 1 2 3 4 5");
  cluster.catchUp(leaver);
});
