// No input can poison a node: whatever is thrown at it, it either takes or refuses with a RangeError, TypeError or
// DecodeError, and goes on as before.
import assert from "node:assert/strict";
import test from "node:test";
import * as api from "raftbare";
import { cluster } from "./tools.mjs";

const { ClusterConfig, LogEntries, LogPosition, Node } = api;
const fails = (name) => { throw new Error(`thrown by a getter: ${name}`); };
const hostile = {
  nothing: undefined, null: null, number: 1, NaN: NaN, infinity: Infinity, negative: -1, fraction: 0.5,
  text: "1", symbol: Symbol("1"), true: true, function: () => 1n, object: {}, array: [1n], date: new Date(0),
  "a negative bigint": -1n, "2^64": 2n ** 64n, "2^64 + 5": 2n ** 64n + 5n, "a large bigint": 2n ** 4_000n,
  getter: { get type() { return fails("type"); }, get term() { return fails("term"); }, get from() { return fails("from"); } },
  proxy: new Proxy({}, { get: (_, name) => fails(String(name)), has: () => fails("has"), getPrototypeOf: () => fails("prototype") }),
  revoked: (() => { const { proxy, revoke } = Proxy.revocable({}, {}); revoke(); return proxy; })(),
  "an endless list": { *[Symbol.iterator]() { yield 1n; fails("iterator"); } },
};
const MAX = 2n ** 64n - 1n;
const good = {
  requestVoteCall: { type: "requestVoteCall", from: 2n, term: 1n, seqno: 1n, lastPosition: LogPosition.ZERO },
  requestVoteReply: { type: "requestVoteReply", from: 2n, term: 1n, seqno: 1n, voteGranted: true },
  appendEntriesCall: {
    type: "appendEntriesCall", from: 2n, term: 1n, seqno: 1n, commitIndex: 0n, entries: new LogEntries(LogPosition.ZERO),
  },
  appendEntriesReply: { type: "appendEntriesReply", from: 2n, term: 1n, seqno: 1n, lastPosition: LogPosition.ZERO },
};

/** All inputs of a node, with each argument that has to be refused. */
function* refused(value) {
  yield (node) => node.handleMessage(value);
  yield (node) => node.createCluster(value);
  yield (node) => node.createCluster([value]);
  yield (node) => node.proposeConfig(value);
  yield (node) => node.handleSnapshotInstalled(value, new ClusterConfig());
  yield (node) => node.handleSnapshotInstalled(LogPosition.ZERO, value);
  yield (node) => node.handleSnapshotInstalled({ term: value, index: 0n }, new ClusterConfig());
  yield (node) => node.handleSnapshotInstalled({ term: 0n, index: value }, new ClusterConfig());
  yield (node) => node.getCommitStatus(value);
  yield (node) => node.getCommitStatus({ term: 1n, index: value });
  yield (node) => node.readStatus(value);
  yield (node) => node.matchIndex(value);
  yield (node) => node.hasLostTail(value);
  yield (node) => node.transferLeadership(value);
  yield (node) => node.handleLogPersisted(value);
  yield (node) => node.handleLogPersisted({ term: 1n, index: value });
  yield (node) => node.handleHardStatePersisted(value, undefined);
  yield () => Node.start(value);
  yield (node) => Node.restart(value, 0n, undefined, node.log);
  yield (node) => Node.restart(1n, value, undefined, node.log);
  yield () => Node.restart(1n, 0n, undefined, value);
  for (const message of Object.values(good)) {
    for (const field of Object.keys(message)) yield (node) => node.handleMessage({ ...message, [field]: value });
  }
  yield (node) => node.log.entries.push(value);
  yield (node) => node.log.entries.push({ type: "term", term: value });
  yield (node) => node.log.entries.push({ type: "clusterConfig", config: value });
  yield (node) => node.log.getPositionAndConfig(value);
  yield (node) => node.config.contains(value);
  yield () => new LogEntries(value);
  yield () => new ClusterConfig({ voters: [value] });
  yield () => api.encodeMessage(value);
  yield () => api.decodeMessage(value);
}

test("hundreds of wrong inputs are refused, and change nothing", () => {
  const { leader, run } = cluster(Node);
  const before = `${leader}`;
  let tried = 0;
  for (const [name, value] of Object.entries(hostile)) {
    for (const use of refused(value)) {
      // What is right here and there: a vote that is granted, a list of one, no restriction of a missing list.
      if (value === true && `${use}`.includes("[field]: value")) continue;
      if (name === "array" && `${use}`.includes("createCluster(value)")) continue;
      assert.throws(() => use(leader), (error) => {
        const isOwn = error instanceof TypeError || error instanceof RangeError;
        return isOwn || /thrown by a getter/.test(error.message);
      }, `${name}: ${use}`);
      assert.equal(`${leader}`, before, `${name}: ${use}`);
      assert.equal(leader.actions.isEmpty, true);
      tried += 1;
    }
  }
  assert.ok(tried > 800, `${tried}`);
  const position = leader.proposeCommand();
  run();
  assert.equal(leader.getCommitStatus(position), "committed");
  leader.free();
});

test("numbers at the ends of their range are taken", () => {
  for (const number of [0n, 1n, MAX - 1n, MAX]) {
    for (const message of Object.values(good)) {
      for (const field of ["from", "term", "seqno"]) {
        const { leader, run } = cluster(Node);
        leader.handleMessage({ ...message, [field]: number });
        run();
        leader.handleElectionTimeout();
        run();
        assert.equal(leader.id, 1n);
        leader.free();
      }
    }
    const node = Node.start(number);
    assert.equal(node.id, number);
    node.createCluster([number, MAX]);
    node.getCommitStatus({ term: number, index: number });
    node.matchIndex(number);
    node.free();
  }
});

test("any sequence of decoded garbage leaves a node that works", () => {
  const { leader, run } = cluster(Node);
  let state = 1n;
  for (let round = 0; round < 5_000; round += 1) {
    state = BigInt.asUintN(64, state * 6364136223846793005n + 1442695040888963407n);
    const bytes = Uint8Array.from({ length: Number(state % 24n) + 1 }, (_, at) => Number((state >> BigInt(at)) & 0xffn));
    bytes[0] = 0x20 | (bytes[0] & 0x1f);
    try {
      leader.handleMessage(api.decodeMessage(bytes));
    } catch (error) {
      assert.ok(error instanceof api.DecodeError, error);
    }
  }
  run();
  leader.handleElectionTimeout();
  run();
  assert.equal(typeof leader.role, "string");
});

test("structured clones are refused with a hint", () => {
  const clone = structuredClone(good.requestVoteCall);
  cluster(Node).leader.handleMessage(clone);
  assert.throws(() => cluster(Node).leader.handleMessage({ ...good.appendEntriesCall, entries: {} }), /structured clone/);
});

test("what is too large is refused before it reaches the module", () => {
  const node = Node.start(1n);
  const voters = Array.from({ length: 300_000 }, (_, at) => BigInt(at) << 40n);
  const large = new ClusterConfig({ voters });
  const entries = new LogEntries(LogPosition.ZERO);
  for (let at = 0; at < 12; at += 1) entries.push({ type: "clusterConfig", config: large });
  assert.throws(() => node.handleMessage({ ...good.appendEntriesCall, entries }), /at most 16777216 bytes/);
  assert.equal(`${node}`, "1 follower t0 vote - commit 0 snapshot {} log 0/0[]");
});
