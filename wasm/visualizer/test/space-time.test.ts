import { describe, expect, test } from "vitest";
import { crashAfter, onFlight } from "../src/engine/acts.js";
import { Grown, Texts } from "../src/engine/columns.js";
import { splitVote } from "../src/engine/demos.js";
import { messageParts, Trace } from "../src/engine/trace.js";
import { CROWDED, draw, spaceTimeSvg } from "../src/model/drawing.js";
import { type Frame, GUTTER, isSame, nearest, rowsOf, sizeOf, spaceTime } from "../src/model/space-time.js";
import { fateOf, markOf, notesBefore, tellRow } from "../src/model/tell.js";
import { framed, leaders, started } from "./tools.js";

const CALL = "1 t1 #2 AppendEntriesCall commit 2 prev 1/2[]";

/** A trace of what happens at these times; `state` of a node is its role and term. */
function traced(...events: [at: number, node: number, did: string, to?: number | string, text?: string][]): Trace {
  const trace = new Trace();
  events.forEach(([at, node, did, to, text = CALL], line) => {
    const state = typeof to === "string" ? { role: to as "leader", term: Number(text), commit: 0 } : undefined;
    const isOfMessage = ["send", "receive", "drop"].includes(did);
    trace.add(
      {
        at,
        node,
        did: did as "send",
        to: typeof to === "number" ? to : undefined,
        text: isOfMessage ? text : "",
        state,
      },
      line,
    );
  });
  return trace;
}

const FRAME: Frame = {
  from: 0,
  usPerPixel: 100,
  width: 800,
  height: 400,
  now: 40_000,
  nodes: [1, 2, 3],
  hidden: new Set(),
  left: new Set(),
};

describe("columns", () => {
  test("grow, find and fork", () => {
    const column = new Grown(new Float64Array(2));
    for (let value = 0; value < 100; value += 1) column.push(value * 10);
    expect([column.length, column.get(99), column.countUntil(55), column.countUntil(-1)]).toEqual([100, 990, 6, 0]);
    const fork = column.fork(3);
    fork.push(7);
    fork.set(0, 5);
    expect([fork.length, fork.get(3), fork.get(0), column.get(3), column.get(0)]).toEqual([4, 7, 5, 30, 0]);
  });

  test("keep texts, those that come again once", () => {
    const texts = new Texts();
    const places = Array.from({ length: 1_000 }, (_, at) => texts.push(`message ${at >> 1} →`));
    expect(places.map((place) => texts.at(place))[999]).toBe("message 499 →");
    expect(new Set(places).size).toBe(500);
    const fork = texts.fork();
    fork.push("other");
    expect(texts.at(texts.push("this"))).toBe("this");
    expect(fork.at(places[0]!)).toBe("message 0 →");
  });
});

