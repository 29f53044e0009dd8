// The simulator is the one of the Rust tests: the same scenarios, the same runs, the same mistakes found.
import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import test from "node:test";
import { Worker, isMainThread, parentPort, workerData } from "node:worker_threads";
import * as api from "raftbare/simulator";
import { Node as OtherNode } from "raftbare";
import { here, scenarios } from "./tools.mjs";

const { Checker, FLAWS, LATE_FLAWS, LogPosition, Node, ScriptWorld, Simulation, formatMessage } = api;

/** What a rough world has besides, by the kinds of the example `trace`. */
const KINDS = {
  basic: {},
  options: { options: true },
  "late-disks": { lateDisks: true },
  "options+late-disks": { options: true, lateDisks: true },
};

if (!isMainThread) {
  parentPort.postMessage(workerData.map((line) => {
    const [kind, steps, seed] = line.split(" ");
    const world = Simulation.rough(BigInt(seed), KINDS[kind]);
    const violation = world.run(Number(steps));
    const told = violation?.property ?? world.traceHash;
    world.free();
    return `${kind} ${steps} ${seed} ${told}`;
  }));
} else {
  tests();
}

function tests() {
  test("10^7 steps, and some of each other kind, have the same trace hashes as on the host", { timeout: 900_000 }, async () => {
    const expected = readFileSync(join(here, "trace.txt"), "utf8").trim().split("\n");
    const steps = (kind) => expected.filter((line) => line.startsWith(`${kind} `)).reduce((sum, line) => sum + Number(line.split(" ")[1]), 0);
    assert.ok(steps("basic") >= 1e7);
    for (const kind of Object.keys(KINDS)) assert.ok(steps(kind) >= 5e5, kind);
    const halves = [expected.filter((_, at) => at % 2 === 0), expected.filter((_, at) => at % 2 === 1)];
    const work = halves.map((lines) => new Promise((resolve, reject) => {
      const worker = new Worker(new URL(import.meta.url), { workerData: lines });
      worker.on("message", resolve).on("error", reject);
    }));
    const lines = (await Promise.all(work)).flat();
    assert.deepEqual(lines.sort(), expected.sort());
  });

  test("every scenario of the crate plays the same, to the letter", () => {
    const files = readdirSync(scenarios).filter((name) => name.endsWith(".txt"));
    assert.ok(files.length >= 40, `${files.length}`);
    for (const name of files) {
      const text = readFileSync(join(scenarios, name), "utf8");
      const played = ScriptWorld.play(text);
      assert.equal(played.failure, undefined, name);
      assert.equal(played.text, text, name);
    }
  });

  test("a script goes on line by line, and shows what is on its way", () => {
    const world = new ScriptWorld();
    world.step("start 1,2,3\nmanual 1");
    const { events } = world.step("found 1 {1,2,3}");
    assert.deepEqual(events.slice(0, 1), ["1 = 0/1"]);
    assert.equal(world.inFlight.length, 0);
    assert.deepEqual(world.step("take 1 1").events[0], "1: SetElectionTimeout");
    world.step("auto 1");
    assert.deepEqual(world.inFlight.map((flying) => flying.text), [
      "2 < 1 t1 #1 RequestVoteCall last 0/1",
      "3 < 1 t1 #1 RequestVoteCall last 0/1",
    ]);
    const copy = world.clone();
    world.step("hold 1->3\nlose");
    assert.deepEqual([world.inFlight.length, world.held.length, world.held[0].to], [0, 1, 3n]);
    copy.step("settle");
    assert.equal(copy.step("expect 1 leader commit 2").failure, undefined);
    assert.equal(copy.servers[0].node.role, "leader");
    assert.equal(copy.servers[0].node.matchIndexes.get(2n), 2n);
    assert.equal(world.servers[0].node.role, "candidate");
    const { failure } = world.step("show 1\nexpect 1 leader");
    assert.equal(failure.line, 2);
    assert.match(failure.violation.detail, /leader/);
    assert.throws(() => world.step("fly 1"), { name: "SyntaxError", message: /line 1: "fly"/ });
    world.free();
    assert.throws(() => world.step("show 1"), /was freed/);
  });

  test("a script says what the nodes did", () => {
    const world = new ScriptWorld();
    world.step("start 1,2\nmanual 1\nfound 1 {1,2}");
    const text = "1 t1 #1 RequestVoteCall last 0/1";
    assert.deepEqual(world.step("take 1\nduplicate\nlose 1->2 next\ndeliver").recorded, [
      { node: 1n, did: "send", to: 2n, text },
      { node: 1n, did: "send", to: 2n, text },
      { node: 1n, did: "drop", to: 2n, text },
      { node: 2n, did: "receive", to: undefined, text },
      { node: 2n, did: "send", to: 1n, text: "2 t1 #1 RequestVoteReply granted" },
    ]);
    assert.deepEqual(world.step("crash 2").recorded, [{ node: 2n, did: "crash", to: undefined, text: "" }]);
    world.free();
  });

  test("a script chooses single messages, what was stored at a crash, and mistakes", () => {
    const world = new ScriptWorld();
    world.step("manual 1,2,3\nstart 1,2,3\nfound 1 {1,2,3}\ntake 1");
    const { servers, inFlight, held, sent } = world.outline();
    assert.deepEqual([inFlight, held], [[1n, 2n], []]);
    assert.deepEqual(sent.map(({ number, from, to }) => [number, from, to]), [[1n, 1n, 2n], [2n, 1n, 3n]]);
    assert.deepEqual(servers[0], {
      id: 1n,
      node: {
        role: "candidate",
        isPreCandidate: false,
        currentTerm: 1n,
        votedFor: 1n,
        leaderId: undefined,
        commitIndex: 0n,
        next: undefined,
        isAsynchronous: false,
        waitingWrites: 0,
        lostTails: [],
      },
    });
    world.step("duplicate 1->2\nhold 1->3\nlose 1->2 nth 2\ndeliver 1->2 nth 1");
    const later = world.outline(2n);
    assert.deepEqual([later.inFlight, later.held, later.sent], [[], [2n], []]);
    assert.equal(later.servers[1].node.next, "setElectionTimeout");
    assert.throws(() => world.step("lose nth 0"), SyntaxError);

    world.step("take 2\ndeliver 2->1\ntake 1\npropose 1 4");
    const position = { term: 1n, index: 3n };
    assert.equal(world.getCommitStatus(1n, position), "in-progress");
    assert.equal(world.step("tear 1 2").failure.violation.property, "The script can be played");
    while (world.outline().servers[0].node.next !== "appendLogEntries") world.step("take 1 1");
    assert.equal(world.step("tear 1 2").failure, undefined);
    assert.equal(world.server(1n).node, undefined);
    assert.equal(world.server(1n).disk.log.lastPosition.index, 4n);
    assert.equal(world.getCommitStatus(1n, position), "unknown");
    assert.equal(world.server(7n), undefined);
    assert.throws(() => world.outline(1), TypeError);

    world.step("cut 1->2");
    assert.deepEqual([world.isCut(1n, 2n), world.isCut(2n, 1n)], [true, false]);
    const flawed = new ScriptWorld();
    const { events, failure } = flawed.step("start 1,2\nflaw * VoteNotStored\nfound 1 {1,2}");
    assert.equal(failure, undefined);
    assert.ok(events.includes("1 skips: SaveVotedFor"), `${events}`);
    assert.ok(events.some((event) => event.startsWith("! Persist before send: the own vote is not stored")), `${events}`);
    assert.throws(() => world.step("flaw * Tired"), SyntaxError);
  });

  test("a script shows what is on its way to a disk, and who lost what it had acknowledged", () => {
    const world = new ScriptWorld();
    world.step("start 1,2,3\nfound 1 {1,2,3}\nsettle\noptions 2 asynchronous\noptions 1 refuses-lost-tail events");
    const leader = () => world.outline().servers[0].node;
    const follower = () => world.outline().servers[1].node;
    world.step("propose 1 2\nsettle");
    assert.deepEqual([follower().isAsynchronous, follower().waitingWrites], [true, 1]);
    const { writes, node, disk } = world.server(2n);
    assert.deepEqual([writes.length, writes[0].type, writes[0].entries.length], [1, "entries", 2]);
    assert.ok(node.durableIndex === 2n && node.log.lastPosition.index === 4n && disk.log.lastPosition.index === 2n);
    const told = world.step("write 2\nreport 2\nsettle").events.join("\n");
    assert.match(told, /2 wrote: 1\/2\[cmd\*2\]\n2 is told: t1 vote 1; 1\/4/);
    assert.deepEqual([follower().waitingWrites, world.server(1n).node.matchIndexes.get(2n)], [0, 4n]);

    world.step("crash 2\nrestart 2 t1 vote 1 snapshot {1,2,3} log 0/0[config({1,2,3})]");
    const { events } = world.step("timeout 1\nsettle");
    assert.ok(events.some((event) => /^1 tells: .*2.* lost/.test(event)), events.join("\n"));
    assert.deepEqual([leader().lostTails, world.server(1n).node.lostTails], [[2n], [2n]]);
    world.free();
  });

  test("a simulation can be looked at, and tried out", () => {
    const world = new Simulation(5n, { servers: 5, clientEveryUs: 0 });
    assert.deepEqual([world.options.servers, world.options.voters, world.options.delayUs], [5, 5, 2_000]);
    while (!world.servers.some((server) => server.node?.role === "leader")) assert.equal(world.step(), undefined);
    const leader = world.servers.find((server) => server.node.role === "leader").id;
    world.run(40); // until all have heard of it
    assert.ok(world.servers.every((server) => server.node.log.lastPosition.index >= 2n));
    const position = world.propose(leader);
    assert.equal(LogPosition.isInvalid(position), false);
    const arrivals = world.pending.filter((event) => event.payload?.type === "message");
    assert.ok(arrivals.length >= 4);
    assert.match(arrivals[0].text, new RegExp(`receives ${formatMessage(arrivals[0].payload.message).slice(0, 9)}`));
    assert.ok(world.pending.some((event) => event.isTimer && event.server === leader));

    const copy = world.clone();
    assert.equal(world.withdraw(arrivals[0].number), true);
    assert.equal(world.withdraw(arrivals[0].number), false);
    assert.equal(world.putOff(arrivals[1].number, 5_000), true);
    assert.equal(world.pending.find((event) => event.number === arrivals[1].number).atUs, arrivals[1].atUs + 5_000n);
    assert.equal(world.repeat(arrivals[2].number, 7_000), true);
    assert.equal(world.pending.filter((event) => event.payload !== undefined).length, arrivals.length);
    const times = world.pending.filter((event) => event.text === arrivals[2].text).map((event) => event.atUs);
    assert.deepEqual(times, [arrivals[2].atUs, arrivals[2].atUs + 7_000n]);
    assert.notEqual(world.traceHash, copy.traceHash);

    const other = leader === 1n ? 2n : 1n;
    world.cut(leader, other);
    assert.deepEqual([world.isLinked(leader, other), world.isLinked(other, leader)], [false, true]);
    world.mend();
    assert.equal(world.isLinked(leader, other), true);
    assert.equal(world.crash(leader), undefined);
    assert.equal(world.servers[Number(leader) - 1].node, undefined);
    assert.equal(world.restart(leader), undefined);
    assert.equal(world.servers[Number(leader) - 1].node.role, "follower");
    assert.equal(world.fireTimer(other), undefined);
    assert.equal(world.servers[Number(other) - 1].node.role, "candidate");
    assert.equal(world.runAndHeal(500), undefined);
    assert.ok(world.counts.steps > 500n && world.counts.crashes === 1n && world.nowUs > 0n);

    assert.equal(copy.run(1_000), undefined);
    const again = new Simulation(5n, { servers: 5, clientEveryUs: 0 });
    while (!again.servers.some((server) => server.node?.role === "leader")) again.step();
    again.run(40);
    again.propose(leader);
    again.run(1_000);
    assert.equal(again.traceHash, copy.traceHash);
  });

  test("one to nine servers, and no other options than there are", () => {
    for (let servers = 1; servers <= 9; servers += 1) {
      assert.equal(new Simulation(1n, { servers }).runAndHeal(200), undefined);
    }
    for (const options of [{ transfers: 1_001 }, { nodeOptions: { transferTimeouts: 256 } }, { servers: 0 }, { servers: 10 }, { voters: 4 }, { burst: 0 }, { loss: 1_001 }, { delayUs: 0.5 }]) {
      assert.throws(() => new Simulation(1n, options), RangeError, JSON.stringify(options));
    }
    assert.throws(() => new Simulation(1n, { servers: "3" }), TypeError);
    assert.throws(() => new Simulation(1n, { membership: 1 }), TypeError);
    assert.throws(() => new Simulation(1n, { speed: 1 }), /no option speed/);
    assert.throws(() => new Simulation(1), TypeError);
    assert.throws(() => new Simulation(1n, {}, "hubris"), RangeError);
    assert.throws(() => new Simulation(1n, {}, "logReportedEarly"), /without asynchronous storage/);
    assert.throws(() => Simulation.rough(1n, { lateDisks: true }, "voteNotStored"), /with asynchronous storage/);
    assert.throws(() => Simulation.rough(1n, "voteNotStored"), TypeError);
    assert.throws(() => Simulation.rough(1n, { options: 1 }), TypeError);
    assert.throws(() => new Simulation(1n, { nodeOptions: 1 }), TypeError);
    assert.throws(() => new Simulation(1n).crash(4n), RangeError);
    assert.throws(() => new Simulation(1n).run(-1), RangeError);
  });

  test("the options of a rough world make the same world", () => {
    for (const [kind, more] of Object.entries(KINDS)) {
      for (let seed = 0n; seed < 6n; seed += 1n) {
        const world = Simulation.rough(seed, more);
        const again = new Simulation(seed, world.options);
        assert.deepEqual(again.options, world.options);
        assert.deepEqual([world.run(2_000), again.run(2_000)], [undefined, undefined]);
        assert.equal(again.traceHash, world.traceHash, `${kind} ${seed}`);
        assert.equal(world.options.nodeOptions.asynchronousStorage, more.lateDisks, kind);
        assert.equal(world.options.transfers > 0, more.options === true && world.options.transfers !== 0, kind);
        const other = new Simulation(seed, { ...world.options, transfers: world.options.transfers === 0 ? 900 : 0 });
        other.run(2_000);
        assert.notEqual(other.traceHash, world.traceHash, `${kind} ${seed}: transfers make no difference`);
      }
    }
  });

  test("leaders hand over by chance, and when they are told to", () => {
    const options = { servers: 3, faultEveryUs: 50_000, transfers: 1_000, nodeOptions: { events: true } };
    const world = new Simulation(3n, options);
    assert.equal(world.runAndHeal(5_000), undefined);
    const { transfers, handovers } = world.counts;
    assert.ok(transfers >= 10n && handovers >= 5n && handovers <= transfers, `${transfers} ${handovers}`);
    const calm = new Simulation(3n, { clientEveryUs: 0, nodeOptions: { events: true } });
    calm.run(60);
    const leader = calm.servers.find((server) => server.node.role === "leader");
    const target = leader.id === 2n ? 3n : 2n;
    assert.equal(calm.transfer(target, leader.id), false);
    assert.equal(calm.transfer(leader.id, target), true);
    assert.equal(calm.servers[Number(leader.id) - 1].node.transferTarget, target);
    assert.equal(calm.run(40), undefined);
    assert.equal(calm.servers[Number(target) - 1].node.role, "leader");
    assert.equal(calm.counts.handovers, 1n);
    assert.throws(() => calm.transfer(1n, 4n), RangeError);
  });

  test("with asynchronous storage what is stored is on its way for a while, and a crash may lose it", () => {
    const world = new Simulation(2n, { nodeOptions: { asynchronousStorage: true } });
    const kinds = new Set();
    let lost = 0;
    let waited = 0;
    for (let step = 0; step < 3_000; step += 1) {
      for (const { id, node, writes, disk } of world.servers) {
        for (const write of writes) kinds.add(write.type);
        if (node === undefined) continue;
        const last = node.log.lastPosition.index;
        assert.ok(node.durableIndex <= last);
        // The node is told after the disk has it.
        assert.ok(node.durableIndex <= disk.log.lastPosition.index);
        waited += Number(node.durableIndex < last);
        if (step % 500 !== 499 || !writes.some((write) => write.type === "entries")) continue;
        world.crash(id);
        const server = world.servers[Number(id) - 1];
        assert.deepEqual([server.node, server.writes], [undefined, []]);
        lost += Number(server.disk.log.lastPosition.index < last);
      }
      assert.equal(world.step(), undefined);
      assert.ok(world.pending.every(({ text, server }) => !/disk/.test(text) || server !== undefined));
    }
    assert.ok(kinds.has("hardState") && kinds.has("entries"), [...kinds].join(" "));
    assert.ok(waited > 100 && lost > 0, `${waited} ${lost}`);
    assert.equal(world.runAndHeal(0), undefined);
  });

  test("a snapshot is on its way to the disk, too", () => {
    const world = new Simulation(1n, { snapshots: true, faultEveryUs: 20_000, nodeOptions: { asynchronousStorage: true } });
    const seen = () => world.servers.flatMap(({ writes }) => writes).find(({ type }) => type === "snapshot");
    let found;
    for (let step = 0; step < 5_000 && found === undefined; step += 1) {
      assert.equal(world.step(), undefined);
      found = seen();
    }
    assert.deepEqual([found?.position.index > 0n, found?.config.voters], [true, [1n, 2n, 3n]]);
  });

  test("mistakes that are made on purpose are found", () => {
    const found = FLAWS.filter((flaw) => {
      for (let seed = 0n; seed < 12n; seed += 1n) {
        const world = Simulation.rough(seed, {}, flaw);
        const violation = world.runAndHeal(3_000);
        world.free();
        if (violation !== undefined) return true;
      }
      return false;
    });
    assert.ok(found.includes("sendsBeforeStoring") && found.includes("voteNotStored"), found.join(" "));
    assert.ok(found.length >= 12, found.join(" "));
    for (let seed = 0n; seed < 12n; seed += 1n) assert.equal(Simulation.rough(seed).runAndHeal(3_000), undefined);
    const early = LATE_FLAWS.filter((flaw) => {
      for (let seed = 0n; seed < 300n; seed += 1n) {
        const world = Simulation.rough(seed, { lateDisks: true }, flaw);
        const violation = world.run(4_000);
        world.free();
        if (violation !== undefined) return true;
      }
      return false;
    });
    assert.deepEqual(early, LATE_FLAWS);
  });

  test("the checker looks at nodes that JavaScript runs", () => {
    const checker = new Checker();
    const stored = (node) => ({ currentTerm: node.currentTerm, votedFor: node.votedFor, log: node.log });
    const nothing = stored(Node.start(1n));
    const nodes = [1n, 2n, 3n].map((id) => Node.start(id));
    nodes[0].createCluster([1n, 2n, 3n]);
    const call = nodes[0].actions.broadcastMessage;
    assert.equal(checker.checkSent(2n, call, nothing)?.property, "Persist before send");
    assert.equal(checker.checkSent(2n, call, stored(nodes[0])), undefined);
    assert.equal(checker.checkNode(nodes[0], nothing), undefined); // its actions wait
    nodes[0].drainActions();
    assert.equal(checker.checkNode(nodes[0], nothing)?.property, "Disk equals memory after a drain");
    assert.equal(checker.checkNode(nodes[0], stored(nodes[0])), undefined);

    const older = { currentTerm: 0n, votedFor: undefined, log: nodes[0].log };
    const elsewhere = Node.restart(1n, 0n, undefined, nodes[0].log);
    elsewhere.drainActions();
    checker.noteCrash(1n);
    assert.equal(checker.checkNode(elsewhere, older)?.property, "Stored term never goes back");

    const { log } = nodes[0];
    assert.equal(checker.checkStored(api.parseEntries("0/0[cmd]"), [1n]), undefined);
    assert.equal(checker.checkStored(api.parseEntries("0/0[cmd]"), [2n])?.property, "Log Matching");
    assert.equal(checker.checkApplied(1n, 1n, 7n), undefined);
    assert.equal(checker.checkApplied(2n, 1n, 8n)?.property, "State Machine Safety");
    assert.equal(checker.checkStatus(log.lastPosition, "committed")?.property, "Committed is final");
    assert.equal(checker.commitIndex, 0n);
    assert.throws(() => checker.checkNode(OtherNode.start(1n), nothing), /of raftbare\/simulator/);
    assert.throws(() => checker.checkNode({}, nothing), TypeError);
    assert.throws(() => checker.checkNode(nodes[0], {}), TypeError);
    checker.free();
  });
}
