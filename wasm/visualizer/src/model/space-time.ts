import type { MessageKind, Trace } from "../engine/trace.js";
import { type MarkKind, fateOf, markOf } from "./tell.js";
import { seconds } from "./words.js";

/** What is drawn of a stretch of time: it runs down, the nodes stand next to each other. Lengths in pixels. */
export interface Scene {
  readonly width: number;
  readonly height: number;
  readonly lanes: readonly Lane[];
  readonly bars: readonly Bar[];
  readonly flights: readonly Path[];
  readonly marks: readonly Mark[];
  readonly ticks: readonly { readonly y: number; readonly text: string }[];
  /** Where the shown moment is. */
  readonly now: number;
}

export interface Lane {
  readonly node: number;
  readonly x: number;
}

/** A node that runs, with one role in one term. */
export interface Bar {
  readonly x: number;
  readonly from: number;
  readonly to: number;
  readonly role: "follower" | "candidate" | "leader";
  readonly term: number;
}

/** A message on its way. */
export interface Path {
  readonly row: number;
  readonly kind: MessageKind;
  readonly term: number;
  readonly end: "arrived" | "lost" | "open" | "unsent";
  readonly isCopy: boolean;
  readonly isLate: boolean;
  readonly x1: number;
  readonly y1: number;
  readonly x2: number;
  readonly y2: number;
}

/** Something that happens at a node. */
export interface Mark {
  readonly row: number;
  readonly kind: MarkKind;
  readonly x: number;
  readonly y: number;
}

/** What can be left out. */
export const MESSAGE_FILTERS = ["votes", "entries", "heartbeats", "answers", "snapshots"] as const;
export const EVENT_FILTERS = ["elections", "timeouts", "crashes", "commits", "clients", "notes"] as const;
export type Filter = (typeof MESSAGE_FILTERS)[number] | (typeof EVENT_FILTERS)[number];

const FILTER_OF: Record<MessageKind | MarkKind, Filter> = {
  "vote-call": "votes",
  "vote-reply": "votes",
  append: "entries",
  heartbeat: "heartbeats",
  reply: "answers",
  snapshot: "snapshots",
  "pre-vote": "elections",
  election: "elections",
  leader: "elections",
  timeout: "timeouts",
  start: "crashes",
  crash: "crashes",
  commit: "commits",
  propose: "clients",
  note: "notes",
};

/** What is looked at: a stretch of time in a place of this size. */
export interface Frame {
  /** Simulated microseconds at the upper edge. */
  readonly from: number;
  readonly usPerPixel: number;
  readonly width: number;
  readonly height: number;
  readonly now: number;
  readonly nodes: readonly number[];
  readonly hidden: ReadonlySet<number>;
  readonly left: ReadonlySet<Filter>;
}

/** What the times stand in, and how far the outer lines are from the edges. */
export const GUTTER = 74;
const MARGIN = 34;
/** How far apart marks of one time stand. */
const MARK_STEP = 17;
const MARK_ROW = 12;
/** How far a message is drawn that was lost at once, or on its way. */
const LOST_AT_ONCE = 0.3;
const LOST_ON_THE_WAY = 0.6;
const MOST_OPEN = 0.9;

export function spaceTime(trace: Trace, frame: Frame): Scene {
  const { from, usPerPixel, width, height, now } = frame;
  const lanes = lanesOf(frame);
  const place = new Map(lanes.map(({ node, x }) => [node, x]));
  const yOf = (time: number): number => (time - from) / usPerPixel;
  const { early, first, end } = trace.window(from, from + height * usPerPixel);
  const rows = Array.from({ length: end - first }, (_, at) => first + at);
  const flights: Path[] = [];
  for (const row of [...early, ...rows]) {
    const path = pathOf(trace, row, frame, place, yOf);
    if (path !== undefined) flights.push(path);
  }
  return {
    width,
    height,
    lanes,
    bars: lanes.flatMap((lane) => barsOf(trace, lane, rows, first, yOf, frame)),
    flights,
    marks: marksOf(trace, rows, frame, place, yOf),
    ticks: ticks(frame, yOf),
    now: yOf(now),
  };
}

function lanesOf({ nodes, hidden, width }: Frame): Lane[] {
  const shown = nodes.filter((node) => !hidden.has(node));
  const room = width - GUTTER - 2 * MARGIN;
  const gap = shown.length < 2 ? 0 : room / (shown.length - 1);
  const begin = GUTTER + MARGIN + (shown.length < 2 ? room / 2 : 0);
  return shown.map((node, at) => ({ node, x: begin + gap * at }));
}

type Y = (time: number) => number;

/** A path for each send; for an arrival only if it has none of its own. */
function pathOf(
  trace: Trace,
  row: number,
  { left, now }: Frame,
  place: ReadonlyMap<number, number>,
  yOf: Y,
): Path | undefined {
  const what = trace.kind(row);
  if (what !== "send" && what !== "receive") return undefined;
  const { send, end, isLost, isCopy, isLate } = fateOf(trace, row);
  if (what === "receive" && send !== undefined && !isCopy) return undefined;
  if (what === "receive" && isCopy && trace.pair(send!) === row) return undefined;
  const kind = trace.messageKind(row);
  if (left.has(FILTER_OF[kind])) return undefined;
  const to = place.get(send === undefined ? trace.node(row) : trace.to(send)!);
  if (to === undefined) return undefined;
  const known = { row, kind, term: trace.term(row), isCopy, isLate };
  if (send === undefined) {
    const y = yOf(trace.at(row));
    return { ...known, end: "unsent", x1: to - 24, y1: y, x2: to, y2: y };
  }
  const sender = place.get(trace.node(send));
  if (sender === undefined) return undefined;
  const begin = { x1: sender, y1: yOf(trace.at(send)) };
  const along = (share: number): number => sender + (to - sender) * share;
  if (end === undefined) {
    const share = Math.min(MOST_OPEN, Math.max(0.1, (now - trace.at(send)) / trace.usual));
    return { ...known, end: "open", ...begin, x2: along(share), y2: yOf(trace.at(send) + share * trace.usual) };
  }
  const y2 = yOf(trace.at(end));
  if (!isLost) return { ...known, end: "arrived", ...begin, x2: to, y2 };
  const isAtReceiver = trace.to(end) === undefined;
  const share = isAtReceiver ? 1 : trace.at(end) === trace.at(send) ? LOST_AT_ONCE : LOST_ON_THE_WAY;
  return { ...known, end: "lost", ...begin, x2: along(share), y2 };
}