describe("a trace", () => {
  test("pairs sends and arrivals by text and receiver, first in first out", () => {
    const trace = traced(
      [0, 1, "send", 2],
      [0, 1, "send", 3],
      [5, 1, "send", 2],
      [9, 2, "receive"],
      [12, 3, "receive"],
      [15, 2, "receive"],
      [20, 2, "receive"],
    );
    expect([0, 1, 2].map((row) => trace.pair(row))).toEqual([3, 4, 5]);
    expect([3, 4, 5, 6].map((row) => trace.pair(row))).toEqual([0, 1, 2, 0]);
    expect([0, 1, 2, 5, 6].map((row) => trace.isCopy(row))).toEqual([false, false, true, false, true]);
    expect(tellRow(trace, 6)).toMatch(/1 to 2: I lead in term 1.*arrived at 0.000 s, doubled\)/);
  });

  test("knows what was lost, and what nobody knows of", () => {
    const trace = traced(
      [0, 1, "send", 2],
      [3, 1, "drop", 2],
      [4, 1, "send", 3],
      [5, 3, "drop"],
      [6, 1, "send", 2],
      [7, 3, "receive"],
    );
    expect(fateOf(trace, 0)).toMatchObject({ send: 0, end: 1, isLost: true });
    expect(fateOf(trace, 2)).toMatchObject({ end: 3, isLost: true });
    expect(fateOf(trace, 4)).toMatchObject({ end: undefined, isLost: false });
    expect(tellRow(trace, 4)).toMatch(/lost or under way/);
    expect(fateOf(trace, 5)).toMatchObject({ send: 2, isCopy: true });
    expect(fateOf(traced([7, 3, "receive"]), 0)).toMatchObject({ send: undefined });
    expect(tellRow(traced([7, 3, "receive"]), 0)).toMatch(/somebody to 3.*its sending is not known/);
  });

  test("tells what is late from how long messages take as a rule", () => {
    const trace = new Trace();
    let line = 0;
    const flies = (number: number, at: number, us: number): void => {
      const text = `1 t1 #${number} AppendEntriesReply last 1/2`;
      trace.add({ at, node: 1, did: "send", to: 2, text, state: undefined }, line++);
      trace.add({ at: at + us, node: 2, did: "receive", to: undefined, text, state: undefined }, line++);
    };
    expect(trace.usual).toBe(20_000);
    for (let number = 0; number < 20; number += 1) flies(number, number * 100_000, 10_000 + 100 * number);
    flies(99, 3_000_000, 60_000);
    expect(trace.usual).toBeGreaterThan(8_000);
    expect(trace.usual).toBeLessThan(14_000);
    expect([0, 40].map((row) => fateOf(trace, row).isLate)).toEqual([false, true]);
  });

  test("is the same however often one goes back and forth, and what a fork does is its own", () => {
    const run = started(3, 600_000, { loss: 50 });
    const { length } = run.trace;
    run.seek(20);
    run.seekTime(600_000);
    expect(run.trace.length).toBe(length);
    run.seekTime(300_000);
    const fork = run.fork();
    const { lines } = run.moment;
    expect(fork.trace.length).toBe(run.trace.countOfLines(lines));
    const open = (trace: Trace): number[] =>
      Array.from({ length: fork.trace.length }, (_, row) => row).filter(
        (row) => trace.kind(row) === "send" && (trace.pair(row) ?? Infinity) >= fork.trace.length,
      );
    expect(open(fork.trace)).toEqual(open(run.trace));
    fork.runTo(600_000);
    const rows = (trace: Trace): unknown[] =>
      Array.from({ length: trace.length }, (_, row) => [
        trace.at(row),
        trace.kind(row),
        trace.node(row),
        trace.to(row),
        trace.pair(row),
        trace.text(row),
      ]);
    expect(rows(fork.trace)).toEqual(rows(run.trace));
    expect(fork.trace.usual).toBe(run.trace.usual);
  });

  test("finds the row of a message in flight", () => {
    const run = started(3, 400_000);
    while (run.moment.flights.size < 2) run.step();
    for (const { text, to, sentAt } of run.moment.flights.values()) {
      const row = run.trace.underWay(to, text.slice(4), run.moment.lines)!;
      expect([run.trace.at(row), run.trace.to(row)]).toEqual([sentAt, to]);
    }
    expect(run.trace.underWay(1, "nothing", run.moment.lines)).toBeUndefined();
  });

  test("has kinds of messages", () => {
    const kinds = [
      CALL,
      "1 t7 #1 AppendEntriesCall commit 2 prev 1/2[cmd]",
      "1 t1 #1 RequestVoteCall last 0/1",
      "1 t1 #1 PreVoteReply granted",
      "1 t1 #1 CampaignNowCall last 0/1",
      "1 t1 #1 AppendEntriesReply last 1/2",
      "snapshot 3/6 {1,2}",
    ].map((text) => messageParts(text));
    expect(kinds.map(({ kind }) => kind)).toEqual([
      "heartbeat",
      "append",
      "vote-call",
      "vote-reply",
      "vote-call",
      "reply",
      "snapshot",
    ]);
    expect(kinds.map(({ term }) => term)).toEqual([1, 7, 1, 1, 1, 1, 3]);
  });
});

