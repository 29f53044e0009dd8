import { describe, expect, test } from "vitest";
import { crashWithin, restartForgetful } from "../src/engine/acts.js";
import { stickLine } from "../src/engine/disks.js";
import type { Run } from "../src/engine/run.js";
import { playScenario, scenarioText } from "../src/engine/scenario.js";
import { backEvent, stepEvent } from "../src/engine/steps.js";
import { questions } from "../src/model/majorities.js";
import { crashPlaces, refusedBy, withheld, writeText } from "../src/model/storage.js";
import { leaders, picture, started } from "./tools.js";

const SLOW = "#: disk 40000";

/** Three nodes with asynchronous storage: the leader, and the others. */
function asynchronous(...lines: string[]): { run: Run; leader: number; one: number; other: number } {
  const run = started(3, 1_000_000);
  const [leader] = leaders(run) as [number];
  const [one, other] = [1, 2, 3].filter((id) => id !== leader) as [number, number];
  run.act(["options * asynchronous", SLOW, ...lines]);
  return { run, leader, one, other };
}

const server = (run: Run, id: number) => run.moment.world.server(BigInt(id))!;
const told = (run: Run): string => run.moment.notes.map(({ text }) => text).join("\n");

function until(run: Run, isSo: () => boolean): void {
  for (let steps = 0; steps < 5_000; steps += 1) {
    if (isSo()) return;
    run.step();
  }
  throw new Error(`in vain: ${isSo}`);
}

