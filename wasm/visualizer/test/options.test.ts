import { describe, expect, test } from "vitest";
import { partition } from "../src/engine/acts.js";
import { commonOptions, DEFAULT_OPTIONS, followOptions, optionsLine } from "../src/engine/options.js";
import type { Run } from "../src/engine/run.js";
import { playScenario, scenarioText } from "../src/engine/scenario.js";
import { questions } from "../src/model/majorities.js";
import { payloadText, roleName } from "../src/model/words.js";
import { leaders, started } from "./tools.js";

const ALL = [1, 2, 3, 4, 5];

function split(run: Run, id: number): void {
  run.act(partition(ALL, [[id], ALL.filter((other) => other !== id)]));
}

function told(run: Run): string {
  return run.moment.notes.map(({ text }) => text).join("\n");
}

function until(run: Run, isSo: () => boolean): void {
  for (let steps = 0; steps < 5_000; steps += 1) {
    if (isSo()) return;
    run.step();
  }
  throw new Error(`in vain: ${isSo}`);
}

describe("options", () => {
  test("are lines of the format, and are read back", () => {
    const some = { ...DEFAULT_OPTIONS, silentTimeouts: 4, neverLeads: true };
    const all = { silentTimeouts: 8, neverLeads: true, refusesLostTail: true, isAsynchronous: true, tellsEvents: true };
    expect(optionsLine([2], some)).toBe("options 2 stable 4 never-leads");
    expect(optionsLine("*", DEFAULT_OPTIONS)).toBe("options * default");
    expect(optionsLine([1, 2], all)).toBe("options 1,2 stable 8 never-leads refuses-lost-tail asynchronous events");
    expect(followOptions(new Map(), optionsLine([3], all), []).get(3)).toEqual(all);
    expect(commonOptions([all, some])).toEqual({ ...DEFAULT_OPTIONS, neverLeads: true });
    const known = followOptions(new Map(), optionsLine("*", some), [1, 2, 3]);
    expect([...known.keys()]).toEqual([1, 2, 3]);
    const changed = followOptions(known, "options 1,3 default", [1, 2, 3]);
    expect([1, 2, 3].map((id) => changed.get(id))).toEqual([DEFAULT_OPTIONS, some, DEFAULT_OPTIONS]);
  });

  test("are known at every moment, and after a restart", () => {
    const run = started(3, 1_000_000);
    const before = run.moment.lines;
    run.act(["options 2 never-leads", "crash 2", "restart 2", "timeout 2", "take 2"]);
    expect(run.moment.options.get(2)).toEqual({ ...DEFAULT_OPTIONS, neverLeads: true });
    expect(run.moment.outline.get(2)!.role).toBe("follower");
    run.seek(before);
    expect(run.moment.options.get(2)).toBeUndefined();
    expect(() => run.fork().act(["options 2 stable 256"])).toThrow(/255/);
  });
});