describe("the space-time diagram", () => {
  test("goes from the sender's line to the receiver's, downwards", () => {
    const { lanes, flights, now } = spaceTime(traced([1_000, 1, "send", 3], [11_000, 3, "receive"]), FRAME);
    expect(lanes.map(({ node }) => node)).toEqual([1, 2, 3]);
    expect(lanes[0]!.x).toBeGreaterThan(GUTTER);
    expect(flights).toHaveLength(1);
    expect(flights[0]).toMatchObject({ row: 0, kind: "heartbeat", end: "arrived", y1: 10, y2: 110 });
    expect([flights[0]!.x1, flights[0]!.x2]).toEqual([lanes[0]!.x, lanes[2]!.x]);
    expect(now).toBe(400);
  });

  test("tells by shape what was lost on the way, at once, at a node that is down; what is under way", () => {
    const { flights, lanes } = spaceTime(
      traced(
        [0, 1, "send", 2],
        [6_000, 1, "drop", 2],
        [7_000, 1, "send", 2],
        [7_000, 1, "drop", 2],
        [8_000, 1, "send", 3],
        [18_000, 3, "drop"],
        [39_000, 2, "send", 1, "2 t1 #2 AppendEntriesReply last 1/2"],
      ),
      FRAME,
    );
    expect(flights.map(({ end }) => end)).toEqual(["lost", "lost", "lost", "open"]);
    const [one, two, three] = lanes.map(({ x }) => x);
    const [onTheWay, atOnce, down, open] = flights;
    expect(onTheWay!.x2).toBeCloseTo(one! + 0.6 * (two! - one!));
    expect(atOnce!.x2).toBeCloseTo(one! + 0.3 * (two! - one!));
    expect(down!.x2).toBe(three);
    expect(open!.x2).toBeLessThan(two!);
    expect(open!.x2).toBeGreaterThan(one!);
  });

  test("has a bar for each life, role and term", () => {
    const trace = traced(
      [0, 1, "start", "follower", "0"],
      [5_000, 1, "timeout", "candidate", "1"],
      [9_000, 1, "note", "leader", "1"],
      [20_000, 1, "crash"],
      [30_000, 1, "start", "follower", "1"],
    );
    const { bars, marks } = spaceTime(trace, { ...FRAME, nodes: [1] });
    expect(bars.map(({ role, term, from, to }) => [role, term, from, to])).toEqual([
      ["follower", 0, 0, 50],
      ["candidate", 1, 50, 90],
      ["leader", 1, 90, 200],
      ["follower", 1, 300, 400],
    ]);
    expect(marks.map(({ kind }) => kind)).toEqual(["start", "timeout", "election", "leader", "crash", "start"]);
    const [, timeout, election] = marks;
    expect(election!.x).toBeLessThan(timeout!.x);
    const later = spaceTime(trace, { ...FRAME, from: 10_000, nodes: [1] });
    expect(later.bars[0]).toMatchObject({ role: "leader", from: 0, to: 100 });
    expect(spaceTime(trace, { ...FRAME, from: 22_000, nodes: [1] }).bars[0]).toMatchObject({
      role: "follower",
      from: 80,
    });
  });

  test("tells who only asks for votes from who stands for election", () => {
    const trace = traced(
      [0, 1, "start", "follower", "3"],
      [1_000, 1, "timeout", "candidate", "3"],
      [2_000, 1, "note", "candidate", "3"],
      [3_000, 1, "receive", "candidate", "4"],
    );
    const rows = Array.from({ length: trace.length }, (_, row) => row).filter((row) => trace.kind(row) === "state");
    expect(rows.map((row) => markOf(trace, row))).toEqual([undefined, "pre-vote", undefined, "election"]);
    expect(rows.map((row) => trace.isPreCandidate(row))).toEqual([false, true, true, false]);
    expect(tellRow(trace, rows[1]!)).toBe("1 asks whether it would win an election after term 3.");
  });

  test("leaves out nodes and kinds", () => {
    const run = started(5, 400_000);
    run.act([`propose ${leaders(run)[0]}`]);
    run.runTo(450_000);
    const all = spaceTime(run.trace, framed(run));
    const without = spaceTime(run.trace, framed(run, { hidden: new Set([2]), left: new Set(["votes", "commits"]) }));
    const lane = all.lanes.find(({ node }) => node === 2)!;
    expect(all.flights.some(({ x1, x2 }) => x1 === lane.x || x2 === lane.x)).toBe(true);
    expect(without.lanes.map(({ node }) => node)).toEqual([1, 3, 4, 5]);
    expect(all.flights.some(({ kind }) => kind === "vote-call")).toBe(true);
    expect(without.flights.some(({ kind }) => kind.startsWith("vote"))).toBe(false);
    expect(all.marks.some(({ kind }) => kind === "commit")).toBe(true);
    expect(without.marks.some(({ kind }) => kind === "commit")).toBe(false);
  });

  test("shows what began above its upper edge, and ends below its lower one", () => {
    const trace = traced([0, 1, "send", 2], [30_000, 1, "send", 3], [60_000, 2, "receive"], [90_000, 3, "receive"]);
    const { flights } = spaceTime(trace, { ...FRAME, from: 40_000, height: 100 });
    expect(flights.map(({ row, y1, y2 }) => [row, y1, y2])).toEqual([
      [0, -400, 200],
      [1, -100, 500],
    ]);
  });

  test("finds what is pointed at, the end that is closer, and goes along in time", () => {
    const trace = traced([0, 1, "timeout"], [1_000, 1, "send", 3], [11_000, 3, "receive"]);
    const scene = spaceTime(trace, FRAME);
    const [path] = scene.flights;
    expect(nearest(trace, scene, path!.x1 + 20, path!.y1 + 4)).toBe(1);
    expect(nearest(trace, scene, path!.x2 - 20, path!.y2 - 4)).toBe(2);
    expect(nearest(trace, scene, scene.marks[0]!.x, scene.marks[0]!.y)).toBe(0);
    expect(nearest(trace, scene, 400, 390)).toBeUndefined();
    expect([1, 2].map((row) => isSame(trace, 1, row))).toEqual([true, true]);
    expect(rowsOf(scene)).toEqual([0, 1]);
  });

  test("of a long run is made of what is in sight", () => {
    const run = started(3, 1_000_000);
    run.runTo(30_000_000);
    for (let from = 1_000_000; from < 29_000_000; from += 1_000_000) {
      expect(sizeOf(spaceTime(run.trace, framed(run, { from, usPerPixel: 500 })))).toBeLessThan(120);
    }
  });
});

