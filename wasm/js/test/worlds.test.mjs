// The worlds of the simulator, field by field: what they are by default, what they refuse, and what they show.
import assert from "node:assert/strict";
import test from "node:test";
import { ScriptWorld, Simulation, parseConfig } from "raftbare/simulator";

const CALM = {
  servers: 3, voters: 3, loss: 0, duplication: 0, truncation: 0, delayUs: 2_000, straggling: 0, partialDrain: 0,
  crashInDrain: 0, faultEveryUs: 0, clientEveryUs: 10_000, burst: 3, transfers: 0, membership: false, snapshots: false,
  nodeOptions: { transferTimeouts: 8 },
};
const NONE = {
  crashes: 0n, faults: 0n, elections: 1n, snapshots: 0n, configChanges: 0n, reads: 0n, transfers: 0n, handovers: 0n,
};

/** What has happened in a world of these options after 1,000 steps. */
function countsOf(options) {
  const world = new Simulation(1n, options);
  assert.equal(world.run(1_000), undefined);
  return world.counts;
}

test("what is not given is calm", () => {
  assert.deepEqual(new Simulation(1n).options, CALM);
  assert.deepEqual(new Simulation(1n, { voters: 2, servers: undefined }).options, { ...CALM, voters: 2 });
  assert.deepEqual(new Simulation(1n, { servers: 4 }).options, { ...CALM, servers: 4, voters: 4 });
});

test("each option is taken up to its limit, and no further", () => {
  const limits = { servers: 9, delayUs: 1e9, faultEveryUs: 1e9, clientEveryUs: 1e9 };
  for (const name of Object.keys(CALM).filter((name) => typeof CALM[name] === "number" && name !== "voters")) {
    const most = limits[name] ?? 1_000;
    assert.deepEqual(new Simulation(1n, { voters: 3, [name]: most }).options, { ...CALM, [name]: most });
    assert.throws(() => new Simulation(1n, { [name]: most + 1 }), { name: "RangeError", message: new RegExp(name) });
  }
  const nodeOptions = {
    stableLeadership: { silentTimeouts: 7 }, neverLeads: true, refusesLostTail: true, asynchronousStorage: true,
    events: true, transferTimeouts: 5,
  };
  for (const name of Object.keys(nodeOptions)) {
    const one = { transferTimeouts: 8, [name]: nodeOptions[name] };
    assert.deepEqual(new Simulation(1n, { nodeOptions: one }).options.nodeOptions, one);
  }
  assert.throws(() => new Simulation(1n, { voters: 0 }), RangeError);
});

test("a mistake is one of those for the storage that the nodes have", () => {
  const late = { servers: 5, faultEveryUs: 20_000, nodeOptions: { asynchronousStorage: true } };
  const prompt = { ...late, nodeOptions: { asynchronousStorage: false, events: true } };
  assert.equal(new Simulation(1n, late, "logReportedEarly").run(10_000)?.property, "Persist before send");
  assert.equal(new Simulation(1n, prompt, "voteNotStored").run(10_000)?.property, "Persist before send");
  assert.throws(() => new Simulation(1n, late, "voteNotStored"), /with asynchronous storage/);
  assert.throws(() => new Simulation(1n, prompt, "logReportedEarly"), /without asynchronous storage/);
  assert.throws(() => new Simulation(1n, prompt, 1), TypeError);
});

