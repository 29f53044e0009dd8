// The same seed has the same story, to the nanosecond.
import assert from "node:assert/strict";
import { test } from "node:test";
import { founded } from "./image.js";

/** What goes over wires and consoles in a story in which much happens. */
function trace(seed: number): string {
  const cluster = founded(3, seed);
  for (const cable of cluster.cables) cable.errors = 1e-4;
  cluster.put("k", "1");
  const leader = cluster.leader();
  leader.type("put k 2");
  cluster.tear(leader, "program");
  cluster.put("k", "3");
  cluster.powerOn(leader);
  cluster.catchUp(leader);
  return cluster.witness.trace();
}

test("the trace of a seed is the same twice, and another one for another seed", (t) => {
  const first = trace(41);
  t.diagnostic(`trace of seed 41: ${first}`);
  assert.equal(trace(41), first);
  assert.notEqual(trace(42), first);
});
