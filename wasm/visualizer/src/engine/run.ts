import type { ServerState } from "raftbare/simulator";
import { apply } from "./apply.js";
import { History } from "./history.js";
import { type Broken, type Moment, cloneMoment, isEnded, startMoment } from "./moment.js";
import { nextDue } from "./schedule.js";
import { isEvent } from "./steps.js";
import type { Timeline } from "./timeline.js";
import { Trace } from "./trace.js";
import { watch } from "./watch.js";

/** How many lines lie between two checkpoints at first, and how many are kept: then every other one goes. */
const SPACING = 400;
const MOST_CHECKPOINTS = 48;

/** How far ahead chance may run in one go: this many lines of what happens by itself. */
const MOST_LINES = 200_000;

/**
 * A run of the world with its past: the lines so far, a place among them, and the moment there. Beyond the last line
 * it goes on by itself; going back, or to any time, is to play the lines again from a checkpoint.
 */
export class Run implements Timeline {
  readonly history: History;
  readonly trace: Trace;
  #moment: Moment;
  #checkpoints: { readonly lines: number; readonly moment: Moment }[] = [];
  #spacing = SPACING;
  #broken: readonly Broken[];

  constructor(history = new History(), moment = startMoment(), trace = new Trace()) {
    this.history = history;
    this.trace = trace;
    this.#moment = moment;
    this.#broken = moment.broken;
    this.#checkpoints.push({ lines: moment.lines, moment: cloneMoment(moment) });
  }

  /** Where the run is shown now. */
  get moment(): Moment {
    return this.#moment;
  }

  get isAtEnd(): boolean {
    return this.#moment.lines === this.history.length;
  }

  /** Whether nothing more can happen: a guarantee is broken. */
  get isOver(): boolean {
    return this.isAtEnd && isEnded(this.#moment);
  }

  /** What was found broken in this run, as far as it was ever played. */
  get broken(): readonly Broken[] {
    return this.#broken;
  }

  get servers(): readonly ServerState[] {
    return this.#moment.world.servers;
  }

  get length(): number {
    return this.history.length;
  }

  get end(): number {
    return this.history.end;
  }

  isCut(from: number, to: number): boolean {
    return this.#moment.world.isCut(BigInt(from), BigInt(to));
  }

  isEvent(line: number): boolean {
    return isEvent(this.history.line(line));
  }

  /** How many checkpoints there are. */
  get checkpoints(): number {
    return this.#checkpoints.length;
  }

  /** Adds lines at the present time, behind the last line, and plays them. */
  act(lines: readonly string[], at = this.#moment.now): void {
    if (!this.isAtEnd) throw new Error("the past is fixed; fork first");
    for (const line of lines) {
      if (isEnded(this.#moment)) return;
      const before = this.#moment.outline;
      const recorded = apply(this.#moment, line, at);
      this.history.push(line, at);
      watch(this.trace, recorded, before, this.#moment);
      this.#keep();
    }
  }

  /** Plays the next line, from the past or from chance. Returns whether there is one. */
  step(): boolean {
    if (!this.isAtEnd) {
      const { lines } = this.#moment;
      apply(this.#moment, this.history.line(lines), this.history.at(lines));
      this.#keep();
      return true;
    }
    const due = nextDue(this.#moment);
    if (due === undefined) return false;
    this.act([due.line], due.at);
    return true;
  }

  /** When the next line is played; `undefined` if nothing more happens. */
  get nextAt(): number | undefined {
    return this.isAtEnd ? nextDue(this.#moment)?.at : this.history.at(this.#moment.lines);
  }

  /** Lets time pass up to `wanted`, in whole microseconds. What is done on the way is done. */
  runTo(wanted: number): void {
    const time = Math.round(wanted);
    for (let played = 0; played < MOST_LINES; played += 1) {
      const at = this.nextAt;
      if (at === undefined || at > time) break;
      this.step();
    }
    if (!this.isOver) this.#moment.now = Math.max(this.#moment.now, time);
  }

  /** Goes to the moment after so many lines, at the time of the last of them, or later. */
  seek(lines: number, time?: number): void {
    const wanted = Math.max(0, Math.min(lines, this.history.length));
    const from = this.#checkpoints.findLast((checkpoint) => checkpoint.lines <= wanted)!;
    if (wanted < this.#moment.lines || from.lines > this.#moment.lines || time !== undefined) {
      this.#moment.world.free();
      this.#moment = cloneMoment(from.moment);
    }
    while (this.#moment.lines < wanted) this.step();
    if (time !== undefined) this.#moment.now = Math.max(this.#moment.now, time);
  }

  /** Goes to a time, past or to come. */
  seekTime(wanted: number): void {
    const time = Math.round(wanted);
    const count = this.history.countUntil(time);
    if (count < this.history.length) return this.seek(count, time);
    if (!this.isAtEnd || time < this.#moment.now) this.seek(count, Math.min(time, this.history.end));
    this.runTo(time);
  }

  /** A run with the same past up to here. Both go on by themselves. */
  fork(): Run {
    const { lines } = this.#moment;
    const fork = new Run(this.history.fork(lines), cloneMoment(this.#moment), this.trace.fork(lines));
    const past = this.#checkpoints.filter(({ lines }) => lines < this.#moment.lines);
    fork.#checkpoints = [
      ...past.map(({ lines, moment }) => ({ lines, moment: cloneMoment(moment) })),
      ...fork.#checkpoints,
    ];
    fork.#spacing = this.#spacing;
    return fork;
  }

  /** Gives the memory back. */
  free(): void {
    this.#moment.world.free();
    this.#checkpoints.forEach(({ moment }) => moment.world.free());
    this.#checkpoints = [];
  }

  #keep(): void {
    const { lines, broken } = this.#moment;
    if (broken.length > this.#broken.length) this.#broken = broken;
    if (lines < this.#checkpoints.at(-1)!.lines + this.#spacing) return;
    this.#checkpoints.push({ lines, moment: cloneMoment(this.#moment) });
    if (this.#checkpoints.length <= MOST_CHECKPOINTS) return;
    this.#spacing *= 2;
    const [kept, gone] = [
      this.#checkpoints.filter((_, at) => at % 2 === 0),
      this.#checkpoints.filter((_, at) => at % 2),
    ];
    gone.forEach(({ moment }) => moment.world.free());
    this.#checkpoints = kept;
  }
}