describe("asynchronous storage", () => {
  test("lets a node go on: what it writes is on its way, and what promises something waits", () => {
    const { run, leader, one } = asynchronous();
    run.act([`propose ${leader} 2`]);
    until(run, () => server(run, one).writes.length > 0);
    const { writes } = server(run, one);
    const last = server(run, leader).node!.log.lastPosition.index;
    expect(writes.map(writeText)).toEqual([`entries ${last - 1n} to ${last}`]);
    expect(withheld(server(run, one))).toEqual([`that it has entries ${last - 1n} to ${last}`]);
    expect(withheld(server(run, leader))).toEqual([`its own part of a majority for entries ${last - 1n} to ${last}`]);
    const answers = (): string[] => [...run.moment.flights.values()].map(({ text }) => text);
    expect(answers().filter((text) => text.includes(`Reply last 1/${last}`))).toEqual([]);
    const asked = questions(run.moment.world.servers, run.moment.ballots)[0]!;
    expect(asked.majorities[0]!.have).toEqual([]);
    const writtenAt = run.moment.disks.get(one)!.doneAt!;
    expect(writtenAt - run.moment.now).toBe(40_000);
    const isAnswer = (text: string): boolean =>
      text.startsWith(`${leader} < ${one}`) && text.includes(`Reply last 1/${last}`);
    until(run, () => answers().some(isAnswer));
    expect(run.moment.now).toBe(writtenAt);
    expect(withheld(server(run, one))).toEqual([]);
    until(run, () => told(run).includes(`commits up to index ${last}`));
    expect(run.moment.broken).toEqual([]);
  });

  test("does not stop the heartbeats of a leader whose disk is slow; without it, they stop", () => {
    const heartbeats = (run: Run, leader: number): number => {
      let count = 0;
      const end = run.moment.now + 400_000;
      while ((run.nextAt ?? Infinity) <= end) {
        run.step();
        if (run.history.line(run.length - 1) === `timeout ${leader}`) count += 1;
      }
      return count;
    };
    const { run, leader } = asynchronous();
    run.act(["#: election 900000 900000", stickLine(leader, true), `propose ${leader}`]);
    expect(heartbeats(run, leader)).toBeGreaterThanOrEqual(7);
    const waiting = started(3, 1_000_000);
    const [stopped] = leaders(waiting) as [number];
    waiting.act(["#: election 900000 900000", stickLine(stopped, true), `propose ${stopped}`]);
    expect(heartbeats(waiting, stopped)).toBeLessThanOrEqual(1);
  });

  test("tells the vote that waits for the disk", () => {
    const { run, leader, one, other } = asynchronous("#: disk 150000");
    run.act([`crash ${leader}`, `timeout ${one}`]);
    until(run, () => withheld(server(run, one)).length > 0);
    const { currentTerm } = server(run, one).node!;
    expect(withheld(server(run, one))).toEqual([`its call for votes in term ${currentTerm}`]);
    expect(server(run, one).writes.map(writeText)).toEqual([`term ${currentTerm}, the vote for ${one}`]);
    until(run, () => withheld(server(run, other)).length > 0);
    expect(withheld(server(run, other))).toEqual([`its vote for ${one} in term ${currentTerm}`]);
  });

  test("loses at a crash what was on its way, as much as one wants", () => {
    const { run, leader, one } = asynchronous();
    run.act([stickLine(one, true), `propose ${leader} 4`]);
    until(run, () => server(run, one).writes.length === 1);
    const before = server(run, one).disk.log.lastPosition.index;
    const places = crashPlaces(server(run, one));
    expect(places).toEqual([
      { label: "nothing of what is on its way", lines: [`crash ${one}`] },
      { label: "2 of 4 entries", lines: [`tear ${one} 2`] },
      { label: "all of it, not reported", lines: [`write ${one} 1`, `crash ${one}`] },
    ]);
    const stored = places.map(({ lines }) => {
      const fork = run.fork();
      fork.act(lines);
      expect(told(fork)).toContain(`${one} crashed: what was not stored is lost`);
      expect(fork.moment.disks.has(one)).toBe(false);
      return Number(server(fork, one).disk.log.lastPosition.index - before);
    });
    expect(stored).toEqual([0, 2, 4]);
    expect(run.moment.disks.has(one)).toBe(true);
    run.act(crashWithin(one, 0));
    const loss = "what was not stored is lost, a write on the way to the disk among it.";
    expect(told(run)).toContain(`${one} crashed: ${loss}`);
  });

  test("goes on when a disk that was stuck is let go", () => {
    const { run, leader, one, other } = asynchronous();
    run.act([stickLine(one, true), stickLine(other, true), `propose ${leader}`]);
    run.runTo(run.moment.now + 300_000);
    const last = server(run, leader).node!.log.lastPosition.index;
    expect(run.moment.outline.get(leader)!.commitIndex).toBe(last - 1n);
    run.act([stickLine(one, false)]);
    until(run, () => run.moment.outline.get(leader)!.commitIndex === last);
    expect(server(run, other).writes.length).toBeGreaterThan(0);
    expect(() => run.act([stickLine(9, true)])).toThrow(/no node 9/);
  });

  test("counts the leader itself when its disk has reported", () => {
    const { run, leader } = asynchronous();
    run.act([stickLine(leader, true), `propose ${leader}`]);
    until(run, () => server(run, leader).writes.length > 0);
    const have = () => questions(run.moment.world.servers, run.moment.ballots)[0]!.majorities[0]!.have;
    run.act([`write ${leader}`]);
    expect(server(run, leader).writes).toEqual([]);
    expect(have()).toEqual([]);
    run.act([`report ${leader}`]);
    expect(have()).toEqual([leader]);
  });

  test("is played again to the same moment, forwards, backwards and as a scenario", () => {
    const { run, leader, one } = asynchronous();
    run.act([`propose ${leader} 3`, stickLine(one, true)]);
    run.runTo(run.moment.now + 120_000);
    run.act([stickLine(one, false)]);
    for (let steps = 0; steps < 30; steps += 1) stepEvent(run);
    const { lines } = run.moment;
    const seen = [picture(run), run.moment.disks, [...run.moment.stuck]];
    const again = playScenario(scenarioText(run.history));
    expect([picture(again), again.moment.disks, [...again.moment.stuck]]).toEqual(seen);
    run.seek(lines - 40);
    run.seek(lines);
    expect([picture(run), run.moment.disks, [...run.moment.stuck]]).toEqual(seen);
    // A report belongs to the write before it, so no step ends between the two.
    expect(run.history.line(run.length - 1)).not.toMatch(/^write/);
    while (!run.history.line(run.moment.lines - 1).startsWith("report")) run.seek(run.moment.lines - 1);
    backEvent(run);
    expect(run.history.line(run.moment.lines)).toMatch(/^write/);
  });
});

