import { batch, computed, effect, signal } from "@preact/signals";
import { LESSONS } from "../lessons/index.js";
import { type Lesson, type Step, stepsOf } from "../lessons/lesson.js";
import { type Mark, type Told, tell } from "../lessons/tell.js";
import {
  act,
  begin,
  branch,
  branches,
  isPlaying,
  move,
  recording,
  selectedNode,
  showBranch,
  speed,
  stopAt,
  view,
  watchRecording,
} from "./store.js";

const HASH = "lesson=";
const SPEED = 0.025;

export const lesson = signal<Lesson | undefined>(undefined);
/** Which step of it is shown. */
export const place = signal(0);
/** Whether the exercise of this lesson is done, since it was begun. */
export const isDone = signal(false);
/** Whether the list of lessons is open. */
export const isListing = signal(false);
/** The names of lessons whose exercise was done. */
export const finished = signal<ReadonlySet<string>>(remembered());

export const step = computed((): Step | undefined => lesson.value && stepsOf(lesson.value)[place.value]);
export const isExercise = computed(() => lesson.value !== undefined && place.value === lesson.value.steps.length);

let told: Told | undefined;

/** Opens a lesson at its beginning. */
export function openLesson(wanted: Lesson): void {
  batch(() => {
    isListing.value = false;
    lesson.value = wanted;
    restart();
    show(0);
  });
}

export function leaveLesson(): void {
  lesson.value = undefined;
  told = undefined;
}

/** The lesson after the one that is open. */
export function nextLesson(): Lesson | undefined {
  return LESSONS[LESSONS.findIndex(({ name }) => name === lesson.value?.name) + 1];
}

/** Opens the lesson that an address names. Returns whether there is one. */
export function openLessonOf(hash: string): boolean {
  const named = LESSONS.find(({ name }) => hash === `#${HASH}${name}`);
  if (named === undefined) leaveLesson();
  else openLesson(named);
  return named !== undefined;
}

/** What the address says while a lesson is open. */
export function lessonHash(): string | undefined {
  return lesson.value && HASH + lesson.value.name;
}

export function next(): void {
  if (lesson.value !== undefined && !isExercise.value) batch(() => play(place.value + 1));
}

/** To the end of the step before. */
export function back(): void {
  if (lesson.value !== undefined && place.value > 0) batch(() => show(place.value - 1));
}

/** Plays the step once more. */
export function again(): void {
  if (lesson.value !== undefined) batch(() => play(place.value));
}

function restart(): void {
  told = tell(lesson.value!);
  begin(told.run);
}

/** Shows the run of the lesson. What was tried in other branches is kept; if the run itself is gone, it is made anew. */
function enter(at: number): Told {
  if (recording.value !== undefined) watchRecording(undefined);
  isPlaying.value = false;
  stopAt.value = undefined;
  isDone.value = false;
  const known = branches.value.find(({ run }) => run === told?.run);
  if (known === undefined) restart();
  else showBranch(known.id);
  place.value = at;
  speed.value = step.value!.speed ?? SPEED;
  selectedNode.value = step.value!.nodes?.[0] ?? selectedNode.value;
  return told!;
}

/** The end of a step, standing still. */
function show(at: number): void {
  const { marks } = enter(at);
  seek(marks[at]!);
}

/** A step from its beginning to its end; at once for who wants no motion. */
function play(at: number): void {
  const { marks } = enter(at);
  if (isExercise.value) return beginExercise(marks);
  const before = marks[at - 1];
  const after = marks[at]!;
  const isCalm = matchMedia("(prefers-reduced-motion: reduce)").matches;
  if (before === undefined || before.time === after.time || isCalm) return seek(after);
  seek(before);
  stopAt.value = after.time;
  isPlaying.value = true;
}

/** An exercise goes on by itself: if its beginning is in the past by now, in a branch of its own. */
function beginExercise(marks: readonly Mark[]): void {
  const { from } = lesson.value!.exercise;
  seek(from === undefined ? marks.at(-1)! : marks[from]!);
  if (!branch.value.run.isAtEnd) act([]);
}

function seek({ lines, time }: Mark): void {
  move((run) => run.seek(lines, time));
}

/** Lets the captions go with the time that passes, and notices an exercise that is done. */
export function startLessons(): void {
  effect(() => {
    const { lines } = view.value;
    const open = lesson.peek();
    if (open === undefined || told === undefined || recording.peek() !== undefined) return;
    // Who has begun something else has left the lesson.
    if (branches.value.some(({ run, forkedAt }) => forkedAt === undefined && run !== told?.run)) return leaveLesson();
    if (isExercise.peek()) {
      if (!isDone.peek() && open.exercise.isDone(branch.peek().run.moment)) finish(open);
    } else if (branch.peek().run === told.run) {
      place.value = placeOf(told.marks, lines, place.peek());
    }
  });
}

/** The step that so many lines belong to; at a mark it may be the step before it, or after it. */
function placeOf(marks: readonly Mark[], lines: number, present: number): number {
  const isInside = lines <= marks[present]!.lines && lines >= (marks[present - 1]?.lines ?? 0);
  if (isInside) return present;
  const inside = marks.findIndex((mark) => lines <= mark.lines);
  return inside < 0 ? marks.length - 1 : inside;
}

function finish({ name }: Lesson): void {
  isDone.value = true;
  finished.value = new Set([...finished.value, name]);
  try {
    localStorage.setItem("raftbare.lessons", [...finished.value].join(" "));
  } catch {
    // A page from a file may have no storage: then it forgets.
  }
}

function remembered(): ReadonlySet<string> {
  try {
    return new Set(localStorage.getItem("raftbare.lessons")?.split(" "));
  } catch {
    return new Set();
  }
}
