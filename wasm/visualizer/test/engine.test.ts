import { describe, expect, test } from "vitest";
import { ScriptWorld } from "raftbare/simulator";
import { crashAfter, onFlight, partition } from "../src/engine/acts.js";
import { fromHash, toHash } from "../src/engine/link.js";
import { playScenario, scenarioText } from "../src/engine/scenario.js";
import { forgetVote, splitVote } from "../src/engine/demos.js";
import { backAction, backEvent, isEvent, stepAction, stepEvent } from "../src/engine/steps.js";
import { leaders, picture, started } from "./tools.js";

describe("a cluster by itself", () => {
  test.each([1, 2, 3, 4, 5, 6, 7, 8, 9])("of %i has a leader within a second", (size) => {
    for (const seed of [1, 2, 3, 4, 5]) {
      const run = started(size, 1_000_000, { seed });
      expect(leaders(run)).toHaveLength(1);
      expect(run.moment.broken).toEqual([]);
    }
  });

  test("keeps its leader for a minute, and commits what is proposed", () => {
    const run = started(5, 1_000_000);
    const [leader] = leaders(run);
    run.runTo(60_000_000);
    expect(leaders(run)).toEqual([leader]);
    run.act([`propose ${leader} 3`]);
    run.runTo(60_200_000);
    expect(run.moment.requests.map(({ status }) => status)).toEqual(["committed", "committed", "committed"]);
  });

  test("is the same for the same seed, and another for another", () => {
    expect(picture(started(5, 2_000_000))).toEqual(picture(started(5, 2_000_000)));
    expect(picture(started(5, 2_000_000, { seed: 2 }))).not.toEqual(picture(started(5, 2_000_000)));
  });

  test("goes on in spite of loss, and what is lost is told", () => {
    const run = started(3, 4_000_000, { loss: 200 });
    expect(run.moment.broken).toEqual([]);
    expect(run.moment.notes.some(({ kind }) => kind === "network")).toBe(true);
  });
});

describe("time", () => {
  test("goes back and forth to the same pictures", () => {
    const run = started(5, 1_000_000, { loss: 50 });
    run.act([`propose ${leaders(run)[0]} 2`]);
    const end = run.moment.lines;
    run.seek(0);
    const pictures = [end, 200, 3, 301, 0].map((lines) => {
      run.seek(lines);
      return [lines, picture(run)] as const;
    });
    run.seekTime(3_000_000);
    for (const [lines, before] of pictures) {
      run.seek(lines);
      expect(picture(run)).toEqual(before);
    }
  });

  test("steps by event and by action, forwards and backwards", () => {
    const run = started(3, 500_000);
    const end = run.moment.lines;
    expect(backAction(run)).toBe(true);
    expect(run.moment.lines).toBe(end - 1);
    expect(stepAction(run)).toBe(true);
    expect(run.moment.lines).toBe(end);
    const before = picture(run);
    expect(stepEvent(run)).toBe(true);
    expect(run.moment.lines).toBeGreaterThan(end);
    expect(backEvent(run)).toBe(true);
    expect(isEvent(run.history.line(run.moment.lines))).toBe(true);
    run.seek(end);
    expect((picture(run) as { outline: unknown }).outline).toEqual((before as { outline: unknown }).outline);
    run.seek(0);
    expect(backEvent(run)).toBe(false);
  });

  test("forks, and both go on by themselves", () => {
    const run = started(3, 2_000_000);
    const end = picture(run);
    run.seekTime(700_000);
    const fork = run.fork();
    expect(picture(fork)).toEqual(picture(run));
    expect(() => run.act(["crash 1"])).toThrow(/fork/);
    fork.act([`crash ${leaders(fork)[0]}`]);
    fork.runTo(2_000_000);
    run.seekTime(2_000_000);
    expect(picture(run)).toEqual(end);
    expect(leaders(fork)).not.toEqual(leaders(run));
    fork.seekTime(600_000);
    run.seekTime(600_000);
    expect(picture(fork)).toEqual(picture(run));
  });
});