/** From state to state; where a node is down there is none. */
function barsOf(trace: Trace, { node, x }: Lane, rows: readonly number[], first: number, yOf: Y, frame: Frame): Bar[] {
  const bars: Bar[] = [];
  const bottom = Math.min(frame.height, yOf(Math.max(frame.now, trace.length === 0 ? 0 : trace.at(trace.length - 1))));
  let open = openBar(trace, node, x, first);
  const close = (y: number): void => {
    if (open !== undefined && y > open.from) bars.push({ ...open, to: y });
  };
  for (const row of rows) {
    if (trace.node(row) !== node) continue;
    const [kind, y] = [trace.kind(row), yOf(trace.at(row))];
    if (kind === "crash") {
      close(y);
      open = undefined;
    } else if (kind === "state") {
      const { role, term } = trace.state(row);
      if (open?.role === role && open.term === term) continue;
      close(y);
      open = { x, from: y, to: y, role, term };
    }
  }
  close(bottom);
  return bars;
}

/** How a node is at the upper edge. */
function openBar(trace: Trace, node: number, x: number, first: number): Bar | undefined {
  const row = trace.stateBefore(node, first);
  if (row === undefined || trace.hasCrashed(node, row, first)) return undefined;
  const { role, term } = trace.state(row);
  return { x, from: 0, to: 0, role, term };
}

/** Marks of one node that are close in time stand next to each other. */
function marksOf(
  trace: Trace,
  rows: readonly number[],
  { left }: Frame,
  place: ReadonlyMap<number, number>,
  yOf: Y,
): Mark[] {
  const marks: Mark[] = [];
  const last = new Map<number, { y: number; count: number }>();
  for (const row of rows) {
    const kind = markOf(trace, row);
    const lane = place.get(trace.node(row));
    if (kind === undefined || lane === undefined || left.has(FILTER_OF[kind])) continue;
    const y = yOf(trace.at(row));
    const before = last.get(lane);
    const count = before !== undefined && y - before.y < MARK_ROW ? before.count + 1 : 0;
    last.set(lane, { y: count === 0 ? y : before!.y, count });
    marks.push({ row, kind, x: lane - 12 - MARK_STEP * count, y });
  }
  return marks;
}

const TICKS_US = [1, 2, 5].flatMap((step) => [1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8].map((unit) => step * unit));
const TICK_GAP = 56;

function ticks({ from, usPerPixel, height }: Frame, yOf: Y): Scene["ticks"] {
  const least = TICK_GAP * usPerPixel;
  const step = Math.min(...TICKS_US.filter((one) => one >= least), 1e9);
  const begin = Math.max(0, Math.ceil(from / step)) * step;
  const count = Math.max(0, Math.floor((from + height * usPerPixel - begin) / step) + 1);
  return Array.from({ length: count }, (_, at) => {
    const time = begin + at * step;
    return { y: yOf(time), text: step < 1_000 ? `${(time / 1e6).toFixed(4)} s` : seconds(time) };
  });
}

/** How many things there are to draw. */
export function sizeOf({ bars, flights, marks }: Scene): number {
  return bars.length + flights.length + marks.length;
}

/** The row of what is drawn closest to a place, if it is close. Of a message it is the end that is closer. */
export function nearest(trace: Trace, scene: Scene, x: number, y: number, most = 12): number | undefined {
  let best: { readonly row: number; readonly distance: number } | undefined;
  const offer = (row: number, distance: number): void => {
    if (distance < (best?.distance ?? most)) best = { row, distance };
  };
  for (const mark of scene.marks) offer(mark.row, Math.hypot(mark.x - x, mark.y - y) - 4);
  for (const path of scene.flights) {
    const { share, distance } = project(path, x, y);
    const pair = trace.pair(path.row);
    offer(share > 0.5 && pair !== undefined && trace.kind(path.row) === "send" ? pair : path.row, distance);
  }
  return best?.row;
}

/** How far a place is from a path, and how far along the nearest point is. */
function project(
  { x1, y1, x2, y2 }: Path,
  x: number,
  y: number,
): { readonly share: number; readonly distance: number } {
  const [dx, dy] = [x2 - x1, y2 - y1];
  const length = dx * dx + dy * dy;
  const share = length === 0 ? 0 : Math.min(1, Math.max(0, ((x - x1) * dx + (y - y1) * dy) / length));
  return { share, distance: Math.hypot(x1 + share * dx - x, y1 + share * dy - y) };
}

/** Whether a row and what is drawn for another one are the same message. */
export function isSame(trace: Trace, drawn: number, row: number | undefined): boolean {
  return row !== undefined && (drawn === row || (trace.pair(row) === drawn && trace.kind(drawn) === "send"));
}

/** The rows of a scene in the order of time: what the keys go along. */
export function rowsOf({ flights, marks }: Scene): number[] {
  return [...flights.map(({ row }) => row), ...marks.map(({ row }) => row)].sort((one, other) => one - other);
}