describe("stable leadership", () => {
  test("is seen: who is cut off asks, keeps its term, and nobody would vote for it", () => {
    const run = started(5, 1_000_000);
    const [leader] = leaders(run);
    const other = ALL.find((id) => id !== leader)!;
    run.act(["options * stable 8"]);
    split(run, other);
    until(run, () => run.moment.outline.get(other)!.isPreCandidate);
    expect(roleName(run.moment.outline.get(other))).toBe("pre-candidate");
    expect(told(run)).toContain(`${other} asks who would vote for it in term 2: it has heard no leader in time`);
    const asked = questions(run.moment.world.servers, run.moment.ballots)[0]!;
    expect(asked).toMatchObject({ who: other, text: `Would vote for ${other} in term 2` });
    expect(asked.majorities[0]!.have).toEqual([other]);
    run.act(["mend", `timeout ${other}`]);
    until(run, () => [...run.moment.flights.values()].some(({ text }) => text.includes("PreVoteCall")));
    const call = [...run.moment.flights.values()].find(({ text }) => text.includes("PreVoteCall"))!;
    expect(payloadText(call.payload)).toMatch(/Would you vote for me in term 2\? .* Nothing changes by this/);
    until(run, () => told(run).includes(`would not vote for ${other}: it hears the leader ${leader}`));
    until(run, () => run.moment.outline.get(other)!.role === "follower");
    expect(told(run)).toContain(`${other} asks no longer: term 1 has a leader`);
    expect(leaders(run)).toEqual([leader]);
  });

  test("makes a leader that nobody answers step down, and the others ask before they stand", () => {
    const run = started(5, 1_000_000);
    const [leader] = leaders(run);
    run.act(["options * stable 8"]);
    split(run, leader!);
    until(run, () => run.moment.outline.get(leader!)!.role === "follower");
    expect(told(run)).toContain(`${leader} no longer leads: no majority has answered it for too long`);
    expect(run.moment.outline.get(leader!)!.currentTerm).toBe(1n);
    until(run, () => leaders(run).length > 0);
    expect(told(run)).toMatch(/\d would vote for \d in term 2/);
    expect(told(run)).toMatch(/\d stands for election in term 2: \d, \d and \d would vote for it/);
  });

  test("heeds no call for votes of a higher term", () => {
    const run = started(3, 1_000_000);
    const [leader] = leaders(run);
    const [one, other] = [1, 2, 3].filter((id) => id !== leader);
    run.act([`options ${leader},${other} stable 8`, `timeout ${one}`]);
    until(run, () => told(run).includes(`${other} refuses ${one} its vote: it hears the leader ${leader}`));
    until(run, () => told(run).includes(`${leader} refuses ${one} its vote: it leads itself`));
  });
});

describe("a hand-over", () => {
  test("makes the target stand at once, and is told", () => {
    const run = started(3, 1_000_000);
    const [leader] = leaders(run);
    const target = [1, 2, 3].find((id) => id !== leader)!;
    run.act(["options * stable 8", `transfer ${leader} ${target}`, `propose ${leader}`]);
    expect(told(run)).toContain(`${leader} hands over to ${target}, and takes no commands meanwhile`);
    expect(told(run)).toContain(`${leader} refuses the command: a hand-over is under way`);
    until(run, () => run.moment.outline.get(target)!.role === "leader");
    expect(told(run)).toContain(`${target} stands for election in term 2: ${leader} hands over to it`);
    expect(run.moment.broken).toEqual([]);
    const again = playScenario(scenarioText(run.history));
    expect(leaders(again)).toEqual([target]);
  });

  test("that cannot be is told, too, and one that is given up", () => {
    const run = started(3, 1_000_000);
    const [leader] = leaders(run);
    const [one, other] = [1, 2, 3].filter((id) => id !== leader);
    run.act([`transfer ${one} ${other}`, `crash ${other}`, `transfer ${leader} ${other}`, `transfer ${leader} -`]);
    run.act([`transfer ${leader} -`, `propose ${leader}`]);
    expect(told(run)).toContain(`${one} does not hand over to ${other}`);
    expect(told(run)).toContain(`${leader} hands over no more`);
    expect(told(run)).toContain(`${leader} was not about to hand over`);
    expect(run.moment.requests.at(-1)!.status).toBe("in-progress");
  });
});

test("a call whose entries are cut is shown with what is left", () => {
  const run = started(3, 1_000_000);
  const [leader] = leaders(run);
  run.act([`propose ${leader} 3`]);
  until(run, () => [...run.moment.flights.values()].some(({ text }) => text.includes("cmd*3")));
  run.act(["truncate 1"]);
  const texts = [...run.moment.flights.values()].map(({ text }) => text).filter((text) => text.includes("cmd"));
  expect(texts.length).toBeGreaterThan(0);
  for (const text of texts) expect(text).toMatch(/\[cmd\]$/);
});