describe("the drawing", () => {
  const run = started(5, 1_000_000);
  splitVote(run);
  run.runTo(1_100_000);
  const [first] = [...run.moment.flights.values()];
  if (first !== undefined) run.act(onFlight.duplicate(run.moment, first));
  run.act(crashAfter(leaders(run)[0] ?? 1, 0));
  run.runTo(1_300_000);
  const scene = spaceTime(run.trace, framed(run, { from: 900_000, usPerPixel: 1_000 }));

  test("has shapes, not only colours: crosses, rings, double lines, labels", () => {
    const shapes = draw(scene, () => false);
    const texts = shapes.flatMap((shape) => (shape.type === "text" ? [shape.text] : []));
    expect(texts).toEqual(expect.arrayContaining(["lost", "✕", "?", "T"]));
    expect(texts.some((text) => /^t\d+ candidate$/.test(text))).toBe(true);
    const dashes = shapes.flatMap((shape) => (shape.type === "line" && shape.dash ? [shape.dash.join(" ")] : []));
    expect(new Set(dashes)).toContain("6 4");
  });

  test("shows what is pointed at", () => {
    const [path] = scene.flights;
    const shapes = draw(scene, (row) => row === path!.row);
    expect(shapes.some((shape) => shape.type === "line" && shape.stroke === "accent" && shape.width >= 3)).toBe(true);
  });

  test("leaves out kinds and labels where it is crowded", () => {
    const many = { ...scene, flights: Array.from({ length: CROWDED + 1 }, () => scene.flights[0]!) };
    const texts = draw(many, () => false).filter((shape) => shape.type === "text");
    expect(texts.some((shape) => shape.type === "text" && shape.text === "lost")).toBe(false);
  });

  test("is a file of its own", () => {
    const file = spaceTimeSvg(scene, (colour) => (colour === "ink" ? "#123456" : "#fff"));
    expect(file).toMatch(/^<svg xmlns="http:\/\/www.w3.org\/2000\/svg" viewBox="0 0 800 \d+"/);
    expect(file).toContain("#123456");
    expect(file).not.toMatch(/var\(|class=|style=|href|<script/);
    expect(file).toContain(">5</text>");
  });
});

describe("what is told", () => {
  test("of a run is what was elected, committed, lost", () => {
    const run = started(3, 500_000, { loss: 100, seed: 4 });
    const told = notesBefore(run.trace, run.trace.length, 200).map(({ text }) => text);
    expect(told.some((text) => /^\d stands for election in term 1\.$/.test(text))).toBe(true);
    expect(told.some((text) => /^\d leads term \d\.$/.test(text))).toBe(true);
    expect(told.some((text) => /lost at/.test(text))).toBe(true);
    const marks = Array.from({ length: run.trace.length }, (_, row) => markOf(run.trace, row));
    expect(new Set(marks)).toContain("timeout");
    expect(
      Array.from({ length: run.trace.length }, (_, row) => tellRow(run.trace, row)).every((text) => text !== ""),
    ).toBe(true);
  });
});
