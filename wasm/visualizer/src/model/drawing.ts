import type { MessageKind } from "../engine/trace.js";
import { termColour } from "./ring.js";
import {
  area,
  box,
  type Colour,
  corners,
  label,
  line,
  lowered,
  type Pen,
  type Point,
  type Shape,
  svgText,
} from "./shapes.js";
import { type Bar, GUTTER, type Mark, type Path, type Scene, sizeOf } from "./space-time.js";
import type { MarkKind } from "./tell.js";

/** From so many things on only what matters is drawn: no kinds of messages, no labels. */
export const CROWDED = 500;

/** How high the names of the nodes are. */
export const HEAD = 26;

/** The shapes of a scene, the lowest first. What is pointed at stands out. */
export function draw(scene: Scene, isFocused: (row: number) => boolean): Shape[] {
  const { lanes, flights, bars, marks } = scene;
  const gap = (lanes[1]?.x ?? 0) - (lanes[0]?.x ?? 0);
  const pens = flights.map((path) => [path, penOf(path, isFocused(path.row))] as const);
  const isCrowded = sizeOf(scene) > CROWDED;
  return [
    ...drawGrid(scene),
    ...pens.flatMap(([path, pen]) => drawPath(path, pen)),
    ...bars.flatMap(drawBar),
    ...pens.flatMap(([path, pen]) => drawEnd(path, pen.stroke)),
    ...(isCrowded ? [] : pens.flatMap(([path, pen]) => drawMessage(path, gap, pen.stroke))),
    ...bars.flatMap((bar) => drawLabel(bar, gap)),
    ...marks.flatMap((mark) => drawMark(mark, isFocused(mark.row))),
    ...drawNow(scene),
  ];
}

/** A scene with the names of the nodes as a file. */
export function spaceTimeSvg(scene: Scene, hex: (colour: Colour) => string): string {
  const { width, height } = scene;
  const shapes = [
    ...draw(scene, () => false).map((shape) => lowered(shape, HEAD)),
    area(box(0, 0, width, HEAD), "card"),
    line(0, HEAD, width, HEAD, { stroke: "line", width: 1 }),
    ...drawHeads(scene),
  ];
  return svgText(shapes, width, height + HEAD, "What the nodes did: time runs down", hex);
}

/** The names of the nodes above their lines. */
export function drawHeads({ lanes }: Scene): Shape[] {
  return lanes.map(({ node, x }) => label(x, 18, String(node), "ink", { anchor: "middle", isBold: true, size: 15 }));
}

/** A time that is closer to "now" is not written. */
const NOW_ROOM = 12;

function drawGrid({ width, height, lanes, ticks, now }: Scene): Shape[] {
  const times = ticks.flatMap(({ y, text }) => {
    const across = line(GUTTER - 8, y, width, y, { stroke: "soft", width: 1 });
    const time = label(GUTTER - 12, y + 4, text, "faint", { anchor: "end" });
    return Math.abs(y - now) < NOW_ROOM ? [across] : [across, time];
  });
  return [...times, ...lanes.map(({ x }) => line(x, 0, x, height, { stroke: "faint", width: 1, dash: [1, 5] }))];
}

/** What is yet to come is pale. */
function drawNow({ width, height, now }: Scene): Shape[] {
  if (now >= height) return [];
  const y = Math.max(0, now);
  return [
    { ...area(box(0, y, width, height), "card"), opacity: 0.6 },
    line(GUTTER - 8, y, width, y, { stroke: "accent", width: 2 }),
    label(GUTTER - 12, y + 4, "now", "accent", { anchor: "end", isBold: true }),
  ];
}

const HALF = { follower: 4, candidate: 6, leader: 8 } as const;
const RULED = 6;
/** A bar that is shorter has no room for its label. */
const LEAST_LABEL = 15;
/** Lines that are closer have no room for the name of a role between them. */
const LEAST_GAP = 96;

/** The wider the more it takes on itself; a leader has a line in the middle, a candidate is ruled. */
function drawBar({ x, from, to, role, term }: Bar): Shape[] {
  const half = HALF[role];
  const bar = area(box(x - half, from, x + half, to), colourOf(term), "ink", role === "leader" ? 1.5 : 0.75);
  if (role === "follower") return [bar];
  if (role === "leader") return [bar, line(x, from, x, to, { stroke: "on-term", width: 1.5 })];
  const count = Math.max(0, Math.floor((to - from) / RULED));
  const rules = Array.from({ length: count }, (_, at) => from + RULED * (at + 0.5));
  return [bar, ...rules.map((y) => line(x - half, y, x + half, y, { stroke: "on-term", width: 1 }))];
}

/** The term of a bar, and its role where there is room. */
function drawLabel({ x, from, to, role, term }: Bar, gap: number): Shape[] {
  const top = Math.max(0, from);
  if (to - top < LEAST_LABEL) return [];
  const text = role === "follower" || gap < LEAST_GAP ? `t${term}` : `t${term} ${role}`;
  return [label(x + HALF[role] + 4, top + 12, text, "ink", { isBold: role === "leader", hasHalo: true })];
}