describe("by hand", () => {
  test("a message is dropped, doubled, held and put off", () => {
    const run = started(3, 1_000_000);
    const [leader] = leaders(run);
    run.act([`timeout ${leader}`]);
    while (run.moment.flights.size < 2) run.step();
    const [first, second] = [...run.moment.flights.values()];
    run.act(onFlight.duplicate(run.moment, first!));
    expect(run.moment.flights.size).toBe(3);
    const copy = [...run.moment.flights.values()].at(-1)!;
    expect(copy.text).toBe(first!.text);
    run.act(onFlight.drop(run.moment, copy));
    expect([...run.moment.flights.keys()]).toEqual([first!.number, second!.number]);
    run.act(onFlight.hold(run.moment, first!));
    run.act(onFlight.delay(run.moment, second!, 30_000));
    const { arrivesAt } = run.moment.flights.get(second!.number)!;
    expect(arrivesAt).toBe(second!.arrivesAt + 30_000);
    run.runTo(arrivesAt - 1);
    expect(run.moment.flights.has(second!.number)).toBe(true);
    run.runTo(arrivesAt);
    expect(run.moment.flights.has(second!.number)).toBe(false);
    const held = run.moment.flights.get(first!.number)!;
    expect(held.isHeld).toBe(true);
    run.act(onFlight.release(run.moment, held));
    run.runTo(run.moment.now + 40_000);
    expect(run.moment.flights.has(first!.number)).toBe(false);
  });

  test("a crash leaves on the disk what was stored until then", () => {
    const run = started(3, 1_000_000);
    const [leader] = leaders(run);
    run.act([`propose ${leader} 4`]);
    run.runTo(run.moment.now + 1); // the broadcast has left, the append has not begun
    const fork = run.fork();
    const before = run.moment.world.server(BigInt(leader!))!.disk.log.lastPosition.index;
    run.act(crashAfter(leader!, 0));
    expect(run.moment.world.server(BigInt(leader!))!.disk.log.lastPosition.index).toBe(before);
    fork.act(crashAfter(leader!, 0, 3));
    expect(fork.moment.world.server(BigInt(leader!))!.disk.log.lastPosition.index).toBe(before + 3n);
    fork.act([`restart ${leader}`]);
    fork.runTo(3_000_000);
    expect(fork.moment.broken).toEqual([]);
  });

  test("what cannot be done is refused, and nothing happens", () => {
    const run = started(3, 1_000_000);
    const before = picture(run);
    expect(() => run.act(["timeout 9"])).toThrow(/node 9 was never started/);
    expect(() => run.act(["restart 1"])).toThrow(/node 1 is not down/);
    expect(() => run.act(["tear 1 1"])).toThrow(/is no append/);
    expect(picture(run)).toEqual(before);
    run.runTo(2_000_000);
    expect(run.moment.broken).toEqual([]);
  });

  test("a leader that is cut off stays one for itself, and another is elected", () => {
    const run = started(5, 1_000_000);
    const [leader] = leaders(run);
    run.act(partition([1, 2, 3, 4, 5], [[leader!], [1, 2, 3, 4, 5].filter((id) => id !== leader)]));
    run.runTo(2_500_000);
    expect(leaders(run)).toHaveLength(2);
    run.act(["mend"]);
    run.runTo(3_500_000);
    expect(leaders(run)).toHaveLength(1);
    expect(run.moment.broken).toEqual([]);
  });

  test.each([2, 3, 4, 5, 6, 7, 8, 9])("the vote of %i nodes is split", (size) => {
    const run = started(size, 1_000_000);
    const terms = [...run.moment.outline.values()].map((node) => node?.currentTerm ?? 0n);
    const term = terms.reduce((most, one) => (one > most ? one : most)) + 1n;
    splitVote(run);
    run.runTo(run.moment.now + 60_000);
    const inTerm = [...run.moment.outline.values()].filter((node) => node?.currentTerm === term);
    expect(inTerm.filter((node) => node?.role === "leader")).toEqual([]);
    if (size > 2) expect(inTerm.filter((node) => node?.role === "candidate").length).toBeGreaterThanOrEqual(2);
    if (size > 4) expect(run.moment.notes.some(({ text }) => /its one vote of term \d+ went to/.test(text))).toBe(true);
  });

  test("a vote that is forgotten ends in two leaders of one term", () => {
    const run = started(3, 1_000_000);
    forgetVote(run);
    expect(run.moment.broken.at(-1)).toMatchObject({ property: "Election Safety", isFatal: true });
    expect(run.moment.broken[0]).toMatchObject({ isFatal: false });
    const { failure } = ScriptWorld.play(scenarioText(run.history));
    expect(failure?.violation.property).toBe("Election Safety");
    expect(run.step()).toBe(false);
  });
});

describe("a scenario", () => {
  test("is the whole run: played again, it is the same", () => {
    const run = started(5, 1_500_000, { seed: 9, loss: 30 });
    run.act([`crash ${leaders(run)[0]}`, "#: latency 20000 40000"]);
    run.runTo(3_000_000);
    const again = playScenario(scenarioText(run.history));
    again.runTo(3_000_000);
    expect(picture(again)).toEqual(picture(run));
    run.runTo(5_000_000);
    again.runTo(5_000_000);
    expect(picture(again)).toEqual(picture(run));
  });

  test("has whole microseconds, whatever time has passed between two pictures", () => {
    const run = started(3, 1_000_000.4);
    run.runTo(1_004_166.7);
    run.act([`propose ${leaders(run)[0]} 1`]);
    run.seekTime(1_002_000.5);
    run.fork().act(["crash 1"]);
    const again = playScenario(scenarioText(run.history));
    expect(again.moment.now).toBe(1_004_167);
    expect(again.moment.requests).toHaveLength(1);
  });

  test("fits into a link", async () => {
    const text = scenarioText(started(5, 3_000_000).history);
    const hash = await toHash(text);
    expect(await fromHash(`#${hash}`)).toBe(text);
    expect(hash.length * 4).toBeLessThan(text.length);
    expect(await fromHash(`#text=${encodeURIComponent("start 1")}`)).toBe("start 1");
    expect(await fromHash("#elsewhere")).toBeUndefined();
    await expect(fromHash("#s=%%%")).rejects.toThrow();
  });

  test("that is none is refused with its reason", () => {
    expect(() => playScenario("start 1\nfly 1")).toThrow(/fly/);
    expect(() => playScenario("#: at 5\n#: at 3")).toThrow(/no time/);
    expect(() => playScenario("#: wind 7")).toThrow(/says nothing/);
  });
});
