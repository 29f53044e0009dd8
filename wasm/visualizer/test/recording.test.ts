import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { onFlight } from "../src/engine/acts.js";
import { recordingOf, SHIVIZ, shivizLog } from "../src/engine/export.js";
import { Playback } from "../src/engine/playback.js";
import { type Event, formatEvent, parseRecording } from "../src/engine/recording.js";
import type { Run } from "../src/engine/run.js";
import { playScenario, scenarioText } from "../src/engine/scenario.js";
import { backEvent, stepEvent } from "../src/engine/steps.js";
import { logTable } from "../src/model/log.js";
import { questions } from "../src/model/majorities.js";
import { spaceTime } from "../src/model/space-time.js";
import { notesBefore, tellRow } from "../src/model/tell.js";
import { look } from "../src/view/look.js";
import { framed, leaders, started } from "./tools.js";

// Where the task has put the sources; else this is their place.
const tests = join(process.env.RAFTBARE_ROOT ?? "../..", "tests");

function record(run: Run): string {
  return [...recordingOf(run.history, run.moment.lines)].join("");
}

function watched(text: string): Playback {
  return new Playback(parseRecording(text), notesBefore);
}

describe("a recording", () => {
  test.each([
    ["recordings/by-hand.txt", "recordings/by-hand.jsonl"],
    ["scenarios/31-figure-7.txt", "recordings/31-figure-7.jsonl"],
  ])("of %s is the one that Rust makes", (scenario, recording) => {
    const run = playScenario(readFileSync(join(tests, scenario), "utf8"));
    expect(record(run)).toBe(readFileSync(join(tests, recording), "utf8"));
  });

  test("shows the same picture as the run that it is of", () => {
    const run = started(5, 900_000, { loss: 60, seed: 3 });
    run.act([`propose ${leaders(run)[0]} 4`]);
    run.runTo(1_200_000);
    run.act([`crash ${leaders(run)[0]}`, "cut 1->2"]);
    run.runTo(2_500_000);
    run.seekTime(2_400_000);
    const text = record(run);
    const playback = watched(text);
    // Rows are counted differently where a state is told again, so places are compared, and what is there.
    const scene = (one: Run | Playback, now: number) => {
      const { bars, flights, marks, lanes, ticks } = spaceTime(one.trace, framed(one, { now, usPerPixel: 5_000 }));
      const bare = (list: readonly { readonly row: number }[]) => list.map(({ row: _, ...rest }) => rest);
      return { bars, flights: bare(flights), marks: bare(marks), lanes, ticks };
    };
    const until = run.moment.now;
    const fork = run.fork();
    expect(scene(playback, until)).toEqual(scene(fork, until));
    const states = (servers: Run["servers"]) =>
      servers.map(
        ({ node }) =>
          node && [node.role, node.currentTerm, node.votedFor, node.leaderId, node.commitIndex, String(node.log)],
      );
    for (const time of [200_000, 900_000, 1_300_000, 2_000_000, 2_400_000]) {
      run.seekTime(time);
      playback.seekTime(time);
      expect(states(playback.servers)).toEqual(states(run.servers));
      expect([...playback.moment.flights.values()].map(({ text }) => text).sort()).toEqual(
        [...run.moment.flights.values()].map(({ text }) => text).sort(),
      );
    }
  });

  test("is written as it is read", () => {
    const text = readFileSync(join(tests, "recordings/by-hand.jsonl"), "utf8");
    expect(parseRecording(text).map(formatEvent).join("\n")).toBe(text.trimEnd());
  });

  test("is read in spite of what is not known, and sorted by time", () => {
    const [first, second, third] = parseRecording(
      [
        '{"at":5,"node":2,"did":"dance","colour":"red","text":"x"}',
        "",
        '{"at":1,"node":1,"did":"note","text":"flash is full"}',
        '{"at":9,"node":1,"did":"receive","message":"2 t1 #1 RequestVoteReply granted","to":1}',
      ].join("\n"),
    );
    expect(first).toMatchObject({ at: 1, did: "note", text: "flash is full" });
    expect(second).toMatchObject({ at: 5, did: "note", text: "dance: x" });
    expect(third).toMatchObject({ to: undefined });
  });

  test.each([
    ["", /there is no event/],
    ["{", /^line 1: this is no JSON object; write one/],
    ['{"at":1,"node":1,"did":"start"}\n[1]', /^line 2: this is no JSON object/],
    ['{"node":1,"did":"start"}', /^line 1: "at" has to be a whole number from 0: microseconds/],
    ['{"at":1,"node":"a","did":"start"}', /"node" has to be .* the number of a node/],
    ['{"at":1,"node":1}', /"did" has to be a text/],
    ['{"at":1,"node":1,"did":"send","message":"1 t1 #1 RequestVoteReply granted"}', /"send" needs "to"/],
    ['{"at":1,"node":1,"did":"receive"}', /"message" is missing/],
    ['{"at":1,"node":1,"did":"receive","message":"hello"}', /"message" is none in the notation/],
    ['{"at":1,"node":1,"did":"receive","message":"snapshot 1/6 x"}', /"message" is none in the notation/],
    [
      '{"at":1,"node":1,"did":"start","now":"2 follower t1 vote - commit 0 snapshot {} log 0/0[]"}',
      /"now" is not this/,
    ],
    ['{"at":1,"node":1,"did":"start","now":"1 follower t1 vote - commit 0 snapshot {} log x"}', /the log in "now"/],
  ])("that is none is refused with the reason: %s", (text, reason) => {
    expect(() => parseRecording(text)).toThrow(reason);
  });

  test("with times of the calendar begins with its first event", () => {
    const begin = 1_795_457_607_256_380;
    const line = (at: number) => JSON.stringify({ at, node: 1, did: "timeout" });
    const events = parseRecording([line(begin + 90), line(begin)].join("\n"));
    expect(events.map(({ at }) => at)).toEqual([0, 90]);
    expect(parseRecording(line(90)).map(({ at }) => at)).toEqual([90]);
  });

  test("that is too long is refused", () => {
    const line = '{"at":1,"node":1,"did":"note"}\n';
    expect(() => parseRecording(line.repeat(300_001))).toThrow(/^line 300001: more than 300000 events/);
    const nodes = Array.from({ length: 65 }, (_, at) => `{"at":1,"node":${at},"did":"note"}`);
    expect(() => parseRecording(nodes.join("\n"))).toThrow(/more than 64 nodes/);
    expect(() => parseRecording(" ".repeat(64_000_001))).toThrow(/longer than 64 MB/);
  });
});

