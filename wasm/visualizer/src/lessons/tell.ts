import type { Moment } from "../engine/moment.js";
import { Run } from "../engine/run.js";
import { type Cue, type Lesson, stepsOf } from "./lesson.js";

/** The end of a step in the run of its lesson. */
export interface Mark {
  readonly lines: number;
  readonly time: number;
}

/** A lesson that was played to its end; each step is between two marks. */
export interface Told {
  readonly run: Run;
  readonly marks: readonly Mark[];
}

/** Nothing that a lesson waits for takes longer. */
const MOST_US = 5_000_000;

/** Plays a lesson. The same lesson leads to the same run, in every browser and in Rust. */
export function tell(lesson: Lesson): Told {
  const run = new Run();
  const marks: Mark[] = [];
  for (const { plot = [] } of stepsOf(lesson)) {
    // What one step has ended with is not at the same time as what the next one begins with.
    if (marks.length > 0) run.runTo(run.moment.now + 1);
    for (const cue of plot) play(run, cue);
    marks.push({ lines: run.moment.lines, time: run.moment.now });
  }
  return { run, marks };
}

function play(run: Run, cue: Cue): void {
  if (typeof cue === "string") run.act([cue]);
  else if (typeof cue === "number") run.runTo(run.moment.now + cue);
  else runUntil(run, cue);
}

function runUntil(run: Run, isSo: (moment: Moment) => boolean): void {
  const end = run.moment.now + MOST_US;
  while (!isSo(run.moment)) {
    if (run.moment.now > end || !run.step()) throw new Error(`a lesson waits in vain: ${isSo}`);
  }
  run.runTo(run.moment.now); // all of that time, so that a mark is no matter of lines
}