test("what is refused changes nothing in a world", () => {
  for (const seed of [-1n, 1n << 64n]) {
    assert.throws(() => new Simulation(seed), RangeError);
    assert.throws(() => Simulation.rough(seed), RangeError);
  }
  const world = new Simulation(1n);
  world.run(10);
  const before = world.traceHash;
  const [{ number }] = world.pending;
  for (const id of [0n, 4n, (1n << 64n) + 1n]) {
    for (const use of [
      () => world.crash(id), () => world.restart(id), () => world.fireTimer(id), () => world.propose(id),
      () => world.transfer(id, 1n), () => world.transfer(1n, id), () => world.cut(id, 1n), () => world.cut(1n, id),
      () => world.isLinked(id, 1n), () => world.isLinked(1n, id),
    ]) {
      assert.throws(use, RangeError, `${use} ${id}`);
    }
  }
  for (const use of [
    () => world.withdraw(number + (1n << 64n)), () => world.putOff(number + (1n << 64n), 0),
    () => world.repeat(number + (1n << 64n), 0), () => world.putOff(number, 1e9 + 1), () => world.putOff(number, -1),
    () => world.repeat(number, 1e9 + 1), () => world.repeat(number, -1), () => world.run(2 ** 32),
    () => world.runAndHeal(2 ** 32), () => world.runAndHeal(-1),
  ]) {
    assert.throws(use, RangeError, `${use}`);
  }
  assert.equal(world.traceHash, before);

  const script = new ScriptWorld();
  for (const use of [
    (id) => script.server(id), (id) => script.outline(id), (id) => script.isCut(id, 1n), (id) => script.isCut(1n, id),
    (id) => script.getCommitStatus(id, { term: 1n, index: 1n }),
    (id) => script.getCommitStatus(1n, { term: id, index: 1n }),
    (id) => script.getCommitStatus(1n, { term: 1n, index: id }),
  ]) {
    for (const id of [-1n, 1n << 64n]) assert.throws(() => use(id), RangeError, `${use}`);
  }
  assert.throws(() => script.step(1), TypeError);
  assert.throws(() => ScriptWorld.play(1), TypeError);
});

test("a step is one event, and what has happened is counted by its kind", () => {
  const world = new Simulation(1n);
  world.step();
  assert.equal(world.counts.steps, 1n);
  const { messages, ...calm } = countsOf({ clientEveryUs: 0 });
  assert.ok(messages > 100n && messages < 1_000n, `${messages}`);
  assert.deepEqual(calm, { ...NONE, steps: 1_000n });
  const busy = countsOf({ clientEveryUs: 1_000 });
  assert.deepEqual(busy, { ...NONE, steps: 1_000n, messages: busy.messages, reads: busy.reads });
  assert.ok(busy.reads > 0n);
  const faulty = { faultEveryUs: 20_000, clientEveryUs: 0 };
  const { crashes, faults, snapshots, configChanges } = countsOf({ ...faulty, snapshots: true });
  assert.ok(crashes > 0n && faults > crashes && snapshots > 0n && configChanges === 0n);
  const changed = countsOf({ ...faulty, membership: true });
  assert.ok(changed.configChanges > 0n && changed.snapshots === 0n && changed.reads === 0n);
});

test("a world is healed, and what did not hold stays", () => {
  for (const heal of [(world) => world.heal(), (world) => world.runAndHeal(5)]) {
    const world = new Simulation(1n, { loss: 500 });
    world.cut(1n, 2n);
    world.crash(3n);
    assert.equal(heal(world), undefined);
    assert.equal(world.isLinked(1n, 2n), true);
    assert.notEqual(world.servers[2].node, undefined);
    const flawed = new Simulation(1n, { loss: 100 }, "sendsBeforeStoring");
    const violation = flawed.run(10_000);
    assert.equal(violation.property, "Persist before send");
    assert.deepEqual(heal(flawed), violation);
  }
});