describe("a lost tail", () => {
  test("is refused by the leader that was told of it, and seen", () => {
    const run = started(3, 1_000_000);
    const [leader] = leaders(run) as [number];
    const follower = [1, 2, 3].find((id) => id !== leader)!;
    run.act(["options * refuses-lost-tail events", `propose ${leader} 3`]);
    run.runTo(run.moment.now + 200_000);
    run.act([`crash ${follower}`]);
    const { log } = server(run, follower).disk;
    run.act(restartForgetful(server(run, follower)));
    const last = log.lastPosition.index - 1n;
    expect(told(run)).toContain(`${follower} came back from a disk whose log ends at 1/${last}.`);
    expect(server(run, follower).node!.log.lastPosition.index).toBe(last);
    until(run, () => run.moment.outline.get(leader)!.lostTails.length > 0);
    expect(refusedBy(run.moment.world.servers, BigInt(follower))).toBe(BigInt(leader));
    expect(refusedBy(run.moment.world.servers, BigInt(leader))).toBeUndefined();
    expect(told(run)).toContain(`${leader} refuses ${follower}, which has lost entries that it had acknowledged`);
    expect(run.moment.told.get(leader)!.at(-1)!.text).toMatch(/lost/);
    run.runTo(run.moment.now + 300_000);
    expect(server(run, follower).node!.log.lastPosition.index).toBe(last);
  });

  test("is repaired by a leader that does not refuse", () => {
    const run = started(3, 1_000_000);
    const [leader] = leaders(run) as [number];
    const follower = [1, 2, 3].find((id) => id !== leader)!;
    run.act([`propose ${leader} 3`]);
    run.runTo(run.moment.now + 200_000);
    run.act([`crash ${follower}`]);
    run.act(restartForgetful(server(run, follower)));
    run.runTo(run.moment.now + 300_000);
    const { lastPosition } = server(run, leader).node!.log;
    expect(server(run, follower).node!.log.lastPosition).toEqual(lastPosition);
    expect(run.moment.outline.get(leader)!.lostTails).toEqual([]);
  });
});

describe("what nodes tell of themselves", () => {
  test("is kept for each node, and told", () => {
    const run = started(5, 1_000_000, {});
    const [leader] = leaders(run) as [number];
    expect(run.moment.told.size).toBe(0);
    const target = leader === 4 ? 5 : 4;
    run.act(["options * stable 4 events", `transfer ${leader} ${target}`]);
    until(run, () => run.moment.outline.get(target)!.role === "leader");
    until(run, () => (run.moment.told.get(leader)?.length ?? 0) >= 2);
    expect(run.moment.told.get(target)!.map(({ text }) => text)).toContainEqual(expect.stringMatching(/leader.*t2/));
    const said = run.moment.told.get(leader)!.map(({ text }) => text);
    expect(said).toContainEqual(expect.stringMatching(/^stepped down from t1: /));
    expect(said).toContain(`transfer to ${target}: done`);
    expect(told(run)).toContain(`${leader} tells: transfer to ${target}: done.`);
  });

  test("says of a leader whose disk is stuck that it was the disk", () => {
    const { run, leader, one, other } = asynchronous("options * stable 4 asynchronous events");
    run.act([stickLine(leader, true), `propose ${leader}`]);
    until(run, () => run.moment.outline.get(leader)!.role === "follower");
    expect(told(run)).toContain(`${leader} no longer leads: its own disk has not reported for too long`);
    expect(run.moment.told.get(leader)!.at(-1)!.text).toBe("stepped down from t1: the storage does not report");
    until(run, () => leaders(run).some((id) => id === one || id === other));
  });
});
