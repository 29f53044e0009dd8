import { ScriptWorld } from "raftbare/simulator";
import { describe, expect, test } from "vitest";
import { excerptOf } from "../core-source.js";
import { scenarioText } from "../src/engine/scenario.js";
import { asynchronousStorage } from "../src/lessons/asynchronous-storage.js";
import { GLOSSARY } from "../src/lessons/glossary.js";
import { LESSONS } from "../src/lessons/index.js";
import { stepsOf } from "../src/lessons/lesson.js";
import { tell } from "../src/lessons/tell.js";
import { picture } from "./tools.js";

describe.each(LESSONS)("the lesson $name", (lesson) => {
  const { run, marks } = tell(lesson);
  const steps = stepsOf(lesson);

  test("plays without breaking anything, and the simulator plays its text", () => {
    expect(run.moment.broken).toEqual([]);
    expect(ScriptWorld.play(scenarioText(run.history)).failure).toBeUndefined();
  });

  test("is the same each time, and each step is found again from any place", () => {
    const again = tell(lesson);
    expect(again.marks).toEqual(marks);
    const pictures = marks.map(({ lines, time }) => {
      again.run.seek(lines, time);
      return picture(again.run);
    });
    for (const [at, { lines, time }] of [...marks.entries()].reverse()) {
      run.seek(lines, time);
      expect(picture(run), `step ${at}`).toEqual(pictures[at]);
    }
  });

  test("shows each step long enough to be seen, and not for long", () => {
    const times = marks.map(({ time }) => time);
    for (const [at, { plot, speed = 0.025 }] of steps.entries()) {
      const seconds = at === 0 ? 2 : (times[at]! - times[at - 1]!) / 1e6 / speed;
      if (plot !== undefined && at < lesson.steps.length) expect(seconds, `step ${at}`).toBeGreaterThan(0.5);
      expect(seconds, `step ${at}`).toBeLessThan(10);
    }
  });

  test("has an exercise that is not done at its beginning", () => {
    const { lines, time } = marks[lesson.exercise.from ?? steps.length - 1]!;
    run.seek(lines, time);
    expect(lesson.exercise.isDone(run.moment)).toBe(false);
  });

  test("has lines of the core that are there, and names its section", () => {
    expect(lesson.section).toContain("§");
    expect(steps.some(({ code }) => code !== undefined)).toBe(true);
    for (const { code } of steps) {
      for (const line of code?.lines ?? []) {
        const found = code!.excerpt.lines.filter(({ text }) => text.includes(line));
        expect(found, `${line} in ${code!.excerpt.name}`).not.toEqual([]);
      }
    }
  });

  test("explains its words, in short sentences", () => {
    for (const { caption } of steps) {
      for (const [, marked = ""] of caption.matchAll(/\[\[(.*?)\]\]/g)) {
        expect(GLOSSARY).toHaveProperty([marked.split("|").at(-1)!]);
      }
      const plain = caption.replaceAll(/\[\[(?:([^|\]]*)\|?[^\]]*)\]\]/g, "$1");
      for (const sentence of plain.split(/[.?!:;] /)) {
        expect(sentence.split(" ").length, sentence).toBeLessThan(30);
      }
    }
  });
});

test("the lesson on disks shows what it says: what is on disks is counted, whosever they are", () => {
  const { run, marks } = tell(asynchronousStorage);
  /** The ends of a node's log in memory and on disk, and its commit index. */
  const at = (step: number, id: number): string => {
    run.seek(marks[step]!.lines, marks[step]!.time);
    const { node, disk } = run.moment.world.server(BigInt(id))!;
    const ends = [node?.log, disk.log].map((log) => log?.lastPosition.index);
    return [...ends, node?.commitIndex].join(" ");
  };
  expect([at(4, 1), at(4, 2), at(4, 3)]).toEqual(["5 4 4", "5 4 4", "5 4 4"]);
  expect([at(5, 1), at(5, 2), at(5, 3)]).toEqual(["5 4 4", "5 5 4", "5 4 4"]);
  expect(at(6, 2)).toBe("5 5 5");
  expect(at(7, 2)).toBe("6 5 6"); // committed without the disk of the leader
  expect([at(8, 1), at(8, 2), at(8, 3)]).toEqual(["7 6 6", " 5 ", "6 6 6"]);
  expect(at(9, 2)).toBe("7 7 7");
});

test("lessons have names of their own", () => {
  expect(new Set(LESSONS.map(({ name }) => name)).size).toBe(LESSONS.length);
  for (const { name } of LESSONS) expect(name).toMatch(/^[a-z0-9-]+$/);
});

describe("a function of the core", () => {
  const source = [
    "impl Node {",
    "    /// §5.2: says so.",
    "    ///",
    "    /// ```",
    "    /// an example",
    "    /// ```",
    "    #[must_use]",
    "    pub(super) fn says(&self) -> bool {",
    "        if true {",
    "            return true;",
    "        }",
    "        false",
    "    }",
    "",
    "    fn says_more<T>(&self) {",
    "    }",
    "}",
  ].join("\n");

  test("is found by its name, with its comment and without examples", () => {
    const { lines, file } = excerptOf(source, "says", "core/src/node.rs");
    expect(file).toBe("core/src/node.rs");
    expect(lines[0]).toEqual({ number: 2, text: "/// §5.2: says so." });
    expect(lines.map(({ text }) => text)).not.toContain("/// an example");
    expect(lines.at(-1)).toEqual({ number: 13, text: "}" });
    expect(lines).toHaveLength(8);
    expect(excerptOf(source, "says_more", "").lines).toHaveLength(2);
  });

  test("that is not there, or there twice, ends the build", () => {
    expect(() => excerptOf(source, "say", "node.rs")).toThrow("node.rs has 0 functions say");
    expect(() => excerptOf(source + source, "says", "node.rs")).toThrow("node.rs has 2 functions says");
  });
});
