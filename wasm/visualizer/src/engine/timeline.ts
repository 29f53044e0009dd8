import type { ServerState } from "raftbare/simulator";
import type { Broken, Moment } from "./moment.js";
import type { Trace } from "./trace.js";

/** A moment as it is looked at. */
export type Shown = Omit<Moment, "world">;

/** Something that is watched moment by moment: a run that goes on, or a recording. */
export interface Timeline {
  /** Where it is shown now. */
  readonly moment: Shown;
  readonly servers: readonly ServerState[];
  /** What the nodes did, as far as it is known. */
  readonly trace: Trace;
  /** How many lines are known, and when the last of them is. */
  readonly length: number;
  readonly end: number;
  readonly isAtEnd: boolean;
  /** Whether nothing more can happen. */
  readonly isOver: boolean;
  readonly broken: readonly Broken[];
  /** When the next line is played; `undefined` if nothing more happens. */
  readonly nextAt: number | undefined;
  /** Whether what is sent over a link is lost. */
  isCut(from: number, to: number): boolean;
  /** Whether a line is an input of a node, or an act: what is not is the work that follows from one. */
  isEvent(line: number): boolean;
  /** Plays the next line. Returns whether there is one. */
  step(): boolean;
  /** Lets time pass. */
  runTo(wanted: number): void;
  /** Goes to the moment after so many lines, at the time of the last of them, or later. */
  seek(lines: number, time?: number): void;
  /** Goes to a time. */
  seekTime(wanted: number): void;
}
