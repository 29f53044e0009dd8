// The bytes and the notation are those of the Rust crate.
import assert from "node:assert/strict";
import test from "node:test";
import * as api from "raftbare/simulator";

const { DecodeError, ScriptWorld, decodeMessage, encodeMessage, formatMessage, parseMessage } = api;
const hex = (bytes) => Buffer.from(bytes).toString("hex");
const MAX = 2n ** 64n - 1n;

test("the examples of the crate's documentation have these bytes", () => {
  const vote = { type: "requestVoteReply", from: 2n, term: 1n, seqno: 9n, voteGranted: true };
  assert.equal(hex(encodeMessage(vote)), "22020109");
  const call = parseMessage("1 t3 #7 AppendEntriesCall commit 15 prev 3/16[cmd*2]");
  assert.equal(hex(encodeMessage(call)), "230103071000010103");
  assert.equal(hex(api.encodeHardState({ currentTerm: 5n, votedFor: 2n })), "25050102");
  assert.equal(hex(api.encodeEntries(api.parseEntries("0/0[term(1) cmd]"))), "2d000002000102");
  assert.equal(hex(api.encodeConfig(api.parseConfig("{1,2,5}"))), "35030101030000");
  const one = parseMessage("1 t1 #2 AppendEntriesCall commit 1 prev 1/1[cmd]");
  assert.equal(hex(api.encodeEnvelope(one, [Buffer.from("hi")])), "230101020100000102026869");
});

/** Deterministic numbers of all sizes. */
function* numbers(seed) {
  for (let state = BigInt(seed) + 1n; ; ) {
    state = BigInt.asUintN(64, state * 6364136223846793005n + 1442695040888963407n);
    yield BigInt.asUintN(Number(state % 65n), state >> 7n);
  }
}

function anyMessage(seed) {
  const next = numbers(seed);
  const number = () => next.next().value;
  const few = () => Number(number() % 5n);
  const position = () => ({ term: number(), index: number() });
  const ids = () => Array.from({ length: few() }, number);
  const header = { from: number(), term: number(), seqno: number() };
  switch (seed % 4) {
    case 0: return { type: "requestVoteCall", ...header, lastPosition: position() };
    case 1: return { type: "requestVoteReply", ...header, voteGranted: number() % 2n === 0n };
    case 2: return { type: "appendEntriesReply", ...header, lastPosition: position() };
    default: {
      const prev = position();
      const entries = new api.LogEntries({ ...prev, index: prev.index >> 1n });
      for (let left = few() + few(); left > 0; left -= 1) {
        const kind = few();
        if (kind === 0) entries.push({ type: "term", term: number() });
        else if (kind === 1) {
          const config = new api.ClusterConfig({ voters: ids(), newVoters: ids(), nonVoters: ids() });
          entries.push({ type: "clusterConfig", config });
        } else entries.push({ type: "command" });
      }
      return { type: "appendEntriesCall", ...header, commitIndex: number(), entries };
    }
  }
}

test("any message survives the codec and the notation, both in Rust", () => {
  for (let seed = 0; seed < 2_000; seed += 1) {
    const message = anyMessage(seed);
    const bytes = encodeMessage(message);
    const text = formatMessage(message);
    assert.equal(formatMessage(decodeMessage(bytes)), text);
    // Rust has read the text, and written the bytes from which this comes.
    assert.equal(formatMessage(parseMessage(text)), text);
    assert.equal(hex(encodeMessage(parseMessage(text))), hex(bytes));
  }
});

test("the kind of a call for votes is told by its name, and its number without it", () => {
  for (const [kind, name] of ["RequestVote", "PreVote", "TransferVote", "CampaignNow"].entries()) {
    for (const text of [`1 t2 #7 ${name}Call last 1/3`, `2 t2 #7 ${name}Reply granted`]) {
      const message = parseMessage(text);
      assert.equal(message.seqno, (BigInt(kind) << 50n) | 7n);
      assert.equal(formatMessage(message), text);
    }
  }
  const unknown = { type: "requestVoteReply", from: 2n, term: 2n, seqno: (4n << 50n) | 7n, voteGranted: true };
  assert.equal(formatMessage(unknown), `2 t2 #${unknown.seqno} RequestVoteReply granted`);
});

