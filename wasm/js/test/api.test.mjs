// The documented API works, from node, out of every entry that node can import.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import test from "node:test";
import { cluster } from "./tools.mjs";

const init = await import("raftbare/init");
assert.throws(() => init.Node.start(1n), /await init\(\)/);
init.initSync(readFileSync(fileURLToPath(import.meta.resolve("raftbare/raftbare_bg.wasm"))));

const entries = {
  init,
  raftbare: await import("raftbare"),
  inline: await import("raftbare/inline"),
  dev: await import("raftbare/dev"),
  simulator: await import("raftbare/simulator"),
};

for (const [name, api] of Object.entries(entries)) {
  const { ClusterConfig, Log, LogEntries, LogPosition, Node, RaftNode, formatAction } = api;

  test(`${name}: a cluster elects, commits, reads, changes members`, () => {
    assert.equal(Node, RaftNode);
    const { nodes, leader, run } = cluster(Node);
    assert.equal(leader.role, "leader");
    assert.equal(leader.currentTerm, 1n);
    assert.equal(leader.votedFor, 1n);
    assert.deepEqual(leader.peers, [2n, 3n]);
    assert.equal(nodes.get(2n).leaderId, 1n);

    const position = leader.proposeCommand();
    assert.deepEqual(position, { term: 1n, index: 3n });
    assert.equal(leader.getCommitStatus(position), "in-progress");
    run();
    assert.equal(leader.getCommitStatus(position), "committed");
    assert.equal(leader.matchIndex(2n), 3n);
    assert.equal(leader.matchIndex(9n), undefined);

    const token = leader.readIndex();
    assert.deepEqual(leader.readStatus(token), { type: "pending" });
    run();
    assert.deepEqual(leader.readStatus(token), { type: "ready", index: 3n });
    assert.deepEqual(nodes.get(2n).readStatus(token), { type: "lost" });
    assert.equal(nodes.get(2n).readIndex(), undefined);

    assert.equal(leader.heartbeat(), true);
    assert.equal(nodes.get(2n).heartbeat(), false);
    run();

    nodes.set(4n, Node.start(4n));
    const change = leader.proposeConfig(leader.config.toJointConsensus([4n], [3n]));
    run();
    assert.equal(leader.getCommitStatus(change), "committed");
    assert.equal(`${nodes.get(4n).config}`, "{1,2,4}");
    assert.equal(LogPosition.isInvalid(nodes.get(2n).proposeCommand()), true);
    assert.equal(LogPosition.isInvalid(nodes.get(2n).proposeConfig(new ClusterConfig())), true);
  });

  test(`${name}: actions come in order, one at a time or all`, () => {
    const node = Node.start(1n);
    node.createCluster([1n, 2n]);
    const { actions } = node;
    assert.equal(actions.setElectionTimeout && actions.saveCurrentTerm && actions.saveVotedFor, true);
    assert.equal(actions.broadcastMessage.type, "requestVoteCall");
    assert.equal(`${actions.appendLogEntries}`, "0/0[config({1,2})]");
    assert.deepEqual([actions.sendMessages.size, actions.installSnapshots.size, actions.isEmpty], [0, 0, false]);
    assert.equal(node.nextAction().type, "setElectionTimeout");
    assert.deepEqual(node.drainActions(0), []);
    assert.deepEqual(node.drainActions(2).map(formatAction), ["SaveCurrentTerm", "SaveVotedFor"]);
    assert.deepEqual([...node.actions].map(formatAction), node.drainActions().map(formatAction));
    assert.equal(node.nextAction(), undefined);
    assert.equal(node.actions.isEmpty, true);
  });

  test(`${name}: a node restarts from what it has stored, with a snapshot`, () => {
    const { leader } = cluster(Node);
    const at = leader.log.getPositionAndConfig(leader.commitIndex);
    assert.equal(leader.handleSnapshotInstalled(at.position, at.config), true);
    assert.equal(leader.handleSnapshotInstalled(LogPosition.ZERO, at.config), false);
    const { log } = leader;
    assert.deepEqual(log.snapshotPosition, at.position);
    const again = Node.restart(1n, leader.currentTerm, leader.votedFor, log);
    assert.equal(`${again}`, `${leader}`.replace("leader", "follower"));
    const fresh = new Log(new ClusterConfig(), LogEntries.from(LogPosition.ZERO, [{ type: "term", term: 2n }]));
    const node = Node.restart(5n, 2n, undefined, fresh);
    assert.equal(`${node}`, "5 follower t2 vote - commit 0 snapshot {} log 0/0[term(2)]");
  });

  test(`${name}: a leader hands over, and tells`, () => {
    const { nodes, leader, run } = cluster(Node);
    for (const node of nodes.values()) node.setOptions({ stableLeadership: { silentTimeouts: 8 }, events: true });
    assert.equal(leader.transferLeadership(9n) || leader.abortTransfer(), false);
    assert.equal(leader.transferLeadership(2n), true);
    assert.equal(leader.transferTarget, 2n);
    assert.equal(LogPosition.isInvalid(leader.proposeCommand()), true);
    assert.equal(leader.abortTransfer(), true);
    assert.deepEqual(leader.nextEvent(), { type: "transferEnded", target: 2n, outcome: "aborted" });
    leader.transferLeadership(2n);
    run();
    assert.equal(nodes.get(2n).role, "leader");
    assert.deepEqual(nodes.get(2n).nextEvent(), { type: "becameLeader", term: 2n });
    assert.deepEqual(leader.nextEvent(), { type: "steppedDown", term: 1n, reason: "higher-term" });
    assert.deepEqual(leader.nextEvent(), { type: "transferEnded", target: 2n, outcome: "done" });
    const { index } = nodes.get(2n).proposeConfig(new ClusterConfig({ voters: [1n, 2n, 3n], nonVoters: [4n] }));
    run();
    // As a follower it had not heard yet that the first configuration is committed.
    for (const position of [{ term: 0n, index: 1n }, { term: 2n, index }]) {
      assert.deepEqual(nodes.get(2n).nextEvent(), { type: "configCommitted", position });
    }
    assert.equal(nodes.get(2n).nextEvent(), undefined);
    assert.equal(nodes.get(2n).hasLostTail(3n), false);
    leader.handleElectionTimeout();
    assert.deepEqual([leader.role, leader.isPreCandidate, leader.currentTerm], ["candidate", true, 2n]);
  });

  test(`${name}: with asynchronous storage a promise waits for the report`, () => {
    const node = Node.start(1n);
    node.setOptions({ asynchronousStorage: true });
    const position = node.createCluster([1n]);
    node.drainActions();
    assert.equal(node.role, "candidate");
    node.handleHardStatePersisted(node.currentTerm, node.votedFor);
    assert.equal(node.role, "leader");
    const command = node.proposeCommand();
    node.drainActions();
    node.handleLogPersisted(position);
    assert.deepEqual([node.durableIndex, node.getCommitStatus(command)], [position.index, "in-progress"]);
    node.handleLogPersisted(command);
    assert.deepEqual([node.durableIndex, node.getCommitStatus(command)], [command.index, "committed"]);
  });

  test(`${name}: a node is freed once, and says so afterwards`, () => {
    const node = Node.start(1n);
    node.free();
    node[Symbol.dispose ?? "free"]();
    for (const use of [() => node.id, () => node.proposeCommand(), () => node.drainActions(), () => String(node)]) {
      assert.throws(use, /this node was freed/);
    }
    assert.throws(() => new Node(), /made by Node.start/);
  });
}