test("a script shows each field of its servers", () => {
  const world = new ScriptWorld();
  world.step("start 1,2,3\noptions 2 asynchronous\nfound 1 {1,2,3}\nsettle\npropose 1 2\nsettle\ntimeout 3");
  const { node, disk, ...rest } = world.server(3n);
  const { log, actions, ...candidate } = node;
  const last = { term: 1n, index: 4n };
  assert.deepEqual([log.lastPosition, disk.log.lastPosition, actions.isEmpty], [last, last, true]);
  assert.deepEqual(candidate, {
    role: "candidate", isPreCandidate: false, currentTerm: 2n, votedFor: 3n, leaderId: undefined, commitIndex: 2n,
    durableIndex: 4n, transferTarget: undefined, matchIndexes: new Map(), lostTails: [],
  });
  assert.deepEqual([disk.currentTerm, disk.votedFor], [2n, 3n]);
  assert.deepEqual(rest, { id: 3n, writes: [], applied: 2n, digest: 0n }); // no command is committed that it knows of
  const leader = world.server(1n);
  assert.deepEqual(leader.node.matchIndexes, new Map([[1n, 4n], [2n, 0n], [3n, 4n]]));
  assert.ok(leader.applied === 4n && leader.digest > 0xffffn, `${leader.digest}`);
  const late = world.server(2n);
  assert.deepEqual(late.writes, [{ type: "hardState", currentTerm: 1n, votedFor: 1n }]);
  assert.deepEqual([late.node.votedFor, late.node.leaderId, late.disk.votedFor], [1n, 1n, undefined]);
  const statuses = [[1n, 4n], [3n, 1n]].map(([term, index]) => world.getCommitStatus(1n, { term, index }));
  assert.deepEqual(statuses, ["committed", "rejected"]);

  const careful = new ScriptWorld();
  careful.step("start 1,2,3\nfound 1 {1,2,3}\nsettle\noptions 2 stable 8\ntimeout 2");
  const { next, isAsynchronous, waitingWrites, ...outlined } = careful.outline().servers[1].node;
  assert.deepEqual(outlined, {
    role: "candidate", isPreCandidate: true, currentTerm: 1n, votedFor: 1n, leaderId: undefined, commitIndex: 0n,
    lostTails: [],
  });
  assert.equal(careful.server(2n).node.isPreCandidate, true);
});

test("a script shows a snapshot on its way to a node, and to its disk", () => {
  const world = new ScriptWorld();
  world.step("start 1,2\nfound 1 {1,2}\nsettle\npropose 1 3\nsettle\nsnapshot 1\ncrash 2");
  world.step("restart 2 t1 vote 1 snapshot {1,2} log 0/0[config({1,2})]\noptions 2 asynchronous\nheartbeat 1\ndeliver\ndeliver");
  const snapshot = { type: "snapshot", position: { term: 1n, index: 5n }, config: parseConfig("{1,2}") };
  const [{ from, to, text, payload }] = world.inFlight;
  assert.deepEqual([from, to, text, payload], [1n, 2n, "2 < snapshot 1/5 {1,2}", snapshot]);
  world.step("settle");
  assert.deepEqual(world.server(2n).writes, [snapshot]);
});

test("a script names what a node is to do next, and what it did", () => {
  const world = new ScriptWorld();
  const { recorded } = world.step("start 1,2\nmanual 1,2\nfound 1 {1,2}\ntimeout 2\nheartbeat 1\ncrash 2\nrestart 2");
  assert.deepEqual(recorded.map(({ node, did }) => [node, did]), [
    [1n, "start"], [2n, "start"], [1n, "propose"], [2n, "timeout"], [1n, "note"], [2n, "crash"], [2n, "start"],
  ]);
  const seen = new Set();
  const take = (id) => {
    const { next } = world.outline().servers[id - 1].node;
    if (next === undefined) return false;
    seen.add(next);
    const [event] = world.step(`take ${id} 1`).events;
    assert.match(event, new RegExp(`^${id}: ${next}\\b`, "i"));
    return true;
  };
  const settle = () => {
    while (take(1) || take(2) || world.inFlight.length > 0) world.step("deliver");
  };
  settle();
  world.step("propose 1");
  settle();
  world.step("snapshot 1\ncrash 2\nrestart 2 t1 vote 1 snapshot {1,2} log 0/0[config({1,2})]\nheartbeat 1");
  settle();
  assert.deepEqual([...seen].sort(), [
    "appendLogEntries", "broadcastMessage", "installSnapshot", "saveCurrentTerm", "saveVotedFor", "sendMessage",
    "setElectionTimeout",
  ]);
});

test("a script that does not hold says where", () => {
  const { text, failure } = ScriptWorld.play("start 1\nexpect 1 leader\nfound 1 {1}");
  assert.equal(text, "start 1\nexpect 1 leader\n");
  assert.deepEqual([failure.line, failure.violation.property], [2, "As expected"]);
});
