import { ScriptWorld, parseAction, parseMessage } from "raftbare/simulator";
import { describe, expect, test } from "vitest";
import { partition } from "../src/engine/acts.js";
import { chance, draw } from "../src/engine/chance.js";
import { CALM, setDial } from "../src/engine/dials.js";
import { address, endOf, type Flight, progress } from "../src/engine/flight.js";
import { History } from "../src/engine/history.js";
import { guarantees } from "../src/model/guarantees.js";
import { logTable } from "../src/model/log.js";
import { membership, presentConfig, questions } from "../src/model/majorities.js";
import { arc, nodePlace, onTheWay, polygon, SIZE } from "../src/model/ring.js";
import { crashChoices, flightKind, payloadText } from "../src/model/words.js";

function played(script: string): ScriptWorld {
  const world = new ScriptWorld();
  expect(world.step(script).failure).toBeUndefined();
  return world;
}

const NONE: ReadonlyMap<string, number> = new Map();

describe("the ring", () => {
  test("begins on top, goes clockwise, and has room for all", () => {
    expect(nodePlace(0, 5).y).toBeLessThan(nodePlace(1, 5).y);
    expect(nodePlace(1, 5).x).toBeGreaterThan(SIZE / 2);
    for (let count = 1; count <= 9; count += 1) {
      const places = Array.from({ length: count }, (_, at) => nodePlace(at, count));
      for (const { x, y } of places) expect(Math.min(x, y, SIZE - x, SIZE - y)).toBeGreaterThan(80);
      for (const [at, one] of places.entries()) {
        for (const other of places.slice(at + 1))
          expect(Math.hypot(one.x - other.x, one.y - other.y)).toBeGreaterThan(120);
      }
    }
  });

  test("keeps what goes and what comes apart", () => {
    const [one, other] = [nodePlace(0, 3), nodePlace(1, 3)];
    const [there, back] = [onTheWay(one, other, 0.5, 40), onTheWay(other, one, 0.5, 40)];
    expect(Math.hypot(there.x - back.x, there.y - back.y)).toBeCloseTo(18, 5);
    const start = onTheWay(one, other, 0, 40);
    expect(Math.hypot(start.x - one.x, start.y - one.y)).toBeCloseTo(Math.hypot(40, 9), 5);
  });

  test("draws arcs and polygons", () => {
    expect(arc({ x: 0, y: 0 }, 10, 0)).toBe("");
    expect(arc({ x: 0, y: 0 }, 10, 0.25)).toBe("M 0 -10 A 10 10 0 0 1 10 0");
    expect(arc({ x: 0, y: 0 }, 10, 0.75)).toBe("M 0 -10 A 10 10 0 1 1 -10 0");
    expect(polygon({ x: 0, y: 0 }, 10, 4)).toBe("0,-10 10,0 0,10 -10,0");
  });
});