test("damaged bytes are refused, or are the one encoding of what they mean", () => {
  let refused = 0;
  for (let seed = 0; seed < 2_000; seed += 1) {
    const bytes = encodeMessage(anyMessage(seed));
    const damage = numbers(seed);
    bytes[Number(damage.next().value % BigInt(bytes.length))] ^= 1 << Number(damage.next().value % 8n);
    try {
      const message = decodeMessage(bytes);
      assert.equal(hex(encodeMessage(message)), hex(bytes));
    } catch (error) {
      assert.ok(error instanceof DecodeError, error);
      refused += 1;
    }
  }
  assert.ok(refused > 200, `${refused}`);
});

test("what is wrong is said in the words of the crate", () => {
  const wrong = {
    "": "byte 0: the encoding ends too early",
    "2202010900": "byte 4: there are bytes behind the value",
    "42020109": "byte 0: version 2 is not known; this is version 1",
    "25050102": "byte 0: tag 0x25 is not that of the value",
    "2282000109": "byte 3: a number or list is not in its one form",
    "22ffffffffffffffffff020109": "byte 11: a number or list is not in its one form",
    "23010307ffffffffffffffffff0100010103": "byte 18: an index is above the largest one",
  };
  for (const [bytes, message] of Object.entries(wrong)) {
    assert.throws(() => decodeMessage(Buffer.from(bytes, "hex")), { name: "DecodeError", message });
  }
  const call = Buffer.from("230103071000010103", "hex");
  assert.throws(() => decodeMessage(call, { entries: 1 }), /a limit is exceeded/);
  assert.throws(() => decodeMessage(call, { bytes: 8 }), /a limit is exceeded/);
  assert.throws(() => decodeMessage(call, { bytes: -1 }), RangeError);
  assert.throws(() => decodeMessage("23"), TypeError);
  assert.equal(formatMessage(decodeMessage(call, { entries: Infinity })), "1 t3 #7 AppendEntriesCall commit 15 prev 3/16[cmd*2]");
});

test("stored values and envelopes come back", () => {
  const text = `${MAX}/5[cmd*3 term(${MAX}) config({1,${MAX}}->{2}+{3}) term(2) cmd]`;
  const entries = api.parseEntries(text);
  assert.equal(`${api.decodeEntries(api.encodeEntries(entries))}`, text);
  for (const votedFor of [undefined, 0n, MAX]) {
    const state = { currentTerm: 7n, votedFor };
    assert.deepEqual(api.decodeHardState(api.encodeHardState(state)), state);
  }
  const call = parseMessage("1 t1 #2 AppendEntriesCall commit 1 prev 1/1[cmd term(2) cmd]");
  const payloads = [Uint8Array.of(), new Uint8Array(300).fill(7)];
  const { message, payloads: back } = api.decodeEnvelope(api.encodeEnvelope(call, payloads));
  assert.equal(formatMessage(message), formatMessage(call));
  assert.deepEqual(back.map(hex), payloads.map(hex));
  assert.throws(() => api.encodeEnvelope(call, []), /2 commands, and there are 0 payloads/);
  assert.throws(() => api.decodeEnvelope(api.encodeEnvelope(call, payloads).slice(0, -1)), DecodeError);
  assert.throws(() => parseMessage("fly"), SyntaxError);
});

test("the actions of a script are the same in Rust's words and in JavaScript's", () => {
  const world = new ScriptWorld();
  world.step("start 1,2,3\nmanual *");
  world.step("found 1 {1,2,3}");
  const [waiting] = world.step("pending 1").events;
  const [server] = world.servers;
  assert.equal(`1 pending: ${[...server.node.actions].map(api.formatAction).join("; ")}`, waiting);
});