describe("a recording that is watched", () => {
  const text = readFileSync(join(tests, "recordings/by-hand.jsonl"), "utf8");

  test("is stepped and scrubbed, and can be shown everywhere", () => {
    const playback = watched(text);
    expect(playback.isOver).toBe(true);
    let steps = 0;
    while (backEvent(playback)) steps += 1;
    expect(playback.moment.lines).toBe(0);
    for (let step = 0; step < steps; step += 1) {
      expect(stepEvent(playback)).toBe(true);
      const { servers, moment } = look(playback);
      expect(logTable(servers, moment.next, 24).rows).toHaveLength(4);
      questions(servers, moment.ballots);
    }
    playback.seek(playback.length);
    expect(stepEvent(playback)).toBe(false);
    playback.seekTime(300_000);
    expect(playback.moment.now).toBe(300_000);
    playback.runTo(310_000.4);
    expect(playback.moment.now).toBe(310_000);
    playback.runTo(1e9);
    expect(playback.isAtEnd).toBe(true);
  });

  test("knows votes and what followers have, and tells what happened", () => {
    const run = started(3, 1_000_000);
    run.act([`propose ${leaders(run)[0]} 2`]);
    run.runTo(1_100_000);
    const playback = watched(record(run));
    const leader = playback.servers.find(({ node }) => node?.role === "leader")!;
    expect([...leader.node!.matchIndexes.values()]).toEqual([4n, 4n]);
    expect(playback.servers.map(({ node }) => node?.leaderId)).toEqual([leader.id, leader.id, leader.id]);
    const told = playback.moment.notes.map(({ text }) => text);
    expect(told).toContain(`${leader.id} leads term 1.`);
    const [elected] = playback.moment.notes.filter(({ text }) => / leads term 1/.test(text));
    playback.seek(elected!.line);
    expect(playback.moment.ballots.get(Number(leader.id))?.from.length).toBe(1);
    while (playback.servers.find(({ id }) => id === leader.id)?.node?.role !== "candidate") backEvent(playback);
    expect(playback.moment.ballots.get(Number(leader.id))).toMatchObject({ term: 1n, from: [Number(leader.id)] });
  });

  test("of nodes that never say how they are shows what their messages tell", () => {
    const mute = parseRecording(text).map((event): Event => ({ ...event, now: undefined }));
    const playback = new Playback(mute, notesBefore);
    const roles = playback.servers.map(({ node }) => node?.role);
    expect(roles).toEqual(["follower", "follower", "leader", "follower"]);
  });

  test("that begins in the middle shows who was running", () => {
    const playback = watched(
      '{"at":1,"node":1,"did":"crash"}\n{"at":2,"node":2,"did":"start"}\n{"at":3,"node":3,"did":"timeout"}',
    );
    playback.seek(0);
    expect(playback.servers.map(({ node }) => node !== undefined)).toEqual([true, false, true]);
    playback.seek(2);
    expect(playback.servers.map(({ node }) => node !== undefined)).toEqual([false, true, true]);
  });
});

describe("a log for ShiViz", () => {
  const run = started(3, 400_000, { loss: 100, seed: 4 });
  while (run.moment.flights.size === 0) run.step();
  run.act(onFlight.duplicate(run.moment, [...run.moment.flights.values()][0]!));
  run.runTo(700_000);
  const log = shivizLog(run.trace, run.moment.lines, tellRow);

  test("has its regular expression in the first line, and no other run", () => {
    const [first, second, ...rest] = log.split("\n");
    expect([first, second]).toEqual([SHIVIZ, ""]);
    const all = [...rest.join("\n").matchAll(new RegExp(first!, "g"))];
    expect(all.length * 2).toBe(rest.length - 1);
  });

  test("has clocks that count each node, and an arrival knows its sending", () => {
    const events = [...log.matchAll(/^(\w+): (.*)\nnode(\d+) (\{.*\})$/gm)].map(([, did, text, node, clock]) => {
      return { did, text: text!, node: node!, clock: JSON.parse(clock!) as Record<string, number> };
    });
    const counts: Record<string, number> = {};
    for (const { node, clock } of events) {
      counts[node] = (counts[node] ?? 0) + 1;
      expect(clock[`node${node}`]).toBe(counts[node]);
    }
    const received = events.filter(({ did }) => did === "receive");
    expect(received.length).toBeGreaterThan(20);
    for (const { clock, text } of received) {
      const sender = /^(\d+) to/.exec(text)![1]!;
      expect(clock[`node${sender}`]).toBeGreaterThan(0);
    }
  });

  test("ends where the run is shown", () => {
    const fork = playScenario(scenarioText(run.history));
    fork.seek(30);
    const early = shivizLog(fork.trace, 30, tellRow);
    expect(log.startsWith(early.split("\n").slice(0, 3).join("\n"))).toBe(true);
    expect(early.length).toBeLessThan(log.length / 2);
  });
});