describe("the log table", () => {
  const diverged = played(
    [
      "restart 1,2 t3 vote - snapshot {} log 0/0[config({1,2,3}) term(1) cmd*2 term(3)]",
      "restart 3 t2 vote - snapshot {} log 0/0[config({1,2,3}) term(1) cmd term(2) cmd*2]",
      "cut 3<->1,2",
      "timeout 1",
      "settle",
    ].join("\n"),
  );

  test("shows terms, what is committed, and what differs from the leader", () => {
    const { rows, from, to, last } = logTable(diverged.servers, NONE, 24);
    expect([from, to, last]).toEqual([1, 6, 6]);
    const [one, two, three] = rows;
    expect([one!.isLeader, two!.isLeader]).toEqual([true, false]);
    expect([two!.match, one!.match]).toEqual([6, undefined]);
    expect([...three!.cells.values()].map(({ term }) => term)).toEqual([0, 1, 1, 2, 2, 2]);
    expect([...three!.cells.values()].map(({ isDivergent }) => isDivergent)).toEqual([
      false,
      false,
      false,
      true,
      true,
      true,
    ]);
    expect([...one!.cells.values()].map(({ isCommitted }) => isCommitted)).toEqual(Array(6).fill(true));
    expect(one!.cells.get(6)!.kind).toBe("term");
  });

  test("has a window, which ends where one wants", () => {
    expect(logTable(diverged.servers, NONE, 2)).toMatchObject({ from: 5, to: 6 });
    expect(logTable(diverged.servers, NONE, 2, 3)).toMatchObject({ from: 2, to: 3, last: 6 });
    expect(logTable([], NONE, 2)).toMatchObject({ rows: [], from: 1, to: 0, last: 0 });
  });

  test("tells memory and disk apart, and takes the next index as given", () => {
    const world = played("manual 1,2\nstart 1,2\nfound 1 {1,2}\ntake 1\nsettle\ntake 2\ndeliver\ntake 1\npropose 1 2");
    const [leader, follower] = logTable(world.servers, new Map([["1>2", 7]]), 24).rows;
    expect([...leader!.cells.values()].map(({ isUnstored }) => isUnstored)).toEqual([false, false, true, true]);
    expect([leader!.next, follower!.next]).toEqual([undefined, 7]);
  });

  test("shows what an append has not dropped yet", () => {
    diverged.step("mend\nmanual 3\ntimeout 1\ndeliver 1->3");
    const cells = () => [...logTable(diverged.servers, NONE, 24).rows[2]!.cells.values()];
    for (let round = 0; round < 5 && !cells().some(({ isUnstored }) => isUnstored); round += 1) {
      diverged.step("take 3\ndeliver 3->1\ndeliver 1->3");
    }
    expect(
      cells()
        .filter(({ isUnstored }) => isUnstored)
        .map(({ index }) => index),
    ).toEqual([4, 5, 6]);
    expect(diverged.step("take 3").failure).toBeUndefined();
    expect(cells().some(({ isUnstored, isDivergent }) => isUnstored || isDivergent)).toBe(false);
  });

  test("has the edge of the snapshot", () => {
    const world = played("start 1\nfound 1 {1}\npropose 1 3\nsnapshot 1\npropose 1");
    const [row] = logTable(world.servers, NONE, 24).rows;
    expect([row!.snapshot, row!.last, [...row!.cells.keys()]]).toEqual([5, 6, [6]]);
  });
});

describe("majorities", () => {
  test("of a candidate are its votes", () => {
    const { servers } = played("restart 1,2,3 t0 vote - snapshot {} log 0/0[config({1,2,3})]\ntimeout 2");
    const [question] = questions(servers, new Map([[2, { term: 1n, from: [2] }]]));
    expect(question).toMatchObject({ who: 2, text: "Votes for 2 in term 1" });
    expect(question!.majorities).toEqual([{ name: "voters", voters: [1, 2, 3], have: [2], needed: 2 }]);
  });

  test("are two in joint consensus, and members have their parts", () => {
    const world = played("start 1,2,3,4\nfound 1 {1,2,3}\nsettle\nhold\nconfig 1 {1,2,3}->{2,3,4}");
    const { majorities } = questions(world.servers, new Map()).at(-1)!;
    expect(majorities.map(({ name, voters, have, needed }) => [name, voters, have, needed])).toEqual([
      ["old voters", [1, 2, 3], [1], 2],
      ["new voters", [2, 3, 4], [], 2],
    ]);
    const config = presentConfig(world.servers);
    expect([1n, 2n, 4n, 5n].map((id) => membership(config, id))).toEqual(["leaving", "voter", "joining", "stranger"]);
    expect(membership(undefined, 1n)).toBe("stranger");
  });
});

