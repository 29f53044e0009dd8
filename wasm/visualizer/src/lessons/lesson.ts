import type { Moment } from "../engine/moment.js";

/** A function of the core, as it was compiled. */
export interface Excerpt {
  /** Where it is in the repository. */
  readonly file: string;
  readonly name: string;
  readonly lines: readonly { readonly number: number; readonly text: string }[];
}

/** What decides, and the lines that matter just now: those that contain one of these texts. */
export interface Code {
  readonly excerpt: Excerpt;
  readonly lines: readonly string[];
}

/** A line of a scenario that is played; microseconds that pass; or time passes until something is so. */
export type Cue = string | number | ((moment: Moment) => boolean);

/** A part of the page besides the picture, by its class. */
export type Part = "logs" | "majorities" | "requests" | "flights" | "node-panel" | "network" | "cluster" | "options";

export interface Step {
  /** Plain English; `[[term]]` and `[[shown|term]]` are explained in the glossary. */
  readonly caption: string;
  /** What happens meanwhile. */
  readonly plot?: readonly Cue[];
  readonly code?: Code;
  /** The nodes to look at; the first one gets selected. */
  readonly nodes?: readonly number[];
  /** Where else to look. */
  readonly part?: Part;
  /** Simulated seconds in a real one. */
  readonly speed?: number;
}

/** Something to try at the end. */
export interface Exercise extends Step {
  /** The step at whose end it begins, if not the last one. */
  readonly from?: number;
  /** How to do it, for who does not find it. */
  readonly hint: string;
  /** Whether it is done: looked at after every line. */
  readonly isDone: (moment: Moment) => boolean;
  /** What was to be learned. */
  readonly done: string;
}

/** Some minutes about one rule of Raft. */
export interface Lesson {
  /** In the address of the page: `#lesson=election`. */
  readonly name: string;
  readonly title: string;
  /** Of the Raft paper. */
  readonly section: string;
  readonly steps: readonly Step[];
  readonly exercise: Exercise;
}

/** The steps, and the exercise as the last of them. */
export function stepsOf(lesson: Lesson): readonly Step[] {
  return [...lesson.steps, lesson.exercise];
}