test("values: entries, logs, configurations, positions", () => {
  const { ClusterConfig, Log, LogEntries, LogPosition, formatEntry, formatPosition } = entries.raftbare;
  const config = new ClusterConfig({ voters: [3n, 1n, 3n], newVoters: [2n], nonVoters: [9n] });
  assert.deepEqual([config.voters, config.uniqueNodes()], [[1n, 3n], [1n, 2n, 3n, 9n]]);
  assert.equal(config.isJointConsensus && config.contains(9n) && !config.contains(4n), true);
  assert.throws(() => config.voters.push(4n), TypeError);
  assert.equal(config.equals(new ClusterConfig({ voters: [1n, 3n], newVoters: [2n], nonVoters: [9n] })), true);
  assert.equal(`${new ClusterConfig({ voters: [1n, 2n], nonVoters: [3n] }).toJointConsensus([3n], [1n])}`, "{1,2}->{2,3}");

  const all = LogEntries.from({ term: 3n, index: 16n }, [
    { type: "command" },
    { type: "term", term: 4n },
    { type: "clusterConfig", config },
    { type: "command" },
    { type: "command" },
  ]);
  assert.equal(`${all}`, "3/16[cmd term(4) config({1,3}->{2}+{9}) cmd*2]");
  assert.deepEqual([all.length, all.isEmpty, all.lastPosition], [5, false, { term: 4n, index: 21n }]);
  assert.deepEqual([...all].map(formatEntry), ["cmd", "term(4)", "config({1,3}->{2}+{9})", "cmd", "cmd"]);
  assert.deepEqual([...all.iterWithPositions()].map(([at]) => formatPosition(at)), ["3/17", "4/18", "4/19", "4/20", "4/21"]);
  assert.deepEqual([15n, 16n, 17n, 18n, 21n, 22n].map((at) => all.getTerm(at)), [undefined, 3n, 3n, 4n, 4n, undefined]);
  assert.deepEqual([16n, 17n, 19n].map((at) => all.getEntry(at)?.type), [undefined, "command", "clusterConfig"]);
  assert.equal(all.contains({ term: 4n, index: 20n }) && !all.contains({ term: 3n, index: 20n }), true);
  assert.equal(all.containsIndex(16n) && !all.containsIndex(22n), true);
  assert.equal(`${all.since({ term: 4n, index: 18n })}`, "4/18[config({1,3}->{2}+{9}) cmd*2]");
  assert.equal(all.since({ term: 3n, index: 18n }), undefined);

  const copy = all.clone();
  copy.truncate(9);
  assert.equal(copy.equals(all), true);
  copy.truncate(1);
  assert.deepEqual([`${copy}`, all.length], ["3/16[cmd]", 5]);
  copy.overwrite(LogEntries.from({ term: 3n, index: 16n }, [{ type: "term", term: 5n }]));
  assert.equal(`${copy}`, "3/16[term(5)]");
  assert.throws(() => copy.overwrite(new LogEntries({ term: 3n, index: 18n })), RangeError);

  const log = new Log(new ClusterConfig({ voters: [7n] }), all);
  assert.deepEqual([`${log.latestConfig}`, `${log.snapshotConfig}`], ["{1,3}->{2}+{9}", "{7}"]);
  assert.equal(`${log.getPositionAndConfig(18n).config}`, "{7}");
  assert.equal(log.getPositionAndConfig(22n), undefined);
  assert.deepEqual(log.lastPosition, all.lastPosition);
  assert.equal(`${log}`, `snapshot {7} log ${all}`);

  assert.equal(formatPosition(LogPosition.INVALID), "invalid");
  assert.equal(LogPosition.equals(LogPosition.ZERO, { term: 0n, index: 0n }), true);
  const sorted = [{ term: 3n, index: 4n }, { term: 1n, index: 5n }, { term: 1n, index: 4n }].sort(LogPosition.compare);
  assert.deepEqual(sorted.map(formatPosition), ["1/4", "1/5", "3/4"]);
  assert.throws(() => entries.raftbare.assertNever({ type: "new" }), /new/);
});