describe("words", () => {
  test("tell messages by kind", () => {
    const kinds = [
      "1 t1 #1 RequestVoteCall last 0/1",
      "1 t1 #1 RequestVoteReply granted",
      "1 t1 #1 AppendEntriesCall commit 2 prev 1/2[]",
      "1 t1 #1 AppendEntriesCall commit 2 prev 1/2[cmd]",
      "1 t1 #1 AppendEntriesReply last 1/2",
    ].map((text) => ({ type: "message", message: parseMessage(text) }) as const);
    expect(kinds.map(flightKind)).toEqual(["vote-call", "vote-reply", "heartbeat", "append", "reply"]);
    expect(payloadText(kinds[3]!)).toBe("Take 1 entry after 1/2 in term 1; all up to 2 is committed.");
  });

  test("offer every place of a crash that makes a difference", () => {
    const actions = [
      "SetElectionTimeout",
      "SaveCurrentTerm",
      "SaveVotedFor",
      "AppendLogEntries 1/2[cmd*4]",
      "SendMessage 1 2 t1 #1 RequestVoteReply granted",
    ];
    const choices = crashChoices(actions.map(parseAction));
    expect(choices.map(({ label, actions, entries }) => [label, actions, entries])).toEqual([
      ["nothing more", 0, undefined],
      ["up to the term", 2, undefined],
      ["up to the vote", 3, undefined],
      ["1 of 4 entries", 3, 1],
      ["2 of 4 entries", 3, 2],
      ["3 of 4 entries", 3, 3],
      ["all 4 entries", 4, undefined],
      ["all, and the answers are sent", 5, undefined],
    ]);
    expect(crashChoices([])).toHaveLength(1);
  });

  test("sort what is broken into figure 3 and the rest", () => {
    const broken = (property: string, isFatal: boolean) => ({ property, detail: "so", line: 3, isFatal });
    const { five, others } = guarantees([broken("Persist before send", false), broken("Log Matching", true)]);
    expect(five.filter((one) => one.broken).map(({ name }) => name)).toEqual(["Log Matching"]);
    expect(others.map(({ property }) => property)).toEqual(["Persist before send"]);
  });
});

describe("small parts", () => {
  test("chance is spread evenly and depends on all it is for", () => {
    const values = Array.from({ length: 10_000 }, (_, at) => chance(7, 1, at));
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    expect(mean).toBeCloseTo(0.5, 1);
    expect(new Set(values).size).toBeGreaterThan(9_990);
    expect(new Set([chance(1, 2), chance(2, 1), chance(1, 2, 0), chance(1)]).size).toBe(4);
    expect(values.map((value) => draw([3, 5], value)).every((value) => value >= 3 && value <= 5)).toBe(true);
  });

  test("dials take what can be", () => {
    expect(setDial(CALM, "latency", [5, 9])?.latency).toEqual([5, 9]);
    expect(setDial(CALM, "latency", [9, 5])).toBeUndefined();
    expect(setDial(CALM, "loss", [1, 2])).toBeUndefined();
    expect(setDial(CALM, "heartbeat", [0])).toBeUndefined();
    expect(setDial(CALM, "toString", [1])).toBeUndefined();
  });

  test("a message is named by its place on its link", () => {
    const flight = (number: number, to: number, isHeld = false): Flight =>
      ({ number, from: 1, to, isHeld, isLost: number === 3, sentAt: 100, arrivesAt: 200 }) as Flight;
    const all = [flight(1, 2), flight(2, 3), flight(3, 2), flight(4, 2, true)];
    expect(all.map((one) => address(all, one))).toEqual(["1->2 next", "1->3 next", "1->2 nth 2", "1->2 next"]);
    expect([endOf(all[0]!), endOf(all[2]!), progress(all[0]!, 150), progress(all[0]!, 900)]).toEqual([
      200, 160, 0.5, 1,
    ]);
  });

  test("a partition cuts between groups only", () => {
    expect(partition([1, 2, 3], [[1, 2], [3]])).toEqual(["mend", "cut 1->3", "cut 2->3", "cut 3->1,2"]);
    expect(partition([1, 2, 3], [[1, 2]])).toEqual(["mend", "cut 1->3", "cut 2->3", "cut 3->1,2"]);
    expect(partition([1, 2], [[1, 2]])).toEqual(["mend"]);
  });

  test("a history finds times, grows, and forks", () => {
    const history = new History();
    for (let at = 0; at < 5_000; at += 1) history.push(`take ${at % 3} 1`, at * 10);
    expect([history.length, history.line(4_999), history.at(4_999), history.end]).toEqual([
      5_000,
      "take 1 1",
      49_990,
      49_990,
    ]);
    expect([history.countUntil(-1), history.countUntil(0), history.countUntil(95), history.countUntil(1e9)]).toEqual([
      0, 1, 10, 5_000,
    ]);
    const fork = history.fork(2);
    fork.push("crash 1", 15);
    expect([fork.length, fork.line(2), history.line(2)]).toEqual([3, "crash 1", "take 2 1"]);
  });
});