function colourOf(term: number): Colour {
  return `t${termColour(term)}`;
}

/** What is as always is thin; what is not has a colour and a dash of its own. */
function penOf({ kind, end, isLate }: Path, isFocused: boolean): Pen {
  const isQuiet = kind === "heartbeat" || kind === "reply";
  const usual = isQuiet ? "faint" : "ink";
  const stroke = isFocused ? "accent" : end === "lost" ? "bad" : isLate ? "warn" : usual;
  const width = (isFocused ? 3 : isQuiet ? 0.9 : 1.4) + (end === "lost" || isLate ? 0.3 : 0);
  if (end === "lost") return { stroke, width, dash: [6, 4] };
  if (end !== "arrived") return { stroke, width, dash: [2, 3] };
  return isLate ? { stroke, width, dash: [10, 3, 2, 3] } : { stroke, width };
}

function direction({ x1, y1, x2, y2 }: Path): Point {
  const length = Math.hypot(x2 - x1, y2 - y1) || 1;
  return [(x2 - x1) / length, (y2 - y1) / length];
}

/** What was sent twice is a double line. */
function drawPath(path: Path, pen: Pen): Shape[] {
  const { x1, y1, x2, y2 } = path;
  const [ux, uy] = direction(path);
  return (path.isCopy ? [-2, 2] : [0]).map((aside) => {
    const [dx, dy] = [-uy * aside, ux * aside];
    return line(x1 + dx, y1 + dy, x2 + dx, y2 + dy, pen);
  });
}

/** An arrow where it arrived, a cross where it was lost, a ring while nobody knows. */
function drawEnd(path: Path, stroke: Colour): Shape[] {
  const { end, x2: x, y2: y, term } = path;
  if (end === "lost") return [5, -5].map((dx) => line(x - dx, y - 5, x + dx, y + 5, { stroke, width: 2.2 }));
  if (end === "open") return [area(corners(x, y, 4, 8), "card", stroke, 1.5)];
  const [ux, uy] = direction(path);
  const at = (back: number, aside: number): Point => [x - ux * back - uy * aside, y - uy * back + ux * aside];
  return [area([at(0, 0), at(9, 3.5), at(9, -3.5)], colourOf(term), stroke)];
}

/** What it is stands on the line, between the last two nodes that it passes. */
function drawMessage({ kind, term, end, isCopy, isLate, x1, y1, x2, y2 }: Path, gap: number, stroke: Colour): Shape[] {
  const share = Math.max(0.5, 1 - gap / 2 / Math.max(1, Math.abs(x2 - x1)));
  const [x, y] = [x1 + (x2 - x1) * share, y1 + (y2 - y1) * share];
  const facts = [isCopy ? "×2" : "", isLate ? "late" : "", end === "lost" ? "lost" : ""];
  const text = facts.filter((one) => one !== "").join(" ");
  const shape = drawKind(kind, x, y, colourOf(term), stroke);
  return text === "" ? [shape] : [shape, label(x + 8, y - 5, text, stroke, { isBold: true, hasHalo: true })];
}

/** The shapes are those of the ring. */
function drawKind(kind: MessageKind, x: number, y: number, fill: Colour, stroke: Colour): Shape {
  switch (kind) {
    case "vote-call":
      return area(corners(x, y, 6, 4), fill, stroke);
    case "vote-reply":
      return area(corners(x, y, 6, 3), fill, stroke);
    case "append":
      return area(corners(x, y, 5.5, 12), fill, stroke);
    case "heartbeat":
      return area(corners(x, y, 3, 12), "card", stroke);
    case "reply":
      return area(box(x - 2.5, y - 2.5, x + 2.5, y + 2.5), "card", stroke);
    case "snapshot":
      return area(box(x - 6, y - 6, x + 6, y + 6), fill, stroke);
  }
}

/** The letter and the colour of each kind of mark. */
export const MARKS: Record<MarkKind, readonly [letter: string, colour: Colour, name: string]> = {
  start: ["▲", "good", "starts"],
  crash: ["✕", "bad", "crashes"],
  timeout: ["T", "warn", "its timer fires"],
  propose: ["+", "accent", "is asked by a client"],
  "pre-vote": ["p", "warn", "asks whether it would win"],
  election: ["?", "warn", "stands for election"],
  leader: ["★", "good", "leads"],
  commit: ["✓", "good", "knows of a commit"],
  note: ["i", "faint", "says something"],
};

function drawMark({ kind, x, y }: Mark, isFocused: boolean): Shape[] {
  const [letter, colour] = MARKS[kind];
  const circle = isFocused
    ? area(corners(x, y, 10, 16), "card", "accent", 3)
    : area(corners(x, y, 8, 16), "card", colour, 1.5);
  return [circle, label(x, y + 4, letter, colour, { anchor: "middle", isBold: true })];
}
